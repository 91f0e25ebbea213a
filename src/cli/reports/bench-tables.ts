// The tables of `ringfold bench`, the same on paper and on a page: text, and in some cells a bar.

import { type Comparison, formatSize } from "../../bench/compare.js";
import type { BenchResult, Figure, OperatorResult, ReadResult } from "../../bench/result.js";
import { formatNumber, formatSpan } from "./format.js";

export interface Cell {
  readonly text: string;
  /** 0 to 1: how full the bar is. */
  readonly bar: number;
}

export interface BenchTable {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  /** The first columns that name what a row is about; figures stand in the others. */
  readonly names: number;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | Cell)[])[];
  /** On paper, the bars: characters wide; 0: one character high. */
  readonly bars: number;
}

/** Three digits, also where the last ones are zeros. */
export function three(value: number): string {
  if (value >= 100) return formatNumber(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}

export const gigabytes = ({ median }: Figure): string => three(median / 1e9);
export const percent = ({ median }: Figure): string => `${Math.round(median * 100)}%`;
export const times = (value: number): string => `${value.toFixed(2)}×`;

const clamp = (share: number): number => Math.min(1, Math.max(0, share));
const plural = (n: number): string => `${n} thread${n === 1 ? "" : "s"}`;
const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)];

/** Speeds and what they were measured on. */
export const sizesOf = ({ roofline }: BenchResult): number[] =>
  distinct(roofline.map(({ bytes }) => bytes));
export const threadsOf = ({ roofline }: BenchResult): number[] =>
  distinct(roofline.map(({ threads }) => threads));

export const nameOf = ({ operator, dtype, accuracy }: OperatorResult): string =>
  [operator, dtype, accuracy ?? ""].join(" ").trim();

/** The figures of each operator, in the order in which they were measured. */
export function casesOf(operators: readonly OperatorResult[]): OperatorResult[][] {
  const cases = new Map<string, OperatorResult[]>();
  for (const one of operators) {
    const list = cases.get(nameOf(one));
    if (list === undefined) cases.set(nameOf(one), [one]);
    else list.push(one);
  }
  return [...cases.values()];
}

function roofline(result: BenchResult): BenchTable[] {
  if (result.roofline.length === 0) return [];
  const threads = threadsOf(result);
  const most = Math.max(...result.roofline.map(({ bytesPerSecond }) => bytesPerSecond.median));
  const cell = (found: ReadResult | undefined): string | Cell =>
    found === undefined
      ? ""
      : { text: gigabytes(found.bytesPerSecond), bar: found.bytesPerSecond.median / most };
  return [
    {
      id: "roofline",
      title: "Pure read, GB/s: the roofline",
      names: 1,
      columns: ["size", ...threads.map(plural)],
      rows: sizesOf(result).map((bytes) => [
        formatSize(bytes),
        ...threads.map((n) =>
          cell(result.roofline.find((one) => one.bytes === bytes && one.threads === n)),
        ),
      ]),
      bars: Math.max(4, Math.floor(56 / threads.length)),
    },
  ];
}

/** Name, dtype and accuracy in columns of their own. */
const named = ({ operator, dtype, accuracy }: OperatorResult): string[] => [
  operator,
  dtype,
  accuracy ?? "",
];
const NAMES = ["operator", "dtype", "accuracy"];

function shares(result: BenchResult): BenchTable[] {
  const sizes = sizesOf(result);
  const cases = casesOf(result.operators);
  if (cases.length === 0) return [];
  return threadsOf(result).map((threads) => ({
    id: `share-${threads}`,
    title: `Share of the pure read, ${plural(threads)}`,
    names: 3,
    columns: [...NAMES, ...sizes.map(formatSize)],
    rows: cases.map((list) => [
      ...named(list[0] as OperatorResult),
      ...sizes.map((bytes) => {
        const found = list.find((one) => one.bytes === bytes && one.threads === threads);
        return found === undefined
          ? ""
          : { text: percent(found.share), bar: clamp(found.share.median) };
      }),
    ]),
    bars: 0,
  }));
}

