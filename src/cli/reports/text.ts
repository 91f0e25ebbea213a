// A stress report for people, in plain text.

import { chosen } from "../../stress/runner.js";
import type { Table, Violation } from "../../stress/scenario.js";
import type { styler } from "../output.js";
import { formatCell, formatNumber, printable } from "./format.js";
import {
  errorText,
  figures,
  replayLine,
  type StressReport,
  verdictOf,
  verdictText,
} from "./report.js";

type Style = ReturnType<typeof styler>;

const indented = (text: string, by: string): string => text.trimEnd().replace(/^/gm, by);

/** By code points: near enough for names and figures. */
const width = (text: string): number => [...text].length;

function columnsOf(lines: readonly (readonly string[])[], isRight: readonly boolean[]): string[] {
  const widths = (lines[0] ?? []).map((_, i) =>
    Math.max(...lines.map((line) => width(line[i] ?? ""))),
  );
  return lines.map((line) =>
    widths
      .map((most, i) => {
        const cell = line[i] ?? "";
        const space = " ".repeat(most - width(cell));
        return isRight[i] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Numbers stand right: as a column does that has nothing else but "–", for none. */
export function rightColumns({ columns, rows }: Table): boolean[] {
  return columns.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number" || row[i] === "–"),
  );
}

export function formatStressTable(table: Table, style: Style): string {
  const oneLine = (text: string) => text.replace(/\s+/g, " ");
  const head = table.columns.map((name) => oneLine(printable(name)));
  const body = table.rows.map((row) => row.map((cell) => oneLine(formatCell(cell))));
  const [first = "", ...rest] = columnsOf([head, ...body], rightColumns(table));
  const lines = [style("dim", first), ...rest].map((line) => `  ${line}\n`).join("");
  return `\n${style("bold", printable(table.title))}\n${lines}`;
}

function formatViolation(report: StressReport, violation: Violation, style: Style): string {
  const { rule, detail } = violation;
  const { seed } = report.outcome.settings;
  return [
    "",
    `${style("red", "violation:")} ${style("bold", printable(rule))}`,
    indented(printable(detail), "  "),
    `  seed ${seed}; again:`,
    `  ${replayLine(report.outcome, violation)}`,
    "",
  ].join("\n");
}

export function formatStress(report: StressReport, style: Style): string {
  const { outcome, place } = report;
  const { scenario, settings, violations, violationCount, summary } = outcome;
  const verdict = verdictOf(outcome);
  const asked = chosen(settings).map(([name, value]): [string, string] => [
    name,
    printable(String(value)),
  ]);
  const entries: [string, string][] = [
    ["asserts", scenario.asserts],
    ["seed", String(settings.seed)],
    ...asked,
    ["processors", String(place.processors)],
    ...figures(report),
  ];
  const lines = columnsOf(
    entries.map(([name, value]) => [printable(name), printable(value)]),
    [false, false],
  );
  const shown = verdict === "passed" ? verdictText(report) : style("red", verdictText(report));
  const more = violationCount - violations.length;
  return [
    `${style("bold", scenario.name)}: ${shown}\n`,
    ...lines.map((line) => `  ${line}\n`),
    ...(summary?.tables ?? []).map((table) => formatStressTable(table, style)),
    ...violations.map((violation) => formatViolation(report, violation, style)),
    outcome.error === undefined ? "" : `\n${indented(printable(errorText(outcome.error)), "  ")}\n`,
    more > 0 ? `\n${formatNumber(more)} more violations are not shown.\n` : "",
  ].join("");
}
