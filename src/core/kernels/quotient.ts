// Means, roots, variances and condition numbers of exact sums: a quotient of two integers, or the
// root of one, rounded once. Integers are digits of 32 bits, the lowest first. Nothing here is
// approximate: a quotient is divided out (D. Knuth, The Art of Computer Programming, vol. 2, 4.3.1,
// algorithm D) to 65 bits or more, a root to 64, and one more digit says whether anything is left.
//
// A sum's `form` is negative for a settled exact sum (digits.ts), whose digit 0 weighs 2^form; else
// it is how many words of 64 bits an integer's sum has, of which the last is signed.

import {
  EXACT_COUNT,
  EXACT_END,
  EXACT_FIRST,
  EXACT_FLAGS,
  EXACT_MINUS_INFINITY,
  EXACT_NAN,
  EXACT_PLUS_INFINITY,
} from "../map";
import { magnitude, round, roundDigits } from "./digits";

// Places behind `room`.
const SUM: usize = 0;
const OTHER: usize = 1024;
const TIMES: usize = 2048;
const SQUARE: usize = 3072;
const NUMERATOR: usize = 4096;
const COUNT: usize = 6144;
const DENOMINATOR: usize = 6400;
const DIVISOR: usize = 7168;
const REST: usize = 8192;
const QUOTIENT: usize = 9216;

const SPECIAL = EXACT_NAN | EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY;
/** Digits behind a quotient's first, which may be 0. */
const ENOUGH = 3;
const ENOUGH_FOR_ROOT = 5;
/** The greatest f64 below 2^64. */
const MOST: f64 = 18446744073709549568.0;

function get(digits: usize, i: i32): u64 {
  return load<u32>(digits + ((<usize>i) << 2));
}

function set(digits: usize, i: i32, value: u64): void {
  store<u32>(digits + ((<usize>i) << 2), <u32>value);
}

// --- numbers from states ----------------------------------------------------------------

// What was read last: digits without zeros at either end, the weight of the lowest, the sign.
let digits: usize = 0;
let size: i32 = 0;
let weight: i32 = 0;
let negative: bool = false;

function read(state: usize, form: i32, room: usize): void {
  let first = 0;
  let end = form << 1;
  let scale = 0;
  if (form < 0) {
    first = load<i32>(state + EXACT_FIRST);
    end = load<i32>(state + EXACT_END);
    scale = form;
    negative = first != end && magnitude(state, room, first, end);
  } else {
    readWords(state, end, room);
  }
  trim(room, first, end, scale);
}

function readWords(state: usize, end: i32, room: usize): void {
  negative = load<i32>(state + ((<usize>(end - 1)) << 2)) < 0;
  let carry: u64 = negative ? 1 : 0;
  for (let i = 0; i < end; i++) {
    const digit = get(state, i);
    const sum = (negative ? digit ^ 0xffffffff : digit) + carry;
    set(room, i, sum);
    carry = sum >> 32;
  }
}

function trim(room: usize, first: i32, end: i32, scale: i32): void {
  while (end > first && get(room, end - 1) == 0) end--;
  while (first < end && get(room, first) == 0) first++;
  digits = room + ((<usize>first) << 2);
  size = end - first;
  weight = 32 * first + scale;
}

function flagsOf(state: usize, form: i32): i32 {
  return form < 0 ? load<i32>(state + EXACT_FLAGS) & SPECIAL : 0;
}

function countOf(state: usize, form: i32): u64 {
  return load<u64>(state + (form < 0 ? EXACT_COUNT : (<usize>form) << 3));
}

/** Writes a count; returns its digits. */
function writeCount(value: u64, to: usize): i32 {
  store<u64>(to, value);
  return value >> 32 == 0 ? 1 : 2;
}

// --- arithmetic ---------------------------------------------------------------------------

