// A stress report for continuous integration: JUnit's XML, in the form that its readers agree on. A
// test case is a phase of a run: what was found while it ran is its failure.

import type { Outcome, Phase } from "../../stress/runner.js";
import { silent } from "../output.js";
import { escapeMarkup, printable } from "./format.js";
import {
  errorText,
  figures,
  parameters,
  replayLine,
  type StressReport,
  verdictText,
} from "./report.js";
import { formatStressTable } from "./text.js";

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

function element(name: string, attributes: Readonly<Record<string, string>>, body: string): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    // Line ends in an attribute would be read as spaces.
    return ` ${key}="${escapeMarkup(value).replace(/[\n\t]/g, " ")}"`;
  });
  return body === "" ? `<${name}${list.join("")}/>` : `<${name}${list.join("")}>${body}</${name}>`;
}

function failure(outcome: Outcome, phase: string): string {
  const found = outcome.violations.filter((violation) => violation.phase === phase);
  const [first] = found;
  if (first === undefined) return "";
  const text = found
    .map((one) => `${one.rule}\n${one.detail}\nagain: ${replayLine(outcome, one)}`)
    .join("\n\n");
  return element("failure", { message: first.rule, type: "violation" }, escapeMarkup(text));
}

/** The phases, and what was found while none of them ran. */
function phasesOf({ phases, violations, took, error }: Outcome): Phase[] {
  const found = [...phases];
  for (const { phase } of violations) {
    if (!found.some(({ name }) => name === phase)) found.push({ name: phase, milliseconds: 0 });
  }
  if (found.length === 0 || error !== undefined) found.push({ name: "", milliseconds: took });
  return found;
}

export function junitStress(report: StressReport): string {
  const { outcome, earlier } = report;
  const { scenario, settings, violations, error, summary } = outcome;
  const classname = `ringfold.stress.${scenario.name}`;
  const testcase = (name: string, seed: number, time: number, body: string) => {
    const label = name === "" ? `seed ${seed}` : `${name} (seed ${seed})`;
    return element("testcase", { classname, name: label, time: seconds(time) }, body);
  };
  const phases = phasesOf(outcome);
  const cases = [
    ...earlier.map(({ seed, took }) => testcase("", seed, took, "")),
    ...phases.map(({ name, milliseconds }) => {
      const isError = error !== undefined && name === "";
      const text = isError ? escapeMarkup(errorText(error)) : "";
      const message = error instanceof Error ? error.message : String(error);
      const broken = isError ? element("error", { message, type: "error" }, text) : "";
      return testcase(name, settings.seed, milliseconds, failure(outcome, name) + broken);
    }),
  ];
  const failed = phases.filter(({ name }) => violations.some(({ phase }) => phase === name));
  const properties = [...parameters(report), ...figures(report)].map(([name, value]) =>
    element("property", { name, value }, ""),
  );
  const output = [
    `${scenario.name}: ${verdictText(report)}`,
    ...(summary?.tables ?? []).map((table) => formatStressTable(table, silent)),
  ].join("\n");
  const counts = {
    tests: String(cases.length),
    failures: String(failed.length),
    errors: String(error === undefined ? 0 : 1),
  };
  const total = earlier.reduce((sum, { took }) => sum + took, outcome.took);
  const time = seconds(total);
  const suite = element(
    "testsuite",
    {
      name: `ringfold stress ${scenario.name}`,
      ...counts,
      skipped: "0",
      time,
      timestamp: new Date(outcome.began).toISOString().slice(0, 19),
    },
    [
      "",
      element("properties", {}, `\n${properties.join("\n")}\n`),
      ...cases,
      element("system-out", {}, escapeMarkup(printable(output))),
      "",
    ].join("\n"),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    "testsuites",
    { name: "ringfold stress", ...counts, time },
    `\n${suite}\n`,
  )}\n`;
}
