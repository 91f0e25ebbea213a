// Workers that park for every task: a task published at any instant of a
// worker's falling asleep is found. A lost wake-up would hang, and the deadline tell.

import { createEngine } from "../../src/index.js";
import { assert, seeded, test } from "../harness.js";

test("a task that comes while a worker falls asleep is found, 40,000 times", async () => {
  const engine = await createEngine({ threads: 1, spin: 0 });
  const random = seeded("park");
  const before = engine.stats().lines[0];
  const trips = 40_000;
  for (let i = 0; i < trips; i++) {
    // Pauses of no to some microseconds, so that every instant gets its turn.
    for (let pause = random.int(600); pause > 0; pause--);
    engine.roundTrip();
  }
  const after = engine.stats().lines[0];
  assert.is((after?.tasks ?? 0) - (before?.tasks ?? 0), trips);
  assert.ok((after?.parks ?? 0) - (before?.parks ?? 0) > trips / 10, "it did fall asleep");
  await engine.close();
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
