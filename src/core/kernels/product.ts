// Products.
//
// Floats: plain SIMD in a fixed lane order; state f64.
// Integers up to 32 bits: exact, as a magnitude of at most PRODUCT_LIMBS u32
// limbs with a sign and a zero flag. What outgrows the limbs is at least 2^1056
// and only grows, so it rounds to infinity unless a zero follows: FLAG_OVERFLOW
// is then all that is kept.
// 64-bit integers: magnitude modulo 2^128 with the same flags; FLAG_OVERFLOW
// says that the magnitude was cut. State: flags u64, low u64, high u64.

import {
  FLAG_NEGATIVE,
  FLAG_OVERFLOW,
  FLAG_ZERO,
  PRODUCT_FLAGS,
  PRODUCT_LIMBS,
  PRODUCT_MAGNITUDE,
  PRODUCT_USED,
} from "../map";
import { constant, No, turns, Yes } from "./common";

/** Sixteen bytes at `at` as one factor: two float64, or the products of two pairs of float32. */
function take<T, SKIP>(at: usize, one: v128): v128 {
  if (sizeof<T>() == 8) {
    const v = v128.load(at);
    return isSigned<SKIP>() ? v128.bitselect(v, one, f64x2.eq(v, v)) : v;
  }
  let low = f64x2.promote_low_f32x4(v128.load64_zero(at));
  let high = f64x2.promote_low_f32x4(v128.load64_zero(at + 8));
  if (isSigned<SKIP>()) {
    low = v128.bitselect(low, one, f64x2.eq(low, low));
    high = v128.bitselect(high, one, f64x2.eq(high, high));
  }
  return f64x2.mul(low, high);
}

function productFloatOf<T, SKIP>(p: usize, n: i32, state: usize): f64 {
  const end = p + turns(<usize>n * sizeof<T>());
  const one = constant(state, reinterpret<i64>(1.0));
  let a = one;
  let b = a;
  let c = a;
  let d = a;
  let at = p;
  for (; at < end; at += 64) {
    a = f64x2.mul(a, take<T, SKIP>(at, one));
    b = f64x2.mul(b, take<T, SKIP>(at + 16, one));
    c = f64x2.mul(c, take<T, SKIP>(at + 32, one));
    d = f64x2.mul(d, take<T, SKIP>(at + 48, one));
  }
  const v = f64x2.mul(f64x2.mul(a, b), f64x2.mul(c, d));
  let product = f64x2.extract_lane(v, 0) * f64x2.extract_lane(v, 1);
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) {
    const x = <f64>load<T>(at);
    if (!isSigned<SKIP>() || x == x) product *= x;
  }
  return product;
}

export function productFloat<T>(p: usize, n: i32, skip: bool, state: usize): void {
  store<f64>(
    state,
    skip ? productFloatOf<T, Yes>(p, n, state) : productFloatOf<T, No>(p, n, state),
  );
}

export function mergeFloat(into: usize, left: usize, right: usize): void {
  store<f64>(into, load<f64>(left) * load<f64>(right));
}

// --- up to 32 bits -----------------------------------------------------------

