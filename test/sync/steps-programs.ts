// Small programs for steps.ts: each a list of threads, a thread a function of the shared memory,
// all 0 when it starts, or what `prepareBarrier` made of it. What they share besides the primitives they touch by `atomics` as well.

import { atomics } from "../../src/sync/atomics.js";
import { Barrier, Condition, Mutex, Once, Semaphore, SpinLock } from "../../src/sync/index.js";
import { EarlyOnce, EdgeSemaphore, StillCondition } from "./known-bad.js";

type Thread = (memory: SharedArrayBuffer) => number | undefined;

/** Offsets of bytes. */
export const LOCK = 0;
export const COND = 8;
export const SEM = 16;
export const ONCE = 24;
export const DATA = 32;
export const BARRIER = 64;

const words = (memory: SharedArrayBuffer, offset: number) => new Int32Array(memory, offset, 2);
const barrierOn = (memory: SharedArrayBuffer) => ({
  barrier: new BigInt64Array(memory, BARRIER, 3),
  mutex: words(memory, LOCK),
  cond: words(memory, COND),
});

/** Adds 1 in two steps: another thread in between would be seen by the sum. */
function addSlowly(memory: SharedArrayBuffer): void {
  const data = words(memory, DATA);
  atomics.store(data, 0, atomics.load(data, 0) + 1);
}

const locked =
  (lock: typeof Mutex | typeof SpinLock, me: number): Thread =>
  (memory) => {
    const words_ = words(memory, LOCK);
    lock.lock(words_, me);
    addSlowly(memory);
    lock.unlock(words_, me);
    return 1;
  };

/** `now` is 0, so 1 is in the future; the driver decides when that comes. */
const timedLocked =
  (me: number): Thread =>
  (memory) => {
    if (!Mutex.timedLock(words(memory, LOCK), me, 1)) return 0;
    addSlowly(memory);
    Mutex.unlock(words(memory, LOCK), me);
    return 1;
  };

type Conditions = Pick<typeof Condition, "wait" | "signal">;

/** Waits for an item and takes it. */
const consumer =
  (condition: Conditions, me: number): Thread =>
  (memory) => {
    const [lock, cond, data] = [words(memory, LOCK), words(memory, COND), words(memory, DATA)];
    Mutex.lock(lock, me);
    while (atomics.load(data, 0) === 0) condition.wait(cond, lock, me);
    atomics.add(data, 0, -1);
    Mutex.unlock(lock, me);
    return 1;
  };

const producer =
  (condition: Conditions, me: number): Thread =>
  (memory) => {
    const [lock, cond, data] = [words(memory, LOCK), words(memory, COND), words(memory, DATA)];
    Mutex.lock(lock, me);
    atomics.add(data, 0, 1);
    condition.signal(cond);
    Mutex.unlock(lock, me);
    return 1;
  };

/** Takes the item only if it was signalled. */
const timedConsumer =
  (me: number): Thread =>
  (memory) => {
    const [lock, cond, data] = [words(memory, LOCK), words(memory, COND), words(memory, DATA)];
    Mutex.lock(lock, me);
    const wasSignalled = Condition.timedWait(cond, lock, me, 1);
    if (wasSignalled) atomics.add(data, 0, -1);
    Mutex.unlock(lock, me);
    return wasSignalled ? 1 : 0;
  };

const waits =
  (semaphore: Pick<typeof Semaphore, "wait">): Thread =>
  (memory) => {
    semaphore.wait(words(memory, SEM));
    return 1;
  };

const posts =
  (semaphore: Pick<typeof Semaphore, "post">, count: number): Thread =>
  (memory) => {
    for (let i = 0; i < count; i++) semaphore.post(words(memory, SEM));
    return count;
  };

/** Gives its permit back, if it gets one. */
const borrows: Thread = (memory) => {
  if (!Semaphore.timedWait(words(memory, SEM), 1)) return 0;
  Semaphore.post(words(memory, SEM));
  return 1;
};

/** The result is what the function had written when `execute` came back. */
const executes =
  (once: Pick<typeof Once, "execute">): Thread =>
  (memory) => {
    once.execute(words(memory, ONCE), () => addSlowly(memory));
    return atomics.load(words(memory, DATA), 0);
  };

/** The first try throws. */
const executesTwice: Thread = (memory) => {
  const data = words(memory, DATA);
  try {
    Once.execute(words(memory, ONCE), () => {
      if (atomics.add(data, 1, 1) === 0) throw new Error("the first try");
      addSlowly(memory);
    });
  } catch {
    return -1;
  }
  return atomics.load(data, 0);
};

/** A barrier of 2. */
export function prepareBarrier(memory: SharedArrayBuffer): void {
  barrierOn(memory).barrier[0] = 2n;
}

/** Tells how often it was last. */
const arrives =
  (me: number, rounds: number): Thread =>
  (memory) => {
    const [barrier, data] = [barrierOn(memory), words(memory, DATA)];
    let last = 0;
    for (let round = 1; round <= rounds; round++) {
      atomics.add(data, 0, 1);
      if (Barrier.wait(barrier, me)) last++;
      if (atomics.load(data, 0) < 2 * round) throw new Error("left before both had arrived");
    }
    return last;
  };

const passes =
  (me: number): Thread =>
  (memory) =>
    Barrier.wait(barrierOn(memory), me) ? 1 : 0;

export const programs: { [name: string]: readonly Thread[] } = {
  mutex: [locked(Mutex, 1), locked(Mutex, 2), locked(Mutex, 3)],
  "mutex timed": [locked(Mutex, 1), timedLocked(2), locked(Mutex, 3), locked(Mutex, 4)],
  spinlock: [locked(SpinLock, 1), locked(SpinLock, 2)],
  condition: [consumer(Condition, 1), producer(Condition, 2)],
  "condition many": [
    consumer(Condition, 1),
    consumer(Condition, 2),
    producer(Condition, 3),
    producer(Condition, 4),
  ],
  "condition timed": [timedConsumer(1), consumer(Condition, 2), producer(Condition, 3)],
  "condition still": [consumer(StillCondition, 1), producer(StillCondition, 2)],
  semaphore: [waits(Semaphore), waits(Semaphore), posts(Semaphore, 2)],
  "semaphore timed": [borrows, waits(Semaphore), posts(Semaphore, 1)],
  "semaphore edge": [waits(EdgeSemaphore), waits(EdgeSemaphore), posts(EdgeSemaphore, 2)],
  once: [executes(Once), executes(Once), executes(Once)],
  "once throws": [executesTwice, executesTwice, executesTwice],
  "once early": [executes(EarlyOnce), executes(EarlyOnce)],
  barrier: [arrives(1, 3), arrives(2, 3)],
  "barrier crowd": [passes(1), passes(2), passes(3), passes(4)],
};
