// Abort, time-out, progress, many jobs at once.

import { createEngine, type Engine, type ReductionStream } from "../../src/index.js";
import { assert, seeded, test } from "../harness.js";
import { expected, randomArray } from "../oracle.js";

const slow = new URL("../fixtures/operators/slow.js", import.meta.url);

/** The oracle has the documented tree. */
const FAST = { accuracy: "fast" } as const;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

/** Jobs that were given up end when a worker has looked at their flag. */
async function quiet(): Promise<void> {
  while (engine.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve));
}

test("an aborted signal ends a call before it starts, with the signal's reason", async () => {
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  const x = engine.alloc("float64", 10);
  const error = await engine.reduce(x, "sum", { signal }).catch((e: unknown) => e);
  assert.is(error, reason);
  assert.throws(
    () => engine.reduceSync(x, "sum", { signal }),
    (e: unknown) => e === reason,
  );
});

test("an abort during a long reduction ends it within a block's time", async () => {
  const x = engine.alloc("float64", 2_000_000);
  x.fill(1);
  await engine.reduce(x.subarray(0, 10_000), slow);
  const start = performance.now();
  await engine.reduce(x.subarray(0, 8192 * 2), slow);
  const block = performance.now() - start;
  const controller = new AbortController();
  const reason = new Error("enough");
  const pending = engine.reduce(x, slow, { signal: controller.signal });
  await new Promise((resolve) => setImmediate(resolve));
  const aborted = performance.now();
  controller.abort(reason);
  controller.abort(new Error("a second abort changes nothing"));
  assert.is(await pending.catch((e: unknown) => e), reason);
  // Workers are free again after the blocks in hand, not after the other 240.
  assert.is(await engine.reduce(x, "sum"), 2_000_000);
  const after = performance.now() - aborted;
  assert.ok(after < 60 * block, `${after} ms after the abort, ${block} ms a block`);
  engine.free(x);
});

test("an abort leaves no job and no memory behind", async () => {
  const x = engine.alloc("float64", 3_000_000);
  await engine.reduce(x, "sum");
  await quiet();
  const { usedBytes } = engine.stats();
  for (let i = 0; i < 30; i++) {
    const controller = new AbortController();
    const pending = engine.reduce(x, ["sum", "min"], { signal: controller.signal });
    if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await pending.then(
      () => {},
      (e: Error) => assert.is(e.name, "AbortError"),
    );
  }
  // A job after them is answered after them.
  await engine.reduce(x, slow, { timeout: 1 }).catch(() => {});
  await engine.reduce(x, "sum");
  await quiet();
  assert.is(engine.stats().usedBytes, usedBytes);
  engine.free(x);
});

test("a time-out ends the call with its milliseconds, waiting or not", async () => {
  const x = engine.alloc("float64", 4_000_000);
  x.fill(1);
  const error = await assert.rejects(engine.reduce(x, slow, { timeout: 20 }), "ERR_TIMEOUT");
  assert.match((error as Error).message, /more than 20 ms/);
  assert.code(() => engine.reduceSync(x, slow, { timeout: 20 }), "ERR_TIMEOUT");
  assert.is(await engine.reduce(x, "sum", { timeout: 60_000 }), 4_000_000);
  assert.is(engine.reduceSync(x, "sum", { timeout: Number.POSITIVE_INFINITY }), 4_000_000);
  engine.free(x);
});

