// Σ|x|, Σx² and Σx·y of integers, exact.
//
// State of Σ|x|: that of a sum (sum.ts). Of products: 192 bits, three words of which the last is
// signed, then count i64. A block's sum fits 128 bits.

import { constant } from "./common";
import { sumInt } from "./sum";

const PRODUCTS_COUNT: usize = 24;

function absOf<T>(v: v128): v128 {
  if (sizeof<T>() == 1) return i8x16.abs(v);
  if (sizeof<T>() == 2) return i16x8.abs(v);
  return sizeof<T>() == 4 ? i32x4.abs(v) : i64x2.abs(v);
}

/** `room` takes the magnitudes, which are unsigned: that of −2^63 is 2^63. */
export function absInt<T extends number>(p: usize, n: i32, state: usize, room: usize): void {
  if (!isSigned<T>()) return sumInt<T>(p, p, n, state);
  const bytes = <usize>n * sizeof<T>();
  const whole = bytes & ~15;
  for (let i: usize = 0; i < whole; i += 16) v128.store(room + i, absOf<T>(v128.load(p + i)));
  for (let i = whole; i < bytes; i += sizeof<T>()) {
    const x = load<T>(p + i);
    store<T>(room + i, <T>(x < 0 ? -x : x));
  }
  if (sizeof<T>() == 1) return sumInt<u8>(room, room, n, state);
  if (sizeof<T>() == 2) return sumInt<u16>(room, room, n, state);
  if (sizeof<T>() == 4) return sumInt<u32>(room, room, n, state);
  return sumInt<u64>(room, room, n, state);
}

/** state += high · 2^64 + low; `high` is signed. */
function add(state: usize, low: u64, high: i64): void {
  const a = load<u64>(state) + low;
  const before = load<u64>(state + 8);
  const b = before + <u64>high;
  const c = b + u64(a < low);
  store<u64>(state, a);
  store<u64>(state + 8, c);
  store<i64>(state + 16, load<i64>(state + 16) + i64(b < before) + i64(c < b) + (high >> 63));
}

/** Products of elements of up to 16 bits: n of 32 bits fit 64. */
function narrow<T>(p: usize, q: usize, n: i32): i64 {
  let sum = i64x2.splat(0);
  const last = p + <usize>n * sizeof<T>();
  const end = p + ((<usize>n * sizeof<T>()) & ~15);
  for (; p < end; p += 16, q += 16) {
    const a = v128.load(p);
    const b = v128.load(q);
    let v: v128;
    let w: v128;
    if (sizeof<T>() == 1) {
      if (isSigned<T>()) {
        v = i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_low_i8x16_s(a, b));
        w = i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_high_i8x16_s(a, b));
      } else {
        v = i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_low_i8x16_u(a, b));
        w = i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_high_i8x16_u(a, b));
      }
    } else if (isSigned<T>()) {
      v = i32x4.extmul_low_i16x8_s(a, b);
      w = i32x4.extmul_high_i16x8_s(a, b);
    } else {
      v = i32x4.extmul_low_i16x8_u(a, b);
      w = i32x4.extmul_high_i16x8_u(a, b);
    }
    if (isSigned<T>()) {
      sum = i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v)));
      sum = i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_s(w), i64x2.extend_high_i32x4_s(w)));
    } else {
      sum = i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_u(v), i64x2.extend_high_i32x4_u(v)));
      sum = i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_u(w), i64x2.extend_high_i32x4_u(w)));
    }
  }
  let total = i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1);
  for (; p < last; p += sizeof<T>(), q += sizeof<T>()) total += <i64>load<T>(p) * <i64>load<T>(q);
  return total;
}

/**
 * Of 32 bits: products of 64, of which the high halves are added up, and all modulo 2^64. The
 * difference is the sum of the low halves: 2^13 · 2^32. A signed product has its top bit flipped,
 * which adds 2^63.
 */
