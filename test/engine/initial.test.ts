// `initial` on every way through the engine, and what a result is rounded to: against exact integers.

import { createEngine, type Engine, type Input, type ReduceOptions } from "../../src/index.js";
import { roundRational } from "../exact.js";
import * as geometric from "../fixtures/operators/geometric.js";
import * as matrix from "../fixtures/operators/matrix.js";
import { assert, type Random, seeded, test } from "../harness.js";

const operator = (name: string) => new URL(`../fixtures/operators/${name}.js`, import.meta.url);

let engine: Engine;
let alone: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 3 });
  alone = await createEngine({ threads: 1 });
});
test.after(() => Promise.all([engine.close(), alone.close()]));

// --- user operators -----------------------------------------------------------------------

/** The result of a user operator by every way there is to it. */
async function everyWay(name: string, x: Float64Array, options: ReduceOptions) {
  const url = operator(name);
  const foreign = new Float64Array(new SharedArrayBuffer(x.byteLength));
  foreign.set(x);
  const own = engine.share(x);
  const stream = await engine.stream("float64", url, options);
  const half = Math.floor(x.length / 2);
  await stream.write(x.subarray(0, half));
  await stream.write(x.subarray(half));
  const results: Record<string, unknown> = {
    copied: await engine.reduce(x, url, options),
    "copied, waiting": engine.reduceSync(x, url, options),
    "in place": await engine.reduce(own, url, options),
    "in place, waiting": engine.reduceSync(own, url, options),
    foreign: await engine.reduce(foreign, url, options),
    "on one thread": alone.reduceSync(alone.share(x), url, options),
    streamed: await stream.end(),
  };
  if (x.length <= 1000) {
    const pairs = { ...options, schedule: "pairwise" } as const;
    results["pairwise"] = await engine.reduce(own, url, pairs);
    results["pairwise, waiting"] = engine.reduceSync(own, url, pairs);
  }
  engine.free(own);
  return Object.entries(results);
}

const sizes = [0, 1, 2, 3, 700, 8192, 8193, 150_000];

test("an initial value is accumulated as the element before the first", async () => {
  const random = seeded("accumulated");
  for (const n of sizes) {
    const x = Float64Array.from({ length: n }, () => random.int(1000));
    const initial = 1 + random.int(1000);
    // Not commutative: the place counts.
    let state = matrix.accumulate(matrix.identity(), initial);
    for (const v of x) state = matrix.accumulate(state, v);
    const want = matrix.finish(state);
    for (const [way, got] of await everyWay("matrix", x, { initial })) {
      assert.is(got, want, `${n}, ${way}`);
    }
  }
});

test("the geometric mean of the README takes an initial value", async () => {
  for (const [way, got] of await everyWay("geometric", Float64Array.of(2, 8), { initial: 4 })) {
    assert.ok(Math.abs((got as number) - 4) < 1e-14, `${way}: ${got}`);
  }
  const none = new Float64Array(0);
  assert.is(await engine.reduce(none, operator("geometric"), { initial: 1 }), 1);
  assert.same(await engine.reduce(none, operator("geometric")), geometric.finish({ log: 0, n: 0 }));
});

test("where an element is a state an initial value is one, of the type that elements have", async () => {
  const x = Float64Array.from({ length: 20_000 }, (_, i) => i);
  for (const n of [0, 1, 5, 20_000]) {
    const part = x.subarray(0, n);
    const sum = (n * (n - 1)) / 2;
    for (const initial of [7, 7n]) {
      for (const [way, got] of await everyWay("total", part, { initial })) {
        assert.is(got, sum + 7, `total of ${n}, ${way}`);
      }
      assert.is(await engine.reduce(part, operator("first"), { initial }), 7);
      assert.is(await engine.reduce(part, operator("last"), { initial }), n === 0 ? 7 : n - 1);
    }
  }
  const longs = BigInt64Array.of(1n, 2n);
  for (const initial of [4, 4n])
    assert.is(engine.reduceSync(longs, operator("total"), { initial }), 7n);
  const refused: [Input, number | bigint][] = [
    [longs, 0.5],
    [longs, Number.NaN],
    [x, 2n ** 53n + 1n],
  ];
  for (const [input, initial] of refused) {
    assert.code(() => engine.reduceSync(input, operator("total"), { initial }), "ERR_OPTION");
    await assert.rejects(engine.reduce(input, operator("total"), { initial }), "ERR_OPTION");
  }
});

