// Threads and processes: who keeps whom alive, what is left, what is sent.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { MessagePort, Worker } from "node:worker_threads";
import { attachEngine, createEngine } from "../../src/index.js";
import { assert, test } from "../harness.js";

const library = new URL("../../src/index.js", import.meta.url).href;

/** Runs a program that imports the library; resolves to exit code and output. */
function program(body: string, ...flags: string[]): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const source = `import { createEngine, sum } from ${JSON.stringify(library)};\n${body}`;
    const child = spawn(process.execPath, [...flags, "--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out }));
  });
}

/** Threads of this process that carry a name of ours or the worker's. */
const threads = () => readdirSync("/proc/self/task").length;

test("an engine that has no job does not keep the process alive", async () => {
  const { code, out } = await program(
    `const engine = await createEngine({ threads: 2 });
     engine.reduceSync(engine.alloc("float64", 5_000_000), "sum");
     await engine.reduce(engine.alloc("float64", 5_000_000), "sum");
     await sum([1, 2, 3]);
     console.log("end");`,
  );
  assert.equal({ code, out }, { code: 0, out: "end\n" });
});

test("a pending job does keep it alive", async () => {
  const { code, out } = await program(
    `const engine = await createEngine({ threads: 2 });
     const x = engine.alloc("float64", 30_000_000).fill(1);
     engine.reduce(x, "sum").then((s) => console.log(s));
     engine.reduce(x, "sum", { schedule: "blocks" }).then((s) => console.log(s));`,
  );
  assert.equal({ code, out }, { code: 0, out: "30000000\n30000000\n" });
});

test("a pending start, stream and pairwise job keep it alive too", async () => {
  const { code, out } = await program(
    `createEngine({ threads: 1 }).then(async (engine) => {
       const stream = await engine.stream("float64", "sum");
       stream.write(new Float64Array(1_000_000).fill(1)).then(async () => console.log(await stream.end()));
       engine.reduce(new Float64Array(100_000).fill(1), "sum", { schedule: "pairwise" })
         .then((s) => console.log(s));
     });`,
  );
  assert.equal(
    { code, lines: out.trim().split("\n").sort() },
    { code: 0, lines: ["100000", "1000000"] },
  );
});

test("a stream that nobody ends does not keep it alive", async () => {
  const { code, out } = await program(
    `const engine = await createEngine({ threads: 1 });
     const stream = await engine.stream("float64", "sum");
     await stream.write(new Float64Array(500_000));
     console.log("left");`,
  );
  assert.equal({ code, out }, { code: 0, out: "left\n" });
});

test("a foreign buffer is let go when its user lets it go", async () => {
  const { code, out } = await program(
    `const engine = await createEngine({ threads: 2 });
     const seen = [];
     for (let i = 0; i < 10; i++) {
       const x = new Float64Array(new SharedArrayBuffer(16_000_000)).fill(1);
       if ((await engine.reduce(x, "sum")) !== 2_000_000) throw new Error("wrong");
       if (engine.reduceSync(x, "sum") !== 2_000_000) throw new Error("wrong");
       seen.push(new WeakRef(x.buffer));
     }
     for (let turn = 0; turn < 20; turn++) {
       await new Promise((resolve) => setImmediate(resolve));
       gc();
     }
     console.log(seen.filter((ref) => ref.deref() === undefined).length >= 8);`,
    "--expose-gc",
  );
  assert.equal({ code, out }, { code: 0, out: "true\n" });
});

test("no worker is left after close", async () => {
  // The runtime's own threads for files start with the first use.
  await stat(".");
  const before = threads();
  for (let i = 0; i < 3; i++) {
    const engine = await createEngine({ threads: 3 });
    assert.is(threads(), before + 3, "one thread a worker");
    const x = engine.alloc("float64", 3_000_000);
    const pending = engine.reduce(x, "sum", { schedule: "pairwise" }).catch((e: Error) => e);
    engine.reduceSync(x, "sum");
    await engine.close();
    const ended = await pending;
    assert.ok(ended === 0 || (ended as { code?: string }).code === "ERR_CLOSED", String(ended));
    assert.is(threads(), before, "none is left");
  }
});

test("calls made in the turn in which the engine is closed all end", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 1_000_000);
  const pending = Array.from({ length: 8 }, () =>
    engine.reduce(x, "sum").then(
      (sum) => assert.is(sum, 0),
      (error: { code: string }) => assert.is(error.code, "ERR_CLOSED"),
    ),
  );
  await engine.close();
  await Promise.all(pending);
});

test("a worker stuck in user code does not keep close from ending", async () => {
  const before = threads();
  const engine = await createEngine({ threads: 2 });
  const url = new URL("../fixtures/operators/stuck.js", import.meta.url);
  const pending = engine.reduce(engine.alloc("float64", 100_000), url);
  await new Promise((resolve) => setImmediate(resolve));
  const closing = engine.close();
  await assert.rejects(pending, "ERR_CLOSED");
  await closing;
  assert.is(threads(), before);
});

