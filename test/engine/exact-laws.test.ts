// What exact results owe to mathematics alone: whatever leaves the exact value as it is leaves
// every bit of the result. No expected value is computed here but by the engine itself.

import { createEngine, type Engine } from "../../src/index.js";
import { anyLength, make, partner, shapeNames } from "../arrays.js";
import { pow2, settled, unaryNames } from "../exact.js";
import { assert, type Random, seeded, test } from "../harness.js";

const N = 300_007;
const BLOCK = 8192;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

type Results = Record<string, unknown>;

/** All operators of one array in one pass, and the dot with another. */
function all(x: Float64Array, y?: Float64Array): Results {
  const results: Results = { ...(engine.reduceSync(x, unaryNames) as Results) };
  if (y !== undefined) results["dot"] = engine.reduceSync([x, y], "dot");
  return results;
}

function same(got: Results, want: Results, what: string): void {
  for (const op of Object.keys(want)) {
    assert.same(settled(op, got[op]), settled(op, want[op]), `${op}, ${what}`);
  }
}

/** A long array of pieces of every finite kind, and one for which it is the other side. */
function mixture(random: Random): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(N);
  const y = new Float64Array(N);
  for (let at = 0; at < N; ) {
    const n = Math.min(1 + random.int(20_000), N - at);
    const shape = random.pick(shapeNames.filter((name) => !/infinit/.test(name)));
    const piece = make(shape, n, random);
    const other = partner(piece, random).map((v) => (Number.isFinite(v) ? v : 1));
    x.set(piece, at);
    y.set(other, at);
    at += n;
  }
  return { x, y };
}

/** Short arrays of every kind. */
function* samples(random: Random, each: number): Generator<[Float64Array, string]> {
  for (const shape of shapeNames) {
    for (let i = 0; i < each; i++) yield [make(shape, anyLength(random), random), shape];
  }
}

