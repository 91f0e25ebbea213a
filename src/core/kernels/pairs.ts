// Loops of the pairwise schedule: neighbours combined two and two, for the operators whose states are
// so simple that a choice of kernel a pair, or folding each element first, would be most of the work.
//
// The states are those that sum.ts and extrema.ts make of one element each and then merge.

import { OP_MAX, OP_MIN, OP_SUM } from "../map";
import { No, Yes } from "./common";
import * as extrema from "./extrema";
import { FLOAT16, mergeState } from "./index";
import * as sum from "./sum";

/** Sums of elements 0 and 1, 2 and 3, … . */
function addNeighbours<T>(p: usize, end: usize, into: usize, bytes: usize): void {
  for (; p < end; p += 2 * sizeof<T>(), into += bytes) {
    const a = load<T>(p);
    const b = load<T>(p + sizeof<T>());
    if (isFloat<T>()) {
      store<f64>(into, <f64>a + <f64>b);
      store<i64>(into + 8, 2);
      continue;
    }
    const low = <i64>a + <i64>b;
    store<i64>(into, low);
    store<i64>(into + 8, sizeof<T>() == 8 ? carry<T>(a, b, <u64>low) : low >> 63);
    store<i64>(into + 16, 2);
  }
}

/** Upper half of a + b, of which `low` is the lower one. */
function carry<T>(a: T, b: T, low: u64): i64 {
  const over = i64(low < <u64>a);
  return isSigned<T>() ? (<i64>a >> 63) + (<i64>b >> 63) + over : over;
}

function far<T extends number, MAX>(a: T, b: T): T {
  return isSigned<MAX>() ? max<T>(a, b) : min<T>(a, b);
}

/** The same for minima and maxima. */
function pickNeighbours<T extends number, MAX>(
  p: usize,
  end: usize,
  into: usize,
  bytes: usize,
): void {
  for (; p < end; p += 2 * sizeof<T>(), into += bytes) {
    const best = far<T, MAX>(load<T>(p), load<T>(p + sizeof<T>()));
    if (isFloat<T>()) store<f64>(into, <f64>best);
    else store<i64>(into, <i64>best);
    store<i64>(into + 8, 1);
  }
}

function foldNeighboursOf<T extends number>(
  op: i32,
  p: usize,
  n: i32,
  into: usize,
  bytes: usize,
): bool {
  const end = p + <usize>n * sizeof<T>();
  if (op == OP_SUM) addNeighbours<T>(p, end, into, bytes);
  else if (op == OP_MIN) pickNeighbours<T, No>(p, end, into, bytes);
  else if (op == OP_MAX) pickNeighbours<T, Yes>(p, end, into, bytes);
  else return false;
  return true;
}

/**
 * The states of elements 0 and 1, 2 and 3, … of n at p, n even, to `into` and every `bytes` behind;
 * false if there is no loop for this accumulator. NaN counts.
 */
export function foldNeighbours(
  op: i32,
  dtype: i32,
  p: usize,
  n: i32,
  into: usize,
  bytes: usize,
): bool {
  switch (dtype) {
    case 0:
      return foldNeighboursOf<i8>(op, p, n, into, bytes);
    case 1:
      return foldNeighboursOf<u8>(op, p, n, into, bytes);
    case 2:
      return foldNeighboursOf<i16>(op, p, n, into, bytes);
    case 3:
      return foldNeighboursOf<u16>(op, p, n, into, bytes);
    case 4:
      return foldNeighboursOf<i32>(op, p, n, into, bytes);
    case 5:
      return foldNeighboursOf<u32>(op, p, n, into, bytes);
    case 6:
      return foldNeighboursOf<i64>(op, p, n, into, bytes);
    case 7:
      return foldNeighboursOf<u64>(op, p, n, into, bytes);
    case 9:
      return foldNeighboursOf<f32>(op, p, n, into, bytes);
    case 10:
      return foldNeighboursOf<f64>(op, p, n, into, bytes);
    default:
      return false;
  }
}

/** Merges states 0 and 1, 2 and 3, … of n, n even, that lie at p and every `bytes` behind, likewise. */
export function mergeNeighbours(
  op: i32,
  dtype: i32,
  p: usize,
  n: i32,
  into: usize,
  bytes: usize,
): void {
  const end = p + <usize>n * bytes;
  if (dtype >= FLOAT16 && op == OP_SUM) {
    for (; p < end; p += 2 * bytes, into += bytes) sum.mergeFloat(into, p, p + bytes);
  } else if (dtype >= FLOAT16 && op == OP_MIN) {
    for (; p < end; p += 2 * bytes, into += bytes) {
      extrema.mergeExtremumFloat<No>(into, p, p + bytes);
    }
  } else if (dtype >= FLOAT16 && op == OP_MAX) {
    for (; p < end; p += 2 * bytes, into += bytes) {
      extrema.mergeExtremumFloat<Yes>(into, p, p + bytes);
    }
  } else if (op == OP_SUM) {
    for (; p < end; p += 2 * bytes, into += bytes) sum.mergeInt(into, p, p + bytes);
  } else {
    for (; p < end; p += 2 * bytes, into += bytes) mergeState(op, dtype, into, p, p + bytes);
  }
}