/** to = a · b, of an + bn digits. */
function multiply(a: usize, an: i32, b: usize, bn: i32, to: usize): void {
  memory.fill(to, 0, (<usize>(an + bn)) << 2);
  for (let i = 0; i < an; i++) {
    const x = get(a, i);
    let carry: u64 = 0;
    for (let j = 0; j < bn; j++) {
      const sum = x * get(b, j) + get(to, i + j) + carry;
      set(to, i + j, sum);
      carry = sum >> 32;
    }
    set(to, i + bn, carry);
  }
}

/** Digit i of n digits moved up by `shift` < 32 bits. */
function shifted(from: usize, n: i32, i: i32, shift: u64): u64 {
  const own = i < n ? get(from, i) : 0;
  const below = i > 0 && i <= n ? get(from, i - 1) : 0;
  return (((own << 32) | below) << shift) >> 32;
}

/** to += from · 2^bits, or less it; digits of `to` up to `end`, which the result fits. */
function addShifted(to: usize, end: i32, from: usize, n: i32, bits: i32, minus: bool): void {
  const base = bits >> 5;
  const shift = <u64>(bits & 31);
  let carry: i64 = 0;
  for (let i = base; i < end && (i <= base + n || carry != 0); i++) {
    const more = <i64>shifted(from, n, i - base, shift);
    const sum = <i64>get(to, i) + (minus ? -more : more) + carry;
    set(to, i, <u64>sum);
    carry = sum >> 32;
  }
}

/**
 * num / den · 2^exponent as `m` + 1 digits behind one that is 1 if anything is left over, at
 * `room` + QUOTIENT; returns the weight of that one. The first digit may be 0, the next is not then.
 */
function divide(num: usize, nn: i32, den: usize, dn: i32, exponent: i32, m: i32, room: usize): i32 {
  const shift = <u64>clz<u32>(<u32>get(den, dn - 1));
  const divisor = room + DIVISOR;
  for (let i = 0; i < dn; i++) set(divisor, i, shifted(den, dn, i, shift));
  // The numerator's first dn + m digits, and a 0 before them.
  const top = shifted(num, nn, nn, shift) != 0 ? nn : nn - 1;
  const base = top - (dn + m - 1);
  const rest = room + REST;
  for (let i = 0; i < dn + m; i++) {
    set(rest, i, base + i < 0 ? 0 : shifted(num, nn, base + i, shift));
  }
  set(rest, dn + m, 0);
  let isLeft = false;
  for (let i = 0; !isLeft && i < base; i++) isLeft = shifted(num, nn, i, shift) != 0;
  const quotient = room + QUOTIENT;
  for (let j = m; j >= 0; j--) set(quotient, j + 1, divideDigit(rest, divisor, dn, j));
  for (let i = 0; !isLeft && i < dn; i++) isLeft = get(rest, i) != 0;
  set(quotient, 0, u64(isLeft));
  return exponent + 32 * base - 32;
}

/** One step of algorithm D: takes the divisor from `rest` at digit j as often as it fits. */
function divideDigit(rest: usize, divisor: usize, dn: i32, j: i32): u64 {
  const first = get(divisor, dn - 1);
  const head = (get(rest, j + dn) << 32) | get(rest, j + dn - 1);
  let times = head / first;
  let over = head - times * first;
  if (dn > 1) {
    const second = get(divisor, dn - 2);
    const third = get(rest, j + dn - 2);
    while (times >> 32 != 0 || times * second > ((over << 32) | third)) {
      times--;
      over += first;
      if (over >> 32 != 0) break;
    }
  }
  let borrow: i64 = 0;
  let carry: u64 = 0;
  for (let i = 0; i < dn; i++) {
    const product = times * get(divisor, i) + carry;
    carry = product >> 32;
    const less = <i64>get(rest, j + i) - <i64>(product & 0xffffffff) + borrow;
    set(rest, j + i, <u64>less);
    borrow = less >> 32;
  }
  const last = <i64>get(rest, j + dn) - <i64>carry + borrow;
  set(rest, j + dn, <u64>last);
  if (last >= 0) return times;
  carry = 0;
  for (let i = 0; i < dn; i++) {
    const sum = get(rest, j + i) + get(divisor, i) + carry;
    set(rest, j + i, sum);
    carry = sum >> 32;
  }
  set(rest, j + dn, get(rest, j + dn) + carry);
  return times - 1;
}

