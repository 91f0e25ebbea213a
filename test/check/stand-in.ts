// biome-ignore-all lint/complexity/noStaticOnlyClass: so it is in what this stands in for

// Stands in for atomics-sync in tests of `check sync --impl`: classes with its names and shapes that
// use the global `Atomics`, some of whose functions it keeps, and the clock. Its Mutex is right; the others do as
// test/sync/known-bad.ts says.

type Words = Int32Array<SharedArrayBuffer>;

const { compareExchange, load, notify, store, wait } = Atomics;
const make = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

export class Mutex {
  static init(): Words {
    return make(2);
  }
  static tryLock(mutex: Words, threadId: number): boolean {
    if (compareExchange(mutex, 0, 0, 1) !== 0) return false;
    store(mutex, 1, threadId);
    return true;
  }
  static lock(mutex: Words, threadId: number): void {
    while (!Mutex.tryLock(mutex, threadId)) wait(mutex, 0, 1);
  }
  static timedLock(mutex: Words, threadId: number, timestamp: number): boolean {
    while (!Mutex.tryLock(mutex, threadId)) {
      if (wait(mutex, 0, 1, timestamp - Date.now()) === "timed-out") return false;
    }
    return true;
  }
  static unlock(mutex: Words, threadId: number): void {
    if (load(mutex, 1) !== threadId) throw new Error("not the owner");
    store(mutex, 1, 0);
    store(mutex, 0, 0);
    notify(mutex, 0, 1);
  }
}

export class Condition {
  static init(): Words {
    return make(1);
  }
  static signal(cond: Words): void {
    notify(cond, 0, 1);
  }
  static broadcast(cond: Words): void {
    notify(cond, 0);
  }
  static wait(cond: Words, mutex: Words, threadId: number): void {
    Mutex.unlock(mutex, threadId);
    Atomics.wait(cond, 0, 0);
    Mutex.lock(mutex, threadId);
  }
  static timedWait(cond: Words, mutex: Words, threadId: number, timestamp: number): boolean {
    Mutex.unlock(mutex, threadId);
    try {
      return Atomics.wait(cond, 0, 0, timestamp - Date.now()) !== "timed-out";
    } finally {
      Mutex.lock(mutex, threadId);
    }
  }
}

export class Semaphore {
  static init(value: number): Words {
    return make(1).fill(value);
  }
  static getValue(sem: Words): number {
    return load(sem, 0);
  }
  static tryWait(sem: Words): boolean {
    for (let value = load(sem, 0); value > 0; value = load(sem, 0)) {
      if (compareExchange(sem, 0, value, value - 1) === value) return true;
    }
    return false;
  }
  static wait(sem: Words): void {
    while (!Semaphore.tryWait(sem)) wait(sem, 0, 0);
  }
  static timedWait(sem: Words, timestamp: number): boolean {
    while (!Semaphore.tryWait(sem)) {
      if (wait(sem, 0, 0, timestamp - Date.now()) === "timed-out") return false;
    }
    return true;
  }
  static post(sem: Words): void {
    if (Atomics.add(sem, 0, 1) === 0) notify(sem, 0, 1);
  }
}

/** Count, arrivals, generation under a mutex; rests on the condition. */
export class Barrier {
  static init(count: number) {
    const barrier = new BigInt64Array(new SharedArrayBuffer(24));
    barrier[0] = BigInt(count);
    return { barrier, mutex: Mutex.init(), cond: Condition.init() };
  }
  static wait({ barrier, mutex, cond }: ReturnType<typeof Barrier.init>, threadId: number) {
    Mutex.lock(mutex, threadId);
    try {
      const generation = load(barrier, 2);
      if (Atomics.add(barrier, 1, 1n) + 1n === load(barrier, 0)) {
        store(barrier, 1, 0n);
        store(barrier, 2, generation + 1n);
        Condition.broadcast(cond);
        return true;
      }
      while (load(barrier, 2) === generation) Condition.wait(cond, mutex, threadId);
      return false;
    } finally {
      Mutex.unlock(mutex, threadId);
    }
  }
}

export class Once {
  static init(): Words {
    return make(1);
  }
  static execute(once: Words, fn: () => void): void {
    if (compareExchange(once, 0, 0, 1) === 0) fn();
  }
  static isExecuted(once: Words): boolean {
    return load(once, 0) === 1;
  }
}
