// Exact sums of floats, seen from the host: the settled states of core/kernels/digits.ts, their
// values as bigints, and what becomes of them.

import {
  EXACT_COUNT,
  EXACT_DIGITS,
  EXACT_END,
  EXACT_FIRST,
  EXACT_FLAGS,
  EXACT_MINUS_INFINITY,
  EXACT_NAN,
  EXACT_PLUS_INFINITY,
  EXACT_PRODUCT_SCALE,
  EXACT_PRODUCT_SIZE,
  EXACT_SCALE,
  EXACT_SIZE,
  EXACT_SOME,
  OP_EXACT_ABS,
  OP_EXACT_DOT,
  OP_EXACT_SQUARES,
  OP_EXACT_SUM,
} from "../core/map.js";
import type { DtypeInfo } from "./dtype.js";
import { addOnce, ratio, rootOfRatio, roundScaled, scaledOf } from "./number.js";
import type { Accumulator, FinishContext, StateReader, Value } from "./operator.js";
import {
  type Addend,
  areExactMagnitudes,
  areExactMoments,
  exactOf,
  isExactSum,
  type Origin,
} from "./valid.js";

/** Only products of float64 need the larger state. */
const isWide = (dtype: DtypeInfo, isProduct: boolean): boolean =>
  isProduct && dtype.name === "float64";

function exact(code: number, addend: Addend): Accumulator {
  const isProduct = addend === "squares" || addend === "products";
  const size = (dtype: DtypeInfo) => (isWide(dtype, isProduct) ? EXACT_PRODUCT_SIZE : EXACT_SIZE);
  return {
    code,
    bytes: (dtype) => EXACT_DIGITS + 8 * size(dtype),
    join: (into, from, dtype) => join(into, from, size(dtype)),
    tidy: (state, dtype) => lengthen(state, size(dtype)),
    isValid: (state, origin) =>
      isExactSum(state, origin, addend, size(origin.dtype), scaleOf(origin.dtype, isProduct)),
  };
}

export const EXACT_SUM = exact(OP_EXACT_SUM, "elements");
export const EXACT_ABS = exact(OP_EXACT_ABS, "magnitudes");
export const EXACT_SQUARES = exact(OP_EXACT_SQUARES, "squares");
export const EXACT_DOT = exact(OP_EXACT_DOT, "products");

const scaleOf = (dtype: DtypeInfo, isProduct: boolean): number =>
  isWide(dtype, isProduct) ? EXACT_PRODUCT_SCALE : EXACT_SCALE;

const countOf = (state: StateReader, at: number): bigint => state.i64(at + EXACT_COUNT);

/** The value if the sum is not finite, else undefined. */
function specialOf(state: StateReader, at: number): number | undefined {
  const flags = state.u32(at + EXACT_FLAGS);
  const plus = (flags & EXACT_PLUS_INFINITY) !== 0;
  const minus = (flags & EXACT_MINUS_INFINITY) !== 0;
  if ((flags & EXACT_NAN) !== 0 || (plus && minus)) return Number.NaN;
  if (plus) return Number.POSITIVE_INFINITY;
  return minus ? Number.NEGATIVE_INFINITY : undefined;
}

/** The finite sum as an integer; it weighs 2^scale. */
function integerOf(state: StateReader, at: number): bigint {
  const first = state.i32(at + EXACT_FIRST);
  let value = 0n;
  for (let i = state.i32(at + EXACT_END) - 1; i >= first; i--) {
    value = (value << 32n) + state.i64(at + EXACT_DIGITS + 8 * i);
  }
  return value << BigInt(32 * first);
}

/** The same as `roundExact` of the core, for states that are not in its memory. */
export function roundState(state: StateReader, at: number, scale: number, single: boolean): number {
  const special = specialOf(state, at);
  if (special !== undefined) return special;
  const value = integerOf(state, at);
  const some = (state.u32(at + EXACT_FLAGS) & EXACT_SOME) !== 0;
  return value === 0n && !some ? -0 : roundScaled(value, scale, single);
}

export function finishSum(
  state: StateReader,
  [at]: readonly number[],
  { dtype, initial, single }: FinishContext,
): Value {
  const value = state.round(at as number, scaleOf(dtype, false), single);
  if (initial === undefined) return value;
  // A float that is not finite decides, whichever it is.
  const isNumber = typeof initial === "bigint" || Number.isFinite(initial);
  const special = specialOf(state, at as number);
  if (special !== undefined || !isNumber) return addOnce(special ?? 0, initial, single);
  const start = typeof initial === "bigint" ? initial << BigInt(-EXACT_SCALE) : scaledOf(initial);
  const total = integerOf(state, at as number) + start;
  // Then `initial` is −value, or both are zeros with signs.
  if (total === 0n) {
    return Number(initial) + state.round(at as number, scaleOf(dtype, false), false);
  }
  return roundScaled(total, EXACT_SCALE, single);
}

export function finishMean(
  state: StateReader,
  [at]: readonly number[],
  { dtype, single }: FinishContext,
): Value {
  const count = countOf(state, at as number);
  if (count === 0n) return Number.NaN;
  const special = specialOf(state, at as number);
  if (special !== undefined) return special;
  const value = integerOf(state, at as number);
  if (value === 0n) return state.round(at as number, scaleOf(dtype, false), single);
  return ratio(value, count, EXACT_SCALE, single);
}

