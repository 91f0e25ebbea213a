// A thread of life.test.ts: submits to an engine that another thread owns, until that closes it.

import { parentPort, workerData } from "node:worker_threads";
import { attachEngine, type EngineHandle } from "../../src/index.js";

const { handle, x, seed } = workerData as { handle: EngineHandle; x: Float64Array; seed: number };
const engine = attachEngine(handle);
let checked = 0;

function check(got: unknown, from: number): void {
  let want = 0;
  for (let i = from; i < x.length; i++) want += i % 97;
  if (got !== want) throw new Error(`from ${from}: expected ${want}, got ${String(got)}`);
  checked++;
}

try {
  for (let i = 0; ; i++) {
    const from = (seed * 1009 + i * 7919) % 1_000_000;
    check(engine.reduceSync(x.subarray(from), "sum"), from);
    check(await engine.reduce(x.subarray(from), "sum"), from);
    // Its own arrays live in the same memory; ordinary ones are copied in.
    const own = engine.share(x.subarray(from));
    check(await engine.reduce(own, "sum"), from);
    engine.free(own);
    check(await engine.reduce(Float64Array.from(x.subarray(from)), "sum"), from);
    if (i === 10) parentPort?.postMessage({ checked });
  }
} catch (error) {
  const code = (error as { code?: string }).code;
  if (code !== "ERR_CLOSED") throw error;
  parentPort?.postMessage({ checked, code });
}
await engine.close();