function largest(result: BenchResult): BenchTable[] {
  const [bytes, threads] = [Math.max(...sizesOf(result)), Math.max(...threadsOf(result))];
  const isIt = (one: { bytes: number; threads: number }) =>
    one.bytes === bytes && one.threads === threads;
  const list = result.operators.filter(isIt);
  const read = result.roofline.find(isIt);
  if (list.length === 0 || read === undefined) return [];
  const all = [read, ...list].map(({ bytesPerSecond }) => bytesPerSecond);
  const most = Math.max(...all.map(({ median }) => median));
  const speed = (of: Figure) => [
    { text: gigabytes(of), bar: of.median / most },
    `${three(of.low / 1e9)}–${three(of.high / 1e9)}`,
  ];
  return [
    {
      id: "largest",
      title: `Throughput, ${formatSize(bytes)}, ${plural(threads)}`,
      names: 3,
      columns: [...NAMES, "GB/s", "quartiles"],
      rows: [
        ["pure read", "", "", ...speed(read.bytesPerSecond)],
        ...list.map((one) => [...named(one), ...speed(one.bytesPerSecond)]),
      ],
      bars: 30,
    },
  ];
}

function exact(result: BenchResult): BenchTable[] {
  const threads = Math.max(...threadsOf(result));
  const list = result.exact.filter((one) => one.threads === threads);
  if (list.length === 0) return [];
  const sizes = sizesOf(result);
  const names = distinct(list.map(({ operator, dtype }) => `${operator} ${dtype}`));
  return [
    {
      id: "exact",
      title: `Exact, as a share of the speed of fast, ${plural(threads)}`,
      names: 2,
      columns: ["operator", "dtype", ...sizes.map(formatSize)],
      rows: names.map((name) => [
        ...name.split(" "),
        ...sizes.map((bytes) => {
          const found = list.find(
            (one) => `${one.operator} ${one.dtype}` === name && one.bytes === bytes,
          );
          return found === undefined
            ? ""
            : { text: percent(found.share), bar: clamp(found.share.median) };
        }),
      ]),
      bars: 0,
    },
  ];
}

function scaling(result: BenchResult): BenchTable[] {
  const threads = threadsOf(result);
  if (threads.length < 2 || threads[0] !== 1) return [];
  const bytes = Math.max(...sizesOf(result));
  const cells = (list: readonly { bytes: number; threads: number; speedup: Figure | null }[]) =>
    threads.map((n) => {
      const found = list.find((one) => one.bytes === bytes && one.threads === n)?.speedup;
      return found == null ? "" : { text: times(found.median), bar: clamp(found.median / n) };
    });
  return [
    {
      id: "scaling",
      title: `Speed-up over 1 thread, ${formatSize(bytes)}`,
      names: 3,
      columns: [...NAMES, ...threads.map(plural)],
      rows: [
        ["pure read", "", "", ...cells(result.roofline)],
        ...casesOf(result.operators).map((list) => [
          ...named(list[0] as OperatorResult),
          ...cells(list),
        ]),
      ],
      bars: Math.max(0, Math.floor(36 / threads.length)),
    },
  ];
}

function crossover({ crossover: found }: BenchResult): BenchTable[] {
  if (found === null || found.points.length === 0) return [];
  const { fromBytes, threads, points, engine } = found;
  const from =
    fromBytes === null
      ? `${plural(threads)} gain nothing up to ${formatSize(points.at(-1)?.bytes ?? 0)}`
      : `${plural(threads)} pay from ${formatSize(fromBytes)}`;
  const bounds = [engine.awake, engine.parked].map((bytes) => formatSize(bytes));
  return [
    {
      id: "crossover",
      title: `Crossover: ${from}`,
      note: `exact sum of float64, one after the other; the engine shares out above ${bounds[0]} while its workers are awake, above ${bounds[1]} while they are parked`,
      names: 1,
      columns: ["size", "speed-up", "quartiles"],
      rows: points.map(({ bytes, speedup }) => [
        formatSize(bytes),
        { text: times(speedup.median), bar: clamp(speedup.median / threads) },
        `${speedup.low.toFixed(2)}–${speedup.high.toFixed(2)}`,
      ]),
      bars: 30,
    },
  ];
}

