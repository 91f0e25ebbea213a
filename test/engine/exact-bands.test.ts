// Products that are out of the bounds of Dekker's splitting: whatever their exponents, and whatever
// is infinite or not a number between them, on every way that a state may go.

import { createEngine, type Engine, finishState, mergeStates } from "../../src/index.js";
import { exactly, pow2 } from "../exact.js";
import { assert, type Random, seeded, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

/** A number of this exponent: with few bits, many, or all of them. */
function number(exponent: number, random: Random): number {
  const digits = random.pick([1, 1 + random.next(), 2 - 2 ** -52, 2 - 2 ** -27, 1 + 2 ** -26]);
  return (random.int(2) === 0 ? 1 : -1) * digits * pow2(exponent);
}

/** Pairs whose exponents add up to about one of these, where one band ends and the next begins. */
const SUMS = [2046, 1022, 900, 0, -900, -968, -1998, -2000, -2044, -2148];

function pairs(n: number, random: Random): [Float64Array, Float64Array] {
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  const few = [random.pick(SUMS), random.pick(SUMS), random.pick(SUMS)];
  for (let i = 0; i < n; i++) {
    const sum = random.pick(few) + random.int(5) - 2;
    const least = Math.max(-1074, sum - 1023);
    const most = Math.min(1023, sum + 1074);
    const ends = [least, most, least + random.int(Math.max(1, most - least))];
    const exponent = Math.max(-1074, Math.min(1023, random.pick(ends)));
    x[i] = number(exponent, random);
    y[i] = number(Math.max(-1074, Math.min(1023, sum - exponent)), random);
    if (random.int(20) === 0) x[i] = 0;
  }
  return [x, y];
}

test("products of all exponents, of factors of all exponents", () => {
  const random = seeded("bands");
  for (let i = 0; i < 400; i++) {
    const n = random.pick([1, 2, 3, 10, 101, 1023, 1024, 1025, 2500]);
    const [x, y] = pairs(n, random);
    assert.same(engine.reduceSync([x, y], "dot"), exactly("dot", x, y), `dot of ${n}`);
    for (const op of ["sumSquares", "l2", "variance"] as const) {
      assert.same(engine.reduceSync(x, op), exactly(op, x), `${op} of ${n}`);
    }
  }
});

test("the largest numbers by subnormal ones, which have no 26 bits to be rounded to", () => {
  const random = seeded("largest by subnormal");
  const largest = Number.MAX_VALUE;
  for (let i = 0; i < 2000; i++) {
    const n = 1 + random.int(6);
    const y = Math.floor(2 ** (30 * random.next())) * 5e-324;
    const ys = new Float64Array(n).fill(i === 0 ? 5.06e-321 : y);
    const xs = Float64Array.from({ length: n }, (_, k) => {
      const x = i === 0 ? largest : largest * (1 - 2 ** -53 * random.int(2 ** random.int(40)));
      return k % 2 === 0 ? x : -x;
    });
    const want = exactly("dot", xs, ys);
    assert.same(engine.reduceSync([xs, ys], "dot"), want, `[${xs}] by ${y}`);
    assert.same(engine.reduceSync([ys, xs], "dot"), want, `${y} by [${xs}]`);
  }
});

test("alternating 1e300 and 1e-300, and the like", () => {
  const random = seeded("alternating");
  for (const [a, b] of [
    [1e300, 1e-300],
    [1e100, 1e-100],
    [-1.7e308, 5e-324],
    [1e-160, 1e-161],
  ] as const) {
    const x = Float64Array.from(
      { length: 30_000 },
      (_, i) => (i % 2 === 0 ? a : b) * random.next(),
    );
    assert.same(engine.reduceSync([x, x], "dot"), exactly("sumSquares", x), `${a}, ${b}`);
    assert.same(engine.reduceSync(x, "variance"), exactly("variance", x), `${a}, ${b}`);
  }
});

test("once something decides that is not finite, parts have one value and one state", () => {
  const random = seeded("decided");
  const odd = [Number.NaN, Infinity, -Infinity];
  for (let i = 0; i < 150; i++) {
    const n = 5000 + random.int(8000);
    const x = Float64Array.from({ length: n }, () => random.next() - 0.5);
    const y = Float64Array.from({ length: n }, () => random.next() * pow2(random.int(2000) - 1000));
    for (let k = random.int(6); k >= 0; k--) {
      (random.int(2) === 0 ? x : y)[random.int(n)] = random.pick(odd);
    }
    for (const nan of ["propagate", "skip"] as const) {
      const skip = nan === "skip";
      const input = [x, y] as const;
      const want = exactly("dot", x, y, { skip });
      const got = engine.reduceSync(input, "dot", { nan });
      assert.same(got === 0 ? 0 : got, want === 0 ? 0 : want);
      const whole = engine.partialSync(input, "dot", { nan });
      const cut = random.int(n);
      const parts = [
        [x.subarray(0, cut), y.subarray(0, cut)],
        [x.subarray(cut), y.subarray(cut)],
      ].map((part) => engine.partialSync(part as [Float64Array, Float64Array], "dot", { nan }));
      for (const merged of [mergeStates(parts), mergeStates(parts.reverse())]) {
        assert.equal(merged, whole);
        const value = finishState(merged) as number;
        assert.same(value === 0 ? 0 : value, want === 0 ? 0 : want);
      }
      for (const op of ["variance", "l2"] as const) {
        assert.same(engine.reduceSync(x, op, { nan }), exactly(op, x, x, { skip }));
      }
    }
  }
});
