// The hot loop of exact sums: numbers are taken apart into whole numbers of one unit each.
//
// Numbers whose exponents lie in a window are taken apart, in pairs, by adding them to an anchor,
// 1.5 · 2^(top + 3): its last bit is then the unit of the first part, a whole number of at most 51
// bits that stands in the bits of u. What is left of each number is exact, at most half a unit, and
// treated likewise with an anchor 2^51 times smaller. For the last part the next anchor comes in
// with a subtraction that is due anyway:
//
//      t = a + A1    u = t + b                      | sign, exponent | 1 0 … part …|
//      rests         a − (t − A1)    b − (u − t)
//      next part     (a − (t − (A1 + A2))) + (b − (u − t)), for A1 + A2 has 53 bits
//
// The bits of u are summed as integers, and the anchors' bits taken off at the end. All is exact
// if no number is beyond the window's top and the last part's unit is no more than the last bit
// of the least number. That is checked by the least and the greatest exponent that were met, which
// cost four integer operations for four numbers.
//
// After 8,192 numbers, 2^11 pairs for each of two lanes, parts of 51 bits may fill 62. The sums
// then move on to halves of 32 bits; what a run of blocks ends with waits until its end, since the
// reading of memory stalls meanwhile: 0.8 µs, where a block takes 2.4 µs.
//
// The idea of summing in parts by anchors: Zielke and Drygalla (2003), Rump's AccSum (2008),
// Demmel and Nguyen's ReproBLAS (2013). A turn takes eight numbers, two pairs of vectors; with more
// vectors at a time V8 runs out of registers.

import { addAt } from "./digits";
import { PART_BITS } from "./window";

// Levels as types, told apart by their size.
export type One = i8;
export type Two = i16;
export type Three = i32;
export type Four = i64;

/** Two elements, their magnitudes, or their products with those at q; NaN as 0. */
function take<T, ABS, PRODUCT, SKIP>(p: usize, q: usize): v128 {
  let x = sizeof<T>() == 8 ? v128.load(p) : f64x2.promote_low_f32x4(v128.load64_zero(p));
  let isNumber = f64x2.eq(x, x);
  if (isSigned<PRODUCT>()) {
    const y = f64x2.promote_low_f32x4(v128.load64_zero(q));
    isNumber = v128.and(isNumber, f64x2.eq(y, y));
    x = f64x2.mul(x, y);
  }
  if (isSigned<SKIP>()) x = v128.and(x, isNumber);
  return isSigned<ABS>() ? f64x2.abs(x) : x;
}

/** The upper words of four float64. */
function uppers(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 1, 3, 5, 7);
}

/** The same of magnitudes, with zeros as the greatest. */
function marked(a: v128, b: v128, zero: v128, magnitude: v128): v128 {
  const upper = uppers(v128.or(a, f64x2.eq(a, zero)), v128.or(b, f64x2.eq(b, zero)));
  return v128.and(upper, magnitude);
}

