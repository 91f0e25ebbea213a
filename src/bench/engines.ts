// The engines that are measured, each started when it is first asked for; all end together.

import { createEngine, type Engine, type EngineOptions } from "../index.js";

export class Engines {
  readonly #engines = new Map<string, Promise<Engine>>();

  /** `spin`: microseconds for which idle workers look before they park; undefined: the default. */
  get(threads: number, spin?: number): Promise<Engine> {
    const key = `${threads} ${spin}`;
    const engine =
      this.#engines.get(key) ?? started({ threads, ...(spin === undefined ? {} : { spin }) });
    this.#engines.set(key, engine);
    return engine;
  }

  async close(): Promise<void> {
    const engines = await Promise.allSettled(this.#engines.values());
    await Promise.all(engines.map((one) => one.status === "fulfilled" && one.value.close()));
  }
}

/** What an engine does before its workers are there is not what is measured. */
async function started(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine(options);
  await engine.ready();
  return engine;
}
