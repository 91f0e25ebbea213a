// A process of overdue.test.ts: a call that times out in user code that never ends, and no close.

import { createEngine } from "../../src/index.js";

const STUCK = new URL("../fixtures/operators/stuck.js", import.meta.url);
const engine = await createEngine({ threads: 2, stuckAfter: 100 });
const x = new Float64Array(new SharedArrayBuffer(8 * 100_000));
await engine.reduce(x, STUCK, { timeout: 50 }).catch(({ code }) => console.log(code));
console.log(await engine.reduce(x.fill(1), "sum"));
