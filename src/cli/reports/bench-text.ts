// The report of `ringfold bench` for people, in plain text.

import { differenceOf } from "../../bench/compare.js";
import type { BenchReport } from "../bench.js";
import { formatTable, type styler } from "../output.js";
import { barAcross, barUp, hasBlocks } from "./bars.js";
import { type BenchTable, benchTables, type Cell, comparisonTable, facts } from "./bench-tables.js";

type Style = ReturnType<typeof styler>;

const width = (text: string): number => [...text].length;
const left = (text: string, most: number): string => text + " ".repeat(most - width(text));
const right = (text: string, most: number): string => " ".repeat(most - width(text)) + text;

const textOf = (cell: string | Cell): string => (typeof cell === "string" ? cell : cell.text);

/** The cells of a column, of one width: names stand left, figures right with their bars behind. */
function columnOf(table: BenchTable, i: number, blocks: boolean): string[] {
  const cells = table.rows.map((row) => row[i] ?? "");
  const head = table.columns[i] ?? "";
  const texts = cells.map(textOf);
  if (i < table.names) {
    const most = Math.max(...[head, ...texts].map(width));
    return [head, ...texts].map((text) => left(text, most));
  }
  const bars = cells.map((cell) => {
    if (typeof cell === "string") return "";
    return table.bars === 0 ? barUp(cell.bar, blocks) : barAcross(cell.bar, table.bars, blocks);
  });
  const figures = Math.max(...texts.map(width));
  const longest = Math.max(0, ...bars.map(width));
  if (longest === 0) {
    const most = Math.max(width(head), figures);
    return [head, ...texts].map((text) => right(text, most));
  }
  if (table.bars === 0) {
    const lines = texts.map((text, j) => `${bars[j]} ${right(text, figures)}`);
    const most = Math.max(width(head), ...lines.map(width));
    return [head, ...lines].map((text) => right(text, most));
  }
  const lines = texts.map((text, j) => `${right(text, figures)} ${bars[j]}`);
  const most = Math.max(width(head), figures + 1 + table.bars);
  return [head, ...lines].map((text) => left(text, most));
}

export function formatBenchTable(table: BenchTable, style: Style, blocks: boolean): string {
  const columns = table.columns.map((_, i) => columnOf(table, i, blocks));
  const lines = [...Array(table.rows.length + 1).keys()].map((j) =>
    columns
      .map((column) => column[j])
      .join("  ")
      .trimEnd(),
  );
  const [first = "", ...rest] = lines;
  const body =
    table.rows.length === 0
      ? ""
      : [style("dim", first), ...rest].map((line) => `  ${line}\n`).join("");
  const note = table.note === undefined ? "" : `  ${style("dim", table.note)}\n`;
  return `\n${style("bold", table.title)}\n${body}${note}`;
}

export function formatBench({ result, comparison, baseline }: BenchReport, style: Style): string {
  const blocks = hasBlocks(process.env);
  const tables = benchTables(result);
  const compared = comparison === undefined ? [] : [comparisonTable(comparison)];
  const other = baseline === undefined ? undefined : differenceOf(result, baseline);
  return [
    `${style("bold", "ringfold bench")}${result.interrupted ? `: ${style("red", "interrupted")}` : ""}\n`,
    formatTable(facts(result), "  "),
    ...[...tables, ...compared].map((table) => formatBenchTable(table, style, blocks)),
    other === undefined ? "" : `  the baseline is of another machine or version\n`,
  ].join("");
}
