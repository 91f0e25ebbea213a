// Bad input to every call, what it says, and that it changes nothing; what each call returns when
// nobody else is there.

import {
  Barrier,
  Condition,
  DeadlockError,
  INT32_MAX_VALUE,
  INT32_MIN_VALUE,
  InvalidError,
  Mutex,
  Once,
  PermissionError,
  Semaphore,
  SpinLock,
} from "../../src/sync/index.js";
import { assert, test } from "../harness.js";

type Call = (...operands: never[]) => unknown;
type Primitive = "Mutex" | "SpinLock" | "Semaphore" | "Condition" | "Barrier" | "Once";

/** What every view has to be refused as. */
const notViews: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["an array", [0, 0]],
  ["memory that is not shared", new Int32Array(2)],
  ["other elements", new Uint32Array(new SharedArrayBuffer(16))],
  ["no element", new Int32Array(new SharedArrayBuffer(0))],
  ["a view that only looks like one", { length: 2, [Symbol.toStringTag]: "Int32Array" }],
];

/** Calls with a hole for the view; the other operands are fit. */
const views: [string, Primitive, (view: never) => unknown][] = [
  ["Mutex.lock", "Mutex", (view) => Mutex.lock(view, 1)],
  ["Mutex.timedLock", "Mutex", (view) => Mutex.timedLock(view, 1, 0)],
  ["Mutex.tryLock", "Mutex", (view) => Mutex.tryLock(view, 1)],
  ["Mutex.unlock", "Mutex", (view) => Mutex.unlock(view, 1)],
  ["Mutex.lockAsync", "Mutex", (view) => Mutex.lockAsync(view, 1)],
  ["SpinLock.lock", "SpinLock", (view) => SpinLock.lock(view, 1)],
  ["SpinLock.tryLock", "SpinLock", (view) => SpinLock.tryLock(view, 1)],
  ["SpinLock.unlock", "SpinLock", (view) => SpinLock.unlock(view, 1)],
  ["Semaphore.wait", "Semaphore", (view) => Semaphore.wait(view)],
  ["Semaphore.timedWait", "Semaphore", (view) => Semaphore.timedWait(view, 0)],
  ["Semaphore.tryWait", "Semaphore", (view) => Semaphore.tryWait(view)],
  ["Semaphore.waitAsync", "Semaphore", (view) => Semaphore.waitAsync(view)],
  ["Semaphore.post", "Semaphore", (view) => Semaphore.post(view)],
  ["Semaphore.getValue", "Semaphore", (view) => Semaphore.getValue(view)],
  ["Condition.signal", "Condition", (view) => Condition.signal(view)],
  ["Condition.broadcast", "Condition", (view) => Condition.broadcast(view)],
  ["Condition.wait", "Condition", (view) => Condition.wait(view, held(), 1)],
  ["Condition.wait's mutex", "Mutex", (view) => Condition.wait(Condition.init(), view, 1)],
  ["Condition.timedWait", "Condition", (view) => Condition.timedWait(view, held(), 1, 0)],
  ["Condition.waitAsync", "Condition", (view) => Condition.waitAsync(view, held(), 1)],
  [
    "Condition.waitAsync's mutex",
    "Mutex",
    (view) => Condition.waitAsync(Condition.init(), view, 1),
  ],
  ["Barrier.wait", "Barrier", (view) => Barrier.wait(view, 1)],
  ["Barrier.wait's words", "Barrier", (view) => Barrier.wait({ barrier: view } as never, 1)],
  ["Barrier.waitAsync", "Barrier", (view) => Barrier.waitAsync(view, 1)],
  ["Once.execute", "Once", (view) => Once.execute(view, () => {})],
  ["Once.executeAsync", "Once", (view) => Once.executeAsync(view, () => {})],
  ["Once.isExecuted", "Once", (view) => Once.isExecuted(view)],
];

/** A mutex that thread 1 holds. */
function held() {
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  return mutex;
}

/** What a call throws, or rejects with. */
async function thrownBy(call: () => unknown): Promise<Error & { code?: string }> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it threw nothing");
}

for (const [name, primitive, call] of views) {
  test(`${name} refuses what is no ${primitive}`, async () => {
    for (const [what, view] of notViews) {
      const error = await thrownBy(() => call(view as never));
      assert.instance(error, InvalidError, what);
      assert.is(error.code, "ERR_OPTION", what);
      assert.match(
        error.message,
        new RegExp(`^${primitive}: got .+; pass what ${primitive}.init made`),
      );
    }
  });
}

