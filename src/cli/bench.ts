// `ringfold bench`: measures, shows the figures, compares them with an earlier run.

import { availableParallelism } from "node:os";
import {
  type Comparison,
  compare,
  confirmed,
  differenceOf,
  formatSize,
  planAgain,
} from "../bench/compare.js";
import { runBench } from "../bench/index.js";
import { makePlan, PARTS, type Plan, type Wanted } from "../bench/plan.js";
import type { BenchResult } from "../bench/result.js";
import { operatorOf } from "../operators/builtin.js";
import { dtypeInfo } from "../operators/dtype.js";
import { readBaseline } from "./bench-baseline.js";
import { BenchLive } from "./bench-live.js";
import { type BenchArgs, benchArgs } from "./bench-options.js";
import type { Line } from "./commands.js";
import { plural, styler, write } from "./output.js";
import { openReports, type ReportFile } from "./reports/file.js";
import { Stop } from "./stop.js";
import { refuse, UsageError } from "./usage.js";
import { version } from "./version.js";

/** Something is slower. */
const EXIT_SLOWER = 3;

const say = (text: string): void => write(2, `ringfold: ${text}\n`);

/** @throws UsageError if nothing is left of what was asked for */
function checkPlan({ operators, sizes }: Wanted, plan: Plan): void {
  for (const name of operators ?? []) {
    if (!plan.parts.has("operators") || plan.cases.some((one) => one.operator === name)) continue;
    const reason = operatorOf(name).rejects(dtypeInfo("float64"));
    throw new UsageError(`--op: ${name} takes none of these dtypes: ${reason ?? "see --dtype"}`);
  }
  const [first] = plan.leftOut;
  refuse(
    sizes !== undefined && plan.sizes.length === 0,
    `--size: ${first === undefined ? "" : `${formatSize(first.bytes)} ${first.why}`}`,
  );
}

/** What will be measured, and what of it is doubtful. */
function announce(plan: Plan): void {
  const parts = PARTS.filter((part) => plan.parts.has(part)).join(", ");
  const threads = plan.threads.join(", ");
  const rounds = plural(plan.rounds, "round");
  say(`bench: ${parts}; threads ${threads} of ${availableParallelism()}; ${rounds}`);
  for (const { bytes, why } of plan.leftOut) say(`${formatSize(bytes)} is left out: it ${why}`);
  const processors = availableParallelism();
  const most = Math.max(...plan.threads);
  if (most <= processors) return;
  say(
    `warning: --threads ${most}: ${plural(most, "thread")} outnumber ` +
      `${plural(processors, "processor")}; they take turns`,
  );
}

export interface BenchReport {
  readonly result: BenchResult;
  readonly comparison: Comparison | undefined;
  readonly baseline: BenchResult | undefined;
}

async function print(report: BenchReport, json: boolean): Promise<void> {
  if (json) {
    const { formatJson } = await import("./output.js");
    const { result, comparison } = report;
    write(1, formatJson({ ...result, ...(comparison === undefined ? {} : { comparison }) }));
  } else {
    const { formatBench } = await import("./reports/bench-text.js");
    write(1, formatBench(report, styler(1)));
  }
}

/** False if it could not be written, which is told. */
async function save(report: BenchReport, files: readonly ReportFile[]): Promise<boolean> {
  try {
    for (const file of files) {
      const { htmlBench } = await import("./reports/bench-html.js");
      file.write(htmlBench(report));
      say(`wrote ${file.path}`);
    }
    return true;
  } catch (error) {
    say((error as Error).message);
    return false;
  }
}

function compareWith(
  result: BenchResult,
  baseline: BenchResult | undefined,
  { failUnder }: BenchArgs,
): Comparison | undefined {
  if (baseline === undefined) return undefined;
  const difference = differenceOf(result, baseline);
  if (difference !== undefined) say(`warning: --baseline: ${difference}`);
  const comparison = compare(result, baseline, failUnder);
  if (comparison === undefined && !result.interrupted) {
    throw new UsageError("--baseline: nothing was measured in both runs");
  }
  return comparison;
}

/**
 * The exit code.
 * @throws RingfoldError; Interrupted, when everything is told
 */
export async function bench(line: Line): Promise<number> {
  const args = benchArgs(line);
  const plan = makePlan(args.wanted);
  checkPlan(args.wanted, plan);
  const baseline = args.baseline === undefined ? undefined : readBaseline(args.baseline);
  const files = openReports({ html: args.html });
  const stop = new Stop();
  const live = new BenchLive();
  const discard = () => {
    live.stop();
    for (const file of files) file.discard();
  };
  stop.onExit = discard;
  announce(plan);
  await live.start();
  let report: BenchReport;
  try {
    const watch = { signal: stop.signal, progress: live.progress.bind(live) };
    const run = (what: Plan) => runBench(what, version(), watch);
    const result = await run(plan);
    live.pause();
    let comparison = compareWith(result, baseline, args);
    const slower = comparison?.rows.filter(({ isSlower }) => isSlower).length ?? 0;
    if (comparison !== undefined && baseline !== undefined && slower > 0 && !result.interrupted) {
      say(`${slower} below ${args.failUnder}: measured once more`);
      const second = await run(planAgain(plan, result, comparison));
      comparison = confirmed(comparison, compare(second, baseline, args.failUnder));
    }
    live.stop();
    report = { result, baseline, comparison };
  } catch (error) {
    discard();
    throw error;
  }
  await print(report, args.json);
  const isSaved = await save(report, files);
  stop.signal.throwIfAborted();
  if (report.comparison?.rows.some(({ isSlower }) => isSlower)) return EXIT_SLOWER;
  return isSaved ? 0 : 1;
}
