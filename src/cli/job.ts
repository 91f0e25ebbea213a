// One reduction: input and engine to passes, passes to a report, a report to paper.

import type { Engine } from "../engine/engine.js";
import type { Source } from "../input/source.js";
import type { ReduceArgs } from "./options.js";
import {
  formatReport,
  formatRounds,
  formatSummary,
  jsonReport,
  type Report,
  write,
} from "./output.js";
import { Passes, type Totals } from "./passes.js";
import { isPlace } from "./places.js";
import { Progress } from "./progress.js";
import { checkOpened } from "./rules.js";
import { Stop } from "./stop.js";

/** None if numbers are to be generated; two if two files are read side by side. */
async function open(args: ReduceArgs, note: (text: string) => void): Promise<Source[]> {
  if (args.generate !== undefined) return [];
  const { openSources } = await import("../input/open.js");
  const { files, columns, dtype, format, text, isPair, operators, modules } = args;
  const options = {
    columns,
    dtype,
    format,
    text,
    ordered: isPair || modules.length > 0 || operators.some(isPlace),
    note,
  };
  const inputs = isPair && columns.length === 0 ? files.map((file) => [file]) : [files];
  const sources: Source[] = [];
  try {
    for (const paths of inputs) sources.push(await openSources(paths, options));
    checkOpened(args, sources);
    return sources;
  } catch (error) {
    close(sources);
    throw error;
  }
}

function close(sources: readonly Source[]): void {
  for (const source of sources) source.close();
}

/** Opens the input while the workers start; if one of the two fails, the other is undone. */
async function prepare(
  args: ReduceArgs,
  starting: Promise<Engine>,
  stop: Stop,
  note: (text: string) => void,
) {
  const [opened, started] = await Promise.allSettled([stop.race(open(args, note)), starting]);
  if (opened.status === "fulfilled" && started.status === "fulfilled") {
    return { sources: opened.value, engine: started.value };
  }
  if (started.status === "fulfilled") await started.value.close();
  if (opened.status === "fulfilled") close(opened.value);
  throw opened.status === "rejected" ? opened.reason : (started as PromiseRejectedResult).reason;
}

async function measure(threads: number, work: () => Promise<Totals>): Promise<Report> {
  const start = performance.now();
  const totals = await work();
  return { ...totals, threads, seconds: (performance.now() - start) / 1000 };
}

/** On success the engine is left open: the process ends now, and its threads with it. */
async function run(
  args: ReduceArgs,
  starting: Promise<Engine>,
  helps: boolean,
  stop: Stop,
  progress: Progress,
  note: (text: string) => void,
): Promise<Report> {
  if (args.timeout !== undefined) stop.limit(args.timeout);
  const { sources, engine } = await prepare(args, starting, stop, note);
  const passes = new Passes(engine, args, stop, progress, helps);
  try {
    progress.start();
    const [source] = sources;
    if (source === undefined) return await reduceGenerated(engine, args, passes, stop, progress);
    return await measure(engine.threads, () => {
      if (args.isPair) return passes.pair(sources);
      if (args.schedule === "pairwise") return passes.pairwise(source);
      return source.kind === "segments" ? passes.segments(source) : passes.batches(source);
    });
  } catch (error) {
    // The files last: workers read them until the engine is closed.
    await engine.close();
    close(sources);
    throw error;
  } finally {
    progress.stop();
  }
}

async function reduceGenerated(
  engine: Engine,
  { generate: length = 0, seed, partial }: ReduceArgs,
  passes: Passes,
  stop: Stop,
  progress: Progress,
): Promise<Report> {
  const { generate, generated } = await import("./generate.js");
  // A state is of data that may be larger than memory.
  if (partial !== undefined) {
    return measure(engine.threads, () => passes.batches(generated(length, seed)));
  }
  const start = performance.now();
  const view = await generate(engine, length, seed, stop, progress);
  const generateSeconds = (performance.now() - start) / 1000;
  const report = await measure(engine.threads, async () => ({
    columns: [await passes.arrays(view, length, "float64")],
    rows: length,
    bytes: view.byteLength,
  }));
  return { ...report, generateSeconds };
}

/**
 * `helps`: this thread computes too, in the place of a worker.
 * @throws RingfoldError; Interrupted
 */
export async function runJob(
  args: ReduceArgs,
  starting: Promise<Engine>,
  helps: boolean,
): Promise<void> {
  const stop = new Stop();
  const progress = new Progress();
  stop.onExit = () => progress.stop();
  // Told at the end, below the bar.
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(`ringfold: ${text}\n`);
  };
  const work = run(args, starting, helps, stop, progress, note);
  const report = await work.finally(() => write(2, notes.join("")));
  if (args.partial !== undefined) {
    write(1, report.columns[0]?.results[args.partial] as Uint8Array);
    write(2, formatSummary(report));
    return;
  }
  if (args.json) {
    write(1, jsonReport(report));
    return;
  }
  if (args.trace) write(2, formatRounds(report));
  write(1, formatReport(report));
  write(2, formatSummary(report));
}
