// What Mutex and SpinLock have in common: two words, and who holds them.
//
// | word | what  |                                                                          |
// | ---- | ----- | ------------------------------------------------------------------------ |
// | 0    | STATE | 0 free; else held                                                        |
// | 1    | OWNER | the holder's threadId; 0: nobody, or about to be taken or given back     |
//
// OWNER is written by the holder only, while STATE says held. So a thread that reads its own id
// there wrote it and holds the lock, and one that does not read it does not hold the lock: for
// these two questions the reading is never stale. That rests on ids being different.

import { atomics } from "./atomics.js";
import { requireThreadId, requireView, type Words } from "./check.js";
import { DeadlockError, PermissionError } from "./errors.js";

export const STATE = 0;
export const OWNER = 1;
export const FREE = 0;
const NOBODY = 0;

type Lock = "Mutex" | "SpinLock";

export function newLock(): Words {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** Before locking: the arguments are sound, and the caller does not hold the lock. */
export function requireOther(lock: Words, threadId: number, name: Lock): void {
  requireView(lock, "Int32Array", 2, name);
  requireThreadId(threadId);
  if (atomics.load(lock, OWNER) !== threadId) return;
  throw new DeadlockError(
    `thread ${threadId} holds this ${name} and would wait for itself: unlock first, ` +
      "and give each thread (and each asynchronous task) an id of its own",
  );
}

/** Before unlocking: the arguments are sound, and the caller holds the lock. */
export function requireOwner(lock: Words, threadId: number, name: Lock): void {
  requireView(lock, "Int32Array", 2, name);
  requireThreadId(threadId);
  const owner = atomics.load(lock, OWNER);
  if (owner === threadId) return;
  const holder = owner === NOBODY ? "nobody holds it" : `thread ${owner} holds it`;
  throw new PermissionError(
    `thread ${threadId} cannot unlock this ${name}: ${holder}; unlock with the id it was locked with`,
  );
}

export function enter(lock: Words, threadId: number): void {
  atomics.store(lock, OWNER, threadId);
}

/** Stands before STATE becomes free: behind that, the word is the next holder's. */
export function leave(lock: Words): void {
  atomics.store(lock, OWNER, NOBODY);
}
