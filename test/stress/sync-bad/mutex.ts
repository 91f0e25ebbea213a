// Ours, but for Mutex: LateMutex of known-bad.ts, as a module that threads of `stress sync` import.

import { Mutex as Good } from "../../../src/sync/index.js";
import { LateMutex } from "../../sync/known-bad.js";

export * from "../../../src/sync/index.js";
export const Mutex = { ...Good, ...LateMutex };
