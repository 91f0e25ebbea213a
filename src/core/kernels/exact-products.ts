// Exact sums of products of float64. A product is taken apart into its nearest float64 and the
// error of that, as Dekker (1971) does without a fused multiply-add; both go through exact.ts.
//
//      x = xh + xl                 xh: x rounded to 26 bits, so that xl has 26 bits and a sign
//      p = x · y                   rounded
//      e = ((xh·yh − p) + xh·yl + xl·yh) + xl·yl        exact
//
// That holds while nothing under- or overflows: |p| within 2^-968 … 2^1022, or 0 because a factor
// is. Of a part of a run that has other products, pairs are put into three bands by the sum of their
// exponents; factors of large products are scaled down, those of small ones up, by powers of two, and
// the bits of the state that they go to lie higher or lower. Only the least products, below 2^-1998,
// are done by integers.
//
// A NaN decides the sum, so behind one nothing is added any more. (What was depends on the order of
// blocks: files of states leave it out, see `tidy` in operators/exact.ts.)

import {
  EXACT_FLAGS,
  EXACT_MINUS_INFINITY,
  EXACT_NAN,
  EXACT_PLUS_INFINITY,
  EXACT_PRODUCT_SCALE,
  EXACT_PRODUCT_SIZE,
  EXACT_SCALE,
  EXACT_SOME,
  SCRATCH_EXACT,
  SCRATCH_HALF,
  SCRATCH_HALF_BYTES,
} from "../map";
import { special } from "./cells";
import { constant, No, Yes } from "./common";
import { digit, reach, setFlags } from "./digits";
import { foldExact, ROOM_CONSTANT } from "./exact";
import { mulHigh } from "./integers";

/** Products that are taken apart at once: with their errors they stay in the first-level cache. */
const PART: i32 = 1024;
/** Upper words of 2^-968 and of 2^1022. */
export const LEAST: u32 = (1023 - 968) << 20;
export const MOST: u32 = (1023 + 1022) << 20;
const INFINITE: u32 = 0x7ff00000;
const LOW: i64 = 0xffffffff;
/** Bit of a state that weighs 2^EXACT_SCALE. */
const ORIGIN = EXACT_SCALE - EXACT_PRODUCT_SCALE;

// Where the bounds of a part's products and errors are left, from the room for constants.
const BOUND_LEAST: usize = 16;
const BOUND_MOST: usize = 32;
const BOUND_ERROR: usize = 48;

function nearest26(x: v128, half: v128, mask: v128): v128 {
  return v128.and(i64x2.add(x, half), mask);
}

/**
 * Leaves the products of n pairs, an even number, and their errors; pairs with a NaN count as 0 if
 * SKIP. In the upper words at `room`: the least magnitude of a product (if ZEROS, other than those
 * with a zero), the greatest, and the greatest of an error. SQUARE: q is p.
 */
function split<SQUARE, ZEROS, SKIP>(
  p: usize,
  q: usize,
  n: i32,
  products: usize,
  errors: usize,
  room: usize,
): void {
  const half = constant(room, 1 << 26);
  const mask = constant(room, -(1 << 27));
  const magnitude = constant(room, i64.MAX_VALUE);
  const zero = i64x2.splat(0);
  let least = magnitude;
  let most = zero;
  let error = zero;
  const end = p + ((<usize>n) << 3);
  for (; p < end; p += 16, products += 16, errors += 16) {
    let x = v128.load(p);
    let y = isSigned<SQUARE>() ? x : v128.load(q);
    if (isSigned<SKIP>()) {
      const isNumber = v128.and(f64x2.eq(x, x), f64x2.eq(y, y));
      x = v128.and(x, isNumber);
      y = v128.and(y, isNumber);
    }
    const xh = nearest26(x, half, mask);
    const xl = f64x2.sub(x, xh);
    let product: v128;
    let e: v128;
    let isZero = zero;
    if (isSigned<SQUARE>()) {
      product = f64x2.mul(x, x);
      e = f64x2.sub(f64x2.mul(xh, xh), product);
      e = f64x2.add(e, f64x2.mul(f64x2.add(xh, xh), xl));
      e = f64x2.add(e, f64x2.mul(xl, xl));
      if (isSigned<ZEROS>()) isZero = f64x2.eq(x, zero);
    } else {
      const yh = nearest26(y, half, mask);
      const yl = f64x2.sub(y, yh);
      product = f64x2.mul(x, y);
      e = f64x2.sub(f64x2.mul(xh, yh), product);
      e = f64x2.add(f64x2.add(e, f64x2.mul(xh, yl)), f64x2.mul(xl, yh));
      e = f64x2.add(e, f64x2.mul(xl, yl));
      if (isSigned<ZEROS>()) isZero = v128.or(f64x2.eq(x, zero), f64x2.eq(y, zero));
      q += 16;
    }
    v128.store(products, product);
    v128.store(errors, e);
    // Only the upper words count; the lower ones go along.
    let words = v128.and(product, magnitude);
    most = i32x4.max_u(most, words);
    if (isSigned<ZEROS>()) words = v128.and(v128.or(product, isZero), magnitude);
    least = i32x4.min_u(least, words);
    error = i32x4.max_u(error, v128.and(e, magnitude));
  }
  v128.store(room + BOUND_LEAST, least);
  v128.store(room + BOUND_MOST, most);
  v128.store(room + BOUND_ERROR, error);
}

