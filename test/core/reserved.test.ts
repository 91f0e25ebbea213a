// Threads that die with several tickets reserved: what they published is there, the rest are
// tombstones, and others go on. On the checked core, without an engine; this thread is the owner.

import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import {
  CONTROL_THREADS,
  CONTROL_WORKERS,
  FAULT_TRAP,
  INTENT_RESERVE,
  JOB_EPOCH,
  JOB_SIZE,
  JOBS,
  LINE_FAULT,
  LINE_FAULT_HIT,
  LINE_FAULT_SKIP,
  LINE_INTENT,
  LINE_RESULTS,
  LINE_SIZE,
  LINE_STATE,
  LINES,
  POINT_FILLED,
  POINT_PUBLISHED,
  POINT_RESERVE,
  POINT_RESERVED,
  RECORD_JOB,
  RECORD_TASK,
  RECOVER_AGAIN,
  RECOVER_DONE,
  RING_SIZE,
  RING_TAIL,
  SLOT_SHIFT,
  STATE_DEAD,
  STATE_READY,
  TASK_RING,
  TASK_SLOTS,
  TOMBSTONE,
} from "../../src/core/map.js";
import { assert, seeded, test } from "../harness.js";
import { coreOn, newMemory } from "./core.js";
import type { Role } from "./reserved-thread.js";

const checked = new WebAssembly.Module(
  readFileSync(new URL("../../src/core/checked.wasm", import.meta.url)),
);

const OWNER = 256;
const VICTIM = 257;
const CONSUMER = 0;
const JOB = 3;

/** A task ring without workers, whose next ticket is `start`. */
function taskRing(capacityLog2: number, start: bigint) {
  const memory = newMemory(256);
  const core = coreOn(memory, checked);
  const words = new Int32Array(memory.buffer);
  const longs = new BigInt64Array(memory.buffer);
  const line = (me: number, field: number) => LINES + me * LINE_SIZE + field;
  core.ringInit(TASK_RING, TASK_SLOTS, capacityLog2, SLOT_SHIFT, start, 2 ** capacityLog2);
  words[CONTROL_WORKERS >> 2] = 1;
  words[CONTROL_THREADS >> 2] = 1;
  for (let k = 0; k < 4; k++) {
    const me = OWNER + k;
    const results = (1 << 23) + k * 4096;
    core.ringInit(results, results + RING_SIZE, 1, SLOT_SHIFT, 0n, 2);
    words[line(me, LINE_RESULTS) >> 2] = results;
    words[(JOBS + (JOB + k) * JOB_SIZE + JOB_EPOCH) >> 2] = 9;
  }
  /** Has a thread submit tasks; true if it died, at the point that was armed. */
  const run = async (me: number, tasks: number, atOnce: number, point = 0, skip = 0) => {
    words[line(me, LINE_STATE) >> 2] = STATE_READY;
    words[line(me, LINE_FAULT_HIT) >> 2] = 0;
    words[line(me, LINE_FAULT_SKIP) >> 2] = skip;
    words[line(me, LINE_FAULT) >> 2] = (point << 8) | FAULT_TRAP;
    const job = JOB + me - OWNER;
    const workerData: Role = { memory, module: checked, me, job, tasks, atOnce };
    const url = new URL("./reserved-thread.js", import.meta.url);
    const worker = new Worker(url, { workerData, execArgv: [] });
    let error: unknown;
    worker.on("error", (thrown) => {
      error = thrown;
    });
    await new Promise((resolve) => worker.once("exit", resolve));
    const died = Atomics.load(words, line(me, LINE_FAULT_HIT) >> 2) !== 0;
    if (error !== undefined && !died) throw error;
    if (died) Atomics.store(words, line(me, LINE_STATE) >> 2, STATE_DEAD);
    return died;
  };
  /** Takes what is there: job and task of each, "tombstone" for tombstones. */
  const drain = () => {
    const taken: (readonly [number, number] | "tombstone")[] = [];
    while (true) {
      const n = core.ringClaim(CONSUMER, TASK_RING, 5);
      if (n === 0) return taken;
      const first = core.claimedTicket();
      for (let i = 0n; i < n; i++) {
        const at = core.ringPayload(TASK_RING, first + i);
        const job = words[(at + RECORD_JOB) >> 2] as number;
        const task = words[(at + RECORD_TASK) >> 2] as number;
        taken.push(job === TOMBSTONE ? "tombstone" : [job, task]);
      }
      core.ringReleaseMany(TASK_RING, first, n);
    }
  };
  const tail = () => Atomics.load(longs, (TASK_RING + RING_TAIL) >> 3);
  const setIntent = (me: number, first: bigint, n: number) => {
    const what =
      (BigInt(TASK_RING) << 32n) | (BigInt(INTENT_RESERVE) << 37n) | (BigInt(n - 1) << 32n);
    Atomics.store(
      longs,
      line(me, LINE_INTENT) >> 3,
      n === 0 ? 0n : what | BigInt.asUintN(32, first),
    );
  };
  return { core, run, drain, tail, setIntent };
}

