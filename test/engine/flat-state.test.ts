// States of user operators as bytes: what comes out is what the structured clone gives.

import fc from "fast-check";
import { createEngine } from "../../src/index.js";
import { readFlat, writeFlat } from "../../src/operators/flat-state.js";
import { assert, fcOptions, test } from "../harness.js";

const view = new DataView(new SharedArrayBuffer(4096));

/** What was written, or undefined where that is another's business. */
function through(state: unknown, at = 8): unknown {
  const size = writeFlat(state, view, at);
  assert.ok(size === 0 || at + size <= view.byteLength);
  return size === 0 ? undefined : readFlat(view, at);
}

const numbers = fc.double();
const keys = fc.oneof(fc.string(), fc.constantFrom("", "n", "7", "__proto__", "a\0b", "ж", "ÿ"));

test("objects and arrays of numbers come out as they went in, in the order of their keys", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.dictionary(keys, numbers), fc.array(numbers), fc.dictionary(keys, fc.anything())),
      (state) => {
        const got = through(state);
        if (got === undefined) return;
        const want = structuredClone(state) as object;
        assert.equal(got, want);
        assert.equal(Object.keys(got as object), Object.keys(want));
        for (const [i, x] of Object.values(want).entries())
          assert.same(Object.values(got as object)[i], x);
      },
    ),
    fcOptions(2000),
  );
  assert.equal(through({ n: 1, sum: -0 }), { n: 1, sum: -0 });
  assert.equal(through([1, 2, 3]), [1, 2, 3]);
  assert.equal(through([]), []);
});

test("other states, and those without room, are left to the structured clone", () => {
  const sparse = new Array(2);
  sparse[1] = 1;
  const extra = Object.assign(sparse.slice(), { foo: 2 });
  for (const state of [
    ...[1, 1n, "a", null, undefined, true, {}, extra, sparse, ["a"], { n: "1" }, { n: 1n }],
    ...[new Map(), new Date(0), new Float64Array(3), Object.create(null), { n: { m: 1 } }],
    ...[JSON.parse('{"__proto__":1}'), { "a\0b": 1 }, { ж: 1 }],
  ]) {
    assert.is(writeFlat(state, view, 8), 0);
  }
  assert.is(writeFlat({ n: 1 }, view, 4096 - 12), 0);
  assert.is(writeFlat({ n: 1 }, view, 4096 - 13), 13);
});

test("a pairwise operator whose states are objects of several shapes", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.share(Float64Array.from({ length: 20_001 }, (_, i) => i % 97));
  const url = new URL("../peers/cliffs-operator.js", import.meta.url);
  const total = x.reduce((a, b) => a + b, 0);
  assert.is(await engine.reduce(x, url, { schedule: "pairwise" }), total / x.length);
  assert.is(await engine.reduce(x, url), total / x.length);
  await engine.close();
});
