// A benchmark against an earlier one: what both measured, how many times as fast it is now, and what
// is slower. Machines are noisy, so medians alone decide nothing: something is slower only if even the
// better rounds of now (the upper quartile) fall short of the worse rounds of then (the lower one).
// What is slower is measured once more, in other moments, and only what is slower again is told.
// What makes a whole machine slower shows in the pure read; of an operator its share of that counts
// too, so that it is not told of every operator again.

import type { Part, Plan } from "./plan.js";
import type { BenchResult, Figure } from "./result.js";

export interface Measurement {
  /** What was measured, the same in every run. */
  readonly what: string;
  readonly part: Part;
  /** Of an operator: its name and dtype. Of what has a size: that. */
  readonly operator?: string;
  readonly bytes?: number;
  readonly unit: "bytesPerSecond" | "itemsPerSecond" | "seconds";
  readonly figure: Figure;
  readonly share: Figure | undefined;
}

export interface Compared {
  readonly what: string;
  readonly unit: Measurement["unit"];
  /** Medians. */
  readonly before: number;
  readonly now: number;
  /** How many times as fast it is now. */
  readonly ratio: number;
  readonly isSlower: boolean;
  /** The ratio when it was measured once more, since it was slower. */
  readonly again?: number;
}

export interface Comparison {
  /** In the order of the ratios, the least first. */
  readonly rows: readonly Compared[];
  /** The median of all. */
  readonly ratio: number;
  readonly failUnder: number | null;
}

/** Of sizes, as they are typed. */
export function formatSize(bytes: number): string {
  for (const [power, unit] of [
    [30, "GiB"],
    [20, "MiB"],
    [10, "KiB"],
  ] as const) {
    if (bytes >= 2 ** power) return `${Number((bytes / 2 ** power).toPrecision(4))} ${unit}`;
  }
  return `${bytes} B`;
}

const threadsOf = (n: number): string => `${n} thread${n === 1 ? "" : "s"}`;

export function measurementsOf(result: BenchResult): Measurement[] {
  const { roofline, operators, latency, ring } = result;
  return [
    ...roofline.map(({ bytes, threads, bytesPerSecond }) => ({
      what: `pure read, ${formatSize(bytes)}, ${threadsOf(threads)}`,
      ...{ part: "roofline" as const, bytes },
      unit: "bytesPerSecond" as const,
      figure: bytesPerSecond,
      share: undefined,
    })),
    ...operators.map(({ operator, dtype, accuracy, bytes, threads, bytesPerSecond, share }) => ({
      what: [
        [operator, dtype, accuracy].filter((part) => part !== null).join(" "),
        formatSize(bytes),
        threadsOf(threads),
      ].join(", "),
      ...{ part: "operators" as const, operator: `${operator} ${dtype}`, bytes },
      unit: "bytesPerSecond" as const,
      figure: bytesPerSecond,
      share,
    })),
    ...latency.map(({ job, elements, workers, threads, p50 }) => ({
      what: `${job}${elements === 0 ? "" : ` of ${elements}`}, ${workers}, ${threadsOf(threads)}, p50`,
      part: "latency" as const,
      unit: "seconds" as const,
      figure: p50,
      share: undefined,
    })),
    ...ring.map(({ producers, consumers, batch, itemsPerSecond }) => ({
      what: `ring, ${producers}P${consumers}C, batch ${batch}`,
      part: "ring" as const,
      unit: "itemsPerSecond" as const,
      figure: itemsPerSecond,
      share: undefined,
    })),
  ];
}

/** The greater the faster. */
function speedOf({ unit, figure: { median, low, high } }: Measurement): Figure {
  if (unit !== "seconds") return { median, low, high };
  return { median: 1 / median, low: 1 / high, high: 1 / low };
}

/** Whether even the better rounds of now fall short of so many times the worse rounds of then. */
export function isBelow(now: Figure, then: Figure, threshold: number): boolean {
  return now.high < threshold * then.low && now.median < threshold * then.median;
}

function compareOne(now: Measurement, then: Measurement, failUnder: number | undefined): Compared {
  const [a, b] = [speedOf(now), speedOf(then)];
  const isSlower =
    failUnder !== undefined &&
    isBelow(a, b, failUnder) &&
    (now.share === undefined ||
      then.share === undefined ||
      isBelow(now.share, then.share, failUnder));
  return {
    ...{ what: now.what, unit: now.unit },
    ...{ before: then.figure.median, now: now.figure.median },
    ...{ ratio: Number((a.median / b.median).toPrecision(6)), isSlower },
  };
}

/** Undefined if they have nothing in common. */
export function compare(
  now: BenchResult,
  then: BenchResult,
  failUnder: number | undefined,
): Comparison | undefined {
  const earlier = new Map(measurementsOf(then).map((one) => [one.what, one]));
  const rows = measurementsOf(now)
    .flatMap((one) => {
      const other = earlier.get(one.what);
      return other === undefined ? [] : [compareOne(one, other, failUnder)];
    })
    .sort((a, b) => a.ratio - b.ratio);
  const middle = rows[rows.length >> 1];
  if (middle === undefined) return undefined;
  return { rows, ratio: middle.ratio, failUnder: failUnder ?? null };
}

/** Of a plan, what has to be measured once more: what was slower, and others beside it. */
export function planAgain(plan: Plan, now: BenchResult, { rows }: Comparison): Plan {
  const slower = new Set(rows.flatMap(({ what, isSlower }) => (isSlower ? [what] : [])));
  const all = measurementsOf(now).filter(({ what }) => slower.has(what));
  const sizes = new Set(all.map(({ bytes }) => bytes));
  const operators = new Set(all.map(({ operator }) => operator));
  return {
    ...plan,
    parts: new Set(all.map(({ part }) => part)),
    cases: plan.cases.filter(({ operator, dtype }) => operators.has(`${operator} ${dtype}`)),
    sizes: plan.sizes.filter((bytes) => sizes.has(bytes)),
  };
}

/** Only what was slower again is slower. */
export function confirmed(first: Comparison, second: Comparison | undefined): Comparison {
  const again = new Map(second?.rows.map((row) => [row.what, row]));
  const rows = first.rows.map((row) => {
    const other = again.get(row.what);
    if (!row.isSlower || other === undefined) return row;
    return { ...row, isSlower: other.isSlower, again: other.ratio };
  });
  return { ...first, rows };
}

/** In what the two machines differ, in words; undefined if in nothing that matters. */
export function differenceOf(now: BenchResult, then: BenchResult): string | undefined {
  const told = ({ machine: m, ringfold }: BenchResult): string =>
    `${m.processor}, ${m.processors} processors, ${m.platform} ${m.arch}, ${m.runtime}, ringfold ${ringfold}`;
  const [a, b] = [told(now), told(then)];
  return a === b ? undefined : `it is of ${b}; this is ${a}`;
}
