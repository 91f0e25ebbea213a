// Exact operators against the oracle, and the oracle against Python's rationals.

import { spawnSync } from "node:child_process";
import { createEngine, type Engine } from "../../src/index.js";
import { anyLength, make, narrow, partner, shapeNames } from "../arrays.js";
import {
  bitsOf,
  type Elements,
  type ExactName,
  type ExactOptions,
  exactly,
  exactNames,
  settled,
  unaryNames,
} from "../exact.js";
import { assert, type Random, seeded, test } from "../harness.js";

const LONG = [1000, 8191, 8192, 8193, 16_383, 16_385, 24_576, 30_000];
const ARRAYS = 450;
/** Of the other operators, whose oracle takes longer: the last of them is a long one. */
const SOME = 60;

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

/** One operator, or all in one pass, as engine and oracle see it. */
function check(
  names: readonly ExactName[],
  x: Elements,
  what: string,
  options: ExactOptions & { y?: Elements } = {},
): void {
  const { skip, roundTo, y } = options;
  const given = { ...(skip && { nan: "skip" as const }), ...(roundTo && { roundTo }) };
  const many = names.length > 1 ? engine.reduceSync(x, names, given) : undefined;
  for (const op of names) {
    const input = y === undefined ? x : ([x, y] as const);
    const got = many === undefined ? engine.reduceSync(input, op, given) : many[op];
    const want = exactly(op, x, y, options);
    assert.same(settled(op, got), settled(op, want), `${op} of ${x.length}, ${what}`);
  }
}

const PYTHON = `
import json, math, statistics, struct, sys
from fractions import Fraction
import numpy as np

def attempt(f, otherwise=math.inf):
    try: return f()
    except OverflowError: return otherwise

double = lambda q: attempt(lambda: float(q), math.inf if q > 0 else -math.inf)

def single(q):
    if abs(q) >= Fraction(2) ** 128 - Fraction(2) ** 103: return math.inf if q > 0 else -math.inf
    near = np.float32(float(q))
    top = np.finfo(np.float32).max
    near = np.clip(near, -top, top)
    down, up = (np.nextafter(near, np.float32(s * np.inf)) for s in (-1, 1))
    all = [f for f in (down, near, up) if np.isfinite(f)]
    return float(min(all, key=lambda f: (abs(Fraction(float(f)) - q), f.view(np.uint32) & 1)))

def row(pair):
    x, y = ([struct.unpack(">d", bytes.fromhex(h))[0] for h in v] for v in pair)
    f, g = [Fraction(v) for v in x], [Fraction(v) for v in y]
    n, s, a, q = len(f), sum(f), sum(map(abs, f)), sum(v * v for v in f)
    exact = {"sum": s, "mean": s / n, "dot": sum(map(lambda v, w: v * w, f, g)), "sumSquares": q,
        "sumAbs": a, "l1": a, "maxNorm": max(map(abs, f)), "variance": statistics.pvariance(f),
        "sampleVariance": statistics.variance(f)}
    if s != 0: exact["conditionNumber"] = a / abs(s)
    root = lambda q: attempt(lambda: statistics._float_sqrt_of_frac(q.numerator, q.denominator))
    out = {"l2": root(q), "std": root(exact["variance"]), "sampleStd": root(exact["sampleVariance"])}
    assert attempt(lambda: math.fsum(x), double(s)) == double(s)
    out.update((k, double(v)) for k, v in exact.items())
    out.update((k + " float32", single(v)) for k, v in exact.items())
    return {k: struct.pack(">d", v).hex() for k, v in out.items()}

json.dump([row(pair) for pair in json.load(sys.stdin)], sys.stdout)
`;

test("the oracle says what Python's fractions, fsum and statistics say", () => {
  const random = seeded("python");
  const hex = (v: number): string => bitsOf(v).toString(16).padStart(16, "0");
  const pairs: [Float64Array, Float64Array][] = [];
  while (pairs.length < 400) {
    const x = make(random.pick(shapeNames), 2 + random.int(40), random);
    const y = partner(x, random);
    if (x.every(Number.isFinite) && y.every(Number.isFinite)) pairs.push([x, y]);
  }
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3", ["-c", PYTHON], {
    input: JSON.stringify(pairs.map((pair) => pair.map((v) => Array.from(v, hex)))),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.is(status, 0, stderr);
  const rows = JSON.parse(stdout) as Record<string, string>[];
  assert.is(rows.length, pairs.length);
  for (const [i, row] of rows.entries()) {
    const [x, y] = pairs[i]!;
    for (const [key, want] of Object.entries(row)) {
      const [op, roundTo = "float64"] = key.split(" ") as [ExactName, "float32" | undefined];
      const got = exactly(op, x, y, { roundTo }) as number;
      // A fraction has no sign of zero.
      assert.is(hex(got === 0 ? 0 : got), /^80*$/.test(want) ? hex(0) : want, `${key} of [${x}]`);
    }
  }
});