export function minLane(v: v128): i32 {
  const a = min<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return min<u32>(a, min<u32>(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

export function maxLane(v: v128): i32 {
  const a = max<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return max<u32>(a, max<u32>(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

/** The bits of part `part`'s anchor: 1.5 · 2^(top + 3), and 2^51 less for each part behind. */
export function anchor(top: i32, part: i32): i64 {
  return ((<i64>(top + 1026 - PART_BITS * part)) << 52) | 0x8000000000000;
}

/** The bits of the sum of two anchors, the second of part `part`. */
function anchors(top: i32, part: i32): i64 {
  const sum = reinterpret<f64>(anchor(top, part - 1)) + reinterpret<f64>(anchor(top, part));
  return reinterpret<i64>(sum);
}

// The sums of a part lie in memory, and not in variables, which V8 would keep in registers that
// the loop has need of: lower halves, and upper ones with the sign, of two lanes.
export const HALVES: usize = 32;

export function clearHalves(at: usize): void {
  v128.store(at, i64x2.splat(0));
  v128.store(at + 16, i64x2.splat(0));
}

/** Adds the parts in two lanes, less `bias` in each. */
function addHalves(at: usize, i: v128, bias: i64): void {
  const part = i64x2.sub(i, i64x2.splat(bias));
  v128.store(at, i64x2.add(v128.load(at), v128.and(part, i64x2.splat(0xffffffff))));
  v128.store(at + 16, i64x2.add(v128.load(at + 16), i64x2.shr_s(part, 32)));
}

/** Adds them to a state. */
export function takeHalves(state: usize, at: usize, position: i32): void {
  addAt(state, load<i64>(at) + load<i64>(at + 8), position);
  addAt(state, load<i64>(at + 16) + load<i64>(at + 24), position + 32);
}

/** What is left of a. */
function rest(a: v128, t: v128, m: v128): v128 {
  return f64x2.sub(a, f64x2.sub(t, m));
}

/** The last part of a and b, anchored; `both` is the sum of the last two anchors. */
function lastPart(a: v128, b: v128, t: v128, u: v128, both: v128): v128 {
  return f64x2.add(rest(a, t, both), rest(b, u, t));
}

/** The number of parts that a level's type stands for. */
export function partsOf<LEVEL>(): i32 {
  return sizeof<LEVEL>() == 8 ? 4 : sizeof<LEVEL>() == 4 ? 3 : <i32>sizeof<LEVEL>();
}

// Where a try has its constants and sums, from `room`.
const ROOM_MAGNITUDE: usize = 16;
export const ROOM_LEAST: usize = 32;
export const ROOM_MOST: usize = 48;
const ROOM_ANCHORS: usize = 64;
const ROOM_BOTH: usize = 112;
const ROOM_PARTS: usize = 128;
export const ROOM_SUMS: usize = 192;

/** The parts of so many numbers fit 63 bits. */
export const FEW = 2048;

/** Lays out what `extract` reads. */
export function prepare(room: usize, top: i32, level: i32): void {
  v128.store(room + ROOM_MAGNITUDE, i32x4.splat(0x7fffffff));
  v128.store(room + ROOM_LEAST, i32x4.splat(0x7fffffff));
  v128.store(room + ROOM_MOST, i64x2.splat(0));
  for (let part = 0; part < 3; part++) {
    v128.store(room + ROOM_ANCHORS + ((<usize>part) << 4), i64x2.splat(anchor(top, part)));
  }
  v128.store(room + ROOM_BOTH, i64x2.splat(anchors(top, level - 1)));
}

/**
 * Leaves the parts of n numbers, a multiple of 8 up to 8,192, in `room`: of products of those at p
 * and q, or else of numbers of which each turn takes four at p and four at q, and goes on by `step`
 * bytes. It is called from two
 * places, so that it stays a function of its own, and its last vectors are stored as they are: with
 * more around the loop V8 spills its sums, and it takes twice the time.
 */
export function extract<T, ABS, PRODUCT, LEVEL, ZEROS, SKIP>(
  p: usize,
  q: usize,
  step: usize,
  n: i32,
  room: usize,
): void {
  const isRaw = sizeof<T>() == 4 && !isSigned<PRODUCT>() && !isSigned<ZEROS>();
  const level = partsOf<LEVEL>();
  const magnitude = v128.load(room + ROOM_MAGNITUDE);
  const m0 = v128.load(room + ROOM_ANCHORS);
  const m1 = v128.load(room + ROOM_ANCHORS + 16);
  const m2 = v128.load(room + ROOM_ANCHORS + 32);
  const both = v128.load(room + ROOM_BOTH);
  const zero = i64x2.splat(0);
  let lo = v128.load(room + ROOM_LEAST);
  let hi = v128.load(room + ROOM_MOST);
  let i0 = zero;
  let i1 = zero;
  let i2 = zero;
  let i3 = zero;
  const end = p + <usize>(n >> 3) * step;
  for (; p < end; p += step, q += step) {
    let a = take<T, ABS, PRODUCT, SKIP>(p, q);
    let b = take<T, ABS, PRODUCT, SKIP>(p + 2 * sizeof<T>(), q + 2 * sizeof<T>());
    let words = v128.and(isRaw ? v128.load(p) : uppers(a, b), magnitude);
    hi = i32x4.max_u(hi, words);
    lo = i32x4.min_u(lo, isSigned<ZEROS>() ? marked(a, b, zero, magnitude) : words);
    let t = f64x2.add(a, m0);
    let u = f64x2.add(t, b);
    i0 = i64x2.add(i0, u);
    if (level > 2) {
      a = rest(a, t, m0);
      b = rest(b, u, t);
      t = f64x2.add(a, m1);
      u = f64x2.add(t, b);
      i1 = i64x2.add(i1, u);
    }
    if (level > 3) {
      a = rest(a, t, m1);
      b = rest(b, u, t);
      t = f64x2.add(a, m2);
      u = f64x2.add(t, b);
      i2 = i64x2.add(i2, u);
    }
    if (level > 1) i3 = i64x2.add(i3, lastPart(a, b, t, u, both));

    const r = isSigned<PRODUCT>() ? p + 4 * sizeof<T>() : q;
    a = take<T, ABS, PRODUCT, SKIP>(r, q + 4 * sizeof<T>());
    b = take<T, ABS, PRODUCT, SKIP>(r + 2 * sizeof<T>(), q + 6 * sizeof<T>());
    words = v128.and(isRaw ? v128.load(r) : uppers(a, b), magnitude);
    hi = i32x4.max_u(hi, words);
    lo = i32x4.min_u(lo, isSigned<ZEROS>() ? marked(a, b, zero, magnitude) : words);
    t = f64x2.add(a, m0);
    u = f64x2.add(t, b);
    i0 = i64x2.add(i0, u);
    if (level > 2) {
      a = rest(a, t, m0);
      b = rest(b, u, t);
      t = f64x2.add(a, m1);
      u = f64x2.add(t, b);
      i1 = i64x2.add(i1, u);
    }
    if (level > 3) {
      a = rest(a, t, m1);
      b = rest(b, u, t);
      t = f64x2.add(a, m2);
      u = f64x2.add(t, b);
      i2 = i64x2.add(i2, u);
    }
    if (level > 1) i3 = i64x2.add(i3, lastPart(a, b, t, u, both));
  }
  v128.store(room + ROOM_LEAST, lo);
  v128.store(room + ROOM_MOST, hi);
  v128.store(room + ROOM_PARTS, i0);
  if (level > 2) v128.store(room + ROOM_PARTS + 16, i1);
  if (level > 3) v128.store(room + ROOM_PARTS + 32, i2);
  if (level > 1) v128.store(room + ROOM_PARTS + ((<usize>(level - 1)) << 4), i3);
}

/** Moves the parts of n numbers on to the sums of halves. */
export function collect(room: usize, n: i32, top: i32, level: i32): void {
  for (let part = 0; part < level; part++) {
    const parts = room + ROOM_PARTS + ((<usize>part) << 4);
    const sums = room + ROOM_SUMS + <usize>part * HALVES;
    addHalves(sums, v128.load(parts), <i64>(n >> 2) * anchor(top, part));
  }
}

/** Adds part `part` of n numbers, at most FEW, to a state. */
export function takeFew(
  state: usize,
  room: usize,
  n: i32,
  bits: i64,
  part: i32,
  position: i32,
): void {
  const parts = room + ROOM_PARTS + ((<usize>part) << 4);
  const pairs = n == 0 ? 0 : load<i64>(parts) + load<i64>(parts + 8) - <i64>(n >> 1) * bits;
  addAt(state, pairs, position);
}
