// Minimum, maximum and plain sum of a block of float64 in one loop, for passes that ask for several of
// them: the sum is there anyway, since it tells of NaN (extrema.ts). Each has the bits that it has
// alone.

import { constant, No, Yes } from "./common";
import { finishExtremum } from "./extrema";
import { lanes } from "./sum";

/**
 * Fills the states of a minimum at `low` and of a maximum at `high`; that of a sum at `sum`, unless
 * it is 0. The sum's accumulators take turns, so that 64 bytes are read at a time: with 128, V8 runs
 * out of registers.
 */
export function extent(p: usize, n: i32, sum: usize, low: usize, high: usize): void {
  const end = p + ((<usize>n & ~15) << 3);
  let a = constant(low, i64.MIN_VALUE);
  let b = a;
  let least = f64x2.splat(Infinity);
  let most = f64x2.splat(-Infinity);
  let some = i64x2.splat(0);
  let all = i64x2.splat(-1);
  let at = p;
  for (; at < end; at += 64) {
    const v = v128.load(at);
    const w = v128.load(at + 16);
    const x = v128.load(at + 32);
    const y = v128.load(at + 48);
    const e = f64x2.add(a, f64x2.add(f64x2.add(v, w), f64x2.add(x, y)));
    least = f64x2.pmin(least, f64x2.pmin(f64x2.pmin(v, w), f64x2.pmin(x, y)));
    most = f64x2.pmax(most, f64x2.pmax(f64x2.pmax(v, w), f64x2.pmax(x, y)));
    some = v128.or(some, v128.or(v128.or(v, w), v128.or(x, y)));
    all = v128.and(all, v128.and(v128.and(v, w), v128.and(x, y)));
    a = b;
    b = e;
  }
  const both = f64x2.add(a, b);
  if (sum != 0) {
    let total = lanes(a, b);
    const last = p + ((<usize>n) << 3);
    for (at = end; at < last; at += 8) total += load<f64>(at);
    store<f64>(sum, total);
    store<i64>(sum + 8, n);
  }
  finishExtremum<f64, No, No>(least, both, some, p, p, n, end, low);
  finishExtremum<f64, Yes, No>(most, both, all, p, p, n, end, high);
}
