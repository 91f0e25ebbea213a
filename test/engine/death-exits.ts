// A thread that attaches to an engine and has its workers end, until its call is given up.

import { workerData } from "node:worker_threads";
import { attachEngine, type EngineHandle } from "../../src/index.js";

export interface ExitsInit {
  readonly handle: EngineHandle;
  readonly numbers: Float64Array;
  /** 1 once the call was given up; −1 if it ended in another way. */
  readonly board: Int32Array<SharedArrayBuffer>;
}

const OPERATOR = new URL("../fixtures/operators/exits.js", import.meta.url);
const { handle, numbers, board } = workerData as ExitsInit;
const engine = attachEngine(handle);
const code = await engine.reduce(numbers, OPERATOR).catch((error: { code: string }) => error.code);
Atomics.store(board, 0, code === "ERR_WORKER_DIED" ? 1 : -1);
await engine.close();
