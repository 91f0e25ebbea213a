// Puts right what a dead thread left. Called by one thread only, the engine's owner, after the
// death is confirmed: nothing of the dead thread runs any more. README.md has the argument.
//
// The dead thread's intent tells the slots that it may have taken. An orphan is a slot that is
// taken, that no living thread's intent covers, and that is still taken when looked at again. A
// reserved one gets a tombstone; a claimed one gives its task back. Then the task in hand.

import { load32, load64, peek32, poke32, store32, store64 } from "./atomic";
import { iAm, point } from "./fault";
import * as gate from "./gate";
import { isWanted, owesCell, owesClimb } from "./job";
import {
  CONTROL_HELPERS,
  CONTROL_IDLE,
  CONTROL_WATCHERS,
  CONTROL_WORKERS,
  GATE_WAITING,
  HAND_BACK,
  HAND_EMPTY,
  HAND_FULL,
  HAND_GIVEN,
  INTENT_CLAIM,
  INTENT_PAIRS,
  INTENT_RESERVE,
  JOB_EPOCH,
  JOB_KIND,
  JOB_OWNER,
  JOB_RINGS,
  JOB_STREAMED,
  JOB_SUBMITTER,
  KIND_EXTERNAL_PAIRWISE,
  KIND_PAIRWISE,
  LINE_EPOCH,
  LINE_GATE,
  LINE_HAND,
  LINE_INTENT,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_STATE,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  NUMBERS_SIZE,
  OWES_ANSWER,
  OWES_NOTHING,
  POINT_LOOKED,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  RECORD_TRIES,
  RECOVER_AGAIN,
  RECOVER_DONE,
  RING_HEAD,
  RING_TAIL,
  SLOT_SEQ,
  STATE_DEAD,
  STATE_READY,
  TASK_RING,
  TOMBSTONE,
  WORK_GATE,
} from "./map";
import * as pairwise from "./pairwise";
import { clearBit, jobOf, lineOf, setBit } from "./places";
import { answer, copyRecord, push, pushAgain } from "./records";
import * as ring from "./ring";
import {
  DEAD_COVERS,
  DEAD_FORGOTTEN,
  KEPT_DEBT,
  NO_RETURN,
  NO_TOMBSTONE,
  NO_WAKE,
  NOT_LEFT,
  ONE_LOOK,
  UNCOVERED,
} from "./switches";
import { listenEnd } from "./worker";

// --- intents ------------------------------------------------------------------------

function ringOf(intent: i64): usize {
  return <usize>(intent >>> 32) & ~127;
}

function operationOf(intent: i64): i32 {
  return <i32>(intent >>> 37) & 3;
}

function countOf(intent: i64): i32 {
  const size = <i32>(intent >>> 32) & 31;
  return operationOf(intent) == INTENT_PAIRS ? 1 << size : size + 1;
}

/** The ticket near `near` whose low half the intent has. */
function ticketOf(intent: i64, near: i64): i64 {
  return near + <i64>(<i32>intent - <i32>near);
}

function covers(participant: i32, at: usize, operation: i32, ticket: i64): bool {
  if (UNCOVERED || isGone(participant, at, operation)) return false;
  const intent = load64(lineOf(participant) + LINE_INTENT);
  if (ringOf(intent) != at || operationOf(intent) != operation) return false;
  return <u32>(<i32>ticket - <i32>intent) < <u32>countOf(intent);
}

/** True if a thread is dead and its own recovery does not need the slot that it may have taken. */
function isGone(participant: i32, at: usize, operation: i32): bool {
  const line = lineOf(participant);
  if (DEAD_COVERS || load32(line + LINE_STATE) != STATE_DEAD) return false;
  if (DEAD_FORGOTTEN) return true;
  // With its task in hand, or given, the slot is its own beyond doubt, and waits for nobody. Pairs
  // are given one by one: whoever is seen to first takes them.
  if (operation == INTENT_RESERVE) return load32(line + LINE_HAND) != HAND_GIVEN;
  return at != TASK_RING || load32(line + LINE_HAND) != HAND_FULL;
}

