// Starting an engine, and joining one from another thread.

import { CONTROL_CLOSED } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { Engine, type EngineHandle } from "./engine.js";
import { closedError } from "./limits.js";
import { Shared } from "./shared.js";
import { type EngineOptions, layOut } from "./start.js";
import { Threads } from "./threads.js";

export type { EngineOptions };

/**
 * Starts worker threads on a new shared memory. None is awaited: until they are there the calling
 * thread does what it can, and what needs them waits. A process that needs none ends without them.
 * If none can be started, calls end with ERR_START.
 * @throws (rejects) RingfoldError ERR_OPTION, ERR_MEMORY
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { shared, workers, spin, stuckAfter } = await layOut(options);
  const threads = new Threads(shared, options.resourceLimits, stuckAfter);
  const engine = new Engine(shared, threads);
  try {
    engine.start(workers, spin);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

/**
 * Joins an engine of another thread of this process, to submit to it from here.
 * @throws RingfoldError ERR_OPTION, ERR_CLOSED
 */
export function attachEngine(handle: EngineHandle): Engine {
  const { memory, module } = handle ?? {};
  if (!(memory instanceof WebAssembly.Memory) || !(module instanceof WebAssembly.Module)) {
    throw new RingfoldError("ERR_OPTION", "handle: not what `engine.handle()` returned");
  }
  const shared = Shared.attach(memory, module);
  if (Atomics.load(shared.i32s, CONTROL_CLOSED >> 2) !== 0) throw closedError();
  return new Engine(shared, undefined);
}
