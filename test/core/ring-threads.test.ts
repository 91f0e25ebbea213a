// The ring between real threads: every record exactly once, in order per
// producer, whole, with tickets next to every wrap.

import { Worker } from "node:worker_threads";
import { assert, test } from "../harness.js";
import { coreOn, makeRing, newMemory, RING, wasm } from "./core.js";
import type { Role } from "./ring-thread.js";

const TAKEN = 1024;
const DISORDER = 1152;
const BITMAP = 1 << 20;

async function torture(options: {
  producers: number;
  consumers: number;
  capacityLog2: number;
  batch: number;
  start: bigint;
  count: number;
}): Promise<void> {
  const { producers, consumers, capacityLog2, batch, start, count } = options;
  const memory = newMemory(256);
  const core = coreOn(memory);
  makeRing(core, RING, capacityLog2, start);
  const words = new Int32Array(memory.buffer);
  const base: Omit<Role, "role" | "index"> = {
    memory,
    module: wasm,
    ring: RING,
    count,
    producers,
    batch,
    bitmap: BITMAP,
    taken: TAKEN,
    disorder: DISORDER,
  };
  const threads = [
    ...Array.from({ length: consumers }, (_, index) => ({ ...base, role: "consume", index })),
    ...Array.from({ length: producers }, (_, index) => ({ ...base, role: "produce", index })),
  ].map(
    (workerData) =>
      new Promise<void>((resolve, reject) => {
        const worker = new Worker(new URL("./ring-thread.js", import.meta.url), {
          workerData,
          execArgv: [],
        });
        worker.once("error", reject);
        worker.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
      }),
  );
  await Promise.all(threads);
  const seen = words.subarray(BITMAP >> 2, (BITMAP >> 2) + producers * count);
  assert.is(
    seen.findIndex((n) => n !== 1),
    -1,
    "every record exactly once",
  );
  assert.is(words[DISORDER >> 2], 0, "order per producer, records whole");
  assert.is(words[TAKEN >> 2], producers * count);
  assert.is(core.ringIsEmpty(RING), 1, "nothing left");
}

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
