// Mutual exclusion; any thread may call any of these. The lock of three states of U. Drepper,
// "Futexes are tricky" (mutex2), with timed and asynchronous waiters.
//
// | STATE       | means                                  | left by                         |
// | ----------- | -------------------------------------- | ------------------------------- |
// | 0 FREE      | nobody holds it                        | `lock`: to 1, or to 2 on a wake |
// | 1 LOCKED    | held, nobody waits                     | a waiter: to 2; `unlock`: to 0  |
// | 2 CONTENDED | held, somebody waits or has given up   | `unlock`: to 0, and it notifies |
//
// Exclusion. STATE leaves 0 only by a compare-exchange or an exchange that found 0; one thread sees
// that, and holds the mutex. Only the holder stores 0 (`unlock` asks OWNER). ∎
//
// No wake-up is lost. Let a thread sleep at STATE. It went to sleep while STATE was 2. From 2, STATE
// goes nowhere but to 0, by an `unlock` that finds 2 and then notifies one sleeper. That one runs on and
// exchanges STATE for 2: either it finds 0 and holds the mutex, in state 2, so that its own `unlock`
// notifies the next; or another thread was faster, and the mutex is again in state 2. So at any time
// while somebody sleeps: STATE is 2, or an `unlock` is about to notify, or a notified thread is on
// its way to put the 2 back. Each of these leads to a notification. ∎
//
// A time-out swallows none. The runtime takes a waiter off its list either by the notification or by
// the time-out, never by both. Who was notified tries once more before it looks at the clock; if it
// gives up then, it has put the 2 back, and the holder will notify the next.
//
// Asynchronous lockers wait at OWNER, not at STATE (enlist.ts says why), are listed before they put
// the 2 there, and are all notified by the `unlock` that finds it: one a thread, the first of its
// line. The value of OWNER is nothing to them.
//
// Who comes in while another is being woken may overtake it: nobody is promised a turn, but for
// asynchronous lockers of one thread, which come in the order of their calls.
// A thread that dies with the mutex keeps it.

import { atomics } from "./atomics.js";
import { requireBlocking, requireTimestamp, timeLeft, type Words } from "./check.js";
import { awake, enlist, lineAt, requireAsync } from "./enlist.js";
import { enter, FREE, leave, newLock, OWNER, requireOther, requireOwner, STATE } from "./owner.js";

const LOCKED = 1;
const CONTENDED = 2;

/** A free mutex. */
export function init(): Words {
  return newLock();
}

/** False if it was not free when `timestamp` had come. */
function acquire(mutex: Words, threadId: number, timestamp: number): boolean {
  requireOther(mutex, threadId, "Mutex");
  if (atomics.compareExchange(mutex, STATE, FREE, LOCKED) !== FREE) {
    requireBlocking();
    while (atomics.exchange(mutex, STATE, CONTENDED) !== FREE) {
      const left = timeLeft(timestamp);
      if (left <= 0 || atomics.wait(mutex, STATE, CONTENDED, left) === "timed-out") return false;
    }
  }
  enter(mutex, threadId);
  return true;
}

/**
 * Locks; sleeps until it can. Throws DeadlockError if `threadId` holds the mutex, InvalidError or
 * RangeError if it is no 32-bit integer other than 0, and ERR_RUNTIME where a thread may not block.
 */
export function lock(mutex: Words, threadId: number): void {
  acquire(mutex, threadId, Infinity);
}

/**
 * As `lock`, but false once `timestamp` has come, in milliseconds since 1970 as `Date.now()` has
 * them: a clock that may be set. A free mutex is locked even if `timestamp` is over, as in POSIX.
 */
export function timedLock(mutex: Words, threadId: number, timestamp: number): boolean {
  requireTimestamp(timestamp);
  return acquire(mutex, threadId, timestamp);
}

/** Locks if the mutex is free, else returns false. Throws as `lock` does; never sleeps. */
export function tryLock(mutex: Words, threadId: number): boolean {
  requireOther(mutex, threadId, "Mutex");
  if (atomics.compareExchange(mutex, STATE, FREE, LOCKED) !== FREE) return false;
  enter(mutex, threadId);
  return true;
}

/**
 * Locks without blocking the thread; rejects with what `lock` throws. `threadId` names the holder,
 * so tasks that share a thread need ids of their own. While one holds the mutex or waits for it, none of
 * them may `lock` it: the thread would sleep and never come to `unlock`.
 */
export async function lockAsync(mutex: Words, threadId: number): Promise<void> {
  requireOther(mutex, threadId, "Mutex");
  requireAsync();
  const line = lineAt(mutex);
  const isFree = line.isEmpty && atomics.compareExchange(mutex, STATE, FREE, LOCKED) === FREE;
  if (!isFree) {
    const { turn, leave } = line.join();
    if (turn !== undefined) await turn;
    while (true) {
      const wakeUp = enlist(mutex, OWNER);
      if (atomics.exchange(mutex, STATE, CONTENDED) === FREE) break;
      await awake(wakeUp);
    }
    leave();
  }
  enter(mutex, threadId);
}

/** Gives it back. Throws PermissionError unless `threadId` holds it. */
export function unlock(mutex: Words, threadId: number): void {
  requireOwner(mutex, threadId, "Mutex");
  leave(mutex);
  if (atomics.exchange(mutex, STATE, FREE) !== CONTENDED) return;
  atomics.notify(mutex, STATE, 1);
  atomics.notify(mutex, OWNER);
}
