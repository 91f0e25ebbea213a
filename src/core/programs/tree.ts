// Tasks of one job that climb the tree: whoever comes last merges. A state is a row of digits, one a
// task, so that the root tells in which order all were merged.

import { load32, peek32, poke32, poke64, store32 } from "../atomic";
import { ascend, climbFrom, mergeLeftOf, mergeRightOf, mergeTarget } from "../job";
import {
  ASCEND_ROOT,
  ASCEND_STOP,
  JOB_ARRIVALS,
  JOB_CELLS,
  JOB_ERROR,
  JOB_STATE_BYTES,
  JOB_TASKS,
} from "../map";
import { jobOf } from "../places";
import { expect } from "./history";
import { ARRIVALS_AT, CELLS_AT, ROOTS_AT } from "./places";

const CELLS: usize = CELLS_AT;
const ARRIVALS: usize = ARRIVALS_AT;
const ROOTS: usize = ROOTS_AT;
/** Digits as a number, and how many. */
const STATE_BYTES: i32 = 8;
const BASE: i32 = 10;
const RULE_ROOT: i32 = 4;
const RULE_ONE_ROOT: i32 = 5;

export function cellsInit(job: usize, tasks: i32): void {
  poke32(job + JOB_TASKS, tasks);
  poke32(job + JOB_CELLS, <i32>CELLS);
  poke32(job + JOB_ARRIVALS, <i32>ARRIVALS);
  poke32(job + JOB_STATE_BYTES, STATE_BYTES);
  poke64(job + JOB_ERROR, -1);
}

export function treeInit(tasks: i32): void {
  cellsInit(jobOf(0), tasks);
}

function cellOf(job: usize, node: i32): usize {
  return <usize>peek32(job + JOB_CELLS) + <usize>(node * STATE_BYTES);
}

export function setState(job: usize, task: i32): void {
  poke32(cellOf(job, task), task + 1);
  poke32(cellOf(job, task) + 4, 1);
}

/** True if this thread made the root. */
export function climbToRoot(job: usize, task: i32): bool {
  climbFrom(job, task);
  while (true) {
    const next = ascend(job);
    if (next == ASCEND_STOP) return false;
    if (next == ASCEND_ROOT) return true;
    concatenate(mergeTarget(), mergeLeftOf(), mergeRightOf());
  }
}

/** `right` 0: there is none. */
export function concatenate(into: usize, left: usize, right: usize): void {
  let value = peek32(left);
  let digits = peek32(left + 4);
  if (right != 0) {
    for (let i = peek32(right + 4); i > 0; i--) value *= BASE;
    value += peek32(right);
    digits += peek32(right + 4);
  }
  poke32(into, value);
  poke32(into + 4, digits);
}

/** All of 1 … n, in order. */
export function digitsTo(n: i32): i32 {
  let value = 0;
  for (let i = 1; i <= n; i++) value = value * BASE + i;
  return value;
}

/** Runs tasks first, first + step … of `tasks`. */
export function climb(first: i32, step: i32, tasks: i32): void {
  const job = jobOf(0);
  for (let task = first; task < tasks; task += step) {
    setState(job, task);
    if (climbToRoot(job, task)) store32(ROOTS, load32(ROOTS) + 1);
  }
}

/** The root was made once. */
export function treeEnd(_: i32, __: i32, ___: i32): void {
  expect(peek32(ROOTS) == 1 ? 1 : 0, RULE_ONE_ROOT);
  expectRoot(jobOf(0));
}

/** It holds all in order. */
export function expectRoot(job: usize): void {
  const tasks = peek32(job + JOB_TASKS);
  let root = tasks - 1;
  for (let width = tasks; width > 1; ) {
    width = (width + 1) >> 1;
    root += width;
  }
  expect(peek32(cellOf(job, root)) == digitsTo(tasks) ? 1 : 0, RULE_ROOT);
}
