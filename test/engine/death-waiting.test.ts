// Threads die while the owner of the engine waits in `reduceSync`: no event tells it, and yet its
// calls come to an end, with the right value.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  CONTROL_WORKERS,
  FAULT_STALL,
  FAULT_TRAP,
  POINT_ARRIVED,
  POINT_CLAIMED,
  POINT_FOLDED,
  POINT_IDLE,
  POINT_IN_HAND,
  POINT_PAIR_CLAIMED,
  POINT_RESERVED,
} from "../../src/core/map.js";
import { attachEngine, createEngine } from "../../src/index.js";
import { MODULES } from "../../src/stress/index.js";
import { assert, seeded, test } from "../harness.js";
import { owner, Submitter } from "./death-attached.js";
import type { ExitsInit } from "./death-exits.js";
import { flight, flightNow, makeMaterial } from "./death-jobs.js";
import { assertClean, COMMON_POINTS, until, Words } from "./death-support.js";

/** Where a worker passes. */
const POINTS: readonly number[] = [...COMMON_POINTS, POINT_IDLE];
/** A call with a death in it is to take no longer. */
const MOST_MS = 2000;

test("workers die at every point while the owner waits: its calls give the right values in time", async () => {
  const random = seeded("waiting");
  const engine = await createEngine({ threads: 3, core: MODULES.checked });
  const words = new Words(engine);
  const material = makeMaterial(engine, random);
  await flight(engine, material);
  const { usedBytes } = engine.stats();
  const submitters = words.submitters();
  let slowest = 0;
  for (const point of POINTS) {
    const me = random.int(words.at(CONTROL_WORKERS));
    const before = engine.stats().deaths;
    words.arm(me, point, FAULT_TRAP, random.pick([0, 0, 1, 5]));
    // No turn of the event loop from here to the death, and to the end of the calls after it.
    for (let rest = 3; rest > 0; rest -= words.hit(me) === point ? 1 : 0) {
      const begun = performance.now();
      flightNow(engine, material);
      slowest = Math.max(slowest, performance.now() - begun);
    }
    await until(() => engine.stats().deaths === before + 1, "the death is noticed");
    await until(() => engine.stats().absent === 0, "a replacement joins");
  }
  assert.ok(slowest < MOST_MS, `the slowest three calls took ${slowest} ms`);
  await assertClean(engine, { usedBytes, submitters });
  // Each worker is there: no place was given up.
  const tasks = engine.stats().lines.map((line) => line.tasks);
  for (let me = 0; me < 3; me++) {
    await until(() => {
      flightNow(engine, material);
      return (engine.stats().lines[me]?.tasks as number) > (tasks[me] as number);
    }, `worker ${me} computes`);
  }
  await engine.close();
});

test("workers die of another thread's operator again and again while the owner waits", async () => {
  const engine = await createEngine({ threads: 1 });
  const material = makeMaterial(engine, seeded("exits"));
  await flight(engine, material);
  const words = new Words(engine);
  const { usedBytes } = engine.stats();
  const submitters = words.submitters();
  const board = new Int32Array(new SharedArrayBuffer(4));
  const init: ExitsInit = { handle: engine.handle(), numbers: material.floats, board };
  const other = new Worker(new URL("./death-exits.js", import.meta.url), {
    workerData: init,
    execArgv: [],
  });
  await once(other, "online");
  // More deaths in one place than starts that may fail in a row, and no event tells of one.
  while (Atomics.load(board, 0) === 0) {
    // With a time-out it is not done on this thread alone.
    const sum = engine.reduceSync(material.floats, "sum", { accuracy: "fast", timeout: 60_000 });
    assert.same(sum, material.wants.fast);
  }
  assert.is(Atomics.load(board, 0), 1);
  await once(other, "exit");
  await until(() => engine.stats().deaths >= 8, "the deaths are noticed");
  await flight(engine, material);
  await assertClean(engine, { usedBytes, submitters });
  await engine.close();
});

test("threads that help an owner die while it waits for them", async () => {
  const { worker, handle, material, board } = await owner("waits");
  const engine = attachEngine(handle);
  const words = new Words(engine);
  const submitters = words.submitters();
  worker.postMessage("go on");
  for (const point of [
    POINT_IN_HAND,
    POINT_FOLDED,
    POINT_ARRIVED,
    POINT_RESERVED,
    POINT_PAIR_CLAIMED,
    POINT_CLAIMED,
  ]) {
    const victim = await new Submitter(engine, material).attached();
    words.arm(victim.participant, point, FAULT_STALL);
    victim.begin();
    await until(() => words.hit(victim.participant) === point || victim.hasEnded, "it is hit");
    victim.check();
    await victim.worker.terminate();
    const rounds = Atomics.load(board, 0);
    await until(() => Atomics.load(board, 0) > rounds + 1, "the owner's calls are right");
  }
  await until(() => words.submitters().length === submitters.length, "lines are given back");
  assert.equal(words.submitters(), submitters);
  await flight(engine, material);
  await engine.close();
  await worker.terminate();
});
