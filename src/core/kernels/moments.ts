// Deviations of floats from their mean, in floating point: a block is read twice, for its mean and
// for the squares of what is left; blocks merge as in Chan, Golub and LeVeque, "Updating formulae
// and a pairwise algorithm for computing sample variances" (1979). What is exact stands in exact.ts.
//
// State: count i64, mean f64, squared deviations f64.

import { No, turns, Yes } from "./common";
import { Plain, sumFloat } from "./sum";

const MEAN: usize = 8;
const SQUARES: usize = 16;

/** Σd² − (Σd)² / count for d = x − mean: the second term makes up for the mean's rounding. */
function squaresOf<T, SKIP>(p: usize, n: i32, mean: f64, count: f64): f64 {
  const m = f64x2.splat(mean);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const end = p + turns(<usize>n * sizeof<T>());
  const last = p + <usize>n * sizeof<T>();
  for (; p < end; p += 4 * sizeof<T>()) {
    let v = sizeof<T>() == 8 ? v128.load(p) : f64x2.promote_low_f32x4(v128.load64_zero(p));
    let w = sizeof<T>() == 8 ? v128.load(p + 16) : f64x2.promote_low_f32x4(v128.load64_zero(p + 8));
    v = f64x2.sub(v, m);
    w = f64x2.sub(w, m);
    if (isSigned<SKIP>()) {
      v = v128.and(v, f64x2.eq(v, v));
      w = v128.and(w, f64x2.eq(w, w));
    }
    a = f64x2.add(a, f64x2.mul(v, v));
    b = f64x2.add(b, f64x2.mul(w, w));
    c = f64x2.add(c, v);
    d = f64x2.add(d, w);
  }
  a = f64x2.add(a, b);
  c = f64x2.add(c, d);
  let squares = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  let rest = f64x2.extract_lane(c, 0) + f64x2.extract_lane(c, 1);
  for (; p < last; p += sizeof<T>()) {
    const x = <f64>load<T>(p) - mean;
    if (isSigned<SKIP>() && x != x) continue;
    squares += x * x;
    rest += x;
  }
  return count == 0 ? squares : squares - rest * (rest / count);
}

export function momentsFloat<T>(p: usize, n: i32, skip: bool, state: usize): void {
  sumFloat<T, Plain>(p, p, n, skip, state);
  const count = load<i64>(state + 8);
  const mean = count == 0 ? 0 : load<f64>(state) / <f64>count;
  store<i64>(state, count);
  store<f64>(state + MEAN, mean);
  const squares = skip
    ? squaresOf<T, Yes>(p, n, mean, <f64>count)
    : squaresOf<T, No>(p, n, mean, <f64>count);
  store<f64>(state + SQUARES, squares);
}

export function mergeMoments(into: usize, left: usize, right: usize): void {
  const a = load<i64>(left);
  const b = load<i64>(right);
  const n = <f64>(a + b);
  const mean = load<f64>(left + MEAN);
  const apart = load<f64>(right + MEAN) - mean;
  const squares = load<f64>(left + SQUARES) + load<f64>(right + SQUARES);
  if (a == 0 || b == 0) {
    memory.copy(into, a == 0 ? right : left, 24);
    return;
  }
  store<i64>(into, a + b);
  store<f64>(into + MEAN, mean + apart * (<f64>b / n));
  store<f64>(into + SQUARES, squares + apart * apart * (<f64>a * (<f64>b / n)));
}
