// What piscina's workers run: a chunk of a sum over an array that they all see, or nothing.

import { workerData } from "node:worker_threads";
import { loops } from "./loops.js";

export interface Chunk {
  readonly loop: string;
  readonly from: number;
  readonly end: number;
}

/** Undefined in a pool that is only asked to do nothing. */
const data = workerData as Float64Array | null;

export default function run(chunk: Chunk | undefined): number {
  if (chunk === undefined || data === null) return 0;
  return loops[chunk.loop]?.(data.subarray(chunk.from, chunk.end)) ?? Number.NaN;
}
