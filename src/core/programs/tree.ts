// Tasks of one job that climb the tree: whoever comes last merges. States are counted in one word.

import { peek32, poke32, poke64 } from "../atomic";
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

const CELLS: usize = 1048576;
const ARRIVALS: usize = 1052672;
const ROOTS: usize = 1056768;
const STATE_BYTES: i32 = 8;
const RULE_ROOT: i32 = 4;
const RULE_ONE_ROOT: i32 = 5;

export function treeInit(tasks: i32): void {
  const job = jobOf(0);
  poke32(job + JOB_TASKS, tasks);
  poke32(job + JOB_CELLS, <i32>CELLS);
  poke32(job + JOB_ARRIVALS, <i32>ARRIVALS);
  poke32(job + JOB_STATE_BYTES, STATE_BYTES);
  poke64(job + JOB_ERROR, -1);
}

/** Runs tasks first, first + step … of `tasks`, as digits of a number to see their order. */
export function climb(first: i32, step: i32, tasks: i32): void {
  const job = jobOf(0);
  for (let task = first; task < tasks; task += step) {
    poke32(CELLS + <usize>(task * STATE_BYTES), task + 1);
    poke32(CELLS + <usize>(task * STATE_BYTES) + 4, 1);
    climbFrom(job, task);
    while (true) {
      const next = ascend(job);
      if (next == ASCEND_STOP) break;
      if (next == ASCEND_ROOT) {
        poke32(ROOTS, peek32(ROOTS) + 1);
        break;
      }
      merge(mergeTarget(), mergeLeftOf(), mergeRightOf());
    }
  }
}

/** Concatenates the digits of both. */
function merge(into: usize, left: usize, right: usize): void {
  let value = peek32(left);
  for (let i = peek32(right + 4); i > 0; i--) value *= 10;
  poke32(into, value + peek32(right));
  poke32(into + 4, peek32(left + 4) + peek32(right + 4));
}

/** The root, made once, holds all in order. */
export function treeEnd(tasks: i32, root: i32): void {
  let value = 0;
  for (let task = 1; task <= tasks; task++) value = value * 10 + task;
  expect(peek32(ROOTS) == 1 ? 1 : 0, RULE_ONE_ROOT);
  expect(peek32(CELLS + <usize>(root * STATE_BYTES)) == value ? 1 : 0, RULE_ROOT);
}
