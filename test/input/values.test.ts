// Values with nulls into typed arrays, and what libraries make of decimals.

import fc from "fast-check";
import { compact, roundDecimals } from "../../src/input/values.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, fcOptions, test } from "../harness.js";

test("chunks of any length, with nulls or typed, come out in order and without nulls", () => {
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
      const next = compact(dtypeInfo("int8"), chunks);
      for (let at = 0; at < all.length; at += n) {
        const rows = all.slice(at, at + n);
        const values = next(rows.length);
        assert.ok(values instanceof Int8Array);
        assert.equal(
          [...values],
          rows.filter((v) => v !== null),
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
  const wide = [2n ** 63n - 1n, null, -(2n ** 63n)];
  assert.equal([...compact(dtypeInfo("int64"), [wide])(3)], [2n ** 63n - 1n, -(2n ** 63n)]);
  const words = BigUint64Array.of(2n ** 64n - 1n);
  assert.equal([...compact(dtypeInfo("uint64"), [words])(1)], [2n ** 64n - 1n]);
  assert.equal([...compact(dtypeInfo("uint8"), [[true, undefined, false]])(3)], [1, 0]);
});

test("a decimal below 2^50 that is multiplied by a power of ten becomes the nearest float64", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 50) + 1, max: 2 ** 50 - 1 }),
      fc.integer({ min: 1, max: 22 }),
      (n, scale) => {
        const values = Float64Array.of(n * 10 ** -scale, n / 10 ** scale);
        roundDecimals(values, scale);
        const expected = Number(`${n}e-${scale}`);
        assert.equal([...values], [expected, expected]);
      },
    ),
    fcOptions(3000),
  );
  const large = Float64Array.of(2 ** 60 * 0.1, Infinity);
  roundDecimals(large, 1);
  assert.equal([...large], [2 ** 60 * 0.1, Infinity]);
});