const tasks = (job: number, first: number, end: number) =>
  Array.from({ length: end - first }, (_, i) => [job, first + i] as const);
const tombstones = (n: number) => Array<"tombstone">(n).fill("tombstone");

const START = 2n ** 32n - 20n;

const deaths = [
  ["before it has any of 20", POINT_RESERVE, 0, []],
  ["with 20 reserved", POINT_RESERVED, 0, tombstones(20)],
  ["with 7 of 20 filled", POINT_FILLED, 6, tombstones(20)],
  ["with 6 of 20 published", POINT_PUBLISHED, 5, [...tombstones(14), ...tasks(JOB + 1, 14, 20)]],
  [
    "with all of 20 published but the first",
    POINT_PUBLISHED,
    18,
    [...tombstones(1), ...tasks(JOB + 1, 1, 20)],
  ],
] as const;

for (const [when, point, skip, left] of deaths) {
  test(`a submitter that dies ${when} leaves tasks or tombstones, and others go on`, async () => {
    const { core, run, drain, tail } = taskRing(6, START);
    assert.ok(await run(VICTIM, 20, 20, point, skip), "it died where it should");
    assert.is(tail(), START + (point === POINT_RESERVE ? 0n : 20n));
    assert.equal(drain(), [], "nobody sees what is published behind what is not");
    // Others publish behind it before anybody knows.
    core.submit(OWNER, JOB, 0, 10);
    assert.is(core.recover(OWNER, VICTIM), RECOVER_DONE);
    assert.equal(drain(), [...left, ...tasks(JOB, 0, 10)]);
    // The ring is whole: it takes as many as ever, some laps long.
    for (let lap = 0; lap < 3; lap++) {
      core.submit(OWNER, JOB, 0, 64);
      assert.is(core.ringReserveMany(OWNER, TASK_RING, 1), 0, "full");
      assert.equal(drain(), tasks(JOB, 0, 64));
    }
  });
}

test("of 40 tasks the first 32 are published when their thread dies over the other 8", async () => {
  const { core, run, drain } = taskRing(6, START);
  assert.ok(await run(VICTIM, 40, 40, POINT_RESERVED, 1));
  assert.is(core.recover(OWNER, VICTIM), RECOVER_DONE);
  assert.equal(drain(), [...tasks(JOB + 1, 0, 32), ...tombstones(8)]);
});

test("tickets that a living thread may have are left until it is through, and no other", async () => {
  const { core, run, drain, setIntent } = taskRing(5, START);
  assert.ok(await run(VICTIM, 20, 20, POINT_FILLED, 9));
  // As if a third thread stood between a failed compare-exchange and its retraction.
  setIntent(258, START + 4n, 3);
  assert.is(core.recover(OWNER, VICTIM), RECOVER_AGAIN);
  assert.equal(drain(), tombstones(4));
  // Slots of the first four go on to the next lap meanwhile.
  core.submit(OWNER, JOB, 0, 16);
  assert.is(core.recover(OWNER, VICTIM), RECOVER_AGAIN);
  assert.equal(drain(), []);
  setIntent(258, 0n, 0);
  assert.is(core.recover(OWNER, VICTIM), RECOVER_DONE);
  assert.equal(drain(), [...tombstones(16), ...tasks(JOB, 0, 16)]);
});

test("what two others submit arrives once and in order while a third dies again and again", async () => {
  const random = seeded();
  const count = 3000;
  const { core, run, drain, tail } = taskRing(4, START);
  const taken: ReturnType<typeof drain> = [];
  let deathsSeen = 0;
  const dies = async () => {
    const point = random.pick([POINT_RESERVE, POINT_RESERVED, POINT_FILLED, POINT_PUBLISHED]);
    if (!(await run(VICTIM, 100, 12, point, random.int(8)))) return;
    deathsSeen++;
    for (let n = 0; core.recover(OWNER, VICTIM) === RECOVER_AGAIN; n++) {
      assert.ok(n < 10_000, "recovery comes to an end");
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const dying = (async () => {
    for (let i = 0; i < 8; i++) await dies();
  })();
  let over = false;
  const all = Promise.all([run(258, count, 7), run(259, count, 50), dying]).finally(() => {
    over = true;
  });
  while (!over) {
    taken.push(...drain());
    await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  taken.push(...drain());
  assert.is(BigInt(taken.length), tail() - START, "each ticket is a task or a tombstone");
  for (const k of [2, 3]) {
    const own = taken.filter((one) => one !== "tombstone" && one[0] === JOB + k);
    assert.equal(own, tasks(JOB + k, 0, count));
  }
  assert.ok(deathsSeen > 0);
});
