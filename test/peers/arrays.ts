// Reductions of arrays against those who do it in C++, Rust and NumPy: a bench a dtype, all sizes from
// the innermost cache to far beyond the outermost, one thread and two. Rows with goals, and tables of
// all the rest.

import { ARRAY_DTYPES, type ArrayDtype } from "./arrays-data.js";
import {
  exactly,
  Field,
  IN_ONE_PASS,
  IN_ONE_PASS_EXACT,
  JOBS,
  NUMPY,
  nameOf,
  OPENMP,
  OURS,
  RIVALS,
  readBy,
  TBB,
  TOGETHER,
} from "./arrays-sides.js";
import { tableRow, tables } from "./arrays-table.js";
import { note, ratios, spread, type Times, timesOf } from "./measure.js";
import type { NativeName } from "./native.js";
import { digits, least, type Row, ratioRow } from "./row.js";

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const SIZES: { readonly [size: string]: number } = {
  "16KiB": 16 * KIB,
  "256KiB": 256 * KIB,
  "4MiB": 4 * MIB,
  "64MiB": 64 * MIB,
  "1GiB": 1024 * MIB,
};

/** What the fast results on two threads have to reach against OpenMP's. */
const GOALS: { readonly [row: string]: number } = {
  "float64-1GiB-sum": 1.05,
  "float64-64MiB-sum": 1,
  "float64-4MiB-sum": 0.9,
  "float64-256KiB-sum": 0.7,
  "float64-1GiB-min": 1,
  "float64-1GiB-max": 1,
  "float64-1GiB-dot": 1,
  "float32-1GiB-sum": 1,
  "int32-1GiB-sum": 1,
};
/** A second thread is judged only where it doubles the pure read. */
const DOUBLES = 1.9;

/** A row that is made of the times of one array. */
interface Comparison {
  readonly name: string;
  readonly what: string;
  readonly ours: string;
  /** The fastest of these is who counts, or the slowest. */
  readonly theirs: readonly string[];
  readonly slowest?: true;
  readonly goal: number;
}

const oneThread = (job: string) => nameOf(job, OURS, 1);
const twoThreads = (job: string, who = OURS) => nameOf(job, who, 2);

function comparisons(dtype: ArrayDtype, size: string): Comparison[] {
  const all: Comparison[] = [];
  const add = (name: string, ours: string, theirs: string[], what: string, goal: number) => {
    all.push({
      name: `${dtype}-${size}-${name}`,
      what: `${dtype}, ${size}, ${what}`,
      ours,
      theirs,
      goal,
    });
  };
  for (const job of JOBS) {
    const goal = GOALS[`${dtype}-${size}-${job}`];
    if (goal === undefined) continue;
    add(job, twoThreads(job), [twoThreads(job, OPENMP)], `${job} against OpenMP, 2 threads`, goal);
  }
  if (dtype !== "float64" || size !== "1GiB") return all;
  const sum = twoThreads("sum");
  const [exact, inexact] = [twoThreads(exactly("sum")), twoThreads("sum", OPENMP)];
  add("read", sum, [readBy(2)], "sum against the pure read, 2 threads", 0.97);
  add("exact", exact, [inexact], "exact sum against OpenMP's inexact one, 2 threads", 0.85);
  add("numpy", sum, [nameOf("sum", NUMPY, 1)], "sum on 2 threads against NumPy", 1.9);
  add("threads", sum, [oneThread("sum")], "sum, what a second thread is worth", DOUBLES);
  const alone = TOGETHER.map((job) => twoThreads(job));
  const aloneExact = TOGETHER.map((job) =>
    twoThreads(job === "sum" || job === "mean" ? exactly(job) : job),
  );
  const what = `${TOGETHER.join(", ")} in one pass against the slowest of them alone`;
  add("all", twoThreads(IN_ONE_PASS), alone, `${what}, fast`, 0.8);
  add("all-exact", twoThreads(IN_ONE_PASS_EXACT), aloneExact, `${what}, exact`, 0.8);
  return all.map((c) => (c.name.includes("-all") ? { ...c, slowest: true } : c));
}

const rate = (bytes: number) => (ms: number) => {
  const took = ms < 1 ? `${digits(ms * 1000)} µs` : `${digits(ms)} ms`;
  return `${took} ${digits(bytes / ms / 1e6)} GB/s`;
};

