// The exact sum of floats as one wide integer, a small superaccumulator after R. Neal, "Fast exact
// summation using small and large superaccumulators" (2015): digits of 32 bits, each in an i64,
// so that 2^30 additions go by before a carry must be moved. Digit i weighs 2^(32i + scale); only
// digits first … end − 1 are in use, and what lies beyond them in memory is undefined.
//
// A state is *settled* when digits are in [0, 2^32) but for the last, which has the sign and fits
// 32 bits. States in cells, results and files are settled. Additions of integers commute, so the
// value, once settled and rounded, does not depend on who added what when.

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
} from "../map";

/** Where the digits of a magnitude are put, behind SCRATCH_EXACT: 4 bytes each. */
export const ROOM_DIGITS: usize = 1024;

const LOW: i64 = 0xffffffff;

export function clear(state: usize): void {
  store<i64>(state + EXACT_FIRST, 0);
  store<i64>(state + EXACT_COUNT, 0);
  store<i64>(state + EXACT_FLAGS, 0);
}

export function digit(state: usize, i: i32): usize {
  return state + EXACT_DIGITS + ((<usize>i) << 3);
}

/** Brings digits first … end − 1 into use. */
export function reach(state: usize, first: i32, end: i32): void {
  let from = load<i32>(state + EXACT_FIRST);
  let to = load<i32>(state + EXACT_END);
  if (from == to) {
    from = first;
    to = first;
  }
  while (from > first) store<i64>(digit(state, --from), 0);
  while (to < end) store<i64>(digit(state, to++), 0);
  store<i32>(state + EXACT_FIRST, from);
  store<i32>(state + EXACT_END, to);
}

/** Adds a to digit i, b to the next, c to the one behind. */
export function addDigits(state: usize, i: i32, a: i64, b: i64, c: i64): void {
  reach(state, i, i + 3);
  const at = digit(state, i);
  store<i64>(at, load<i64>(at) + a);
  store<i64>(at + 8, load<i64>(at + 8) + b);
  store<i64>(at + 16, load<i64>(at + 16) + c);
}

/** Adds value · 2^(position + scale). |value| ≤ 2^63 − 1, position ≥ 0. */
export function addAt(state: usize, value: i64, position: i32): void {
  if (value == 0) return;
  const shift = <i64>(position & 31);
  const low = (value & LOW) << shift;
  const high = (value >> 32) << shift;
  addDigits(state, position >> 5, low & LOW, i64(<u64>low >> 32) + (high & LOW), high >> 32);
}

/** Adds a finite number; bit `origin` of the state weighs 2^-1074. */
export function addFloat(state: usize, x: f64, origin: i32): void {
  const bits = reinterpret<i64>(x);
  const field = <i32>(bits >> 52) & 0x7ff;
  let mantissa = bits & 0xfffffffffffff;
  if (field != 0) mantissa |= 0x10000000000000;
  addAt(state, bits < 0 ? -mantissa : mantissa, max<i32>(field, 1) - 1 + origin);
}

export function addCount(state: usize, n: i64): void {
  store<i64>(state + EXACT_COUNT, load<i64>(state + EXACT_COUNT) + n);
}

export function setFlags(state: usize, flags: i32): void {
  store<i32>(state + EXACT_FLAGS, load<i32>(state + EXACT_FLAGS) | flags);
}

export function hasSome(state: usize): bool {
  return (load<i32>(state + EXACT_FLAGS) & EXACT_SOME) != 0;
}

/** Moves all carries. The last digit keeps the sign; a digit is added if it outgrows 32 bits. */
export function settle(state: usize): void {
  const first = load<i32>(state + EXACT_FIRST);
  let end = load<i32>(state + EXACT_END);
  if (first == end) return;
  let carry: i64 = 0;
  for (let i = first; i < end - 1; i++) {
    const at = digit(state, i);
    const v = load<i64>(at) + carry;
    store<i64>(at, v & LOW);
    carry = v >> 32;
  }
  const last = digit(state, end - 1);
  let v = load<i64>(last) + carry;
  if (v != <i64>(<i32>v)) {
    store<i64>(last, v & LOW);
    v >>= 32;
    end++;
    store<i32>(state + EXACT_END, end);
  }
  store<i64>(digit(state, end - 1), v);
}

