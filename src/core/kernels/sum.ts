// Sums. Integers are exact: a block in 64 bits, states in 128. Floats here are
// the plain SIMD sum, lanes in a fixed order, float32 and float16 in float64.
//
// State of an integer sum: low u64, high i64, count i64. Of a float sum: f64, count i64.

import { constant, No, turns, Yes } from "./common";

/** Every lane of v, widened to 32 bits and added by fours into lanes of `sum`. */
function widenAdd<T>(sum: v128, v: v128): v128 {
  if (sizeof<T>() == 1) {
    if (isSigned<T>()) {
      return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v)));
    }
    return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v)));
  }
  if (isSigned<T>()) return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(v));
  return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(v));
}

/** The sum of four lanes that are signed if T is. */
function sumLanes<T>(v: v128): i64 {
  const pairs = isSigned<T>()
    ? i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v))
    : i64x2.add(i64x2.extend_low_i32x4_u(v), i64x2.extend_high_i32x4_u(v));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

/** The exact sum of a block of elements of up to 16 bits: 8,192 · 2^16 fits a u32 lane. */
function sumNarrow<T>(p: usize, n: i32): i64 {
  const end = p + turns(<usize>n * sizeof<T>());
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let at = p;
  for (; at < end; at += 64) {
    a = widenAdd<T>(a, v128.load(at));
    b = widenAdd<T>(b, v128.load(at + 16));
    c = widenAdd<T>(c, v128.load(at + 32));
    d = widenAdd<T>(d, v128.load(at + 48));
  }
  let sum = sumLanes<T>(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) sum += <i64>load<T>(at);
  return sum;
}

/** Every lane's high 16 bits. */
function highHalf<T>(v: v128): v128 {
  return isSigned<T>() ? i32x4.shr_s(v, 16) : i32x4.shr_u(v, 16);
}

/**
 * The exact sum of n 32-bit elements at p and, unless q is p, of as many at q, then whole blocks:
 * of their high halves, which fits a lane, and of all modulo 2^32. The difference is the sum of the
 * low halves, and fits a lane too: 4,096 · 2^16.
 */
function sumWord<T>(p: usize, q: usize, n: i32): i64 {
  const step: usize = q == p ? 64 : 32;
  const end = p + turns((<usize>n) << 2);
  let to = q == p ? p + 32 : q;
  let all = i32x4.splat(0);
  let all2 = all;
  let high = all;
  let high2 = all;
  let at = p;
  for (; at < end; at += step, to += step) {
    const v = v128.load(at);
    const w = v128.load(at + 16);
    const x = v128.load(to);
    const y = v128.load(to + 16);
    all = i32x4.add(all, i32x4.add(v, w));
    all2 = i32x4.add(all2, i32x4.add(x, y));
    high = i32x4.add(high, i32x4.add(highHalf<T>(v), highHalf<T>(w)));
    high2 = i32x4.add(high2, i32x4.add(highHalf<T>(x), highHalf<T>(y)));
  }
  high = i32x4.add(high, high2);
  const low = i32x4.sub(i32x4.add(all, all2), i32x4.shl(high, 16));
  let sum = (sumLanes<T>(high) << 16) + sumLanes<u32>(low);
  const last = p + ((<usize>n) << 2);
  for (at = end; at < last; at += 4) sum += <i64>load<T>(at);
  return sum;
}

function addTo128(state: usize, low: u64, high: i64): void {
  const before = load<u64>(state);
  const after = before + low;
  store<u64>(state, after);
  store<i64>(state + 8, load<i64>(state + 8) + high + i64(after < before));
}

/**
 * 64-bit elements: low and high halves apart, each an exact 64-bit sum. A signed element x is
 * read as x + 2^63 (its top bit flipped), and n · 2^63 is taken off at the end.
 */