const threadIds: [string, (threadId: never) => unknown][] = [
  ["Mutex.lock", (id) => Mutex.lock(Mutex.init(), id)],
  ["Mutex.timedLock", (id) => Mutex.timedLock(Mutex.init(), id, 0)],
  ["Mutex.tryLock", (id) => Mutex.tryLock(Mutex.init(), id)],
  ["Mutex.unlock", (id) => Mutex.unlock(held(), id)],
  ["Mutex.lockAsync", (id) => Mutex.lockAsync(Mutex.init(), id)],
  ["SpinLock.lock", (id) => SpinLock.lock(SpinLock.init(), id)],
  ["SpinLock.tryLock", (id) => SpinLock.tryLock(SpinLock.init(), id)],
  ["SpinLock.unlock", (id) => SpinLock.unlock(SpinLock.init(), id)],
  ["Condition.wait", (id) => Condition.wait(Condition.init(), held(), id)],
  ["Condition.timedWait", (id) => Condition.timedWait(Condition.init(), held(), id, 0)],
  ["Condition.waitAsync", (id) => Condition.waitAsync(Condition.init(), held(), id)],
  ["Barrier.wait", (id) => Barrier.wait(Barrier.init(1), id)],
  ["Barrier.waitAsync", (id) => Barrier.waitAsync(Barrier.init(1), id)],
];

for (const [name, call] of threadIds) {
  test(`${name} refuses what is no threadId, and names it`, async () => {
    for (const id of [0, 1.5, NaN, Infinity, undefined, null, "1", 1n, {}]) {
      const error = await thrownBy(() => call(id as never));
      assert.instance(error, InvalidError, `${id}`);
      assert.match(error.message, /^threadId is .+: give each thread an integer of its own/);
    }
    for (const id of [INT32_MAX_VALUE + 1, INT32_MIN_VALUE - 1]) {
      const error = await thrownBy(() => call(id as never));
      assert.instance(error, RangeError, `${id}`);
      assert.ok(error.message.includes(String(id)));
    }
  });
}

test("the least and the greatest threadId are fit ones", () => {
  for (const id of [INT32_MIN_VALUE, -1, INT32_MAX_VALUE]) {
    const mutex = Mutex.init();
    Mutex.lock(mutex, id);
    Mutex.unlock(mutex, id);
  }
});

test("a timestamp that would mean for ever by mistake is refused, and changes nothing", () => {
  const mutex = held();
  const cond = Condition.init();
  const calls: ((timestamp: never) => unknown)[] = [
    (timestamp) => Mutex.timedLock(mutex, 2, timestamp),
    (timestamp) => Semaphore.timedWait(Semaphore.init(0), timestamp),
    (timestamp) => Condition.timedWait(cond, mutex, 1, timestamp),
  ];
  for (const call of calls) {
    for (const timestamp of [NaN, undefined, null, "1", 5n, new Date()]) {
      const error = assert.code(() => (call as Call)(timestamp as never), "ERR_OPTION");
      assert.instance(error, InvalidError);
      assert.match(error.message, /^timestamp is .+: pass milliseconds since 1970/);
    }
  }
  assert.equal([...mutex], [1, 1]);
});

test("a time that is over: free things are taken, others are not, and a wait comes back locked", () => {
  const mutex = Mutex.init();
  assert.is(Mutex.timedLock(mutex, 1, 0), true);
  assert.is(Mutex.timedLock(mutex, 2, -Infinity), false);
  assert.is(Semaphore.timedWait(Semaphore.init(1), 0), true);
  assert.is(Semaphore.timedWait(Semaphore.init(0), 0), false);
  assert.is(Condition.timedWait(Condition.init(), mutex, 1, 0), false);
  assert.is(mutex[1], 1);
});

