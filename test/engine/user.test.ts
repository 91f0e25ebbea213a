// Operators that users write: order, states of all kinds, errors.

import { createEngine, type Engine } from "../../src/index.js";
import * as matrix from "../fixtures/operators/matrix.js";
import { assert, seeded, test } from "../harness.js";

const operator = (name: string) => new URL(`../fixtures/operators/${name}.js`, import.meta.url);

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 3 });
});
test.after(() => engine.close());

test("an associative, non-commutative operator is right on any number of threads", async () => {
  const random = seeded("matrix");
  for (const n of [0, 1, 100, 8192, 8193, 200_000]) {
    const x = Float64Array.from({ length: n }, () => random.int(1000));
    let state = matrix.identity();
    for (const v of x) state = matrix.accumulate(state, v);
    const want = matrix.finish(state);
    for (const threads of [1, 2, 4]) {
      const many = await createEngine({ threads });
      const own = many.share(x);
      assert.is(await many.reduce(own, operator("matrix")), want, `${n} on ${threads}`);
      assert.is(many.reduceSync(own, operator("matrix")), want, `${n} on ${threads}, waiting`);
      await many.close();
    }
  }
});

test("foreign and ordinary memory too, and states beyond 64 bits", async () => {
  const x = Int32Array.from({ length: 150_000 }, (_, i) => i * 7 - 400_000);
  let want = 0n;
  for (const v of x) want += BigInt(v) ** 5n;
  const foreign = new Int32Array(new SharedArrayBuffer(x.byteLength));
  foreign.set(x);
  for (const input of [x, foreign, engine.share(x)]) {
    assert.is(await engine.reduce(input, operator("bigsum")), want);
    assert.is(engine.reduceSync(input, operator("bigsum")), want);
  }
});

test("without identity the first element starts; `accumulate` alone combines too", async () => {
  const x = Float64Array.from({ length: 100_000 }, (_, i) => i + 0.5);
  assert.is(await engine.reduce(x, operator("first")), 0.5);
  assert.is(await engine.reduce(x, operator("last")), 99_999.5);
  assert.is(await engine.reduce(x, operator("last"), { initial: 3 }), 99_999.5);
  assert.is(await engine.reduce(x, operator("first"), { initial: 3 }), 3);
  await assert.rejects(engine.reduce(new Float64Array(0), operator("first")), "ERR_EMPTY");
  assert.is(await engine.reduce(new Float64Array(0), operator("first"), { initial: 9 }), 9);
});

test("the error of the lowest block wins, with its message and its stack", async () => {
  const n = 400_000;
  const x = engine.alloc("float64", n);
  for (let i = 0; i < 12; i++) {
    x.fill(1);
    // Errors in many blocks; only the first in order counts.
    const first = 100_000 + i * 5000;
    for (let at = first; at < n; at += 9000) x[at] = -at;
    const error = (await assert.rejects(
      engine.reduce(x, operator("throws")),
      "ERR_USER_OPERATOR",
    )) as Error;
    assert.is(error.message, `negative: -${first}`);
    assert.match(error.stack ?? "", /throws\.js/);
    assert.is((error.cause as Error).name, "RangeError");
    const now = assert.code(() => engine.reduceSync(x, operator("throws")), "ERR_USER_OPERATOR");
    assert.is((now as Error).message, `negative: -${first}`);
  }
  const plain = Float64Array.from(x);
  const error = await assert.rejects(engine.reduce(plain, operator("throws")), "ERR_USER_OPERATOR");
  assert.is((error as Error).message, "negative: -155000");
  x.fill(2);
  assert.is(await engine.reduce(x, operator("throws")), 2 * n, "the engine is as usable as before");
  engine.free(x);
});

