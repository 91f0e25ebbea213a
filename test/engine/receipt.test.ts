// What a receipt tells: counts, the result of `accuracy: "fast"` and how far it is off, and which
// mode each block of 8,192 needs. Blocks are made by hand, so that all of it is known.

import { BLOCK, TREE } from "../../src/core/map.js";
import { createEngine, type OperatorName, type Receipt } from "../../src/index.js";
import { bitsOf, type ExactName, exactly } from "../exact.js";
import { assert, seeded, test } from "../harness.js";
import { expected, fastFloat, isFloat, isLong, operators, randomArray } from "../oracle.js";

const engine = await createEngine({ threads: 3 });
test.after(() => engine.close());

type Kind = keyof NonNullable<Receipt["modes"]>;

/** Numbers of both signs with exponents from `low` on, `span` apart at most. */
const spread = (span: number, low = 0) =>
  Array.from({ length: BLOCK }, (_, i) => (i % 3 ? -1.25 : 1.5) * 2 ** (low + (i % (span + 1))));
/** A block of ones with something else in it. */
const ones = (at: Record<number, number>) => Object.assign(new Array<number>(BLOCK).fill(1), at);

const blocks: [what: string, mode: Kind, block: number[]][] = [
  ["ones", "window", ones({})],
  ["exponents 40 apart", "window", spread(40)],
  ["the same around 2^-900", "window", spread(40, -900)],
  ["subnormals", "window", spread(40, -1070)],
  ["a zero", "zeros", ones({ 5: 0 })],
  ["a −0 at the end", "zeros", ones({ 8191: -0 })],
  ["zeros only", "zeros", new Array<number>(BLOCK).fill(0)],
  ["exponents 60 apart", "wide", spread(60)],
  ["a subnormal among small numbers", "wide", spread(60, -1074).fill(2 ** -960, 0, 9)],
  ["exponents 120 apart", "wider", spread(120)],
  ["exponents 120 apart and a zero", "wider", Object.assign(spread(120), { 7: 0 })],
  ["exponents 300 apart", "cells", spread(300, -150)],
  ["one outlier", "cells", ones({ 4000: 2 ** 200 })],
  ["the least number among ones", "cells", ones({ 0: Number.MIN_VALUE })],
  ["next to the largest", "cells", ones({}).fill(2 ** 1023)],
  ["∞", "cells", ones({ 3: Infinity })],
  ["−∞", "cells", ones({ 8191: -Infinity })],
  ["NaN", "cells", ones({ 0: Number.NaN })],
];
const all = Float64Array.from(blocks.flatMap(([, , block]) => block));

function modesOf(some: readonly (readonly [string, Kind, ...unknown[]])[]) {
  const modes = { window: 0, zeros: 0, wide: 0, wider: 0, cells: 0 };
  for (const [, mode] of some) modes[mode]++;
  return modes;
}

for (const entry of blocks) {
  test(`a block with ${entry[0]} needs the mode "${entry[1]}"`, () => {
    for (const op of ["sum", "mean", "sumAbs"] as const) {
      const { receipt } = engine.reduceSync(entry[2], op, { receipt: true });
      assert.equal(receipt.modes, modesOf([entry]), op);
    }
  });
}

test("NaN and infinities are counted, also when NaN is left out", () => {
  const x = all.slice();
  x.set([Number.NaN, Infinity, -Infinity, -Infinity, Number.NaN, -Number.NaN], 20_000);
  for (const nan of ["propagate", "skip"] as const) {
    for (const op of ["sum", "max", "count"] as const) {
      const { receipt } = engine.reduceSync(x, op, { nan, receipt: true });
      const { elements, nans, positiveInfinities, negativeInfinities, nulls, tree } = receipt;
      const counts = [elements, nans, positiveInfinities, negativeInfinities, nulls, tree];
      assert.equal(counts, [x.length, 4, 2, 3, 0, TREE], `${op}, ${nan}`);
    }
  }
});

