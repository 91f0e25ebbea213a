// The textbook's schedule: every number is a task; a worker claims two and
// pushes their combination; the result ring is the next round's task ring.
//
// Role: a participant that has claimed a task of a pairwise job. Rounds have
// lengths n, ⌈n/2⌉, …, 1, known to all, and claims of a round are even but for
// the last. So the pair (2k, 2k + 1) of a round has its result slot, k, from
// the claim itself: one compare-exchange takes the two tasks and the place of
// their result. The result ring needs no second compare-exchange, nobody waits
// at the end of a round, and numbers stay in order, so that an operator need
// not be commutative and floats have the same bits on any number of threads.
//
// A claim takes what is published and never waits for a slow peer; the last
// number of an odd round is claimed alone and carried over as it is.
//
// The rings use head and slots only; `tail` would say what the round says. A ring has a slot for
// every ticket of a job, 4n/3 and 2n/3 of them, and so none is used twice: nothing is released,
// nobody waits for a free slot. Of the three atomic stores a pair, one is left.

import { cas64, copy, load64, peek32, peek64, wait32 } from "./atomic";
import { point } from "./fault";
import { foldRecord, mergeRecord } from "./fold";
import { isWanted } from "./job";
import {
  INTENT_CLAIM,
  JOB_BATCH,
  JOB_CELLS,
  JOB_LENGTH,
  JOB_RING_A,
  JOB_RING_B,
  JOB_STATE_BYTES,
  JOB_STOP,
  LINE_COMBINES,
  LINE_RECORD,
  POINT_PAIR_CLAIM,
  POINT_PAIR_CLAIMED,
  POINT_PAIR_MERGED,
  POINT_PAIR_PUBLISHED,
  POINT_ROUND,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_LENGTH,
  RING_HEAD,
  SLOT_EPOCH,
} from "./map";
import { count, lineOf, scratchOf } from "./places";
import * as ring from "./ring";
import { ODD_EARLY, STEPPED } from "./switches";

/** Looks at an unpublished slot before this thread gives its processor away for a moment. */
const LOOKS = STEPPED ? 1 : 20000;
const NAP: i64 = 20000;
/**
 * Looks after which a thread leaves off: what it looks for may be a dead thread's, whose task waits
 * behind it in the ring for anyone; or this thread is the one that has to see to the death.
 */
const MOST_LOOKS = STEPPED ? LOOKS + 1 : LOOKS + 200;

// The round this thread is in, and what it claimed in it.
let from: usize = 0;
let to: usize = 0;
let length: i64 = 0;
let fromBase: i64 = 0;
let toBase: i64 = 0;
let taken: i64 = 0;
let takenEnd: i64 = 0;
/** True if this thread left off because what it looked for did not come: the task is not done. */
let isStuck: bool = false;
/** Only results whose slots bear this mark are ours: a dead thread left them. 0: all. */
let marked: i32 = 0;

/**
 * Puts elements first … end − 1 at `p` into ring A, one record each. Before the job is known, so
 * that plain stores publish: the publication of the job's tasks orders them for everyone.
 */
export function fill(me: i32, job: usize, p: usize, shift: i32, first: i32, end: i32): void {
  const a = <usize>peek32(job + JOB_RING_A);
  const scratch = scratchOf(me);
  for (let i = first; i < end; i++) {
    foldRecord(job, p + ((<usize>(i - first)) << shift), 1, i, ring.payloadOf(a, i), scratch);
    ring.publish(a, i);
  }
}

function rewind(job: usize): void {
  from = <usize>peek32(job + JOB_RING_A);
  to = <usize>peek32(job + JOB_RING_B);
  length = peek64(job + JOB_LENGTH);
  fromBase = 0;
  toBase = 0;
  taken = 0;
  takenEnd = 0;
  marked = 0;
  isStuck = false;
}

/** Goes to the round in which `ticket` of `ring` is claimed. Each ticket is used once. */
export function find(job: usize, ring: usize, ticket: i64): void {
  rewind(job);
  while (from != ring || ticket >= fromBase + length) nextRound();
}

/** Starts on the task in this thread's line: first on what a dead thread left, if it says so. */
export function begin(me: i32, job: usize): void {
  const record = lineOf(me) + LINE_RECORD;
  const left = <usize>peek32(record + RECORD_ADDRESS);
  rewind(job);
  if (left == 0) return;
  const what = peek32(record + RECORD_CELL);
  const first = <i64>peek32(record + RECORD_LENGTH);
  find(job, left, first);
  taken = first;
  takenEnd = first + <i64>(what & 63);
  marked = what >>> 6;
}

