// The peer piscina: a pool of worker threads that are posted a message a task.

import { Piscina } from "piscina";
import type { Chunk } from "./pool-worker.js";

export type Atomics = "sync" | "async" | "disabled";

/** A pool whose workers have started and hold a view of `data`. */
export async function startPool(
  threads: number,
  data: Float64Array | null,
  atomics: Atomics,
): Promise<Piscina> {
  const pool = new Piscina({
    filename: new URL("./pool-worker.js", import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    workerData: data,
    atomics,
    execArgv: [],
  });
  await Promise.all(Array.from({ length: threads * 4 }, () => pool.run(undefined)));
  return pool;
}

/** A task a chunk of a multiple of 8 elements; the sums come back as messages. */
export async function poolSum(
  pool: Piscina,
  loop: string,
  length: number,
  chunks: number,
): Promise<number> {
  const size = Math.ceil(length / chunks / 8) * 8;
  const parts = await Promise.all(
    Array.from({ length: chunks }, (_, i): Promise<number> => {
      const chunk: Chunk = { loop, from: i * size, end: Math.min(length, (i + 1) * size) };
      return pool.run(chunk);
    }),
  );
  return parts.reduce((a, b) => a + b, 0);
}