/** into = left + right, settled; `into` may be `left`. */
export function merge(into: usize, left: usize, right: usize): void {
  if (into != left) {
    clear(into);
    add(into, left);
  }
  add(into, right);
  settle(into);
}

function add(into: usize, from: usize): void {
  addCount(into, load<i64>(from + EXACT_COUNT));
  setFlags(into, load<i32>(from + EXACT_FLAGS));
  const first = load<i32>(from + EXACT_FIRST);
  const end = load<i32>(from + EXACT_END);
  if (first == end) return;
  reach(into, first, end);
  for (let i = first; i < end; i++) {
    const at = digit(into, i);
    store<i64>(at, load<i64>(at) + load<i64>(digit(from, i)));
  }
}

/** The magnitude of a settled state as u32 digits at `room`; returns whether it is negative. */
export function magnitude(state: usize, room: usize, first: i32, end: i32): bool {
  const negative = load<i64>(digit(state, end - 1)) < 0;
  let carry: i64 = 0;
  for (let i = first; i < end; i++) {
    const v = load<i64>(digit(state, i));
    const m = (negative ? -v : v) + carry;
    store<u32>(room + ((<usize>i) << 2), <u32>m);
    carry = m >> 32;
  }
  return negative;
}

/**
 * The float nearest to a settled state, ties to even: of 53 bits and exponents from −1022, or
 * of 24 and −126. `room`: 4 bytes a digit.
 */
export function round(state: usize, scale: i32, single: bool, room: usize): f64 {
  const flags = load<i32>(state + EXACT_FLAGS);
  if ((flags & EXACT_NAN) != 0) return NaN;
  if ((flags & EXACT_PLUS_INFINITY) != 0) {
    return (flags & EXACT_MINUS_INFINITY) != 0 ? NaN : Infinity;
  }
  if ((flags & EXACT_MINUS_INFINITY) != 0) return -Infinity;
  const first = load<i32>(state + EXACT_FIRST);
  const end = load<i32>(state + EXACT_END);
  const negative = first != end && magnitude(state, room, first, end);
  let top = end - 1;
  while (top >= first && load<u32>(room + ((<usize>top) << 2)) == 0) top--;
  if (top < first) return (flags & EXACT_SOME) != 0 ? 0.0 : -0.0;
  const value = roundDigits(room, first, top, scale, single);
  return negative ? -value : value;
}

export function roundDigits(room: usize, first: i32, top: i32, scale: i32, single: bool): f64 {
  const at = room + ((<usize>top) << 2);
  const a = <u64>load<u32>(at);
  const b = top > first ? <u64>load<u32>(at - 4) : 0;
  const c = top > first + 1 ? <u64>load<u32>(at - 8) : 0;
  // The top 64 bits, the first of them set; all below them sticks to the last.
  const zeros = <u64>clz<u32>(<u32>a);
  const bits = (((a << 32) | b) << zeros) | ((c << zeros) >> 32);
  let sticky = <u32>(c << zeros) != 0;
  for (let i = first; !sticky && i < top - 2; i++) {
    sticky = load<u32>(room + ((<usize>i) << 2)) != 0;
  }
  // Weight of the first bit.
  const exponent = 32 * top + 31 - <i32>zeros + scale;
  const least = single ? -126 : -1022;
  const precision = (single ? 24 : 53) - max<i32>(0, least - exponent);
  if (precision < 0) return 0.0;
  const drop = <u64>(64 - precision);
  let mantissa: u64 = 0;
  let rest = bits;
  if (precision > 0) {
    mantissa = bits >> drop;
    rest = bits << (<u64>precision);
  }
  const half: u64 = 1 << 63;
  if (rest > half || (rest == half && (sticky || (mantissa & 1) != 0))) mantissa++;
  const value = scaleBy(<f64>mantissa, exponent + 1 - precision);
  return single && value >= 3.402823669209385e38 ? Infinity : value;
}

/** x · 2^k for a result that is exact, or too large. */
function scaleBy(x: f64, k: i32): f64 {
  if (k < -1022) {
    x *= 2.2250738585072014e-308;
    k += 1022;
  } else if (k > 1023) {
    return x == 0 ? x : Infinity;
  }
  return x * reinterpret<f64>((<i64>(k + 1023)) << 52);
}
