// What is asked of the naive oracle, and what it answers; and what floats and integers have in
// common. Any thread may call it.

import type { Dtype, TypedArray } from "../../operators/dtype.js";
import { DOUBLE, roundRatio, roundRoot } from "./rounding.js";

/** The code of the error that a call has to end with. */
export interface Failure {
  readonly code: string;
}

export type Answer = number | bigint | boolean | string | Failure;

export interface Question {
  readonly dtype: Dtype;
  /** float16 as its bits, in a Uint16Array. */
  readonly x: TypedArray;
  /** The second input of `dot`. */
  readonly y: TypedArray;
  /** Elements of a leaf of the tree: 8,192, or 1 in the pairwise schedule. */
  readonly leaf: number;
  readonly fast: boolean;
  readonly skip: boolean;
  /** Sums of floats are rounded to float32. */
  readonly single: boolean;
  readonly initial: number | bigint | undefined;
  readonly overflow: "wrap" | "throw" | undefined;
}

export type Numbers = ArrayLike<number | bigint>;

export const isFloat = (dtype: Dtype): boolean => dtype.startsWith("float");
export const isLong = (dtype: Dtype): boolean => dtype === "int64" || dtype === "uint64";

const EMPTY: Failure = { code: "ERR_EMPTY" };

export function census(operator: string, x: Numbers): number | boolean {
  let some = 0;
  for (let i = 0; i < x.length; i++) if (Number(x[i]) !== 0) some++;
  if (operator === "count") return x.length;
  if (operator === "countNonZero") return some;
  return operator === "any" ? some > 0 : some === x.length;
}

/** The lowest index wins; −0 < +0; the first NaN, if it is not skipped. */
export function extremum(
  operator: string,
  x: Numbers,
  skip: boolean,
  initial: number | bigint | undefined,
): Answer {
  let at = -1;
  for (let i = 0; i < x.length; i++) {
    const v = x[i] as number | bigint;
    if (Number.isNaN(v)) {
      if (skip) continue;
      at = i;
      break;
    }
    if (at < 0) {
      at = i;
      continue;
    }
    const best = x[at] as number | bigint;
    const [low, high] = operator.endsWith("min") ? [v, best] : [best, v];
    if (low < high || (low === high && Object.is(low, -0) && Object.is(high, 0))) at = i;
  }
  if (at < 0) return initial ?? EMPTY;
  if (operator.startsWith("arg")) return at;
  const value = x[at] as number | bigint;
  if (initial === undefined) return value;
  if (typeof value === "bigint") {
    const isBeyond = operator === "min" ? BigInt(initial) < value : BigInt(initial) > value;
    return isBeyond ? BigInt(initial) : value;
  }
  return operator === "min" ? Math.min(value, Number(initial)) : Math.max(value, Number(initial));
}

export function condition(abs: bigint, sum: bigint, format = DOUBLE): number {
  if (abs === 0n) return Number.NaN;
  return sum === 0n ? Number.POSITIVE_INFINITY : roundRatio(abs, sum < 0n ? -sum : sum, 0, format);
}

/** Of n numbers with sum s and sum of squares q, in units of which q's is 2^power. */
export function spread(
  operator: string,
  n: bigint,
  s: bigint,
  q: bigint,
  power: number,
  format = DOUBLE,
): number {
  const free = operator.startsWith("sample") ? n - 1n : n;
  if (free <= 0n) return Number.NaN;
  const round = /std/i.test(operator) ? roundRoot : roundRatio;
  return round(n * q - s * s, n * free, power, format);
}
