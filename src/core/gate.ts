// Event count: park until something was published. After D. Vyukov's eventcount
// and folly's EventCount; `waiting` is a mask and not a counter, so that
// clearing a dead thread's bit twice does no harm.
//
// A waiter: announce → try again → cancel, or park. A publisher: publish →
// wake. README.md has the proof that no wake-up is lost. Participant p uses bit
// p mod 64 of word p / 64; `words` says how many words a gate uses.

import { add32, add64, load32, load64, notify, wait32 } from "./atomic";
import { point } from "./fault";
import { GATE_EPOCH, GATE_WAITING, POINT_ANNOUNCED, POINT_EPOCH, POINT_WOKEN } from "./map";
import { clearBit, countBits, setBit } from "./places";
import { LATE_EPOCH, MASK_COUNTER, NO_SECOND_TRY, STILL_EPOCH } from "./switches";

/** Says that this thread is about to wait; returns the epoch to park at. Try again after it. */
export function announce(gate: usize, participant: i32): i32 {
  if (!NO_SECOND_TRY) enlist(gate, participant);
  const epoch = load32(gate + GATE_EPOCH);
  point(POINT_ANNOUNCED);
  return epoch;
}

function enlist(gate: usize, participant: i32): void {
  if (MASK_COUNTER) add64(gate + GATE_WAITING, 1);
  else setBit(gate + GATE_WAITING, participant);
}

/** Takes the announcement back. */
export function cancel(gate: usize, participant: i32): void {
  if (MASK_COUNTER) {
    add64(gate + GATE_WAITING, -1);
    return;
  }
  clearBit(gate + GATE_WAITING, participant);
}

/**
 * Sleeps until the epoch moves on from `epoch`; 2 if `timeout` (ns, negative: none) passed. The
 * announcement stands until `cancel`.
 */
export function sleep(gate: usize, participant: i32, epoch: i32, timeout: i64): i32 {
  // A try before the announcement is not the second one.
  if (NO_SECOND_TRY) enlist(gate, participant);
  const seen = LATE_EPOCH ? load32(gate + GATE_EPOCH) : epoch;
  const why = wait32(gate + GATE_EPOCH, seen, timeout);
  point(POINT_WOKEN);
  return why;
}

/** The same, and takes the announcement back. */
export function park(gate: usize, participant: i32, epoch: i32, timeout: i64): i32 {
  const why = sleep(gate, participant, epoch, timeout);
  cancel(gate, participant);
  return why;
}

/** Threads that wait, are about to, or are absent. */
export function waiting(gate: usize, words: i32): i32 {
  if (MASK_COUNTER) return <i32>load64(gate + GATE_WAITING);
  return countBits(gate + GATE_WAITING, words);
}

/** Call after a publication: moves the epoch and wakes `count` waiters, if anyone waits. */
export function wake(gate: usize, words: i32, count: i32): bool {
  if (waiting(gate, words) == 0) return false;
  wakeAny(gate, count);
  return true;
}

/** The same without a look at who waits: a dead thread may have swallowed a wake-up. */
export function wakeAny(gate: usize, count: i32): void {
  if (!STILL_EPOCH) add32(gate + GATE_EPOCH, 1);
  point(POINT_EPOCH);
  notify(gate + GATE_EPOCH, count);
}