test("an engine is disposed of at the end of its scope", async () => {
  const before = threads();
  {
    await using engine = await createEngine({ threads: 2 });
    assert.is(engine.reduceSync([1, 2], "sum"), 3);
  }
  assert.is(threads(), before);
});

test("no message is sent for a task or a result", async () => {
  const engine = await createEngine({ threads: 2 });
  await engine.ready();
  const sent: string[] = [];
  const post = MessagePort.prototype.postMessage;
  const postWorker = Worker.prototype.postMessage;
  MessagePort.prototype.postMessage = function (...args: unknown[]) {
    sent.push("port");
    return Reflect.apply(post, this, args);
  };
  Worker.prototype.postMessage = function (...args: unknown[]) {
    sent.push("worker");
    return Reflect.apply(postWorker, this, args);
  };
  let received = 0;
  const emit = MessagePort.prototype.emit;
  MessagePort.prototype.emit = function (...args: unknown[]) {
    received++;
    return Reflect.apply(emit, this, args);
  };
  try {
    const x = engine.alloc("float64", 4_000_000).fill(1);
    for (let i = 0; i < 5; i++) {
      assert.is(engine.reduceSync(x, "sum"), 4_000_000);
      assert.is(await engine.reduce(x, "sum"), 4_000_000);
      assert.is(await engine.reduce(Float64Array.from(x), "sum"), 4_000_000);
      await engine.reduce(x.subarray(0, 9999), "sum", { schedule: "pairwise" });
    }
    const { lines } = engine.stats();
    assert.ok(
      lines.slice(0, 2).every((line) => line.tasks > 0),
      "the workers did work",
    );
    assert.equal(sent, []);
    assert.is(received, 0);
    // A foreign buffer is made known once, and not once a task.
    const foreign = new Float64Array(new SharedArrayBuffer(64_000_000)).fill(1);
    for (let i = 0; i < 3; i++) assert.is(await engine.reduce(foreign, "sum"), 8_000_000);
    assert.equal(sent, ["port", "port"]);
  } finally {
    MessagePort.prototype.postMessage = post;
    Worker.prototype.postMessage = postWorker;
    MessagePort.prototype.emit = emit;
    await engine.close();
  }
});

test("other threads submit to the same engine, and its end ends their calls", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 2_000_000);
  for (let i = 0; i < x.length; i++) x[i] = i % 97;
  const workers = Array.from({ length: 3 }, (_, seed) => {
    const worker = new Worker(new URL("./attach-thread.js", import.meta.url), {
      workerData: { handle: engine.handle(), x, seed },
      execArgv: [],
    });
    return new Promise<{ checked: number; code: string }>((resolve, reject) => {
      worker.once("error", reject);
      worker.on("message", (message: { checked: number; code?: string }) => {
        if (message.code !== undefined) resolve(message as { checked: number; code: string });
        else checked++;
        if (checked === 3) void engine.close();
      });
    });
  });
  let checked = 0;
  for (let i = 0; i < 20; i++) await engine.reduce(x, "sum");
  for (const { code, checked: n } of await Promise.all(workers)) {
    assert.is(code, "ERR_CLOSED");
    assert.ok(n >= 40);
  }
});

test("an attached thread leaves nothing behind when it closes", async () => {
  const engine = await createEngine({ threads: 1 });
  const { usedBytes } = engine.stats();
  for (let i = 0; i < 70; i++) {
    const other = attachEngine(engine.handle());
    assert.is(other.reduceSync([1, 2, 3], "sum"), 6);
    assert.is(await other.reduce(new Float64Array(300_000).fill(1), "sum"), 300_000);
    await other.close();
  }
  assert.is(engine.stats().usedBytes, usedBytes);
  await engine.close();
});

test("a process whose worker died ends by itself", async () => {
  const url = new URL("../fixtures/operators/exits.js", import.meta.url).href;
  const { code, out } = await program(
    `const engine = await createEngine({ threads: 2 });
     const x = engine.alloc("float64", 100_000);
     await engine.reduce(x, new URL(${JSON.stringify(url)})).catch((e) => console.log(e.code));`,
  );
  assert.equal({ code, out }, { code: 0, out: "ERR_WORKER_DIED\n" });
});

test("an operator that ends each of its workers ends its own call only", async () => {
  const before = threads();
  const engine = await createEngine({ threads: 2 });
  const url = new URL("../fixtures/operators/exits.js", import.meta.url);
  for (const [schedule, place] of [
    ["blocks", /while they ran the blocks from \d+ on/],
    ["pairwise", /while they took part in pairwise rounds/],
  ] as const) {
    const pending = engine.reduce(engine.alloc("float64", 100_000), url, { schedule });
    const x = engine.alloc("float64", 1_000_000).fill(1);
    const other = engine.reduce(x, "sum");
    await assert.rejects(pending, "ERR_WORKER_DIED");
    await pending.catch((error: Error) => assert.match(error.message, place));
    assert.is(await other, 1_000_000, "another job does not notice");
  }
  const x = engine.alloc("float64", 1_000_000).fill(1);
  assert.is(await engine.reduce(x, "sum"), 1_000_000);
  assert.ok(engine.stats().deaths >= 8);
  await engine.close();
  assert.is(threads(), before);
});
