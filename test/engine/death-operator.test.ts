// Operators that end the threads they run on: their call ends, the engine does not.

import { createEngine, type Engine, RingfoldError } from "../../src/index.js";
import { assert, test } from "../harness.js";
import { EXITS, REJECTS } from "./death-operator.js";
import { assertClean, settled, until, Words } from "./death-support.js";

const OPERATOR = new URL("./death-operator.js", import.meta.url);
const TOTAL = new URL("../fixtures/operators/bigsum.js", import.meta.url);
const N = 400_000;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

for (const at of [0, 123_456, N - 1]) {
  test(`an operator that ends its thread at element ${at} fails its call, which says where`, async () => {
    const x = engine.alloc("float64", N).fill(1);
    const y = engine.alloc("float64", N).fill(2);
    const { usedBytes, deaths } = engine.stats();
    const submitters = new Words(engine).submitters();
    x[at] = EXITS;
    const pending = engine.reduce(x, OPERATOR);
    const others = [engine.reduce(y, OPERATOR), engine.reduce(y, TOTAL)];
    const error = await assert.rejects(settled(pending, "the call"), "ERR_WORKER_DIED");
    assert.instance(error, RingfoldError);
    const [, tries, element] =
      /^(\d+) worker threads ended .*\(element (\d+)\)/.exec(error.message) ?? [];
    assert.is(Number(tries), 8, error.message);
    // The first of the task's elements; a task is an aligned run of blocks.
    const from = Number(element);
    assert.ok(from <= at && at < from + 8 * 8192, error.message);
    assert.equal(await Promise.all(others), [BigInt(N), BigInt(32 * N)]);
    assert.is(engine.stats().deaths - deaths, 8);
    x[at] = 1;
    assert.is(await engine.reduce(x, OPERATOR), BigInt(N));
    await assertClean(engine, { usedBytes, submitters });
    engine.free(x);
    engine.free(y);
  });
}

test("an operator that leaves behind what nobody catches harms no call", async () => {
  const x = engine.alloc("float64", N).fill(1);
  const { usedBytes, deaths } = engine.stats();
  const submitters = new Words(engine).submitters();
  for (const at of [3, 200_000, N - 3]) x[at] = REJECTS;
  for (let i = 0; i < 3; i++) assert.is(await engine.reduce(x, OPERATOR), BigInt(N));
  // A module that is new to the threads has their event loops turn, with a task in hand.
  const fresh = new URL(`../fixtures/operators/bigsum.js?${deaths}`, import.meta.url);
  const y = engine.alloc("float64", N).fill(3);
  assert.is(await engine.reduce(y, fresh), BigInt(243 * N));
  await until(() => engine.stats().deaths > deaths, "a thread died of it");
  engine.free(y);
  await assertClean(engine, { usedBytes, submitters });
  assert.is(await engine.reduce(x, OPERATOR), BigInt(N));
  engine.free(x);
});

test("a call that waits outlives workers that its operator ends, and so does the engine", async () => {
  const x = engine.alloc("float64", N).fill(1);
  const submitters = new Words(engine).submitters();
  // Loaded here as well: this thread takes part, and does not end.
  await engine.reduce(x, OPERATOR);
  x.fill(EXITS);
  const { usedBytes } = engine.stats();
  for (let i = 0; i < 3; i++) {
    try {
      assert.is(engine.reduceSync(x, OPERATOR), BigInt(N));
    } catch (error) {
      assert.is((error as RingfoldError).code, "ERR_WORKER_DIED");
    }
  }
  x.fill(1);
  await assertClean(engine, { usedBytes, submitters });
  assert.is(await engine.reduce(x, OPERATOR), BigInt(N));
  engine.free(x);
});
