// `accuracy: "fast"`: plain sums in a documented order, the same bits on any number of threads; and
// which options and inputs the operators refuse.

import { createEngine, type OperatorName, type ReduceOptions } from "../../src/index.js";
import type { TypedArray } from "../../src/operators/dtype.js";
import { type ExactName, exactly } from "../exact.js";
import { assert, type Random, seeded, test } from "../harness.js";
import { dtypes, fastFloat, isFloat, randomArray, tree } from "../oracle.js";

const BLOCK = 8192;
const fast = { accuracy: "fast" } as const;
const engine = await createEngine({ threads: 3 });
test.after(() => engine.close());

type Floats = Float64Array | Float32Array;
type FastName = Extract<ExactName, OperatorName>;
const unary = ["sum", "mean", "sumSquares", "sumAbs", "l2", "variance", "std"] as const;

/** The documented order over what is added: `terms` as float64, taken as elements of x's dtype. */
function inOrder(x: Floats, terms: (v: number, i: number) => number): number {
  const values = Float64Array.from(x, terms);
  if (x instanceof Float64Array) return fastFloat(values, "float64", "sum");
  // Lanes of float32 add in pairs; their terms do not fit float32, so they come as they are.
  const narrow = { dtype: "float32" as const, values: values as TypedArray };
  return fastFloat(narrow.values, narrow.dtype, "sum");
}

/** Count, mean and squared deviations, block by block and up the tree, as moments.ts has them. */
function moments(x: Floats): readonly [number, number, number] {
  const leaves: (readonly [number, number, number])[] = [];
  for (let at = 0; at === 0 || at < x.length; at += BLOCK) {
    const block = x.subarray(at, at + BLOCK);
    const n = block.length;
    const mean = n === 0 ? 0 : inOrder(block, (v) => v) / n;
    // Two vectors of two lanes; the rest of a turn of 64 bytes one by one.
    const lanes = [0, 0, 0, 0];
    const whole = n - (n % (64 / block.BYTES_PER_ELEMENT));
    for (let i = 0; i < whole; i++) lanes[i % 4]! += (block[i]! - mean) * (block[i]! - mean);
    let squares = lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!);
    for (let i = whole; i < n; i++) squares += (block[i]! - mean) * (block[i]! - mean);
    leaves.push([n, mean, squares]);
  }
  return tree(leaves, ([a, m, s], [b, k, t]) => {
    const part = b / (a + b);
    return [a + b, m + (k - m) * part, s + t + (k - m) * (k - m) * (a * part)];
  });
}

function naive(op: FastName, x: Floats, y: Floats = x): number {
  const n = x.length;
  const squares = () => inOrder(x, (v) => v * v);
  if (op === "sum") return inOrder(x, (v) => v);
  if (op === "mean") return n === 0 ? Number.NaN : naive("sum", x) / n;
  if (op === "dot") return inOrder(x, (v, i) => v * y[i]!) + 0;
  if (op === "sumSquares") return squares() + 0;
  if (op === "l2") return Math.sqrt(squares() + 0);
  if (op === "sumAbs" || op === "l1") return inOrder(x, Math.abs) + 0;
  if (op === "conditionNumber") return naive("sumAbs", x) / Math.abs(naive("sum", x));
  const ddof = op.startsWith("sample") ? 1 : 0;
  const variance = n <= ddof ? Number.NaN : moments(x)[2] / (n - ddof);
  return /std/i.test(op) ? Math.sqrt(variance) : variance;
}

const floats = (n: number, random: Random, width = 30): Float64Array =>
  Float64Array.from({ length: n }, () => (random.next() - 0.5) * 2 ** random.int(width));
const names = [...unary, "l1", "sampleVariance", "sampleStd", "conditionNumber"] as const;

for (const op of [...names, "dot"] as const) {
  test(`${op} has the bits of the documented order, for float64 and float32`, () => {
    const random = seeded(`order ${op}`);
    for (const n of [0, 1, 2, 7, 8, 9, 16, 17, 100, 8191, 8192, 8193, 30_000, 200_001]) {
      for (const type of [Float64Array, Float32Array]) {
        const [x, y] = [type.from(floats(n, random)), type.from(floats(n, random))];
        const got = engine.reduceSync(op === "dot" ? [x, y] : x, op, fast);
        assert.same(got, naive(op, x, y), `${n} of ${type.name}`);
      }
    }
  });
}

test("the same bits on 1 to 8 threads, of any memory, waiting or not", async () => {
  const random = seeded("threads");
  const [x, y] = [floats(300_007, random), floats(300_007, random)] as const;
  const shared = [x, y].map((v) => new Float64Array(new SharedArrayBuffer(v.byteLength)));
  for (const [i, v] of [x, y].entries()) shared[i]!.set(v);
  const foreign = shared as [Float64Array, Float64Array];
  const want = engine.reduceSync(x, names, fast);
  const dot = naive("dot", x, y);
  for (let threads = 1; threads <= 8; threads++) {
    const other = await createEngine({ threads });
    for (const pair of [[x, y], foreign, [other.share(x), other.share(y)]] as const) {
      assert.equal(await other.reduce(pair[0], names, fast), want, `${threads}`);
      assert.equal(other.reduceSync(pair[0], names, fast), want, `${threads}, waiting`);
      assert.same(await other.reduce(pair, "dot", fast), dot, `dot on ${threads}`);
      assert.same(other.reduceSync([pair[0], y], "dot", fast), dot, `mixed, on ${threads}`);
    }
    await other.close();
  }
});

