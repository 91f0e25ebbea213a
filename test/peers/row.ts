// A row of the table of speeds: ours, theirs, ratio, goal; and how it is shown.

import { fastest, ratios, type Spread, spread, type Times, timesOf } from "./measure.js";

export interface Goal {
  /** What the row's figure has to reach, or to stay below. */
  readonly at: number;
  readonly is: "least" | "most";
}

export interface Row {
  readonly name: string;
  readonly what: string;
  /** Ours, then theirs, each with the unit of `scale`. */
  readonly sides: readonly { readonly name: string; readonly text: string }[];
  readonly figure: Spread;
  readonly unit: string;
  readonly goal: Goal | undefined;
  readonly notes: string[];
}

/** Shows a time of the row, such as milliseconds or GB/s. */
export type Show = (time: number) => string;

export function digits(x: number): string {
  if (x >= 1000) return Math.round(x).toLocaleString("en-US");
  return x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

export function showSpread({ median, low, high }: Spread): string {
  return `${digits(median)} [${digits(low)} ${digits(high)}]`;
}

export const least = (at: number): Goal => ({ at, is: "least" });
export const most = (at: number): Goal => ({ at, is: "most" });

/** A row whose figure is a ratio: the fastest of ours to the fastest of theirs. */
export function ratioRow(
  name: string,
  what: string,
  times: Times,
  ours: readonly string[],
  theirs: readonly string[],
  show: Show,
  goal?: Goal,
): Row {
  const us = fastest(times, ours);
  const them = fastest(times, theirs);
  const side = (n: string) => ({ name: n, text: show(spread(timesOf(times, n)).median) });
  return {
    name,
    what,
    sides: [side(us), side(them)],
    figure: spread(ratios(times, us, them)),
    unit: "×",
    goal,
    notes: [],
  };
}

/** A row whose figure is a measure of ours alone. */
export function figureRow(
  name: string,
  what: string,
  values: readonly number[],
  unit: string,
  goal?: Goal,
): Row {
  return { name, what, sides: [], figure: spread(values), unit, goal, notes: [] };
}

export function isMet({ figure, goal }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.is === "least" ? figure.median >= goal.at : figure.median <= goal.at;
}

function verdict(row: Row): string {
  const { goal, unit } = row;
  if (goal === undefined) return "";
  const sign = goal.is === "least" ? "≥" : "≤";
  return `goal ${sign} ${goal.at} ${unit}: ${isMet(row) ? "met" : "MISSED"}`;
}

export function format(row: Row): string {
  const lines = [`${row.name}: ${row.what}`];
  for (const [i, { name, text }] of row.sides.entries()) {
    lines.push(`    ${i === 0 ? "ours  " : "theirs"}  ${text.padEnd(24)}  ${name}`);
  }
  lines.push(`    ${showSpread(row.figure)} ${row.unit}   ${verdict(row)}`.trimEnd());
  for (const text of row.notes) lines.push(`    ${text}`);
  return lines.join("\n");
}

/** One line a row. */
export function summary(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    ...[0, 1].map((i) => row.sides[i]?.text ?? ""),
    `${showSpread(row.figure)} ${row.unit}`,
    verdict(row),
  ]);
  cells.unshift(["", "ours", "theirs", "median [quartiles]", ""]);
  const widths = [0, 1, 2, 3].map((i) => Math.max(...cells.map((c) => (c[i] ?? "").length)));
  return cells
    .map((c) =>
      c
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
