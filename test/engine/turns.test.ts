// Who gets a job entry when all 64 are taken: who came first, of whatever thread; and that nothing
// which waits for its user holds one.

import { Worker } from "node:worker_threads";
import { KIND_EMPTY, MAX_JOBS } from "../../src/core/map.js";
import { loadCore } from "../../src/engine/core.js";
import type { JobSpec, Running } from "../../src/engine/entry.js";
import { Shared } from "../../src/engine/shared.js";
import { giveLine, Submitter } from "../../src/engine/submitter.js";
import { createEngine } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, seeded, test } from "../harness.js";

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

const pass = {
  dtype: dtypeInfo("float64"),
  codes: [],
  offsets: [],
  stateBytes: 8,
  running: 0,
  skipNaN: false,
};
const spec: JobSpec = { kind: KIND_EMPTY, pass, length: 0, input: 0 };

/** Submitting threads of one memory, all played by this one. */
async function crew(n: number) {
  const layout = { workers: 1, threads: 1, cores: 1, maxBytes: 2 ** 28 };
  const first = Shared.create(await loadCore(), layout);
  const others = Array.from({ length: n - 1 }, () => Shared.attach(first.memory, first.module));
  const memories = [first, ...others];
  return { memories, submitters: memories.map((shared) => new Submitter(shared)) };
}

const takeAll = (submitter: Submitter) =>
  Array.from({ length: MAX_JOBS }, () => submitter.prepare(spec) as Running);

const fail = (error: unknown) => {
  throw error;
};

test("entries go to the calls of a thread in the order in which they came", async () => {
  const [a] = (await crew(1)).submitters as [Submitter];
  const taken = takeAll(a);
  const order: number[] = [];
  const got: Running[] = [];
  const leave = Array.from({ length: 300 }, (_, i) =>
    a.enter(
      spec,
      (running) => {
        order.push(i);
        got.push(running);
      },
      fail,
    ),
  );
  assert.equal(order, [], "none is free");
  const random = seeded("turns");
  const want = Array.from({ length: 300 }, (_, i) => i).filter((i) => {
    if (random.int(3) > 0) return true;
    leave[i]?.();
    return false;
  });
  const held = [...taken];
  while (order.length < want.length) {
    a.release(held.splice(random.int(held.length), 1)[0] as Running);
    const before = order.length;
    await turns(1);
    assert.is(order.length, before + 1, "one entry, one call");
    held.push(got.at(-1) as Running);
  }
  assert.equal(order, want);
  for (const running of held) a.release(running);
  assert.is(a.isAnyJob, false);
  a.close();
});

test("an entry that a thread lets go is another's that waits, not the next one's that comes", async () => {
  const { submitters } = await crew(4);
  const [a, b, c, late] = submitters as [Submitter, Submitter, Submitter, Submitter];
  const held = takeAll(a);
  const got: [string, Running][] = [];
  const wait = (name: string, submitter: Submitter) =>
    submitter.enter(spec, (running) => got.push([name, running]), fail);
  wait("b1", b);
  wait("b2", b);
  wait("c1", c);
  // The thread that lets go waits itself, and is the last in the circle.
  wait("a1", a);
  for (let i = 0; i < 4; i++) {
    a.release(held.pop() as Running);
    assert.is(late.prepare(spec), undefined, "it is not free");
    await turns(3);
  }
  const names = got.map(([name]) => name);
  assert.equal([...names].sort(), ["a1", "b1", "b2", "c1"]);
  assert.ok(names.indexOf("b1") < names.indexOf("b2"));
  for (const [name, running] of got) ({ a, b, c })[name[0] as "a"].release(running);
  for (const running of held) a.release(running);
  await turns(2);
  assert.is(a.isAnyJob, false);
  for (const submitter of submitters) submitter.close();
});

