// Values with nulls into typed arrays.

import fc from "fast-check";
import { compact, partsOf } from "../../src/input/values.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, fcOptions, test } from "../harness.js";

test("chunks of any length, with nulls or typed, come out in order, and nulls as their rows", () => {
  const value = fc.option(fc.integer({ min: -128, max: 127 }));
  const plain = fc.array(value, { maxLength: 20 });
  const typed = fc.array(fc.integer({ min: -128, max: 127 }), { maxLength: 20 });
  const chunk = fc.oneof(
    plain,
    typed.map((values) => Int32Array.from(values)),
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (chunks, n) => {
      const all = chunks.flatMap((values) => [...values]);
      const next = partsOf({ dtype: dtypeInfo("int8") }, chunks);
      for (let at = 0; at < all.length; at += n) {
        const rows = all.slice(at, at + n);
        const { values, nulls } = next(rows.length);
        assert.ok(values instanceof Int8Array);
        assert.equal(
          [...values],
          rows.filter((v) => v !== null),
        );
        assert.equal(
          [...nulls],
          [...rows.keys()].filter((i) => rows[i] === null),
        );
      }
      assert.throws(
        () => next(1),
        (error: unknown) => error instanceof RangeError,
      );
    }),
    fcOptions(300),
  );
});

test("64-bit integers stay exact, and bools are 0 and 1", () => {
  const of = (dtype: "int64" | "uint64" | "uint8", chunk: ArrayLike<unknown>) =>
    [...partsOf({ dtype: dtypeInfo(dtype) }, [chunk])(chunk.length).values] as unknown[];
  assert.equal(of("int64", [2n ** 63n - 1n, null, -(2n ** 63n)]), [2n ** 63n - 1n, -(2n ** 63n)]);
  assert.equal(of("uint64", BigUint64Array.of(2n ** 64n - 1n)), [2n ** 64n - 1n]);
  assert.equal(of("uint8", [true, undefined, false]), [1, 0]);
});

test("typed chunks of bigints go into a list of decimals one by one", () => {
  const out: unknown[] = [];
  const next = compact([BigInt64Array.of(3n, -(2n ** 62n)), [null, 5]]);
  assert.equal(next(4, out), { n: 3, nulls: Uint32Array.of(2) });
  assert.equal(out, [3n, -(2n ** 62n), 5]);
});
