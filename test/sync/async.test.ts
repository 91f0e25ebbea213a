// The asynchronous forms: on one thread, where who is listed where is known exactly, and among
// threads that block.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { atomics, type Operations, replaceAtomics } from "../../src/sync/atomics.js";
import { Barrier, Condition, Mutex, Once, Semaphore } from "../../src/sync/index.js";
import { assert, test } from "../harness.js";
import type { Task } from "./thread.js";

/** Lets everything run that can. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Counts as a blocked thread in the list of a word. */
function sleeper(view: Int32Array<SharedArrayBuffer>, index: number): Promise<string> {
  const listed = Atomics.waitAsync(view, index, Atomics.load(view, index));
  if (!listed.async) throw new Error("not listed");
  return listed.value;
}

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  await turn();
  return Promise.race([promise, Promise.resolve("pending")]);
}

test("tasks on one thread take turns at a mutex, 200 of them", async () => {
  const mutex = Mutex.init();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      await Mutex.lockAsync(mutex, i + 1);
      most = Math.max(most, ++inside);
      await turn();
      inside--;
      Mutex.unlock(mutex, i + 1);
    }),
  );
  assert.is(most, 1);
  assert.equal([...mutex], [0, 0]);
});

test("an unlock wakes a blocked thread and an asynchronous one: neither uses up the other's wake-up", async () => {
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  const locked = Mutex.lockAsync(mutex, 2);
  const blocked = sleeper(mutex, 0);
  Mutex.unlock(mutex, 1);
  assert.is(await blocked, "ok");
  await locked;
  Mutex.unlock(mutex, 2);
});

test("a post wakes a blocked thread, whoever waits asynchronously before it", async () => {
  const sem = Semaphore.init(0);
  const first = Semaphore.waitAsync(sem);
  const second = Semaphore.waitAsync(sem);
  const blocked = sleeper(sem, 0);
  Semaphore.post(sem);
  assert.is(await blocked, "ok");
  await first;
  assert.is(await stateOf(second), "pending");
  Semaphore.post(sem);
  await second;
  assert.is(Semaphore.getValue(sem), 0);
});

test("a signal wakes one blocked thread, whoever waits asynchronously before it; a broadcast all", async () => {
  const cond = Condition.init();
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  const waited = Condition.waitAsync(cond, mutex, 1);
  assert.is(mutex[0], 0, "given back at the call");
  const [first, second, third] = [sleeper(cond, 0), sleeper(cond, 0), sleeper(cond, 0)];
  Condition.signal(cond);
  assert.is(await first, "ok");
  await waited;
  assert.is(mutex[1], 1, "locked again");
  assert.is(await stateOf(second), "pending", "a signal is for one");
  Condition.broadcast(cond);
  assert.equal(await Promise.all([second, third]), ["ok", "ok"]);
});

test("a signal right behind the call of waitAsync is not lost", async () => {
  const cond = Condition.init();
  const mutex = Mutex.init();
  for (let i = 0; i < 100; i++) {
    Mutex.lock(mutex, 1);
    const waited = Condition.waitAsync(cond, mutex, 1);
    Condition.signal(cond);
    await waited;
    Mutex.unlock(mutex, 1);
  }
});

/** Runs `body` with other operations than the runtime's. */
async function withAtomics(changes: Partial<Operations>, body: () => unknown): Promise<void> {
  const before = replaceAtomics({ ...atomics, ...changes });
  try {
    await body();
  } finally {
    replaceAtomics(before);
  }
}

test("an unlock right behind the look that found the mutex held is not lost", async () => {
  const mutex = Mutex.init();
  Mutex.lock(mutex, 9);
  let isHeld = true;
  const exchange = ((view: Int32Array, index: number, value: number) => {
    const found = Atomics.exchange(view, index, value);
    if (isHeld) {
      isHeld = false;
      Mutex.unlock(mutex, 9);
    }
    return found;
  }) as typeof Atomics.exchange;
  await withAtomics({ exchange }, () => Mutex.lockAsync(mutex, 1));
  assert.is(mutex[1], 1);
});

test("a post behind any look that found no permit is not lost", async () => {
  for (const behind of [1, 2]) {
    const sem = Semaphore.init(0);
    let looks = 0;
    const load = ((view: Int32Array, index: number) => {
      const found = Atomics.load(view, index);
      if (index === 0 && ++looks === behind) Semaphore.post(sem);
      return found;
    }) as typeof Atomics.load;
    await withAtomics({ load }, () => Semaphore.waitAsync(sem));
    assert.is(Semaphore.getValue(sem), 0);
  }
});

