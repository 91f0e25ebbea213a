// A thread of a drill: runs the program that the host names, on the drill's memory. Calls into the
// core are short, since WebAssembly is not replaced by its optimised code while a call runs.

import { parentPort, workerData } from "node:worker_threads";
import { DRILL_STOP } from "../core/drill-map.js";
import { Barrier } from "../sync/index.js";
import type { Order, Task } from "./drill.js";
import { instantiate, now } from "./drill-core.js";

const { module, memory, me } = workerData as {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  me: number;
};
const core = instantiate(module, memory);
const stop = new Int32Array(memory.buffer, DRILL_STOP, 1);

/** Items of one call. */
const CHUNK = 512;
const PARKS = 64;

/** Calls until all items went or the drill stops; how many went. */
function inChunks(items: number, call: (first: number, n: number) => number): number {
  let done = 0;
  while (done < items) {
    const n = Math.min(CHUNK, items - done);
    const went = call(done, n);
    done += went;
    if (went < n || Atomics.load(stop, 0) !== 0) break;
  }
  return done;
}

/** Returns items that a producer put; 0 for others. */
function run(task: Task): number {
  switch (task.program) {
    case "produce": {
      const { at, producer, items, batch, looks } = task;
      const put = inChunks(items, (i, n) => core.produce(me, at, producer, i, n, batch, looks));
      core.finish(me, 1);
      return put;
    }
    case "consume": {
      const { at, map, part, producers, batch, looks } = task;
      while (core.consume(me, at, map, part, producers, batch, looks) === 0);
      break;
    }
    case "pass":
      while (core.pass(me, task.from, task.to, PARKS, task.pause) === 0);
      break;
    case "trickle":
      while (core.trickle(me, task.link, PARKS, task.pause) === 0);
      break;
    case "burst":
      while (core.burst(me, task.link, PARKS, task.most, task.pause) === 0);
      break;
    case "drain":
    case "hold":
      while (core[task.program](me, task.link, PARKS) === 0);
      break;
    case "send": {
      const { link, first, items, every, batch, looks } = task;
      const put = inChunks(items, (i, n) => core.send(me, link, first + i, n, every, batch, looks));
      core.finish(me, 1);
      core.wakeAll(link);
      return put;
    }
    case "sendPaced": {
      const { link, items, period, looks } = task;
      const start = now();
      const put = inChunks(items, (i, n) => core.sendPaced(me, link, i, n, start, period, looks));
      core.finish(me, 1);
      core.wakeAll(link);
      return put;
    }
    case "receive": {
      const { link, batch, producers, looks } = task;
      while (core.receive(me, link, batch, producers, looks) === 0);
      break;
    }
  }
  core.finish(me, 0);
  return 0;
}

parentPort?.on("message", ({ task, start, seed }: Order) => {
  core.seed(seed);
  if (start !== undefined) Barrier.wait(start, me + 1);
  core.begin(me);
  parentPort?.postMessage(run(task));
});
