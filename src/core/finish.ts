// Values of states that lie in the shared memory, each rounded once: for the thread `me`, which folds
// nothing meanwhile. What `form` is, kernels/quotient.ts says.

import { ROOM_DIGITS, round } from "./kernels/digits";
import { condition, mean, nearest, root, spread } from "./kernels/quotient";
import { SCRATCH_EXACT, SCRATCH_HALF } from "./map";
import { scratchOf } from "./places";

export function roundExact(me: i32, state: usize, form: i32, single: bool): f64 {
  if (form > 0) return nearest(state, form, single, scratchOf(me) + SCRATCH_HALF);
  return round(state, form, single, scratchOf(me) + SCRATCH_EXACT + ROOM_DIGITS);
}

export function meanExact(me: i32, state: usize, form: i32, single: bool): f64 {
  return mean(state, form, single, scratchOf(me) + SCRATCH_HALF);
}

export function rootExact(me: i32, state: usize, form: i32, single: bool): f64 {
  return root(state, form, single, scratchOf(me) + SCRATCH_HALF);
}

export function conditionExact(me: i32, sum: usize, abs: usize, form: i32, single: bool): f64 {
  return condition(sum, abs, form, single, scratchOf(me) + SCRATCH_HALF);
}

export function spreadExact(
  me: i32,
  sum: usize,
  squares: usize,
  sumForm: i32,
  squaresForm: i32,
  ddof: i32,
  isRoot: bool,
  single: bool,
): f64 {
  const room = scratchOf(me) + SCRATCH_HALF;
  return spread(sum, squares, sumForm, squaresForm, ddof, isRoot, single, room);
}
