// Whether a state of a file is one that an input can give. A state may come from anywhere: its checksum
// says only that it was not altered by accident, and what cannot be must not become a value.

import {
  EXACT_COUNT,
  EXACT_DIGITS,
  EXACT_END,
  EXACT_FIRST,
  EXACT_FLAGS,
  EXACT_MINUS_INFINITY,
  EXACT_NAN,
  EXACT_PLUS_INFINITY,
  EXACT_SOME,
} from "../core/map.js";
import type { DtypeInfo } from "./dtype.js";

/** What a state has to fit: the dtype of the elements, and whether NaN were left out. */
export interface Origin {
  readonly dtype: DtypeInfo;
  readonly skipNaN: boolean;
}

/** Of what an accumulator adds up. */
export type Addend = "elements" | "magnitudes" | "squares" | "products";

const square = (x: bigint): bigint => x * x;
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

// --- integers ------------------------------------------------------------------------------

/** The least and the greatest integer of a dtype. */
function rangeOf({ kind, size }: DtypeInfo): [least: bigint, most: bigint] {
  const values = 1n << BigInt(8 * size);
  return kind === "uint" ? [0n, values - 1n] : [-(values >> 1n), (values >> 1n) - 1n];
}

function addendRange(addend: Addend, dtype: DtypeInfo): [least: bigint, most: bigint] {
  const [least, most] = rangeOf(dtype);
  // Of signed integers the least is the farthest from 0.
  const greatest = least < 0n ? -least : most;
  switch (addend) {
    case "elements":
      return [least, most];
    case "magnitudes":
      return [0n, greatest];
    case "squares":
      return [0n, square(greatest)];
    default:
      return [least * most, square(greatest)];
  }
}

/** A sum of `words` words of 64 bits, and the count behind it. */
export function sumAndCount(state: DataView, words: number): { sum: bigint; count: bigint } {
  let sum = state.getBigInt64(8 * (words - 1), true);
  for (let i = words - 2; i >= 0; i--) sum = (sum << 64n) | state.getBigUint64(8 * i, true);
  return { sum, count: state.getBigInt64(8 * words, true) };
}

export function isIntegerSum(words: number, addend: Addend) {
  return (state: DataView, { dtype }: Origin): boolean => {
    const { sum, count } = sumAndCount(state, words);
    const [least, most] = addendRange(addend, dtype);
    return count >= 0n && sum >= count * least && sum <= count * most;
  };
}

/** Whether n integers of the dtype can have the sum s and the sum of squares q. */
export function areIntegerMoments(
  { sum: s, count: n }: { sum: bigint; count: bigint },
  { sum: q, count }: { sum: bigint; count: bigint },
  { dtype }: Origin,
): boolean {
  const [least, most] = rangeOf(dtype);
  // x² and x are both odd or both even; (x − least)·(most − x) ≥ 0 for each; and Cauchy–Schwarz.
  const isBetween = n * q >= square(s) && q <= (least + most) * s - n * least * most;
  return n === count && (s - q) % 2n === 0n && isBetween && (n !== 1n || q === square(s));
}

/** Whether n numbers can have the sum s and the sum of magnitudes m. */
export function areSumAndMagnitudes(
  { sum: s, count: n }: { sum: bigint; count: bigint },
  { sum: m, count }: { sum: bigint; count: bigint },
): boolean {
  return n === count && m >= abs(s) && (m - s) % 2n === 0n && (n !== 1n || m === abs(s));
}

export function isCount(state: DataView): boolean {
  return state.getBigInt64(0, true) >= 0n;
}

export function isPartOfCount(state: DataView): boolean {
  const some = state.getBigInt64(0, true);
  return some >= 0n && some <= state.getBigInt64(8, true);
}

/** 64 bits, of which those that an element lacks are its sign, or zeros. */
export function isElement(state: DataView, { dtype, skipNaN }: Origin): boolean {
  if (dtype.kind === "float") return isFloatElement(state, dtype, skipNaN);
  const isUnsigned = dtype.kind === "uint";
  const value = isUnsigned ? state.getBigUint64(0, true) : state.getBigInt64(0, true);
  const [least, most] = rangeOf(dtype);
  return value >= least && value <= most;
}

// --- extrema -------------------------------------------------------------------------------

function isFloatElement(state: DataView, { name }: DtypeInfo, skipNaN: boolean): boolean {
  const x = state.getFloat64(0, true);
  // One NaN for all: `tidy` saw to it.
  if (Number.isNaN(x)) return !skipNaN && state.getBigInt64(0, true) === 0x7ff8000000000000n;
  if (name === "float64" || !Number.isFinite(x) || x === 0) return true;
  if (name === "float32") return Math.fround(x) === x;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  return Math.abs(x) <= 65504 && Number.isInteger(x / unit);
}

/** A value and whether there is one; without it the value is 0. */
export function isExtremum(state: DataView, origin: Origin): boolean {
  const seen = state.getBigInt64(8, true);
  return seen === 0n || (seen === 1n && isElement(state, origin));
}

