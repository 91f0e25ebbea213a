// `ringfold reduce`: starts the threads as soon as it is known how many, and loads what reads
// and prints meanwhile (job.ts).

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { startEngine } from "../engine/start.js";
import type { Line } from "./commands.js";
import { type ReduceArgs, reduceArgs } from "./options.js";
import { assertTakesBytes } from "./output.js";
import { UsageError } from "./usage.js";

/** Beyond this, a task takes so long that this thread had better leave it to workers. */
const MOST_HELPED_BYTES = 2 ** 34;
/** Starting a worker takes this thread as long as summing some 32 MiB does. */
const BYTES_A_WORKER = 2 ** 26;
/** The same for work that takes tens of times as long: the user's code, the pairwise rounds. */
const SLOW_BYTES_A_WORKER = 2 ** 20;

/** Bytes of a file; undefined for what shows its size only at its end, or cannot be opened. */
function sizeOf(path: string): number | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() ? stat.size : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `helps`: whether this thread computes in the place of a worker. It has read a good part of a
 * file by the time a worker has started. Not with the user's code, whose end nobody knows: signals
 * and time-outs need this thread's event loop to turn.
 */
function plan({
  files,
  generate,
  modules,
  isPair,
  schedule,
  threads = availableParallelism(),
}: ReduceArgs) {
  const sizes = generate === undefined ? files.map(sizeOf) : [8 * generate];
  const isSlow = modules.length > 0 || schedule === "pairwise";
  const known = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  // A pair is brought into memory by this thread, and then it is the workers' alone.
  const helps =
    !isSlow && !isPair && generate === undefined && threads > 1 && known <= MOST_HELPED_BYTES;
  const bytes = sizes.includes(undefined) ? Number.POSITIVE_INFINITY : known;
  const worthwhile = Math.ceil(bytes / (isSlow ? SLOW_BYTES_A_WORKER : BYTES_A_WORKER));
  return { helps, workers: Math.min(threads - (helps ? 1 : 0), worthwhile) };
}

/** @throws RingfoldError; Interrupted */
export async function reduce(line: Line): Promise<void> {
  const args = reduceArgs(line);
  if (args.files.length === 0 && args.generate === undefined) {
    throw new UsageError("no input: name a file, or - for standard input", { wantsHelp: true });
  }
  if (args.partial !== undefined) assertTakesBytes();
  const { threads, maxBytes } = args;
  const { helps, workers } = plan(args);
  const starting = startEngine(
    {
      ...(threads === undefined ? {} : { threads }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
    workers,
  );
  // Heard of where it is awaited.
  starting.catch(() => {});
  const { runJob } = await import("./job.js");
  await runJob(args, starting, helps);
}
