// Attaches to an engine and has more calls under way than there are job entries, until told.

import { parentPort, workerData } from "node:worker_threads";
import { attachEngine, type EngineHandle } from "../../src/index.js";

const { handle, x } = workerData as {
  handle: EngineHandle;
  x: Float64Array<SharedArrayBuffer>;
};
const engine = attachEngine(handle);
let isEnough = false;
parentPort?.once("message", () => {
  isEnough = true;
});

async function again(): Promise<void> {
  while (!isEnough) {
    if ((await engine.reduce(x, "sum", { schedule: "pairwise" })) !== 100_000) {
      throw new Error("a wrong sum");
    }
  }
}

async function run(): Promise<void> {
  const all = Promise.all(Array.from({ length: 200 }, again));
  // All entries are taken, and calls wait.
  while (engine.stats().pending < 64) await new Promise((resolve) => setImmediate(resolve));
  parentPort?.postMessage("full");
  await all;
  await engine.close();
}

void run();
