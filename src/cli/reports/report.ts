// What every report of `ringfold stress` tells, whatever it is written in: the outcome of the last
// run, how many there were, where it ran, and how to see a violation again.

import { chosen, type Outcome } from "../../stress/runner.js";
import type { Violation } from "../../stress/scenario.js";
import { formatDuration } from "../stress-options.js";
import { formatNumber, formatRate, formatSpan, printable, quoted } from "./format.js";

/** A run before the last, by --until-failure: it held. */
export interface EarlierRun {
  readonly seed: number;
  readonly took: number;
}

export interface Place {
  readonly processors: number;
  /** Such as "node 20.20.2". */
  readonly runtime: string;
  /** Of ringfold. */
  readonly version: string;
}

export interface StressReport {
  /** Of the last run. */
  readonly outcome: Outcome;
  /** How many there were. */
  readonly runs: number;
  /** Of those before the last, the newest. */
  readonly earlier: readonly EarlierRun[];
  readonly place: Place;
}

export type Verdict = "passed" | "violated" | "interrupted" | "failed";

/** A violation counts however the run ended. */
export function verdictOf({ violationCount, error, interrupted }: Outcome): Verdict {
  if (violationCount > 0) return "violated";
  if (error !== undefined) return "failed";
  return interrupted ? "interrupted" : "passed";
}

/** The verdict in words. */
export function verdictText({ outcome, runs }: StressReport): string {
  const verdict = verdictOf(outcome);
  const count = outcome.violationCount;
  const words = {
    passed: "passed",
    violated: `${formatNumber(count)} violation${count === 1 ? "" : "s"}`,
    interrupted: "interrupted, no violation until then",
    failed: "did not run to its end",
  }[verdict];
  const isLate = verdict === "violated" && outcome.interrupted;
  return `${words}${isLate ? ", then interrupted" : ""}${runs > 1 ? ` (run ${formatNumber(runs)})` : ""}`;
}

/** The command line that shows a violation again. */
export function replayLine({ scenario, settings }: Outcome, { replay = {} }: Violation): string {
  const { duration = settings.duration, ...more } = replay;
  const options = chosen({ ...settings, ...more }).filter(([name]) =>
    scenario.takes.includes(name),
  );
  const parts = options
    .map(([name, value]) => ` --${name} ${printable(quoted(String(value)))}`)
    .join("");
  const fixed = `--seed ${settings.seed} --duration ${formatDuration(duration)}`;
  return `ringfold stress ${scenario.name} ${fixed}${parts}`;
}

/** What was asked for, by name. */
export function parameters({ outcome, place }: StressReport): [string, string][] {
  const { settings, began } = outcome;
  return [
    ["seed", String(settings.seed)],
    ["duration", formatDuration(settings.duration)],
    ...chosen(settings).map(([name, value]): [string, string] => [name, printable(String(value))]),
    ["processors", String(place.processors)],
    ["runtime", place.runtime],
    ["ringfold", place.version],
    ["began", new Date(began).toISOString()],
  ];
}

export function operationsOf({ summary, samples }: Outcome): number {
  return summary?.operations ?? samples.at(-1)?.operations ?? 0;
}

export function ratePerSecond(outcome: Outcome): number {
  return outcome.took > 0 ? operationsOf(outcome) / (outcome.took / 1000) : 0;
}

/** What was counted and measured, by name. */
export function figures({ outcome, runs }: StressReport): [string, string][] {
  const { scenario, deaths, recoveries, took, summary } = outcome;
  const found: [string, string][] = [
    [scenario.unit, formatNumber(operationsOf(outcome))],
    ["rate", formatRate(ratePerSecond(outcome), scenario.unit)],
    ["time", formatSpan(took)],
  ];
  if (runs > 1) found.push(["runs", formatNumber(runs)]);
  if (deaths > 0 || recoveries > 0) {
    found.push(["deaths survived", `${formatNumber(recoveries)} of ${formatNumber(deaths)}`]);
  }
  for (const [name, value] of Object.entries(summary?.figures ?? {})) {
    found.push([name, typeof value === "number" ? formatNumber(value) : value]);
  }
  return found;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
