// The program of a worker thread. It stays in the core, which claims, runs and
// parks; it comes out for a task that needs JavaScript, and to end.

import { workerData } from "node:worker_threads";
import { LINE_STATE, RETURN_CLOSED } from "../core/map.js";
import { External } from "./external.js";
import { Shared } from "./shared.js";
import type { WorkerInit } from "./threads.js";

const { memory, module, me, port } = workerData as WorkerInit;
// Read with receiveMessageOnPort only: this thread's event loop does not turn.
port.unref();
const shared = Shared.attach(memory, module);
const external = new External(shared, me, port);
const state = (shared.line(me) + LINE_STATE) >> 2;
Atomics.store(shared.i32s, state, 1);
Atomics.notify(shared.i32s, state);

async function run(): Promise<void> {
  while (shared.core.work(me) !== RETURN_CLOSED) {
    const loading = external.run();
    if (loading !== undefined) await loading;
  }
  port.close();
}

// Not awaited here: V8 11.3 aborts the process if a thread is ended just before a module with a
// top-level await begins, which is what `process.exit` soon after the start does.
void run();
