// One run of `npm run mutants`, in a process of its own: compiles what it needs with the defect built
// in, then runs the scenario, or explores the check's programs, and tells. Its parent kills it if it
// hangs.

import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileDefect } from "../src/check/defects.js";
import { explore } from "../src/check/explorer.js";
import { PROOFS } from "../src/check/programs.js";
import { OURS } from "../src/check/sync.js";
import { loadScenario, MODULES } from "../src/stress/index.js";
import { runScenario } from "../src/stress/runner.js";
import type { Modules, Settings } from "../src/stress/scenario.js";
import { firstKill, SYNC_MUTANTS } from "./check/sync-mutants.js";

/** What the parent asks for. `defect`: a constant of switches.ts; undefined: what the build made. */
export type Order = StressOrder | CheckOrder | SyncOrder;

export interface StressOrder {
  readonly tool: "stress";
  readonly scenario: string;
  readonly settings: Omit<Settings, "modules">;
  readonly needs: readonly (keyof Modules)[];
  readonly defect: string | undefined;
  /** Where compiled modules may lie. */
  readonly folder: string;
}

export interface CheckOrder {
  readonly tool: "check";
  readonly defect: string | undefined;
  readonly folder: string;
}

/** A defect of `ringfold/sync` by its name; undefined: the primitives as they are. */
export interface SyncOrder {
  readonly tool: "check sync";
  readonly defect: string | undefined;
}

export type Told =
  /** Compiled: the scenario's time runs from here. */
  | { readonly kind: "ready" }
  /** `at`: milliseconds since the scenario began. */
  | {
      readonly kind: "violation";
      readonly rule: string;
      readonly detail: string;
      readonly at: number;
      readonly operations: number;
    }
  | { readonly kind: "end"; readonly took: number; readonly operations: number }
  | { readonly kind: "failed"; readonly error: string };

interface Compiler {
  compile(
    entry: string,
    outFile: string,
    options: { switches: readonly string[]; optimize: boolean },
  ): Promise<void>;
}

const CHECK = fileURLToPath(new URL("../src/check/check.wasm", import.meta.url));
const MOST_STATES = 2_000_000;
const CORE = fileURLToPath(new URL("../../src/core", import.meta.url));

/** From what each module is compiled, and how: as build.mjs has it, but quickly. */
const SOURCES: Readonly<Record<keyof Modules, { entry: string; switches: readonly string[] }>> = {
  core: { entry: "index.ts", switches: [] },
  checked: { entry: "index.ts", switches: ["CHECKED"] },
  drill: { entry: "drill.ts", switches: [] },
  record: { entry: "record.ts", switches: [] },
};

const tell = (told: Told) =>
  new Promise<void>((resolve) => {
    process.send?.(told, () => resolve());
  });

/** @throws Error if the defect changes nothing: then it is not in the source. */
async function compileOne(name: keyof Modules, defect: string, folder: string) {
  const { compile } = (await import(join(CORE, "compile.mjs"))) as Compiler;
  const { entry, switches } = SOURCES[name];
  const build = async (...defects: string[]) => {
    const out = join(folder, `${name}-${defects.join("-")}-${process.pid}.wasm`);
    const options = { switches: [...switches, ...defects], optimize: false };
    await compile(join(CORE, entry), out, options);
    return readFile(out);
  };
  const defective = await build(defect);
  if (defective.equals(await build())) {
    throw new Error(`${defect} changes nothing in ${name}: it is not built in`);
  }
  return new WebAssembly.Module(defective);
}

async function modulesOf(order: StressOrder): Promise<Modules> {
  const { defect, folder } = order;
  if (defect === undefined) return MODULES;
  const modules = Object.create(MODULES) as Modules;
  for (const name of order.needs) {
    Object.defineProperty(modules, name, { value: await compileOne(name, defect, folder) });
  }
  return modules;
}

async function runStress(order: StressOrder): Promise<void> {
  const scenario = await loadScenario(order.scenario);
  if (scenario === undefined) throw new Error(`there is no scenario ${order.scenario}`);
  const modules = await modulesOf(order);
  await tell({ kind: "ready" });
  let operations = 0;
  const outcome = await runScenario(
    scenario,
    { ...order.settings, modules },
    new AbortController().signal,
    {
      sample: (sample) => {
        operations = sample.operations;
      },
      violation: ({ rule, detail, at }) => {
        void tell({ kind: "violation", rule, detail, at, operations });
      },
    },
  );
  if (outcome.error !== undefined) throw outcome.error;
  const { took, summary } = outcome;
  await tell({ kind: "end", took, operations: summary?.operations ?? operations });
}

async function checkModule({ defect, folder }: CheckOrder): Promise<WebAssembly.Module> {
  if (defect === undefined) return new WebAssembly.Module(await readFile(CHECK));
  // Two runs at a time share the folder.
  return compileDefect(defect, await mkdtemp(join(folder, "check-")));
}

/** Explores one program after the other until one finds something. */
async function runCheck(order: CheckOrder): Promise<void> {
  const module = await checkModule(order);
  await tell({ kind: "ready" });
  const start = performance.now();
  let states = 0;
  for (const proof of PROOFS.filter(({ quick }) => quick)) {
    const { finding, states: more } = explore(module, proof, { mostStates: MOST_STATES });
    states += more;
    if (finding === undefined) continue;
    const { verdict, detail } = finding;
    const at = performance.now() - start;
    await tell({
      kind: "violation",
      rule: `${verdict} in ${proof.name}`,
      detail,
      at,
      operations: states,
    });
    break;
  }
  await tell({ kind: "end", took: performance.now() - start, operations: states });
}

async function runSync({ defect }: SyncOrder): Promise<void> {
  await tell({ kind: "ready" });
  const start = performance.now();
  const mutant = SYNC_MUTANTS.find(({ name }) => name === defect);
  if (defect !== undefined && mutant === undefined) throw new Error(`there is no ${defect}`);
  const found = mutant === undefined ? firstKill(OURS) : await mutant.kill();
  const took = performance.now() - start;
  const operations = found?.states ?? 0;
  if (found !== undefined) {
    const rule = `${found.verdict} in ${found.proof}`;
    await tell({ kind: "violation", rule, detail: rule, at: took, operations });
  }
  await tell({ kind: "end", took, operations });
}

function run(order: Order): Promise<void> {
  switch (order.tool) {
    case "stress":
      return runStress(order);
    case "check":
      return runCheck(order);
    case "check sync":
      return runSync(order);
  }
}

process.once("disconnect", () => process.exit(1));
process.once("message", (order: Order) => {
  run(order)
    .catch((error: unknown) =>
      tell({ kind: "failed", error: error instanceof Error ? `${error.stack}` : String(error) }),
    )
    .finally(() => process.exit(0));
});