test("what a thread was offered that waits no more, or died, goes to the next", async () => {
  const { memories, submitters } = await crew(3);
  const [a, b, c] = submitters as [Submitter, Submitter, Submitter];
  const held = takeAll(a);
  let got: Running | undefined;
  const leave = b.enter(spec, () => assert.unreachable("it has left"), fail);
  const wait = () =>
    c.enter(
      spec,
      (running) => {
        got = running;
      },
      fail,
    );
  wait();
  a.release(held.pop() as Running);
  leave();
  await turns(3);
  assert.ok(got, "c has it");
  c.release(got as Running);
  got = undefined;
  held.push(a.prepare(spec) as Running);
  // b never looks again: its thread is gone.
  b.enter(spec, () => {}, fail);
  wait();
  a.release(held.pop() as Running);
  giveLine(memories[0] as Shared, b.me);
  await turns(3);
  assert.ok(got, "c has it");
  for (const submitter of submitters) submitter.close();
});

test("a thread that waits for an entry comes before its calls that await", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 300_000).fill(1);
  const copied = new Float64Array(300_000).fill(1);
  for (const begin of [
    () => engine.reduce(x, "sum"),
    () => engine.reduce(copied, "sum"),
    () => engine.reduce(copied, "sum", { schedule: "pairwise" }),
  ]) {
    const pending = Array.from({ length: 150 }, begin);
    assert.is(engine.reduceSync(x, "sum"), 300_000);
    await turns(1);
    assert.is(engine.reduceSync(copied, "sum"), 300_000);
    assert.is(engine.reduceSync(x, "sum", { schedule: "pairwise" }), 300_000);
    assert.equal(new Set(await Promise.all(pending)), new Set([300_000]));
  }
  await engine.close();
});

test("thousands of calls at once: each has its value, in turn, and no more memory than some", async () => {
  const engine = await createEngine({ threads: 2, maxBytes: 2 ** 30 });
  const random = seeded("thousands");
  const copied = Float64Array.from({ length: 40_000 }, () => random.int(1000));
  const x = engine.share(copied);
  const want = [0];
  for (const value of copied) want.push((want.at(-1) as number) + value);
  const all = async (input: Float64Array, schedule: "blocks" | "pairwise", n: number) => {
    const calls = Array.from({ length: n }, async (_, i) => {
      const view = input.subarray(0, 2 + ((i * 7919) % 39_000));
      assert.is(await engine.reduce(view, "sum", { schedule }), want[view.length], `call ${i}`);
    });
    await Promise.all(calls);
  };
  await all(x, "pairwise", 8000);
  await all(copied, "pairwise", 2000);
  await all(x, "blocks", 2000);
  // So large that none of them stays on this thread; each has megabytes to be copied to.
  const large = new Float64Array(300_000).fill(1);
  const begun = new Set<number>();
  const calls = Array.from({ length: 400 }, (_, i) =>
    engine.reduce(large, "sum", { onProgress: () => begun.add(i) }),
  );
  assert.equal(new Set(await Promise.all(calls)), new Set([300_000]));
  assert.equal(
    [...begun],
    Array.from({ length: 400 }, (_, i) => i),
    "copied in the order of the calls",
  );
  assert.is(engine.stats().pending, 0);
  await engine.close();
});

test("a thread with calls without end does not keep others from theirs", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 100_000).fill(1);
  const worker = new Worker(new URL("./turns-thread.js", import.meta.url), {
    workerData: { handle: engine.handle(), x },
    execArgv: [],
  });
  const exited = new Promise((resolve) => worker.once("exit", resolve));
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  for (let i = 0; i < 50; i++) {
    assert.is(await engine.reduce(x, "sum", { schedule: "pairwise" }), 100_000);
    assert.is(engine.reduceSync(x, "sum", { schedule: "pairwise" }), 100_000);
  }
  worker.postMessage("enough");
  await exited;
  assert.is(engine.reduceSync(x, "sum"), 100_000);
  await engine.close();
});