function sumLong<T>(p: usize, n: i32, state: usize): void {
  const mask = constant(state, 0xffffffff);
  const flip = constant(state, i64.MIN_VALUE);
  let low = i64x2.splat(0);
  let high = low;
  let low2 = low;
  let high2 = low;
  const end = p + turns((<usize>n) << 3);
  let at = p;
  for (; at < end; at += 32) {
    let v = v128.load(at);
    let w = v128.load(at + 16);
    if (isSigned<T>()) {
      v = v128.xor(v, flip);
      w = v128.xor(w, flip);
    }
    low = i64x2.add(low, v128.and(v, mask));
    high = i64x2.add(high, i64x2.shr_u(v, 32));
    low2 = i64x2.add(low2, v128.and(w, mask));
    high2 = i64x2.add(high2, i64x2.shr_u(w, 32));
  }
  low = i64x2.add(low, low2);
  high = i64x2.add(high, high2);
  let lows: u64 = i64x2.extract_lane(low, 0) + i64x2.extract_lane(low, 1);
  let highs: u64 = i64x2.extract_lane(high, 0) + i64x2.extract_lane(high, 1);
  const top: u64 = isSigned<T>() ? <u64>i64.MIN_VALUE : 0;
  const last = p + ((<usize>n) << 3);
  for (at = end; at < last; at += 8) {
    const x = load<u64>(at) ^ top;
    lows += x & 0xffffffff;
    highs += x >> 32;
  }
  // lows + highs · 2^32 as 128 bits.
  store<u64>(state, lows);
  store<i64>(state + 8, 0);
  addTo128(state, highs << 32, <i64>(highs >> 32));
  if (isSigned<T>()) {
    // − n · 2^63: n / 2 in the high word, an odd n leaves 2^63 in the low one.
    addTo128(state, (<u64>(-(<i64>n) & 1)) << 63, -(<i64>n) >> 1);
  }
}

export function sumInt<T>(p: usize, q: usize, n: i32, state: usize): void {
  if (sizeof<T>() == 8) {
    sumLong<T>(p, n, state);
  } else {
    const sum = sizeof<T>() == 4 ? sumWord<T>(p, q, n) : sumNarrow<T>(p, n);
    store<i64>(state, sum);
    store<i64>(state + 8, sum >> 63);
  }
  store<i64>(state + 16, q == p ? n : (<i64>n) << 1);
}

export function mergeInt(into: usize, left: usize, right: usize): void {
  const low = load<u64>(left);
  const high = load<i64>(left + 8);
  const addLow = load<u64>(right);
  const sum = low + addLow;
  store<i64>(into + 8, high + load<i64>(right + 8) + i64(sum < low));
  store<u64>(into, sum);
  store<i64>(into + 16, load<i64>(left + 16) + load<i64>(right + 16));
}

/** v with its NaN lanes turned to −0, which adds nothing. */
function withoutNaN(v: v128, nothing: v128): v128 {
  return v128.bitselect(v, nothing, f64x2.eq(v, v));
}

/** What a float sum adds up: elements, their magnitudes, their products with a second input. */
export type Plain = i8;
export type Magnitude = i16;
export type Product = i32;

/** Two addends as float64: two elements of T at `at`, in the second input at `to`. */
function addend<T, WHAT, SKIP>(at: usize, to: usize, nothing: v128): v128 {
  let v = sizeof<T>() == 8 ? v128.load(at) : f64x2.promote_low_f32x4(v128.load64_zero(at));
  if (sizeof<WHAT>() == 4) {
    const w = sizeof<T>() == 8 ? v128.load(to) : f64x2.promote_low_f32x4(v128.load64_zero(to));
    const isNumber = v128.and(f64x2.eq(v, v), f64x2.eq(w, w));
    v = f64x2.mul(v, w);
    return isSigned<SKIP>() ? v128.bitselect(v, nothing, isNumber) : v;
  }
  if (sizeof<WHAT>() == 2) v = f64x2.abs(v);
  return isSigned<SKIP>() ? withoutNaN(v, nothing) : v;
}

/** Four elements at `at` as one addend: elements 0 and 2 added up, and 1 and 3. */
function take<T, WHAT, SKIP>(at: usize, to: usize, nothing: v128): v128 {
  // Of float32, two loads and conversions cost less than one load and a shuffle.
  return f64x2.add(
    addend<T, WHAT, SKIP>(at, to, nothing),
    addend<T, WHAT, SKIP>(at + 2 * sizeof<T>(), to + 2 * sizeof<T>(), nothing),
  );
}

/** Eight elements as one addend. */
function eight<T, WHAT, SKIP>(at: usize, to: usize, nothing: v128): v128 {
  const size = sizeof<T>();
  return f64x2.add(
    take<T, WHAT, SKIP>(at, to, nothing),
    take<T, WHAT, SKIP>(at + 4 * size, to + 4 * size, nothing),
  );
}