for (const shape of shapeNames) {
  test(`${shape}: the sum is the exact sum, rounded once`, () => {
    const random = seeded(shape);
    for (let i = 0; i < ARRAYS; i++) check(["sum"], make(shape, anyLength(random), random), shape);
    for (const n of LONG) check(["sum"], make(shape, n, random), shape);
  });

  test(`${shape}: every other operator is exact, alone and in one pass`, () => {
    const random = seeded(`${shape}, others`);
    for (let i = 0; i < SOME; i++) {
      const x = make(shape, i < SOME - 1 ? anyLength(random) : random.pick(LONG), random);
      check(unaryNames, x, shape);
      check([random.pick(unaryNames)], x, shape);
      check(["dot"], x, shape, { y: x });
      for (let k = 0; k < 3; k++) check(["dot"], x, shape, { y: partner(x, random) });
    }
  });

  test(`${shape}: float32 elements are taken as they are, and results rounded once`, () => {
    const random = seeded(`${shape}, float32`);
    for (let i = 0; i < SOME; i++) {
      const wide = make(shape, i < SOME - 1 ? anyLength(random) : 8191 + random.int(3), random);
      const other = partner(wide, random);
      const [x, y] = [narrow(wide, random), narrow(other, random)];
      for (const roundTo of [undefined, "float64", "float32"] as const) {
        const options = roundTo === undefined ? {} : { roundTo };
        check(unaryNames, x, `${shape}, float32 to ${roundTo}`, options);
        check(["sum"], x, `${shape}, float32 to ${roundTo}`, options);
        check(["dot"], x, `${shape}, float32 to ${roundTo}`, { ...options, y });
      }
      check(unaryNames, wide, `${shape}, to float32`, { roundTo: "float32" });
      check(["dot"], wide, `${shape}, to float32`, { y: other, roundTo: "float32" });
    }
  });

  test(`${shape}: nan: "skip" leaves NaN out, and nothing else`, () => {
    const random = seeded(`${shape}, skip`);
    for (let i = 0; i < SOME; i++) {
      const x = make(shape, anyLength(random), random);
      const y = x.map(() => 1 - 2 * random.next());
      for (let k = random.int(5); k > 0 && x.length > 0; k--) x[random.int(x.length)] = Number.NaN;
      check(unaryNames, x, `${shape}, skip`, { skip: true });
      check(["sum"], x, `${shape}, skip`, { skip: true });
      check(["dot"], x, `${shape}, skip`, { skip: true, y });
    }
  });
}

test("a sum's initial value is one more element", () => {
  const random = seeded("initial");
  for (let i = 0; i < 1000; i++) {
    const x = make(random.pick(shapeNames), anyLength(random), random);
    const initial = random.pick([
      0,
      -0,
      1,
      Infinity,
      -Number.MAX_VALUE,
      Number.MIN_VALUE,
      x[0] ?? 7,
    ]);
    const want = exactly("sum", [initial, ...x]);
    assert.same(engine.reduceSync(x, "sum", { initial }), want, `${initial} and ${x.length}`);
  }
});

const integers = {
  int8: [Int8Array, -(2n ** 7n), 2n ** 7n - 1n],
  uint8: [Uint8Array, 0n, 2n ** 8n - 1n],
  int16: [Int16Array, -(2n ** 15n), 2n ** 15n - 1n],
  uint16: [Uint16Array, 0n, 2n ** 16n - 1n],
  int32: [Int32Array, -(2n ** 31n), 2n ** 31n - 1n],
  uint32: [Uint32Array, 0n, 2n ** 32n - 1n],
  int64: [BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n],
  uint64: [BigUint64Array, 0n, 2n ** 64n - 1n],
} as const;

/** Anything, extremes only, extremes and near them, or small numbers far from zero. */
function integerArray(dtype: keyof typeof integers, n: number, random: Random): Elements {
  const [type, least, most] = integers[dtype];
  const kind = random.int(4);
  const base = random.pick([least, most - 9n]);
  const values = Array.from({ length: n }, () => {
    if (kind === 0) return random.bits64();
    if (kind === 1) return random.pick([least, most]);
    if (kind === 2) return random.pick([least, least + 1n, most, most - 1n, 0n, 1n]);
    return base + BigInt(random.int(10));
  });
  if (type === BigInt64Array || type === BigUint64Array) return type.from(values);
  return (type as Int32ArrayConstructor).from(values, (v) => Number(BigInt.asIntN(32, v)));
}

for (const dtype of Object.keys(integers) as (keyof typeof integers)[]) {
  test(`${dtype}: every operator is exact, up to the extremes`, () => {
    const random = seeded(dtype);
    for (let i = 0; i < 250; i++) {
      const n = i < 240 ? anyLength(random) : random.pick(LONG);
      const x = integerArray(dtype, n, random);
      check(unaryNames, x, dtype);
      check([random.pick(unaryNames)], x, dtype);
      check(["dot"], x, dtype, { y: integerArray(dtype, n, random) });
    }
    for (const n of [1, 2, 8193, 30_000]) {
      for (const extreme of integers[dtype].slice(1) as bigint[]) {
        const x = integerArray(dtype, n, random);
        (x as BigInt64Array).fill((typeof x[0] === "bigint" ? extreme : Number(extreme)) as bigint);
        check(unaryNames, x, `${dtype}, all ${extreme}`);
        check(["dot"], x, `${dtype}, all ${extreme}`, { y: x });
      }
    }
  });
}

test("nothing has the values that the documentation says", () => {
  const x = new Float64Array(0);
  for (const op of ["sumSquares", "l2", "sumAbs", "l1", "maxNorm"] as const) {
    assert.same(engine.reduceSync(x, op), 0, op);
  }
  assert.same(engine.reduceSync(x, "sum"), -0);
  for (const op of exactNames.filter((name) => /mean|var|std|cond/i.test(name))) {
    assert.same(engine.reduceSync(x, op), Number.NaN, op);
  }
  assert.same(engine.reduceSync(x, "sum", { roundTo: "float32" }), -0);
});
