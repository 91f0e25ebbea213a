// Ours, but for Once: EarlyOnce of known-bad.ts, as a module that threads of `stress sync` import.

import { Once as Good } from "../../../src/sync/index.js";
import { EarlyOnce } from "../../sync/known-bad.js";

export * from "../../../src/sync/index.js";
export const Once = { ...Good, ...EarlyOnce };
