// A stress report for programs: one JSON object.

import { formatJson, jsonValue } from "../output.js";
import { operationsOf, ratePerSecond, replayLine, type StressReport, verdictOf } from "./report.js";

export function jsonStress({ outcome, runs, place }: StressReport): string {
  const { scenario, settings, violations, summary } = outcome;
  return formatJson({
    scenario: scenario.name,
    verdict: verdictOf(outcome),
    interrupted: outcome.interrupted,
    seed: settings.seed,
    runs,
    // Null: not chosen, so the scenario varied it or took what suits it.
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value ?? null]),
    ),
    processors: place.processors,
    runtime: place.runtime,
    ringfold: place.version,
    began: new Date(outcome.began).toISOString(),
    seconds: outcome.took / 1000,
    unit: scenario.unit,
    operations: jsonValue(operationsOf(outcome)),
    operationsPerSecond: jsonValue(ratePerSecond(outcome)),
    deaths: outcome.deaths,
    recoveries: outcome.recoveries,
    figures: jsonValue(summary?.figures ?? {}),
    tables: jsonValue(summary?.tables ?? []),
    violationCount: outcome.violationCount,
    violations: violations.map((violation) => ({
      rule: violation.rule,
      detail: violation.detail,
      phase: violation.phase,
      seconds: violation.at / 1000,
      seed: settings.seed,
      replay: replayLine(outcome, violation),
    })),
  });
}