test('nan: "skip" gives what the rest gives, within the error of another order', () => {
  const random = seeded("skip");
  const x = floats(50_000, random, 10).map((v) => (random.int(9) === 0 ? Number.NaN : v));
  const rest = x.filter((v) => !Number.isNaN(v));
  for (const op of names) {
    const got = engine.reduceSync(x, op, { accuracy: "fast", nan: "skip" }) as number;
    const want = exactly(op, rest) as number;
    const bound = /^(sum|mean|cond)/.test(op) ? 1e-9 : 1e-12;
    assert.ok(Math.abs(got - want) <= bound * Math.abs(want), `${op}: ${got}, exactly ${want}`);
  }
});

// The textbook's Σx² − n·mean² would be off by offset² · 2^-53: by all of the variance at 1e8.
test("a variance of data far from zero is off by its means' error at most", () => {
  const random = seeded("offset");
  for (const n of [3, 8192, 8193, 100_000]) {
    for (const offset of [1e4, 1e6, -1e8, 1e9]) {
      const x = Float64Array.from(
        { length: n },
        (_, i) => offset + random.next() + (i > n / 2 ? 1 : 0),
      );
      for (const op of ["variance", "sampleVariance", "std", "sampleStd"] as const) {
        const [got, want] = [engine.reduceSync(x, op, fast) as number, exactly(op, x) as number];
        const bound = 1e-12 + 64 * 2 ** -53 * Math.abs(offset);
        assert.ok(Math.abs(got / want - 1) < bound, `${op} of ${n} at ${offset}: ${got}, ${want}`);
      }
    }
  }
});

test('results of "fast" are rounded to float32 after all else', () => {
  const x = floats(20_000, seeded("rounded"));
  for (const op of names) {
    const want = Math.fround(naive(op, x));
    assert.same(engine.reduceSync(x, op, { accuracy: "fast", roundTo: "float32" }), want, op);
  }
});

test("integers are exact whatever the accuracy", () => {
  const random = seeded("integers");
  for (const dtype of dtypes.filter((name) => !isFloat(name))) {
    const [x, y] = [1, 2].map(() => randomArray(dtype, 9000, random, false)) as [
      TypedArray,
      TypedArray,
    ];
    for (const accuracy of ["fast", "exact"] as const) {
      const got = engine.reduceSync([x, y], "dot", { accuracy });
      assert.same(got, exactly("dot", x, y), dtype);
      for (const op of names)
        assert.same(engine.reduceSync(x, op, { accuracy }), exactly(op, x), op);
      assert.ok(engine.reduceSync(Int32Array.of(2, 3), "product", { accuracy }) === 6);
    }
  }
});

test("an initial value that cancels a sum leaves 0, rounded to float32 or not", () => {
  for (const roundTo of ["float64", "float32"] as const) {
    assert.same(engine.reduceSync([-1.1], "sum", { initial: 1.1, roundTo }), 0, roundTo);
    const rest = engine.reduceSync([-1], "sum", { initial: 1.1, roundTo });
    // 1.1 − 1 is a float64.
    assert.same(rest, roundTo === "float32" ? Math.fround(1.1 - 1) : 1.1 - 1, roundTo);
  }
});

// --- what is refused ----------------------------------------------------------------------

const x = Float64Array.of(1, 2);
const refused: [what: string, input: unknown, op: unknown, options: ReduceOptions, code: string][] =
  [];
const refuse = (code: string, input: unknown, op: unknown, options: ReduceOptions = {}): void => {
  refused.push([`${op} with ${JSON.stringify(options)}`, input, op, options, code]);
};
const url = new URL("../fixtures/operators/bigsum.js", import.meta.url);
refuse("ERR_OPTION", x, "product", { accuracy: "exact" });
refuse("ERR_OPTION", x, ["sum", "product"], { accuracy: "exact" });
refuse("ERR_OPTION", x, "sum", { accuracy: "exact", schedule: "pairwise" });
refuse("ERR_OPTION", x, "variance", { accuracy: "exact", schedule: "pairwise" });
refuse("ERR_OPTION", [x, x], "dot", { schedule: "pairwise" });
for (const options of [{ accuracy: "exact" }, { roundTo: "float32" }, { receipt: true }] as const) {
  refuse("ERR_OPTION", Int32Array.of(1), url, options);
}
for (const dtype of ["int8", "uint32", "int64"] as const) {
  const integers = randomArray(dtype, 3, seeded(), true);
  for (const op of ["sum", "mean", "std"])
    refuse("ERR_OPTION", integers, op, { roundTo: "float32" });
}
for (const op of names.filter((name) => name !== "sum"))
  refuse("ERR_OPTION", x, op, { initial: 1 });
refuse("ERR_OPTION", [x, x], "dot", { initial: 1 });
refuse("ERR_OPTION", x, ["sum", "mean"], { initial: 1 });
refuse("ERR_OPTION", x, "sum", { accuracy: "best" as "fast" });
refuse("ERR_OPTION", x, "sum", { receipt: 1 as unknown as boolean });
for (const odd of [x, [x], [x, x, x], [x, [1]], [1, 2], [], null]) refuse("ERR_INPUT", odd, "dot");
refuse("ERR_DTYPE", [x, Float32Array.from(x)], "dot");
refuse("ERR_DTYPE", [x, [1n, 2n]], "dot");
refuse("ERR_INPUT", [x, x], "sum");
refuse("ERR_INPUT", [x, x], ["sum", "mean"]);
refuse("ERR_OPERATOR", [x, x], ["dot", "sum"]);

for (const [what, input, op, options, code] of refused) {
  test(`${what} of ${JSON.stringify(input, (_, v) => `${v}`)} is refused with ${code}`, async () => {
    const run = () => engine.reduceSync(input as number[], op as OperatorName, options);
    assert.code(run, code);
    await assert.rejects(engine.reduce(input as number[], op as OperatorName, options), code);
    assert.is(engine.reduceSync([x, x], "dot"), 5);
  });
}
