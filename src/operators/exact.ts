// Exact sums of floats, seen from the host: the settled states of core/kernels/digits.ts, and what
// becomes of them.

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
  OP_EXACT_ABS,
  OP_EXACT_DOT,
  OP_EXACT_SQUARES,
  OP_EXACT_SUM,
} from "../core/map.js";
import type { DtypeInfo } from "./dtype.js";
import { addOnce, roundScaled, scaledOf } from "./number.js";
import type { Accumulator, FinishContext, StateReader, Value, WordReader } from "./operator.js";
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

/** The value if the sum is not finite, else undefined. */
export function specialOf(state: WordReader, at: number): number | undefined {
  const flags = state.u32(at + EXACT_FLAGS);
  const plus = (flags & EXACT_PLUS_INFINITY) !== 0;
  const minus = (flags & EXACT_MINUS_INFINITY) !== 0;
  if ((flags & EXACT_NAN) !== 0 || (plus && minus)) return Number.NaN;
  if (plus) return Number.POSITIVE_INFINITY;
  return minus ? Number.NEGATIVE_INFINITY : undefined;
}

/** The finite sum as an integer; it weighs 2^scale. */
export function integerOf(state: WordReader, at: number): bigint {
  const first = state.i32(at + EXACT_FIRST);
  let value = 0n;
  for (let i = state.i32(at + EXACT_END) - 1; i >= first; i--) {
    value = (value << 32n) + state.i64(at + EXACT_DIGITS + 8 * i);
  }
  return value << BigInt(32 * first);
}

const first = (at: readonly number[]): number => at[0] as number;

export function finishSum(
  state: StateReader,
  at: readonly number[],
  { initial, single }: FinishContext,
): Value {
  const value = state.round(first(at), EXACT_SCALE, single);
  if (initial === undefined) return value;
  // A float that is not finite decides, whichever it is.
  const isNumber = typeof initial === "bigint" || Number.isFinite(initial);
  const special = specialOf(state, first(at));
  if (special !== undefined || !isNumber) return addOnce(special ?? 0, initial, single);
  const start = typeof initial === "bigint" ? initial << BigInt(-EXACT_SCALE) : scaledOf(initial);
  const total = integerOf(state, first(at)) + start;
  // Then `initial` is −value, or both are zeros with signs.
  if (total === 0n) return Number(initial) + state.round(first(at), EXACT_SCALE, false);
  return roundScaled(total, EXACT_SCALE, single);
}

export function finishMean(
  state: StateReader,
  at: readonly number[],
  { single }: FinishContext,
): Value {
  return state.mean(first(at), EXACT_SCALE, single);
}

/** Sums of magnitudes and of products: a zero is +0, unless a negative sum was rounded to it. */
export function finishPlain(isProduct: boolean) {
  return (state: StateReader, at: readonly number[], { dtype, single }: FinishContext): Value => {
    const value = state.round(first(at), scaleOf(dtype, isProduct), single);
    // Of nothing a sum is −0.
    return value === 0 && state.i64(first(at) + EXACT_COUNT) === 0n ? 0 : value;
  };
}

export function finishRoot(
  state: StateReader,
  at: readonly number[],
  { dtype, single }: FinishContext,
): Value {
  return state.root(first(at), scaleOf(dtype, true), single);
}

/** Population (ddof 0) or sample (1); the root of it if `isRoot`. */
export function finishVariance(ddof: number, isRoot: boolean) {
  return (state: StateReader, at: readonly number[], { dtype, single }: FinishContext): Value => {
    const [sum, squares] = at as [number, number];
    return state.spread(sum, squares, EXACT_SCALE, scaleOf(dtype, true), ddof, isRoot, single);
  };
}

export function finishCondition(
  state: StateReader,
  at: readonly number[],
  { single }: FinishContext,
): Value {
  const [sum, magnitudes] = at as [number, number];
  return state.condition(sum, magnitudes, EXACT_SCALE, single);
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

/**
 * Spreads a settled state over all of its digits. Where something that is not finite decides, the
 * digits are those of 0, and beside a NaN there are no infinities: what else was looked at depends on
 * the order of blocks.
 */
function lengthen(state: DataView, size: number): void {
  const flags = state.getUint32(EXACT_FLAGS, true);
  const infinities = EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY;
  if ((flags & (EXACT_NAN | infinities)) !== 0) {
    if ((flags & EXACT_NAN) !== 0) state.setUint32(EXACT_FLAGS, flags & ~infinities, true);
    state.setInt32(EXACT_FIRST, 0, true);
    state.setInt32(EXACT_END, 0, true);
  }
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