/** True if another thread may have taken this ticket, and will see to it or be seen to. */
function isCovered(at: usize, operation: i32, ticket: i64): bool {
  const workers = peek32(CONTROL_WORKERS);
  for (let p = 0; p < workers; p++) {
    if (covers(p, at, operation, ticket)) return true;
  }
  for (let s = 0; s < MAX_SUBMITTERS; s++) {
    if (covers(MAX_WORKERS + s, at, operation, ticket)) return true;
  }
  return false;
}

/**
 * False if the ring may be gone: an intent stands until the next one, and a submitter's ring goes
 * with it. One that leaves says so, and then waits while CONTROL_RECOVERING is set.
 */
function isThere(at: usize): bool {
  if (at == TASK_RING) return true;
  for (let s = 0; s < MAX_SUBMITTERS; s++) {
    const line = lineOf(MAX_WORKERS + s);
    if (load32(line + LINE_STATE) == STATE_READY && <usize>peek32(line + LINE_RESULTS) == at) {
      return true;
    }
  }
  return false;
}

/** True while ticket t of a ring of records is reserved, or claimed, and no more than that. */
function isTaken(at: usize, operation: i32, t: i64): bool {
  const isPast =
    operation == INTENT_RESERVE ? load64(at + RING_TAIL) > t : load64(at + RING_HEAD) > t;
  const seq = operation == INTENT_RESERVE ? <i32>t : <i32>t + 1;
  return isPast && load32(ring.slotOf(at, t) + SLOT_SEQ) == seq;
}

// --- a dead thread's ring operation ---------------------------------------------------

/** The slots of the dead thread's last operation on a ring of records. */
function recoverSlot(dead: i32): i32 {
  const line = lineOf(dead);
  const intent = load64(line + LINE_INTENT);
  const operation = operationOf(intent);
  const at = ringOf(intent);
  if (operation == INTENT_RESERVE) return recoverReserved(line, at, intent);
  // A submitter's own answers go with it; numbers of a pairwise job are seen to with its task.
  return at == TASK_RING ? recoverClaimed(line, intent) : RECOVER_DONE;
}

/** Each reserved slot that is orphaned gets a tombstone. A slot once given one is taken no more. */
function recoverReserved(line: usize, at: usize, intent: i64): i32 {
  if (!isThere(at)) return RECOVER_DONE;
  const first = ticketOf(intent, load64(at + RING_TAIL));
  const isGiven = load32(line + LINE_HAND) == HAND_GIVEN;
  let result = RECOVER_DONE;
  for (let i = 0; i < countOf(intent); i++) {
    const t = first + <i64>i;
    if (!isTaken(at, INTENT_RESERVE, t)) continue;
    if (isGiven) {
      // Its own beyond doubt, and filled.
      ring.publish(at, t);
      continue;
    }
    point(POINT_LOOKED);
    if (isCovered(at, INTENT_RESERVE, t)) {
      result = RECOVER_AGAIN;
      continue;
    }
    if (!ONE_LOOK && !isTaken(at, INTENT_RESERVE, t)) continue;
    if (NO_TOMBSTONE) continue;
    poke32(ring.payloadOf(at, t) + RECORD_JOB, TOMBSTONE);
    ring.publish(at, t);
  }
  return result;
}

