// Minimum, maximum and where they are first found.
//
// Floats: −0 < +0, NaN wins unless it is skipped. The loop uses the one-instruction
// pseudo-minimum (b < a ? b : a), which passes over NaN and confuses the zeros; what
// it misses is told by plain sums and by the signs beside it.
//
// State of min and max: value (i64 or f64), then i64: 0 if nothing was seen.
// State of argmin and argmax: value, then i64 index, −1 if nothing was seen.

import { constant, No, turns, Yes } from "./common";

// --- integers ----------------------------------------------------------------

/** The lanes of b where b is beyond a, else those of a. `top` is 2^63, to compare u64 with. */
function further<T, MAX>(a: v128, b: v128, top: v128): v128 {
  if (sizeof<T>() < 8) {
    return isSigned<MAX>() ? v128.max<T>(a, b) : v128.min<T>(a, b);
  }
  if (isSigned<T>()) {
    const greater = i64x2.gt_s(b, a);
    return isSigned<MAX>() ? v128.bitselect(b, a, greater) : v128.bitselect(a, b, greater);
  }
  const greater = i64x2.gt_s(v128.xor(b, top), v128.xor(a, top));
  return isSigned<MAX>() ? v128.bitselect(b, a, greater) : v128.bitselect(a, b, greater);
}

function furtherOf<T, MAX>(a: T, b: T): T {
  if (isSigned<MAX>()) return b > a ? b : a;
  return b < a ? b : a;
}

/**
 * The extremum of n ≥ 1 elements at p and, with TWO, of as many at q: then whole blocks.
 * `spill` is 16 bytes to take lanes apart in.
 */
function extremeInt<T, MAX, TWO>(p: usize, q: usize, n: i32, spill: usize): T {
  const end = p + turns(<usize>n * sizeof<T>());
  const first = load<T>(p);
  const top = constant(spill, i64.MIN_VALUE);
  let a = v128.splat<T>(first);
  let b = a;
  let c = a;
  let d = a;
  let at = p;
  for (; at < end; at += 64) {
    a = further<T, MAX>(a, v128.load(at), top);
    b = further<T, MAX>(b, v128.load(at + 16), top);
    c = further<T, MAX>(c, v128.load(at + 32), top);
    d = further<T, MAX>(d, v128.load(at + 48), top);
    if (isSigned<TWO>()) {
      a = further<T, MAX>(a, v128.load(q), top);
      b = further<T, MAX>(b, v128.load(q + 16), top);
      c = further<T, MAX>(c, v128.load(q + 32), top);
      d = further<T, MAX>(d, v128.load(q + 48), top);
      q += 64;
    }
  }
  v128.store(spill, further<T, MAX>(further<T, MAX>(a, b, top), further<T, MAX>(c, d, top), top));
  let best = first;
  for (at = spill; at < spill + 16; at += sizeof<T>()) best = furtherOf<T, MAX>(best, load<T>(at));
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) best = furtherOf<T, MAX>(best, load<T>(at));
  return best;
}

export function extremumInt<T, MAX>(p: usize, q: usize, n: i32, state: usize): void {
  if (n == 0) {
    store<i64>(state + 8, 0);
    return;
  }
  const best =
    q == p ? extremeInt<T, MAX, No>(p, p, n, state) : extremeInt<T, MAX, Yes>(p, q, n, state);
  store<i64>(state, <i64>best);
  store<i64>(state + 8, 1);
}

function copy(into: usize, from: usize): void {
  if (into == from) return;
  store<i64>(into, load<i64>(from));
  store<i64>(into + 8, load<i64>(from + 8));
}

/** LONG: the values are u64, not i64. */
export function mergeExtremumInt<MAX, LONG>(into: usize, left: usize, right: usize): void {
  if (load<i64>(right + 8) == 0) return copy(into, left);
  if (load<i64>(left + 8) == 0) return copy(into, right);
  copy(into, beyondInt<MAX, LONG>(left, right) ? right : left);
}

/** True if the right value is strictly beyond the left one. */
function beyondInt<MAX, LONG>(left: usize, right: usize): bool {
  if (isSigned<LONG>()) {
    const l = load<u64>(left);
    const r = load<u64>(right);
    return isSigned<MAX>() ? r > l : r < l;
  }
  const l = load<i64>(left);
  const r = load<i64>(right);
  return isSigned<MAX>() ? r > l : r < l;
}

/**
 * Index of the first of n ≥ 1 elements whose bits are those of `wanted`. The element was there when the
 * extremum was taken; if another thread has overwritten it since, the index is that of the last.
 */
