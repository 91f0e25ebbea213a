// The thread in which `ringfold check` searches, so that the main thread hears signals meanwhile.

import { parentPort, workerData } from "node:worker_threads";
import { machinesOf } from "./explorer.js";
import { loadPrograms, loadTraced } from "./modules.js";
import { PROOFS, type Proof } from "./programs.js";
import { type Plan, type Proved, prove } from "./prove.js";
import { formatReplay, parseReplay, type Replay } from "./replay.js";
import { type Trace, type Traced, trace } from "./trace.js";

export interface Order {
  readonly names: readonly string[];
  readonly plan: Plan;
  readonly mutant: string | undefined;
  /** For what is compiled. */
  readonly folder: string;
  /** A counter-example to run again, instead of all that. */
  readonly replay: string | undefined;
  /** End at the first finding. */
  readonly first: boolean;
  /** Nonzero: end soon. */
  readonly stop: Int32Array;
  /** What is done so far: states or runs; steps. */
  readonly progress: Float64Array;
}

export interface Counterexample extends Trace {
  readonly replay: string;
}

/** Of one program. */
export interface Result extends Omit<Proved, "finding" | "shared"> {
  readonly name: string;
  readonly detail: string;
  readonly counterexample: Counterexample | undefined;
}

export type Message =
  | { readonly kind: "doing"; readonly name: string; readonly what: string }
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "replayed"; readonly name: string; readonly trace: Trace }
  /** A counter-example is none of this core. */
  | { readonly kind: "strange"; readonly name: string; readonly why: string }
  | { readonly kind: "done" };

const order = workerData as Order;
const post = (message: Message): void => parentPort?.postMessage(message);
const isStopped = (): boolean => Atomics.load(order.stop, 0) !== 0;

let traced: Traced | undefined;

async function tracedPrograms(): Promise<Traced> {
  traced ??= await loadTraced(order.mutant, order.folder);
  return traced;
}

function proofOf(name: string): Proof {
  return PROOFS.find((proof) => proof.name === name) as Proof;
}

async function proveAll(): Promise<void> {
  const { names, plan, mutant, folder, first } = order;
  if (mutant !== undefined) post({ kind: "doing", name: mutant, what: "is built into the core" });
  const module = await loadPrograms(mutant, folder);
  for (const name of names) {
    if (isStopped()) return;
    const result = await proveOne(module, name, plan);
    post({ kind: "result", result });
    if (first && result.counterexample !== undefined) return;
  }
}

async function proveOne(module: WebAssembly.Module, name: string, plan: Plan): Promise<Result> {
  let before = "";
  const watch = (what: string, done: number, steps: number) => {
    if (what !== before) post({ kind: "doing", name, what });
    before = what;
    order.progress[0] = done;
    order.progress[1] = steps;
    return isStopped();
  };
  const proof = proofOf(name);
  const { finding, shared, ...proved } = prove(machinesOf(module, proof), proof, plan, watch);
  if (finding === undefined) return { ...proved, name, detail: "", counterexample: undefined };
  const { path, loop } = finding;
  const replay: Replay = { program: name, mutant: order.mutant, path, loop, shared };
  const counterexample = trace(await tracedPrograms(), proof, replay);
  return {
    ...proved,
    name,
    verdict: counterexample.verdict ?? finding.verdict,
    detail: counterexample.detail,
    counterexample: { ...counterexample, replay: formatReplay(replay) },
  };
}

async function runAgain(text: string): Promise<void> {
  const replay = parseReplay(text) as Replay;
  const name = replay.program;
  if (order.mutant !== undefined) {
    post({ kind: "doing", name: order.mutant, what: "is built into the core" });
  }
  const core = await tracedPrograms();
  try {
    post({ kind: "replayed", name, trace: trace(core, proofOf(name), replay) });
  } catch (error) {
    post({ kind: "strange", name, why: (error as Error).message });
  }
}

await (order.replay === undefined ? proveAll() : runAgain(order.replay));
post({ kind: "done" });
