// The thread in which `ringfold check` searches, so that the main thread hears signals meanwhile.

import { parentPort, workerData } from "node:worker_threads";
import { machinesOf } from "./explorer.js";
import { loadPrograms, loadTraced } from "./modules.js";
import type { MakeMachine } from "./program.js";
import type { Proof } from "./programs.js";
import { type Plan, type Proved, prove } from "./prove.js";
import { formatReplay, parseReplay, type Replay } from "./replay.js";
import { isTypeScript, loadSubjects } from "./subjects.js";
import { type Trace, type Traced, trace } from "./trace.js";
import { traceSync } from "./trace-sync.js";

export interface Order {
  readonly names: readonly string[];
  readonly plan: Plan;
  readonly mutant: string | undefined;
  /** Whose primitives; undefined: ours. */
  readonly impl: string | undefined;
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

const { mutant, impl, folder, plan } = order;
const subjects = await loadSubjects(impl);
/** Compiled when they are first needed: the programs on the core, and those that tell lines. */
let programs: WebAssembly.Module | undefined;
let traced: Traced | undefined;

function proofOf(name: string): Proof {
  return subjects.find((proof) => proof.name === name) as Proof;
}

function sayThatItIsBuilt(): void {
  if (mutant !== undefined) post({ kind: "doing", name: mutant, what: "is built into the core" });
}

async function machinesFor(proof: Proof): Promise<MakeMachine> {
  if (isTypeScript(proof)) return proof.make;
  if (programs === undefined) sayThatItIsBuilt();
  programs ??= await loadPrograms(mutant, folder);
  return machinesOf(programs, proof);
}

async function traceOf(replay: Replay): Promise<Trace> {
  const proof = proofOf(replay.program);
  if (isTypeScript(proof)) return traceSync(proof, replay);
  if (traced === undefined) sayThatItIsBuilt();
  traced ??= await loadTraced(mutant, folder);
  return trace(traced, proof, replay);
}

async function proveAll(): Promise<void> {
  for (const name of order.names) {
    if (isStopped()) return;
    const result = await proveOne(name);
    post({ kind: "result", result });
    if (order.first && result.counterexample !== undefined) return;
  }
}

async function proveOne(name: string): Promise<Result> {
  let before = "";
  const watch = (what: string, done: number, steps: number) => {
    if (what !== before) post({ kind: "doing", name, what });
    before = what;
    order.progress[0] = done;
    order.progress[1] = steps;
    return isStopped();
  };
  const proof = proofOf(name);
  const { finding, shared, ...proved } = prove(await machinesFor(proof), proof, plan, watch);
  if (finding === undefined) return { ...proved, name, detail: "", counterexample: undefined };
  const { path, loop } = finding;
  const replay: Replay = { program: name, mutant, path, loop, shared };
  const counterexample = await traceOf(replay);
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
  try {
    post({ kind: "replayed", name, trace: await traceOf(replay) });
  } catch (error) {
    post({ kind: "strange", name, why: (error as Error).message });
  }
}

await (order.replay === undefined ? proveAll() : runAgain(order.replay));
post({ kind: "done" });
