// The ring between real threads: every record exactly once, in order per
// producer, whole, with tickets next to every wrap.

import { Worker } from "node:worker_threads";
import { assert, test } from "../harness.js";
import { coreOn, makeRing, newMemory, RING, wasm } from "./core.js";
import type { Role } from "./ring-thread.js";

const TAKEN = 1024;
const DISORDER = 1152;
const READY = 1280;
const BITMAP = 1 << 25;

type Shape = Pick<Role, "producers" | "count" | "batch"> & {
  capacityLog2: number;
  start: bigint;
};

/** A ring in a memory of its own, and threads on it that begin together. */
function arena({ producers, count, batch, capacityLog2, start }: Shape) {
  const memory = newMemory(1024);
  const core = coreOn(memory);
  makeRing(core, RING, capacityLog2, start);
  const words = new Int32Array(memory.buffer);
  const run = (roles: Role["role"][]) => {
    words[READY >> 2] = 0;
    let producer = 0;
    return Promise.all(
      roles.map((role, i) => {
        const workerData: Role = {
          memory,
          module: wasm,
          ring: RING,
          role,
          me: i + 1,
          index: role === "produce" ? producer++ : 0,
          count,
          producers,
          batch,
          bitmap: BITMAP,
          taken: TAKEN,
          disorder: DISORDER,
          ready: READY,
          together: roles.length,
        };
        const url = new URL("./ring-thread.js", import.meta.url);
        const worker = new Worker(url, { workerData, execArgv: [] });
        return new Promise<void>((resolve, reject) => {
          worker.once("error", reject);
          worker.once("exit", (c) => (c === 0 ? resolve() : reject(new Error(`exit ${c}`))));
        });
      }),
    );
  };
  const check = () => {
    const seen = words.subarray(BITMAP >> 2, (BITMAP >> 2) + producers * count);
    assert.is(
      seen.findIndex((n) => n !== 1),
      -1,
      "every record exactly once",
    );
    assert.is(words[DISORDER >> 2], 0, "order per producer, records whole");
    assert.is(words[TAKEN >> 2], producers * count);
    assert.is(core.ringIsEmpty(RING), 1, "nothing left");
  };
  return { core, words, run, check };
}

async function torture(shape: Shape & { consumers: number }): Promise<void> {
  const { run, check } = arena(shape);
  const consumers = Array<Role["role"]>(shape.consumers).fill("consume");
  await run([...consumers, ...Array<Role["role"]>(shape.producers).fill("produce")]);
  check();
}

for (const batch of [1, 5]) {
  test(`two producers fill a ring together, two consumers drain it by ${batch}`, async () => {
    // Only one side at a time, so that both of its threads are at the same word all the while.
    const shape = { producers: 2, count: 1 << 16, batch, capacityLog2: 17, start: 2n ** 32n - 9n };
    const { core, run, check } = arena(shape);
    await run(["produce", "produce"]);
    assert.is(core.ringSize(RING), 2n ** 17n);
    assert.is(core.ringReserve(0, RING), -1n, "strictly full");
    await run(["consume", "consume"]);
    check();
  });
}

test("while a consumer stands before its release, reserve waits and does not say full", async () => {
  const { core, words, run } = arena({
    producers: 1,
    count: 1,
    batch: 1,
    capacityLog2: 1,
    start: 0n,
  });
  for (const t of [0n, 1n]) {
    core.ringReserve(0, RING);
    core.ringPublish(RING, t);
  }
  assert.is(core.ringClaim(0, RING, 1), 1);
  const reserving = run(["reserve"]);
  // Long enough for a wrong answer to arrive; the right one cannot before the release.
  while (Atomics.load(words, READY >> 2) === 0) await new Promise((r) => setImmediate(r));
  for (const end = performance.now() + 50; performance.now() < end; ) {
    assert.is(Atomics.load(words, TAKEN >> 2), 0, "no answer yet");
  }
  core.ringRelease(RING, 0n);
  await reserving;
  assert.is(words[TAKEN >> 2], 3, "ticket 2 and one");
});

const shapes = [
  { producers: 1, consumers: 1 },
  { producers: 2, consumers: 1 },
  { producers: 1, consumers: 2 },
  { producers: 2, consumers: 2 },
];

for (const shape of shapes) {
  for (const capacityLog2 of [1, 2, 6]) {
    const name = `${shape.producers}P${shape.consumers}C, capacity ${2 ** capacityLog2}`;
    test(`${name}: exactly once, in order`, () =>
      torture({ ...shape, capacityLog2, batch: 1 + (capacityLog2 % 4), start: 0n, count: 20_000 }));
  }
}

for (const [name, start] of [
  ["2^31", 2n ** 31n - 5000n],
  ["2^32", 2n ** 32n - 5000n],
  ["2^53", 2n ** 53n - 5000n],
] as const) {
  test(`2P2C with tickets over ${name}: exactly once, in order`, () =>
    torture({ producers: 2, consumers: 2, capacityLog2: 3, batch: 4, start, count: 20_000 }));
}
