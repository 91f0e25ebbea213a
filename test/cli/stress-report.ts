// Outcomes of runs as literals, from which the tests build reports.

import type { StressReport } from "../../src/cli/reports/report.js";
import type { Outcome, TimedEvent, TimedSample } from "../../src/stress/runner.js";
import { NOTHING_CHOSEN } from "../stress/settings.js";

export const SCENARIO = {
  name: "kill",
  describe: "Kills workers at random times and at named fault points, while jobs run.",
  asserts: "the same bits as without the death, within a bound; nothing is left behind",
  unit: "jobs",
  takes: ["threads", "producers", "rate"],
} as const;

export function samples(count: number): TimedSample[] {
  let operations = 0;
  return Array.from({ length: count }, (_, i) => {
    operations += 41_000 + Math.round(9_000 * Math.sin(i / 9)) - (i % 13 === 0 ? 22_000 : 0);
    return {
      at: (i + 1) * 100,
      phase: i < count / 2 ? "terminate" : "fault points",
      operations,
      p50: 0.8 + 0.2 * Math.sin(i / 5),
      p99: 4 + 3 * Math.sin(i / 7) + (i % 13 === 0 ? 40 : 0),
    };
  });
}

export function events(count: number, span: number): TimedEvent[] {
  return Array.from({ length: count }, (_, i): TimedEvent[] => {
    const at = ((i + 0.5) / count) * span;
    const took = 18 + 9 * Math.sin(i) + (i % 5);
    return [
      { kind: "death", at, text: `worker ${i % 4} terminated in "claim <batch>"` },
      { kind: "recovery", at: at + took, text: `worker ${i % 4} replaced`, took },
    ];
  }).flat();
}

/** A run that held, with `more` in place of what it says. */
export function report(more: Partial<Outcome> = {}, runs = 1): StressReport {
  const outcome: Outcome = {
    scenario: SCENARIO,
    settings: {
      seed: 2_718_281_828,
      duration: 12_000,
      ...NOTHING_CHOSEN,
      threads: 4,
    },
    began: Date.UTC(2026, 10, 23, 9, 30, 15),
    took: 12_034.5,
    samples: samples(120),
    events: events(12, 12_000),
    deaths: 12,
    recoveries: 12,
    phases: [
      { name: "terminate", milliseconds: 6000 },
      { name: "fault points", milliseconds: 6034.5 },
    ],
    violations: [],
    violationCount: 0,
    interrupted: false,
    summary: {
      operations: 4_812_345,
      figures: { "slowest recovery (ms)": 31.25, "fault points hit": "27 of 27" },
      tables: [
        {
          title: "Latency (ms)",
          columns: ["what", "p50", "p90", "p99", "p99.9", "p99.99", "max"],
          rows: [
            ["ring", 0.8012, 1.9, 4.25, 17.5, 40.125, 44],
            ["postMessage", 12.25, 30, 61.5, 180, 410.75, 1234.5],
          ],
        },
        {
          title: "How they died",
          columns: ["how", "times", "slowest recovery"],
          rows: [
            ["terminate()", 7, "31.25 ms"],
            ["process.exit() in a <user> operator", 5, "24.5 ms"],
          ],
        },
      ],
    },
    error: undefined,
    ...more,
  };
  const place = { processors: 2, runtime: "node 20.20.2", version: "0.1.0" };
  const earlier = Array.from({ length: runs - 1 }, (_, i) => ({ seed: i, took: 100 }));
  return { outcome, runs, earlier, place };
}

/** Text that breaks out of whatever does not escape it. */
export const HOSTILE =
  `</script><script>document.title="broken"</script><img src=x onerror="document.title='broken'">` +
  `<!-- ]]> & "quotes" 'single' \u2028 \u0000\u001b[31m\u0007 \ud800 end`;

/** A run that did not hold, in hostile words. */
export function violated(more: Partial<Outcome> = {}): StressReport {
  return report({
    violations: [
      {
        rule: `every item exactly once ${HOSTILE}`,
        detail: `item 17 was seen 2 times\nfirst by consumer 0\n${HOSTILE}`,
        replay: { threads: 2, producers: 3, consumers: 9 },
        at: 5120.25,
        phase: "terminate",
      },
    ],
    violationCount: 1,
    ...more,
  });
}
