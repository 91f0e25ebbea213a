// The textbook's schedule against a plain rendering of it: rounds of pairs in order.

import { createEngine, type Engine, type OperatorName } from "../../src/index.js";
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
  const small = await createEngine({ threads: 1, maxBytes: 32 * 1024 * 1024 });
  const x = small.alloc("float64", 1_000_000);
  await assert.rejects(small.reduce(x, "sum", { schedule: "pairwise" }), "ERR_MEMORY");
  assert.is(await small.reduce(x, "sum"), 0);
  await small.close();
});
