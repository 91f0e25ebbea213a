// `ringfold reduce`: files or generated numbers, through an engine, to a report.

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { startEngine } from "../engine/create.js";
import type { Engine } from "../engine/engine.js";
import type { Source } from "../input/source.js";
import type { Line } from "./commands.js";
import { type ReduceArgs, reduceArgs } from "./options.js";
import {
  formatReport,
  formatRounds,
  formatSummary,
  jsonReport,
  type Report,
  write,
} from "./output.js";
import { Passes, type Totals } from "./passes.js";
import { Progress } from "./progress.js";
import { Stop } from "./stop.js";
import { UsageError } from "./usage.js";

async function open(args: ReduceArgs): Promise<Source | undefined> {
  if (args.generate !== undefined) return undefined;
  const { openSources } = await import("../input/open.js");
  const { columns, dtype, format } = args;
  return openSources(args.files, { columns, dtype, format });
}

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

function start({ threads, maxBytes }: ReduceArgs, helps: boolean): Promise<Engine> {
  const options = {
    ...(threads === undefined ? {} : { threads }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
  return startEngine(options, helps);
}

/** Opens the input while the workers start; if one of the two fails, the other is undone. */
async function prepare(args: ReduceArgs, stop: Stop, helps: boolean) {
  const starting = start(args, helps);
  const [opened, started] = await Promise.allSettled([stop.race(open(args)), starting]);
  if (opened.status === "fulfilled" && started.status === "fulfilled") {
    return { source: opened.value, engine: started.value };
  }
  if (started.status === "fulfilled") await started.value.close();
  if (opened.status === "fulfilled") opened.value?.close();
  throw opened.status === "rejected" ? opened.reason : (started as PromiseRejectedResult).reason;
}

async function measure(threads: number, work: () => Promise<Totals>): Promise<Report> {
  const start = performance.now();
  const totals = await work();
  return { ...totals, threads, seconds: (performance.now() - start) / 1000 };
}

/** On success the engine is left open: the process ends now, and its threads with it. */
async function run(args: ReduceArgs, stop: Stop, progress: Progress): Promise<Report> {
  if (args.timeout !== undefined) stop.limit(args.timeout);
  const helps = canHelp(args);
  const { source, engine } = await prepare(args, stop, helps);
  const passes = new Passes(engine, args, stop, progress, helps);
  try {
    progress.start();
    if (source === undefined) return await reduceGenerated(engine, args, passes, stop, progress);
    return await measure(engine.threads, () => {
      if (args.schedule === "pairwise") return passes.pairwise(source);
      return source.kind === "segments" ? passes.segments(source) : passes.batches(source);
    });
  } catch (error) {
    // The files last: workers read them until the engine is closed.
    await engine.close();
    source?.close();
    throw error;
  } finally {
    progress.stop();
  }
}

async function reduceGenerated(
  engine: Engine,
  { generate: length = 0, seed }: ReduceArgs,
  passes: Passes,
  stop: Stop,
  progress: Progress,
): Promise<Report> {
  const { generate } = await import("./generate.js");
  const view = await generate(engine, length, seed, stop, progress);
  return measure(engine.threads, async () => ({
    columns: [await passes.view(view, "float64")],
    rows: length,
    bytes: view.byteLength,
  }));
}

/** @throws RingfoldError; Interrupted */
export async function reduce(line: Line): Promise<void> {
  const args = reduceArgs(line);
  if (args.files.length === 0 && args.generate === undefined) {
    throw new UsageError("no input: name a file, or - for standard input", { wantsHelp: true });
  }
  const stop = new Stop();
  const progress = new Progress();
  stop.onExit = () => progress.stop();
  const report = await run(args, stop, progress);
  if (args.json) {
    write(1, jsonReport(report));
    return;
  }
  if (args.trace) write(2, formatRounds(report));
  write(1, formatReport(report));
  write(2, formatSummary(report));
}
