// A thread of reserved.test.ts: submits tasks again and again, and dies where it is told to.

import { workerData } from "node:worker_threads";
import type { WholeCore } from "./core.js";

export interface Role {
  memory: WebAssembly.Memory;
  /** The checked core. */
  module: WebAssembly.Module;
  me: number;
  job: number;
  /** Tasks 0 … tasks − 1, so many at a time. */
  tasks: number;
  atOnce: number;
}

const { memory, module, me, job, tasks, atOnce } = workerData as Role;
const core = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WholeCore;

// Says who this thread is, for its fault points; there is no answer to wait for.
core.help(me, 0, 0n);
for (let first = 0; first < tasks; first += atOnce) {
  core.submit(me, job, first, Math.min(tasks, first + atOnce));
}
