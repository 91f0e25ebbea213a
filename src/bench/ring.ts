// How many items a second go through a ring of the core, between threads, one by one and in batches:
// the loops that `ringfold stress throughput` drives (core/drill-flow.ts), consumers parked at a gate
// when there is nothing for them.

import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import {
  DRILL_ENDED,
  DRILL_SLOTS,
  LINK_RING,
  LINK_SIZE,
  LINKS,
  NOTE_COUNT,
  NOTE_FAILED,
  NOTE_SIZE,
  NOTE_SUM,
  NOTES,
} from "../core/drill-map.js";
import { Crew, type CrewData } from "./crew.js";
import { figure, type RingResult } from "./result.js";
import { flowOf, type RingCore, type RingTask } from "./ring-flow.js";
import { Group, runRounds, type Watch } from "./rounds.js";

const SHAPES = [
  { producers: 1, consumers: 1 },
  { producers: 2, consumers: 2 },
];
const BATCHES = [1, 32];
const THREADS = 4;
/** As in stress/throughput.ts: half a second-level cache of slots, as large as items. */
const CAPACITY_LOG2 = 14;
const ITEM_SHIFT = 5;
const MOST_ITEMS = 2 ** 22;
/** Milliseconds of one measurement: threads that take turns on a processor need several. */
const LASTS = 8;
/** Sum of 0 … n − 1. */
const triangle = (n: number) => (BigInt(n) * BigInt(n - 1)) / 2n;

class Ring {
  readonly #memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  readonly #core: RingCore;
  readonly #crew: Crew<RingTask>;

  constructor() {
    const path = new URL("../core/drill.wasm", import.meta.url);
    const task = { module: new WebAssembly.Module(readFileSync(path)), memory: this.#memory };
    this.#core = flowOf(task);
    const start = (data: CrewData<RingTask>) =>
      new Worker(new URL("./ring-thread.js", import.meta.url), { workerData: data, execArgv: [] });
    this.#crew = new Crew(start, THREADS, task);
  }

  /** Milliseconds that `items` take. @throws Error if what came out is not what went in */
  run(producers: number, consumers: number, batch: number, items: number): number {
    const words = new Int32Array(this.#memory.buffer);
    const part = Math.ceil(items / producers);
    const threads = producers + consumers;
    words.fill(0, NOTES >> 2, (NOTES + threads * NOTE_SIZE) >> 2);
    words.fill(0, LINKS >> 2, (LINKS + LINK_SIZE) >> 2);
    words[DRILL_ENDED >> 2] = 0;
    const capacity = 1 << CAPACITY_LOG2;
    this.#core.init(LINKS + LINK_RING, DRILL_SLOTS, CAPACITY_LOG2, ITEM_SHIFT, 0n, capacity);
    const ms = this.#crew.run(threads, [producers, part, batch]);
    this.#check(producers, threads, part);
    return ms;
  }

  #check(producers: number, threads: number, part: number): void {
    const notes = new BigInt64Array(this.#memory.buffer);
    let taken = 0n;
    let sum = 0n;
    for (let me = 0; me < threads; me++) {
      const note = (field: number) => notes[(NOTES + me * NOTE_SIZE + field) >> 3] as bigint;
      if (me >= producers) {
        taken += note(NOTE_COUNT);
        sum += note(NOTE_SUM);
      } else {
        // Items for which there was no room in all that time.
        taken += note(NOTE_FAILED);
        sum += note(NOTE_SUM);
      }
    }
    const items = part * producers;
    if (taken === BigInt(items) && sum === triangle(items)) return;
    throw new Error(`wrong result: ${items} items went into a ring, ${taken} came out`);
  }

  close(): Promise<void> {
    return this.#crew.close();
  }
}

export async function measureRing(rounds: number, watch: Watch): Promise<RingResult[]> {
  const ring = new Ring();
  const shapes = SHAPES.flatMap((shape) => BATCHES.map((batch) => ({ ...shape, batch })));
  const nameOf = ({ producers, consumers, batch }: (typeof shapes)[number]) =>
    `${producers} ${consumers} ${batch}`;
  const group = new Group(
    shapes.map((shape) => ({
      name: nameOf(shape),
      lasts: LASTS,
      run: (times) => {
        const { producers, consumers, batch } = shape;
        const items = Math.min(MOST_ITEMS, Math.max(1000, times));
        return (ring.run(producers, consumers, batch, items) * times) / items;
      },
    })),
  );
  try {
    await runRounds("ring", [group], rounds, watch);
  } finally {
    await ring.close();
  }
  if (!group.isMeasured) return [];
  return shapes.map((shape) => ({
    ...shape,
    itemsPerSecond: figure(group.times(nameOf(shape)).map((seconds) => 1 / seconds)),
  }));
}