/** Multiplies the magnitude at `state` by m; true if it no longer fits. */
function scale(state: usize, m: u64): bool {
  const used = load<i32>(state + PRODUCT_USED);
  const limbs = state + PRODUCT_MAGNITUDE;
  let carry: u64 = 0;
  for (let i = 0; i < used; i++) {
    const at = limbs + ((<usize>i) << 2);
    carry += <u64>load<u32>(at) * m;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  if (carry != 0) {
    if (used == PRODUCT_LIMBS) return true;
    store<u32>(limbs + ((<usize>used) << 2), <u32>carry);
    store<i32>(state + PRODUCT_USED, used + 1);
  }
  return false;
}

export function productInt<T>(p: usize, n: i32, state: usize): void {
  let flags = 0;
  store<i32>(state + PRODUCT_USED, 1);
  store<u32>(state + PRODUCT_MAGNITUDE, 1);
  // Factors gather in `small` while it stays below 2^32, so that the limbs are touched seldom.
  let small: u64 = 1;
  const last = p + <usize>n * sizeof<T>();
  for (let at = p; at < last; at += sizeof<T>()) {
    let x = <i64>load<T>(at);
    if (x <= 0) {
      if (x == 0) {
        flags = FLAG_ZERO;
        break;
      }
      flags ^= FLAG_NEGATIVE;
      x = -x;
    }
    if ((flags & FLAG_OVERFLOW) != 0) continue;
    const next = small * <u64>x;
    if (next >> 32 == 0) {
      small = next;
    } else {
      if (scale(state, small)) flags |= FLAG_OVERFLOW;
      small = <u64>x;
    }
  }
  if ((flags & (FLAG_OVERFLOW | FLAG_ZERO)) == 0 && scale(state, small)) flags |= FLAG_OVERFLOW;
  store<i32>(state + PRODUCT_FLAGS, flags);
}

/** Flags of a product of two: signs multiply, zero wins over overflow. */
function mergeFlags(left: i32, right: i32): i32 {
  if (((left | right) & FLAG_ZERO) != 0) return FLAG_ZERO;
  return ((left ^ right) & FLAG_NEGATIVE) | ((left | right) & FLAG_OVERFLOW);
}

/** `into` may be `left`, never `right`. */
export function mergeInt(into: usize, left: usize, right: usize): void {
  let flags = mergeFlags(load<i32>(left + PRODUCT_FLAGS), load<i32>(right + PRODUCT_FLAGS));
  const usedRight = load<i32>(right + PRODUCT_USED);
  const usedLeft = load<i32>(left + PRODUCT_USED);
  if ((flags & (FLAG_ZERO | FLAG_OVERFLOW)) == 0) {
    if (usedLeft + usedRight - 1 > PRODUCT_LIMBS) {
      flags |= FLAG_OVERFLOW;
    } else if (multiply(into, left, usedLeft, right, usedRight)) {
      flags |= FLAG_OVERFLOW;
    }
  }
  store<i32>(into + PRODUCT_FLAGS, flags);
}

/**
 * Schoolbook from the top limb of `left` down, so that the product may overwrite it: limb i
 * is read before anything is added at i, and nothing below i has been touched by then.
 */
function multiply(into: usize, left: usize, usedLeft: i32, right: usize, usedRight: i32): bool {
  const target = into + PRODUCT_MAGNITUDE;
  for (let i = usedLeft; i < usedLeft + usedRight && i < PRODUCT_LIMBS; i++) {
    store<u32>(target + ((<usize>i) << 2), 0);
  }
  for (let i = usedLeft - 1; i >= 0; i--) {
    const factor = <u64>load<u32>(left + PRODUCT_MAGNITUDE + ((<usize>i) << 2));
    store<u32>(target + ((<usize>i) << 2), 0);
    let carry: u64 = 0;
    for (let j = 0; j < usedRight; j++) {
      const at = target + ((<usize>(i + j)) << 2);
      carry +=
        <u64>load<u32>(at) + factor * <u64>load<u32>(right + PRODUCT_MAGNITUDE + ((<usize>j) << 2));
      store<u32>(at, <u32>carry);
      carry >>= 32;
    }
    for (let k = i + usedRight; carry != 0; k++) {
      if (k == PRODUCT_LIMBS) return true;
      const at = target + ((<usize>k) << 2);
      carry += <u64>load<u32>(at);
      store<u32>(at, <u32>carry);
      carry >>= 32;
    }
  }
  let used = min<i32>(usedLeft + usedRight, PRODUCT_LIMBS);
  while (used > 1 && load<u32>(target + ((<usize>(used - 1)) << 2)) == 0) used--;
  store<i32>(into + PRODUCT_USED, used);
  return false;
}

// --- 64 bits -----------------------------------------------------------------

/** High half of the 128-bit product of two u64. */
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const mid = ah * bl + ((al * bl) >> 32);
  const mid2 = al * bh + (mid & 0xffffffff);
  return ah * bh + (mid >> 32) + (mid2 >> 32);
}

/** (low, high) · (m, mHigh) modulo 2^128 into `into`; true if it was cut. */
function scaleLong(into: usize, low: u64, high: u64, m: u64, mHigh: u64): bool {
  const carry = mulHigh(low, m);
  const cross = high * m;
  const cross2 = low * mHigh;
  const part = carry + cross;
  const sum = part + cross2;
  store<u64>(into + 8, low * m);
  store<u64>(into + 16, sum);
  return (
    (high != 0 && mHigh != 0) ||
    mulHigh(high, m) != 0 ||
    mulHigh(low, mHigh) != 0 ||
    part < carry ||
    sum < part
  );
}

export function productLong<T>(p: usize, n: i32, state: usize): void {
  let flags = 0;
  store<u64>(state + 8, 1);
  store<u64>(state + 16, 0);
  const last = p + ((<usize>n) << 3);
  for (let at = p; at < last; at += 8) {
    let x = load<u64>(at);
    if (x == 0) {
      flags = FLAG_ZERO;
      break;
    }
    if (isSigned<T>() && <i64>x < 0) {
      flags ^= FLAG_NEGATIVE;
      x = 0 - x;
    }
    if (scaleLong(state, load<u64>(state + 8), load<u64>(state + 16), x, 0)) {
      flags |= FLAG_OVERFLOW;
    }
  }
  store<i64>(state, flags);
}

export function mergeLong(into: usize, left: usize, right: usize): void {
  let flags = mergeFlags(<i32>load<i64>(left), <i32>load<i64>(right));
  const cut = scaleLong(
    into,
    load<u64>(left + 8),
    load<u64>(left + 16),
    load<u64>(right + 8),
    load<u64>(right + 16),
  );
  if (cut && (flags & FLAG_ZERO) == 0) flags |= FLAG_OVERFLOW;
  store<i64>(into, flags);
}
