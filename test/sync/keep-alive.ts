// A program of async.test.ts: awaits a mutex that a thread holds which does not keep Node alive.

import { Worker } from "node:worker_threads";
import { Mutex, Semaphore } from "../../src/sync/index.js";
import type { Task } from "./thread.js";

const [lock, cond, sem] = [Mutex.init(), Semaphore.init(0), Semaphore.init(0)];
const task: Partial<Task> = { kind: "hold", me: 9, lock, cond, sem };
const worker = new Worker(new URL("./thread.js", import.meta.url), {
  workerData: task,
  execArgv: [],
});
worker.unref();
Semaphore.wait(cond);
const locked = Mutex.lockAsync(lock, 1);
// The holder lets go once the loop has come round and found nothing else to do.
setImmediate(() => setTimeout(() => Semaphore.post(sem), 20).unref());
await locked;
console.log("locked");
