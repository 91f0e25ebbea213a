// `ringfold stress`: runs a scenario, shows how it goes, and reports how it went.

import { availableParallelism } from "node:os";
import { loadPrimitives } from "../primitives.js";
import { loadScenario, MODULES } from "../stress/index.js";
import { type Outcome, runScenario } from "../stress/runner.js";
import type { Scenario, Settings } from "../stress/scenario.js";
import type { Line } from "./commands.js";
import { plural, styler, write } from "./output.js";
import { openReports, type ReportFile } from "./reports/file.js";
import { type EarlierRun, type StressReport, verdictOf } from "./reports/report.js";
import { Stop } from "./stop.js";
import { LiveView } from "./stress-live.js";
import { formatDuration, type StressArgs, scenarioName, stressArgs } from "./stress-options.js";
import { version } from "./version.js";

/** Of a violation. */
const EXIT_VIOLATED = 3;
/** Runs before the last that reports list. */
const MOST_EARLIER = 1000;

const say = (text: string): void => write(2, `ringfold: ${text}\n`);

/** The threads that were asked for, if they are more than there are processors. */
function warnOfThreads({ threads, producers, consumers }: StressArgs["settings"]): void {
  const processors = availableParallelism();
  const asked = Object.entries({ threads, producers, consumers }).filter(
    ([, count]) => count !== undefined,
  );
  const total = asked.reduce((sum, [, count]) => sum + (count ?? 0), 0);
  if (total <= processors) return;
  const options = asked.map(([name, count]) => `--${name} ${count}`).join(" ");
  say(
    `warning: ${options}: ${plural(total, "thread")} outnumber ${plural(processors, "processor")}; ` +
      "they take turns, and rates and latencies tell of the scheduler",
  );
}

interface Runs {
  readonly outcome: Outcome;
  readonly runs: number;
  readonly earlier: readonly EarlierRun[];
}

/** Once, or with one seed after the other until something does not hold. */
async function repeat(
  scenario: Scenario,
  { settings, untilFailure }: StressArgs,
  signal: AbortSignal,
  live: LiveView,
): Promise<Runs> {
  const earlier: EarlierRun[] = [];
  const watcher = {
    sample: live.sample.bind(live),
    event: live.event.bind(live),
  };
  for (let runs = 1, seed = settings.seed; ; runs++, seed = (seed + 1) >>> 0) {
    const count = untilFailure ? `run ${runs}, ` : "";
    const duration = formatDuration(settings.duration);
    const processors = plural(availableParallelism(), "processor");
    live.above(() => say(`${scenario.name}: ${count}seed ${seed}, ${duration}, ${processors}`));
    await live.start(untilFailure ? `${scenario.name} run ${runs}` : scenario.name);
    const full: Settings = { ...settings, seed, modules: MODULES };
    const outcome = await runScenario(scenario, full, signal, watcher);
    if (!untilFailure || verdictOf(outcome) !== "passed") return { outcome, runs, earlier };
    earlier.push({ seed, took: outcome.took });
    if (earlier.length > MOST_EARLIER) earlier.shift();
  }
}

/** To standard output. What kept a scenario from running is told as any error is, by failure.ts. */
async function print(report: StressReport, json: boolean): Promise<void> {
  if (verdictOf(report.outcome) === "failed") return;
  if (json) {
    const { jsonStress } = await import("./reports/json.js");
    write(1, jsonStress(report));
  } else {
    const { formatStress } = await import("./reports/text.js");
    write(1, formatStress(report, styler(1)));
  }
}

/** False if one of them could not be written, which is told: the others and the verdict stand. */
async function save(report: StressReport, files: readonly ReportFile[]): Promise<boolean> {
  let isSaved = true;
  for (const file of files) {
    try {
      if (file.option === "junit") {
        const { junitStress } = await import("./reports/junit.js");
        file.write(junitStress(report));
      } else {
        const { htmlStress } = await import("./reports/html.js");
        file.write(htmlStress(report));
      }
      say(`wrote ${file.path}`);
    } catch (error) {
      isSaved = false;
      say((error as Error).message);
    }
  }
  return isSaved;
}

/**
 * The exit code.
 * @throws RingfoldError; Interrupted, when everything is told; what kept the scenario from running
 */
export async function stress(line: Line): Promise<number> {
  const scenario = (await loadScenario(scenarioName(line))) as Scenario;
  const args = stressArgs(line, scenario);
  // What cannot be run is told before anything runs.
  if (args.settings.impl !== undefined) await loadPrimitives(args.settings.impl);
  const files = openReports({ junit: args.junit, html: args.html });
  const stop = new Stop();
  const live = new LiveView(scenario.unit, args.settings.duration);
  stop.onExit = () => {
    live.stop();
    for (const file of files) file.discard();
  };
  warnOfThreads(args.settings);
  const runs = await repeat(scenario, args, stop.signal, live).finally(() => live.stop());
  const place = {
    processors: availableParallelism(),
    runtime: `node ${process.versions.node}`,
    version: version(),
  };
  const report: StressReport = { ...runs, place };
  await print(report, args.json);
  const isSaved = await save(report, files);
  const { outcome } = runs;
  const verdict = verdictOf(outcome);
  if (verdict === "violated") return EXIT_VIOLATED;
  if (verdict === "failed") throw outcome.error;
  stop.signal.throwIfAborted();
  return isSaved ? 0 : 1;
}
