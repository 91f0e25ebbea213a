// A thread of the `kill` scenario that submits jobs to an engine of another thread, now several at
// once, now waiting for one, until it is killed.

import { parentPort, workerData } from "node:worker_threads";
import { attachEngine } from "../engine/create.js";
import type { EngineHandle } from "../engine/engine.js";
import { begin, bits, type Input, type Kind } from "./kill-jobs.js";

export interface SubmitterInit {
  readonly handle: EngineHandle;
  readonly input: Input;
  readonly kind: Kind;
}

/** "ready", or what a job gave that had to give something else. */
export type Told = string;

const { handle, input, kind: asked } = workerData as SubmitterInit;
/** While it never runs operators' jobs itself, it gives tasks of them back. */
const kind = asked === "operator" ? "blocks" : asked;
const engine = attachEngine(handle);
const tell = (told: Told) => parentPort?.postMessage(told);

function check(got: unknown, of: Kind): void {
  const wanted = input.expected[of];
  if (bits(got) !== bits(wanted)) tell(`${of}: expected ${wanted}, got ${String(got)}`);
}

/** Waits for it, so that this thread runs tasks: of its own jobs, and of others. */
function once(of: Kind): void {
  const { floats } = input;
  if (of === "stream") check(engine.reduceSync(Float64Array.from(floats), "sum"), of);
  else if (of === "pairwise") check(engine.reduceSync(floats, "sum", { schedule: of }), of);
  else check(engine.reduceSync(floats, "sum", { accuracy: "fast" }), of);
}

async function run(): Promise<void> {
  // Takes its room for copies before it is told from a leak.
  tell("ready");
  for (;;) {
    once(kind);
    const all = [kind, "blocks", "stream", kind] as const;
    await Promise.all(all.map(async (of) => check(await begin(engine, input, of), of)));
  }
}

// Not awaited here: see engine/worker.ts.
void run();