// --- built-in operators -------------------------------------------------------------------

const SCALE = 1074n;
/** A finite float times 2^1074. */
function scaled(x: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer)[0]!;
  const field = bits >> 52n;
  const fraction = BigInt.asUintN(52, bits);
  const magnitude = field === 0n ? fraction : (fraction + (1n << 52n)) << (field - 1n);
  return x < 0 ? -magnitude : magnitude;
}

/** Bigints at which rounding shows: beside powers of two, ties of both formats, beyond all floats. */
function odd(random: Random): bigint {
  const exponent = BigInt(random.pick([0, 1, 20, 24, 25, 53, 54, 60, 128, 500, 1023, 1024, 1100]));
  const near = BigInt(random.int(5) - 2) << (exponent > 60n ? exponent - 53n : 0n);
  const value = (1n << exponent) + near + BigInt(random.int(3) - 1);
  return random.int(2) === 0 ? value : -value;
}

const formats = ["float64", "float32"] as const;

test("a bigint is added to a sum of floats before the one rounding", () => {
  const random = seeded("bigint sums");
  assert.is(engine.reduceSync([-(2 ** 53)], "sum", { initial: 2n ** 53n + 1n }), 1);
  assert.is(engine.reduceSync([2 ** 53, 1], "sum", { initial: -(2n ** 53n) }), 1);
  for (let i = 0; i < 2000; i++) {
    const initial = odd(random);
    const close = Number(initial);
    const x = [random.next() - 0.5, Number.isFinite(close) ? -close : 1e300].slice(random.int(2));
    const total = x.reduce((sum, v) => sum + scaled(v), initial << SCALE);
    for (const roundTo of formats) {
      const want = roundRational(total, 1n << SCALE, roundTo);
      const got = engine.reduceSync(x, "sum", { initial, roundTo });
      assert.same(got, want, `${x} and ${initial} to ${roundTo}`);
      if (x.length > 1) continue;
      for (const way of [{ accuracy: "fast" }, { schedule: "pairwise" }] as const) {
        const fast = engine.reduceSync(x, "sum", { initial, roundTo, ...way });
        assert.same(fast, want, `fast, ${x} and ${initial} to ${roundTo}`);
      }
    }
  }
  for (const special of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const accuracy of ["exact", "fast"] as const) {
      const options = { accuracy, initial: -(2n ** 2000n) };
      assert.same(engine.reduceSync([special, 1], "sum", options), special);
    }
  }
});

test("a bigint is multiplied with a product of floats before the one rounding", () => {
  const random = seeded("bigint products");
  for (let i = 0; i < 2000; i++) {
    // Of zero, the sign of the other factor counts: that is told below.
    const initial = odd(random) || 1n;
    const x = (random.next() - 0.5) * 2 ** (random.int(1200) - 600);
    for (const roundTo of formats) {
      const want = roundRational(scaled(x) * initial, 1n << SCALE, roundTo);
      const got = engine.reduceSync([x], "product", { initial, roundTo });
      assert.same(got, want, `${x} times ${initial} to ${roundTo}`);
    }
  }
  const huge = 2n ** 2000n;
  assert.same(engine.reduceSync([-0], "product", { initial: huge }), -0);
  assert.same(engine.reduceSync([0], "product", { initial: -huge }), -0);
  assert.same(engine.reduceSync([-1 / 0], "product", { initial: -3n }), 1 / 0);
  assert.same(engine.reduceSync([1 / 0], "product", { initial: 0n }), Number.NaN);
  assert.same(engine.reduceSync([-3], "product", { initial: 0n }), -3 * 0);
  assert.is(engine.reduceSync([2 ** -1000], "product", { initial: huge }), 2 ** 1000);
});

test("a bigint takes part in extrema and counts as what it is", () => {
  const random = seeded("bigint extrema");
  for (let i = 0; i < 1000; i++) {
    const initial = odd(random);
    const x = Number(odd(random));
    if (!Number.isFinite(x)) continue;
    const [a, b] = [initial << SCALE, scaled(x)];
    for (const roundTo of formats) {
      const round = (v: bigint) => roundRational(v, 1n << SCALE, roundTo);
      const options = { initial, roundTo };
      assert.same(
        engine.reduceSync([x], "min", options),
        round(a < b ? a : b),
        `min ${x} ${initial}`,
      );
      assert.same(
        engine.reduceSync([x], "max", options),
        round(a > b ? a : b),
        `max ${x} ${initial}`,
      );
      assert.same(engine.reduceSync([], "max", options), round(a), `max of nothing, ${initial}`);
    }
  }
  assert.is(engine.reduceSync([1, 2, 3], "count", { initial: 2n ** 53n + 3n }), 2 ** 53 + 6);
  assert.is(engine.reduceSync(new Int32Array(0), "argmin", { initial: -1n }), -1);
});