function find<T>(p: usize, n: i32, wanted: T): i32 {
  const v = v128.splat<T>(wanted);
  const lanes = p + ((<usize>n * sizeof<T>()) & ~15);
  const last = p + <usize>(n - 1) * sizeof<T>();
  let at = p;
  for (; at < lanes; at += 16) {
    if (v128.any_true(v128.eq<T>(v128.load(at), v))) break;
  }
  while (at < last && load<T>(at) != wanted) at += sizeof<T>();
  return <i32>((min<usize>(at, last) - p) / sizeof<T>());
}

export function argInt<T, MAX>(p: usize, n: i32, base: i64, state: usize): void {
  if (n == 0) {
    store<i64>(state + 8, -1);
    return;
  }
  const best = extremeInt<T, MAX, No>(p, p, n, state);
  store<i64>(state, <i64>best);
  store<i64>(state + 8, base + <i64>find<T>(p, n, best));
}

/** Left is before right, so on a tie left stays. */
export function mergeArgInt<MAX, LONG>(into: usize, left: usize, right: usize): void {
  if (load<i64>(right + 8) < 0) return copy(into, left);
  if (load<i64>(left + 8) < 0) return copy(into, right);
  copy(into, beyondInt<MAX, LONG>(left, right) ? right : left);
}

// --- floats --------------------------------------------------------------------

function pseudo<T extends number, MAX>(a: v128, b: v128): v128 {
  return isSigned<MAX>() ? v128.pmax<T>(a, b) : v128.pmin<T>(a, b);
}

function farOf<MAX>(a: f64, b: f64): f64 {
  return isSigned<MAX>() ? max<f64>(a, b) : min<f64>(a, b);
}

/** True once a float of the run has exactly these bits. */
function hasBits<T, BITS>(p: usize, n: i32, bits: BITS): bool {
  const v = v128.splat<BITS>(bits);
  const end = p + turns(<usize>n * sizeof<T>());
  let at = p;
  for (; at < end; at += 64) {
    const low = v128.or(v128.eq<BITS>(v128.load(at), v), v128.eq<BITS>(v128.load(at + 16), v));
    const high = v128.or(
      v128.eq<BITS>(v128.load(at + 32), v),
      v128.eq<BITS>(v128.load(at + 48), v),
    );
    if (v128.any_true(v128.or(low, high))) return true;
  }
  const last = p + <usize>n * sizeof<T>();
  for (; at < last; at += sizeof<T>()) if (load<BITS>(at) == bits) return true;
  return false;
}

/** The zero of the right sign, for a run whose extremum compares equal to zero. */
function zeroOf<T, MAX>(p: usize, n: i32): f64 {
  if (isSigned<MAX>()) {
    const found = sizeof<T>() == 8 ? hasBits<T, i64>(p, n, 0) : hasBits<T, i32>(p, n, 0);
    return found ? 0.0 : -0.0;
  }
  const found =
    sizeof<T>() == 8 ? hasBits<T, i64>(p, n, i64.MIN_VALUE) : hasBits<T, i32>(p, n, i32.MIN_VALUE);
  return found ? -0.0 : 0.0;
}

/** True if one of the run is NaN, or, with NUMBER, is not. */
function has<T, NUMBER>(p: usize, n: i32): bool {
  const last = p + <usize>n * sizeof<T>();
  for (let at = p; at < last; at += sizeof<T>()) {
    const x = load<T>(at);
    if (isSigned<NUMBER>() ? x == x : x != x) return true;
  }
  return false;
}

/** Signs that are there: of a maximum, those that are everywhere. */
function meet<MAX>(a: v128, b: v128): v128 {
  return isSigned<MAX>() ? v128.and(a, b) : v128.or(a, b);
}

/** True if the sign that a zero of the right kind has is among them. */
function mayBeZero<T, MAX>(signs: v128): bool {
  const bits = sizeof<T>() == 8 ? i64x2.bitmask(signs) : i32x4.bitmask(signs);
  if (isSigned<MAX>()) return bits != (1 << (16 / sizeof<T>())) - 1;
  return bits != 0;
}

/**
 * Leaves value and "seen" at `state`: of n elements at p and, unless q is p, of as many at q, then
 * whole blocks. Beside the extremum the loop keeps what tells whether more is to be looked for, at an
 * instruction a vector each: plain sums, which are NaN if an element is, and seldom else; and the
 * signs, since where the minimum is a zero only −0 and NaN have one (where the maximum is, only +0
 * and NaN have none).
 */