test("semaphores start with 0 to 2^31 − 1 permits and hold no more", () => {
  for (const value of [0.5, NaN, "1", undefined]) {
    const error = assert.code(() => Semaphore.init(value as never), "ERR_OPTION");
    assert.instance(error, InvalidError);
  }
  for (const value of [-1, INT32_MAX_VALUE + 1]) {
    const error = assert.code(() => Semaphore.init(value), "ERR_OPTION");
    assert.instance(error, RangeError);
  }
  const sem = Semaphore.init(INT32_MAX_VALUE);
  assert.instance(
    assert.code(() => Semaphore.post(sem), "ERR_OVERFLOW"),
    RangeError,
  );
  assert.is(Semaphore.getValue(sem), INT32_MAX_VALUE);
  assert.is(Semaphore.tryWait(sem), true);
  Semaphore.post(sem);
  assert.is(Semaphore.tryWait(Semaphore.init(0)), false);
});

test("barriers are for 1 thread or more", () => {
  for (const count of [0.5, NaN, "1", undefined]) {
    assert.instance(
      assert.code(() => Barrier.init(count as never), "ERR_OPTION"),
      InvalidError,
    );
  }
  for (const count of [0, -1]) {
    assert.instance(
      assert.code(() => Barrier.init(count), "ERR_OPTION"),
      RangeError,
    );
  }
  const alone = Barrier.init(1);
  for (let i = 0; i < 3; i++) assert.is(Barrier.wait(alone, 1), true);
});

test("a function is wanted to be run once; it runs once, and what it throws comes through", () => {
  const once = Once.init();
  for (const fn of [undefined, null, "f", 5]) {
    const error = assert.code(() => Once.execute(once, fn as never), "ERR_OPTION");
    assert.instance(error, InvalidError);
  }
  const mine = new Error("mine");
  try {
    Once.execute(once, () => {
      throw mine;
    });
    assert.unreachable();
  } catch (error) {
    assert.is(error, mine);
  }
  assert.is(Once.isExecuted(once), false);
  let runs = 0;
  for (let i = 0; i < 3; i++) Once.execute(once, () => void runs++);
  assert.is(runs, 1);
  assert.is(Once.isExecuted(once), true);
});

for (const [name, lock] of [
  ["Mutex", Mutex],
  ["SpinLock", SpinLock],
] as const) {
  test(`${name}: locked twice by one is a deadlock, unlocked by another is not permitted`, () => {
    const words = lock.init();
    assert.equal([...words], [0, 0]);
    const free = assert.code(() => lock.unlock(words, 1), "ERR_PERMISSION");
    assert.instance(free, PermissionError);
    assert.match(free.message, /thread 1 cannot unlock .+ nobody holds it/);
    lock.lock(words, 1);
    assert.equal([...words], [1, 1]);
    for (const again of [lock.lock, lock.tryLock]) {
      const error = assert.code(() => again(words, 1), "ERR_DEADLOCK");
      assert.instance(error, DeadlockError);
      assert.match(error.message, /^thread 1 holds this/);
    }
    assert.is(lock.tryLock(words, 2), false);
    const other = assert.code(() => lock.unlock(words, 2), "ERR_PERMISSION");
    assert.match(other.message, /thread 2 cannot unlock .+ thread 1 holds it/);
    lock.unlock(words, 1);
    assert.is(lock.tryLock(words, 2), true);
    lock.unlock(words, 2);
    assert.equal([...words], [0, 0]);
  });
}

test("the other ways to lock a mutex twice are deadlocks as well", async () => {
  const mutex = held();
  assert.code(() => Mutex.timedLock(mutex, 1, 0), "ERR_DEADLOCK");
  await assert.rejects(Mutex.lockAsync(mutex, 1), "ERR_DEADLOCK");
});

test("who waits on a condition has to hold the mutex", async () => {
  const [cond, mutex] = [Condition.init(), held()];
  assert.code(() => Condition.wait(cond, mutex, 2), "ERR_PERMISSION");
  assert.code(() => Condition.timedWait(cond, mutex, 2, 0), "ERR_PERMISSION");
  await assert.rejects(Condition.waitAsync(cond, mutex, 2), "ERR_PERMISSION");
  assert.equal([...mutex], [1, 1]);
});

test("primitives may stand anywhere in shared memory", () => {
  const memory = new SharedArrayBuffer(64);
  const mutex = new Int32Array(memory, 16, 2);
  Mutex.lock(mutex, 7);
  assert.equal([...new Int32Array(memory, 0, 8)], [0, 0, 0, 0, 1, 7, 0, 0]);
  const sem = new Int32Array(memory, 32, 4);
  Semaphore.post(sem);
  assert.is(Semaphore.getValue(sem), 1);
});
