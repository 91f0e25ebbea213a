// ringfold/sync: primitives between threads that share memory. Names, arguments and layout are
// those of the npm package atomics-sync 1.0.3 where its documentation gives them, so that code
// written for it runs on these; what differs, and why, is in native-notes.md. Exports only.
//
// Each primitive is a few words of shared memory that `init` makes and `postMessage` or
// `workerData` carry; any thread may call any function on them. Nothing here allocates in them,
// keeps a record elsewhere, or survives the death of a thread that holds one.

export type { BarrierObject } from "./barrier.js";
export * as Barrier from "./barrier.js";
export * as Condition from "./condition.js";
export { DeadlockError, InvalidError, PermissionError } from "./errors.js";
export { INT32_MAX_VALUE, INT32_MIN_VALUE } from "./limits.js";
export * as Mutex from "./mutex.js";
export * as Once from "./once.js";
export * as Semaphore from "./semaphore.js";
export * as SpinLock from "./spinlock.js";