/** Whether all products are in bounds. An error that is not finite: a factor was too large. */
function isBounded(room: usize): bool {
  const least = min<u32>(load<u32>(room + BOUND_LEAST + 4), load<u32>(room + BOUND_LEAST + 12));
  const most = max<u32>(load<u32>(room + BOUND_MOST + 4), load<u32>(room + BOUND_MOST + 12));
  const error = max<u32>(load<u32>(room + BOUND_ERROR + 4), load<u32>(room + BOUND_ERROR + 12));
  return least >= LEAST && most < MOST && error < INFINITE;
}

/** Parts that are taken to have zeros after one that did. */
const PATIENCE = 32;
let patience: i32 = 0;

/** Most parts have no zeros; those that have are tried again, and some after them at once. */
function trySplit<SQUARE>(
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  products: usize,
  room: usize,
): bool {
  const errors = products + SCRATCH_HALF_BYTES;
  if (skip) {
    split<SQUARE, Yes, Yes>(p, q, n, products, errors, room);
    return isBounded(room);
  }
  if (patience == 0) {
    split<SQUARE, No, No>(p, q, n, products, errors, room);
    if (isBounded(room)) return true;
    patience = PATIENCE;
  }
  patience--;
  split<SQUARE, Yes, No>(p, q, n, products, errors, room);
  return isBounded(room);
}

/** One finite product to digits all in use. */
function addProduct(x: f64, y: f64, state: usize): void {
  const a = reinterpret<i64>(x);
  const b = reinterpret<i64>(y);
  const fieldA = <i32>(a >> 52) & 0x7ff;
  const fieldB = <i32>(b >> 52) & 0x7ff;
  const m = (a & 0xfffffffffffff) | (fieldA == 0 ? 0 : 0x10000000000000);
  const n = (b & 0xfffffffffffff) | (fieldB == 0 ? 0 : 0x10000000000000);
  const position = max<i32>(fieldA, 1) + max<i32>(fieldB, 1) - 2150 - EXACT_PRODUCT_SCALE;
  const at = digit(state, position >> 5);
  const shift = <i64>(position & 31);
  const sign = (a ^ b) >> 63;
  const low = m * n;
  const high = <i64>mulHigh(m, n);
  // 106 bits, and up to 31 more: five digits.
  const a0 = (low & LOW) << shift;
  const a1 = i64(<u64>low >> 32) << shift;
  const a2 = (high & LOW) << shift;
  const a3 = (high >> 32) << shift;
  addSigned(at, a0 & LOW, sign);
  addSigned(at + 8, i64(<u64>a0 >> 32) + (a1 & LOW), sign);
  addSigned(at + 16, i64(<u64>a1 >> 32) + (a2 & LOW), sign);
  addSigned(at + 24, i64(<u64>a2 >> 32) + (a3 & LOW), sign);
  addSigned(at + 32, a3 >> 32, sign);
}

function addSigned(at: usize, value: i64, sign: i64): void {
  store<i64>(at, load<i64>(at) + ((value ^ sign) - sign));
}

// --- products out of bounds -----------------------------------------------------------------

// Sums of two exponents, in bands: 900 and more, −900 and more, −2000 and more. Products are then
// within 2^-252 … 2^896, 2^-952 … 2^902, 2^-964 … 2^190. (The exponent of a subnormal number counts
// as −1022, while it may be −1074; of two factors that reach −2000 one at most is subnormal.)
const LARGE = 900;
const MIDDLE = -900;
const SMALL = -2000;
/** Of each factor; twice that are whole digits. */
const DOWN: f64 = reinterpret<f64>((<u64>(1023 - 576)) << 52);
const UP: f64 = reinterpret<f64>((<u64>(1023 + 544)) << 52);
const ROOM: f64 = 18446744073709551616.0;
const DOWN_BITS = 2 * 576;
const UP_BITS = 2 * 544;
/** Behind the products of a part, and behind their errors: the bands' factors. */
const BAND_BYTES: usize = (<usize>PART) << 3;
/** A thread's guesses for the products and errors of the outer bands, behind the others. */
const OUTER_KINDS = 12;

/** Parts that go into bands at once after one that had to: the way there may cost much by itself. */
let outside: i32 = 0;