let productHigh: u64 = 0;

/** a · a: returns the lower word. */
function squareOf(a: u64): u64 {
  const low = a & 0xffffffff;
  const high = a >> 32;
  const middle = low * high;
  const square = low * low;
  const sum = square + (middle << 33);
  productHigh = high * high + (middle >> 31) + u64(sum < square);
  return sum;
}

let isSquare: bool = false;

/** ⌊√(high · 2^64 + low)⌋ for high ≥ 2^62. */
function rootOf(high: u64, low: u64): u64 {
  // To 2^11 or so; what is missing, as a float, to the unit or so; then unit by unit.
  let root = <u64>min<f64>(sqrt<f64>(<f64>high) * 4294967296.0, MOST);
  let square = squareOf(root);
  let less = low - square;
  let over = <i64>(high - productHigh - u64(low < square));
  const step = <i64>((<f64>over * 18446744073709551616.0 + <f64>less) / (2.0 * <f64>root));
  // 2^64 is one too many.
  root = step > 0 && root + <u64>step < root ? u64.MAX_VALUE : root + <u64>step;
  square = squareOf(root);
  less = low - square;
  over = <i64>(high - productHigh - u64(low < square));
  while (over < 0) {
    root--;
    const sum = less + (root << 1) + 1;
    over += <i64>(root >> 63) + i64(sum < less);
    less = sum;
  }
  while (over > <i64>(root >> 63) || (over == <i64>(root >> 63) && less > root << 1)) {
    const sum = less - ((root << 1) + 1);
    over -= <i64>(root >> 63) + i64(sum > less);
    less = sum;
    root++;
  }
  isSquare = over == 0 && less == 0;
  return root;
}

// --- rounding -------------------------------------------------------------------------------

function roundQuotient(
  num: usize,
  nn: i32,
  den: usize,
  dn: i32,
  exponent: i32,
  single: bool,
  room: usize,
): f64 {
  const scale = divide(num, nn, den, dn, exponent, ENOUGH, room);
  const quotient = room + QUOTIENT;
  const top = get(quotient, ENOUGH + 1) == 0 ? ENOUGH : ENOUGH + 1;
  return roundDigits(quotient, 0, top, scale, single);
}

function roundRoot(
  num: usize,
  nn: i32,
  den: usize,
  dn: i32,
  exponent: i32,
  single: bool,
  room: usize,
): f64 {
  const scale = divide(num, nn, den, dn, exponent, ENOUGH_FOR_ROOT, room);
  const quotient = room + QUOTIENT;
  const top = get(quotient, ENOUGH_FOR_ROOT + 1) == 0 ? ENOUGH_FOR_ROOT : ENOUGH_FOR_ROOT + 1;
  // The top 128 bits, or 127 if that makes the weight of the last even.
  const a = (get(quotient, top) << 32) | get(quotient, top - 1);
  const b = (get(quotient, top - 2) << 32) | get(quotient, top - 3);
  const c = get(quotient, top - 4) << 32;
  const zeros = clz<u64>(a);
  let high = a << zeros;
  let low = b << zeros;
  if (zeros != 0) {
    high |= b >> (64 - zeros);
    low |= c >> (64 - zeros);
  }
  let isLeft = c << zeros != 0 || get(quotient, 0) != 0;
  if (top > ENOUGH_FOR_ROOT) isLeft = isLeft || get(quotient, 1) != 0;
  let last = scale + 32 * (top - 3) - <i32>zeros;
  if ((last & 1) != 0) {
    isLeft = isLeft || (low & 1) != 0;
    low = (low >> 1) | (high << 63);
    high >>= 1;
    last++;
  }
  const root = rootOf(high, low);
  set(quotient, 0, isLeft || !isSquare ? 1 : 0);
  set(quotient, 1, root);
  set(quotient, 2, root >> 32);
  return roundDigits(quotient, 0, 2, (last >> 1) - 32, single);
}

