// What ends a call before its result, whenever it comes and of whatever kind the call and the
// signal are; and that nothing of it is left.

import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { createEngine, type Engine, type ReduceOptions, sum } from "../../src/index.js";
import { assert, test } from "../harness.js";

const operator = (name: string) => new URL(`../fixtures/operators/${name}.js`, import.meta.url);
const reason = new Error("changed my mind");

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

async function quiet(): Promise<void> {
  while (engine.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve));
}

type Begin = (options: ReduceOptions) => Promise<unknown>;

/** Every way to reduce without blocking: the size says whether it stays on this thread. */
function kinds(file: number): Record<string, Begin> {
  const large = engine.alloc("float64", 2_000_000).fill(1);
  const small = large.subarray(0, 100);
  const own = new Float64Array(1_000_000).fill(1);
  const foreign = new Float64Array(new SharedArrayBuffer(8_000_000)).fill(1);
  const pieces = [
    { kind: "file", path: "ones", fd: file, offset: 0, length: 100_000, swap: false },
  ] as const;
  return {
    "one that stays": (o) => engine.reduce(small, "sum", o),
    "on the workers": (o) => engine.reduce(large, "sum", o),
    "an array that is copied in": (o) => engine.reduce(own, "sum", o),
    "a small one of those": (o) => engine.reduce(own.subarray(0, 10), "sum", o),
    "a plain array": (o) => engine.reduce([1, 2, 3], "sum", o),
    "two inputs": (o) => engine.reduce([own, own], "dot", o),
    "foreign memory": (o) => engine.reduce(foreign, "sum", o),
    pairwise: (o) => engine.reduce(own, "sum", { ...o, schedule: "pairwise" }),
    "pairwise, in place": (o) => engine.reduce(large, "sum", { ...o, schedule: "pairwise" }),
    "an operator": (o) => engine.reduce(large, operator("throws"), o),
    "an operator, small": (o) => engine.reduce(small, operator("throws"), o),
    "an operator that is copied to": (o) => engine.reduce(own, operator("throws"), o),
    "an operator, pairwise": (o) =>
      engine.reduce(own, operator("throws"), { ...o, schedule: "pairwise" }),
    "a state": ({ signal }) => engine.partial(large, "sum", signal && { signal }),
    "a small state": ({ signal }) => engine.partial(small, "sum", signal && { signal }),
    pieces: (o) => engine.reducePieces("float64", pieces, "sum", o),
    "a state of pieces": ({ signal }) =>
      engine.partialPieces("float64", pieces, "sum", signal && { signal }),
    "opening a stream": (o) => engine.stream("float64", "sum", o),
    "opening a stream of an operator": (o) => engine.stream("float64", operator("throws"), o),
    "opening a stream for a state": ({ signal }) =>
      engine.partialStream("float64", "sum", signal && { signal }),
    "a one-shot function": (o) => sum(own, o),
  };
}

