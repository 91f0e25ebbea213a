// A worker that parks for every task: one that is published at any instant of
// its falling asleep is found.

import { CONTROL_SPIN, KIND_EMPTY, LINE_PARKS } from "../../src/core/map.js";
import { loadCore } from "../../src/engine/core.js";
import type { JobSpec, Running } from "../../src/engine/entry.js";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import { Threads } from "../../src/engine/threads.js";
import { createEngine } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, seeded, test } from "../harness.js";

const PATIENCE_MS = 5000;

test("a task published while a worker falls asleep is found, 100,000 times", async () => {
  const layout = { workers: 1, threads: 1, cores: 2, maxBytes: 2 ** 30 };
  const shared = Shared.create(await loadCore(), layout);
  const threads = new Threads(shared);
  const alive = setInterval(() => {}, 2 ** 30);
  await threads.start(1);
  clearInterval(alive);
  const submitter = new Submitter(shared);
  shared.i32s[CONTROL_SPIN >> 2] = 0;
  const float64 = dtypeInfo("float64");
  const pass = {
    dtype: float64,
    codes: [],
    offsets: [],
    stateBytes: 8,
    running: 0,
    skipNaN: false,
  };
  const spec: JobSpec = { kind: KIND_EMPTY, pass, length: 0, input: 0 };
  const prepare = () => submitter.prepare(spec) as Running;
  const random = seeded("park");
  let next = prepare();
  for (let i = 0; i < 100_000; i++) {
    const running = next;
    submitter.publish(running);
    next = prepare();
    // Never parks itself, and publishes the next task within the time that parking takes.
    const start = performance.now();
    for (let looks = 1; !running.done; looks++) {
      submitter.drain();
      const waited = looks % 4096 === 0 ? performance.now() - start : 0;
      assert.ok(waited < PATIENCE_MS, `task ${i} was not found: the worker sleeps`);
    }
    submitter.release(running);
    for (let pause = random.int(200); pause > 0; pause--);
  }
  const parks = Number(shared.i64(shared.line(0) + LINE_PARKS));
  assert.ok(parks > 1000, `it fell asleep ${parks} times`);
  await threads.close();
  submitter.close();
});

test("several workers that park for every task lose none of many small jobs", async () => {
  const engine = await createEngine({ threads: 3, spin: 0 });
  const x = engine.alloc("float64", 600_000).fill(1);
  const last = new URL("../fixtures/operators/last.js", import.meta.url);
  for (let i = 0; i < 300; i++) {
    const length = 8193 + ((i * 7919) % 100_000);
    assert.is(await engine.reduce(x.subarray(0, length), last), 1);
    assert.is(engine.reduceSync(x.subarray(0, length), last), 1);
  }
  await engine.close();
});
