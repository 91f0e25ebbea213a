// From an accumulator's code and a dtype's code to its kernel, and from a code
// to its merge. Constant tables would be static data, so these are switches.

import {
  BLOCK,
  OP_ABS,
  OP_AND,
  OP_ARGMAX,
  OP_ARGMIN,
  OP_CENSUS,
  OP_COUNT,
  OP_DOT,
  OP_EXACT_ABS,
  OP_EXACT_DOT,
  OP_EXACT_SUM,
  OP_MAX,
  OP_MIN,
  OP_MOMENTS,
  OP_NONZERO,
  OP_OR,
  OP_PRODUCT,
  OP_RUNNING,
  OP_SQUARES,
  OP_SUM,
  SCRATCH_HALF,
  SCRATCH_HALF_BYTES,
} from "../map";
import { census, mergeCensus } from "./census";
import { No, Yes } from "./common";
import * as digits from "./digits";
import { foldExact } from "./exact";
import { foldProducts } from "./exact-products";
import * as extrema from "./extrema";
import { expandHalf } from "./half";
import * as integers from "./integers";
import * as logic from "./logic";
import { mergeMoments, momentsFloat } from "./moments";
import * as product from "./product";
import * as sum from "./sum";

// Codes of the dtypes, in the host's order (operators/dtype.ts).
const INT32 = 4;
const UINT32 = 5;
const INT64 = 6;
const UINT64 = 7;
export const FLOAT16 = 8;
const FLOAT32 = 9;
export const FLOAT64 = 10;

/**
 * Folds n elements at `p`, the first of which has index `base`, into a fresh `state`; of operators
 * with two inputs, the second's are at `q`.
 */
export function foldBlock(
  op: i32,
  dtype: i32,
  skip: bool,
  p: usize,
  q: usize,
  n: i32,
  base: i64,
  state: usize,
  scratch: usize,
): void {
  switch (dtype) {
    case 0:
      return foldInt<i8>(op, p, q, n, base, state, scratch);
    case 1:
      return foldInt<u8>(op, p, q, n, base, state, scratch);
    case 2:
      return foldInt<i16>(op, p, q, n, base, state, scratch);
    case 3:
      return foldInt<u16>(op, p, q, n, base, state, scratch);
    case 4:
      return foldInt<i32>(op, p, q, n, base, state, scratch);
    case 5:
      return foldInt<u32>(op, p, q, n, base, state, scratch);
    case INT64:
      return foldInt<i64>(op, p, q, n, base, state, scratch);
    case UINT64:
      return foldInt<u64>(op, p, q, n, base, state, scratch);
    case FLOAT16: {
      const wide = scratch + SCRATCH_HALF;
      const second = expandBoth(p, q, n, wide);
      return foldFloat<f32>(op, skip, wide, second, n, base, state);
    }
    case FLOAT32:
      return foldFloat<f32>(op, skip, p, q, n, base, state);
    default:
      return foldFloat<f64>(op, skip, p, q, n, base, state);
  }
}

/** One input of float16 or two as float32, at `wide` and behind; returns where the second is. */
function expandBoth(p: usize, q: usize, n: i32, wide: usize): usize {
  expandHalf(p, n, wide);
  if (q == p) return wide;
  expandHalf(q, n, wide + SCRATCH_HALF_BYTES);
  return wide + SCRATCH_HALF_BYTES;
}

// Kinds of exact sums: each has guesses of its own, those of products of float64 two.
const SUM64 = 0;
const ABS64 = 1;
const SUM32 = 2;
const ABS32 = 3;
const SQUARES32 = 4;
const DOT32 = 5;
const SQUARES64 = 6;
const DOT64 = 8;

/** Whether the elements of this accumulator may come from two places at once. */
export function takesTwo(op: i32, dtype: i32): bool {
  if (op == OP_DOT) return dtype == FLOAT32;
  if (op == OP_EXACT_SUM || op == OP_EXACT_ABS) return dtype >= FLOAT32;
  if (op == OP_SUM) return dtype == INT32 || dtype == UINT32 || dtype >= FLOAT32;
  return (op == OP_MIN || op == OP_MAX) && dtype != FLOAT16;
}

/**
 * Folds two blocks of n elements, of an accumulator that takes two, into fresh states. Where order
 * decides no bit the first state has both, and the other is that of nothing.
 */
