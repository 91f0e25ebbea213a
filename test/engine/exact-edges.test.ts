// The edges of the windows that exact sums are taken apart in: every width of exponents, at the
// bottom, around 1 and at the top, with all bits of the significands set or random. A window that is
// one exponent too wide, or one that reaches too far up, loses a bit here.

import { createEngine, type Engine } from "../../src/index.js";
import { exactly } from "../exact.js";
import { assert, seeded, test } from "../harness.js";

/** More than twice what a window is kept for at most (MAX_PATIENCE, in core/kernels/window.ts). */
const CALLS = 150;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 1 });
});
test.after(() => engine.close());

/**
 * The value after so many calls that the window has become the narrowest that holds the numbers:
 * the first call may have a wider one from before.
 */
function settled(op: "sum" | "l1" | "sumSquares", x: Float64Array | Float32Array): unknown {
  for (let i = 0; i < CALLS; i++) engine.reduceSync(x, op);
  return engine.reduceSync(x, op);
}

/**
 * n numbers at the lowest exponent, or a few above, and twice as many further up, of which each comes
 * with its negative: so the sum is small, and shows the last bits of the small ones.
 */
function spread(n: number, low: number, high: number, bits: number, random: () => number) {
  const scale = 2 ** (bits - 1);
  const make = (exponent: number): number => {
    const all = random() < 0.3;
    const odd = all ? 2 * scale - 1 : 2 * Math.floor((scale * (1 + random())) / 2) + 1;
    // In two steps, for what ends below the normal numbers.
    const half = Math.trunc(exponent / 2);
    return (random() < 0.5 ? -1 : 1) * (odd / scale) * 2 ** half * 2 ** (exponent - half);
  };
  const small = Array.from({ length: n }, () => make(low));
  const large = Array.from({ length: n }, (_, i) =>
    make(i % 2 === 0 ? high : low + Math.floor(random() * (high - low + 1))),
  );
  return Float64Array.from([...large, ...small, ...large.map((x) => -x)]);
}

const ends64 = [
  -1020, -1000, -960, -900, -500, 0, 500, 1000, 1017, 1018, 1019, 1020, 1021, 1022, 1023,
];
const ends32 = [-126, -120, -90, -30, 0, 60, 100, 126, 127];
const widths = [...Array(180).keys(), 300, 1000, 2000];

test("float64 of every width of exponents, wherever they end, are summed exactly", () => {
  const random = seeded("widths of float64");
  for (const high of ends64) {
    for (const width of widths) {
      if (high - width < -1070) continue;
      const x = spread(4 + random.int(20), high - width, high, 53, random.next);
      assert.same(settled("sum", x), exactly("sum", x), `2^${high}, ${width} down`);
      assert.same(settled("l1", x), exactly("l1", x), `magnitudes, 2^${high}, ${width}`);
    }
  }
});

test("float32 of every width of exponents, wherever they end, are summed exactly", () => {
  const random = seeded("widths of float32");
  for (const high of ends32) {
    for (const width of widths) {
      if (high - width < -149) continue;
      const x = Float32Array.from(spread(4 + random.int(20), high - width, high, 24, random.next));
      assert.same(settled("sum", x), exactly("sum", x), `2^${high}, ${width} down`);
      const squares = exactly("sumSquares", x);
      assert.same(settled("sumSquares", x), squares, `squares, 2^${high}, ${width}`);
    }
  }
});

test("products of float64 of every width of exponents, wherever they end, are summed exactly", () => {
  const random = seeded("widths of products");
  const ends = [-1074, -1000, -969, -968, -967, -500, 0, 500, 1018, 1019, 1020, 1021, 1022, 1023];
  for (const high of ends) {
    for (const width of widths) {
      // Exponents of x and y that make products from `high` down.
      const [a, b] = [Math.trunc(high / 2), high - Math.trunc(high / 2)];
      if (b - width < -1070) continue;
      const y = spread(4 + random.int(20), b - width, b, 53, random.next);
      // One factor for all: what cancels in y cancels in the products.
      const x = new Float64Array(y.length).fill(2 ** a * (1 + random.int(2 ** 30) * 2 ** -30));
      for (let i = 0; i < CALLS; i++) engine.reduceSync([x, y], "dot");
      const got = engine.reduceSync([x, y], "dot");
      assert.same(got, exactly("dot", x, y), `2^${high}, ${width} down`);
    }
  }
});

test("a factor near the largest number, whose split would overflow, is multiplied exactly", () => {
  const random = seeded("huge factors");
  for (let i = 0; i < 200; i++) {
    const n = 2 + random.int(20);
    const x = Float64Array.from(
      { length: n },
      () => Number.MAX_VALUE * (1 - random.int(3) * 2 ** -53),
    );
    const y = spread(n, -30, -3, 53, random.next).subarray(0, n);
    assert.same(engine.reduceSync([x, y], "dot"), exactly("dot", x, y));
  }
});

test("parts that fill their accumulators to the last bit are summed exactly", () => {
  // Blocks of the number that makes the greatest part, at the top of a window that others set.
  for (const [n, low] of [
    [8192, 0],
    [65_536, 0],
    [65_536, -45],
    [200_000, -40],
    [200_000, -90],
  ] as const) {
    for (const sign of [1, -1]) {
      const x = new Float64Array(n).fill(sign * (2 - 2 ** -52));
      if (low !== 0) x[n - 1] = 2 ** low * (1 + 2 ** -52);
      // Twice: the second time the window is the one that the first time found.
      engine.reduceSync(x, "sum");
      assert.same(engine.reduceSync(x, "sum"), exactly("sum", x), `${n} of ${sign}`);
    }
  }
});
