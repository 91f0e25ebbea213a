// Workers in their own loop (`work`), submitters that publish jobs and wait for answers: tasks that
// do nothing, so that all there is is the coordination.

import { add32, load32, load64, peek32, poke32, poke64, store32 } from "../atomic";
import * as gate from "../gate";
import { isWanted } from "../job";
import {
  CONTROL_CLOSED,
  CONTROL_CORES,
  CONTROL_SPIN,
  CONTROL_THREADS,
  CONTROL_WORKERS,
  HAND_EMPTY,
  JOB_ARRIVALS,
  JOB_EPOCH,
  JOB_ERROR,
  JOB_KIND,
  JOB_OWNER,
  JOB_STOP,
  JOB_SUBMITTER,
  JOB_TASKS,
  KIND_EMPTY,
  LINE_EPOCH,
  LINE_HAND,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_STATE,
  MAX_WORKERS,
  RECORD_JOB,
  RETURN_ANSWER,
  RING_HEAD,
  RING_SIZE,
  RING_TAIL,
  STATE_READY,
  TASK_RING,
  WORK_GATE,
} from "../map";
import { jobOf, lineOf } from "../places";
import * as ring from "../ring";
import { help, helpBegin, helpEnd, submit, work } from "../worker";
import { expect } from "./history";
import {
  ANSWERED_AT,
  JOB_ARRIVALS_AT,
  RESULT_SLOTS_AT,
  RESULTS_AT,
  SUBMITTERS_AT,
  TASK_SLOTS_AT,
} from "./places";

const SLOTS: usize = TASK_SLOTS_AT;
const RESULTS: usize = RESULTS_AT;
const RESULT_SLOTS: usize = RESULT_SLOTS_AT;
const ARRIVALS: usize = JOB_ARRIVALS_AT;
/** How many submitters there are, and how many of them were answered. */
const SUBMITTERS: usize = SUBMITTERS_AT;
const ANSWERED: usize = ANSWERED_AT;
const RULE_ANSWERED: i32 = 2;
const RULE_QUIET: i32 = 3;

/** `threads` of `workers` may compute; `submitters` with a result ring and a job each; `spin` turns. */
export function jobsInit(workers: i32, threads: i32, submitters: i32, spin: i32): void {
  setUp(workers, threads, submitters, spin);
  for (let s = 0; s < submitters; s++) prepareJob(s, s);
}

/** The same without jobs. */
export function setUp(workers: i32, threads: i32, submitters: i32, spin: i32): void {
  poke32(CONTROL_WORKERS, workers);
  poke32(CONTROL_THREADS, threads);
  poke32(CONTROL_CORES, threads);
  poke32(CONTROL_SPIN, spin);
  poke32(SUBMITTERS, submitters);
  ring.init(TASK_RING, SLOTS, 2, 6, 0, 4);
  for (let s = 0; s < submitters; s++) {
    const line = lineOf(MAX_WORKERS + s);
    const results = RESULTS + <usize>s * RING_SIZE;
    ring.init(results, RESULT_SLOTS + <usize>s * 1024, 1, 6, 0, 2);
    poke32(line + LINE_RESULTS, <i32>results);
    poke32(line + LINE_STATE, STATE_READY);
  }
}

/** A job of submitter s that does nothing. */
export function prepareJob(index: i32, s: i32): void {
  const job = jobOf(index);
  poke32(job + JOB_KIND, KIND_EMPTY);
  poke32(job + JOB_SUBMITTER, MAX_WORKERS + s);
  poke32(job + JOB_EPOCH, 1);
  poke64(job + JOB_ERROR, -1);
  poke32(job + JOB_OWNER, MAX_WORKERS + s + 1);
  poke32(job + JOB_TASKS, 1);
  poke32(job + JOB_ARRIVALS, <i32>(ARRIVALS + <usize>index * 1024));
}

/** A worker until the engine is closed. */
export function worker(me: i32, _: i32, __: i32): void {
  work(me);
}

/**
 * Submits a job of `tasks` tasks and waits for its answer. `mode`: 1, it helps; 2, it stops the job
 * first; 4, the last to be answered closes the
 * engine.
 */
export function submitter(s: i32, tasks: i32, mode: i32): void {
  const me = MAX_WORKERS + s;
  const job = jobOf(s);
  poke32(job + JOB_TASKS, tasks);
  if ((mode & 1) != 0) helpBegin(me);
  submit(me, s, 0, tasks);
  if ((mode & 2) != 0) {
    store32(job + JOB_STOP, 1);
    expect(isWanted(job) ? 0 : 1, RULE_QUIET);
  }
  while (help(me, mode & 1, -1) != RETURN_ANSWER) {}
  const line = lineOf(me);
  const isOurs = peek32(line + LINE_RECORD + RECORD_JOB) == s && peek32(line + LINE_EPOCH) == 1;
  expect(isOurs ? 1 : 0, RULE_ANSWERED);
  if ((mode & 1) != 0) helpEnd(me);
  if ((mode & 4) != 0 && add32(ANSWERED, 1) + 1 == peek32(SUBMITTERS)) {
    store32(CONTROL_CLOSED, 1);
    gate.wakeAny(WORK_GATE, i32.MAX_VALUE);
  }
}

/** Nothing is left in the task ring, nor in a hand. */
export function jobsEnd(workers: i32): void {
  const isEmpty = load64(TASK_RING + RING_HEAD) == load64(TASK_RING + RING_TAIL);
  expect(isEmpty ? 1 : 0, RULE_QUIET);
  for (let me = 0; me < workers; me++) {
    expect(load32(lineOf(me) + LINE_HAND) == HAND_EMPTY ? 1 : 0, RULE_QUIET);
  }
}
