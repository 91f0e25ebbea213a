// The user operator of the `kill` scenario: adds bigints, and ends its thread by JavaScript when
// the scenario has armed that in the thread's line (map.ts, LINE_FAULT).

import { workerData } from "node:worker_threads";
import { LINE_FAULT, LINE_FAULT_HIT, LINE_SIZE, LINES } from "../core/map.js";

/** Fault points of JavaScript, behind those of the core. */
export const EXIT = 64;
export const THROW = 65;

function strike(): void {
  const { memory, me } = (workerData ?? {}) as { memory?: WebAssembly.Memory; me?: number };
  if (memory === undefined || me === undefined) return;
  const words = new Int32Array(memory.buffer);
  const line = LINES + me * LINE_SIZE;
  const point = Atomics.load(words, (line + LINE_FAULT) >> 2) >> 8;
  if (point < EXIT) return;
  Atomics.store(words, (line + LINE_FAULT) >> 2, 0);
  Atomics.store(words, (line + LINE_FAULT_HIT) >> 2, point);
  if (point === EXIT) process.exit(7);
  // Nobody catches what a microtask throws; it runs when this thread's event loop gets a turn, so
  // the thread is ended here as well.
  queueMicrotask(() => {
    throw new Error("thrown where nobody catches");
  });
  process.exit(8);
}

export const identity = 0n;
export const accumulate = (state: bigint, x: number): bigint => state + BigInt(x);
export function combine(a: bigint, b: bigint): bigint {
  strike();
  return a + b;
}