function word<T>(p: usize, q: usize, n: i32, state: usize): void {
  const flip = constant(state, isSigned<T>() ? i64.MIN_VALUE : 0);
  store<i64>(state, 0);
  let all = i64x2.splat(0);
  let high = all;
  const last = p + ((<usize>n) << 2);
  const end = p + ((<usize>n & ~3) << 2);
  for (; p < end; p += 16, q += 16) {
    const a = v128.load(p);
    const b = v128.load(q);
    let v: v128;
    let w: v128;
    if (isSigned<T>()) {
      v = v128.xor(i64x2.extmul_low_i32x4_s(a, b), flip);
      w = v128.xor(i64x2.extmul_high_i32x4_s(a, b), flip);
    } else {
      v = i64x2.extmul_low_i32x4_u(a, b);
      w = i64x2.extmul_high_i32x4_u(a, b);
    }
    all = i64x2.add(all, i64x2.add(v, w));
    high = i64x2.add(high, i64x2.add(i64x2.shr_u(v, 32), i64x2.shr_u(w, 32)));
  }
  const low = i64x2.sub(all, i64x2.shl(high, 32));
  const lows: u64 = i64x2.extract_lane(low, 0) + i64x2.extract_lane(low, 1);
  const highs: u64 = i64x2.extract_lane(high, 0) + i64x2.extract_lane(high, 1);
  add(state, lows, 0);
  add(state, highs << 32, <i64>(highs >> 32));
  if (isSigned<T>()) {
    const flipped = <i64>(n & ~3);
    // − flipped · 2^63; it is even.
    add(state, 0, -(flipped >> 1));
  }
  for (; p < last; p += 4, q += 4) {
    const x = <i64>load<T>(p) * <i64>load<T>(q);
    add(state, x, isSigned<T>() ? x >> 63 : 0);
  }
}

/** The upper half of a product of two words, unsigned. */
export function mulHigh(x: u64, y: u64): u64 {
  const xl = x & 0xffffffff;
  const xh = x >> 32;
  const yl = y & 0xffffffff;
  const yh = y >> 32;
  const middle = xh * yl + ((xl * yl) >> 32);
  return xh * yh + (middle >> 32) + ((xl * yh + (middle & 0xffffffff)) >> 32);
}

function long<T>(p: usize, q: usize, n: i32, state: usize): void {
  const last = p + ((<usize>n) << 3);
  for (; p < last; p += 8, q += 8) {
    const x = load<u64>(p);
    const y = load<u64>(q);
    const high = <i64>mulHigh(x, y);
    if (isSigned<T>()) {
      // x stands for x − 2^64 if it is negative.
      add(state, x * y, high - (<i64>y & (<i64>x >> 63)) - (<i64>x & (<i64>y >> 63)));
    } else {
      add(state, x * y, high);
      // `add` takes the upper word for signed.
      if (high < 0) store<i64>(state + 16, load<i64>(state + 16) + 1);
    }
  }
}

export function productsInt<T>(p: usize, q: usize, n: i32, state: usize): void {
  memory.fill(state, 0, 24);
  if (sizeof<T>() == 8) long<T>(p, q, n, state);
  else if (sizeof<T>() == 4) word<T>(p, q, n, state);
  else {
    const sum = narrow<T>(p, q, n);
    add(state, sum, sum >> 63);
  }
  store<i64>(state + PRODUCTS_COUNT, n);
}

export function mergeProducts(into: usize, left: usize, right: usize): void {
  if (into != left) memory.copy(into, left, 32);
  const middle = load<i64>(right + 8);
  add(into, load<u64>(right), middle);
  // `add` takes the middle word for signed.
  const high = load<i64>(right + 16) + i64(middle < 0);
  store<i64>(into + 16, load<i64>(into + 16) + high);
  const count = load<i64>(right + PRODUCTS_COUNT);
  store<i64>(into + PRODUCTS_COUNT, load<i64>(into + PRODUCTS_COUNT) + count);
}
