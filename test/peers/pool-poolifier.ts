// The worker of poolifier: a default export that is its ThreadWorker.

import { workerData } from "node:worker_threads";
import { ThreadWorker } from "poolifier";
import { type Chunk, runChunk } from "./pool-chunk.js";

// A task without data comes as an empty object.
export default new ThreadWorker<Partial<Chunk>, number>((chunk) =>
  runChunk(
    workerData as Float64Array | null,
    chunk?.loop === undefined ? undefined : (chunk as Chunk),
  ),
);
