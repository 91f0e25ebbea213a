// Pools of worker threads that are posted a message a task: piscina, tinypool, workerpool and
// poolifier, each used as its own pages show it, behind one face. The data lies in a
// SharedArrayBuffer that every worker got when it started.

import { fileURLToPath } from "node:url";
import type { Chunk } from "./pool-chunk.js";

export interface Pool {
  /** Runs a chunk, or nothing, on one of the threads. */
  readonly run: (chunk?: Chunk) => Promise<number>;
  /** No thread is left once it settles. */
  readonly close: () => Promise<void>;
}

type Open = (threads: number, workerData: Float64Array | null) => Promise<Pool>;

const script = (kind: string) => new URL(`./pool-${kind}.js`, import.meta.url).href;

/** Of piscina, and of tinypool, which comes from it: threads that stay, one task at a time on each. */
const fixed = (threads: number, workerData: Float64Array | null) => ({
  filename: script("worker"),
  minThreads: threads,
  maxThreads: threads,
  idleTimeout: Number.POSITIVE_INFINITY,
  concurrentTasksPerWorker: 1,
  workerData,
  execArgv: [],
});

const faceOf = (pool: { run(task: unknown): Promise<number>; destroy(): Promise<void> }): Pool => ({
  run: (chunk) => pool.run(chunk),
  close: () => pool.destroy(),
});

/** piscina's wait between two tasks: Atomics.wait, the same without blocking, or messages only. */
type Atomics = "sync" | "async" | "disabled";

const piscina =
  (atomics: Atomics): Open =>
  async (threads, workerData) => {
    const { Piscina } = await import("piscina");
    return faceOf(new Piscina({ ...fixed(threads, workerData), atomics }));
  };

const tinypool =
  (useAtomics: boolean): Open =>
  async (threads, workerData) => {
    const { Tinypool } = await import("tinypool");
    const options = { ...fixed(threads, workerData), useAtomics };
    return faceOf(new Tinypool({ ...options, runtime: "worker_threads" }));
  };

const workerpool: Open = async (threads, workerData) => {
  const { pool: open } = await import("workerpool");
  const pool = open(fileURLToPath(script("workerpool")), {
    minWorkers: threads,
    maxWorkers: threads,
    workerType: "thread",
    workerThreadOpts: { workerData, execArgv: [] },
  });
  return {
    run: async (chunk) => pool.exec("run", [chunk]),
    close: async () => {
      await pool.terminate();
    },
  };
};

const poolifier: Open = async (threads, workerData) => {
  const { FixedThreadPool } = await import("poolifier");
  const pool = new FixedThreadPool<Chunk, number>(threads, fileURLToPath(script("poolifier")), {
    workerOptions: { workerData, execArgv: [] },
  });
  return {
    run: (chunk) => pool.execute(chunk),
    close: () => pool.destroy(),
  };
};

/** By name. A pool that can wait in more than one way is there once a way. */
export const pools: { readonly [name: string]: Open } = {
  "piscina, atomics sync": piscina("sync"),
  "piscina, atomics async": piscina("async"),
  "piscina, atomics disabled": piscina("disabled"),
  "tinypool, with atomics": tinypool(true),
  "tinypool, without atomics": tinypool(false),
  workerpool,
  poolifier,
};

/** One a package, as it comes. */
export const PLAIN_POOLS = [
  "piscina, atomics sync",
  "tinypool, with atomics",
  "workerpool",
  "poolifier",
] as const;

/** A pool whose workers have started and hold a view of `data`. */
export async function startPool(
  name: string,
  threads: number,
  data: Float64Array | null,
): Promise<Pool> {
  const pool = await (pools[name] as Open)(threads, data);
  await Promise.all(Array.from({ length: threads * 4 }, () => pool.run()));
  return pool;
}

/** A task a chunk of a multiple of 8 elements; the sums come back as messages. */
export async function poolSum(
  pool: Pool,
  loop: string,
  length: number,
  chunks: number,
): Promise<number> {
  const size = Math.ceil(length / chunks / 8) * 8;
  const parts = await Promise.all(
    Array.from({ length: chunks }, (_, i) =>
      pool.run({ loop, from: i * size, end: Math.min(length, (i + 1) * size) }),
    ),
  );
  return parts.reduce((a, b) => a + b, 0);
}
