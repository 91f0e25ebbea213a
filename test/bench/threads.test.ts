// Threads that work together: each does its part once a round, and the pure read reads all of it.

import { Worker } from "node:worker_threads";
import { Crew, type CrewData } from "../../src/bench/crew.js";
import { Reader } from "../../src/bench/reader.js";
import { createEngine } from "../../src/index.js";
import { assert, test } from "../harness.js";

test("in every round each that takes part works once, with the round's arguments", async () => {
  const sums = new Int32Array(new SharedArrayBuffer(4 * 8));
  const start = (workerData: CrewData<Int32Array>) =>
    new Worker(new URL("./crew-thread.js", import.meta.url), { workerData, execArgv: [] });
  const crew = new Crew(start, 3, sums);
  const expected = [0, 0, 0, 0];
  for (let round = 1; round <= 300; round++) {
    const threads = round % 4;
    const helps = threads === 0 || round % 2 === 0;
    const own = () => {
      sums[3] = (sums[3] ?? 0) + 7;
    };
    const ms = crew.run(threads, [round, 5], helps ? own : undefined);
    assert.ok(ms >= 0 && ms < 60_000);
    for (let me = 0; me < threads; me++) expected[me] = (expected[me] ?? 0) + round * 5;
    if (helps) expected[3] = (expected[3] ?? 0) + 7;
    assert.equal([...sums.subarray(0, 4)], expected, `round ${round}`);
  }
  await crew.close();
});

test("the pure read sees the only bit there is, wherever it is, and says so if there is none", async () => {
  await using engine = await createEngine({ threads: 2 });
  const reader = await Reader.start(engine, 1);
  for (const bytes of [128, 384, 16_384, 2 ** 20 + 128, 3 * 2 ** 20]) {
    const bytesOf = engine.alloc("uint8", bytes) as Uint8Array;
    assert.throws(() => reader.read(bytesOf, 1, 2), /saw nothing/);
    for (const at of [0, bytes - 1, bytes >> 1, (bytes >> 1) - 1, 63, 64]) {
      bytesOf[at] = 0x80;
      assert.ok(reader.read(bytesOf, 1, 2) > 0);
      bytesOf[at] = 0;
    }
    engine.free(bytesOf);
  }
  await reader.close();
});

test("two threads read an array in caches by halves, a large one by what is left", async () => {
  await using engine = await createEngine({ threads: 2 });
  const reader = await Reader.start(engine, 2);
  for (const bytes of [128, 256, 4096, 12 * 2 ** 20]) {
    const array = engine.alloc("uint8", bytes) as Uint8Array;
    array.fill(1);
    for (const threads of [1, 2]) assert.ok(reader.read(array, threads, 3) > 0);
    engine.free(array);
  }
  await reader.close();
});
