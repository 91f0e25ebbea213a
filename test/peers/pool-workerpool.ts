// The worker of workerpool: functions by name.

import { workerData } from "node:worker_threads";
import { worker } from "workerpool";
import { type Chunk, runChunk } from "./pool-chunk.js";

worker({ run: (chunk: Chunk | undefined) => runChunk(workerData as Float64Array | null, chunk) });
