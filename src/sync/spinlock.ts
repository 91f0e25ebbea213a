// Mutual exclusion by spinning, for sections of a few instructions on threads that all have a
// processor: whoever waits burns one. Any thread may call any of these. Test and test-and-set
// (T. Anderson, 1990): while the lock is held, waiters only read, which leaves its line shared.
//
// Exclusion: STATE leaves 0 only by an exchange that found 0, and one thread sees that. ∎ Nobody
// sleeps, so no wake-up can be lost. Who spins may be overtaken without bound. A thread that dies
// with the lock keeps it; use Mutex where a holder may be off the processor for long.

import { atomics } from "./atomics.js";
import type { Words } from "./check.js";
import { enter, FREE, leave, newLock, requireOther, requireOwner, STATE } from "./owner.js";

const HELD = 1;

/** A free lock. */
export function init(): Words {
  return newLock();
}

/** Locks; spins until it can. Throws DeadlockError, InvalidError, RangeError as `Mutex.lock` does. */
export function lock(lock: Words, threadId: number): void {
  requireOther(lock, threadId, "SpinLock");
  while (atomics.exchange(lock, STATE, HELD) !== FREE) {
    while (atomics.load(lock, STATE) !== FREE) atomics.pause();
  }
  enter(lock, threadId);
}

/** Locks if the lock is free, else returns false. Throws as `lock` does. */
export function tryLock(lock: Words, threadId: number): boolean {
  requireOther(lock, threadId, "SpinLock");
  if (atomics.exchange(lock, STATE, HELD) !== FREE) return false;
  enter(lock, threadId);
  return true;
}

/** Gives it back. Throws PermissionError unless `threadId` holds it. */
export function unlock(lock: Words, threadId: number): void {
  requireOwner(lock, threadId, "SpinLock");
  leave(lock);
  atomics.store(lock, STATE, FREE);
}
