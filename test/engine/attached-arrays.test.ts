// Arrays of threads that attached: they go with their thread, but never from under somebody's job.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { attachEngine, createEngine } from "../../src/index.js";
import { assert, test } from "../harness.js";
import { until } from "./death-support.js";

const THREAD = new URL("./attached-arrays-thread.js", import.meta.url);

test("arrays that an attached thread never freed are free again once it has closed", async () => {
  await using engine = await createEngine({ threads: 2 });
  await engine.ready();
  const { usedBytes } = engine.stats();
  const other = attachEngine(engine.handle());
  const x = other.alloc("float64", 100_000).fill(2);
  other.share([1, 2, 3]);
  assert.is(await engine.reduce(x, "sum"), 200_000);
  await other.close();
  assert.is(engine.stats().usedBytes, usedBytes);
  assert.code(() => engine.reduceSync(x, "sum"), "ERR_INPUT");
});

test("arrays of an attached thread that is terminated are free again", async () => {
  await using engine = await createEngine({ threads: 2 });
  await engine.ready();
  const { usedBytes } = engine.stats();
  for (let turn = 0; turn < 3; turn++) {
    const thread = new Worker(THREAD, { workerData: engine.handle(), execArgv: [] });
    await once(thread, "message");
    assert.ok(engine.stats().usedBytes > usedBytes + 8_000_000);
    await thread.terminate();
    await until(() => engine.stats().usedBytes === usedBytes, "its arrays are free");
  }
});

test("an array stays while another thread's job reads it, though its thread has closed", async () => {
  await using engine = await createEngine({ threads: 1 });
  await engine.ready();
  const n = 4_000_000;
  const other = attachEngine(engine.handle());
  const [x, y] = [other.alloc("float64", n).fill(1), other.alloc("float64", n).fill(3)];
  const { usedBytes } = engine.stats();
  const sum = engine.reduce(x, "sum");
  const dot = engine.reduce([x, y], "dot");
  await other.close();
  // What was free by then is overwritten.
  const rest = Array.from({ length: 4 }, () => engine.alloc("float64", n / 2).fill(7));
  assert.is(await sum, n);
  assert.is(await dot, 3 * n);
  for (const view of rest) engine.free(view);
  assert.is(await engine.reduce(y, "sum"), 3 * n);
  for (const view of [x, y]) engine.free(view);
  assert.ok(engine.stats().usedBytes < usedBytes - 16 * n + 1);
});
