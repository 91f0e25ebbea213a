// Exact sums of products of float64. A product is taken apart into its nearest float64 and the
// error of that, as Dekker (1971) does without a fused multiply-add; both go through exact.ts.
//
//      x = xh + xl                 xh: x rounded to 26 bits, so that xl has 26 bits and a sign
//      p = x · y                   rounded
//      e = ((xh·yh − p) + xh·yl + xl·yh) + xl·yl        exact
//
// That holds while nothing under- or overflows: |p| within 2^-968 … 2^1022, or 0 because a factor
// is. A part of a run that has other products is done by integers.

import {
  EXACT_PRODUCT_SCALE,
  EXACT_SCALE,
  EXACT_SOME,
  SCRATCH_HALF,
  SCRATCH_HALF_BYTES,
} from "../map";
import { special } from "./cells";
import { No, Yes } from "./common";
import { addAt, setFlags } from "./digits";
import { foldExact, maxLane, uppers } from "./exact";
import { mulHigh } from "./integers";

/** Products that are taken apart at once; with their errors they fill the room for float16. */
const PART: i32 = 4096;
/** Upper words of 2^-968 and of 2^1022. */
const LEAST: u32 = (1023 - 968) << 20;
const MOST: u32 = (1023 + 1022) << 20;
/** Of factors: 2^1000, so that rounding to 26 bits stays finite. */
const MOST_FACTOR: u32 = (1023 + 1000) << 20;
/** Bit of a state that weighs 2^EXACT_SCALE. */
const ORIGIN = EXACT_SCALE - EXACT_PRODUCT_SCALE;

function nearest26(x: v128, half: v128, mask: v128): v128 {
  return v128.and(i64x2.add(x, half), mask);
}

/**
 * Products of n pairs, an even number, and their errors; pairs with a NaN as 0 if SKIP. False if
 * one of them is out of bounds.
 */
function split<SKIP>(p: usize, q: usize, n: i32, products: usize, errors: usize): bool {
  const half = i64x2.splat(1 << 26);
  const mask = i64x2.splat(-(1 << 27));
  const magnitude = i32x4.splat(0x7fffffff);
  const zero = i64x2.splat(0);
  let lo = magnitude;
  let hi = zero;
  let factors = zero;
  const end = p + ((<usize>n) << 3);
  for (; p < end; p += 16, q += 16, products += 16, errors += 16) {
    let x = v128.load(p);
    let y = v128.load(q);
    if (isSigned<SKIP>()) {
      const isNumber = v128.and(f64x2.eq(x, x), f64x2.eq(y, y));
      x = v128.and(x, isNumber);
      y = v128.and(y, isNumber);
    }
    const xh = nearest26(x, half, mask);
    const yh = nearest26(y, half, mask);
    const xl = f64x2.sub(x, xh);
    const yl = f64x2.sub(y, yh);
    const product = f64x2.mul(x, y);
    let e = f64x2.sub(f64x2.mul(xh, yh), product);
    e = f64x2.add(f64x2.add(e, f64x2.mul(xh, yl)), f64x2.mul(xl, yh));
    e = f64x2.add(e, f64x2.mul(xl, yl));
    v128.store(products, product);
    v128.store(errors, e);
    const isZero = v128.or(f64x2.eq(x, zero), f64x2.eq(y, zero));
    // Upper words: of the products, then of the products with true zeros as the greatest.
    const words = v128.and(uppers(product, v128.or(product, isZero)), magnitude);
    hi = i32x4.max_u(hi, words);
    lo = i32x4.min_u(lo, words);
    factors = i32x4.max_u(factors, v128.and(uppers(x, y), magnitude));
  }
  const most = max<u32>(i32x4.extract_lane(hi, 0), i32x4.extract_lane(hi, 1));
  const least = min<u32>(i32x4.extract_lane(lo, 2), i32x4.extract_lane(lo, 3));
  return most < MOST && least >= LEAST && <u32>maxLane(factors) < MOST_FACTOR;
}

/** One product, whatever it is; returns flags if it is not finite. */
function addProduct(x: f64, y: f64, skip: bool, state: usize): i32 {
  if (skip && (x != x || y != y)) return 0;
  const a = reinterpret<i64>(x);
  const b = reinterpret<i64>(y);
  const fieldA = <i32>(a >> 52) & 0x7ff;
  const fieldB = <i32>(b >> 52) & 0x7ff;
  if (fieldA == 0x7ff || fieldB == 0x7ff) return special(x * y);
  if (x == 0 || y == 0) return 0;
  const m = (a & 0xfffffffffffff) | (fieldA == 0 ? 0 : 0x10000000000000);
  const n = (b & 0xfffffffffffff) | (fieldB == 0 ? 0 : 0x10000000000000);
  const position = max<i32>(fieldA, 1) + max<i32>(fieldB, 1) - 2150 - EXACT_PRODUCT_SCALE;
  const sign = (a ^ b) >> 63;
  const low = m * n;
  addAt(state, ((low & 0xffffffff) ^ sign) - sign, position);
  addAt(state, (i64(<u64>low >> 32) ^ sign) - sign, position + 32);
  addAt(state, (<i64>mulHigh(m, n) ^ sign) - sign, position + 64);
  return 0;
}

/** Adds the products of n pairs to `state`. `kind` numbers the guesses, and kind + 1. */
export function foldProducts(
  kind: i32,
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  state: usize,
  scratch: usize,
): void {
  const products = scratch + SCRATCH_HALF;
  const errors = products + SCRATCH_HALF_BYTES;
  let flags = EXACT_SOME;
  for (let left = n; left > 0; left -= PART) {
    let some = min<i32>(left, PART) & ~1;
    const isSplit = skip
      ? split<Yes>(p, q, some, products, errors)
      : split<No>(p, q, some, products, errors);
    if (isSplit) {
      foldExact<f64, No, No>(kind, products, products, some, false, state, ORIGIN, scratch);
      foldExact<f64, No, No>(kind + 1, errors, errors, some, false, state, ORIGIN, scratch);
      p += (<usize>some) << 3;
      q += (<usize>some) << 3;
      some = min<i32>(left, PART) - some;
    } else {
      some = min<i32>(left, PART);
    }
    for (; some > 0; some--, p += 8, q += 8) {
      flags |= addProduct(load<f64>(p), load<f64>(q), skip, state);
    }
  }
  setFlags(state, flags);
}