export function extremumFloat<T extends number, MAX, SKIP>(
  p: usize,
  q: usize,
  n: i32,
  state: usize,
): void {
  const step: usize = q == p ? 64 : 32;
  const end = p + turns(<usize>n * sizeof<T>());
  let to = q == p ? p + 32 : q;
  const start: f64 = isSigned<MAX>() ? -Infinity : Infinity;
  let a = v128.splat<T>(<T>start);
  let b = a;
  let c = a;
  let d = a;
  let sum = i64x2.splat(0);
  let sum2 = sum;
  let signs = i64x2.splat(isSigned<MAX>() ? -1 : 0);
  let signs2 = signs;
  let at = p;
  for (; at < end; at += step, to += step) {
    const v = v128.load(at);
    const w = v128.load(at + 16);
    const x = v128.load(to);
    const y = v128.load(to + 16);
    a = pseudo<T, MAX>(a, v);
    b = pseudo<T, MAX>(b, w);
    c = pseudo<T, MAX>(c, x);
    d = pseudo<T, MAX>(d, y);
    if (!isSigned<SKIP>()) {
      sum = v128.add<T>(sum, v128.add<T>(v, w));
      sum2 = v128.add<T>(sum2, v128.add<T>(x, y));
    }
    signs = meet<MAX>(signs, meet<MAX>(v, w));
    signs2 = meet<MAX>(signs2, meet<MAX>(x, y));
  }
  finishExtremum<T, MAX, SKIP>(
    pseudo<T, MAX>(pseudo<T, MAX>(a, b), pseudo<T, MAX>(c, d)),
    v128.add<T>(sum, sum2),
    meet<MAX>(signs, signs2),
    p,
    q,
    n,
    end,
    state,
  );
}

/** From what the lanes say of the elements before `end`, and at q, to the state of all. */
export function finishExtremum<T extends number, MAX, SKIP>(
  far: v128,
  sum: v128,
  signs: v128,
  p: usize,
  q: usize,
  n: i32,
  end: usize,
  state: usize,
): void {
  const start: f64 = isSigned<MAX>() ? -Infinity : Infinity;
  v128.store(state, far);
  let mayHaveNaN = v128.any_true(v128.ne<T>(sum, sum));
  let best = start;
  let at = state;
  for (; at < state + 16; at += sizeof<T>()) best = farOf<MAX>(best, <f64>load<T>(at));
  const last = p + <usize>n * sizeof<T>();
  for (at = end; at < last; at += sizeof<T>()) {
    const x = <f64>load<T>(at);
    if (x == x) best = farOf<MAX>(best, x);
    else mayHaveNaN = true;
  }
  if (!isSigned<SKIP>() && mayHaveNaN && (has<T, No>(p, n) || has<T, No>(q, n))) best = NaN;
  // A zero of the right kind that was met in the lanes may have given way to another.
  if (best == 0 && mayBeZero<T, MAX>(signs)) {
    if (isSigned<SKIP>()) best = zeroOf<T, MAX>(p, n);
    else best = isSigned<MAX>() ? 0.0 : -0.0;
  }
  store<f64>(state, best);
  const isSeen = isSigned<SKIP>() && best == start ? has<T, Yes>(p, n) : n != 0;
  store<i64>(state + 8, i64(isSeen));
}

/** wasm's f64.min and f64.max have these semantics: NaN wins, −0 < +0. */
export function mergeExtremumFloat<MAX>(into: usize, left: usize, right: usize): void {
  if (load<i64>(right + 8) == 0) return copy(into, left);
  if (load<i64>(left + 8) == 0) return copy(into, right);
  store<f64>(into, farOf<MAX>(load<f64>(left), load<f64>(right)));
  store<i64>(into + 8, 1);
}

/** The same for the first NaN. */
function findNaN<T>(p: usize, n: i32): i32 {
  const last = p + <usize>(n - 1) * sizeof<T>();
  let at = p;
  for (; at < last; at += sizeof<T>()) {
    const x = load<T>(at);
    if (x != x) break;
  }
  return <i32>((at - p) / sizeof<T>());
}

export function argFloat<T extends number, MAX, SKIP>(
  p: usize,
  n: i32,
  base: i64,
  state: usize,
): void {
  extremumFloat<T, MAX, SKIP>(p, p, n, state);
  if (load<i64>(state + 8) == 0) {
    store<i64>(state + 8, -1);
    return;
  }
  const best = load<f64>(state);
  let index: i32;
  if (best != best) index = findNaN<T>(p, n);
  else if (sizeof<T>() == 8) index = find<i64>(p, n, reinterpret<i64>(best));
  else index = find<i32>(p, n, reinterpret<i32>(<f32>best));
  store<i64>(state + 8, base + <i64>index);
}

export function mergeArgFloat<MAX>(into: usize, left: usize, right: usize): void {
  if (load<i64>(right + 8) < 0) return copy(into, left);
  if (load<i64>(left + 8) < 0) return copy(into, right);
  const l = load<f64>(left);
  const r = load<f64>(right);
  // The first NaN wins; otherwise right wins only if it is strictly beyond, zeros by sign.
  let goRight = false;
  if (l == l) {
    if (r != r) goRight = true;
    else goRight = reinterpret<i64>(farOf<MAX>(l, r)) != reinterpret<i64>(l);
  }
  copy(into, goRight ? right : left);
}
