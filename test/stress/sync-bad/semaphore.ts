// Ours, but for Semaphore: EdgeSemaphore of known-bad.ts, as a module that threads of `stress sync` import.

import { Semaphore as Good } from "../../../src/sync/index.js";
import { EdgeSemaphore } from "../../sync/known-bad.js";

export * from "../../../src/sync/index.js";
export const Semaphore = { ...Good, ...EdgeSemaphore };
