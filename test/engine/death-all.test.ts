// All workers die at once, or as the engine starts or ends, or none can be started any more: every
// call ends, no thread is left, and the process ends by itself.

import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Worker } from "node:worker_threads";
import { createEngine, type Engine } from "../../src/index.js";
import { assert, type CodedError, seeded, test } from "../harness.js";
import { Submitter } from "./death-attached.js";
import { KINDS, type Kind, type Material, makeMaterial, start } from "./death-jobs.js";
import { assertClean, pause, settled, until, Words } from "./death-support.js";
import { program } from "./program.js";

const random = seeded("all die");
/** Threads of this process. The runtime's own for files start with the first use. */
const threads = () => readdirSync("/proc/self/task").length;
test.before(() => stat("."));

/** Some turns of the event loop. */
async function turns(most: number): Promise<void> {
  for (let n = random.int(most); n > 0; n--) await new Promise((resolve) => setImmediate(resolve));
}

const ALL: readonly Kind[] = [...new Set<Kind>([...KINDS, "pairwise"])];

/** Calls of several kinds; each gives the right value, or ends with one of `codes`. */
async function calls(
  engine: Engine,
  material: Material,
  kinds: readonly Kind[],
  ...codes: string[]
): Promise<void> {
  const ends = kinds.map((kind) =>
    start(engine, material, kind).catch((error: CodedError) => error.code ?? error),
  );
  for (const [i, end] of ends.entries()) {
    const kind = kinds[i] as Kind;
    const got = await settled(end, kind);
    if (!codes.includes(got as string)) assert.same(got, material.wants[kind], kind);
  }
}

/** Has `body` see each worker of an engine that is started meanwhile. */
async function watching<T>(see: (worker: Worker) => void, body: () => Promise<T>): Promise<T> {
  process.on("worker", see);
  try {
    return await body();
  } finally {
    process.off("worker", see);
  }
}

test("all workers die at once, again and again: values are right, all are replaced", async () => {
  const before = threads();
  const engine = await createEngine({ threads: 3 });
  const material = makeMaterial(engine, random);
  await calls(engine, material, ALL);
  const { usedBytes } = engine.stats();
  const submitters = new Words(engine).submitters();
  for (let turn = 0; turn < 6; turn++) {
    const pending = calls(engine, material, ALL);
    await turns(40);
    await Promise.all([0, 1, 2].map((me) => engine.terminate(me)));
    // Once more, some of those that have just come.
    if (turn % 2 === 1) await Promise.all([0, 1].map((me) => engine.terminate(me)));
    await pending;
    // A place is given up after three starts in a row that came to nothing.
    await until(() => engine.stats().absent === 0, "replacements join");
  }
  await assertClean(engine, { usedBytes, submitters });
  assert.ok(engine.stats().deaths >= 18);
  await engine.close();
  await until(() => threads() === before, "no thread is left");
});

test("an engine is closed while its workers die and others come: calls end, no thread is left", async () => {
  const before = threads();
  for (let i = 0; i < 4; i++) {
    const engine = await createEngine({ threads: 2 });
    const material = makeMaterial(engine, random);
    const pending = calls(engine, material, ALL, "ERR_CLOSED");
    await turns(20);
    const dead = Promise.all([engine.terminate(0), engine.terminate(1)]);
    if (i % 2 === 0) await dead;
    await turns(20);
    await settled(engine.close(), "close");
    await pending;
    await until(() => threads() === before, "no thread is left");
  }
});

test("a worker that dies as the engine starts is replaced, and no call sees it", async () => {
  const before = threads();
  for (const delay of [-1, 0, 5, 10, 15, 20, 30]) {
    let died = 0;
    const engine = await watching(
      (worker) => {
        if (died > 0) return;
        died++;
        if (delay < 0) void worker.terminate();
        else setTimeout(() => void worker.terminate(), delay);
      },
      async () => {
        const engine = await createEngine({ threads: 2 });
        await pause();
        return engine;
      },
    );
    const material = makeMaterial(engine, random);
    await calls(engine, material, ALL);
    await until(() => engine.stats().deaths === died, "the death is noticed");
    await until(() => engine.stats().absent === 0, "a replacement joins");
    assert.is(died, 1);
    await engine.close();
    await until(() => threads() === before, "no thread is left");
  }
});