/** The sum of what two accumulators have. */
export function lanes(a: v128, b: v128): f64 {
  const v = f64x2.add(a, b);
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/**
 * Sixteen elements a turn, of every float alike, eight to an accumulator: vectors meet in a tree
 * before, which keeps the chain of additions short with few registers. Starts at −0, the true
 * identity of floating-point addition.
 */
function sumFloatOf<T, WHAT, SKIP>(p: usize, q: usize, n: i32, state: usize): f64 {
  const size = sizeof<T>();
  const end = p + (<usize>n & ~15) * size;
  const nothing = constant(state, i64.MIN_VALUE);
  let a = nothing;
  let b = a;
  let at = p;
  let to = q;
  while (at < end) {
    if (sizeof<WHAT>() == 4) {
      // Twice the loads: half a turn at a time, for which there are registers.
      const c = f64x2.add(a, eight<T, WHAT, SKIP>(at, to, nothing));
      a = b;
      b = c;
      at += 8 * size;
      to += 8 * size;
    } else {
      a = f64x2.add(a, eight<T, WHAT, SKIP>(at, to, nothing));
      b = f64x2.add(b, eight<T, WHAT, SKIP>(at + 8 * size, to + 8 * size, nothing));
      at += 16 * size;
    }
  }
  let sum = lanes(a, b);
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) {
    let x = <f64>load<T>(at);
    if (isSigned<SKIP>() && x != x) continue;
    if (sizeof<WHAT>() == 2) x = abs<f64>(x);
    if (sizeof<WHAT>() == 4) {
      const y = <f64>load<T>(q + (at - p));
      if (isSigned<SKIP>() && y != y) continue;
      x *= y;
    }
    sum += x;
  }
  return sum;
}

/** Elements that are not NaN. */
export function countNumbers<T>(p: usize, n: i32): i64 {
  let count: i64 = 0;
  const last = p + <usize>n * sizeof<T>();
  const lanes = p + ((<usize>n * sizeof<T>()) & ~15);
  let ones = i32x4.splat(0);
  let at = p;
  for (; at < lanes; at += 16) {
    const v = v128.load(at);
    // An equal lane is all ones, −1.
    ones = sizeof<T>() == 8 ? i64x2.sub(ones, f64x2.eq(v, v)) : i32x4.sub(ones, f32x4.eq(v, v));
  }
  if (sizeof<T>() == 8) {
    count = i64x2.extract_lane(ones, 0) + i64x2.extract_lane(ones, 1);
  } else {
    count = <i64>(
      (i32x4.extract_lane(ones, 0) +
        i32x4.extract_lane(ones, 1) +
        i32x4.extract_lane(ones, 2) +
        i32x4.extract_lane(ones, 3))
    );
  }
  for (; at < last; at += sizeof<T>()) {
    const x = load<T>(at);
    count += i64(x == x);
  }
  return count;
}

/** Pairs of elements of which neither is NaN. */
export function countPairs<T>(p: usize, q: usize, n: i32): i64 {
  let count: i64 = 0;
  const last = p + <usize>n * sizeof<T>();
  for (; p < last; p += sizeof<T>(), q += sizeof<T>()) {
    const x = load<T>(p);
    const y = load<T>(q);
    count += i64(x == x && y == y);
  }
  return count;
}

export function sumFloat<T, WHAT>(p: usize, q: usize, n: i32, skip: bool, state: usize): void {
  let count = <i64>n;
  if (skip) count = sizeof<WHAT>() == 4 ? countPairs<T>(p, q, n) : countNumbers<T>(p, n);
  let sum: f64;
  if (skip) sum = sumFloatOf<T, WHAT, Yes>(p, q, n, state);
  else sum = sumFloatOf<T, WHAT, No>(p, q, n, state);
  store<f64>(state, sum);
  store<i64>(state + 8, count);
}

/**
 * The plain sums of two blocks of n floats, a multiple of 16, at once, each with the bits that it
 * has alone; or of the products with what lies `second` bytes behind. Accumulators take turns, since V8 has no registers for more than eight of each.
 */
export function sumTwo<T, WHAT>(
  p: usize,
  q: usize,
  second: usize,
  n: i32,
  state: usize,
  other: usize,
): void {
  const end = p + <usize>n * sizeof<T>();
  const nothing = constant(state, i64.MIN_VALUE);
  let a = nothing;
  let b = a;
  let c = a;
  let d = a;
  for (; p < end; p += 8 * sizeof<T>(), q += 8 * sizeof<T>()) {
    const e = f64x2.add(a, eight<T, WHAT, No>(p, p + second, nothing));
    const f = f64x2.add(c, eight<T, WHAT, No>(q, q + second, nothing));
    a = b;
    b = e;
    c = d;
    d = f;
  }
  store<f64>(state, lanes(a, b));
  store<i64>(state + 8, n);
  store<f64>(other, lanes(c, d));
  store<i64>(other + 8, n);
}

export function mergeFloat(into: usize, left: usize, right: usize): void {
  store<f64>(into, load<f64>(left) + load<f64>(right));
  store<i64>(into + 8, load<i64>(left + 8) + load<i64>(right + 8));
}
