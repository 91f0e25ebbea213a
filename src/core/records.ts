// Records through rings: tasks on the task ring, answers on a submitter's result ring, and how a
// participant takes one into its line. Any participant may call anything here.

import { copy, peek32, poke32, store32 } from "./atomic";
import { point } from "./fault";
import * as gate from "./gate";
import {
  HAND_BACK,
  HAND_FULL,
  HAND_GIVEN,
  JOB_EPOCH,
  JOB_SIZE,
  JOB_SUBMITTER,
  JOBS,
  LINE_EPOCH,
  LINE_GATE,
  LINE_HAND,
  LINE_RECORD,
  LINE_RESULTS,
  POINT_ANSWERED,
  POINT_COPIED,
  POINT_FILLED,
  POINT_GIVEN,
  POINT_IN_HAND,
  POINT_PUBLISHED,
  POINT_RELEASED,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_SIZE,
  RECORD_TASK,
  RECORD_TRIES,
  SLOT_EPOCH,
  TASK_RING,
} from "./map";
import { lineOf } from "./places";
import * as ring from "./ring";

/** A submitter's gate has one waiter, but its bit stands where its number says. */
const GATE_WORDS = 4;

/** A ticket of a ring that holds all that can be outstanding: it is never full for long. */
function reserve(me: i32, at: usize): i64 {
  let ticket = ring.reserve(me, at);
  while (ticket < 0) ticket = ring.reserve(me, at);
  return ticket;
}

/**
 * Publishes an answer and wakes the submitter. The result ring holds an answer of every job
 * and of every streamed task that can be outstanding, so it is never full. After the answer
 * that completes a job its entry may be used again: touch it no more. After a death an answer may
 * come twice; the submitter knows what it waits for.
 */
export function answer(me: i32, job: usize, task: i32, cell: i32): void {
  const submitter = peek32(job + JOB_SUBMITTER);
  const line = lineOf(submitter);
  const results = <usize>peek32(line + LINE_RESULTS);
  const ticket = reserve(me, results);
  const record = ring.payloadOf(results, ticket);
  poke32(ring.slotOf(results, ticket) + SLOT_EPOCH, peek32(job + JOB_EPOCH));
  poke32(record + RECORD_JOB, <i32>((job - JOBS) / JOB_SIZE));
  poke32(record + RECORD_TASK, task);
  poke32(record + RECORD_CELL, cell);
  point(POINT_FILLED);
  ring.publish(results, ticket);
  point(POINT_ANSWERED);
  // All: the submitter may wait twice at its gate, asleep and by `Atomics.waitAsync`.
  gate.wake(line + LINE_GATE, GATE_WORDS, i32.MAX_VALUE);
}

/** Publishes a task. The ring holds all that can be outstanding, so it is never full for long. */
export function push(
  me: i32,
  index: i32,
  epoch: i32,
  task: i32,
  address: i32,
  length: i32,
  cell: i32,
  tries: i32,
): void {
  const ticket = reserve(me, TASK_RING);
  fillTask(ticket, index, epoch, task, address, length, cell, tries);
  point(POINT_FILLED);
  ring.publish(TASK_RING, ticket);
  point(POINT_PUBLISHED);
}

function fillTask(
  ticket: i64,
  index: i32,
  epoch: i32,
  task: i32,
  address: i32,
  length: i32,
  cell: i32,
  tries: i32,
): void {
  const record = ring.payloadOf(TASK_RING, ticket);
  poke32(ring.slotOf(TASK_RING, ticket) + SLOT_EPOCH, epoch);
  poke32(record + RECORD_JOB, index);
  poke32(record + RECORD_TASK, task);
  poke32(record + RECORD_ADDRESS, address);
  poke32(record + RECORD_LENGTH, length);
  poke32(record + RECORD_CELL, cell);
  poke32(record + RECORD_TRIES, tries);
}

/** Publishes tasks of a job from `first` on, at most `most`, and returns how many. */
export function pushTasks(me: i32, index: i32, epoch: i32, first: i32, most: i32): i32 {
  const n = ring.reserveMany(me, TASK_RING, most);
  const ticket = ring.reservedTicket();
  for (let i = 0; i < n; i++) {
    fillTask(ticket + <i64>i, index, epoch, first + i, 0, 0, 0, 0);
    point(POINT_FILLED);
  }
  ring.publishMany(TASK_RING, ticket, n);
  point(POINT_PUBLISHED);
  return n;
}

/** Publishes the record in a dead thread's line once more. */
export function pushAgain(me: i32, line: usize, tries: i32): void {
  const ticket = reserve(me, TASK_RING);
  refill(ticket, line, tries);
  ring.publish(TASK_RING, ticket);
}

function refill(ticket: i64, line: usize, tries: i32): void {
  const record = line + LINE_RECORD;
  fillTask(
    ticket,
    peek32(record + RECORD_JOB),
    peek32(line + LINE_EPOCH),
    peek32(record + RECORD_TASK),
    peek32(record + RECORD_ADDRESS),
    peek32(record + RECORD_LENGTH),
    peek32(record + RECORD_CELL),
    tries,
  );
}

/**
 * Publishes the record in this thread's hand, for somebody else. If it dies, its hand tells whose
 * the record is: its own until the slot is filled, then the slot's.
 */
export function giveBack(me: i32): void {
  const line = lineOf(me);
  store32(line + LINE_HAND, HAND_BACK);
  const ticket = reserve(me, TASK_RING);
  refill(ticket, line, peek32(line + LINE_RECORD + RECORD_TRIES));
  point(POINT_FILLED);
  store32(line + LINE_HAND, HAND_GIVEN);
  point(POINT_GIVEN);
  ring.publish(TASK_RING, ticket);
  point(POINT_PUBLISHED);
}

/** Moves the record at the head of `from` into this thread's line, if one is published. */
export function takeRecord(me: i32, from: usize, isTask: bool): bool {
  if (ring.claim(me, from, 1) == 0) return false;
  const ticket = ring.claimedTicket();
  copyRecord(lineOf(me), from, ticket);
  point(POINT_COPIED);
  if (isTask) store32(lineOf(me) + LINE_HAND, HAND_FULL);
  point(POINT_IN_HAND);
  ring.release(from, ticket);
  point(POINT_RELEASED);
  return true;
}

export function copyRecord(line: usize, from: usize, ticket: i64): void {
  poke32(line + LINE_EPOCH, peek32(ring.slotOf(from, ticket) + SLOT_EPOCH));
  copy(line + LINE_RECORD, ring.payloadOf(from, ticket), RECORD_SIZE);
}
