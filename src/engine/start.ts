// The first steps of an engine, in as few modules as they take: how soon workers are there
// decides how long a short process lasts.

import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import { MAX_WORKERS } from "../core/map.js";
import { RingfoldError, textOf } from "../errors.js";
import { checkNames, type Names } from "../operators/nearest.js";
import { loadCore } from "./core.js";
import type { Engine } from "./engine.js";
import { MOST_BYTES, Shared } from "./shared.js";
import { STUCK_AFTER_MS, Threads } from "./threads.js";

export interface EngineOptions {
  /** How many threads compute at once, 1 to 256. Default: the processors there are. */
  threads?: number;
  /** Bound of the engine's shared memory in bytes. Default: 4 GiB, all that can be addressed. */
  maxBytes?: number;
  /**
   * Microseconds that an idle thread looks for work before it parks, as long as a processor is
   * idle. Default 50. More makes rare small jobs faster and idle engines busier.
   */
  spin?: number;
  /**
   * Milliseconds after which a worker is ended and replaced whose user operator goes on although its call
   * was aborted or timed out. Default 1000; looked at twice a second.
   */
  stuckAfter?: number;
  /** @internal Another build of the core: with fault points, or with a defect that must be seen. */
  core?: WebAssembly.Module;
  /** @internal Heaps of the workers, small enough that a test can fill one soon. */
  resourceLimits?: ResourceLimits;
}

const ENGINE_OPTIONS: Names<EngineOptions> = {
  threads: true,
  maxBytes: true,
  spin: true,
  stuckAfter: true,
  core: true,
  resourceLimits: true,
};

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new RingfoldError(
      "ERR_OPTION",
      `${name}: ${textOf(value)} is not an integer from ${least} to ${most}`,
    );
  }
  return value;
}

/** @internal A new shared memory, and how many workers it is for: one a thread, `most` at most. */
export async function layOut(options: EngineOptions, most = MAX_WORKERS) {
  checkNames(options, ENGINE_OPTIONS, "an engine");
  const cores = availableParallelism();
  const threads = integer(
    "threads",
    options.threads ?? Math.min(cores, MAX_WORKERS),
    1,
    MAX_WORKERS,
  );
  const maxBytes = integer("maxBytes", options.maxBytes ?? MOST_BYTES, 1, Number.MAX_SAFE_INTEGER);
  const spin = integer("spin", options.spin ?? 50, 0, 1_000_000);
  const stuckAfter = integer("stuckAfter", options.stuckAfter ?? STUCK_AFTER_MS, 1, 2 ** 31 - 1);
  const workers = Math.max(1, Math.min(threads, most));
  const shared = Shared.create(options.core ?? (await loadCore()), {
    workers,
    threads,
    cores,
    maxBytes: Math.min(maxBytes, MOST_BYTES),
  });
  return { shared, workers, spin, stuckAfter };
}

/**
 * An engine for a process that has one job, with `most` workers: a calling thread that helps
 * needs one fewer than threads, little work needs few. None of them is awaited, nothing is
 * measured, and they park as soon as they find nothing. What keeps one from starting rejects the
 * call that waits for it.
 * @internal The CLI's.
 * @throws (rejects) RingfoldError ERR_OPTION, ERR_MEMORY, ERR_START
 */
export async function startEngine(options: EngineOptions, most: number): Promise<Engine> {
  const { shared, workers, stuckAfter } = await layOut(options, most);
  const threads = new Threads(shared, options.resourceLimits, stuckAfter);
  let failure: unknown;
  threads.start(workers).catch((error: unknown) => {
    failure = error;
  });
  // Loaded while the threads start.
  const { Engine } = await import("./engine.js");
  if (failure !== undefined) {
    await threads.close();
    throw failure;
  }
  return new Engine(shared, threads);
}
