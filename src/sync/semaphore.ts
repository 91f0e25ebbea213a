// A counting semaphore (E. W. Dijkstra; semantics of POSIX `sem_wait` and `sem_post`) as a futex
// on its value; any thread may call any of these.
//
// | word | what  |                                                                            |
// | ---- | ----- | -------------------------------------------------------------------------- |
// | 0    | VALUE | permits, 0 to 2^31 − 1; blocked threads sleep here while it is 0           |
// | 1    | ASYNC | always 0; asynchronous waiters are listed here. atomics-sync has no such word |
//
// Exclusion. A permit is taken by a compare-exchange from v > 0 to v − 1, so by one thread. ∎
//
// No wake-up is lost. `post` notifies whatever the value was: one that does so only on 0 → 1 leaves the
// second of two sleepers asleep with a permit there. Suppose VALUE is v > 0 and threads sleep, and
// let t be the last time that VALUE was 0. Since t nobody has gone to sleep, since that takes a 0. If p
// posts came since t, p − v permits were taken since. Each of the p has notified or is about to; each
// that did woke another thread, for the list was never empty. So p − (those about to) were woken, of
// which at most p − v took a permit: at least v − (those about to) were woken and have not tried yet
// (had one tried and failed, VALUE would have been 0 since t). In all v threads are on their way to
// the v permits, or about to be sent: nobody need be woken besides. ∎
//
// A time-out swallows none: the runtime takes a waiter off its list by the notification or by the
// time-out, never by both, and who was notified tries before it looks at the clock.
//
// Asynchronous waiters: enlist.ts. They are listed before they look at VALUE, and `post` notifies
// them all, the first of each thread's line, behind its addition. Of several permits the first of a
// line takes one, and the next looks when it has left.

import { atomics } from "./atomics.js";
import {
  requireBlocking,
  requireInteger,
  requireTimestamp,
  requireView,
  timeLeft,
  type Words,
} from "./check.js";
import { awake, enlist, lineAt, requireAsync } from "./enlist.js";
import { outOfRange } from "./errors.js";
import { INT32_MAX_VALUE } from "./limits.js";

const VALUE = 0;
const ASYNC = 1;
const WORDS = 2;

function requireSemaphore(sem: Words): void {
  requireView(sem, "Int32Array", WORDS, "Semaphore");
}

/**
 * A semaphore with `value` permits. Throws InvalidError if that is no integer, RangeError if it is
 * below 0 or above 2^31 − 1.
 */
export function init(value: number): Words {
  requireInteger(value, "value");
  if (value < 0 || value > INT32_MAX_VALUE) {
    throw outOfRange(`value is ${value}: pass 0 to ${INT32_MAX_VALUE} permits`);
  }
  const sem = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  atomics.store(sem, VALUE, value);
  return sem;
}

/** Takes a permit if there is one. */
function take(sem: Words): boolean {
  while (true) {
    const value = atomics.load(sem, VALUE);
    if (value === 0) return false;
    if (atomics.compareExchange(sem, VALUE, value, value - 1) === value) return true;
  }
}

/** False if there was no permit when `timestamp` had come. */
function acquire(sem: Words, timestamp: number): boolean {
  requireSemaphore(sem);
  while (!take(sem)) {
    requireBlocking();
    const left = timeLeft(timestamp);
    if (left <= 0 || atomics.wait(sem, VALUE, 0, left) === "timed-out") return false;
  }
  return true;
}

/** Takes a permit; sleeps until there is one. Throws ERR_RUNTIME where a thread may not block. */
export function wait(sem: Words): void {
  acquire(sem, Infinity);
}

/**
 * As `wait`, but false once `timestamp` has come, in milliseconds since 1970 as `Date.now()` has
 * them. A permit that is there is taken even if `timestamp` is over, as in POSIX.
 */
export function timedWait(sem: Words, timestamp: number): boolean {
  requireTimestamp(timestamp);
  return acquire(sem, timestamp);
}

/** Takes a permit if there is one, else returns false. */
export function tryWait(sem: Words): boolean {
  requireSemaphore(sem);
  return take(sem);
}

/**
 * Takes a permit without blocking the thread; calls of one thread are served in their order. Rejects
 * with what `wait` throws.
 */
export async function waitAsync(sem: Words): Promise<void> {
  requireSemaphore(sem);
  requireAsync();
  const line = lineAt(sem);
  if (line.isEmpty && take(sem)) return;
  const { turn, leave } = line.join();
  if (turn !== undefined) await turn;
  while (!take(sem)) {
    const wakeUp = enlist(sem, ASYNC);
    if (take(sem)) break;
    await awake(wakeUp);
  }
  leave();
}

/** Gives a permit; anyone may. Throws RangeError (ERR_OVERFLOW) at 2^31 − 1. */
export function post(sem: Words): void {
  requireSemaphore(sem);
  let value = atomics.load(sem, VALUE);
  while (true) {
    if (value === INT32_MAX_VALUE) {
      throw outOfRange(
        `a semaphore holds ${value} permits at most: take one first`,
        "ERR_OVERFLOW",
      );
    }
    const found = atomics.compareExchange(sem, VALUE, value, value + 1);
    if (found === value) break;
    value = found;
  }
  atomics.notify(sem, VALUE, 1);
  atomics.notify(sem, ASYNC);
}

/** Permits at some moment during the call. */
export function getValue(sem: Words): number {
  requireSemaphore(sem);
  return atomics.load(sem, VALUE);
}
