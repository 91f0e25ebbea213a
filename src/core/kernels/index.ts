// From an accumulator's code and a dtype's code to its kernel, and from a code
// to its merge. Constant tables would be static data, so these are switches.

import {
  OP_AND,
  OP_ARGMAX,
  OP_ARGMIN,
  OP_COUNT,
  OP_MAX,
  OP_MIN,
  OP_NONZERO,
  OP_OR,
  OP_PRODUCT,
  OP_SUM,
  SCRATCH_HALF,
} from "../map";
import { No, Yes } from "./common";
import * as extrema from "./extrema";
import { expandHalf } from "./half";
import * as logic from "./logic";
import * as product from "./product";
import * as sum from "./sum";

// Codes of the dtypes, in the host's order (operators/dtype.ts).
const INT64 = 6;
const UINT64 = 7;
const FLOAT16 = 8;
const FLOAT32 = 9;

/** Folds n elements at `p`, the first of which has index `base`, into a fresh `state`. */
export function foldBlock(
  op: i32,
  dtype: i32,
  skip: bool,
  p: usize,
  n: i32,
  base: i64,
  state: usize,
  scratch: usize,
): void {
  switch (dtype) {
    case 0:
      return foldInt<i8>(op, p, n, base, state);
    case 1:
      return foldInt<u8>(op, p, n, base, state);
    case 2:
      return foldInt<i16>(op, p, n, base, state);
    case 3:
      return foldInt<u16>(op, p, n, base, state);
    case 4:
      return foldInt<i32>(op, p, n, base, state);
    case 5:
      return foldInt<u32>(op, p, n, base, state);
    case INT64:
      return foldInt<i64>(op, p, n, base, state);
    case UINT64:
      return foldInt<u64>(op, p, n, base, state);
    case FLOAT16: {
      const wide = scratch + SCRATCH_HALF;
      expandHalf(p, n, wide);
      return foldFloat<f32>(op, skip, wide, n, base, state);
    }
    case FLOAT32:
      return foldFloat<f32>(op, skip, p, n, base, state);
    default:
      return foldFloat<f64>(op, skip, p, n, base, state);
  }
}

function foldInt<T>(op: i32, p: usize, n: i32, base: i64, state: usize): void {
  switch (op) {
    case OP_SUM:
      return sum.sumInt<T>(p, n, state);
    case OP_PRODUCT:
      if (sizeof<T>() == 8) return product.productLong<T>(p, n, state);
      return product.productInt<T>(p, n, state);
    case OP_MIN:
      return extrema.extremumInt<T, No>(p, n, state);
    case OP_MAX:
      return extrema.extremumInt<T, Yes>(p, n, state);
    case OP_ARGMIN:
      return extrema.argInt<T, No>(p, n, base, state);
    case OP_ARGMAX:
      return extrema.argInt<T, Yes>(p, n, base, state);
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
  n: i32,
  base: i64,
  state: usize,
): void {
  switch (op) {
    case OP_SUM:
      return sum.sumFloat<T>(p, n, skip, state);
    case OP_PRODUCT:
      return product.productFloat<T>(p, n, skip, state);
    case OP_MIN:
      if (skip) return extrema.extremumFloat<T, No, Yes>(p, n, state);
      return extrema.extremumFloat<T, No, No>(p, n, state);
    case OP_MAX:
      if (skip) return extrema.extremumFloat<T, Yes, Yes>(p, n, state);
      return extrema.extremumFloat<T, Yes, No>(p, n, state);
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
  const float = dtype >= FLOAT16;
  const unsignedLong = dtype == UINT64;
  switch (op) {
    case OP_SUM:
      return float ? sum.mergeFloat(into, left, right) : sum.mergeInt(into, left, right);
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
