// The worker of piscina and of tinypool: a default export that takes a task.

import { workerData } from "node:worker_threads";
import { type Chunk, runChunk } from "./pool-chunk.js";

// piscina hands over what it was given; tinypool puts a word of its own before it.
const data = (Array.isArray(workerData) ? workerData[1] : workerData) as Float64Array | null;

export default function run(chunk: Chunk | undefined): number {
  return runChunk(data, chunk);
}
