// `ringfold reduce`: starts the threads as soon as it is known how many, and loads what reads
// and prints meanwhile (job.ts).

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { startEngine } from "../engine/start.js";
import type { Line } from "./commands.js";
import { type ReduceArgs, reduceArgs } from "./options.js";
import { UsageError } from "./usage.js";

/** Beyond this, a task takes so long that this thread had better leave it to workers. */
const MOST_HELPED_BYTES = 2 ** 34;

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Whether this thread computes in the place of a worker: it has read a good part of a file by the
 * time a worker has started. Not with the user's code, whose end nobody knows: signals and
 * time-outs need this thread's event loop to turn.
 */
function canHelp({ files, modules, schedule, generate, threads }: ReduceArgs): boolean {
  if (generate !== undefined || schedule === "pairwise" || modules.length > 0) return false;
  if ((threads ?? availableParallelism()) === 1) return false;
  return files.reduce((sum, path) => sum + sizeOf(path), 0) <= MOST_HELPED_BYTES;
}

/** @throws RingfoldError; Interrupted */
export async function reduce(line: Line): Promise<void> {
  const args = reduceArgs(line);
  if (args.files.length === 0 && args.generate === undefined) {
    throw new UsageError("no input: name a file, or - for standard input", { wantsHelp: true });
  }
  const { threads, maxBytes } = args;
  const helps = canHelp(args);
  const starting = startEngine(
    {
      ...(threads === undefined ? {} : { threads }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
    helps,
  );
  // Heard of where it is awaited.
  starting.catch(() => {});
  const { runJob } = await import("./job.js");
  await runJob(args, starting, helps);
}
