// The gate between real threads: a hand-over that makes both sides park every
// time. A lost wake-up would leave both asleep, and the deadline would tell.

import { Worker } from "node:worker_threads";
import { GATE_EPOCH, GATE_WAITING } from "../../src/core/map.js";
import { assert, test } from "../harness.js";
import { coreOn, newMemory, wasm } from "./core.js";

const GATES = 4096;
const BALL = 8192;

for (const players of [2, 3]) {
  test(`${players} threads hand a ball round 30,000 times, parking for it: no wake-up is lost`, async () => {
    const memory = newMemory();
    const words = new Int32Array(memory.buffer);
    const rounds = 30_000;
    await Promise.all(
      Array.from({ length: players }, (_, me) => {
        const worker = new Worker(new URL("./gate-thread.js", import.meta.url), {
          workerData: { memory, module: wasm, gates: GATES, ball: BALL, me, players, rounds },
          execArgv: [],
        });
        return new Promise<void>((resolve, reject) => {
          worker.once("error", reject);
          worker.once("exit", () => resolve());
        });
      }),
    );
    assert.is(words[BALL >> 2], rounds * players);
    for (let me = 0; me < players; me++) {
      const masks = new BigInt64Array(memory.buffer, GATES + 512 * me + GATE_WAITING, 4);
      assert.equal([...masks], [0n, 0n, 0n, 0n], "nobody waits");
    }
  });
}

test("each of 256 participants has a bit of its own, and clearing it twice does no harm", () => {
  const memory = newMemory();
  const core = coreOn(memory);
  const masks = new BigUint64Array(memory.buffer, GATES + GATE_WAITING, 4);
  for (let p = 0; p < 256; p++) {
    core.gateAnnounce(GATES, p);
    assert.is(masks[p >> 6], 1n << BigInt(p & 63));
    core.gateCancel(GATES, p);
    core.gateCancel(GATES, p);
    assert.equal([...masks], [0n, 0n, 0n, 0n]);
  }
  core.gateAnnounce(GATES, 3);
  core.gateAnnounce(GATES, 200);
  core.gateCancel(GATES, 3);
  assert.equal([...masks], [0n, 0n, 0n, 1n << 8n]);
});

test("a wake with nobody waiting leaves the epoch; with someone it moves it by one", () => {
  const memory = newMemory();
  const core = coreOn(memory);
  const words = new Int32Array(memory.buffer);
  const epoch = () => words[(GATES + GATE_EPOCH) >> 2];
  assert.is(core.gateWake(GATES, 4, 1), 0);
  assert.is(epoch(), 0);
  assert.is(core.gateAnnounce(GATES, 77), 0);
  assert.is(core.gateWake(GATES, 4, 1), 1);
  assert.is(epoch(), 1);
  // Parking at an epoch that has moved comes back at once (1: not equal) and clears the bit.
  assert.is(core.gatePark(GATES, 77, 0, -1n), 1);
  assert.is(core.gateWake(GATES, 4, 1), 0);
  // And one that has not, when its time is over.
  assert.is(core.gatePark(GATES, 77, core.gateAnnounce(GATES, 77), 1000n), 2);
});
