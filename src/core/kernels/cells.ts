// The last resort of exact sums, for exponents that no window holds: one cell for each sign and
// exponent, indexed by a number's upper bits, takes the sum of the mantissas; cells move on to
// digits at the end of a run. After Neal's large superaccumulator (2015), with a test for overflow
// in the place of his counts.

import { EXACT_MINUS_INFINITY, EXACT_NAN, EXACT_PLUS_INFINITY, SCRATCH_CELLS } from "../map";
import { No, Yes } from "./common";
import { addAt, addDigits, addFloat, setFlags } from "./digits";
import { NONE, SPECIAL, setRange } from "./window";

/** Fewer numbers go into digits one by one: to look through all cells costs more. */
const FEW = 1024;
const CELLS64 = 4096;
const CELLS32 = 512;
/** Room for one number behind the cells. */
const ALONE: usize = CELLS64 * 8 + 16;
/** A cell of float32 counts above its sum of mantissas: 2^17 of 23 bits stay below. */
const COUNT32: i64 = 1 << 40;
const LOW: u64 = 0xffffffff;

/**
 * The float64 at p: an element, its magnitude, or its product with the element at q; if SKIP, 0 for
 * what is, or is made of, a NaN.
 */
export function takeOne<T, ABS, PRODUCT, SKIP>(p: usize, q: usize): f64 {
  let x = <f64>load<T>(p);
  if (isSigned<SKIP>() && x != x) return 0;
  if (isSigned<PRODUCT>()) {
    const y = <f64>load<T>(q);
    if (isSigned<SKIP>() && y != y) return 0;
    x *= y;
  }
  return isSigned<ABS>() ? abs<f64>(x) : x;
}

/** Flags of a number that is not finite. */
export function special(x: f64): i32 {
  if (x != x) return EXACT_NAN;
  return x > 0 ? EXACT_PLUS_INFINITY : EXACT_MINUS_INFINITY;
}

/** The least and the greatest exponent that went into digits. */
let low: i32 = 0;
let high: i32 = 0;

function note(exponent: i32): void {
  low = min<i32>(low, exponent);
  high = max<i32>(high, exponent);
}

/** `few` numbers one by one; returns the flags of those that are not finite. */
function addFew<T, ABS, PRODUCT, SKIP>(
  p: usize,
  q: usize,
  few: i32,
  state: usize,
  origin: i32,
): i32 {
  let flags = 0;
  const end = p + <usize>few * sizeof<T>();
  for (; p < end; p += sizeof<T>(), q += sizeof<T>()) {
    const x = takeOne<T, ABS, PRODUCT, SKIP>(p, q);
    const field = <i32>(reinterpret<i64>(x) >> 52) & 0x7ff;
    if (field == 0x7ff) {
      flags |= special(x);
    } else if (x != 0) {
      addFloat(state, x, origin);
      note(max<i32>(field, 1) - 1023);
    }
  }
  return flags;
}

/** The fields that are not exponents: zeros and subnormals, infinities and NaN. */
function setSpecial(table: usize, value: i64): void {
  store<i64>(table, value);
  store<i64>(table + 2047 * 8, value);
  store<i64>(table + 2048 * 8, value);
  store<i64>(table + 4095 * 8, value);
}

/**
 * Adds a number to its cell; true if that overflowed. Cells of special fields are full from the
 * start, so that one test serves both.
 */
function drop(bits: u64, table: usize): bool {
  const at = table + ((<usize>(bits >> 52)) << 3);
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
  const sum = load<u64>(at) + mantissa;
  store<u64>(at, sum);
  return sum < mantissa;
}

/** After a number overflowed its cell: 2^64 of the cell's units, or a special number. */
function spill(x: f64, state: usize, origin: i32, table: usize): i32 {
  const index = <u32>(reinterpret<u64>(x) >> 52);
  const field = <i32>(index & 0x7ff);
  if (field != 0 && field != 0x7ff) {
    addAt(state, index > 2047 ? -1 : 1, field + 63 + origin);
    return 0;
  }
  store<i64>(table + ((<usize>index) << 3), -1);
  store<f64>(table + ALONE, x);
  return addFew<f64, No, No, No>(table + ALONE, 0, 1, state, origin);
}

function addWide<T, ABS, PRODUCT, SKIP>(
  p: usize,
  q: usize,
  n: i32,
  state: usize,
  origin: i32,
  table: usize,
): i32 {
  let flags = 0;
  const pairs = p + <usize>(n & ~1) * sizeof<T>();
  setSpecial(table, -1);
  for (; p < pairs; p += 2 * sizeof<T>()) {
    const x = takeOne<T, ABS, PRODUCT, SKIP>(p, q);
    const y = takeOne<T, ABS, PRODUCT, SKIP>(p + sizeof<T>(), q + sizeof<T>());
    if (isSigned<PRODUCT>()) q += 2 * sizeof<T>();
    if (drop(reinterpret<u64>(x), table)) flags |= spill(x, state, origin, table);
    if (drop(reinterpret<u64>(y), table)) flags |= spill(y, state, origin, table);
  }
  setSpecial(table, 0);
  if ((n & 1) != 0) flags |= addFew<T, ABS, PRODUCT, SKIP>(p, q, 1, state, origin);
  for (let group = 0; group < CELLS64 / 64; group++) addGroup(table, group, state, origin);
  return flags;
}