export function foldTwo(
  op: i32,
  dtype: i32,
  p: usize,
  q: usize,
  second: usize,
  n: i32,
  state: usize,
  other: usize,
): void {
  if (op == OP_DOT) return sum.sumTwo<f32, sum.Product>(p, q, second, n, state, other);
  if (op == OP_SUM && dtype == FLOAT64) {
    return sum.sumTwo<f64, sum.Plain>(p, q, 0, n, state, other);
  }
  if (op == OP_SUM && dtype == FLOAT32) {
    return sum.sumTwo<f32, sum.Plain>(p, q, 0, n, state, other);
  }
  foldBlock(op, dtype, false, p, q, n, 0, state, 0);
  foldBlock(op, dtype, false, p, p, 0, 0, other, 0);
}

/**
 * Adds n elements at `p` to the state of a running accumulator, or n / 2 at `p` and n / 2 at `q`, if
 * it takes two. `q` is `p`, or that of the second input.
 */
export function foldRunning(
  op: i32,
  dtype: i32,
  skip: bool,
  p: usize,
  q: usize,
  n: i32,
  state: usize,
  scratch: usize,
): void {
  if (dtype == FLOAT64) return runFloat<f64>(op, skip, p, q, n, state, scratch);
  if (dtype == FLOAT32) return runFloat<f32>(op, skip, p, q, n, state, scratch);
  const wide = scratch + SCRATCH_HALF;
  for (let done = 0; done < n; done += BLOCK) {
    const some = min<i32>(BLOCK, n - done);
    const offset = (<usize>done) << 1;
    const second = expandBoth(p + offset, q + offset, some, wide);
    runFloat<f32>(op, skip, wide, second, some, state, scratch);
  }
}

function runFloat<T>(
  op: i32,
  skip: bool,
  p: usize,
  q: usize,
  n: i32,
  state: usize,
  scratch: usize,
): void {
  const isWide = sizeof<T>() == 8;
  let count = <i64>n;
  if (skip) count = op == OP_EXACT_DOT ? sum.countPairs<T>(p, q, n) : sum.countNumbers<T>(p, n);
  digits.addCount(state, count);
  if (op == OP_EXACT_SUM) {
    return foldExact<T, No, No>(isWide ? SUM64 : SUM32, p, q, n, skip, state, 0, scratch);
  }
  if (op == OP_EXACT_ABS) {
    return foldExact<T, Yes, No>(isWide ? ABS64 : ABS32, p, q, n, skip, state, 0, scratch);
  }
  const second = op == OP_EXACT_DOT ? q : p;
  if (isWide) {
    const kind = op == OP_EXACT_DOT ? DOT64 : SQUARES64;
    return foldProducts(kind, p, second, n, skip, state, scratch);
  }
  const kind = op == OP_EXACT_DOT ? DOT32 : SQUARES32;
  foldExact<f32, No, Yes>(kind, p, second, n, skip, state, 0, scratch);
}

function foldInt<T extends number>(
  op: i32,
  p: usize,
  q: usize,
  n: i32,
  base: i64,
  state: usize,
  scratch: usize,
): void {
  switch (op) {
    case OP_SUM:
      return sum.sumInt<T>(p, q, n, state);
    case OP_PRODUCT:
      if (sizeof<T>() == 8) return product.productLong<T>(p, n, state);
      return product.productInt<T>(p, n, state);
    case OP_MIN:
      return extrema.extremumInt<T, No>(p, q, n, state);
    case OP_MAX:
      return extrema.extremumInt<T, Yes>(p, q, n, state);
    case OP_ARGMIN:
      return extrema.argInt<T, No>(p, n, base, state);
    case OP_ARGMAX:
      return extrema.argInt<T, Yes>(p, n, base, state);
    case OP_ABS:
      return integers.absInt<T>(p, n, state, scratch + SCRATCH_HALF);
    case OP_SQUARES:
      return integers.productsInt<T>(p, p, n, state);
    case OP_DOT:
      return integers.productsInt<T>(p, q, n, state);
    case OP_COUNT:
      store<i64>(state, n);
      return;
    case OP_NONZERO:
      return logic.nonZeroOfInt<T>(p, n, state);
    case OP_AND:
      return logic.foldBits<T, No, No>(p, n, state);
    case OP_OR:
      return logic.foldBits<T, Yes, No>(p, n, state);
    default:
      return logic.foldBits<T, No, Yes>(p, n, state);
  }
}