test("the receipt is the same on any threads, of any memory, waiting, not waiting, streamed", async () => {
  const finite = all.subarray(0, -4 * BLOCK);
  const x = new Float64Array([...finite, ...finite.subarray(0, 100_000), 0.1, 0.2, Number.NaN]);
  const foreign = new Float64Array(new SharedArrayBuffer(x.byteLength));
  foreign.set(x);
  const names = ["sum", "variance", "min", "conditionNumber"] as const;
  const options = { receipt: true, nan: "skip" } as const;
  const want = engine.reduceSync(x, names, options);
  assert.equal(Object.keys(want.receipt.naive), [...names]);
  for (const threads of [1, 2, 3, 4]) {
    const other = await createEngine({ threads });
    const own = other.share(x);
    for (const input of [x, foreign, own]) {
      assert.equal(await other.reduce(input, names, options), want, `${threads}`);
      assert.equal(other.reduceSync(input, names, options), want, `${threads}, waiting`);
    }
    const stream = await other.stream("float64", names, options);
    for (const [from, to] of [
      [0, 1],
      [1, 9000],
      [9000, 150_000],
      [150_000, x.length],
    ]) {
      await stream.write(x.subarray(from, to));
    }
    assert.equal(await stream.end(), want as never, `${threads}, streamed`);
    await other.close();
  }
});