const span = (seconds: number): string => formatSpan(seconds * 1000);

function latency({ latency: list }: BenchResult): BenchTable[] {
  const [first] = list;
  if (first === undefined) return [];
  return [
    {
      id: "latency",
      title: `Latency of tiny jobs, ${plural(first.threads)}`,
      note: "each call by itself: some 50 ns of it are the clock's",
      names: 2,
      columns: ["job", "workers", "p50", "quartiles", "p99", "quartiles"],
      rows: list.map(({ job, elements, workers, p50, p99 }) => [
        elements === 0 ? `${job}, there and back` : `${job} of ${formatNumber(elements)} float64`,
        workers,
        ...[p50, p99].flatMap(({ median, low, high }) => [
          span(median),
          `${span(low)} – ${span(high)}`,
        ]),
      ]),
      bars: 0,
    },
  ];
}

function ring({ ring: list }: BenchResult): BenchTable[] {
  if (list.length === 0) return [];
  const most = Math.max(...list.map(({ itemsPerSecond }) => itemsPerSecond.median));
  return [
    {
      id: "ring",
      title: "Ring, items a second",
      names: 2,
      columns: ["threads", "batch", "M items/s", "quartiles"],
      rows: list.map(({ producers, consumers, batch, itemsPerSecond: { median, low, high } }) => [
        `${producers} producer${producers === 1 ? "" : "s"}, ${consumers} consumer${consumers === 1 ? "" : "s"}`,
        String(batch),
        { text: three(median / 1e6), bar: median / most },
        `${three(low / 1e6)}–${three(high / 1e6)}`,
      ]),
      bars: 30,
    },
  ];
}

/** Rows of a comparison where nothing is judged. */
const MOST_ROWS = 10;

export function comparisonTable({ rows, ratio, failUnder }: Comparison): BenchTable {
  const slower = rows.filter(({ isSlower }) => isSlower);
  const recovered = rows.filter(({ isSlower, again }) => !isSlower && again !== undefined).length;
  const shown = failUnder === null ? rows.slice(0, MOST_ROWS) : slower;
  const verdict =
    failUnder === null
      ? "the least"
      : slower.length === 0
        ? `none below ${failUnder}`
        : `${slower.length} below ${failUnder}`;
  const told = (unit: string, value: number): string =>
    unit === "seconds"
      ? span(value)
      : unit === "bytesPerSecond"
        ? `${three(value / 1e9)} GB/s`
        : `${three(value / 1e6)} M items/s`;
  return {
    id: "comparison",
    title: `Against the baseline: ${verdict}, of ${formatNumber(rows.length)} measured in both`,
    note: `median of all: ${times(ratio)}; least: ${times(rows[0]?.ratio ?? 1)}${recovered === 0 ? "" : `; ${recovered} were below at first, and not when measured once more`}`,
    names: 1,
    columns: ["what", "then", "now", "ratio", "again"],
    rows: shown.map((one) => [
      one.what,
      told(one.unit, one.before),
      told(one.unit, one.now),
      { text: times(one.ratio), bar: clamp(one.ratio) },
      one.again === undefined ? "" : { text: times(one.again), bar: clamp(one.again) },
    ]),
    bars: 0,
  };
}

export function benchTables(result: BenchResult): BenchTable[] {
  return [roofline, largest, shares, exact, scaling, crossover, latency, ring].flatMap((make) =>
    make(result),
  );
}

/** The machine and the run, by name. */
export function facts(result: BenchResult): [string, string][] {
  const { machine, others, took, rounds, ringfold, began } = result;
  const caches = machine.caches.map(({ name, bytes }) => `${name} ${formatSize(bytes)}`).join(", ");
  return [
    ["processor", `${machine.processor}, ${machine.processors} processors`],
    ["caches", caches || "unknown"],
    ["memory", `${three(machine.memoryBytes / 1e9)} GB`],
    ["runtime", `${machine.runtime}, ${machine.platform} ${machine.arch}, ringfold ${ringfold}`],
    ["measured", `${rounds} rounds in ${formatSpan(took * 1000)}, ${began}`],
    ["others", `${Math.round(others * 100)}% of the machine was used by other programs`],
  ];
}