test("progress rises to the number of blocks", async () => {
  const n = 1_000_000;
  const x = engine.alloc("float64", n);
  for (const wait of [false, true]) {
    const seen: number[] = [];
    const options = {
      onProgress: ({ done, total }: { done: number; total: number }) => {
        assert.is(total, Math.ceil(n / 8192));
        seen.push(done);
      },
    };
    if (wait) engine.reduceSync(x, slow, options);
    else await engine.reduce(x, slow, options);
    assert.ok(seen.length > 1, "more than the last report");
    assert.equal(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.is(seen.at(-1), Math.ceil(n / 8192));
  }
  engine.free(x);
});

test("many jobs at once: each has its own value", async () => {
  const random = seeded("many");
  const data = randomArray("float64", 2_000_000, random, false) as Float64Array;
  const x = engine.share(data);
  const jobs = Array.from({ length: 50 }, () => {
    const from = random.int(data.length);
    const to = from + random.int(data.length - from + 1);
    return {
      want: expected("sum", data.subarray(from, to), "float64"),
      view: x.subarray(from, to),
    };
  });
  const got = await Promise.all(jobs.map(({ view }) => engine.reduce(view, "sum", FAST)));
  got.forEach((value, i) => {
    assert.same(value, jobs[i]?.want, `job ${i}`);
  });
  // Waiting calls amid pending ones.
  const pending = jobs.slice(0, 10).map(({ view }) => engine.reduce(view, "sum", FAST));
  for (const { view, want } of jobs.slice(10, 20))
    assert.same(engine.reduceSync(view, "sum", FAST), want);
  assert.equal(await Promise.all(pending), got.slice(0, 10));
  engine.free(x);
});

test("more jobs than the table holds wait for their turn", async () => {
  const x = engine.alloc("float64", 1_500_000);
  x.fill(1);
  const all = await Promise.all(Array.from({ length: 200 }, () => engine.reduce(x, "sum")));
  assert.equal(new Set(all), new Set([1_500_000]));
  engine.free(x);
});

test("a stream gives the bits of the same numbers in memory", async () => {
  const random = seeded("stream");
  for (const n of [0, 1, 8192, 131_072, 131_073, 700_003]) {
    const data = randomArray("float64", n, random, false) as Float64Array;
    const stream = await engine.stream("float64", ["sum", "count"], FAST);
    for (let at = 0; at < n; ) {
      const size = 1 + random.int(200_000);
      await stream.write(data.subarray(at, at + size));
      at += size;
    }
    const { sum, count } = await stream.end();
    assert.same(sum, expected("sum", data, "float64"), `sum of ${n}`);
    assert.is(count, n);
  }
});

test("a stream that is filled in place, and one that is given up", async () => {
  const fill = async (stream: ReductionStream<unknown>, n: number) => {
    for (let i = 0; i < n; ) {
      const room = await stream.reserve();
      const part = Math.min(room.length, n - i, 50_000);
      for (let k = 0; k < part; k++) room[k] = i++;
      stream.commit(part);
    }
  };
  const stream = await engine.stream("float64", "max");
  await fill(stream, 600_000);
  assert.is(await stream.end(), 599_999);
  await quiet();
  const { usedBytes } = engine.stats();
  const other = await engine.stream("float64", "max");
  await fill(other, 500_000);
  const reason = new Error("no more");
  other.abort(reason);
  assert.is(await other.end().catch((e: unknown) => e), reason);
  await engine.reduce(engine.share(new Float64Array(2_000_000)), "sum");
  await quiet();
  assert.ok(engine.stats().usedBytes <= usedBytes + 2_000_000 * 8 + 1024);
});

test("an abort ends a stream whose last tasks are under way", async () => {
  for (let i = 0; i < 10; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const stream = await engine.stream("float64", slow, { signal });
    const reason = new Error(`abort ${i}`);
    const writing = stream.write(new Float64Array(300_000)).then(() => stream.end());
    for (let turns = 0; turns < i; turns++) await new Promise((done) => setImmediate(done));
    controller.abort(reason);
    assert.is(await writing.catch((e: unknown) => e), reason);
  }
  await quiet();
});

test("a pairwise job that is given up keeps its rings until no worker is in them", async () => {
  const x = engine.alloc("float64", 300_000).fill(1);
  for (let i = 0; i < 20; i++) {
    const limits = { schedule: "pairwise", timeout: 0 } as const;
    assert.code(() => engine.reduceSync(x, "sum", limits), "ERR_TIMEOUT");
    const controller = new AbortController();
    const options = { schedule: "pairwise", signal: controller.signal } as const;
    const pending = engine.reduce(x, "sum", options).catch((e: Error) => e.name);
    if (i % 2 === 0) await new Promise((done) => setImmediate(done));
    controller.abort();
    await pending;
    // Takes the very memory that the rings would have left.
    const y = engine.share(x);
    assert.ok(
      y.every((v) => v === 1),
      "nobody writes into it",
    );
    assert.is(await engine.reduce(y, "sum"), 300_000);
    engine.free(y);
  }
  await quiet();
  engine.free(x);
});

test("a long pairwise job ends soon after its abort or time-out", async () => {
  const sum = new URL("../fixtures/operators/throws.js", import.meta.url);
  const x = engine.alloc("float64", 400_000).fill(1);
  const options = { schedule: "pairwise" } as const;
  const start = performance.now();
  assert.is(await engine.reduce(x, sum, options), 400_000);
  const whole = performance.now() - start;
  const aborted = performance.now();
  const signal = AbortSignal.timeout(1);
  const error = await engine.reduce(x, sum, { ...options, signal }).catch((e: Error) => e);
  assert.is((error as Error).name, "TimeoutError");
  assert.code(() => engine.reduceSync(x, sum, { ...options, timeout: 1 }), "ERR_TIMEOUT");
  assert.is(await engine.reduce(x.subarray(0, 99), sum, options), 99);
  const ended = performance.now() - aborted;
  assert.ok(ended < whole, `${ended} ms for two that were given up, ${whole} ms for one`);
  await quiet();
  engine.free(x);
});

test("streams take what they are for, and end once", async () => {
  const stream = await engine.stream("float64", "sum");
  const room = await stream.reserve();
  for (const n of [-1, 1.5, room.length + 1, Number.NaN]) {
    assert.code(() => stream.commit(n), "ERR_OPTION");
  }
  room[0] = 5;
  stream.commit(1);
  assert.is(await stream.end(), 5);
  await assert.rejects(stream.write(new Float64Array(3)), "ERR_CLOSED");
  await assert.rejects(stream.end(), "ERR_CLOSED");
  const other = await engine.stream("float64", "sum");
  const error = await assert.rejects(other.write(new Int32Array(3)), "ERR_DTYPE");
  assert.match((error as Error).message, /int32 into a stream of float64/);
});

test("more streams are open than there are job entries, and keep no call waiting", async () => {
  const streams = await Promise.all(
    Array.from({ length: 100 }, () => engine.stream("float64", "sum")),
  );
  const x = new Float64Array(2_000_000).fill(1);
  assert.is(engine.reduceSync(x, "sum"), 2_000_000);
  assert.is(await engine.reduce(x, "sum"), 2_000_000);
  const writing = streams.map((stream, i) => stream.write(x.subarray(0, 140_000 + i)));
  assert.is(engine.reduceSync(x, "sum"), 2_000_000);
  await Promise.all(writing);
  assert.is(await engine.reduce(x, "sum", { schedule: "pairwise" }), 2_000_000);
  const sums = await Promise.all(streams.map((stream) => stream.end()));
  assert.equal(
    sums,
    streams.map((_, i) => 140_000 + i),
  );
  assert.is(engine.stats().pending, 0);
});

test("a callback that throws ends its call with what it threw", async () => {
  const x = engine.alloc("float64", 1_500_000);
  const boom = new Error("boom");
  const throws = () => {
    throw boom;
  };
  const error = await engine.reduce(x, slow, { onProgress: throws }).catch((e: unknown) => e);
  assert.is(error, boom);
  assert.throws(
    () => engine.reduceSync(x, slow, { onProgress: throws }),
    (e: unknown) => e === boom,
  );
  await quiet();
  assert.is(await engine.reduce(x, "sum"), 0);
  engine.free(x);
});

test("beyond the input a job costs memory by threads, not by elements", async () => {
  const x = engine.alloc("float64", 16_000_000);
  await engine.reduce(x.subarray(0, 2_000_000), "sum");
  const { usedBytes, memoryBytes } = engine.stats();
  await engine.reduce(x, ["sum", "min", "max", "argmin"]);
  assert.is(engine.stats().usedBytes, usedBytes);
  assert.is(engine.stats().memoryBytes, memoryBytes);
  engine.free(x);
});
