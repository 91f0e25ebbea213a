// Every operator on every dtype, by every way through the engine, against the oracle.

import fc from "fast-check";
import { createEngine, type Dtype, type Engine, type OperatorName } from "../../src/index.js";
import { assert, fcOptions, seeded, test } from "../harness.js";
import { dtypes, expected, isFloat, isLong, operators, randomArray } from "../oracle.js";

const LENGTHS = [0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 1000, 8191, 8192, 8193, 40_000];

/** The oracle has the documented tree; exact sums have tests of their own. */
const FAST = { accuracy: "fast" } as const;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

const applies = (op: string, dtype: Dtype) =>
  !(isFloat(dtype) && ["and", "or", "xor"].includes(op));

/** A product of random int64 leaves 128 bits, which is an error unless it may wrap. */
const wraps = (op: string, dtype: Dtype) => op === "product" && isLong(dtype);

for (const dtype of dtypes) {
  for (const tame of [true, false]) {
    test(`${dtype}, ${tame ? "small values" : "all values"}: every operator at every length`, () => {
      const random = seeded(`${dtype} ${tame}`);
      for (const n of LENGTHS) {
        const data = randomArray(dtype, n, random, tame);
        const x = engine.share(data);
        for (const op of operators.filter((o) => applies(o, dtype))) {
          const options = wraps(op, dtype) ? { overflow: "wrap" as const } : FAST;
          let want = expected(op, data, dtype);
          if (want === undefined) {
            assert.code(() => engine.reduceSync(x, op), "ERR_EMPTY");
            continue;
          }
          if (wraps(op, dtype)) {
            // The oracle stops at 2^2000; modulo 2^64 needs the whole product.
            let product = 1n;
            for (const v of data as BigInt64Array) product = BigInt.asUintN(64, product * v);
            want = dtype === "int64" ? BigInt.asIntN(64, product) : product;
          }
          assert.same(engine.reduceSync(x, op, options), want, `${op} of ${n}`);
        }
        engine.free(x);
      }
    });
  }
}

test("the bits are the same on 1 to 8 threads, and those of the documented tree", async () => {
  const random = seeded("threads");
  const n = 3_000_017;
  const data = randomArray("float64", n, random, false) as Float64Array;
  const small = Float32Array.from(data.subarray(0, 700_001));
  const want = expected("sum", data, "float64");
  const wantSmall = expected("sum", small, "float32");
  for (let threads = 1; threads <= 8; threads++) {
    const many = await createEngine({ threads });
    const x = many.share(data);
    const y = many.share(small);
    assert.same(many.reduceSync(x, "sum", FAST), want, `${threads} threads, waiting`);
    assert.same(await many.reduce(x, "sum", FAST), want, `${threads} threads`);
    assert.same(await many.reduce(y, "sum", FAST), wantSmall, `${threads} threads, float32`);
    await many.close();
  }
});

test("own, foreign and ordinary memory give the same bits", async () => {
  const random = seeded("memory");
  const data = randomArray("float64", 1_500_003, random, false) as Float64Array;
  const foreign = new Float64Array(new SharedArrayBuffer(data.byteLength));
  foreign.set(data);
  const want = expected("sum", data, "float64");
  for (const x of [engine.share(data), foreign, data]) {
    assert.same(engine.reduceSync(x, "sum", FAST), want);
    assert.same(await engine.reduce(x, "sum", FAST), want);
  }
});

test("subarrays at any offset are read in place", async () => {
  const random = seeded("offsets");
  const data = randomArray("float64", 900_000, random, false) as Float64Array;
  const x = engine.share(data);
  for (let i = 0; i < 40; i++) {
    const from = random.int(data.length);
    const to = from + random.int(data.length - from + 1);
    const want = expected("sum", data.subarray(from, to), "float64");
    assert.same(engine.reduceSync(x.subarray(from, to), "sum", FAST), want, `[${from}, ${to})`);
  }
  const bytes = randomArray("int8", 200_001, random, false) as Int8Array;
  const y = engine.share(bytes);
  for (const from of [0, 1, 3, 7, 13]) {
    const part = bytes.subarray(from);
    assert.is(await engine.reduce(y.subarray(from), "sum"), expected("sum", part, "int8"));
  }
  engine.free(x);
  engine.free(y);
});

test("several operators in one pass are those operators one by one", async () => {
  const random = seeded("pass");
  const data = randomArray("int32", 300_000, random, false);
  const x = engine.share(data);
  const names = operators.filter((o) => o !== "product") as OperatorName[];
  const all = (await engine.reduce(x, names)) as Record<string, unknown>;
  assert.equal(Object.keys(all), names);
  for (const op of names) assert.same(all[op], expected(op, data, "int32"), op);
  engine.free(x);
});

