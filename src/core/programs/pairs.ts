// Rounds of the pairwise schedule: numbers in two rings, workers that claim pairs.

import { load32, peek32, poke32, poke64 } from "../atomic";
import { deliver, empty } from "../job";
import {
  JOB_BATCH,
  JOB_COMPLETE,
  JOB_ERROR,
  JOB_KIND,
  JOB_LENGTH,
  JOB_RING_A,
  JOB_RING_B,
  JOB_TASKS,
  KIND_PAIRWISE,
  LINE_RECORD,
  MAX_WORKERS,
  RECORD_JOB,
  RECORD_TASK,
  TASK_RING,
  TOMBSTONE,
} from "../map";
import * as pairwise from "../pairwise";
import { jobOf, lineOf } from "../places";
import { giveBack, pushTasks, takeRecord } from "../records";
import * as ring from "../ring";
import { expect } from "./history";
import { jobsInit } from "./jobs";
import { A_AT, A_SLOTS_AT, B_AT, B_SLOTS_AT } from "./places";
import { concatenate, digitsTo } from "./tree";

const A: usize = A_AT;
const B: usize = B_AT;
const A_SLOTS: usize = A_SLOTS_AT;
const B_SLOTS: usize = B_SLOTS_AT;
const CAPACITY_LOG2: i32 = 4;
const RULE_ORDER: i32 = 6;

export function pairsInit(n: i32, batch: i32): void {
  const job = jobOf(0);
  ring.init(A, A_SLOTS, CAPACITY_LOG2, 6, 0, 1 << CAPACITY_LOG2);
  ring.init(B, B_SLOTS, CAPACITY_LOG2, 6, 0, 1 << CAPACITY_LOG2);
  poke32(job + JOB_RING_A, <i32>A);
  poke32(job + JOB_RING_B, <i32>B);
  poke32(job + JOB_BATCH, batch);
  poke64(job + JOB_LENGTH, n);
  poke64(job + JOB_ERROR, -1);
  for (let i = 0; i < n; i++) {
    const p = ring.payloadOf(A, i);
    poke32(p, i + 1);
    poke32(p + 4, 1);
    ring.publish(A, i);
  }
}

/** Takes part until one number is left. */
export function pair(me: i32, _: i32, __: i32): void {
  while (!combine(me, jobOf(0))) {}
}

/** As `pairwise.run`; false if it left off. */
function combine(me: i32, job: usize): bool {
  pairwise.begin(me, job);
  while (pairwise.claimPairs(me, job)) {
    for (let ticket = pairwise.pairTarget(); ticket >= 0; ticket = pairwise.pairTarget()) {
      concatenate(pairwise.pairInto(ticket), pairwise.pairLeft(), pairwise.pairRight());
      pairwise.pairDone(ticket);
    }
  }
  return !pairwise.stuck();
}

/** The same as a job of `tasks` tasks, for workers that may die. */
export function pairJobInit(n: i32, batch: i32, tasks: i32): void {
  jobsInit(tasks, tasks, 2, 0);
  const job = jobOf(0);
  poke32(job + JOB_KIND, KIND_PAIRWISE);
  poke32(job + JOB_TASKS, tasks);
  pairsInit(n, batch);
  pushTasks(MAX_WORKERS, 0, 1, 0, tasks);
}

/** Looks for a task n times, and gives back what it cannot go on with. */
export function pairWorker(me: i32, n: i32, _: i32): void {
  for (let i = 0; i < n; i++) takePairs(me);
}

function takePairs(me: i32): bool {
  if (!takeRecord(me, TASK_RING, true)) return false;
  const job = jobOf(0);
  const record = lineOf(me) + LINE_RECORD;
  if (peek32(record + RECORD_JOB) == TOMBSTONE) empty(me);
  else if (combine(me, job)) deliver(me, job, peek32(record + RECORD_TASK));
  else {
    giveBack(me);
    empty(me);
  }
  return true;
}

/** When all have ended: what is left is done, and the job complete. */
export function pairJobEnd(n: i32, isInB: i32, ticket: i32): void {
  while (takePairs(7)) {}
  expect(load32(jobOf(0) + JOB_COMPLETE), RULE_ORDER);
  pairsEnd(n, isInB, ticket);
}

/** The one number left holds all, in order. `ring`, `ticket`: where. */
export function pairsEnd(n: i32, isInB: i32, ticket: i32): void {
  const last = ring.payloadOf(isInB != 0 ? B : A, ticket);
  expect(peek32(last) == digitsTo(n) ? 1 : 0, RULE_ORDER);
}
