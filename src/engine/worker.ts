// The program of a worker thread. It stays in the core, which claims, runs and
// parks; it comes out for a task that needs JavaScript, for a turn of the event loop, and to end.

import { workerData } from "node:worker_threads";
import { LINE_STATE, RETURN_ARM, RETURN_CLOSED, STATE_READY } from "../core/map.js";
import { External } from "./external.js";
import { Liveness } from "./liveness.js";
import { Shared } from "./shared.js";
import type { WorkerInit } from "./threads.js";
import { turn } from "./timers.js";

const { memory, module, me, port } = workerData as WorkerInit;
// Read with receiveMessageOnPort only: nothing here listens to it.
port.unref();
const shared = Shared.attach(memory, module);
shared.me = me;
const external = new External(shared, me, port);
const liveness = new Liveness(shared);
liveness.begin();
const state = (shared.line(me) + LINE_STATE) >> 2;
Atomics.store(shared.i32s, state, STATE_READY);
Atomics.notify(shared.i32s, state);

async function run(): Promise<void> {
  for (;;) {
    const why = shared.core.work(me);
    if (why === RETURN_CLOSED) break;
    // Tokens that were used up are laid out again.
    if (why === RETURN_ARM) await turn();
    else {
      // A task that runs user code may take its time.
      liveness.layOut();
      const loading = external.run();
      if (loading !== undefined) await loading;
    }
  }
  port.close();
}

// Not awaited here: V8 11.3 aborts the process if a thread is ended just before a module with a
// top-level await begins, which is what `process.exit` soon after the start does.
void run();
