// Threads that submit to an engine die with jobs of every kind under way: others do not notice, and
// nothing of the dead is left.

import { FAULT_STALL, POINT_CELL_DONE, POINT_EPOCH, POINT_PUBLISHED } from "../../src/core/map.js";
import { attachEngine, createEngine, type Engine } from "../../src/index.js";
import { MODULES } from "../../src/stress/index.js";
import { assert, seeded, test } from "../harness.js";
import { Submitter } from "./death-attached.js";
import { flight, flightNow, type Material, makeMaterial } from "./death-jobs.js";
import { assertClean, COMMON_POINTS, pause, until, Words } from "./death-support.js";

/** An engine, its owner warm, and another thread that submits to it all the while. */
async function scene(body: (engine: Engine, material: Material) => Promise<number>): Promise<void> {
  const engine = await createEngine({ threads: 2, core: MODULES.checked });
  try {
    const material = makeMaterial(engine, seeded("death"));
    await flight(engine, material);
    flightNow(engine, material);
    const words = new Words(engine);
    const { usedBytes } = engine.stats();
    const submitters = words.submitters();
    const companion = await new Submitter(engine, material).attached();
    companion.begin();
    const dead = await body(engine, material);
    const { rounds } = companion;
    await until(() => companion.rounds > rounds + 1, "the other thread's jobs are right");
    await companion.stop();
    await assertClean(engine, { usedBytes, submitters });
    assert.is(engine.stats().deaths, dead, "no other thread died");
    // All lines are to be had: 63 beside the owner's.
    const all = Array.from({ length: 63 }, () => attachEngine(engine.handle()));
    assert.code(() => attachEngine(engine.handle()), "ERR_OPTION");
    await flight(all[62] as Engine, material);
    await Promise.all(all.map((other) => other.close()));
    await assertClean(engine, { usedBytes, submitters });
  } finally {
    await engine.close();
  }
}

test("threads that are terminated with jobs of all kinds under way leave nothing behind", async () => {
  const random = seeded("terminated");
  await scene(async (engine, material) => {
    for (let turn = 0; turn < 2; turn++) {
      const victims: Submitter[] = [];
      for (let i = 0; i < 3; i++) victims.push(await new Submitter(engine, material).attached());
      for (const victim of victims) victim.begin();
      for (const victim of victims) {
        await until(() => victim.rounds > 0, "a thread's jobs are right");
        await pause(random.int(10));
        const pending = flight(engine, material);
        await victim.worker.terminate();
        victim.check();
        await pending;
      }
    }
    return 6;
  });
});

/** Where a thread that submits passes, by itself or as it helps. */
const POINTS: readonly number[] = [...COMMON_POINTS, POINT_PUBLISHED, POINT_EPOCH, POINT_CELL_DONE];

test("threads that die at every point that one that submits passes leave nothing behind", async () => {
  const random = seeded("struck");
  const points = [...POINTS];
  for (let i = points.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [points[i], points[j]] = [points[j] as number, points[i] as number];
  }
  await scene(async (engine, material) => {
    const words = new Words(engine);
    while (points.length > 0) {
      const victims = new Map<Submitter, number>();
      for (const point of points.splice(0, 6)) {
        const victim = await new Submitter(engine, material).attached();
        words.arm(victim.participant, point, FAULT_STALL, random.pick([0, 0, 1, 5]));
        victims.set(victim, point);
      }
      for (const victim of victims.keys()) victim.begin();
      // One that stands still and lives holds others up: its end comes as soon as it is hit.
      const ends = [...victims].map(async ([victim, point]) => {
        const isHit = () => words.hit(victim.participant) === point;
        await until(() => isHit() || victim.hasEnded, `a thread passes point ${point}`);
        victim.check();
        await victim.worker.terminate();
      });
      for (let over = false; !over; ) {
        await flight(engine, material);
        over = await Promise.race([Promise.all(ends).then(() => true), pause().then(() => false)]);
      }
      flightNow(engine, material);
    }
    return POINTS.length;
  });
});