/** Slot of the result of the pair that begins with `ticket`, in the round at hand. */
export function resultSlot(ticket: i64): usize {
  return ring.slotOf(to, toBase + ((ticket - fromBase) >> 1));
}

/** True if that pair was claimed, is not combined, and no thread was told to do it instead. */
export function isUnfinished(ticket: i64): bool {
  if (load64(from + RING_HEAD) <= ticket) return false;
  const result = toBase + ((ticket - fromBase) >> 1);
  return !ring.isPublished(to, result) && peek32(resultSlot(ticket) + SLOT_EPOCH) == 0;
}

function nextRound(): void {
  point(POINT_ROUND);
  const swap = from;
  from = to;
  to = swap;
  // The ring just emptied goes on where its round ended; the other where it began.
  const base = fromBase + length;
  fromBase = toBase;
  toBase = base;
  length = (length + 1) >> 1;
}

/** Takes the next published pairs; false when one number is left, the job was stopped, or stuck. */
export function claimPairs(me: i32, job: usize): bool {
  if (marked != 0 && taken != takenEnd) return true;
  if (marked != 0) rewind(job);
  const batch = (<i64>peek32(job + JOB_BATCH)) << 1;
  let looks = 0;
  while (length > 1) {
    if (!isWanted(job)) return false;
    const head = load64(from + RING_HEAD);
    const left = fromBase + length - head;
    if (left <= 0) {
      nextRound();
      continue;
    }
    const most = min<i64>(left, batch);
    let n: i64 = 0;
    while (n < most && ring.isPublished(from, head + n)) n++;
    // An odd one is taken only as the last of its round.
    if (n < left && !ODD_EARLY) n &= ~1;
    if (n > 0) {
      ring.intend(me, from, INTENT_CLAIM, head, <i32>n);
      point(POINT_PAIR_CLAIM);
      if (cas64(from + RING_HEAD, head, head + n) != head) {
        ring.retract(me);
        continue;
      }
      point(POINT_PAIR_CLAIMED);
      taken = head;
      takenEnd = head + n;
      return true;
    }
    if (looks < LOOKS) {
      looks++;
      continue;
    }
    if (++looks > MOST_LOOKS) {
      isStuck = true;
      return false;
    }
    wait32(job + JOB_STOP, 0, NAP);
  }
  return false;
}

/** Ticket of the result of the pair at hand; −1 if none is left of what was claimed. */
export function pairTarget(): i64 {
  while (taken != takenEnd) {
    const result = toBase + ((taken - fromBase) >> 1);
    if (marked == 0 || isMarked(result)) return result;
    next();
  }
  return -1;
}

function isMarked(result: i64): bool {
  return peek32(ring.slotOf(to, result) + SLOT_EPOCH) == marked && !ring.isPublished(to, result);
}

function next(): void {
  taken = min<i64>(taken + 2, takenEnd);
}

export function pairInto(ticket: i64): usize {
  return ring.payloadOf(to, ticket);
}

export function pairLeft(): usize {
  return ring.payloadOf(from, taken);
}

/** 0 for the odd one. */
export function pairRight(): usize {
  return taken + 1 == takenEnd ? 0 : ring.payloadOf(from, taken + 1);
}

/** Publishes the result of the pair at hand and goes on to the next. */
export function pairDone(ticket: i64): void {
  next();
  point(POINT_PAIR_MERGED);
  ring.publish(to, ticket);
  point(POINT_PAIR_PUBLISHED);
}

/** After `claimPairs` said false: true if the task has to be put back, for it is not done. */
export function stuck(): bool {
  return isStuck;
}

/** False if the task has to be put back. */
export function run(me: i32, job: usize): bool {
  const bytes = <usize>peek32(job + JOB_STATE_BYTES);
  let combines: i64 = 0;
  begin(me, job);
  while (claimPairs(me, job)) {
    for (let ticket = pairTarget(); ticket >= 0; ticket = pairTarget()) {
      const into = pairInto(ticket);
      const right = pairRight();
      if (right != 0) {
        mergeRecord(job, into, pairLeft(), right);
        combines++;
      } else {
        copy(into, pairLeft(), bytes);
      }
      pairDone(ticket);
    }
  }
  count(lineOf(me) + LINE_COMBINES, combines);
  return !isStuck;
}

/** Moves the one number left into the job's first cell. After every participant arrived. */
export function settle(job: usize): void {
  rewind(job);
  while (length > 1) nextRound();
  copy(
    <usize>peek32(job + JOB_CELLS),
    ring.payloadOf(from, fromBase),
    <usize>peek32(job + JOB_STATE_BYTES),
  );
}