function permutation(n: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

test("the order of the elements changes nothing", () => {
  const random = seeded("order");
  for (const [x, shape] of samples(random, 20)) {
    const y = partner(x, random);
    const order = permutation(x.length, random);
    const moved = (z: Float64Array) => z.map((_, i) => z[order[i]!]!);
    same(all(moved(x), moved(y)), all(x, y), shape);
  }
  const { x, y } = mixture(random);
  const order = permutation(N, random);
  const moved = (z: Float64Array) => z.map((_, i) => z[order[i]!]!);
  same(all(moved(x), moved(y)), all(x, y), "shuffled");
  same(all(x.slice().reverse(), y.slice().reverse()), all(x, y), "backwards");
  same(all(x.slice().sort()), all(x), "sorted");
});

test("the order of the blocks changes nothing", () => {
  const random = seeded("blocks");
  const { x, y } = mixture(random);
  const want = all(x, y);
  for (let round = 0; round < 5; round++) {
    const blocks = Array.from(permutation(Math.ceil(N / BLOCK), random));
    const moved = (z: Float64Array) =>
      Float64Array.from(blocks.flatMap((b) => Array.from(z.subarray(b * BLOCK, (b + 1) * BLOCK))));
    same(all(moved(x), moved(y)), want, `round ${round}`);
  }
});

test("every number of threads from 1 to 8 gives the same bits, waiting or not", async () => {
  const { x, y } = mixture(seeded("threads"));
  const [want, { dot }] = [all(x), all(x, y)];
  for (let threads = 1; threads <= 8; threads++) {
    const many = await createEngine({ threads });
    const [a, b] = [many.share(x), many.share(y)];
    for (let round = 0; round < 3; round++) {
      const what = `${threads} threads`;
      same(many.reduceSync(a, unaryNames) as Results, want, what);
      same((await many.reduce(a, unaryNames)) as Results, want, what);
      assert.same(many.reduceSync([a, b], "dot"), dot, what);
      assert.same(await many.reduce([a, b], "dot"), dot, what);
    }
    await many.close();
  }
});

test("own, foreign and ordinary memory and plain arrays give the same bits", async () => {
  const { x, y } = mixture(seeded("memory"));
  const [want, { dot }] = [all(x), all(x, y)];
  const foreign = [x, y].map((z) => {
    const out = new Float64Array(new SharedArrayBuffer(z.byteLength));
    out.set(z);
    return out;
  });
  const kinds = { own: [x, y].map((z) => engine.share(z)), foreign, ordinary: [x, y] };
  for (const [kind, [a]] of Object.entries(kinds)) {
    same((await engine.reduce(a!, unaryNames)) as Results, want, kind);
    same(engine.reduceSync(a!, unaryNames) as Results, want, `${kind}, waiting`);
    for (const [other, [, b]] of Object.entries(kinds)) {
      assert.same(engine.reduceSync([a!, b!], "dot"), dot, `${kind} and ${other}, waiting`);
      assert.same(await engine.reduce([a!, b!], "dot"), dot, `${kind} and ${other}`);
    }
  }
  for (const z of kinds.own) engine.free(z);
  same(engine.reduceSync(Array.from(x), unaryNames) as Results, want, "a plain array, waiting");
  same((await engine.reduce(Array.from(x), unaryNames)) as Results, want, "a plain array");
});

test("a stream gives the same bits however its pieces are cut", async () => {
  const random = seeded("stream");
  const { x } = mixture(random);
  const want = all(x);
  for (let round = 0; round < 3; round++) {
    const stream = await engine.stream("float64", unaryNames);
    for (let at = 0; at < N; ) {
      const end = at + random.int(random.pick([10, 9000, 100_000])) + 1;
      await stream.write(x.subarray(at, end));
      at = end;
    }
    same((await stream.end()) as Results, want, `round ${round}`);
  }
});

test("operators in one pass are those operators one by one", async () => {
  const random = seeded("pass");
  for (const x of [mixture(random).x, ...Array.from(samples(random, 3), ([z]) => z)]) {
    const want = all(x);
    for (const op of unaryNames) {
      assert.same(engine.reduceSync(x, op), want[op], `${op} of ${x.length}, waiting`);
      assert.same(await engine.reduce(x, op), want[op], `${op} of ${x.length}`);
    }
    const some = unaryNames.filter(() => random.int(2) === 0);
    const few = some.length === 0 ? (["sum"] as const) : some;
    same(
      (await engine.reduce(x, few)) as Results,
      Object.fromEntries(few.map((op) => [op, want[op]])),
      "few",
    );
  }
});

test("subarrays at odd offsets are what their copies are", () => {
  const random = seeded("offsets");
  const { x, y } = mixture(random);
  const [a, b] = [engine.share(x), engine.share(y)];
  for (let i = 0; i < 40; i++) {
    const n = random.int(random.pick([20, 9000, 100_000]));
    const [from, other] = [random.int(N - n), random.int(N - n)];
    const [p, q] = [a.subarray(from, from + n), b.subarray(other, other + n)];
    same(all(p, q), all(p.slice(), q.slice()), `${n} from ${from} and ${other}`);
  }
  engine.free(a);
  engine.free(b);
});

/** Floats that add up to the exact sum of x, found with the engine alone. */
function expansion(x: Float64Array): number[] {
  const found: number[] = [];
  for (;;) {
    const rest = engine.reduceSync(Float64Array.of(...x, ...found.map((v) => -v)), "sum") as number;
    if (rest === 0) return found;
    found.push(rest);
  }
}

test("a sum cut anywhere is put together again by what each part leaves", () => {
  const random = seeded("split");
  for (const [x, shape] of samples(random, 20)) {
    const cut = random.int(x.length + 1);
    const parts = [x.subarray(0, cut), x.subarray(cut)];
    const sums = parts.map((part) => engine.reduceSync(part, "sum") as number);
    // The rest of a sum that is no finite float is no float either.
    if (!sums.every(Number.isFinite)) continue;
    const whole = engine.reduceSync(x, "sum");
    const again = engine.reduceSync(parts.flatMap(expansion), "sum");
    assert.same(
      whole === 0 ? 0 : whole,
      again === 0 ? 0 : again,
      `${shape}, ${x.length} at ${cut}`,
    );
  }
});

/** Powers of the factor by which each operator grows. */
const degrees = { mean: 1, sum: 1, sumAbs: 1, l1: 1, l2: 1, maxNorm: 1, std: 1, sampleStd: 1 };
const squares = { dot: 2, sumSquares: 2, variance: 2, sampleVariance: 2, conditionNumber: 0 };

test("scaling by a power of two scales the results", () => {
  const random = seeded("scale");
  for (const [tame, shape] of samples(random, 20)) {
    // Exponents from −150 to 150 leave no result out of range.
    const x = tame.map((v) => (Math.abs(v) < 2 ** -150 || !(Math.abs(v) < 2 ** 150) ? 1 : v));
    const y = x.map(() => random.next() - 0.5);
    const k = random.int(200) - 100;
    const want = all(x, y);
    const got = all(
      x.map((v) => v * pow2(k)),
      y.map((v) => v * pow2(k)),
    );
    for (const [op, degree] of Object.entries({ ...degrees, ...squares })) {
      const scaled = (want[op] as number) * pow2(k * degree);
      assert.same(
        settled(op, got[op]),
        settled(op, scaled),
        `${op}, ${shape} of ${x.length}, * 2^${k}`,
      );
    }
  }
});

test("signs, absolute values, zeros and ones enter as algebra says", () => {
  const random = seeded("algebra");
  for (const [x, shape] of samples(random, 20)) {
    const y = partner(x, random);
    const want = all(x, y);
    const negated = all(
      x.map((v) => -v),
      y,
    );
    for (const op of unaryNames) {
      const sign = op === "sum" || op === "mean" ? -1 : 1;
      const value = sign * (want[op] as number);
      assert.is(
        Object.is(negated[op], value) || (negated[op] === 0 && value === 0),
        true,
        `−x, ${op}, ${shape}`,
      );
    }
    const dot = (a: Float64Array, b: Float64Array) =>
      settled("dot", engine.reduceSync([a, b], "dot"));
    assert.same(dot(y, x), dot(x, y), `x·y is y·x, ${shape}`);
    assert.same(dot(x, x), want["sumSquares"], `x·x, ${shape}`);
    assert.same(
      dot(
        x,
        x.map(() => 1),
      ),
      settled("dot", want["sum"]),
      `x·1, ${shape}`,
    );
    assert.same(want["l1"], want["sumAbs"], shape);
    const magnitudes = engine.reduceSync(x.map(Math.abs), "sum") as number;
    assert.same(want["sumAbs"], x.length === 0 ? 0 : magnitudes, `Σ|x|, ${shape}`);
    const padded = new Float64Array(x.length * 2 + 1);
    for (const [i, v] of x.entries()) padded[2 * i + 1] = v;
    const sum = engine.reduceSync(padded, "sum");
    assert.same(settled("dot", sum), settled("dot", want["sum"]), `zeros between, ${shape}`);
  }
});

test("whole numbers moved by a whole number keep their spread", () => {
  const random = seeded("moved");
  for (let i = 0; i < 500; i++) {
    const x = Float64Array.from({ length: anyLength(random) }, () => random.int(2 ** 20));
    const c = random.int(2 ** 52) - 2 ** 51;
    const names = ["variance", "std", "sampleVariance", "sampleStd"] as const;
    const want = engine.reduceSync(x, names) as Results;
    same(
      engine.reduceSync(
        x.map((v) => v + c),
        names,
      ) as Results,
      want,
      `${x.length}, + ${c}`,
    );
  }
});
