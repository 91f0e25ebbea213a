// User code that calls the engine that runs it: operators are refused at once, and the outer call goes
// on; callbacks are not within a task, and may call.

import { createEngine, type Engine } from "../../src/index.js";
import { assert, test } from "../harness.js";

const OPERATOR = new URL("../fixtures/operators/calls-back.js", import.meta.url);
const hooked = globalThis as { ringfoldHook?: (place: string) => void };
const LENGTHS = [10, 8193, 20_000];
const ARRAY = new Float64Array(100_000);
const foreign = (n: number) => new Float64Array(new SharedArrayBuffer(8 * n)).fill(2);

/** Every way to call an engine from within an operator. */
const CALLS: Readonly<Record<string, (engine: Engine) => unknown>> = {
  reduceSync: (engine) => engine.reduceSync(ARRAY, "sum"),
  "reduceSync of a small array": (engine) => engine.reduceSync([1, 2], "sum"),
  reduce: (engine) => engine.reduce(ARRAY, "sum"),
  partialSync: (engine) => engine.partialSync([1, 2], "sum"),
  stream: (engine) => engine.stream("float64", "sum"),
  accumulator: (engine) => engine.accumulator("sum"),
};

/** Runs `outer` with `inner` called from each of the operator's functions but `finish`. */
function hooking<T>(inner: () => void, outer: () => T): T {
  hooked.ringfoldHook = (place) => {
    if (place !== "finish") inner();
  };
  try {
    return outer();
  } finally {
    delete hooked.ringfoldHook;
  }
}

test("an operator that calls its engine is refused, at every size, and the engine goes on", async () => {
  // One thread: the calling one runs all tasks by itself.
  await using engine = await createEngine({ threads: 1 });
  for (const [name, call] of Object.entries(CALLS)) {
    for (const n of LENGTHS) {
      for (const schedule of ["blocks", "pairwise"] as const) {
        const refused: unknown[] = [];
        const inner = () => {
          try {
            const value = call(engine);
            if (value instanceof Promise) void value.catch((error) => refused.push(error.code));
            else refused.push("not refused");
          } catch (error) {
            refused.push((error as { code?: string }).code);
          }
        };
        const length = schedule === "pairwise" ? Math.min(n, 1000) : n;
        const total = hooking(inner, () => {
          return engine.reduceSync(foreign(length), OPERATOR, { schedule });
        });
        const about = `${name} in ${schedule} of ${length}`;
        assert.is(total, 2 * length, about);
        await Promise.resolve();
        assert.ok(refused.length > 0, about);
        assert.ok(
          refused.every((code) => code === "ERR_DEADLOCK"),
          `${about}: ${refused[0]}`,
        );
      }
    }
  }
  assert.is(engine.reduceSync(foreign(1_000_000), "sum"), 2_000_000);
});

test("what the operator does not catch ends the outer call, with the same code", async () => {
  await using engine = await createEngine({ threads: 1 });
  for (const n of LENGTHS) {
    hooking(
      () => engine.reduceSync([1, 2], "sum"),
      () => assert.code(() => engine.reduceSync(foreign(n), OPERATOR), "ERR_DEADLOCK"),
    );
    assert.is(engine.reduceSync(foreign(n), OPERATOR), 2 * n);
  }
});

test("merging the states of a stream is a part of it too", async () => {
  await using engine = await createEngine({ threads: 2 });
  const codes: unknown[] = [];
  const inner = () => {
    try {
      engine.reduceSync(foreign(200_000), "sum");
    } catch (error) {
      codes.push((error as { code?: string }).code);
    }
  };
  const n = 600_000;
  hooked.ringfoldHook = (place) => {
    if (place === "combine") inner();
  };
  try {
    assert.is(await engine.reduce(new Float64Array(n).fill(2), OPERATOR), 2 * n);
  } finally {
    delete hooked.ringfoldHook;
  }
  assert.ok(codes.length > 0 && codes.every((code) => code === "ERR_DEADLOCK"), String(codes));
});

test("`finish`, and an operator of another engine, may call", async () => {
  await using engine = await createEngine({ threads: 1 });
  await using other = await createEngine({ threads: 1 });
  for (const n of LENGTHS) {
    let inner = 0;
    hooked.ringfoldHook = (place) => {
      if (place === "finish") inner = engine.reduceSync(foreign(100_000), "sum");
      else if (inner === 0) inner = other.reduceSync(foreign(50_000), "sum");
    };
    try {
      assert.is(engine.reduceSync(foreign(n), OPERATOR), 2 * n);
    } finally {
      delete hooked.ringfoldHook;
    }
    assert.is(inner, 200_000);
  }
});

test("`onProgress` and `onRound` may call their engine, waiting or not", async () => {
  await using engine = await createEngine({ threads: 2 });
  const later: Promise<unknown>[] = [];
  let inner = 0;
  const again = () => {
    // The end of another call may call this meanwhile.
    const value = engine.reduceSync(foreign(100_000), "sum");
    inner += value;
    later.push(engine.reduce(foreign(100_000), "sum"));
  };
  const x = foreign(2_000_000);
  assert.is(engine.reduceSync(x, "sum", { onProgress: again }), 4_000_000);
  assert.is(await engine.reduce(x, "sum", { onProgress: again }), 4_000_000);
  const few = x.subarray(0, 1000);
  assert.is(engine.reduceSync(few, "sum", { schedule: "pairwise", onRound: again }), 2000);
  assert.ok(later.length > 10);
  assert.is(inner, later.length * 200_000);
  assert.equal(new Set(await Promise.all(later)), new Set([200_000]));
});

test("an engine that is closed from within an operator ends the call, and leaves no thread", async () => {
  const engine = await createEngine({ threads: 1 });
  let closed: Promise<void> | undefined;
  const outer = () => {
    hooking(
      () => {
        closed ??= engine.close();
      },
      () => engine.reduceSync(foreign(100_000), OPERATOR),
    );
  };
  assert.code(outer, "ERR_CLOSED");
  await closed;
});