async function withFile(body: (file: number) => Promise<void>): Promise<void> {
  const path = join(tmpdir(), `ringfold-calls-${process.pid}`);
  const file = openSync(path, "w+");
  try {
    writeSync(file, new Float64Array(100_000).fill(1));
    await body(file);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

test("an abort in the tick of the call ends it, whatever it is", async () => {
  await withFile(async (file) => {
    const all = kinds(file);
    for (let round = 0; round < 3; round++) {
      for (const [name, begin] of Object.entries(all)) {
        const controller = new AbortController();
        const pending = begin({ signal: controller.signal });
        controller.abort(reason);
        const got = await pending.then(
          () => "fulfilled",
          (error: unknown) => error,
        );
        assert.is(got, reason, `${name}: ${String(got)}`);
      }
      await quiet();
    }
  });
});

test("aborts do not use anything up: each call after them still has its value", async () => {
  await withFile(async (file) => {
    const all = kinds(file);
    await all["an array that is copied in"]?.({});
    await quiet();
    const { usedBytes } = engine.stats();
    for (let round = 0; round < 70; round++) {
      const { signal } = new AbortController();
      const aborted = new AbortController();
      const pending = Object.entries(all)
        .filter(([name]) => !name.startsWith("opening"))
        .map(([, begin]) => begin({ signal: aborted.signal }).catch(() => {}));
      aborted.abort(reason);
      await Promise.all(pending);
      if (round % 10 === 0) assert.is(await all["pairwise"]?.({ signal }), 1_000_000);
    }
    await quiet();
    assert.is(engine.stats().usedBytes, usedBytes);
  });
});

test("an abort, a time-out and close end the wait for a module that never loads", async () => {
  const url = operator("never-loads");
  const x = engine.alloc("float64", 100_000);
  const begin: Record<string, (options: ReduceOptions) => Promise<unknown>> = {
    reduce: (o) => engine.reduce(x, url, o),
    "reduce of few": (o) => engine.reduce([1, 2], url, o),
    stream: (o) => engine.stream("float64", url, o),
    pieces: (o) => engine.reducePieces("float64", [], url, o),
  };
  for (const [name, call] of Object.entries(begin)) {
    const controller = new AbortController();
    const pending = call({ signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    assert.is(await pending.catch((error: unknown) => error), reason, name);
    await assert.rejects(call({ timeout: 5 }), "ERR_TIMEOUT");
  }
  const other = await createEngine({ threads: 1 });
  const calls = [other.reduce(x.slice(), url), other.stream("float64", url)];
  const rejected = Promise.all(calls.map((call) => assert.rejects(call, "ERR_CLOSED")));
  await other.close();
  await rejected;
});

test("a time-out counts from the call: the wait for others is part of it", async () => {
  const slow = operator("slow");
  await engine.reduce([1], slow);
  const x = engine.alloc("float64", 500_000).fill(1);
  // As many as the table holds and more, each of which takes its time.
  const busy = Array.from({ length: 80 }, () =>
    engine.reduce(x, slow, { timeout: 300 }).catch((error: { code?: string }) => error.code),
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(engine.stats().pending, 64, "all entries are taken");
  const copied = new Float64Array(1_000_000);
  const late = [
    engine.reduce(x, "sum", { timeout: 1 }),
    engine.reduce(copied, "sum", { timeout: 1 }),
    engine.reduce(copied, "sum", { timeout: 1, schedule: "pairwise" }),
  ].map((call) => assert.rejects(call, "ERR_TIMEOUT"));
  await Promise.all(late);
  for (const code of await Promise.all(busy)) assert.ok(code === "ERR_TIMEOUT" || code === 500_000);
  await quiet();
  assert.is(await engine.reduce(x, "sum"), 500_000);
});

test("reduceSync ends by an abort from its own callbacks and operators", async () => {
  const x = engine.alloc("float64", 2_000_000).fill(1);
  for (const input of [x, x.subarray(0, 10), new Float64Array(2_000_000)]) {
    for (const operators of ["sum", operator("throws")] as const) {
      await engine.reduce([1], operator("throws"));
      const controller = new AbortController();
      const { signal } = controller;
      const onProgress = () => controller.abort(reason);
      assert.throws(
        () => engine.reduceSync(input, operators, { signal, onProgress }),
        (error: unknown) => error === reason,
      );
      const again = new AbortController();
      const pending = engine.reduce(input, operators, {
        signal: again.signal,
        onProgress: () => again.abort(reason),
      });
      assert.is(await pending.catch((error: unknown) => error), reason);
    }
  }
  await quiet();
  assert.is(engine.reduceSync(x, "sum"), 2_000_000);
});

// --- signals of other makes -----------------------------------------------------------

/** As a library makes one that implements the DOM in JavaScript. */
class Target {
  readonly listeners = new Set<() => void>();
  aborted = false;
  reason: unknown;
  addEventListener(_: "abort", listener: () => void): void {
    this.listeners.add(listener);
  }
  removeEventListener(_: "abort", listener: () => void): void {
    this.listeners.delete(listener);
  }
  abort(why: unknown): void {
    this.aborted = true;
    this.reason = why;
    for (const listener of [...this.listeners]) listener();
  }
}

test("signals that are not this runtime's own end calls like those that are", async () => {
  const x = engine.alloc("float64", 3_000_000).fill(1);
  const foreign: unknown = runInContext(
    "(() => { const listeners = new Set(); return { aborted: false, reason: undefined," +
      "addEventListener(type, f) { listeners.add(f); }, removeEventListener(type, f) { listeners.delete(f); }," +
      "abort(why) { this.aborted = true; this.reason = why; for (const f of [...listeners]) f({ type: 'abort' }); }," +
      "get listeners() { return listeners; } }; })",
    createContext({}),
  );
  for (const make of [() => new Target(), foreign as () => Target]) {
    for (let i = 0; i < 70; i++) {
      const target = make();
      const signal = target as unknown as AbortSignal;
      const call =
        i % 2 === 0 ? engine.reduce(x, "sum", { signal }) : sum(x.slice(0, 9), { signal });
      if (i % 3 === 0) target.abort(reason);
      const got = await call.catch((error: unknown) => error);
      assert.is(got, i % 3 === 0 ? reason : i % 2 === 0 ? 3_000_000 : 9);
      assert.is(target.listeners.size, 0, "nobody listens any more");
    }
  }
  const old = new Target();
  old.abort(undefined);
  const signal = old as unknown as AbortSignal;
  const error = await engine.reduce(x, "sum", { signal }).catch((e: unknown) => e);
  assert.is((error as Error).name, "AbortError", "an old signal has no reason");
  for (const odd of [{}, { aborted: false }, new AbortController(), "signal", 1, null]) {
    const options = { signal: odd as AbortSignal };
    await assert.rejects(engine.reduce(x, "sum", options), "ERR_OPTION");
    assert.code(() => engine.reduceSync(x, "sum", options), "ERR_OPTION");
  }
  await quiet();
  engine.free(x);
});

test("a signal that throws, or lies, takes nothing with it", async () => {
  const x = engine.alloc("float64", 1_000_000).fill(1);
  const copied = new Float64Array(1_000_000).fill(1);
  const boom = new Error("boom");
  const throws = () => {
    throw boom;
  };
  await engine.reduce(copied, "sum");
  await quiet();
  const { usedBytes } = engine.stats();
  for (let i = 0; i < 70; i++) {
    const bad = Object.assign(new Target(), { addEventListener: throws });
    const sticky = Object.assign(new Target(), { removeEventListener: throws });
    const eager = Object.assign(new Target(), {
      addEventListener: (_: string, listener: () => void) => {
        Object.assign(eager, { aborted: true, reason });
        listener();
        listener();
      },
    });
    const deaf = Object.assign(new Target(), { addEventListener: () => {} });
    const calls: [Target, unknown][] = [
      [bad, boom],
      [sticky, 1_000_000],
      [eager, reason],
      [deaf, reason],
    ];
    for (const [target, want] of calls) {
      const options = { signal: target as unknown as AbortSignal };
      const begun = [x, copied].map((input) =>
        engine.reduce(input, "sum", options).catch((e: unknown) => e),
      );
      if (target === deaf) target.abort(reason);
      assert.equal(await Promise.all(begun), [want, want]);
      const stream = await engine.stream("float64", "sum", options).catch((e: unknown) => e);
      if (target === sticky) (stream as { abort(why: unknown): void }).abort(boom);
      else assert.is(stream, want);
    }
  }
  await quiet();
  assert.is(engine.stats().usedBytes, usedBytes);
  assert.is(await engine.reduce(x, "sum"), 1_000_000);
});
