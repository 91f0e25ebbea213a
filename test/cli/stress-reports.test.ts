// The reports of `ringfold stress`, built from outcomes that are literals.

import { spawnSync } from "node:child_process";
import {
  escapeMarkup,
  formatNumber,
  formatRate,
  formatSpan,
} from "../../src/cli/reports/format.js";
import { jsonStress } from "../../src/cli/reports/json.js";
import { junitStress } from "../../src/cli/reports/junit.js";
import { replayLine, verdictOf } from "../../src/cli/reports/report.js";
import { formatStress } from "../../src/cli/reports/text.js";
import { formatDuration } from "../../src/cli/stress-options.js";
import { assert, test } from "../harness.js";
import { HOSTILE, report, violated } from "./stress-report.js";

const plain = (_: string, text: string): string => text;

test("figures are short, and keep what matters", () => {
  const numbers: [number, string][] = [
    [0, "0"],
    [-1234567, "-1,234,567"],
    [1234.5, "1,235"],
    [0.000123456, "0.0001235"],
    [41.30001, "41.3"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ];
  for (const [value, text] of numbers) assert.is(formatNumber(value), text);
  assert.is(formatRate(999, "items"), "999 items/s");
  assert.is(formatRate(1_234_567, "items"), "1.23 M items/s");
  assert.is(formatRate(0, "items"), "0 items/s");
  const spans: [number, string][] = [
    [0, "0 ms"],
    [0.0000125, "12.5 ns"],
    [0.85, "850 µs"],
    [41.25, "41.3 ms"],
    [12_034, "12 s"],
    [200_000, "3 min 20 s"],
    [7_260_000, "2 h 1 min"],
  ];
  for (const [value, text] of spans) assert.is(formatSpan(value), text);
  const durations: [number, string][] = [
    [1, "1ms"],
    [1500, "1500ms"],
    [10_000, "10s"],
    [90_000, "90s"],
    [120_000, "2m"],
    [7 * 86_400_000, "7d"],
  ];
  for (const [value, text] of durations) assert.is(formatDuration(value), text);
});

test("a violation counts however the run ended, and an interruption before passing", () => {
  assert.is(verdictOf(report().outcome), "passed");
  assert.is(verdictOf(report({ interrupted: true }).outcome), "interrupted");
  assert.is(verdictOf(report({ error: new Error("x") }).outcome), "failed");
  assert.is(verdictOf(violated({ interrupted: true, error: 1 }).outcome), "violated");
});

test("the line that replays has the options that were given and those the violation needs", () => {
  const { outcome } = violated();
  const [violation] = outcome.violations;
  const start = "ringfold stress kill --seed 2718281828 --duration";
  // Not --consumers, which this scenario does not take.
  assert.is(replayLine(outcome, violation!), `${start} 12s --producers 3 --threads 2`);
  assert.is(replayLine(outcome, { rule: "", detail: "" }), `${start} 12s --threads 4`);
  const short = { rule: "", detail: "", replay: { duration: 2500, rate: 7 } };
  assert.is(replayLine(outcome, short), `${start} 2500ms --threads 4 --rate 7`);
});

test("people read verdict, seed, figures, aligned tables and violations", () => {
  const text = formatStress(report(), plain);
  const lines = text.split("\n");
  assert.is(lines[0], "kill: passed");
  for (const line of [
    "  seed                   2718281828",
    "  threads                4",
    "  processors             2",
    "  jobs                   4,812,345",
    "  rate                   400 k jobs/s",
    "  deaths survived        12 of 12",
    "  slowest recovery (ms)  31.25",
    "Latency (ms)",
    "  what            p50  p90   p99  p99.9  p99.99    max",
    "  ring         0.8012  1.9  4.25   17.5   40.13     44",
    "  postMessage   12.25   30  61.5    180   410.8  1,235",
  ]) {
    assert.ok(lines.includes(line), `${line}\nis missing in\n${text}`);
  }
  const broken = formatStress(violated(), plain);
  assert.match(broken, "kill: 1 violation\n");
  assert.match(broken, "violation: every item exactly once");
  assert.match(broken, "  item 17 was seen 2 times\n  first by consumer 0\n");
  assert.match(
    broken,
    "  ringfold stress kill --seed 2718281828 --duration 12s --producers 3 --threads 2",
  );
  // Nothing of it gives orders to a terminal.
  assert.not.match(broken, /[^\P{Cc}\n]/u);
  const many = formatStress(violated({ violationCount: 1001 }), plain);
  assert.match(many, "kill: 1,001 violations\n");
  assert.match(many, "1,000 more violations are not shown.");
  assert.match(formatStress(report({ interrupted: true }), plain), "kill: interrupted");
  assert.match(formatStress(report({}, 7), plain), "kill: passed (run 7)");
});

test("programs get one object with the members it promises", () => {
  const found = JSON.parse(jsonStress(violated()));
  assert.equal(Object.keys(found), [
    ...["version", "scenario", "verdict", "interrupted", "seed", "runs", "settings"],
    ...["processors", "runtime", "ringfold", "began", "seconds", "unit", "operations"],
    ...["operationsPerSecond", "deaths", "recoveries", "figures", "tables"],
    ...["violationCount", "violations"],
  ]);
  assert.equal([found.version, found.scenario, found.verdict], [1, "kill", "violated"]);
  assert.equal([found.seed, found.runs, found.seconds], [2718281828, 1, 12.0345]);
  assert.equal([found.operations, found.deaths, found.recoveries], [4812345, 12, 12]);
  assert.equal(found.settings, {
    ...{ seed: 2718281828, duration: 12000, producers: null, consumers: null },
    ...{ capacity: null, batch: null, threads: 4, rate: null, impl: null },
  });
  assert.equal(found.tables[0].rows[0], ["ring", 0.8012, 1.9, 4.25, 17.5, 40.125, 44]);
  const [violation] = found.violations;
  assert.is(violation.rule, `every item exactly once ${HOSTILE}`);
  assert.is(
    violation.replay,
    "ringfold stress kill --seed 2718281828 --duration 12s --producers 3 --threads 2",
  );
  const summary = { operations: 0, figures: { worst: Number.NaN }, tables: [] };
  assert.equal(JSON.parse(jsonStress(report({ summary }))).figures, { worst: "NaN" });
});

interface Xml {
  readonly tag: string;
  readonly attributes: Record<string, string>;
  readonly text: string;
  readonly children: Xml[];
}

/** By the parser of Python's library, which takes well-formed XML only. */
function parseXml(xml: string): Xml {
  const script = `
import sys, json
import xml.etree.ElementTree as tree
def plain(e):
    return {"tag": e.tag, "attributes": e.attrib, "text": e.text or "", "children": [plain(c) for c in e]}
print(json.dumps(plain(tree.fromstring(sys.stdin.buffer.read()))))`;
  const options = { input: xml, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3", ["-c", script], options);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout) as Xml;
}

const all = ({ children }: Xml, tag: string): Xml[] => children.filter((one) => one.tag === tag);

test("JUnit's readers get a test case a phase, and failures with the line that replays", () => {
  const suites = parseXml(junitStress(violated()));
  assert.is(suites.tag, "testsuites");
  const [suite] = all(suites, "testsuite") as [Xml];
  const { tests, failures, errors, skipped, name, time, timestamp } = suite.attributes;
  assert.equal([tests, failures, errors, skipped], ["2", "1", "0", "0"]);
  assert.equal([name, time], ["ringfold stress kill", "12.034"]);
  assert.is(timestamp, "2026-11-23T09:30:15");
  const cases = all(suite, "testcase");
  assert.equal(
    cases.map(({ attributes }) => attributes),
    [
      { classname: "ringfold.stress.kill", name: "terminate (seed 2718281828)", time: "6.000" },
      { classname: "ringfold.stress.kill", name: "fault points (seed 2718281828)", time: "6.035" },
    ],
  );
  const [failure] = all(cases[0]!, "failure") as [Xml];
  assert.match(failure.attributes["message"] as string, "every item exactly once </script>");
  assert.match(failure.text, "item 17 was seen 2 times\nfirst by consumer 0\n</script>");
  assert.match(failure.text, "again: ringfold stress kill --seed 2718281828 --duration 12s --prod");
  assert.equal(all(cases[1]!, "failure"), []);
  const properties = Object.fromEntries(
    all(all(suite, "properties")[0]!, "property").map(({ attributes }) => [
      attributes["name"],
      attributes["value"],
    ]),
  );
  assert.is(properties["seed"], "2718281828");
  assert.is(properties["runtime"], "node 20.20.2");
  assert.is(properties["processors"], "2");
  assert.is(properties["threads"], "4");
  assert.match(all(suite, "system-out")[0]!.text, "postMessage   12.25");
});

test("JUnit: runs that held, a violation outside any phase, and what kept it from running", () => {
  const held = parseXml(junitStress(report({}, 3)));
  assert.equal([held.attributes["tests"], held.attributes["failures"]], ["4", "0"]);
  const bare = violated({ phases: [], samples: [], summary: undefined });
  const [violation] = bare.outcome.violations;
  const outside = violated({ phases: [], violations: [{ ...violation!, phase: "" }] });
  for (const one of [bare, outside]) {
    const { attributes } = parseXml(junitStress(one));
    assert.equal([attributes["tests"], attributes["failures"]], ["1", "1"]);
  }
  const error = parseXml(
    junitStress(report({ error: new Error("no <memory>"), summary: undefined })),
  );
  assert.equal([error.attributes["errors"], error.attributes["failures"]], ["1", "0"]);
  assert.match(JSON.stringify(error), "no <memory>");
});

test("markup has no character that XML forbids, and no mark that stays one", () => {
  for (let code = 0; code < 0x3000; code++) {
    const text = escapeMarkup(String.fromCharCode(code));
    assert.not.match(text, /[<>"']|[^\P{Cc}\n\t]/u, `U+${code.toString(16)}`);
  }
  assert.is(escapeMarkup("a\r\nb & \ufffe\ud800"), "a\nb &amp; \\ufffe\ufffd");
});