/** A claimed slot that is orphaned gives its task to the dead thread's line. One at a time. */
function recoverClaimed(line: usize, intent: i64): i32 {
  const t = ticketOf(intent, load64(TASK_RING + RING_HEAD));
  // With the task in hand, this claim was the dead thread's own beyond doubt.
  const isOwn = load32(line + LINE_HAND) == HAND_FULL;
  if (!isTaken(TASK_RING, INTENT_CLAIM, t)) return RECOVER_DONE;
  point(POINT_LOOKED);
  if (!isOwn) {
    if (isCovered(TASK_RING, INTENT_CLAIM, t)) return RECOVER_AGAIN;
    if (!ONE_LOOK && !isTaken(TASK_RING, INTENT_CLAIM, t)) return RECOVER_DONE;
    copyRecord(line, TASK_RING, t);
    // Nobody died of a task that was never begun.
    poke32(line + LINE_RECORD + RECORD_TRIES, peek32(line + LINE_RECORD + RECORD_TRIES) - 1);
    store32(line + LINE_HAND, HAND_FULL);
  }
  ring.release(TASK_RING, t);
  return RECOVER_DONE;
}

// --- a dead thread's task -----------------------------------------------------------------

/**
 * What the record in a dead thread's hand still needs. Nothing, if its job is over: an entry's
 * epoch moves before the entry or its memory is used again, and CONTROL_RECOVERING makes who moves
 * it wait for us.
 */
export function owes(dead: i32): i32 {
  const line = lineOf(dead);
  if (load32(line + LINE_HAND) != HAND_FULL) return OWES_NOTHING;
  const record = line + LINE_RECORD;
  const index = peek32(record + RECORD_JOB);
  if (index == TOMBSTONE) return OWES_NOTHING;
  const job = jobOf(index);
  if (load32(job + JOB_EPOCH) != peek32(line + LINE_EPOCH) || load32(job + JOB_OWNER) == 0) {
    return OWES_NOTHING;
  }
  // Nobody waits for it, and its memory is about to go.
  if (load32(lineOf(peek32(job + JOB_SUBMITTER)) + LINE_STATE) == STATE_DEAD) return OWES_NOTHING;
  const task = peek32(record + RECORD_TASK);
  if (peek32(job + JOB_STREAMED) != 0) return owesCell(job, task, peek32(record + RECORD_CELL));
  return owesClimb(job, task);
}

function recoverTask(me: i32, dead: i32): i32 {
  const line = lineOf(dead);
  const record = line + LINE_RECORD;
  const owed = owes(dead);
  if (owed == OWES_NOTHING) return RECOVER_DONE;
  const job = jobOf(peek32(record + RECORD_JOB));
  if (owed == OWES_ANSWER) {
    const cell = peek32(job + JOB_STREAMED) != 0 ? peek32(record + RECORD_CELL) : 0;
    answer(me, job, peek32(record + RECORD_TASK), cell);
    return RECOVER_DONE;
  }
  const kind = peek32(job + JOB_KIND);
  if (kind == KIND_PAIRWISE || kind == KIND_EXTERNAL_PAIRWISE) {
    if (recoverPairs(dead, job, record) == RECOVER_AGAIN) return RECOVER_AGAIN;
  }
  if (!NO_RETURN) pushAgain(me, line, peek32(record + RECORD_TRIES) + 1);
  return RECOVER_DONE;
}

/**
 * The pairs that a dead thread claimed and did not finish: their places go into its record, for
 * the thread that takes it to finish them first. Numbers are claimed in the order of tickets, and a
 * ticket is used once, so the ring and the ticket tell the round. The places are a run: README.md
 * says why.
 */