test("tasks at a barrier of 3: two by three arrive, two are last", async () => {
  const barrier = Barrier.init(3);
  const last = await Promise.all(
    Array.from({ length: 6 }, (_, i) => Barrier.waitAsync(barrier, i + 1)),
  );
  assert.equal(last, [false, false, true, false, false, true]);
});

test("once, asynchronously: the others wait for the promise; a rejection lets another one try", async () => {
  const once = Once.init();
  let tries = 0;
  const make = async () => {
    await turn();
    if (++tries === 1) throw new Error("the first");
  };
  const calls = await Promise.allSettled([1, 2, 3].map(() => Once.executeAsync(once, make)));
  assert.equal(
    calls.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled"],
  );
  assert.is(tries, 2);
  assert.ok(Once.isExecuted(once));
});

test("execute beside a function under way on this thread is an error, not a thread that sleeps for ever", async () => {
  const once = Once.init();
  const made = Once.executeAsync(once, turn as () => Promise<void>);
  assert.code(() => Once.execute(once, () => {}), "ERR_DEADLOCK");
  await made;
  Once.execute(once, () => assert.unreachable());
  const other = Once.init();
  const within = () => Once.execute(other, () => Once.execute(other, () => {}));
  assert.code(within, "ERR_DEADLOCK");
  assert.not(Once.isExecuted(other), "its function threw");
});

test("an asynchronous task among 2 threads that block: no addition is lost", async () => {
  const [data, lock] = [new Int32Array(new SharedArrayBuffer(16)), Mutex.init()];
  const threads = [1, 2].map((me) => {
    const task: Partial<Task> = { kind: "mutex", me, rounds: 5000, data, lock };
    const worker = new Worker(new URL("./thread.js", import.meta.url), {
      workerData: task,
      execArgv: [],
    });
    return new Promise((resolve, reject) => worker.once("error", reject).once("exit", resolve));
  });
  for (let i = 0; i < 500; i++) {
    await Mutex.lockAsync(lock, 3);
    const before = data[0] as number;
    await Promise.resolve();
    data[0] = before + 1;
    Mutex.unlock(lock, 3);
  }
  await Promise.all(threads);
  assert.is(data[0], 10_500);
});

test("Node does not end while something is awaited", () => {
  const script = fileURLToPath(new URL("./keep-alive.js", import.meta.url));
  assert.is(execFileSync(process.execPath, [script], { encoding: "utf8" }), "locked\n");
});

test("without Atomics.waitAsync the asynchronous forms say so, and touch nothing", () =>
  withAtomics({ waitAsync: undefined }, async () => {
    const [mutex, cond, barrier] = [Mutex.init(), Condition.init(), Barrier.init(2)];
    Mutex.lock(mutex, 1);
    await assert.rejects(Mutex.lockAsync(mutex, 2), "ERR_RUNTIME");
    await assert.rejects(Semaphore.waitAsync(Semaphore.init(1)), "ERR_RUNTIME");
    await assert.rejects(Condition.waitAsync(cond, mutex, 1), "ERR_RUNTIME");
    await assert.rejects(Barrier.waitAsync(barrier, 1), "ERR_RUNTIME");
    await assert.rejects(
      Once.executeAsync(Once.init(), () => {}),
      "ERR_RUNTIME",
    );
    assert.equal([...mutex], [1, 1]);
    assert.equal([...barrier.barrier], [2n, 0n, 0n]);
  }));

test("a thread that may not block is told so before anything is given back or counted", () =>
  withAtomics({ mayBlock: () => false }, () => {
    const [mutex, cond, barrier] = [Mutex.init(), Condition.init(), Barrier.init(2)];
    Mutex.lock(mutex, 1);
    assert.code(() => Mutex.lock(mutex, 2), "ERR_RUNTIME");
    assert.code(() => Condition.wait(cond, mutex, 1), "ERR_RUNTIME");
    assert.code(() => Barrier.wait(barrier, 1), "ERR_RUNTIME");
    assert.code(() => Semaphore.wait(Semaphore.init(0)), "ERR_RUNTIME");
    assert.equal([...mutex], [1, 1]);
    assert.equal([...barrier.barrier], [2n, 0n, 0n]);
    Semaphore.wait(Semaphore.init(1));
    Once.execute(Once.init(), () => {});
  }));