/** Sums of magnitudes and of products: a zero is +0, unless a negative sum was rounded to it. */
export function finishPlain(isProduct: boolean) {
  return (state: StateReader, [at]: readonly number[], { dtype, single }: FinishContext): Value =>
    countOf(state, at as number) === 0n
      ? 0
      : state.round(at as number, scaleOf(dtype, isProduct), single);
}

export function finishRoot(
  state: StateReader,
  [at]: readonly number[],
  { dtype, single }: FinishContext,
): Value {
  const special = specialOf(state, at as number);
  if (special !== undefined) return special;
  return rootOfRatio(integerOf(state, at as number), 1n, scaleOf(dtype, true), single);
}

/** What a variance is made of: num / den · 2^exponent. */
export interface Spread {
  readonly num: bigint;
  readonly den: bigint;
  readonly exponent: number;
}

/** Of n numbers with sum s and sum of squares q: (n·q − s²) / (n·(n − ddof)). */
export function spreadOf(
  n: bigint,
  s: bigint,
  q: bigint,
  ddof: bigint,
  sScale = 0,
  qScale = 0,
): Spread | undefined {
  const den = n * (n - ddof);
  if (n === 0n || den <= 0n) return undefined;
  const exponent = Math.min(2 * sScale, qScale);
  const squares = (n * q) << BigInt(qScale - exponent);
  return { num: squares - ((s * s) << BigInt(2 * sScale - exponent)), den, exponent };
}

/** Population (ddof 0) or sample (1); the root of it if `isRoot`. */
export function finishVariance(ddof: bigint, isRoot: boolean) {
  return (state: StateReader, at: readonly number[], context: FinishContext): Value => {
    const [sum, squares] = at as [number, number];
    if (specialOf(state, sum) !== undefined || specialOf(state, squares) !== undefined) {
      return Number.NaN;
    }
    const spread = spreadOf(
      countOf(state, sum),
      integerOf(state, sum),
      integerOf(state, squares),
      ddof,
      EXACT_SCALE,
      scaleOf(context.dtype, true),
    );
    return variance(spread, isRoot, context.single);
  };
}

export function variance(spread: Spread | undefined, isRoot: boolean, single: boolean): number {
  if (spread === undefined) return Number.NaN;
  const { num, den, exponent } = spread;
  return (isRoot ? rootOfRatio : ratio)(num, den, exponent, single);
}

/** Σ|x| / |Σx|. */
export function finishCondition(
  state: StateReader,
  at: readonly number[],
  { single }: FinishContext,
): Value {
  const [sum, abs] = at as [number, number];
  if (specialOf(state, sum) !== undefined) return Number.NaN;
  return condition(integerOf(state, abs), integerOf(state, sum), single);
}

export function condition(abs: bigint, sum: bigint, single: boolean): number {
  if (abs === 0n) return Number.NaN;
  if (sum === 0n) return Number.POSITIVE_INFINITY;
  return ratio(abs, sum < 0n ? -sum : sum, 0, single);
}

// --- states in files -------------------------------------------------------------------

/** Adds digit by digit and settles; both are of full length. */
function join(into: DataView, from: DataView, size: number): void {
  const flags = into.getUint32(EXACT_FLAGS, true) | from.getUint32(EXACT_FLAGS, true);
  const count = into.getBigInt64(EXACT_COUNT, true) + from.getBigInt64(EXACT_COUNT, true);
  into.setUint32(EXACT_FLAGS, flags, true);
  into.setBigInt64(EXACT_COUNT, count, true);
  for (let at = EXACT_DIGITS; at < EXACT_DIGITS + 8 * size; at += 8) {
    into.setBigInt64(at, into.getBigInt64(at, true) + from.getBigInt64(at, true), true);
  }
  settle(into, size);
}

/** Moves all carries; the last digit keeps the sign. */
function settle(state: DataView, size: number): void {
  let carry = 0n;
  for (let i = 0; i < size; i++) {
    const at = EXACT_DIGITS + 8 * i;
    const digit = state.getBigInt64(at, true) + carry;
    state.setBigInt64(at, i === size - 1 ? digit : BigInt.asUintN(32, digit), true);
    carry = digit >> 32n;
  }
}

/** Whether the states of a sum and of a sum of squares can be of the same elements. */
export function areMoments([sum, squares]: readonly DataView[], { dtype }: Origin): boolean {
  const [s, q] = [sum, squares] as [DataView, DataView];
  const size = isWide(dtype, true) ? EXACT_PRODUCT_SIZE : EXACT_SIZE;
  const scale = scaleOf(dtype, true);
  return areExactMoments(exactOf(s, EXACT_SIZE), exactOf(q, size), EXACT_SCALE, scale);
}

/** The same of a sum and of a sum of magnitudes. */
export function areMagnitudes([sum, magnitudes]: readonly DataView[]): boolean {
  const [s, m] = [sum, magnitudes] as [DataView, DataView];
  return areExactMagnitudes(exactOf(s, EXACT_SIZE), exactOf(m, EXACT_SIZE));
}

/** Spreads a settled state over all of its digits. */
function lengthen(state: DataView, size: number): void {
  const first = state.getInt32(EXACT_FIRST, true);
  const end = state.getInt32(EXACT_END, true);
  for (let i = 0; i < size; i++) {
    if (i < first || i >= end) state.setBigInt64(EXACT_DIGITS + 8 * i, 0n, true);
  }
  settle(state, size);
  state.setInt32(EXACT_FIRST, 0, true);
  state.setInt32(EXACT_END, size, true);
  state.setUint32(EXACT_FLAGS + 4, 0, true);
}
