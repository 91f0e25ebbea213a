// The primitives between real threads that run freely. A wake-up that is lost leaves a thread asleep,
// and the deadline tells; an overlap shows in plain memory.

import { Worker } from "node:worker_threads";
import { Barrier, Condition, Mutex, Once, Semaphore, SpinLock } from "../../src/sync/index.js";
import { assert, test } from "../harness.js";
import type { Task } from "./thread.js";

const words = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

/** What threads get that say nothing else. */
function memory(): Omit<Task, "kind" | "me" | "rounds"> {
  return {
    data: words(4),
    lock: Mutex.init(),
    cond: Condition.init(),
    sem: Semaphore.init(0),
    slots: words(8),
    onces: [],
    barrier: Barrier.init(1),
  };
}

/** What a thread tells at its end. */
function thread(task: Task): Promise<unknown> {
  const worker = new Worker(new URL("./thread.js", import.meta.url), {
    workerData: task,
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    let told: unknown;
    worker.once("message", (message: unknown) => {
      told = message;
    });
    worker.once("error", reject);
    worker.once("exit", () => resolve(told));
  });
}

/** A thread a kind, on the same memory. */
function threads(
  kinds: readonly Task["kind"][],
  rounds: number,
  shared: Partial<Task> = {},
): Promise<unknown[]> {
  const all = { ...memory(), ...shared };
  return Promise.all(kinds.map((kind, i) => thread({ ...all, kind, me: i + 1, rounds })));
}

const total = (counts: unknown[]) => (counts as number[]).reduce((a, b) => a + b, 0);

test("a mutex: 3 threads that lock, try and lock in time add 30,000 times, and no addition is lost", async () => {
  const data = words(4);
  const lock = Mutex.init();
  await threads(["mutex", "mutex", "mutex"], 10_000, { data, lock });
  assert.is(data[0], 30_000);
  assert.is(lock[1], 0, "nobody holds it");
});

test("a spin lock: 2 threads add 10,000 times", async () => {
  const data = words(4);
  const lock = SpinLock.init();
  await threads(["spinlock", "spinlock"], 5000, { data, lock });
  assert.is(data[0], 10_000);
});

test("a semaphore of 2 permits lets 2 of 4 threads in, and keeps its permits", async () => {
  const data = words(4);
  const sem = Semaphore.init(2);
  await threads(["permits", "permits", "permits", "permits"], 3000, { data, sem });
  assert.is(data[1], 0, "never three inside");
  assert.is(Semaphore.getValue(sem), 2);
});

test("every post finds its waiter: 3 threads give 24,000 permits, 2 take them", async () => {
  const sem = Semaphore.init(0);
  const shared = { ...memory(), sem };
  await Promise.all([
    ...[1, 2, 3].map((me) => thread({ ...shared, kind: "post", me, rounds: 8000 })),
    ...[4, 5].map((me) => thread({ ...shared, kind: "take", me, rounds: 12_000 })),
  ]);
  assert.is(Semaphore.getValue(sem), 0);
});

test("producers and consumers over one condition: every item once, in its producer's order", async () => {
  const rounds = 3000;
  const told = await threads(["produce", "produce", "consume", "consume"], rounds);
  const taken = told.slice(2) as number[][];
  for (const list of taken) {
    for (const me of [1, 2]) {
      const own = list.filter((item) => Math.floor(item / rounds) === me);
      assert.equal(
        own,
        own.toSorted((a, b) => a - b),
      );
    }
  }
  const all = taken.flat().sort((a, b) => a - b);
  assert.equal(
    all,
    Array.from({ length: 2 * rounds }, (_, i) => rounds + i),
  );
});

test("two threads hand a ball over 10,000 times by signals alone", async () => {
  const data = words(4);
  await threads(["pass", "pass"], 5000, { data });
  assert.is(data[0], 10_000);
});

test("a barrier of 3: 2,000 rounds, all seen by all, one last in each", async () => {
  const last = await threads(["meet", "meet", "meet"], 2000, { barrier: Barrier.init(3) });
  assert.is(total(last), 2000);
});

test("4 threads share 4,000 arrivals at a barrier of 2: 2,000 pairs, one last in each", async () => {
  const barrier = Barrier.init(2);
  const last = await threads(["crowd", "crowd", "crowd", "crowd"], 4000, { barrier });
  assert.is(total(last), 2000);
  assert.is(barrier.barrier[2], 2000n);
});

test("once: 3 threads, 300 functions that throw twice; each then runs once, before anyone goes on", async () => {
  const onces = Array.from({ length: 300 }, () => Once.init());
  const slots = words(600);
  const thrown = await threads(["initialise", "initialise", "initialise"], 1, { onces, slots });
  assert.is(total(thrown), 600);
  for (const [i, once] of onces.entries()) {
    assert.is(slots[2 * i], 3, "two tries that threw and one that did not");
    assert.ok(Once.isExecuted(once));
  }
});

/** Runs `body` while a thread holds `lock`; the thread lets go when `body` posts to `sem`. */
async function held(body: (task: Omit<Task, "kind" | "rounds" | "me">) => Promise<void>) {
  const shared = { ...memory(), cond: Semaphore.init(0) };
  const holder = thread({ ...shared, kind: "hold", me: 9, rounds: 1 });
  await Semaphore.waitAsync(shared.cond);
  await body(shared);
  await holder;
}

test("a lock in time is refused while another thread holds the mutex, and not before its time", () =>
  held(async ({ lock, sem }) => {
    assert.not(Mutex.tryLock(lock, 1));
    assert.not(Mutex.timedLock(lock, 1, 0));
    const until = Date.now() + 30;
    assert.not(Mutex.timedLock(lock, 1, until));
    assert.ok(Date.now() >= until - 1, "a timer's grain before it at most");
    Semaphore.post(sem);
    assert.ok(Mutex.timedLock(lock, 1, Date.now() + 50_000));
    Mutex.unlock(lock, 1);
  }));

test("an asynchronous locker gets the mutex from another thread, and keeps the others out", () =>
  held(async ({ lock, sem }) => {
    const locked = Mutex.lockAsync(lock, 1);
    Semaphore.post(sem);
    await locked;
    assert.not(Mutex.tryLock(lock, 2));
    Mutex.unlock(lock, 1);
  }));

test("a thread that blocks while it waits asynchronously for the same mutex keeps nobody from it", () =>
  held(async ({ lock, sem }) => {
    const locked = Mutex.lockAsync(lock, 1);
    Semaphore.post(sem);
    // Had the asynchronous waiter used up the wake-up, this would sleep for ever.
    Mutex.lock(lock, 2);
    Mutex.unlock(lock, 2);
    await locked;
    Mutex.unlock(lock, 1);
  }));
