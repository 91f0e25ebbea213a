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
const CAPACITY_LOG2 = 10;
const PAIRS = 200_000;
const ITEMS = 1_000_000;
const BATCH = 32;
const WARM = 300;

const ALONE = "push and pop, 1 thread";
const ALONE_BATCHED = "32 pushes and a claim of 32, 1 thread";

const contended = (producers: number, consumers: number, batch: number) =>
  `${producers} + ${consumers} threads, ${batch === 1 ? "singly" : `claims of ${batch}`}`;

/** Sum of 0 … n − 1. */
const triangle = (n: number) => (BigInt(n) * BigInt(n - 1)) / 2n;

export async function ring(rounds: number): Promise<{ rows: Row[]; times: Times }> {
  const module = await compile("ring");
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const core = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  const control = new Int32Array(memory.buffer, core.CONTROL.value, 2);
  const threads = [0, 1, 2, 3].map(() => new WasmThread(module, memory));
  const fresh = () => core.init(RING, SLOTS, CAPACITY_LOG2);

  /** Nanoseconds a record from the first push to the last pop. */
  function rush(producers: number, consumers: number, batch: number, items = ITEMS): number {
    const name = contended(producers, consumers, batch);
    fresh();
    control[1] = 0;
    const part = items / producers;
    let count = 0;
    let sum = 0n;
    const ms = time(() => {
      for (let p = 0; p < producers; p++) {
        const args = [p + 1, RING, p * part, part];
        threads[p]?.start({ call: "produce", repeat: false, arguments: args });
      }
      for (let c = 0; c < consumers; c++) {
        const args = [producers + c + 1, RING, producers, batch];
        threads[producers + c]?.start({ call: "consume", repeat: false, arguments: args });
      }
      for (const thread of threads.slice(0, producers)) thread.wait();
      for (const thread of threads.slice(producers, producers + consumers)) {
        const { result, consumed } = thread.wait();
        sum += result;
        count += consumed;
      }
    });
    same(`records through the ring, ${name}`, count, items);
    same(`sum through the ring, ${name}`, sum, triangle(items));
    return (ms / items) * 1e6;
  }

  fresh();
  const perPair = (run: () => bigint, ops: number, expected: bigint) => () => {
    let sum = 0n;
    const ms = time(() => {
      sum = run();
    });
    same("sum through the ring", sum, expected);
    return (ms / ops) * 1e6;
  };
  const turns = PAIRS / BATCH;
  const sides: Side[] = [
    { name: ALONE, run: perPair(() => core.alone(ME, RING, PAIRS), PAIRS, triangle(PAIRS)) },
    {
      name: ALONE_BATCHED,
      run: perPair(
        () => core.aloneBatched(ME, RING, turns, BATCH),
        PAIRS,
        triangle(turns) * BigInt(BATCH),
      ),
    },
  ];
  for (const [p, c] of [
    [1, 1],
    [2, 2],
  ] as const) {
    for (const batch of [1, BATCH]) {
      sides.push({ name: contended(p, c, batch), run: () => rush(p, c, batch) });
    }
  }
  // Short calls first: WebAssembly is not replaced by its optimised code while a call runs.
  for (let i = 0; i < WARM; i++) {
    core.alone(ME, RING, 1000);
    core.aloneBatched(ME, RING, 32, BATCH);
  }
  for (let i = 0; i < 60; i++) {
    for (const [p, c] of i % 2 === 0
      ? ([
          [1, 3],
          [2, 2],
        ] as const)
      : ([
          [3, 1],
          [2, 2],
        ] as const)) {
      rush(p, c, i % 4 < 2 ? 1 : BATCH, 6000);
    }
  }
  fresh();
  let times: Times;
  try {
    times = await interleave(sides, rounds, 1);
  } finally {
    for (const thread of threads) await thread.close();
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
