// Decimals, against digits: a number written out is rounded once by the runtime, and sums of
// bigints are what they are.

import fc from "fast-check";
import { DecimalSums, integerAt, nearestOf } from "../../src/operators/decimal.js";
import { ratio, rootOfRatio } from "../../src/operators/number.js";
import { assert, fcOptions, test } from "../harness.js";

const big = (bits: number) =>
  fc.bigInt({ min: -(1n << BigInt(bits)), max: (1n << BigInt(bits)) - 1n });
/** Of all sizes, numbers as well as bigints. */
const unscaled = fc.oneof(
  fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: -1000, max: 1000 }),
  big(63),
  big(127),
  big(255),
);

test("a decimal is the nearest float64, whatever its digits and its scale", () => {
  fc.assert(
    fc.property(fc.array(unscaled), fc.integer({ min: 0, max: 80 }), (values, scale) => {
      const expected = values.map((n) => Number(`${n}e${-scale}`) + 0);
      assert.equal([...nearestOf(values, scale)], expected);
    }),
    fcOptions(3000),
  );
});

test("two's complement of any width, in either order of bytes, is its integer", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.bigInt(), (width, any) => {
      const value = BigInt.asIntN(8 * width, any);
      const bytes = Uint8Array.from({ length: width + 2 }, (_, i) =>
        Number(BigInt.asUintN(8, value >> BigInt(8 * Math.max(i - 1, 0)))),
      );
      for (const bigEndian of [false, true]) {
        const part = bytes.slice(1, 1 + width);
        const own = Uint8Array.of(7, ...(bigEndian ? part.reverse() : part), 9);
        const found = integerAt(own, 1, width, bigEndian);
        assert.is(BigInt(found), value);
        assert.is(typeof found, Number.isSafeInteger(Number(value)) ? "number" : "bigint");
      }
    }),
    fcOptions(3000),
  );
  assert.is(integerAt(new Uint8Array(0), 0, 0, true), 0);
});

test("sums over decimals of several scales, and what is made of them, are rounded once", () => {
  const batch = fc.record({
    unscaled: fc.array(unscaled, { minLength: 1, maxLength: 30 }),
    scale: fc.integer({ min: 0, max: 40 }),
  });
  const names = ["sum", "mean", "l1", "sumSquares", "l2", "variance", "sampleStd"];
  fc.assert(
    fc.property(
      fc.array(batch, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (batches, single) => {
        const sums = new DecimalSums(names);
        for (const one of batches) sums.add(one);
        // All as integers at one scale.
        const places = 40;
        const all = batches.flatMap(({ unscaled: ns, scale }) =>
          ns.map((n) => BigInt(n) * 10n ** BigInt(places - scale)),
        );
        const den = 10n ** BigInt(places);
        const n = BigInt(all.length);
        const sum = all.reduce((s, x) => s + x, 0n);
        const abs = all.reduce((s, x) => s + (x < 0n ? -x : x), 0n);
        const squares = all.reduce((s, x) => s + x * x, 0n);
        const spread = n * squares - sum * sum;
        const value = (name: string) => sums.value(name, undefined, single);
        assert.is(value("sum"), ratio(sum, den, 0, single));
        assert.is(
          sums.value("sum", 0.1, false),
          ratio(sum * 2n ** 55n + 3602879701896397n * den, den * 2n ** 55n),
        );
        assert.is(value("mean"), ratio(sum, den * n, 0, single));
        assert.is(value("l1"), ratio(abs, den, 0, single));
        assert.is(value("sumSquares"), ratio(squares, den * den, 0, single));
        assert.is(value("l2"), rootOfRatio(squares, den * den, 0, single));
        assert.is(value("variance"), ratio(spread, n * n * den * den, 0, single));
        const sample = n === 1n ? NaN : rootOfRatio(spread, n * (n - 1n) * den * den, 0, single);
        assert.equal(value("sampleStd"), sample);
        assert.is(value("min"), undefined);
      },
    ),
    fcOptions(500),
  );
});

test("of no decimals there is no value", () => {
  const sums = new DecimalSums(["sum"]);
  sums.add({ unscaled: [], scale: 3 });
  assert.is(sums.value("sum", undefined, false), undefined);
});
