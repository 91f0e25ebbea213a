// A thread that dies at any of its accesses, and the owner that puts right what it left, with the
// same `recover` that engines call.

import { load32, load64, peek32, store32 } from "../atomic";
import { empty, isWhole } from "../job";
import {
  JOB_COMPLETE,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_STATE,
  MAX_WORKERS,
  RECORD_JOB,
  RECORD_TASK,
  RECOVER_AGAIN,
  RING_HEAD,
  RING_TAIL,
  STATE_DEAD,
  TASK_RING,
  TOMBSTONE,
} from "../map";
import { jobOf, lineOf } from "../places";
import { answer, giveBack, push as pushTask, pushTasks, takeRecord } from "../records";
import { recover } from "../recover";
import { EARLY_RECOVERY } from "../switches";
import { expect, joined, polled } from "./history";
import { jobsInit } from "./jobs";
import { cellsInit, climbToRoot, expectRoot, setState } from "./tree";

const RULE_ANSWERED: i32 = 7;
const RULE_EMPTY: i32 = 8;
/** Two that run the same task at a time would race. */
const RULE_ONE_COPY: i32 = 10;
/** Submitting participants: whose job it is, and who recovers. */
const SUBMITTER: i32 = MAX_WORKERS;
const OWNER: i32 = MAX_WORKERS + 1;

/** Job 0 has `tasks` tasks, of which the first `there` are in the ring. */
export function deathInit(workers: i32, tasks: i32, there: i32): void {
  jobsInit(workers, workers, 2, 0);
  cellsInit(jobOf(0), tasks);
  if (there > 0) pushTasks(SUBMITTER, 0, 1, 0, there);
}

/** Publishes tasks first … end − 1 of job 0, each alone or, `many`, at once. */
export function publisher(first: i32, end: i32, many: i32): void {
  if (many != 0) pushTasks(SUBMITTER, 0, 1, first, end - first);
  else for (let task = first; task < end; task++) pushTask(SUBMITTER, 0, 1, task, 0, 0, 0, 0);
}

/** Looks for a task n times and does it: it meets others in the tree, and the last one answers. */
export function taker(me: i32, n: i32, _: i32): void {
  for (let i = 0; i < n; i++) takeOne(me);
}

function takeOne(me: i32): bool {
  if (!takeRecord(me, TASK_RING, true)) return false;
  const record = lineOf(me) + LINE_RECORD;
  if (peek32(record + RECORD_JOB) != TOMBSTONE) run(me, jobOf(0), peek32(record + RECORD_TASK));
  empty(me);
  return true;
}

/** As `runBlocks` and `deliver`, with digits for states. */
function run(me: i32, job: usize, task: i32): void {
  if (!isWhole(job, task)) setState(job, task);
  if (climbToRoot(job, task)) answer(me, job, task, 0);
}

/** Takes one task and gives it back. */
export function giver(me: i32, _: i32, __: i32): void {
  if (!takeRecord(me, TASK_RING, true)) return;
  if (peek32(lineOf(me) + LINE_RECORD + RECORD_JOB) != TOMBSTONE) giveBack(me);
  empty(me);
}

/**
 * Waits for threads mortal, mortal + 1 …, participants dead, dead + 1 …, n of them, one after the
 * other, and puts right what those left that died.
 */
export function mourner(mortal: i32, dead: i32, n: i32): void {
  for (let i = 0; i < n; i++) {
    if (!EARLY_RECOVERY && joined(mortal + i) == 0) continue;
    mark(dead + i);
    markOthers(mortal, dead, i + 1, n);
    while (recover(OWNER, dead + i) == RECOVER_AGAIN) {
      // Who is in the way may be dead as well: all are seen to in turn.
      markOthers(mortal, dead, i + 1, n);
      for (let j = i + 1; j < n; j++) {
        if (load32(lineOf(dead + j) + LINE_STATE) == STATE_DEAD) recover(OWNER, dead + j);
      }
    }
    // Once more changes nothing.
    recover(OWNER, dead + i);
  }
}

function markOthers(mortal: i32, dead: i32, from: i32, n: i32): void {
  for (let j = from; j < n; j++) if (polled(mortal + j) == 1) mark(dead + j);
}

function mark(dead: i32): void {
  store32(lineOf(dead) + LINE_STATE, STATE_DEAD);
}

/** When all have ended: once what is left was done, the job is complete and answered. */
export function deathEnd(isComplete: i32, _: i32, __: i32): void {
  const me = 7;
  let seen = 0;
  while (takeOne(me)) {
    const record = lineOf(me) + LINE_RECORD;
    if (peek32(record + RECORD_JOB) == TOMBSTONE) continue;
    const bit = 1 << peek32(record + RECORD_TASK);
    expect((seen & bit) == 0 ? 1 : 0, RULE_ONE_COPY);
    seen |= bit;
  }
  expect(isLevel(TASK_RING) ? 1 : 0, RULE_EMPTY);
  const results = <usize>peek32(lineOf(SUBMITTER) + LINE_RESULTS);
  let answers = 0;
  while (takeRecord(me, results, false)) {
    if (peek32(lineOf(me) + LINE_RECORD + RECORD_JOB) == 0) answers++;
  }
  expect(isLevel(results) ? 1 : 0, RULE_EMPTY);
  if (isComplete == 0) return;
  expect(load32(jobOf(0) + JOB_COMPLETE), RULE_ANSWERED);
  expect(answers > 0 ? 1 : 0, RULE_ANSWERED);
  expectRoot(jobOf(0));
}

function isLevel(at: usize): bool {
  return load64(at + RING_HEAD) == load64(at + RING_TAIL);
}