function slowestOf(times: Times, names: readonly string[]): string {
  const median = (name: string) => spread(timesOf(times, name)).median;
  return names.reduce((worst, name) => (median(name) > median(worst) ? name : worst));
}

function toRow(comparison: Comparison, times: Times, bytes: number): Row {
  const { name, what, ours, theirs, slowest, goal } = comparison;
  const them = slowest ? [slowestOf(times, theirs)] : theirs;
  const row = ratioRow(name, what, times, [ours], them, rate(bytes), least(goal));
  if (!name.endsWith("-threads")) return row;
  const doubled = spread(ratios(times, readBy(2), readBy(1))).median;
  row.notes.push(`the pure read: ${digits(doubled)}× on a second thread`);
  if (doubled >= DOUBLES) return row;
  row.notes.push(`not judged, since the pure read does not reach ${DOUBLES}×`);
  return { ...row, goal: undefined };
}

/** All sizes of one dtype. */
async function reductions(
  dtype: ArrayDtype,
  rounds: number,
  wants: (row: string) => boolean,
): Promise<{ rows: Row[]; times: Times }> {
  const field = await Field.start(PEERS);
  const rows: Row[] = [];
  const bySize = new Map<string, Times>();
  const wantedTables = tables(dtype).filter(({ name }) => wants(name));
  const tabled = new Set(wantedTables.flatMap((table) => table.sides));
  try {
    for (const [size, bytes] of Object.entries(SIZES)) {
      const wanted = comparisons(dtype, size).filter(({ name }) => wants(name));
      const needed = new Set(tabled);
      for (const { name, ours, theirs } of wanted) {
        for (const side of [ours, ...theirs]) needed.add(side);
        if (name.endsWith("-threads")) needed.add(readBy(1)).add(readBy(2));
      }
      if (needed.size === 0) continue;
      const times = await field.measure(dtype, bytes, rounds, (side) => needed.has(side));
      bySize.set(size, times);
      for (const comparison of wanted) {
        if (comparison.theirs.some((side) => times.has(side)))
          rows.push(toRow(comparison, times, bytes));
        else note(`${comparison.name} is left out: none of ${comparison.theirs.join(", ")}`);
      }
    }
  } finally {
    await field.close();
  }
  for (const table of wantedTables) {
    const row = tableRow(table, bySize);
    if (row === undefined) note(`${table.name} is left out: no peer of it is there`);
    else rows.push(row);
  }
  const times = new Map<string, readonly number[]>();
  for (const [size, list] of bySize) {
    for (const [side, values] of list) times.set(`${size}: ${side}`, values);
  }
  return { rows, times };
}

/** Those in other languages that the benches of arrays run. */
const PEERS: readonly NativeName[] = ["openmp", "tbb", "rayon", "numpy"];
const TINY_PEERS: readonly NativeName[] = ["openmp", "tbb", "rayon"];

/** One that is over before a thread can be woken for it. */
const TINY = 2 ** 16;

/** Microseconds of a reduction of 64 Ki float64. */
export async function tiny(rounds: number): Promise<{ rows: Row[]; times: Times }> {
  const field = await Field.start(TINY_PEERS);
  const names = [OURS, ...RIVALS].map((who) => twoThreads("sum", who));
  const wanted = new Set([...names, oneThread("sum")]);
  const measured = await field
    .measure("float64", TINY * 8, rounds, (side) => wanted.has(side))
    .finally(() => field.close());
  const theirs = TBB.map((who) => twoThreads("sum", who)).filter((side) => measured.has(side));
  const show = (ms: number) => `${digits(ms * 1000)} µs`;
  const rows: Row[] = [];
  const what = `sum of ${TINY.toLocaleString("en-US")} float64, 2 threads, against oneTBB`;
  if (theirs.length === 0) note(`tiny is left out: ${TBB.join(", ")}`);
  else rows.push(ratioRow("tiny", what, measured, [twoThreads("sum")], theirs, show, least(1)));
  for (const [side, values] of measured)
    rows[0]?.notes.push(`  ${show(spread(values).median).padEnd(10)} ${side}`);
  return { rows, times: measured };
}

type Run = (rounds: number, wants: (row: string) => boolean) => ReturnType<typeof reductions>;

/** A bench a dtype. */
export const arrays = Object.fromEntries(
  ARRAY_DTYPES.map((dtype): [ArrayDtype, Run] => [
    dtype,
    (rounds, wants) => reductions(dtype, rounds, wants),
  ]),
) as { readonly [dtype in ArrayDtype]: Run };
