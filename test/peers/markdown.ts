// A run of the benchmarks in Markdown, a chart and a table: what the README shows.

import { spread } from "./measure.js";
import { type Row, showSpread } from "./row.js";

/** Characters of the longest bar. */
const BAR = 40;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const GIB = 2 ** 30;

/** Sides of the bench `float64` as the chart has them. */
const CHARTED: readonly (readonly [title: string, side: string])[] = [
  ["pure read of the memory, 2 threads", "pure read, every byte, 2 threads"],
  ["ringfold, fast, 2 threads", "sum, reduceSync, 2 threads"],
  ["ringfold, exact, 2 threads", "sum, exact, reduceSync, 2 threads"],
  ["OpenMP, 2 threads", "sum, OpenMP, 2 threads"],
  ["oneTBB, 2 threads", "sum, oneTBB parallel_reduce, 2 threads"],
  ["Rayon par_chunks, 2 threads", "sum, Rayon par_chunks, 2 threads"],
  ["Rayon par_iter, 2 threads", "sum, Rayon par_iter, 2 threads"],
  ["ringfold, fast, 1 thread", "sum, reduceSync, 1 thread"],
  ["NumPy", "sum, NumPy, 1 thread"],
];

/** The sum of 1 GiB in GB/s, a bar a side; nothing where it was not measured. */
export function chartOf(times: { readonly [side: string]: readonly number[] }): string[] {
  const values = CHARTED.flatMap(([title, side]) => {
    const list = times[`1GiB: ${side}`];
    return list === undefined ? [] : [[title, GIB / spread(list).median / 1e6] as const];
  });
  if (values.length === 0) return [];
  const most = Math.max(...values.map(([, value]) => value));
  const width = Math.max(...values.map(([title]) => title.length));
  const lines = values.map(([title, value]) => {
    const eighths = Math.round((value / most) * BAR * 8);
    const bar = "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
    return `${title.padEnd(width)}  ${bar} ${value.toFixed(1)}`;
  });
  return [["```", "sum of 1 GiB of float64, GB/s", ...lines, "```"].join("\n")];
}

/** The rows that have a goal. */
export function table(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rows.flatMap(({ what, sides, figure, unit, goal }) => {
    if (goal === undefined) return [];
    const [ours = "", theirs = ""] = sides.map(({ name, text }) => cell(`${text} (${name})`));
    const sign = goal.is === "least" ? "≥" : "≤";
    const reached = `${showSpread(figure)} ${unit}`;
    return [`| ${cell(what)} | ${ours} | ${theirs} | ${reached} | ${sign} ${goal.at} ${unit} |`];
  });
  return [
    "| what | ringfold | peer | median [quartiles] | goal |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
