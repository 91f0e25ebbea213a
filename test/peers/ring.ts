// The core's ring by itself: nanoseconds for a push and a pop with nobody else there, and how
// much goes through it when several threads want it at once.

import { RING_SIZE } from "../../src/core/map.js";
import { interleave, type Side, same, spread, type Times, time, timesOf } from "./measure.js";
import { digits, figureRow, most, type Row } from "./row.js";
import { compile } from "./wasm.js";
import { WasmThread } from "./wasm-thread.js";

interface Exports {
  init(at: number, slots: number, capacityLog2: number): void;
  readonly CONTROL: WebAssembly.Global;
  alone(me: number, at: number, n: number): bigint;
  aloneBatched(me: number, at: number, n: number, batch: number): bigint;
}

/** The thread that measures; the others count from 1. */
const ME = 0;
/** Behind the lines of participants, where each says what it is about to do. */
const RING = 262144;
const SLOTS = RING + RING_SIZE;
/** As every queue has it that ours is measured against. */
const CAPACITY_LOG2 = 10;
const PAIRS = 200_000;
const ITEMS = 1_000_000;
export const BATCH = 32;
const WARM = 300;

/** Producers and consumers. */
export type Shape = readonly [producers: number, consumers: number];
export const SHAPES: readonly Shape[] = [
  [1, 1],
  [2, 2],
];

/** Sum of 0 … n − 1. */
const triangle = (n: number) => (BigInt(n) * BigInt(n - 1)) / 2n;

/** Fails unless n items came out, with the sum of 0 … n − 1. */
export function checkFlow(what: string, n: number, count: number, sum: bigint): void {
  same(`items through ${what}`, count, n);
  same(`their sum, ${what}`, sum, triangle(n));
}

/** A ring with four threads at it. */
export class RingThreads {
  readonly #core: Exports;
  readonly #control: Int32Array;
  readonly #threads: readonly WasmThread[];

  private constructor(module: WebAssembly.Module) {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#core = exports as unknown as Exports;
    this.#control = new Int32Array(memory.buffer, this.#core.CONTROL.value, 2);
    this.#threads = [0, 1, 2, 3].map(() => new WasmThread(module, memory));
  }

  static async start(): Promise<RingThreads> {
    const ring = new RingThreads(await compile("ring"));
    // Short calls first: WebAssembly is not replaced by its optimised code while a call runs.
    for (let i = 0; i < WARM; i++) {
      ring.alone(1000);
      ring.aloneBatched(32);
    }
    // Each thread has been on either side.
    for (let i = 0; i < 60; i++) {
      const batch = i % 4 < 2 ? 1 : BATCH;
      ring.rush(i % 2 === 0 ? [1, 3] : [3, 1], batch, 6000);
      ring.rush([2, 2], batch, 6000);
    }
    return ring;
  }

  #fresh(): void {
    this.#core.init(RING, SLOTS, CAPACITY_LOG2);
  }

  /** n pushes, each with its pop, by this thread; the sum. */
  alone(n: number): bigint {
    this.#fresh();
    return this.#core.alone(ME, RING, n);
  }

  /** n times a batch pushed and popped by this thread; the sum. */
  aloneBatched(n: number): bigint {
    this.#fresh();
    return this.#core.aloneBatched(ME, RING, n, BATCH);
  }

  /** Nanoseconds a record from the first push to the last pop. Producers share out the items. */
  rush([producers, consumers]: Shape, batch: number, items = ITEMS): number {
    this.#fresh();
    this.#control[1] = 0;
    const part = items / producers;
    const putting = this.#threads.slice(0, producers);
    const taking = this.#threads.slice(producers, producers + consumers);
    let count = 0;
    let sum = 0n;
    const ms = time(() => {
      for (const [p, thread] of putting.entries()) {
        const call = batch === 1 ? "produce" : "produceMany";
        thread.start({ call, repeat: false, arguments: [p + 1, RING, p * part, part] });
      }
      for (const [c, thread] of taking.entries()) {
        const args = [producers + c + 1, RING, producers, batch];
        thread.start({ call: "consume", repeat: false, arguments: args });
      }
      for (const thread of putting) thread.wait();
      for (const thread of taking) {
        const { result, consumed } = thread.wait();
        sum += result;
        count += consumed;
      }
    });
    checkFlow("the ring", items, count, sum);
    return (ms / items) * 1e6;
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) await thread.close();
  }
}

const ALONE = "push and pop, 1 thread";
const ALONE_BATCHED = "32 pushed and popped at a time, 1 thread";

export async function ring(rounds: number): Promise<{ rows: Row[]; times: Times }> {
  const threads = await RingThreads.start();
  const perRecord = (n: number, run: () => bigint) => () => {
    let sum = 0n;
    const ms = time(() => {
      sum = run();
    });
    same("sum through the ring", sum, triangle(n));
    return (ms / n) * 1e6;
  };
  const sides: Side[] = [
    { name: ALONE, run: perRecord(PAIRS, () => threads.alone(PAIRS)) },
    { name: ALONE_BATCHED, run: perRecord(PAIRS, () => threads.aloneBatched(PAIRS / BATCH)) },
  ];
  for (const shape of SHAPES) {
    for (const batch of [1, BATCH]) {
      const name = `${shape.join(" + ")} threads, ${batch === 1 ? "singly" : `${batch} at a time`}`;
      sides.push({ name, run: () => threads.rush(shape, batch) });
    }
  }
  let times: Times;
  try {
    times = await interleave(sides, rounds, 1);
  } finally {
    await threads.close();
  }
  const of = (name: string) => timesOf(times, name);
  const rows = [
    figureRow("ring", ALONE, of(ALONE), "ns", most(40)),
    figureRow("ring-32", `${ALONE_BATCHED}, a record`, of(ALONE_BATCHED), "ns"),
  ];
  for (const { name } of sides.slice(2)) {
    const row = figureRow(`ring ${name}`, "nanoseconds a record", of(name), "ns");
    row.notes.push(`${digits(1e3 / spread(of(name)).median)} million records a second`);
    rows.push(row);
  }
  return { rows, times };
}
