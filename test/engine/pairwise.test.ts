// The textbook's schedule against a plain rendering of it: rounds of pairs in order.

import { createEngine, type Dtype, type Engine, type OperatorName } from "../../src/index.js";
import type { TypedArray } from "../../src/operators/dtype.js";
import { assert, seeded, test } from "../harness.js";
import { dtypes, expected, isFloat, isLong, randomArray, tree } from "../oracle.js";

const operator = (name: string) => new URL(`../fixtures/operators/${name}.js`, import.meta.url);

/** n, ⌈n/2⌉, …, 1. */
function lengths(n: number): number[] {
  const all = [n];
  for (let m = n; m > 1; all.push(m)) m = Math.ceil(m / 2);
  return all;
}

const SIZES = [1, 2, 3, 5, 7, 8, 9, 31, 32, 33, 97, 1009, 4095, 4096, 4097, 65_537];

for (const threads of [1, 2, 5, 8]) {
  test(`${threads} threads: value and rounds at every size, more workers than numbers included`, async () => {
    const engine = await createEngine({ threads });
    const random = seeded(`pairwise ${threads}`);
    for (const n of SIZES) {
      const data = randomArray("float64", n, random, false) as Float64Array;
      // Order decides a float's bits: the pairs are (0, 1), (2, 3), … in every round.
      const want = tree([...data], (a, b) => a + b);
      const x = engine.share(data);
      for (const input of [x, data]) {
        const rounds: number[] = [];
        const options = {
          schedule: "pairwise",
          onRound: (r: { round: number; length: number }) => {
            assert.is(r.round, rounds.length);
            rounds.push(r.length);
          },
        } as const;
        assert.same(engine.reduceSync(input, "sum", options), want, `${n} waiting`);
        assert.equal(rounds, lengths(n));
        rounds.length = 0;
        assert.same(await engine.reduce(input, "sum", options), want, `${n}`);
        assert.equal(rounds, lengths(n));
      }
      engine.free(x);
    }
    await engine.close();
  });
}

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 3 });
});
test.after(() => engine.close());

test("every exact operator gives what blocks give", async () => {
  const random = seeded("schedules");
  for (const dtype of dtypes) {
    const data = randomArray(dtype, 3001, random, true);
    for (const op of [
      "sum",
      "product",
      "min",
      "max",
      "argmin",
      "argmax",
      "count",
      "countNonZero",
      "any",
      "all",
      "and",
      "or",
      "xor",
      "mean",
    ]) {
      if (isFloat(dtype) && ["and", "or", "xor"].includes(op)) continue;
      // Tame floats are small integers, so their sums are exact as well.
      const want = expected(op, data, dtype);
      const got = engine.reduceSync(data, op as OperatorName, { schedule: "pairwise" });
      assert.same(got, want, `${op} of ${dtype}`);
      assert.same(await engine.reduce(data, op as OperatorName), want, `${op} of ${dtype}, blocks`);
    }
    assert.ok(isLong(dtype) || data.length === 3001);
  }
});

/** −0, NaN and infinities among random floats. */
function special(x: Float64Array | Float32Array, random: ReturnType<typeof seeded>): void {
  const odd = [-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = random.int(7); i < x.length; i += 1 + random.int(7)) x[i] = odd[random.int(5)]!;
}

/** The textbook's value: elements combined two and two, round by round. */
function pairwise(op: string, x: TypedArray, dtype: Dtype, skip: boolean) {
  if (!isFloat(dtype) || (op !== "sum" && op !== "product")) return expected(op, x, dtype, skip);
  const unit = op === "sum" ? -0 : 1;
  const leaves = Array.from(x as Float64Array, (v) => (skip && Number.isNaN(v) ? unit : v));
  return tree(leaves, (a, b) => (op === "sum" ? a + b : a * b));
}

test("all bit patterns of all dtypes, in one claim and in several, alone and together", async () => {
  const random = seeded("pairs of all bits");
  for (const dtype of dtypes) {
    const operators: OperatorName[] = ["sum", "min", "max", "argmin", "argmax", "count"];
    if (isFloat(dtype)) operators.push("product");
    for (const n of [2, 3, 5, 63, 64, 65, 300, 4097, 20_001]) {
      const data = randomArray(dtype, n, random, false);
      const skip = isFloat(dtype) && random.int(2) === 1;
      if (isFloat(dtype) && random.int(3) > 0) special(data as Float64Array, random);
      const options = { schedule: "pairwise", nan: skip ? "skip" : "propagate" } as const;
      const wants = operators.map((op) => {
        const want = pairwise(op, data, dtype, skip);
        if (!isLong(dtype) || typeof want !== "bigint") return want;
        return dtype === "int64" ? BigInt.asIntN(64, want) : BigInt.asUintN(64, want);
      });
      const given = isLong(dtype) ? { ...options, overflow: "wrap" as const } : options;
      const input = random.int(2) === 0 ? engine.share(data) : data;
      operators.forEach((op, i) => {
        const want = wants[i];
        const what = `${op} of ${n} ${dtype}, ${JSON.stringify(given)}`;
        if (want === undefined)
          assert.throws(() => engine.reduceSync(input, op, given), "ERR_EMPTY");
        else assert.same(engine.reduceSync(input, op, given), want, what);
      });
      if (!wants.includes(undefined)) {
        const all = (await engine.reduce(input, operators, given)) as Record<string, unknown>;
        for (const op of operators) {
          assert.same(all[op], wants[operators.indexOf(op)], `${op} of ${n} ${dtype}, of many`);
        }
      }
      if (input !== data) engine.free(input);
    }
  }
});

