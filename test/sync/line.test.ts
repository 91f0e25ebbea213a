// Many calls of one thread that wait without blocking: in turn, and each woken about once.

import { Worker } from "node:worker_threads";
import { atomics, replaceAtomics } from "../../src/sync/atomics.js";
import { Condition, Mutex, Once, Semaphore } from "../../src/sync/index.js";
import { assert, seeded, test } from "../harness.js";
import type { Task } from "./thread.js";

const CALLS = 1000;
const random = seeded("line");
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Now and then the event loop turns. */
const perhaps = async () => {
  if (random.int(4) === 0) await turn();
};

/** How often this thread was listed as a waiter while `body` ran: each time it was woken, or went. */
async function listings(body: () => Promise<unknown>): Promise<number> {
  let listed = 0;
  const waitAsync = ((...operands: Parameters<typeof Atomics.waitAsync>) => {
    listed++;
    return Atomics.waitAsync(...operands);
  }) as typeof Atomics.waitAsync;
  const before = replaceAtomics({ ...atomics, waitAsync });
  try {
    await body();
  } finally {
    replaceAtomics(before);
  }
  return listed;
}

/** Starts all; each adds its number to the list when it is served. */
function all(call: (i: number, served: number[]) => Promise<void>) {
  const served: number[] = [];
  const done = Promise.all(Array.from({ length: CALLS }, (_, i) => call(i, served)));
  return { served, done };
}

const inOrder = Array.from({ length: CALLS }, (_, i) => i);

test("a mutex serves the calls of a thread in their order, and wakes one at a time", async () => {
  const mutex = Mutex.init();
  const count = await listings(async () => {
    const { served, done } = all(async (i, served) => {
      await Mutex.lockAsync(mutex, i + 1);
      served.push(i);
      await perhaps();
      Mutex.unlock(mutex, i + 1);
    });
    await done;
    assert.equal(served, inOrder);
  });
  assert.ok(count <= 3 * CALLS, `${count} listings`);
  assert.equal([...mutex], [0, 0]);
});

test("a semaphore gives permits in the order of calls, however many come at once", async () => {
  const sem = Semaphore.init(0);
  const count = await listings(async () => {
    const { served, done } = all(async (i, served) => {
      await Semaphore.waitAsync(sem);
      served.push(i);
    });
    for (let posted = 0; posted < CALLS; ) {
      for (let i = 1 + random.int(5); i > 0 && posted < CALLS; i--, posted++) Semaphore.post(sem);
      await turn();
    }
    await done;
    assert.equal(served, inOrder);
  });
  assert.ok(count <= 3 * CALLS, `${count} listings`);
  assert.is(Semaphore.getValue(sem), 0);
});

test("who waits through a view of another object stands in the same line", async () => {
  const sem = Semaphore.init(0);
  const { served, done } = all(async (i, served) => {
    await Semaphore.waitAsync(new Int32Array(sem.buffer));
    served.push(i);
  });
  for (let i = 0; i < CALLS; i++) Semaphore.post(sem);
  await done;
  assert.equal(served, inOrder);
});

test("a signal wakes one call of a thread, the first; as many signals as calls wake all", async () => {
  const mutex = Mutex.init();
  const cond = Condition.init();
  const count = await listings(async () => {
    const { served, done } = all(async (i, served) => {
      await Mutex.lockAsync(mutex, i + 1);
      await Condition.waitAsync(cond, mutex, i + 1);
      served.push(i);
      Mutex.unlock(mutex, i + 1);
    });
    await turn();
    await Mutex.lockAsync(mutex, CALLS + 1);
    Mutex.unlock(mutex, CALLS + 1);
    Condition.signal(cond);
    for (let i = 0; i < 50; i++) await turn();
    assert.equal(served, [0], "one signal");
    for (let told = 1; told < CALLS; ) {
      for (let i = 1 + random.int(5); i > 0 && told < CALLS; i--, told++) Condition.signal(cond);
      await perhaps();
    }
    await done;
    assert.equal(served, inOrder);
  });
  assert.ok(count <= 6 * CALLS, `${count} listings`);
});

test("a broadcast wakes all calls that came before it, and none that come after", async () => {
  const mutex = Mutex.init();
  const cond = Condition.init();
  const { served, done } = all(async (i, served) => {
    await Mutex.lockAsync(mutex, i + 1);
    await Condition.waitAsync(cond, mutex, i + 1);
    served.push(i);
    Mutex.unlock(mutex, i + 1);
  });
  await Mutex.lockAsync(mutex, CALLS + 1);
  Mutex.unlock(mutex, CALLS + 1);
  Condition.broadcast(cond);
  await done;
  assert.equal(served, inOrder);
  await Mutex.lockAsync(mutex, 1);
  let isWoken = false;
  const late = Condition.waitAsync(cond, mutex, 1).then(() => {
    isWoken = true;
  });
  for (let i = 0; i < 10; i++) await turn();
  assert.not(isWoken);
  Condition.signal(cond);
  await late;
});

test("a once whose function keeps throwing has the callers try in turn", async () => {
  const once = Once.init();
  let tries = 0;
  const count = await listings(async () => {
    const { served, done } = all(async (i, served) => {
      await Once.executeAsync(once, async () => {
        await perhaps();
        if (++tries < CALLS - 1) throw new Error(`${i}`);
      }).catch((error: Error) => served.push(Number(error.message)));
    });
    await done;
    assert.equal(served, inOrder.slice(0, CALLS - 2));
  });
  assert.is(tries, CALLS - 1);
  assert.ok(count <= 3 * CALLS, `${count} listings`);
});

test("a thread that sleeps while it is listed holds nobody up", async () => {
  const [sem, said, release] = [Semaphore.init(0), Semaphore.init(0), Semaphore.init(0)];
  const task: Partial<Task> = { kind: "sleepListed", me: 1, lock: release, cond: said, sem };
  const worker = new Worker(new URL("./thread.js", import.meta.url), {
    workerData: task,
    execArgv: [],
  });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  await Semaphore.waitAsync(said);
  // It came first, and cannot take what it is woken for.
  Semaphore.post(sem);
  await Semaphore.waitAsync(sem);
  Semaphore.post(release);
  Semaphore.post(sem);
  await ended;
  assert.is(Semaphore.getValue(sem), 0);
});
