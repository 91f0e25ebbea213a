// What the workers of every pool run: a chunk of a sum over an array that they all see, or nothing.

import { loops } from "./loops.js";

export interface Chunk {
  readonly loop: string;
  readonly from: number;
  readonly end: number;
}

/** `data` is null in a pool that is only asked to do nothing. */
export function runChunk(data: Float64Array | null, chunk: Chunk | undefined): number {
  if (chunk === undefined || data === null) return 0;
  return loops[chunk.loop]?.(data.subarray(chunk.from, chunk.end)) ?? Number.NaN;
}