const special = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324, 1.7e308),
);

/** Of every length alike: kernels take turns of 8, 16 or 64 elements. */
const TO_70 = { maxLength: 70, size: "max" } as const;

/** Few values, so that extrema are often a zero, or infinite, and often there more than once. */
const fewKinds = fc
  .subarray([0, -0, Number.NaN, -Infinity, Infinity, 1, -1, 1.7e308, -1.7e308], { minLength: 1 })
  .chain((kinds) => fc.array(fc.constantFrom(...kinds), TO_70));

/** Gives every other NaN the sign that JavaScript never shows. */
function signNaNs(data: Float64Array | Float32Array): void {
  const bytes = new Uint8Array(data.buffer);
  data.forEach((x, i) => {
    if (Number.isNaN(x) && i % 2) bytes[(i + 1) * data.BYTES_PER_ELEMENT - 1]! |= 0x80;
  });
}

test("floats with NaN, zeros and infinities: extrema, counts and their places", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.array(special, TO_70), fewKinds),
      fc.constantFrom("float64", "float32"),
      fc.boolean(),
      (values, dtype, skip) => {
        const data = dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
        signNaNs(data);
        for (const op of [
          "min",
          "max",
          "argmin",
          "argmax",
          "count",
          "countNonZero",
          "any",
          "all",
          "sum",
        ]) {
          const want = expected(op, data, dtype as Dtype, skip);
          const options = { nan: skip ? "skip" : "propagate", ...FAST } as const;
          const run = () => engine.reduceSync(data, op as OperatorName, options);
          if (want === undefined) assert.code(run, "ERR_EMPTY");
          else assert.same(run(), want, op);
        }
      },
    ),
    fcOptions(600),
  );
});

test("integers of every dtype and length: what BigInt arithmetic says", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...dtypes.filter((d) => !isFloat(d))),
      fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), { maxLength: 200 }),
      fc.constantFrom(...operators.filter((o) => o !== "product")),
      fc.integer({ min: 0, max: 200 }),
      (dtype, values, op, from) => {
        const data = randomArray(dtype, values.length, seeded(), true);
        for (let i = 0; i < values.length; i++) {
          const bits = BigInt.asIntN(64, values[i] as bigint);
          (data as Float64Array)[i] = (isLong(dtype) ? bits : Number(bits & 0xffffffffn)) as number;
        }
        const x = engine.share(data).subarray(from) as Int32Array;
        const want = expected(op, data.subarray(from), dtype);
        if (want === undefined) assert.code(() => engine.reduceSync(x, op), "ERR_EMPTY");
        else assert.same(engine.reduceSync(x, op), want);
      },
    ),
    fcOptions(400),
  );
});

test("the zero of the right sign and the first of equals win, however far apart", () => {
  for (const dtype of ["float64", "float32"] as const) {
    const n = 100_000;
    const x = engine.alloc(dtype, n) as Float64Array;
    x.fill(0);
    x[77_777] = -0;
    x[88_888] = -0;
    assert.same(engine.reduceSync(x, "min"), -0);
    assert.is(engine.reduceSync(x, "argmin"), 77_777);
    assert.same(engine.reduceSync(x, "max"), 0);
    assert.is(engine.reduceSync(x, "argmax"), 0);
    x.fill(-0);
    x[66_666] = 0;
    assert.same(engine.reduceSync(x, "max"), 0);
    assert.is(engine.reduceSync(x, "argmax"), 66_666);
    x[50_000] = Number.NaN;
    x[60_000] = Number.NaN;
    assert.same(engine.reduceSync(x, "min"), Number.NaN);
    assert.is(engine.reduceSync(x, "argmin"), 50_000);
    assert.is(engine.reduceSync(x, "argmax", { nan: "skip" }), 66_666);
    engine.free(x);
  }
});

