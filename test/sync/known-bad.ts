// Protocols that lose wake-ups, or return too early, written from a description of what
// atomics-sync 1.0.3 does (LateMutex: version 1.0.0). Controls: what looks for such defects has to
// find these. They go through `atomics` as the primitives do, so that threads can be driven through
// them step by step.

import { atomics } from "../../src/sync/atomics.js";
import { Mutex, PermissionError } from "../../src/sync/index.js";

type Words = Int32Array<SharedArrayBuffer>;

/** Sleeps on a word that no one changes: a signal between the unlock and the sleep finds nobody. */
export const StillCondition = {
  wait(cond: Words, mutex: Words, threadId: number): void {
    Mutex.unlock(mutex, threadId);
    atomics.wait(cond, 0, 0);
    Mutex.lock(mutex, threadId);
  },
  signal(cond: Words): void {
    atomics.notify(cond, 0, 1);
  },
};

/** Notifies on 0 → 1 only: of two posts to two sleepers the second wakes nobody. */
export const EdgeSemaphore = {
  wait(sem: Words): void {
    while (true) {
      const value = atomics.load(sem, 0);
      if (value === 0) atomics.wait(sem, 0, 0);
      else if (atomics.compareExchange(sem, 0, value, value - 1) === value) return;
    }
  },
  post(sem: Words): void {
    if (atomics.add(sem, 0, 1) === 0) atomics.notify(sem, 0, 1);
  },
};

/** Says done before it is: who comes second returns while the first still runs `fn`. */
export const EarlyOnce = {
  execute(once: Words, fn: () => void): void {
    if (atomics.exchange(once, 0, 1) === 0) fn();
  },
};

/** Clears the owner after it gave the mutex away: the next holder's name may be what it clears. */
export const LateMutex = {
  unlock(mutex: Words, threadId: number): void {
    if (atomics.load(mutex, 1) !== threadId) throw new PermissionError("not the owner");
    if (atomics.exchange(mutex, 0, 0) === 2) atomics.notify(mutex, 0, 1);
    atomics.store(mutex, 1, 0);
  },
};
