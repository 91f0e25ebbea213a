// Starting an engine, and joining one from another thread.

import { availableParallelism } from "node:os";
import { MAX_WORKERS } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { loadCore } from "./core.js";
import { Engine, type EngineHandle } from "./engine.js";
import { MOST_BYTES, Shared } from "./shared.js";
import { Threads } from "./threads.js";

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
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new RingfoldError(
      "ERR_OPTION",
      `${name}: ${String(value)} is not an integer from ${least} to ${most}`,
    );
  }
  return value;
}

/** A new shared memory and its threads, none of them started. */
async function layOut(options: EngineOptions, helpers: 0 | 1) {
  const cores = availableParallelism();
  const threads = integer(
    "threads",
    options.threads ?? Math.min(cores, MAX_WORKERS),
    1,
    MAX_WORKERS,
  );
  const maxBytes = integer("maxBytes", options.maxBytes ?? MOST_BYTES, 1, Number.MAX_SAFE_INTEGER);
  const spin = integer("spin", options.spin ?? 50, 0, 1_000_000);
  const workers = Math.max(1, threads - helpers);
  const shared = Shared.create(await loadCore(), {
    workers,
    threads,
    cores,
    maxBytes: Math.min(maxBytes, MOST_BYTES),
  });
  return { shared, workers, spin };
}

/**
 * Starts worker threads on a new shared memory.
 * @throws (rejects) RingfoldError ERR_OPTION, ERR_MEMORY, ERR_START
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { shared, workers, spin } = await layOut(options, 0);
  const threads = new Threads(shared);
  await threads.start(workers);
  const engine = new Engine(shared, threads);
  engine.calibrate(spin);
  return engine;
}

/**
 * The same at once, for a process that has one job: no worker is awaited, nothing is measured, and
 * workers park as soon as they find nothing. If the calling thread `helps` with the job, there is
 * one worker fewer. What keeps a worker from starting rejects the call that waits for it.
 * @internal The CLI's.
 * @throws (rejects) RingfoldError ERR_OPTION, ERR_MEMORY
 */
export async function startEngine(options: EngineOptions, helps: boolean): Promise<Engine> {
  const { shared, workers } = await layOut(options, helps ? 1 : 0);
  const threads = new Threads(shared);
  const engine = new Engine(shared, threads);
  threads.start(workers).catch(() => {});
  return engine;
}

/**
 * Joins an engine of another thread of this process, to submit to it from here.
 * @throws RingfoldError ERR_OPTION, ERR_CLOSED
 */
export function attachEngine(handle: EngineHandle): Engine {
  const { memory, module, crossover } = handle ?? {};
  if (!(memory instanceof WebAssembly.Memory) || !(module instanceof WebAssembly.Module)) {
    throw new RingfoldError("ERR_OPTION", "handle: not what `engine.handle()` returned");
  }
  return new Engine(Shared.attach(memory, module), undefined, crossover);
}
