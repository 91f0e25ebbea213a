// How an engine starts: calls that come before its workers are there, workers that cannot start, and
// what it measures in the background. Nothing here is a stand-in: the system refuses threads, heaps
// are too small to start in.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ResourceLimits, Worker } from "node:worker_threads";
import { createEngine, type Engine } from "../../src/index.js";
import { assert, type CodedError, test } from "../harness.js";
import { settled, until } from "./death-support.js";
import { program } from "./program.js";

const REWRITTEN = fileURLToPath(new URL("./rewritten-url.js", import.meta.url));
const LENGTH = 1_000_000;
const OPERATOR = new URL("../fixtures/operators/matrix.js", import.meta.url);

/** What keeps every worker from starting. */
const REFUSALS: Readonly<Record<string, ResourceLimits>> = {
  // No system has addresses for such a stack: it makes no thread.
  "no thread can be made": { stackSizeMb: 2 ** 30 },
  "no worker's heap is large enough": { maxOldGenerationSizeMb: 1 },
};

async function callsThatWait(engine: Engine, x: Float64Array): Promise<Promise<unknown>[]> {
  const stream = await engine.stream("float64", "sum");
  return [
    engine.reduce(x, "sum"),
    engine.reduce(x, "sum", { schedule: "pairwise" }),
    engine.reduce(x, OPERATOR),
    engine.reduce(new Float64Array(new SharedArrayBuffer(8 * LENGTH)), "sum"),
    engine.reduce(new Float64Array(LENGTH), "sum"),
    stream.write(new Float64Array(4 * LENGTH)).then(() => stream.end()),
  ];
}

for (const [why, resourceLimits] of Object.entries(REFUSALS)) {
  test(`${why}: calls end with ERR_START, and those that need no worker with their value`, async () => {
    const engine = await createEngine({ threads: 2, resourceLimits });
    const x = engine.alloc("float64", LENGTH).fill(1);
    assert.is(engine.reduceSync(x, "sum"), LENGTH);
    assert.is(engine.reduceSync(x, "sum", { schedule: "pairwise" }), LENGTH);
    assert.is(await engine.reduce([1, 2], "sum"), 3);
    const ends = (await callsThatWait(engine, x)).map((call) =>
      call.then(
        () => "a value",
        (error: CodedError) => error.code,
      ),
    );
    for (const end of ends) assert.is(await settled(end, "a call"), "ERR_START");
    await settled(engine.ready(), "ready");
    await assert.rejects(engine.reduce(x, "sum"), "ERR_START");
    await settled(engine.close(), "close");
  });
}

test("however little memory there is, an engine is refused or its calls end", async () => {
  const ends = new Set<string>();
  const foreign = new Float64Array(new SharedArrayBuffer(800_000)).fill(1);
  // From too little for the tables, past too little for the workers, to enough.
  for (let kib = 5_000; kib < 8_500; kib += 100) {
    const engine = await createEngine({ threads: 4, maxBytes: kib * 1024 }).catch(
      (error: CodedError) => error.code,
    );
    if (typeof engine === "object") {
      const end = engine.reduce(foreign, "sum").catch((error: CodedError) => error.code);
      ends.add(String(await settled(end, `${kib} KiB`)));
      await engine.close();
    } else ends.add(`refused: ${engine}`);
  }
  assert.equal([...ends].sort(), ["100000", "ERR_MEMORY", "refused: ERR_MEMORY"]);
});

test("an engine that has no memory to measure with does not try at every call", async () => {
  const engine = await createEngine({ threads: 2, maxBytes: 2 ** 24 });
  const x = engine.alloc("float64", 16_384).fill(1);
  for (let length = 2 ** 20; length > 8; ) {
    try {
      engine.alloc("float64", length);
    } catch {
      length >>= 1;
    }
  }
  await engine.ready();
  const tasks = () => engine.stats().lines.reduce((n, line) => n + line.tasks, 0);
  const before = tasks();
  for (let i = 0; i < 100; i++) assert.is(engine.reduceSync(x, "sum"), x.length);
  // Two blocks a call; a measurement makes more than a hundred round trips.
  assert.ok(tasks() - before < 100 * 10, `${tasks() - before} tasks`);
  assert.equal(engine.stats().jobs, 100);
  await engine.close();
});