test("what combine and finish throw arrives the same way, from wherever they ran", async () => {
  const x = Float64Array.from({ length: 600_000 }, (_, i) => i);
  const own = engine.share(x);
  for (const [name, says] of [
    ["combine", /cannot combine/],
    ["finish", /cannot finish/],
  ] as const) {
    const url = operator(`throws-in-${name}`);
    for (const input of [x, own]) {
      const error = await assert.rejects(engine.reduce(input, url), "ERR_USER_OPERATOR");
      assert.match((error as Error).message, says);
      assert.match((error as Error).stack ?? "", new RegExp(`throws-in-${name}`));
      assert.code(() => engine.reduceSync(input, url), "ERR_USER_OPERATOR");
    }
    const pairs = { schedule: "pairwise" } as const;
    await assert.rejects(engine.reduce(own.subarray(0, 999), url, pairs), "ERR_USER_OPERATOR");
  }
  engine.free(own);
});

test("whatever user code throws is a coded error, and the engine lives on", async () => {
  for (const kind of [1, 2, 3]) {
    const x = engine.alloc("float64", 50_000).fill(kind);
    const url = operator("throws-anything");
    await assert.rejects(engine.reduce(x, url), "ERR_USER_OPERATOR");
    await assert.rejects(engine.reduce(x.subarray(0, 9), url), "ERR_USER_OPERATOR");
    assert.code(() => engine.reduceSync(x, url), "ERR_USER_OPERATOR");
    const pairs = { schedule: "pairwise" } as const;
    assert.is(await engine.reduce(x.subarray(0, 99), operator("first"), pairs), kind);
    engine.free(x);
  }
  assert.is(engine.stats().pending, 0);
});

test("a state may be null, on every way through the engine", async () => {
  const x = Float64Array.from({ length: 300_000 }, (_, i) => i % 2);
  const own = engine.share(x);
  for (const input of [x, own, own.subarray(0, 100)]) {
    assert.is(await engine.reduce(input, operator("nullish")), null);
    assert.is(engine.reduceSync(input, operator("nullish")), null);
  }
  engine.free(own);
});

test("an error at the first block of a task leaves the tasks before it whole", async () => {
  // Cells keep what earlier jobs left: states of another type, which must never be merged.
  const x = engine.alloc("float64", 400_000).fill(1);
  for (let i = 0; i < 60; i++) {
    await engine.reduce(x, operator("bigsum"));
    const first = 8192 * 8 * (1 + (i % 5));
    for (let at = first; at < x.length; at += 8192) x[at] = -at;
    const error = await assert.rejects(engine.reduce(x, operator("throws")), "ERR_USER_OPERATOR");
    assert.is((error as Error).message, `negative: -${first}`);
    x.fill(1);
  }
  engine.free(x);
});

test("errors leave no memory behind", async () => {
  const x = engine.alloc("float64", 200_000);
  x.fill(-1);
  await assert.rejects(engine.reduce(x, operator("throws")), "ERR_USER_OPERATOR");
  const before = engine.stats().usedBytes;
  for (let i = 0; i < 10; i++) {
    await assert.rejects(engine.reduce(x, operator("throws")), "ERR_USER_OPERATOR");
  }
  assert.is(engine.stats().usedBytes, before);
  engine.free(x);
});

test("a state that outgrows its cell names the size to export", async () => {
  const x = new Float64Array(100_000);
  const error = await assert.rejects(engine.reduce(x, operator("large")), "ERR_STATE_SIZE");
  assert.match((error as Error).message, /stateBytes = \d+/);
});

test("a module that is missing, broken or no operator is refused by name", async () => {
  const x = new Float64Array(10);
  for (const name of ["missing", "empty"]) {
    const error = await assert.rejects(engine.reduce(x, operator(name)), "ERR_USER_OPERATOR");
    assert.match((error as Error).message, new RegExp(`${name}\\.js`));
  }
  assert.is(await engine.reduce(x, "sum"), 0);
});

test("NaN is left out where asked", async () => {
  const x = new Float64Array(50_000).fill(1);
  x[20_000] = Number.NaN;
  assert.is(await engine.reduce(x, operator("throws"), { nan: "skip" }), 49_999);
  assert.same(await engine.reduce(x, operator("throws")), Number.NaN);
});