/** Whether a minimum and a maximum can be of the same elements. */
export function areExtrema(low: DataView, high: DataView, { dtype }: Origin): boolean {
  const seen = low.getBigInt64(8, true);
  if (seen !== high.getBigInt64(8, true)) return false;
  if (seen === 0n) return true;
  if (dtype.kind === "uint") return low.getBigUint64(0, true) <= high.getBigUint64(0, true);
  if (dtype.kind === "int") return low.getBigInt64(0, true) <= high.getBigInt64(0, true);
  const [a, b] = [low.getFloat64(0, true), high.getFloat64(0, true)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return a < b || (a === b && !(Object.is(a, 0) && Object.is(b, -0)));
}

// --- exact sums of floats ------------------------------------------------------------------

/** The greatest finite number, (2^precision − 1) · 2^exponent, and the last bit of the least, 2^least. */
const FORMATS = {
  float16: { precision: 11n, exponent: 5, least: -24 },
  float32: { precision: 24n, exponent: 104, least: -149 },
  float64: { precision: 53n, exponent: 971, least: -1074 },
} as const;

const NOT_FINITE = EXACT_NAN | EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY;

/** The sum, in units of the state's first digit, the count, and the flags. */
export function exactOf(state: DataView, size: number) {
  let sum = 0n;
  for (let i = size - 1; i >= 0; i--) {
    sum = (sum << 32n) + state.getBigInt64(EXACT_DIGITS + 8 * i, true);
  }
  const flags = state.getUint32(EXACT_FLAGS, true);
  return { sum, count: state.getBigInt64(EXACT_COUNT, true), flags };
}

/** Of `size` digits, of which the first weighs 2^scale, as `tidy` leaves it. */
export function isExactSum(
  state: DataView,
  { dtype, skipNaN }: Origin,
  addend: Addend,
  size: number,
  scale: number,
): boolean {
  if (state.getInt32(EXACT_FIRST, true) !== 0) return false;
  if (state.getInt32(EXACT_END, true) !== size) return false;
  for (let i = 0; i < size - 1; i++) {
    if (state.getUint32(EXACT_DIGITS + 8 * i + 4, true) !== 0) return false;
  }
  if (state.getUint32(EXACT_FLAGS + 4, true) !== 0) return false;
  const { sum, count, flags } = exactOf(state, size);
  if (!areFlags(flags, addend, count, skipNaN) || count < 0n) return false;
  // Without any element but −0 there is nothing to be added up.
  if ((flags & EXACT_SOME) === 0 && sum !== 0n) return false;
  if (sum < 0n && (addend === "magnitudes" || addend === "squares")) return false;
  const { precision, exponent, least } = FORMATS[dtype.name as keyof typeof FORMATS];
  const factors = addend === "squares" || addend === "products" ? 2 : 1;
  const most = (((1n << precision) - 1n) ** BigInt(factors)) << BigInt(factors * exponent - scale);
  const unit = 1n << BigInt(factors * least - scale);
  return abs(sum) <= count * most && sum % unit === 0n;
}

function areFlags(flags: number, addend: Addend, count: bigint, skipNaN: boolean): boolean {
  if ((flags & ~(NOT_FINITE | EXACT_SOME)) !== 0) return false;
  // A zero times an infinity is a NaN that no element is.
  if (skipNaN && addend !== "products" && (flags & EXACT_NAN) !== 0) return false;
  const isNonNegative = addend === "magnitudes" || addend === "squares";
  if (isNonNegative && (flags & EXACT_MINUS_INFINITY) !== 0) return false;
  let special = 0n;
  for (const flag of [EXACT_NAN, EXACT_PLUS_INFINITY, EXACT_MINUS_INFINITY]) {
    if ((flags & flag) !== 0) special++;
  }
  if (special > count) return false;
  // Only a sum of elements tells −0 from other zeros.
  return (flags & EXACT_SOME) !== 0 || (special === 0n && (addend === "elements" || count === 0n));
}

/** Whether elements with the first state's sum can have what the second adds up: as −∞ and ∞ are ∞. */
function areAlike(flags: number, others: number): boolean {
  const isInfinite = (f: number) => (f & (EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY)) !== 0;
  return ((flags ^ others) & EXACT_NAN) === 0 && isInfinite(flags) === isInfinite(others);
}

type Exact = ReturnType<typeof exactOf>;

/** Whether n floats can have this sum, in units of 2^scale, and this sum of squares. */
export function areExactMoments(
  sum: Exact,
  squares: Exact,
  scale: number,
  squaresScale: number,
): boolean {
  const n = sum.count;
  const unit = Math.min(2 * scale, squaresScale);
  const least = square(sum.sum) << BigInt(2 * scale - unit);
  const most = (n * squares.sum) << BigInt(squaresScale - unit);
  const isBetween = n === 1n ? least === most : least <= most;
  return n === squares.count && areAlike(sum.flags, squares.flags) && isBetween;
}

/** The same for their magnitudes, in the same units. */
export function areExactMagnitudes(sum: Exact, magnitudes: Exact): boolean {
  return areAlike(sum.flags, magnitudes.flags) && areSumAndMagnitudes(sum, magnitudes);
}
