// A thread of attached-arrays.test.ts: makes arrays and leaves them.

import { parentPort, workerData } from "node:worker_threads";
import { attachEngine, type EngineHandle } from "../../src/index.js";

const engine = attachEngine(workerData as EngineHandle);
engine.alloc("float64", 1_000_000);
engine.share([1, 2, 3]);
engine.share(Float32Array.of(1, 2, 3));
parentPort?.postMessage("made");
// Until it is terminated.
parentPort?.on("message", () => {});