// --- values of states -----------------------------------------------------------------------

/** A sum of integers. */
export function nearest(state: usize, form: i32, single: bool, room: usize): f64 {
  read(state, form, room + SUM);
  if (size == 0) return 0;
  const value = roundDigits(digits, 0, size - 1, weight, single);
  return negative ? -value : value;
}

/** A sum divided by its count; NaN of nothing. */
export function mean(state: usize, form: i32, single: bool, room: usize): f64 {
  const n = countOf(state, form);
  if (n == 0) return NaN;
  if (flagsOf(state, form) != 0) return round(state, form, single, room);
  read(state, form, room + SUM);
  if (size == 0) return form < 0 ? round(state, form, single, room) : 0;
  const isNegative = negative;
  const dn = writeCount(n, room + COUNT);
  const value = roundQuotient(digits, size, room + COUNT, dn, weight, single, room);
  return isNegative ? -value : value;
}

/** The root of a sum that is not negative. */
export function root(state: usize, form: i32, single: bool, room: usize): f64 {
  if (flagsOf(state, form) != 0) return round(state, form, single, room);
  read(state, form, room + SUM);
  if (size == 0) return 0;
  const dn = writeCount(1, room + COUNT);
  return roundRoot(digits, size, room + COUNT, dn, weight, single, room);
}

/** Σ|x| / |Σx|; NaN if all are 0. */
export function condition(sum: usize, abs: usize, form: i32, single: bool, room: usize): f64 {
  if (flagsOf(sum, form) != 0) return NaN;
  read(sum, form, room + SUM);
  const den = digits;
  const dn = size;
  const denWeight = weight;
  read(abs, form, room + OTHER);
  if (size == 0) return NaN;
  if (dn == 0) return Infinity;
  return roundQuotient(digits, size, den, dn, weight - denWeight, single, room);
}

/** (n · Σx² − (Σx)²) / (n · (n − ddof)), or its root; NaN of too few. */
export function spread(
  sum: usize,
  squares: usize,
  sumForm: i32,
  squaresForm: i32,
  ddof: i32,
  isRoot: bool,
  single: bool,
  room: usize,
): f64 {
  const n = countOf(sum, sumForm);
  if (n <= <u64>ddof) return NaN;
  if ((flagsOf(sum, sumForm) | flagsOf(squares, squaresForm)) != 0) return NaN;
  read(sum, sumForm, room + SUM);
  const squareSize = 2 * size;
  const squareWeight = 2 * weight;
  multiply(digits, size, digits, size, room + SQUARE);
  read(squares, squaresForm, room + OTHER);
  if (size == 0) return 0;
  const nn = writeCount(n, room + COUNT);
  multiply(digits, size, room + COUNT, nn, room + TIMES);
  const timesSize = size + nn;
  const least = squareSize == 0 ? weight : min(weight, squareWeight);
  const num = room + NUMERATOR;
  const end = timesSize + ((weight - least) >> 5) + 1;
  memory.fill(num, 0, (<usize>end) << 2);
  addShifted(num, end, room + TIMES, timesSize, weight - least, false);
  if (squareSize != 0) {
    addShifted(num, end, room + SQUARE, squareSize, squareWeight - least, true);
  }
  trim(num, 0, end, least);
  if (size == 0) return 0;
  const less = writeCount(n - <u64>ddof, room + DIVISOR);
  multiply(room + COUNT, nn, room + DIVISOR, less, room + DENOMINATOR);
  let dn = nn + less;
  while (get(room + DENOMINATOR, dn - 1) == 0) dn--;
  const numerator = digits;
  const numeratorSize = size;
  return isRoot
    ? roundRoot(numerator, numeratorSize, room + DENOMINATOR, dn, weight, single, room)
    : roundQuotient(numerator, numeratorSize, room + DENOMINATOR, dn, weight, single, room);
}
