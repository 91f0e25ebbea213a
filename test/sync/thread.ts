// A thread of threads.test.ts. What the primitives guard is touched plainly here, as by a user.

import { parentPort, workerData } from "node:worker_threads";
import {
  Barrier,
  type BarrierObject,
  Condition,
  Mutex,
  Once,
  Semaphore,
  SpinLock,
} from "../../src/sync/index.js";
import { seeded } from "../harness-random.js";

type Words = Int32Array<SharedArrayBuffer>;

export interface Task {
  readonly kind: keyof typeof kinds;
  /** Its threadId; 1, 2, … */
  readonly me: number;
  readonly rounds: number;
  /** Plain words. */
  readonly data: Words;
  readonly lock: Words;
  readonly cond: Words;
  readonly sem: Words;
  readonly slots: Words;
  readonly onces: readonly Words[];
  readonly barrier: BarrierObject;
}

const random = seeded(`sync thread ${(workerData as Task).me}`);

/** Read, something else, write: an overlap loses an addition. */
function addPlainly(data: Words): void {
  const before = data[0] as number;
  for (let i = random.int(8); i > 0; i--) data[1]!++;
  data[0] = before + 1;
}

function lockSomehow(lock: Words, me: number): void {
  switch (random.int(3)) {
    case 0:
      while (!Mutex.tryLock(lock, me)) Mutex.timedLock(lock, me, 0) && Mutex.unlock(lock, me);
      return;
    case 1:
      while (!Mutex.timedLock(lock, me, Date.now() + random.int(3)));
      return;
    default:
      Mutex.lock(lock, me);
  }
}

function mutex({ me, rounds, data, lock }: Task): void {
  for (let i = 0; i < rounds; i++) {
    lockSomehow(lock, me);
    addPlainly(data);
    Mutex.unlock(lock, me);
  }
}

function spinlock({ me, rounds, data, lock }: Task): void {
  for (let i = 0; i < rounds; i++) {
    if (random.int(2) === 0) SpinLock.lock(lock, me);
    else while (!SpinLock.tryLock(lock, me));
    addPlainly(data);
    SpinLock.unlock(lock, me);
  }
}

/** Two permits: never more than two inside, and 1 in `data[1]` if there were. */
function permits({ rounds, data, sem }: Task): void {
  for (let i = 0; i < rounds; i++) {
    if (random.int(2) === 0) Semaphore.wait(sem);
    else while (!Semaphore.timedWait(sem, Date.now() + 1));
    if (Atomics.add(data, 0, 1) >= 2) Atomics.store(data, 1, 1);
    Atomics.sub(data, 0, 1);
    Semaphore.post(sem);
  }
}

function post({ rounds, sem }: Task): void {
  for (let i = 0; i < rounds; i++) Semaphore.post(sem);
}

function take({ rounds, sem }: Task): void {
  for (let i = 0; i < rounds; i++) Semaphore.wait(sem);
}

// A bounded buffer: data[0] items, data[1] where the next is put, data[2] where it is taken. One
// condition for both sides, so each change is a broadcast, or a signal where one will do.
function produce({ me, rounds, data, lock, cond, slots }: Task): void {
  for (let i = 0; i < rounds; i++) {
    Mutex.lock(lock, me);
    while (data[0] === slots.length) Condition.wait(cond, lock, me);
    slots[data[1]! % slots.length] = me * rounds + i;
    data[1]!++;
    data[0]!++;
    Condition.broadcast(cond);
    Mutex.unlock(lock, me);
  }
}

/** Tells what it took. */
function consume({ me, rounds, data, lock, cond, slots }: Task): number[] {
  const taken: number[] = [];
  for (let i = 0; i < rounds; i++) {
    Mutex.lock(lock, me);
    while (data[0] === 0) {
      if (random.int(2) === 0) Condition.wait(cond, lock, me);
      else Condition.timedWait(cond, lock, me, Date.now() + 1000);
    }
    taken.push(slots[data[2]! % slots.length] as number);
    data[2]!++;
    data[0]!--;
    Mutex.unlock(lock, me);
    Condition.broadcast(cond);
  }
  return taken;
}

/** The ball is whose turn data[0] says; a signal alone passes it on. */
function pass({ me, rounds, data, lock, cond }: Task): void {
  for (let i = 0; i < rounds; i++) {
    Mutex.lock(lock, me);
    while (data[0]! % 2 !== me % 2) Condition.wait(cond, lock, me);
    data[0]!++;
    Condition.signal(cond);
    Mutex.unlock(lock, me);
  }
}

/** Each writes its word plainly, and sees everybody's behind the barrier. Tells how often it was last. */
function meet({ me, rounds, slots, barrier }: Task): number {
  const count = Number(barrier.barrier[0]);
  let last = 0;
  for (let round = 1; round <= rounds; round++) {
    const row = (round % 2) * count;
    slots[row + me - 1] = round;
    if (Barrier.wait(barrier, me)) last++;
    for (let other = 0; other < count; other++) {
      if (slots[row + other] !== round) throw new Error(`round ${round}: ${slots}`);
    }
  }
  return last;
}

/** Any number of threads share `rounds` arrivals at a barrier; tells how often it was last. */
function crowd({ me, rounds, data, barrier }: Task): number {
  let last = 0;
  while (Atomics.add(data, 0, 1) < rounds) if (Barrier.wait(barrier, me)) last++;
  return last;
}

/** slots[2i]: tries of once i, slots[2i + 1]: what it makes, written plainly; two tries throw. */
function initialise({ onces, slots }: Task): number {
  let thrown = 0;
  for (const [i, once] of onces.entries()) {
    while (true) {
      try {
        Once.execute(once, () => {
          if (++slots[2 * i]! <= 2) throw new Error("not yet");
          slots[2 * i + 1] = i + 1;
        });
        break;
      } catch {
        thrown++;
      }
    }
    if (slots[2 * i + 1] !== i + 1) throw new Error(`once ${i} came back before it was made`);
  }
  return thrown;
}

/** Locks, says so, and unlocks when `sem` has a permit. */
function hold({ me, lock, cond, sem }: Task): void {
  Mutex.lock(lock, me);
  Semaphore.post(cond);
  Semaphore.wait(sem);
  Mutex.unlock(lock, me);
}

/** Waits for `sem` without blocking, says so, and then blocks until `lock` has a permit. */
function sleepListed({ lock, cond, sem }: Task): void {
  void Semaphore.waitAsync(sem);
  Semaphore.post(cond);
  Semaphore.wait(lock);
}

const kinds = {
  mutex,
  spinlock,
  permits,
  post,
  take,
  produce,
  consume,
  pass,
  meet,
  crowd,
  initialise,
  hold,
  sleepListed,
};

if (parentPort !== null) {
  const task = workerData as Task;
  parentPort.postMessage(kinds[task.kind](task));
}
