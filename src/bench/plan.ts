// What is measured: which operators on which element types, how large, by how many threads, unless
// it is said; and how much memory that may take.

import { availableParallelism, freemem } from "node:os";
import { OPERATOR_NAMES, operatorOf } from "../operators/builtin.js";
import { DTYPES, type Dtype, dtypeInfo } from "../operators/dtype.js";
import type { Accuracy } from "../operators/operator.js";

/** The parts of a benchmark, in the order in which they run. */
export const PARTS = ["roofline", "operators", "crossover", "latency", "ring"] as const;
export type Part = (typeof PARTS)[number];

export interface Wanted {
  readonly parts: readonly Part[];
  readonly operators: readonly string[] | undefined;
  readonly dtypes: readonly Dtype[] | undefined;
  readonly sizes: readonly number[] | undefined;
  readonly threads: readonly number[] | undefined;
  readonly rounds: number;
  /** Every operator and every element type, where none are named. */
  readonly full: boolean;
}

/** An operator on an element type, computed in one way. */
export interface Case {
  readonly operator: string;
  readonly dtype: Dtype;
  /** Null: there is one way only. */
  readonly accuracy: Accuracy | null;
  readonly inputs: 1 | 2;
}

export interface Plan {
  readonly parts: ReadonlySet<Part>;
  readonly cases: readonly Case[];
  /** Ascending. */
  readonly sizes: readonly number[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly leftOut: readonly { readonly bytes: number; readonly why: string }[];
}

const OPERATORS = ["sum", "min", "dot"];
const DEFAULT_DTYPES: readonly Dtype[] = ["float64", "float32", "int32"];
const SIZES = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144].map((kib) => kib * 1024);
/** An engine has 4 GiB at most; some of it is its own. */
export const MOST_BYTES = 3 * 2 ** 30;
/** Of the memory that is free, so much at most. */
const SHARE = 0.5;

/** 1, 2, 4, … and all processors. */
export function threadCounts(processors: number): number[] {
  const counts = [processors];
  for (let n = 1; n < processors; n *= 2) counts.push(n);
  return counts.sort((a, b) => a - b);
}

/** The ways to compute an operator: exact and fast where these differ. */
function accuraciesOf(operator: string, dtype: Dtype): readonly (Accuracy | null)[] {
  const info = dtypeInfo(dtype);
  const [exact, fast] = (["exact", "fast"] as const).map((accuracy) =>
    operatorOf(operator)
      .form(info, accuracy)
      ?.accumulators.map(({ code }) => code)
      .join(),
  );
  const differ = exact !== undefined && fast !== undefined && exact !== fast;
  return info.kind === "float" && differ ? ["exact", "fast"] : [null];
}

export function casesOf(operators: readonly string[], dtypes: readonly Dtype[]): Case[] {
  return operators.flatMap((operator) =>
    dtypes.flatMap((dtype) => {
      const { inputs, rejects } = operatorOf(operator);
      const info = dtypeInfo(dtype);
      if (info.array === undefined || rejects(info) !== undefined) return [];
      return accuraciesOf(operator, dtype).map((accuracy) => ({
        ...{ operator, dtype, accuracy, inputs },
      }));
    }),
  );
}

function available(): number {
  // Node before 20.13 does not tell.
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory?.() || freemem();
}

/** Sizes that fit, and the others with the reason. Each of `engines` engines has an array. */
export function fitting(sizes: readonly number[], engines: number, free: number) {
  const kept: number[] = [];
  const leftOut: { bytes: number; why: string }[] = [];
  for (const bytes of [...new Set(sizes)].sort((a, b) => a - b)) {
    const needed = bytes * engines;
    if (bytes > MOST_BYTES) leftOut.push({ bytes, why: "an engine's memory is smaller" });
    else if (needed > free * SHARE) {
      const gigabytes = (n: number) => `${(n / 1e9).toPrecision(3)} GB`;
      const why = `needs ${gigabytes(needed)}, and ${gigabytes(free)} are free: at most half is taken`;
      leftOut.push({ bytes, why });
    } else kept.push(bytes);
  }
  return { kept, leftOut };
}

export function makePlan(wanted: Wanted): Plan {
  const threads = [...new Set(wanted.threads ?? threadCounts(availableParallelism()))];
  const parts = new Set(wanted.parts.length === 0 ? PARTS : wanted.parts);
  const operators = wanted.operators ?? (wanted.full ? OPERATOR_NAMES : OPERATORS);
  const every = DTYPES.map(({ name }) => name);
  const dtypes = wanted.dtypes ?? (wanted.full ? every : DEFAULT_DTYPES);
  // The pure read takes 128 bytes at a time.
  const sizes = (wanted.sizes ?? SIZES).map((bytes) => Math.floor(bytes / 128) * 128);
  const { kept, leftOut } = fitting(sizes, threads.length, available());
  return {
    parts,
    cases: parts.has("operators") ? casesOf(operators, dtypes) : [],
    sizes: kept,
    threads: threads.sort((a, b) => a - b),
    rounds: wanted.rounds,
    leftOut,
  };
}
