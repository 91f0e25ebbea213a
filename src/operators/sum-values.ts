// What becomes of sums that lie in files, or with an accumulator: the same as core/kernels/quotient.ts
// makes of those in the engine's memory, by bigints. Tests compare the two.

import { EXACT_COUNT, EXACT_FLAGS, EXACT_SOME } from "../core/map.js";
import { integerOf, specialOf } from "./exact.js";
import { ratio, rootOfRatio, roundScaled } from "./number.js";
import type { SumValues, WordReader } from "./operator.js";

/** The sum of integers in `words` words of 64 bits. */
export function wordsOf(state: WordReader, at: number, words: number): bigint {
  let value = state.i64(at + 8 * words - 8);
  for (let i = words - 2; i >= 0; i--) value = (value << 64n) | state.u64(at + 8 * i);
  return value;
}

/** num / den · 2^exponent. */
interface Quotient {
  readonly num: bigint;
  readonly den: bigint;
  readonly exponent: number;
}

/**
 * The variance of n numbers whose sum is s · 2^sScale and whose squares add up to q · 2^qScale:
 * population (ddof 0) or sample (1). Undefined if there are too few.
 */
export function spreadOf(
  n: bigint,
  s: bigint,
  q: bigint,
  ddof: bigint,
  sScale = 0,
  qScale = 0,
): Quotient | undefined {
  const den = n * (n - ddof);
  if (n === 0n || den <= 0n) return undefined;
  const exponent = Math.min(2 * sScale, qScale);
  const squares = (n * q) << BigInt(qScale - exponent);
  return { num: squares - ((s * s) << BigInt(2 * sScale - exponent)), den, exponent };
}

/** Σ|x| / |Σx|. */
export function condition(abs: bigint, sum: bigint, single: boolean): number {
  if (abs === 0n) return Number.NaN;
  return sum === 0n ? Number.POSITIVE_INFINITY : ratio(abs, sum < 0n ? -sum : sum, 0, single);
}

export function sumValues(state: WordReader): SumValues {
  const special = (at: number, form: number) => (form < 0 ? specialOf(state, at) : undefined);
  const count = (at: number, form: number) => state.i64(at + (form < 0 ? EXACT_COUNT : 8 * form));
  const value = (at: number, form: number) =>
    form < 0 ? integerOf(state, at) : wordsOf(state, at, form);
  const scale = (form: number) => Math.min(form, 0);
  const zero = (at: number, form: number) =>
    form < 0 && (state.u32(at + EXACT_FLAGS) & EXACT_SOME) === 0 ? -0 : 0;

  return {
    round(at, form, single) {
      const v = special(at, form);
      if (v !== undefined) return v;
      const sum = value(at, form);
      return sum === 0n ? zero(at, form) : roundScaled(sum, scale(form), single);
    },

    mean(at, form, single) {
      const n = count(at, form);
      if (n === 0n) return Number.NaN;
      const v = special(at, form);
      if (v !== undefined) return v;
      const sum = value(at, form);
      return sum === 0n ? zero(at, form) : ratio(sum, n, scale(form), single);
    },

    root: (at, form, single) =>
      special(at, form) ?? rootOfRatio(value(at, form), 1n, scale(form), single),

    condition(at, magnitudes, form, single) {
      if (special(at, form) !== undefined) return Number.NaN;
      return condition(value(magnitudes, form), value(at, form), single);
    },

    spread(at, squares, form, squaresForm, ddof, isRoot, single) {
      if (special(at, form) !== undefined || special(squares, squaresForm) !== undefined) {
        return Number.NaN;
      }
      const [n, s, q] = [count(at, form), value(at, form), value(squares, squaresForm)];
      const parts = spreadOf(n, s, q, BigInt(ddof), scale(form), scale(squaresForm));
      if (parts === undefined) return Number.NaN;
      return (isRoot ? rootOfRatio : ratio)(parts.num, parts.den, parts.exponent, single);
    },
  };
}
