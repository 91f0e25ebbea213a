// Counting and bitwise kernels.
//
// State of count: i64. Of countNonZero (any and all are finishes of it): i64
// non-zero, i64 elements; NaN is not zero, as in NumPy. Of and, or, xor: i64.

import { turns } from "./common";
import { countNumbers } from "./sum";

/** Non-zero elements, compared as integers. Lane counters of 8 bits are emptied in time. */
function nonZeroInt<T>(p: usize, n: i32): i64 {
  const zero = i64x2.splat(0);
  const lanes = p + ((<usize>n * sizeof<T>()) & ~15);
  let zeros: i64 = 0;
  let at = p;
  while (at < lanes) {
    // At most 255 steps, so that a lane of 8 bits cannot wrap.
    const stop = min<usize>(lanes, at + 255 * 16);
    let ones = zero;
    for (; at < stop; at += 16) {
      ones = v128.sub<T>(ones, v128.eq<T>(v128.load(at), zero));
    }
    zeros += total<T>(ones);
  }
  const last = p + <usize>n * sizeof<T>();
  for (; at < last; at += sizeof<T>()) zeros += i64(load<T>(at) == 0);
  return <i64>n - zeros;
}

/** Sum of the lanes, each of them taken as unsigned. */
function total<T>(v: v128): i64 {
  let w = v;
  if (sizeof<T>() == 1) w = i16x8.extadd_pairwise_i8x16_u(w);
  if (sizeof<T>() <= 2) w = i32x4.extadd_pairwise_i16x8_u(w);
  if (sizeof<T>() == 8) return i64x2.extract_lane(w, 0) + i64x2.extract_lane(w, 1);
  return <i64>(
    (i32x4.extract_lane(w, 0) +
      i32x4.extract_lane(w, 1) +
      i32x4.extract_lane(w, 2) +
      i32x4.extract_lane(w, 3))
  );
}

export function nonZeroOfInt<T>(p: usize, n: i32, state: usize): void {
  store<i64>(state, nonZeroInt<T>(p, n));
  store<i64>(state + 8, n);
}

/** Zeros of either sign, by float comparison. */
function zerosOfFloat<T>(p: usize, n: i32): i64 {
  const zero = i64x2.splat(0);
  const lanes = p + ((<usize>n * sizeof<T>()) & ~15);
  let ones = i64x2.splat(0);
  let at = p;
  for (; at < lanes; at += 16) {
    const equal = v128.eq<T>(v128.load(at), zero);
    ones = sizeof<T>() == 8 ? i64x2.sub(ones, equal) : i32x4.sub(ones, equal);
  }
  let zeros = sizeof<T>() == 8 ? total<i64>(ones) : total<i32>(ones);
  const last = p + <usize>n * sizeof<T>();
  for (; at < last; at += sizeof<T>()) zeros += i64(load<T>(at) == 0);
  return zeros;
}

export function nonZeroOfFloat<T>(p: usize, n: i32, skip: bool, state: usize): void {
  const count = skip ? countNumbers<T>(p, n) : <i64>n;
  store<i64>(state, count - zerosOfFloat<T>(p, n));
  store<i64>(state + 8, count);
}

export function mergeNonZero(into: usize, left: usize, right: usize): void {
  store<i64>(into, load<i64>(left) + load<i64>(right));
  store<i64>(into + 8, load<i64>(left + 8) + load<i64>(right + 8));
}

export function mergeCount(into: usize, left: usize, right: usize): void {
  store<i64>(into, load<i64>(left) + load<i64>(right));
}

// Which of the three is meant: OR and XOR are Yes or No, neither of them is `and`.

function bits<OR, XOR>(a: v128, b: v128): v128 {
  if (isSigned<OR>()) return v128.or(a, b);
  return isSigned<XOR>() ? v128.xor(a, b) : v128.and(a, b);
}

function bits64<OR, XOR>(a: i64, b: i64): i64 {
  if (isSigned<OR>()) return a | b;
  return isSigned<XOR>() ? a ^ b : a & b;
}

export function foldBits<T, OR, XOR>(p: usize, n: i32, state: usize): void {
  const end = p + turns(<usize>n * sizeof<T>());
  const start: i64 = isSigned<OR>() || isSigned<XOR>() ? 0 : -1;
  let a = i64x2.splat(start);
  let b = a;
  let c = a;
  let d = a;
  let at = p;
  for (; at < end; at += 64) {
    a = bits<OR, XOR>(a, v128.load(at));
    b = bits<OR, XOR>(b, v128.load(at + 16));
    c = bits<OR, XOR>(c, v128.load(at + 32));
    d = bits<OR, XOR>(d, v128.load(at + 48));
  }
  const v = bits<OR, XOR>(bits<OR, XOR>(a, b), bits<OR, XOR>(c, d));
  // Fold 128 bits to the width of an element: every lane counts alike.
  let x = bits64<OR, XOR>(i64x2.extract_lane(v, 0), i64x2.extract_lane(v, 1));
  if (sizeof<T>() <= 4) x = bits64<OR, XOR>(x, x >> 32);
  if (sizeof<T>() <= 2) x = bits64<OR, XOR>(x, x >> 16);
  if (sizeof<T>() == 1) x = bits64<OR, XOR>(x, x >> 8);
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) x = bits64<OR, XOR>(x, <i64>load<T>(at));
  // Only the element's own bits count; extended as the type says.
  store<i64>(state, <i64>(<T>x));
}

export function mergeBits<OR, XOR>(into: usize, left: usize, right: usize): void {
  store<i64>(into, bits64<OR, XOR>(load<i64>(left), load<i64>(right)));
}
