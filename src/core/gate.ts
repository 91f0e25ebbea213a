// Event count: park until something was published. After D. Vyukov's eventcount
// and folly's EventCount; `waiting` is a mask and not a counter, so that
// clearing a dead thread's bit twice does no harm.
//
// A waiter: announce → try again → cancel, or park. A publisher: publish →
// wake. README.md has the proof that no wake-up is lost. Participant p uses bit
// p mod 64 of word p / 64; `words` says how many words a gate uses.

import { add32, and64, load32, load64, notify, or64, wait32 } from "./atomic";
import { GATE_EPOCH, GATE_WAITING } from "./map";

function wordOf(gate: usize, participant: i32): usize {
  return gate + GATE_WAITING + ((<usize>participant >> 6) << 3);
}

function bitOf(participant: i32): i64 {
  return (1 as i64) << ((participant & 63) as i64);
}

/** Says that this thread is about to wait; returns the epoch to park at. Try again after it. */
export function announce(gate: usize, participant: i32): i32 {
  or64(wordOf(gate, participant), bitOf(participant));
  return load32(gate + GATE_EPOCH);
}

/** Takes the announcement back. */
export function cancel(gate: usize, participant: i32): void {
  and64(wordOf(gate, participant), ~bitOf(participant));
}

/** Sleeps until the epoch moves on from `epoch`; 2 if `timeout` (ns, negative: none) passed. */
export function park(gate: usize, participant: i32, epoch: i32, timeout: i64): i32 {
  const why = wait32(gate + GATE_EPOCH, epoch, timeout);
  cancel(gate, participant);
  return why;
}

/** Threads that wait, or are about to. */
export function waiting(gate: usize, words: i32): i32 {
  let n: i64 = 0;
  for (let w = 0; w < words; w++) {
    n += popcnt<i64>(load64(gate + GATE_WAITING + ((<usize>w) << 3)));
  }
  return <i32>n;
}

/** Call after a publication: moves the epoch and wakes `count` waiters, if anyone waits. */
export function wake(gate: usize, words: i32, count: i32): bool {
  if (waiting(gate, words) == 0) return false;
  add32(gate + GATE_EPOCH, 1);
  notify(gate + GATE_EPOCH, count);
  return true;
}
