// User code that never ends: the call that is over is over, its workers are ended and replaced, and
// nothing of it stays.

import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createEngine, type Engine } from "../../src/index.js";
import { BEGUN } from "../fixtures/operators/begun.js";
import { assert, test } from "../harness.js";
import { until, Words } from "./death-support.js";

const operator = (name: string) => new URL(`../fixtures/operators/${name}.js`, import.meta.url);
const PROCESS = fileURLToPath(new URL("./overdue-process.js", import.meta.url));
const N = 200_000;
const foreign = () => new Float64Array(new SharedArrayBuffer(8 * N)).fill(2);

/** Each begins work that never ends by itself. */
const WAYS: Readonly<Record<string, (engine: Engine, name: string, limits: object) => unknown>> = {
  "foreign memory": (engine, name, limits) => engine.reduce(foreign(), operator(name), limits),
  "a copied array": (engine, name, limits) =>
    engine.reduce(new Float64Array(N), operator(name), limits),
  "pairwise rounds": (engine, name, limits) =>
    engine.reduce(new Float64Array(N), operator(name), { ...limits, schedule: "pairwise" }),
  "a stream": async (engine, name, limits) => {
    const stream = await engine.stream("float64", operator(name), limits);
    await stream.write(new Float64Array(N));
    return stream.end();
  },
};

/** A worker is in the user code that never ends. */
function hasBegun(engine: Engine): boolean {
  const words = new Words(engine);
  return Array.from({ length: engine.threads }, (_, me) => me).some(
    (me) => words.hit(me) === BEGUN,
  );
}

async function assertUsable(engine: Engine, usedBytes: number, about: string): Promise<void> {
  const x = foreign();
  assert.is(await engine.reduce(x, "sum"), 2 * N, about);
  assert.is(await engine.reduce(x, operator("total")), 2 * N, about);
  assert.is(engine.reduceSync(x, operator("total")), 2 * N, about);
  await until(() => engine.stats().pending === 0 && engine.stats().absent === 0, about);
  // Each worker keeps room to stage foreign buffers in.
  const rooms = engine.stats().usedBytes - usedBytes;
  assert.ok(rooms <= 3 * (16 * 8192 * 8 + 128), `${about}: ${rooms} bytes`);
}

for (const name of ["stuck", "never-loads-there"]) {
  test(`a call that is aborted in ${name}.js leaves its engine usable, whatever kind it is`, async () => {
    for (const [way, begin] of Object.entries(WAYS)) {
      await using engine = await createEngine({ threads: 2, stuckAfter: 100 });
      const { usedBytes } = engine.stats();
      const aborter = new AbortController();
      const call = begin(engine, name, { signal: aborter.signal }) as Promise<unknown>;
      const outcome = call.catch((error: unknown) => error);
      await until(() => hasBegun(engine), "a worker has it");
      const reason = new Error("enough");
      aborter.abort(reason);
      assert.is(await outcome, reason);
      await assertUsable(engine, usedBytes, `${name}, ${way}`);
      assert.ok(engine.stats().deaths > 0, way);
    }
  });
}

test("other calls meanwhile have their values; the death says why", async () => {
  await using engine = await createEngine({ threads: 3, stuckAfter: 100 });
  const causes: unknown[] = [];
  const died = (message: unknown) => causes.push((message as { cause?: unknown }).cause);
  subscribe("ringfold:died", died);
  try {
    const aborter = new AbortController();
    const stuck = engine.reduce(foreign(), operator("stuck"), { signal: aborter.signal });
    const reason = new Error("enough");
    const rejected = stuck.catch((error: unknown) => error);
    await until(() => hasBegun(engine), "it runs");
    aborter.abort(reason);
    assert.is(await rejected, reason);
    const others = Array.from({ length: 20 }, () => engine.reduce(foreign(), operator("total")));
    for (const other of others) assert.is(await other, 2 * N);
    await until(() => engine.stats().pending === 0, "nothing is left of it");
  } finally {
    unsubscribe("ringfold:died", died);
  }
  for (const cause of causes) {
    assert.is((cause as { code?: string }).code, "ERR_USER_OPERATOR");
    assert.match(String(cause), /went on for \d+ ms after its call was over/);
  }
});

test("a call that fails in one block is over, though user code never ends in another", async () => {
  await using engine = await createEngine({ threads: 2, stuckAfter: 100 });
  const x = foreign();
  x[0] = 1;
  x.fill(3, N / 2);
  const error = await assert.rejects(
    engine.reduce(x, operator("throws-or-hangs")),
    "ERR_USER_OPERATOR",
  );
  assert.match(error.message, "1 is refused");
  assert.is(await engine.reduce(foreign(), operator("throws-or-hangs")), 2 * N);
});

test("slow user code whose job nobody stopped is let be, however short the bound", async () => {
  await using engine = await createEngine({ threads: 2, stuckAfter: 1 });
  const start = performance.now();
  // Until some looks of the watch have passed.
  while (performance.now() - start < 2000) {
    assert.is(await engine.reduce(foreign(), operator("slow")), N);
  }
  assert.is(engine.stats().deaths, 0);
});

test("a process whose only call timed out in endless user code ends without `close`", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS]);
  assert.is(stdout, "ERR_TIMEOUT\n100000\n");
});

test("`stuckAfter` is judged", async () => {
  for (const stuckAfter of [0, -1, 1.5, Number.NaN, "1000"]) {
    const options = { threads: 1, stuckAfter } as { threads: number; stuckAfter: number };
    await assert.rejects(createEngine(options), "ERR_OPTION");
  }
});
