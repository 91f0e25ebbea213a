// Ours, but for Condition: StillCondition of known-bad.ts, as a module that threads of `stress sync`
// import. Its word stands still whoever tells: what ours does with the word would hide that.

import { atomics } from "../../../src/sync/atomics.js";
import { Condition as Good, Mutex } from "../../../src/sync/index.js";
import { StillCondition } from "../../sync/known-bad.js";

type Words = Int32Array<SharedArrayBuffer>;

export * from "../../../src/sync/index.js";
export const Condition = {
  ...Good,
  ...StillCondition,
  broadcast(cond: Words): void {
    atomics.notify(cond, 0);
  },
  timedWait(cond: Words, mutex: Words, threadId: number, timestamp: number): boolean {
    Mutex.unlock(mutex, threadId);
    const why = atomics.wait(cond, 0, 0, Math.max(0, timestamp - Date.now()));
    Mutex.lock(mutex, threadId);
    return why !== "timed-out";
  },
};
