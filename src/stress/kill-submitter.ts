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

const { handle, input, kind } = workerData as SubmitterInit;
const engine = attachEngine(handle);
const tell = (told: Told) => parentPort?.postMessage(told);

function check(got: unknown, of: Kind): void {
  const wanted = input.expected[of];
  if (bits(got) !== bits(wanted)) tell(`${of}: expected ${wanted}, got ${String(got)}`);
}

/** Waits for it, so that this thread runs tasks: of its own jobs, and of others. */
function once(of: Kind): void {
  const options = of === "pairwise" ? ({ schedule: of } as const) : ({ accuracy: "fast" } as const);
  if (of === "stream") check(engine.reduceSync(Float64Array.from(input.floats), "sum"), of);
  else check(engine.reduceSync(input.floats, "sum", options), of);
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
