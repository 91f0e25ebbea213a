// The table of scenarios, and the compiled cores that they run. A scenario is loaded when it is
// asked for, a core compiled when it is first used: whoever reads the help pays for neither.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Modules, Scenario } from "./scenario.js";

/** In the order in which the help lists them and `soak` takes turns. */
const SCENARIOS: Readonly<Record<string, () => Promise<Scenario>>> = {
  torture: async () => (await import("./torture.js")).torture,
  park: async () => (await import("./park.js")).park,
  kill: async () => (await import("./kill.js")).kill,
  linear: async () => (await import("./linear.js")).linear,
  litmus: async () => (await import("./litmus.js")).litmus,
  sync: async () => (await import("./sync.js")).sync,
  calls: async () => (await import("./calls.js")).calls,
  reduce: async () => (await import("./reduce.js")).reduce,
  throughput: async () => (await import("./throughput.js")).throughput,
  soak: async () => (await import("./soak.js")).soak,
};

export const SCENARIO_NAMES: readonly string[] = Object.keys(SCENARIOS);

/** Undefined if there is no such scenario. */
export async function loadScenario(name: string): Promise<Scenario | undefined> {
  return Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name]?.() : undefined;
}

function compile(path: string): WebAssembly.Module {
  const url = new URL(path, import.meta.url);
  try {
    return new WebAssembly.Module(readFileSync(url));
  } catch (cause) {
    throw new Error(`${fileURLToPath(url)} is missing or damaged: build it`, { cause });
  }
}

/** What the build made. Kept: compiling takes longer than a short run. */
export const MODULES: Modules = {
  get core() {
    return keep(this, "core", compile("../core/core.wasm"));
  },
  get checked() {
    return keep(this, "checked", compile("../core/checked.wasm"));
  },
  get drill() {
    return keep(this, "drill", compile("../core/drill.wasm"));
  },
  get record() {
    return keep(this, "record", compile("record.wasm"));
  },
};

function keep(modules: Modules, name: keyof Modules, module: WebAssembly.Module) {
  Object.defineProperty(modules, name, { value: module, enumerable: true });
  return module;
}