/** Floats from a to b, by their bits; of float32 if `single`. */
function apart(a: number, b: number, single: boolean): number {
  if (Object.is(a, b) || a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  const place = (x: number) => {
    const bits = single ? bitsOf(Math.abs(x)) >> 29n : bitsOf(Math.abs(x));
    return x < 0 ? -bits : bits;
  };
  const steps = place(a) - place(b);
  return Number(steps < 0n ? -steps : steps);
}

test('naive values are those of "fast", their distance that in floats from the exact ones', () => {
  const random = seeded("naive");
  const names = ["sum", "mean", "sumSquares", "l2", "l1", "std", "sampleVariance"] as const;
  let off = 0;
  for (let i = 0; i < 60; i++) {
    const n = random.pick([1, 2, 100, 9000]);
    const width = random.pick([1, 60, 300]);
    const wide = Float64Array.from(
      { length: n },
      () => (random.next() - 0.5) * 2 ** random.int(width),
    );
    if (i % 9 === 0) wide[0] = random.pick([Infinity, Number.NaN, Number.MAX_VALUE]);
    const x = i % 2 === 0 ? wide : Float32Array.from(wide);
    for (const roundTo of ["float64", "float32"] as const) {
      const single = roundTo === "float32";
      const { value, receipt } = engine.reduceSync(x, names, { receipt: true, roundTo });
      const fast = engine.reduceSync(x, names, { accuracy: "fast", roundTo });
      const sum = fastFloat(x, i % 2 === 0 ? "float64" : "float32", "sum");
      assert.same(fast.sum, single ? Math.fround(sum) : sum);
      for (const op of names) {
        const got = receipt.naive[op]!;
        const want = exactly(op, x, x, { roundTo }) as number;
        const ulps = apart(want, fast[op] as number, single);
        assert.same(value[op], want, op);
        assert.same(got.value, fast[op], op);
        assert.same(got.ulps, ulps, `${op} of ${n}, ${roundTo}`);
        assert.is(got.differs, !Object.is(want, fast[op]), op);
        off += Number(ulps > 0);
      }
    }
  }
  assert.ok(off > 50, `only ${off} naive results were off`);
});

test("a naive sum that loses everything, or overflows on its way, is told so", () => {
  const naive = (x: number[]) => engine.reduceSync(x, "sum", { receipt: true }).receipt.naive;
  // (1 + 1e100) − 1e100, in order; the exact sum is 1.
  assert.equal(naive([1e100, 1, -1e100]), {
    sum: { value: 0, differs: true, ulps: 0x3ff * 2 ** 52 },
  });
  const max = Number.MAX_VALUE;
  assert.equal(naive([max, max, -max]), {
    sum: { value: Infinity, differs: true, ulps: Infinity },
  });
  assert.equal(naive([0.1]), { sum: { value: 0.1, differs: false, ulps: 0 } });
});

test("integers have no modes, and what is not summed is never off", () => {
  const random = seeded("integers");
  for (const dtype of ["int8", "uint32", "int64", "float64", "float32"] as const) {
    const x = randomArray(dtype, 9000, random, true);
    for (const op of operators) {
      if (isFloat(dtype) && /^(and|or|xor|sum|mean)$/.test(op)) continue;
      const { value, receipt } = engine.reduceSync(x, op, { receipt: true });
      assert.same(value, expected(op, x, dtype), `${op} of ${dtype}`);
      assert.equal(receipt.naive, { [op]: { value, differs: false, ulps: 0 } });
      assert.is(receipt.modes === undefined, !isFloat(dtype), dtype);
      assert.equal([receipt.elements, receipt.nans], [9000, 0]);
    }
    const y = [x, x] as const;
    const { value, receipt } = engine.reduceSync(y, "dot", { receipt: true });
    assert.same(value, exactly("dot", x, x), dtype);
    assert.is(typeof value, isLong(dtype) ? "bigint" : "number");
    assert.is(receipt.elements, 9000);
  }
});

test("float32 has wider windows, for its numbers have fewer digits", () => {
  const some = [
    ["ones", "window"],
    ["25", "window"],
    ["zero", "zeros"],
    ["60", "wide"],
    ["250", "cells"],
  ] as const;
  const x = [ones({}), spread(25), ones({ 1: 0 }), spread(60), spread(250, -126)];
  const { receipt } = engine.reduceSync(Float32Array.from(x.flat()), "sum", { receipt: true });
  assert.equal(receipt.modes, modesOf(some));
});

test("of a dot product the receipt tells of pairs and their products", () => {
  const twos = new Array<number>(BLOCK).fill(2);
  for (const [what, mode, x] of blocks.slice(0, 13).filter(([name]) => !/subn|900/.test(name))) {
    const { value, receipt } = engine.reduceSync([x, twos], "dot", { receipt: true });
    assert.is(value, exactly("dot" as ExactName, x, twos), what);
    assert.equal(receipt.modes, modesOf([["", mode]]), what);
    assert.equal([receipt.elements, receipt.nans], [BLOCK, 0]);
  }
  const { receipt } = engine.reduceSync(
    [
      [Infinity, 1, 2, 3],
      [0, -Infinity, Number.NaN, 4],
    ],
    "dot",
    { receipt: true },
  );
  assert.equal([receipt.elements, receipt.nans, receipt.negativeInfinities], [4, 2, 1]);
});

test("products that overflow are no infinities of the input", () => {
  const x = [
    [1e200, 1e200],
    [1e200, -1e200],
  ] as const;
  const { value, receipt } = engine.reduceSync(x, "dot", { receipt: true });
  assert.is(value, 0);
  assert.equal([receipt.positiveInfinities, receipt.negativeInfinities], [0, 0]);
});

test("where NaN is left out, a block with one needs no more than one with a zero", () => {
  const { receipt } = engine.reduceSync(ones({ 9: Number.NaN }), "sum", {
    nan: "skip",
    receipt: true,
  });
  assert.equal(receipt.modes, modesOf([["", "zeros"]]));
});

test("the pairwise schedule has no modes of blocks that it does not sum", () => {
  const modesOfPairs = (op: OperatorName) =>
    engine.reduceSync([1, 2, 3], op, { schedule: "pairwise", receipt: true }).receipt.modes;
  const modes = modesOfPairs("sum");
  assert.ok(modes === undefined || modes.window <= 1, `${modes?.window} blocks of 3 numbers`);
});