function recoverPairs(dead: i32, job: usize, record: usize): i32 {
  const intent = load64(lineOf(dead) + LINE_INTENT);
  const at = ringOf(intent);
  const isOfJob = at - <usize>peek32(job + JOB_RINGS) < 3 * NUMBERS_SIZE;
  // The last thing it did was to take the record: what pairs it brought are as it brought them.
  if (operationOf(intent) != INTENT_PAIRS || !isOfJob) return RECOVER_DONE;
  const first = <i32>intent;
  const n = countOf(intent);
  pairwise.find(job, at, first);
  // Nobody claims more of a job that was stopped or failed, so no intent goes away.
  const goesOn = isWanted(job);
  let start = -1;
  let end = 0;
  for (let i = 0; i < n; i += 2) {
    const t = first + i;
    const isAnothers = pairwise.isUnfinished(t) && isCovered(at, INTENT_PAIRS, t);
    if (isAnothers && goesOn) return RECOVER_AGAIN;
    if (isAnothers || !pairwise.isUnfinished(t)) {
      if (start >= 0) break;
      continue;
    }
    if (start < 0) start = t;
    end = min<i32>(t + 2, first + n);
  }
  poke32(record + RECORD_ADDRESS, 0);
  if (start < 0 || NOT_LEFT || !(goesOn || pairwise.mayFailFirst(job, start))) return RECOVER_DONE;
  for (let t = start; t < end; t += 2) pairwise.give(t);
  poke32(record + RECORD_ADDRESS, <i32>at);
  poke32(record + RECORD_LENGTH, start);
  poke32(record + RECORD_CELL, end - start);
  return RECOVER_DONE;
}

// --- all of it --------------------------------------------------------------------------

/**
 * Everything of a thread that is dead and marked so. RECOVER_AGAIN: a living thread stands between
 * two steps at the same slot; call again when it had time to take the next one.
 */
export function recover(me: i32, dead: i32): i32 {
  iAm(me);
  if (recoverSlot(dead) == RECOVER_AGAIN) return RECOVER_AGAIN;
  const line = lineOf(dead);
  // What it meant to give back never got as far as that.
  if (load32(line + LINE_HAND) == HAND_BACK) store32(line + LINE_HAND, HAND_FULL);
  if (recoverTask(me, dead) == RECOVER_AGAIN) return RECOVER_AGAIN;
  if (!KEPT_DEBT) {
    store32(line + LINE_HAND, HAND_EMPTY);
    store64(line + LINE_INTENT, 0);
  }
  if (dead < MAX_WORKERS) {
    clearBit(CONTROL_IDLE, dead);
    // Absent: it does not compute, and a thread that comes in its place clears the bit.
    setBit(WORK_GATE + GATE_WAITING, dead);
  } else {
    clearBit(CONTROL_HELPERS, dead & 63);
    clearBit(CONTROL_WATCHERS, dead & 63);
    gate.cancel(line + LINE_GATE, dead & 63);
    listenEnd(dead);
  }
  wakeAll();
  return RECOVER_DONE;
}

/** It may have died between a publication and its wake-up, or with a wake-up meant for another. */
export function wakeAll(): void {
  if (NO_WAKE) return;
  gate.wakeAny(WORK_GATE, i32.MAX_VALUE);
  for (let s = 0; s < MAX_SUBMITTERS; s++) {
    gate.wakeAny(lineOf(MAX_WORKERS + s) + LINE_GATE, i32.MAX_VALUE);
  }
}

// --- jobs of a submitter that died -----------------------------------------------------------

/** Publishes a record that means nothing: once it is claimed, all tasks before it are. */
export function pushMark(me: i32): i64 {
  push(me, TOMBSTONE, 0, 0, 0, 0, 0, 0);
  return load64(TASK_RING + RING_TAIL);
}

/** True if the mark was claimed and no living thread has a task of job `index`, or may have. */
export function isQuiet(index: i32, markEnd: i64): bool {
  if (load64(TASK_RING + RING_HEAD) < markEnd) return false;
  const workers = peek32(CONTROL_WORKERS);
  for (let p = 0; p < MAX_WORKERS + MAX_SUBMITTERS; p++) {
    if (p == workers) p = MAX_WORKERS;
    const line = lineOf(p);
    const intent = load64(line + LINE_INTENT);
    if (ringOf(intent) == TASK_RING && operationOf(intent) == INTENT_CLAIM) {
      const t = ticketOf(intent, load64(TASK_RING + RING_HEAD));
      if (isTaken(TASK_RING, INTENT_CLAIM, t)) return false;
    }
    if (load32(line + LINE_HAND) != HAND_EMPTY && peek32(line + LINE_RECORD + RECORD_JOB) == index)
      return false;
  }
  return true;
}
