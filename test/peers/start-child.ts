// A fresh process for start.ts: starts what its argument names, takes one small sum from it, and
// prints the sum and the milliseconds from the start, not counting the loading of any library.

import { Worker } from "node:worker_threads";
import { fill } from "./loops.js";
import { pools } from "./pool.js";

const LENGTH = 1000;
const [, , name = "", version] = process.argv;
const data = new Float64Array(new SharedArrayBuffer(LENGTH * 8));
fill(data);

function tell(sum: number, start: number): void {
  const ms = performance.now() - start;
  process.stdout.write(`${JSON.stringify({ sum, ms })}\n`, () => process.exit());
}

async function ofEngine(): Promise<void> {
  const { createEngine } = await import("../../src/index.js");
  const start = performance.now();
  const engine = await createEngine({ threads: 2 });
  const sum = (await engine.reduce(engine.share(data), "sum")) as number;
  if (version === "ready") await engine.ready();
  tell(sum, start);
}

async function ofPool(): Promise<void> {
  await import(name.split(",")[0] as string);
  const start = performance.now();
  const pool = await (pools[name] as (typeof pools)[string])(2, data);
  tell(await pool.run({ loop: "simple", from: 0, end: LENGTH }), start);
}

/** What Node takes to start two threads that do nothing but tell that they are there. */
async function ofWorkers(): Promise<void> {
  const start = performance.now();
  const source = 'require("node:worker_threads").parentPort.postMessage(1)';
  const there = () =>
    new Promise((resolve) =>
      new Worker(source, { eval: true, execArgv: [] }).once("message", resolve),
    );
  await Promise.all([there(), there()]);
  tell(
    data.reduce((a, b) => a + b),
    start,
  );
}

if (name === "ringfold") await ofEngine();
else if (name === "workers") await ofWorkers();
else await ofPool();