test("the final value has to fit where overflow throws, with the initial value in it", () => {
  const random = seeded("overflow");
  const combine: Record<string, (a: bigint, b: bigint) => bigint> = {
    min: (a, b) => (a - b < 0n ? a : b),
    max: (a, b) => (a - b > 0n ? a : b),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    sum: (a, b) => a + b,
    product: (a, b) => a * b,
  };
  let thrown = 0;
  for (let i = 0; i < 3000; i++) {
    const signed = random.int(2) === 0;
    const bits = random.bits64();
    const x = signed ? BigInt64Array.of(BigInt.asIntN(64, bits)) : BigUint64Array.of(bits);
    const initial = (BigInt.asIntN(64, random.bits64()) << BigInt(random.int(4))) + 1n;
    const name = random.pick(Object.keys(combine)) as "min";
    const exact = combine[name]!(initial, x[0]!);
    const wrapped = signed ? BigInt.asIntN(64, exact) : BigInt.asUintN(64, exact);
    assert.is(engine.reduceSync(x, name, { initial, overflow: "wrap" }), wrapped, name);
    const strict = { initial, overflow: "throw" } as const;
    if (wrapped === exact) assert.is(engine.reduceSync(x, name, strict), exact, name);
    else {
      thrown++;
      assert.code(() => engine.reduceSync(x, name, strict), "ERR_OVERFLOW");
    }
  }
  assert.ok(thrown > 300, `${thrown} did not fit`);
  const none = new BigInt64Array(0);
  const initial = 2n ** 63n;
  assert.is(engine.reduceSync(none, "max", { initial }), initial);
  assert.is(engine.reduceSync(none, "max", { initial, overflow: "wrap" }), -initial);
  assert.code(() => engine.reduceSync(none, "max", { initial, overflow: "throw" }), "ERR_OVERFLOW");
});

test("every float result is rounded to float32 where asked, on every way", async () => {
  const random = seeded("float32");
  const x = Float64Array.from({ length: 90_000 }, () => 0.9999 + random.next() / 5000);
  const names = ["product", "min", "max", "maxNorm", "sum", "mean", "std", "l2"] as const;
  for (const n of [1, 3, 8192, 90_000]) {
    const part = x.subarray(0, n);
    const own = engine.share(part);
    for (const op of names) {
      for (const way of [{}, { accuracy: "fast" }, { schedule: "pairwise" }] as const) {
        const options = op === "product" && "accuracy" in way ? {} : way;
        // Of exact sums only the exact value could be rounded once more; there are others to judge them.
        const isExact = Object.keys(options).length === 0 && !/product|min|max/.test(op);
        const single = { ...options, roundTo: "float32" } as const;
        const got = engine.reduceSync(own, op, single);
        assert.same(Math.fround(got), got, `${op} of ${n} is a float32`);
        if (!isExact) assert.same(got, Math.fround(engine.reduceSync(own, op, options)), op);
        assert.same(await engine.reduce(part, op, single), got, `${op} of ${n}, copied`);
      }
    }
    engine.free(own);
  }
  for (const op of ["min", "max"] as const) {
    const options = { roundTo: "float32", initial: 0.1 } as const;
    assert.same(engine.reduceSync([0.1], op, options), Math.fround(0.1));
    assert.same(engine.reduceSync([], op, options), Math.fround(0.1));
    assert.same(engine.reduceSync([-0], op, { roundTo: "float32" }), -0);
    assert.same(engine.reduceSync([Number.NaN, 1], op, { roundTo: "float32" }), Number.NaN);
    assert.same(engine.reduceSync([1e300], op, { roundTo: "float32" }), 1 / 0);
  }
  const several = engine.reduceSync([0.1, 0.3], ["product", "max", "count"], {
    roundTo: "float32",
  });
  assert.equal(several, { product: Math.fround(0.03), max: Math.fround(0.3), count: 2 });
});