/** The products of n pairs, whatever they are; returns flags of those that are not finite. */
function addBands(
  kind: i32,
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  state: usize,
  scratch: usize,
): i32 {
  const large = scratch + SCRATCH_HALF + BAND_BYTES;
  const middle = large + BAND_BYTES;
  const small = middle + BAND_BYTES;
  let a = large;
  let b = middle;
  let c = small;
  let flags = 0;
  const end = p + ((<usize>n) << 3);
  for (; p < end; p += 8, q += 8) {
    let x = load<f64>(p);
    let y = load<f64>(q);
    const fieldX = <i32>(reinterpret<i64>(x) >> 52) & 0x7ff;
    const fieldY = <i32>(reinterpret<i64>(y) >> 52) & 0x7ff;
    if (fieldX == 0x7ff || fieldY == 0x7ff) {
      if (!skip || (x == x && y == y)) flags |= special(x * y);
      continue;
    }
    if (x == 0 || y == 0) continue;
    const exponent = max<i32>(fieldX, 1) + max<i32>(fieldY, 1) - 2046;
    if (exponent < SMALL || n == 1) {
      reach(state, 0, EXACT_PRODUCT_SIZE);
      addProduct(x, y, state);
      continue;
    }
    if (exponent >= LARGE) {
      store<f64>(a, x * DOWN);
      store<f64>(a + SCRATCH_HALF_BYTES, y * DOWN);
      a += 8;
    } else if (exponent >= MIDDLE) {
      // So large a factor may overflow when it is rounded to 26 bits, and a subnormal one has no 26
      // bits to be rounded to. The other one is small, or large.
      if (fieldX == 2046 || fieldY == 0) {
        x *= 1 / ROOM;
        y *= ROOM;
      } else if (fieldY == 2046 || fieldX == 0) {
        x *= ROOM;
        y *= 1 / ROOM;
      }
      store<f64>(b, x);
      store<f64>(b + SCRATCH_HALF_BYTES, y);
      b += 8;
    } else {
      store<f64>(c, x * UP);
      store<f64>(c + SCRATCH_HALF_BYTES, y * UP);
      c += 8;
    }
  }
  if ((flags & EXACT_NAN) != 0) return flags;
  addBand(OUTER_KINDS, large, a, ORIGIN + DOWN_BITS, state, scratch);
  addBand(kind, middle, b, ORIGIN, state, scratch);
  addBand(OUTER_KINDS + 2, small, c, ORIGIN - UP_BITS, state, scratch);
  return flags;
}

/** Products in bounds, of factors that are not 0 from x to `end`; there is room for one more. */
function addBand(kind: i32, x: usize, end: usize, origin: i32, state: usize, scratch: usize): void {
  const count = <i32>((end - x) >> 3);
  if (count == 0) return;
  const y = x + SCRATCH_HALF_BYTES;
  const products = scratch + SCRATCH_HALF;
  const errors = products + SCRATCH_HALF_BYTES;
  const room = scratch + SCRATCH_EXACT + ROOM_CONSTANT;
  const even = (count + 1) & ~1;
  if (even != count) {
    store<f64>(end, 0);
    store<f64>(end + SCRATCH_HALF_BYTES, 0);
  }
  split<No, No, No>(x, y, even, products, errors, room);
  foldExact<f64, No, No>(kind, products, products, count, false, state, origin, scratch);
  foldExact<f64, No, No>(kind + 1, errors, errors, count, false, state, origin, scratch);
}

/** Flags of the products of n pairs that are not finite. */
function specials(p: usize, q: usize, n: i32, skip: bool): i32 {
  let flags = 0;
  const end = p + ((<usize>n) << 3);
  for (; p < end; p += 8, q += 8) {
    const x = load<f64>(p);
    const y = load<f64>(q);
    // Not x · y, which may overflow.
    if (x - x == 0 && y - y == 0) continue;
    if (!skip || (x == x && y == y)) flags |= special(x * y);
  }
  return flags;
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
  const room = scratch + SCRATCH_EXACT + ROOM_CONSTANT;
  setFlags(state, EXACT_SOME);
  for (let left = n; left > 0; left -= PART) {
    const flags = load<i32>(state + EXACT_FLAGS);
    if ((flags & EXACT_NAN) != 0) return;
    const some = min<i32>(left, PART);
    const even = some & ~1;
    let done = 0;
    if ((flags & (EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY)) != 0) {
      setFlags(state, specials(p, q, some, skip));
      done = some;
    } else if (outside > 0) {
      outside--;
    } else if (
      p == q
        ? trySplit<Yes>(p, q, even, skip, products, room)
        : trySplit<No>(p, q, even, skip, products, room)
    ) {
      foldExact<f64, No, No>(kind, products, products, even, false, state, ORIGIN, scratch);
      foldExact<f64, No, No>(kind + 1, errors, errors, even, false, state, ORIGIN, scratch);
      done = even;
    } else {
      outside = PATIENCE;
    }
    p += (<usize>done) << 3;
    q += (<usize>done) << 3;
    if (done < some) {
      setFlags(state, addBands(kind, p, q, some - done, skip, state, scratch));
      p += (<usize>(some - done)) << 3;
      q += (<usize>(some - done)) << 3;
    }
  }
}