test("what is measured counts as nobody's job and keeps no memory", async () => {
  const engine = await createEngine({ threads: 2 });
  const { usedBytes } = engine.stats();
  await engine.ready();
  const { jobs, inline, pending, usedBytes: after, crossover } = engine.stats();
  assert.equal(
    { jobs, inline, pending, after },
    { jobs: 0, inline: 0, pending: 0, after: usedBytes },
  );
  assert.ok(crossover.awake <= crossover.parked);
  await engine.close();
});

test("a place that was given up is taken once a worker can be started again", async () => {
  const engine = await createEngine({ threads: 2 });
  await engine.ready();
  let left = 3;
  const see = (worker: Worker) => {
    if (left-- > 0) void worker.terminate();
  };
  process.on("worker", see);
  try {
    await engine.terminate(0);
    await until(() => left <= 0, "starts fail");
    assert.is(await engine.reduce(new Float64Array(LENGTH).fill(1), "sum"), LENGTH);
    await until(() => engine.stats().absent === 0, "another joins");
    assert.is(engine.stats().deaths, 4);
  } finally {
    process.off("worker", see);
  }
  await engine.close();
});

const OPENING = `const OPERATOR = ${JSON.stringify(OPERATOR.href)};`;

const PROGRAMS: Readonly<Record<string, readonly [body: string, out: string]>> = {
  "whose small sum needs no worker does not wait for them": [
    `const engine = await createEngine({ threads: 3 });
     console.log(engine.reduceSync([1, 2], "sum"), process.getActiveResourcesInfo().includes("Timeout"));
     process.on("exit", () => console.log(engine.stats().lines.every((line) => line.parks === 0)));`,
    "3 false\ntrue\n",
  ],
  "that waits for its workers only does so": [
    `const engine = await createEngine({ threads: 2 });
     await engine.ready();
     console.log(engine.stats().absent);`,
    "0\n",
  ],
  "in which no thread can be made ends by itself": [
    `const engine = await createEngine({ threads: 2, resourceLimits: { stackSizeMb: 2 ** 30 } });
     console.log(await engine.reduce(engine.alloc("float64", 1_000_000), "sum").catch((e) => e.code));`,
    "ERR_START\n",
  ],
  // The calling thread cannot run the other thread's tasks, and hears of no worker's end.
  "that waits, with another thread's tasks before its own and no worker, computes alone": [
    `const engine = await createEngine({ threads: 2, resourceLimits: { maxOldGenerationSizeMb: 1 } });
     const x = engine.alloc("float64", 1_000_000).fill(1);
     const board = new Int32Array(new SharedArrayBuffer(4));
     const worker = new Worker(\`
       const { parentPort, workerData: { library, operator, handle, x, board } } = require("node:worker_threads");
       import(library).then(async ({ attachEngine }) => {
         const engine = attachEngine(handle);
         const end = engine.reduce(x, new URL(operator)).catch((error) => error.code);
         const look = setInterval(() => {
           if (engine.stats().pending === 0) return;
           clearInterval(look);
           Atomics.store(board, 0, 1);
           Atomics.notify(board, 0);
         }, 1);
         parentPort.postMessage(await end);
       });\`, { eval: true, execArgv: [], workerData: { library: LIBRARY, operator: OPERATOR, handle: engine.handle(), x, board } });
     Atomics.wait(board, 0, 0);
     console.log(engine.reduceSync(x, "sum"));
     console.log((await once(worker, "message"))[0]);
     await worker.terminate();`,
    "1000000\nERR_CLOSED\n",
  ],
};

for (const [name, [body, out]] of Object.entries(PROGRAMS)) {
  test(`a process ${name}`, async () => {
    assert.equal(await program(OPENING, body), { code: 0, out });
  });
}

test("workers are found where a tool has made an address of a page's server of their file", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [REWRITTEN]);
  assert.is(stdout, "1000000 0\n");
});
