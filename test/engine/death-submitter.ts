// A thread that tests of death attach to an engine: jobs of all kinds are under way in it, over and
// over, until it is told to stop, or dies.

import { parentPort, workerData } from "node:worker_threads";
import { CONTROL_SUBMITTERS, MAX_WORKERS } from "../../src/core/map.js";
import { attachEngine } from "../../src/index.js";
import { BEGIN, ROUNDS, STOP, type SubmitterInit } from "./death-attached.js";
import { flight, flightNow } from "./death-jobs.js";

const { handle, material, board } = workerData as SubmitterInit;
const words = new BigInt64Array((handle.memory as WebAssembly.Memory).buffer);
const taken = () => Atomics.load(words, CONTROL_SUBMITTERS >> 3);

// Only one thread attaches at a time, so the new bit is ours.
const before = taken();
const engine = attachEngine(handle);
const bit = taken() & ~before;
parentPort?.postMessage(MAX_WORKERS + bit.toString(2).length - 1);
Atomics.wait(board, BEGIN, 0);
// What waits needs the operator's module.
await flight(engine, material);
while (Atomics.load(board, STOP) === 0) {
  const pending = flight(engine, material);
  flightNow(engine, material);
  await pending;
  Atomics.add(board, ROUNDS, 1);
}
await engine.close();
