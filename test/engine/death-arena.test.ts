// Threads die in the midst of the arena, its lock held: others go on, and no byte is lost.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createEngine, type Engine } from "../../src/index.js";
import { assert, seeded, test } from "../harness.js";
import type { ArenaInit, Operation } from "./death-arena.js";
import { Submitter } from "./death-attached.js";
import { flight, makeMaterial } from "./death-jobs.js";
import { assertClean, until, Words } from "./death-support.js";

/** Runs an operation up to a step; all of it if there are not so many. */
async function play(
  engine: Engine,
  operation: Operation,
  step: number,
): Promise<{ worker: Worker; steps: number; ended: Promise<unknown> }> {
  const init: ArenaInit = { handle: engine.handle(), operation, step };
  const worker = new Worker(new URL("./death-arena.js", import.meta.url), {
    workerData: init,
    execArgv: [],
  });
  // From the start on: if this thread is busy, news and end come together.
  const ended = once(worker, "exit");
  const [steps] = (await once(worker, "message")) as [number];
  return { worker, steps, ended };
}

const random = seeded("arena");

for (const operation of [
  "takes a part",
  "takes a whole",
  "grows",
  "gives one",
  "joins left",
  "joins right",
  "joins both",
  "gives all",
] satisfies Operation[]) {
  test(`a thread that ${operation} dies at any step: the arena is as before`, async () => {
    const engine = await createEngine({ threads: 1 });
    // What an engine does by itself once its workers are there takes the arena's lock.
    await engine.ready();
    const words = new Words(engine);
    const first = engine.alloc("float64", 1000).fill(1);
    const { usedBytes } = engine.stats();
    const submitters = words.submitters();
    // The first time it may be the first to write there, which is more steps.
    await (await play(engine, operation, Number.POSITIVE_INFINITY)).ended;
    const { steps, ended } = await play(engine, operation, Number.POSITIVE_INFINITY);
    assert.ok(steps > 4, `${steps} steps`);
    await ended;
    await assertClean(engine, { usedBytes, submitters });
    // With the lock but nothing written; the change made, the lock still held; and some between.
    const dies = new Set([1, steps - 1, steps - 2]);
    while (dies.size < Math.min(steps - 1, 5)) dies.add(1 + random.int(steps - 1));
    for (const step of dies) {
      const { worker, steps } = await play(engine, operation, step);
      assert.is(steps, -1, `step ${step} was reached`);
      await worker.terminate();
      const more = engine.alloc("float64", 5000);
      assert.ok(more.every((x) => x === 0));
      engine.free(more.fill(7));
      await assertClean(engine, { usedBytes, submitters });
    }
    assert.ok(first.every((x) => x === 1));
    await engine.close();
  });
}

test("a worker dies, and a thread in the midst of the arena: each is put right once", async () => {
  const engine = await createEngine({ threads: 2 });
  await engine.ready();
  const material = makeMaterial(engine, seeded("two deaths"));
  await flight(engine, material);
  const words = new Words(engine);
  const { usedBytes } = engine.stats();
  const submitters = words.submitters();
  const companion = await new Submitter(engine, material).attached();
  companion.begin();
  await until(() => companion.rounds > 0, "another thread's jobs are right");
  let started = 0;
  const count = () => {
    started++;
  };
  process.on("worker", count);
  for (let turn = 1; turn <= 3; turn++) {
    const { worker, steps } = await play(engine, "gives all", 20 * turn);
    assert.is(steps, -1);
    started = 0;
    await Promise.all([worker.terminate(), engine.terminate(turn % 2)]);
    await flight(engine, material);
    await until(() => engine.stats().deaths === 2 * turn, "both deaths are noticed");
    await until(() => engine.stats().absent === 0, "a replacement joins");
    assert.is(started, 1, "one worker took the dead one's place");
    const { rounds } = companion;
    await until(() => companion.rounds > rounds, "the other thread goes on");
  }
  process.off("worker", count);
  await companion.stop();
  await assertClean(engine, { usedBytes, submitters });
  await engine.close();
});