test("workers die and none can be started: all calls end, of other threads as well", async () => {
  const before = threads();
  const engine = await createEngine({ threads: 2 });
  const material = makeMaterial(engine, random);
  const other = await new Submitter(engine, material).attached();
  other.begin();
  await until(() => other.rounds > 0, "another thread's jobs are right");
  await watching(
    (worker) => void worker.terminate(),
    async () => {
      const pending = calls(engine, material, KINDS, "ERR_WORKER_DIED");
      await Promise.all([engine.terminate(0), engine.terminate(1)]);
      await pending;
      await until(() => engine.hasFailed, "it is noticed");
    },
  );
  await assert.rejects(engine.reduce(material.floats, "sum"), "ERR_WORKER_DIED");
  assert.code(() => engine.reduceSync(material.floats, "sum"), "ERR_WORKER_DIED");
  await until(() => other.hasEnded, "the other thread's calls end");
  assert.throws(
    () => other.check(),
    (error: CodedError) => error.code === "ERR_CLOSED",
  );
  await engine.close();
  await until(() => threads() === before, "no thread is left");
});

const OPENING = `const OWNER = new URL(${JSON.stringify(new URL("./death-owner.js", import.meta.url).href)});`;

const PROGRAMS: Readonly<Record<string, readonly [body: string, out: string]>> = {
  "whose workers all died": [
    `const engine = await createEngine({ threads: 2 });
     const x = engine.alloc("float64", 3_000_000).fill(1);
     const sum = engine.reduce(x, "sum");
     await Promise.all([engine.terminate(0), engine.terminate(1)]);
     console.log(await sum);`,
    "3000000\n",
  ],
  "that closes its engine in the midst of a recovery": [
    `const engine = await createEngine({ threads: 2 });
     await Promise.all([engine.terminate(0), engine.terminate(1)]);
     await engine.close();
     console.log("closed");`,
    "closed\n",
  ],
  "in which no worker can be started any more": [
    `const engine = await createEngine({ threads: 2 });
     await engine.ready();
     const x = engine.alloc("float64", 3_000_000).fill(1);
     process.on("worker", (worker) => worker.terminate());
     engine.terminate(0);
     engine.terminate(1);
     // One that is awaited, and one that nobody hears.
     engine.reduce(x, "sum", { schedule: "pairwise" }).catch((e) => console.log(e.code));`,
    "ERR_WORKER_DIED\n",
  ],
  "in which no worker could ever be started": [
    `process.on("worker", (worker) => worker.terminate());
     const engine = await createEngine({ threads: 2 });
     const x = engine.alloc("float64", 3_000_000).fill(1);
     engine.reduce(x, "sum").catch((e) => console.log(e.code));`,
    "ERR_START\n",
  ],
  "whose engine's owner was terminated": [
    `const board = new Int32Array(new SharedArrayBuffer(4));
     const worker = new Worker(OWNER, { workerData: { doing: "reduces", board }, execArgv: [] });
     const [{ handle, material }] = await once(worker, "message");
     const engine = attachEngine(handle);
     worker.postMessage("go on");
     const stream = await engine.stream("float64", "sum");
     await worker.terminate();
     const calls = [engine.reduce(material.floats, "sum"), stream.write(material.foreign).then(() => stream.end())];
     for (const call of await Promise.allSettled(calls)) console.log(call.reason?.code);`,
    "ERR_CLOSED\nERR_CLOSED\n",
  ],
};

for (const [name, [body, out]] of Object.entries(PROGRAMS)) {
  test(`a process ${name} ends by itself`, async () => {
    assert.equal(await program(OPENING, body), { code: 0, out });
  });
}
