// Rounds of the pairwise schedule: numbers in two rings, workers that claim pairs.

import { load32, peek32, poke32, poke64 } from "../atomic";
import { deliver, empty } from "../job";
import {
  JOB_BATCH,
  JOB_COMPLETE,
  JOB_ERROR,
  JOB_KIND,
  JOB_LENGTH,
  JOB_RINGS,
  JOB_STATE_BYTES,
  JOB_TASKS,
  KIND_PAIRWISE,
  LINE_RECORD,
  MAX_WORKERS,
  NUMBERS_GIVEN,
  NUMBERS_SIZE,
  NUMBERS_STATES,
  NUMBERS_WHOLE,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  TASK_RING,
  TOMBSTONE,
} from "../map";
import * as pairwise from "../pairwise";
import { jobOf, lineOf } from "../places";
import { giveBack, pushTasks, takeRecord } from "../records";
import { expect } from "./history";
import { jobsInit } from "./jobs";
import { A_BITS_AT, A_STATES_AT, B_BITS_AT, B_STATES_AT, INPUT_AT, NUMBERS_AT } from "./places";
import { concatenate, digitsTo } from "./tree";

const INPUT: usize = INPUT_AT;
const A: usize = NUMBERS_AT + NUMBERS_SIZE;
const B: usize = A + NUMBERS_SIZE;
const A_STATES: usize = A_STATES_AT;
const B_STATES: usize = B_STATES_AT;
/** Digits, and how many: see tree.ts. Elements of the input are the same. */
const STATE_BYTES: i32 = 8;
const BITS_BYTES: i32 = 512;
const RULE_ORDER: i32 = 6;
const RULE_ONE_COPY: i32 = 10;
/** Takes what is left when all have ended. */
const LAST: i32 = 7;

export function pairsInit(n: i32, batch: i32): void {
  const job = jobOf(0);
  ringInit(A, A_BITS_AT, A_STATES_AT);
  ringInit(B, B_BITS_AT, B_STATES_AT);
  poke32(job + JOB_RINGS, NUMBERS_AT);
  poke32(job + JOB_STATE_BYTES, STATE_BYTES);
  poke32(job + JOB_BATCH, batch);
  poke64(job + JOB_LENGTH, n);
  poke64(job + JOB_ERROR, -1);
  for (let i = 0; i < n; i++) {
    const p = elementAt(i);
    poke32(p, i + 1);
    poke32(p + 4, 1);
  }
}

function ringInit(ring: usize, bits: i32, states: i32): void {
  poke32(ring + NUMBERS_WHOLE, bits);
  poke32(ring + NUMBERS_GIVEN, bits + BITS_BYTES);
  poke32(ring + NUMBERS_STATES, states);
}

function elementAt(index: i32): usize {
  return INPUT + ((<usize>index) << 3);
}

/** Takes part until one number is left. */
export function pair(me: i32, _: i32, __: i32): void {
  while (!combine(me, jobOf(0))) {}
}

/** As `pairwise.run`; false if it left off. */
function combine(me: i32, job: usize): bool {
  pairwise.begin(me, job);
  while (pairwise.claimPairs(me, job)) {
    const isAll = pairwise.isAll();
    for (let ticket = pairwise.pairTarget(); ticket >= 0; ticket = pairwise.pairTarget()) {
      const element = pairwise.pairElement();
      const left = element < 0 ? pairwise.pairLeft() : elementAt(element);
      const right = pairwise.pairSize() == 2 ? left + STATE_BYTES : 0;
      concatenate(pairwise.pairInto(ticket), left, right);
      if (isAll) pairwise.pairNext();
      else pairwise.pairDone(ticket);
    }
    if (isAll) pairwise.pairsDone();
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
  if (me == LAST) expectOwn(me);
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

/** Numbers that task 0, and task 1, brings along, a bit each: no two may have the same. */
let with0: i64 = 0;
let with1: i64 = 0;

function expectOwn(me: i32): void {
  const record = lineOf(me) + LINE_RECORD;
  const at = <usize>peek32(record + RECORD_ADDRESS);
  if (at == 0) return;
  const ring = <i32>(at - NUMBERS_AT) / NUMBERS_SIZE;
  const run = ((<i64>1) << peek32(record + RECORD_CELL)) - 1;
  const bits = run << (16 * ring + peek32(record + RECORD_LENGTH));
  if (peek32(record + RECORD_TASK) == 0) with0 |= bits;
  else with1 |= bits;
  expect((with0 & with1) == 0 ? 1 : 0, RULE_ONE_COPY);
}

/** When all have ended: what is left is done, and the job complete. */
export function pairJobEnd(n: i32, isInB: i32, ticket: i32): void {
  with0 = 0;
  with1 = 0;
  while (takePairs(LAST)) {}
  expect(load32(jobOf(0) + JOB_COMPLETE), RULE_ORDER);
  pairsEnd(n, isInB, ticket);
}

/** The one number left holds all, in order. `ring`, `ticket`: where. */
export function pairsEnd(n: i32, isInB: i32, ticket: i32): void {
  const last = (isInB != 0 ? B_STATES : A_STATES) + ((<usize>ticket) << 3);
  expect(peek32(last) == digitsTo(n) ? 1 : 0, RULE_ORDER);
}