test("zeros keep their sign and NaN wins, wherever it stands", () => {
  const odd = [-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1];
  for (const dtype of ["float64", "float32"] as const) {
    for (let i = 0; i < odd.length ** 3; i++) {
      const three = [0, 1, 2].map((k) => odd[Math.floor(i / odd.length ** k) % odd.length]!);
      for (const numbers of [three.slice(1), three]) {
        const x = dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers);
        for (const op of ["min", "max", "argmin", "argmax", "sum"] as const) {
          const got = engine.reduceSync(x, op, { schedule: "pairwise" });
          assert.same(got, pairwise(op, x, dtype, false), `${op} of ${numbers} as ${dtype}`);
        }
      }
    }
  }
});

test("an integer's sum has 128 bits in every round", () => {
  const low = -(2n ** 63n);
  const high = 2n ** 64n - 1n;
  const options = { schedule: "pairwise" } as const;
  const around = BigInt64Array.of(low, low, low, -low - 1n, -low - 1n, -low - 1n, 5n);
  assert.is(engine.reduceSync(around, "sum", options), 2n);
  assert.is(engine.reduceSync(BigUint64Array.of(high, 1n), "sum", options), 2n ** 64n);
  assert.is(engine.reduceSync(BigInt64Array.of(low, -1n), "sum", options), low - 1n);
  assert.is(engine.reduceSync(BigInt64Array.of(-1n, 1n, -1n), "sum", options), -1n);
  const much = new BigUint64Array(1001).fill(high);
  assert.is(engine.reduceSync(much, "mean", options), 2 ** 64);
  assert.is(engine.reduceSync(much, "sum", options), 1001n * high);
});

test("the first number that fails in user code is the one that is told", async () => {
  const x = Float64Array.from({ length: 5000 }, (_, i) => i);
  for (const at of [4999, 3000, 1234, 41, 40, 1, 0]) {
    x[at] = -at - 1;
    for (const input of [x, engine.share(x)]) {
      const call = () => engine.reduce(input, operator("throws"), { schedule: "pairwise" });
      await assert.rejects(call(), "ERR_USER_OPERATOR");
      await call().catch((error: Error) => assert.match(error.message, `negative: ${-at - 1}`));
    }
  }
  await assert.rejects(
    engine.reduce(x.fill(1), operator("throws-in-combine"), { schedule: "pairwise" }),
    "ERR_USER_OPERATOR",
  );
  assert.is(engine.reduceSync(x, "sum", { schedule: "pairwise" }), 5000);
});

test("several operators share the rounds", async () => {
  const x = Int32Array.from({ length: 999 }, (_, i) => (i * 7919) % 1000);
  const all = await engine.reduce(x, ["sum", "min", "max", "argmax"], { schedule: "pairwise" });
  assert.equal(all, {
    sum: expected("sum", x, "int32"),
    min: expected("min", x, "int32"),
    max: expected("max", x, "int32"),
    argmax: expected("argmax", x, "int32"),
  });
});

test("nothing has no rounds and the identity as its value", async () => {
  const x = new Float64Array(0);
  const options = { schedule: "pairwise", onRound: () => assert.unreachable() } as const;
  assert.same(engine.reduceSync(x, "sum", options), -0);
  await assert.rejects(engine.reduce(x, "max", options), "ERR_EMPTY");
});

test("what an earlier job left in the cells of a job is not touched", async () => {
  const many = await createEngine({ threads: 8 });
  // 64 tasks of a block. As states of products, their sums would have absurd numbers of limbs.
  const noise = Float64Array.from({ length: 64 * 8192 }, (_, i) =>
    (i >> 13) % 2 === 0 ? -1 : 2 ** -60,
  );
  const sum = expected("sum", noise, "float64");
  assert.is(await many.reduce(many.share(noise), "sum", { accuracy: "fast" }), sum);
  const x = Uint8Array.of(1, 2, 3, 4);
  assert.is(await many.reduce(x, "product", { schedule: "pairwise" }), 24);
  await many.close();
});

test("user operators run in order, in rounds", async () => {
  for (const n of [2, 3, 17, 1000]) {
    const x = Float64Array.from({ length: n }, (_, i) => i + 1);
    assert.is(await engine.reduce(x, operator("first"), { schedule: "pairwise" }), 1);
    assert.is(await engine.reduce(x, operator("last"), { schedule: "pairwise" }), n);
  }
});

test("more numbers than rings can hold is an error that names the limit", async () => {
  const small = await createEngine({ threads: 1, maxBytes: 24 * 1024 * 1024 });
  const x = small.alloc("float64", 1_000_000);
  await assert.rejects(small.reduce(x, "sum", { schedule: "pairwise" }), "ERR_MEMORY");
  assert.is(await small.reduce(x, "sum"), 0);
  await small.close();
});
