// Stretches of 8 to 64 blocks are read in two places at once: whatever is special in one of their
// halves, and wherever they begin and end, the result is that of an oracle.

import { BLOCK } from "../../src/core/map.js";
import { createEngine, type OperatorName } from "../../src/index.js";
import type { Dtype, TypedArray } from "../../src/operators/dtype.js";
import { exactly } from "../exact.js";
import { assert, seeded, test } from "../harness.js";
import { expected, randomArray } from "../oracle.js";

const random = seeded("stretches");
/** One thread takes all blocks as one task, two take them as several. */
const engines = [await createEngine({ threads: 1 }), await createEngine({ threads: 2 })];
test.after(async () => {
  for (const engine of engines) await engine.close();
});

/** Below and beyond whole stretches, and the first ones of each length. */
const LENGTHS = [7, 8, 12, 24, 72].map((blocks) => blocks * BLOCK);
const FAST = { accuracy: "fast" } as const;

for (const dtype of ["float64", "float32", "int32", "uint32", "int64", "int8"] as const) {
  test(`${dtype}: sums and extrema of whole stretches and of what is left`, () => {
    const all = randomArray(dtype, (LENGTHS.at(-1) as number) + 5, random, false);
    for (const engine of engines) {
      const x = engine.share(all as Float64Array);
      for (const length of LENGTHS) {
        const n = length + random.int(6);
        for (const op of ["sum", "mean", "min", "max"] as const) {
          const isSum = op === "sum" || op === "mean";
          const options = isSum && dtype.startsWith("float") ? FAST : {};
          const got = engine.reduceSync(x.subarray(0, n), op, options);
          assert.same(got, expected(op, all.subarray(0, n), dtype), `${op} of ${n}`);
        }
      }
      engine.free(x);
    }
  });
}

/** A value, and which of the operators below it decides alone. */
const SPECIALS = [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 1e300, -1e-300];

for (const dtype of ["float64", "float32"] as const) {
  test(`${dtype}: what is special in either half decides as it does anywhere`, () => {
    const n = 16 * BLOCK;
    const plain = dtype === "float64" ? new Float64Array(n) : new Float32Array(n);
    for (let i = 0; i < n; i++) plain[i] = 1 + random.next();
    for (const half of [0, 1]) {
      for (const special of SPECIALS) {
        const data = plain.slice();
        data[half * (n / 2) + random.int(n / 2)] = special;
        for (const sign of [1, -1]) {
          if (sign < 0) for (let i = 0; i < n; i++) data[i] = -(data[i] as number);
          check(data, dtype, ["min", "max"], (op) => expected(op, data, dtype));
          check(data, dtype, ["sum", "sumAbs"], (op) => exactly(op as "sum", data));
        }
      }
    }
  });
}

test("zeros only, of either sign, and nothing but the largest numbers", () => {
  const n = 8 * BLOCK;
  for (const [first, second] of [
    [0, -0],
    [-0, 0],
    [-0, -0],
    [Number.MAX_VALUE, -Number.MAX_VALUE],
    [Number.MAX_VALUE, Number.MAX_VALUE],
  ] as const) {
    const data = new Float64Array(n).fill(first, 0, n / 2).fill(second, n / 2);
    check(data, "float64", ["min", "max"], (op) => expected(op, data, "float64"));
    check(data, "float64", ["sum", "sumAbs"], (op) => exactly(op as "sum", data));
  }
});

function check(
  data: TypedArray,
  dtype: Dtype,
  names: readonly OperatorName[],
  want: (op: string) => unknown,
): void {
  const wanted = names.map(want);
  for (const engine of engines) {
    const x = engine.share(data as Float64Array);
    for (const [i, op] of names.entries()) {
      const what = `${op} of ${dtype}, ${engine.stats().threads} threads`;
      assert.same(engine.reduceSync(x, op), wanted[i], what);
    }
    engine.free(x);
  }
}