function foldFloat<T extends number>(
  op: i32,
  skip: bool,
  p: usize,
  q: usize,
  n: i32,
  base: i64,
  state: usize,
): void {
  switch (op) {
    case OP_SUM:
      return sum.sumFloat<T, sum.Plain>(p, p, n, skip, state);
    case OP_ABS:
      return sum.sumFloat<T, sum.Magnitude>(p, p, n, skip, state);
    case OP_SQUARES:
      return sum.sumFloat<T, sum.Product>(p, p, n, skip, state);
    case OP_DOT:
      return sum.sumFloat<T, sum.Product>(p, q, n, skip, state);
    case OP_MOMENTS:
      return momentsFloat<T>(p, n, skip, state);
    case OP_CENSUS:
      if (q == p) return census<T, No>(p, p, n, skip, state);
      return census<T, Yes>(p, q, n, skip, state);
    case OP_PRODUCT:
      return product.productFloat<T>(p, n, skip, state);
    case OP_MIN:
      if (skip) return extrema.extremumFloat<T, No, Yes>(p, q, n, state);
      return extrema.extremumFloat<T, No, No>(p, q, n, state);
    case OP_MAX:
      if (skip) return extrema.extremumFloat<T, Yes, Yes>(p, q, n, state);
      return extrema.extremumFloat<T, Yes, No>(p, q, n, state);
    case OP_ARGMIN:
      if (skip) return extrema.argFloat<T, No, Yes>(p, n, base, state);
      return extrema.argFloat<T, No, No>(p, n, base, state);
    case OP_ARGMAX:
      if (skip) return extrema.argFloat<T, Yes, Yes>(p, n, base, state);
      return extrema.argFloat<T, Yes, No>(p, n, base, state);
    case OP_COUNT:
      store<i64>(state, skip ? sum.countNumbers<T>(p, n) : <i64>n);
      return;
    default:
      return logic.nonZeroOfFloat<T>(p, n, skip, state);
  }
}

/** into = left ⊕ right; `into` may be `left`, never `right`. */
export function mergeState(op: i32, dtype: i32, into: usize, left: usize, right: usize): void {
  if (op >= OP_RUNNING) return digits.merge(into, left, right);
  const float = dtype >= FLOAT16;
  const unsignedLong = dtype == UINT64;
  switch (op) {
    case OP_SUM:
    case OP_ABS:
      return float ? sum.mergeFloat(into, left, right) : sum.mergeInt(into, left, right);
    case OP_SQUARES:
    case OP_DOT:
      if (float) return sum.mergeFloat(into, left, right);
      return integers.mergeProducts(into, left, right);
    case OP_MOMENTS:
      return mergeMoments(into, left, right);
    case OP_CENSUS:
      return mergeCensus(into, left, right);
    case OP_PRODUCT:
      if (float) return product.mergeFloat(into, left, right);
      if (dtype >= INT64) return product.mergeLong(into, left, right);
      return product.mergeInt(into, left, right);
    case OP_MIN:
      if (float) return extrema.mergeExtremumFloat<No>(into, left, right);
      if (unsignedLong) return extrema.mergeExtremumInt<No, Yes>(into, left, right);
      return extrema.mergeExtremumInt<No, No>(into, left, right);
    case OP_MAX:
      if (float) return extrema.mergeExtremumFloat<Yes>(into, left, right);
      if (unsignedLong) return extrema.mergeExtremumInt<Yes, Yes>(into, left, right);
      return extrema.mergeExtremumInt<Yes, No>(into, left, right);
    case OP_ARGMIN:
      if (float) return extrema.mergeArgFloat<No>(into, left, right);
      if (unsignedLong) return extrema.mergeArgInt<No, Yes>(into, left, right);
      return extrema.mergeArgInt<No, No>(into, left, right);
    case OP_ARGMAX:
      if (float) return extrema.mergeArgFloat<Yes>(into, left, right);
      if (unsignedLong) return extrema.mergeArgInt<Yes, Yes>(into, left, right);
      return extrema.mergeArgInt<Yes, No>(into, left, right);
    case OP_COUNT:
      return logic.mergeCount(into, left, right);
    case OP_NONZERO:
      return logic.mergeNonZero(into, left, right);
    case OP_AND:
      return logic.mergeBits<No, No>(into, left, right);
    case OP_OR:
      return logic.mergeBits<Yes, No>(into, left, right);
    default:
      return logic.mergeBits<No, Yes>(into, left, right);
  }
}