test("nothing: what each operator says of it", () => {
  const x = engine.alloc("float64", 0);
  const i = engine.alloc("int32", 0);
  assert.same(engine.reduceSync(x, "sum"), -0);
  assert.same(engine.reduceSync(i, "sum"), 0);
  assert.same(engine.reduceSync(x, "mean"), Number.NaN);
  assert.same(engine.reduceSync(i, "mean"), Number.NaN);
  assert.is(engine.reduceSync(x, "product"), 1);
  assert.is(engine.reduceSync(x, "any"), false);
  assert.is(engine.reduceSync(x, "all"), true);
  assert.is(engine.reduceSync(i, "and"), -1);
  assert.is(engine.reduceSync(new Uint8Array(0), "and"), 255);
  assert.is(engine.reduceSync(x, "max", { initial: 7 }), 7);
  assert.is(engine.reduceSync(x, "argmax", { initial: -1 }), -1);
  const nan = Float64Array.of(Number.NaN, Number.NaN);
  assert.code(() => engine.reduceSync(nan, "min", { nan: "skip" }), "ERR_EMPTY");
  assert.same(engine.reduceSync(nan, "sum", { nan: "skip" }), -0);
  assert.is(engine.reduceSync(nan, "count", { nan: "skip" }), 0);
  engine.free(x);
  engine.free(i);
});

test("initial takes part once, exactly", () => {
  const x = Int32Array.of(1, 2, 3);
  assert.is(engine.reduceSync(x, "sum", { initial: 10 }), 16);
  assert.is(engine.reduceSync(x, "product", { initial: -2 }), -12);
  assert.is(engine.reduceSync(x, "max", { initial: 99 }), 99);
  assert.is(engine.reduceSync(x, "or", { initial: 8 }), 11);
  assert.is(engine.reduceSync(x, "count", { initial: 4 }), 7);
  assert.is(engine.reduceSync(BigInt64Array.of(5n), "sum", { initial: 2n ** 63n }), 2n ** 63n + 5n);
  assert.code(() => engine.reduceSync(x, "sum", { initial: 0.5 }), "ERR_OPTION");
  assert.code(() => engine.reduceSync(x, "mean", { initial: 1 }), "ERR_OPTION");
});

test("64-bit sums are exact; overflow concerns the final value only", () => {
  const top = 2n ** 63n - 1n;
  const x = BigInt64Array.from({ length: 100_001 }, (_, i) => (i % 2 === 0 ? top : -top));
  assert.is(engine.reduceSync(x, "sum"), top);
  const y = new BigInt64Array(50_000).fill(top);
  assert.is(engine.reduceSync(y, "sum"), 50_000n * top);
  assert.is(engine.reduceSync(y, "sum", { overflow: "wrap" }), BigInt.asIntN(64, 50_000n * top));
  const error = assert.code(
    () => engine.reduceSync(y, "sum", { overflow: "throw" }),
    "ERR_OVERFLOW",
  );
  assert.match((error as Error).message, /does not fit int64/);
  const u = new BigUint64Array(3).fill(2n ** 64n - 1n);
  assert.is(
    engine.reduceSync(u, "product", { overflow: "wrap" }),
    BigInt.asUintN(64, (2n ** 64n - 1n) ** 3n),
  );
  assert.code(() => engine.reduceSync(u, "product"), "ERR_OVERFLOW");
  assert.is(engine.reduceSync(u.subarray(0, 1), "product", { initial: 2n }), 2n ** 65n - 2n);
});

test("products of small integers are exact up to infinity, and back to zero", () => {
  const random = seeded("product");
  for (let n = 1; n < 140; n += 3) {
    const x = Int32Array.from({ length: n }, () => random.int(2001) - 1000 || 1);
    let exact = 1n;
    for (const v of x) exact *= BigInt(v);
    assert.same(engine.reduceSync(x, "product"), Number(exact), `${n} factors`);
  }
  // Factors in different blocks, so that limbs are merged with limbs.
  const far = new Uint32Array(60_000).fill(1);
  let exact = 1n;
  for (let i = 0; i < 30; i++) {
    const v = random.u32() | 1;
    far[i * 2000] = v;
    exact *= BigInt(v >>> 0);
  }
  assert.same(engine.reduceSync(far, "product"), Number(exact));
  far.fill(4_294_967_295);
  assert.is(engine.reduceSync(far, "product"), Number.POSITIVE_INFINITY);
  far[59_999] = 0;
  assert.is(engine.reduceSync(far, "product"), 0);
  const signs = new Int8Array(20_001).fill(-128);
  assert.is(engine.reduceSync(signs, "product"), Number.NEGATIVE_INFINITY);
});

test("plain arrays: numbers are float64, bigints int64", async () => {
  assert.is(await engine.reduce([1.5, 2.5, 3], "sum"), 7);
  assert.is(engine.reduceSync([1n, 2n ** 62n], "sum"), 2n ** 62n + 1n);
  assert.same(engine.reduceSync([], "sum"), -0);
});
