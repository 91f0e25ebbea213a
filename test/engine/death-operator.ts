// A user operator that counts, and ends the worker that comes to a certain number; on any other
// thread that is a number like others.

import { workerData } from "node:worker_threads";

/** Ends the thread at once. */
export const EXITS = -1;
/** Ends it for what nobody catches, when its event loop turns next; the number is counted. */
export const REJECTS = -2;

const isWorker = (workerData as { me?: number; port?: object } | null)?.port !== undefined;

export const identity = 0n;
export const combine = (a: bigint, b: bigint): bigint => a + b;
export function accumulate(state: bigint, x: number): bigint {
  if (x < 0 && isWorker) {
    if (x === EXITS) process.exit(7);
    if (x === REJECTS) void Promise.reject(new Error("nobody catches this"));
  }
  return state + 1n;
}