/** Moves 32 cells of each sign, which share a digit, into a state. Cell i weighs 2^(i − 1). */
function addGroup(table: usize, group: i32, state: usize, origin: i32): void {
  let a: i64 = 0;
  let b: i64 = 0;
  let c: i64 = 0;
  for (let place = 0; place < 32; place++) {
    const i = (group << 5) + place + 1;
    if (i > 2046) break;
    const at = table + ((<usize>i) << 3);
    const plus = load<u64>(at);
    const minus = load<u64>(at + CELLS64 * 4);
    if ((plus | minus) == 0) continue;
    store<u64>(at, 0);
    store<u64>(at + CELLS64 * 4, 0);
    note(i - 1023);
    const shift = <u64>place;
    let low = (plus & LOW) << shift;
    let high = (plus >> 32) << shift;
    a += low & LOW;
    b += (low >> 32) + (high & LOW);
    c += high >> 32;
    low = (minus & LOW) << shift;
    high = (minus >> 32) << shift;
    a -= low & LOW;
    b -= (low >> 32) + (high & LOW);
    c -= high >> 32;
  }
  if ((a | b | c) != 0) addDigits(state, group + (origin >> 5), a, b, c);
}

/** Elements that are float32, or their magnitudes. */
function addSingle<ABS, SKIP>(p: usize, n: i32, state: usize, origin: i32, table: usize): i32 {
  const start = p;
  const end = p + ((<usize>n) << 2);
  for (; p < end; p += 4) {
    let bits = load<u32>(p);
    if (isSigned<ABS>()) bits &= 0x7fffffff;
    const at = table + ((<usize>(bits >> 23)) << 3);
    store<i64>(at, load<i64>(at) + (<i64>(bits & 0x7fffff) | COUNT32));
  }
  let flags = 0;
  for (let i = 0; i < CELLS32; i++) {
    const at = table + ((<usize>i) << 3);
    const cell = load<i64>(at);
    if (cell == 0) continue;
    store<i64>(at, 0);
    const field = i & 0xff;
    let sum = cell & (COUNT32 - 1);
    if (field == 0xff) {
      flags |= i < CELLS32 / 2 ? EXACT_PLUS_INFINITY : EXACT_MINUS_INFINITY;
      if (sum != 0) flags |= EXACT_NAN;
      continue;
    }
    if (field != 0) sum += (cell >> 40) << 23;
    if (sum == 0) continue;
    addAt(state, i < CELLS32 / 2 ? sum : -sum, max<i32>(field, 1) - 150 + 1074 + origin);
    note(max<i32>(field, 1) - 127);
  }
  // Infinities may hide behind NaN.
  if ((flags & EXACT_NAN) == 0) return flags;
  flags = 0;
  for (p = start; p < end; p += 4) {
    const x = takeOne<f32, ABS, No, SKIP>(p, p);
    if (abs<f64>(x) == Infinity || x != x) flags |= special(x);
  }
  return flags;
}

function addAll<T, ABS, PRODUCT, SKIP>(
  p: usize,
  q: usize,
  n: i32,
  state: usize,
  origin: i32,
  table: usize,
): i32 {
  if (n < FEW) return addFew<T, ABS, PRODUCT, SKIP>(p, q, n, state, origin);
  if (sizeof<T>() == 4 && !isSigned<PRODUCT>()) {
    return addSingle<ABS, SKIP>(p, n, state, origin, table);
  }
  return addWide<T, ABS, PRODUCT, SKIP>(p, q, n, state, origin, table);
}

/** Adds n numbers of any kind to `state`; sets the range of exponents. */
export function cells<T, ABS, PRODUCT>(
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  state: usize,
  origin: i32,
  scratch: usize,
): void {
  const table = scratch + SCRATCH_CELLS;
  low = NONE;
  high = -NONE;
  const flags = skip
    ? addAll<T, ABS, PRODUCT, Yes>(p, q, n, state, origin, table)
    : addAll<T, ABS, PRODUCT, No>(p, q, n, state, origin, table);
  if (flags != 0) setFlags(state, flags);
  const single = sizeof<T>() == 4 && !isSigned<PRODUCT>();
  setRange(single ? max<i32>(low, -126) : low, flags != 0 ? SPECIAL : high);
}
