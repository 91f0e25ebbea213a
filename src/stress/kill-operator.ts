// The user operator of the `kill` scenario: adds bigints, and ends its thread by JavaScript when
// the scenario has armed that in the thread's line (map.ts, LINE_FAULT).

import { workerData } from "node:worker_threads";
import { LINE_FAULT, LINE_FAULT_HIT, LINE_SIZE, LINE_TOKENS, LINES } from "../core/map.js";

/** Fault points of JavaScript, behind those of the core. */
export const EXIT = 64;
export const THROW = 65;
export const MEMORY = 66;

/** Small enough that the heap of a worker (HEAP) is full soon, and not at once. */
const HOARDED = 1000;
/** Heap of a worker of the scenario. */
export const HEAP = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };

function strike(): void {
  const { memory, me } = (workerData ?? {}) as { memory?: WebAssembly.Memory; me?: number };
  if (memory === undefined || me === undefined) return;
  const words = new Int32Array(memory.buffer);
  const line = LINES + me * LINE_SIZE;
  const point = (Atomics.load(words, (line + LINE_FAULT) >> 2) >> 8) & 255;
  if (point < EXIT) return;
  Atomics.store(words, (line + LINE_FAULT) >> 2, 0);
  Atomics.store(words, (line + LINE_FAULT_HIT) >> 2, point);
  if (point === EXIT) process.exit(7);
  if (point === MEMORY) {
    const hoard: number[][] = [];
    for (;;) hoard.push(new Array(HOARDED).fill(0.5));
  }
  // Nobody catches what a microtask throws. It runs when this thread's event loop gets a turn, as
  // it does when the thread has few tokens left: instead of its next park.
  Atomics.store(words, (line + LINE_TOKENS) >> 2, 2);
  queueMicrotask(() => {
    throw new Error("thrown where nobody catches");
  });
}

export const identity = 0n;
export const accumulate = (state: bigint, x: number): bigint => state + BigInt(x);
export function combine(a: bigint, b: bigint): bigint {
  strike();
  return a + b;
}
