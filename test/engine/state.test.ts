// States that are kept, moved and merged: however the data was cut, merged and in whatever order,
// the value is that of the whole, and so are the bytes. The layout is read here from its description.

import { runInNewContext } from "node:vm";
import { crc32 } from "node:zlib";
import { createEngine, finishState, mergeStates, type OperatorName } from "../../src/index.js";
import type { TypedArray } from "../../src/operators/dtype.js";
import { make, narrow, shapeNames } from "../arrays.js";
import { type ExactName, exactly, exactNames } from "../exact.js";
import { assert, type Random, seeded, test } from "../harness.js";
import { dtypes, exact, expected, isFloat, randomArray } from "../oracle.js";

type Name = OperatorName;
const counting: Name[] = ["min", "max", "count", "countNonZero", "any", "all"];
const bits: Name[] = ["and", "or", "xor"];
const engine = await createEngine({ threads: 3 });
test.after(() => engine.close());

/** Runs of x, some of none or one element. */
function pieces<T extends TypedArray>(x: T, random: Random): T[] {
  const cuts = Array.from({ length: 1 + random.int(7) }, () => random.int(x.length + 1));
  if (random.int(2) === 0) cuts.push(cuts[0]!, Math.min(cuts[0]! + 1, x.length));
  cuts.sort((a, b) => a - b);
  return [0, ...cuts].map((from, i) => x.subarray(from, cuts[i] ?? x.length) as T);
}

/** One state, merged in any order and nesting. */
function merged(left: Uint8Array[], random: Random): Uint8Array {
  do {
    const one = left.splice(random.int(left.length), 1);
    for (let k = random.int(3); k > 0; k--) one.push(...left.splice(random.int(left.length), 1));
    left.push(mergeStates(one));
  } while (left.length > 1);
  return left[0] as Uint8Array;
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

/** Of every kind; floats with NaN of several bit patterns, infinities, zeros of both signs. */
function data(dtype: (typeof dtypes)[number], n: number, random: Random): TypedArray {
  if (!isFloat(dtype) || random.int(4) === 0) return randomArray(dtype, n, random, n % 2 === 0);
  const x = make(random.pick(shapeNames), n, random);
  const y = dtype === "float64" ? x : narrow(x, random);
  const words = new Uint32Array(y.buffer);
  for (let k = random.int(4); k > 0 && n > 0; k--) {
    const upper = (random.int(n) + 1) * (words.length / n) - 1;
    words[upper] = random.u32() | (dtype === "float64" ? 0x7ff80000 : 0x7fc00000);
  }
  return y;
}

for (const dtype of dtypes) {
  for (const op of [...exactNames, ...counting, ...(isFloat(dtype) ? [] : bits)]) {
    test(`${op} of ${dtype}: pieces merge to the value and the bytes of the whole`, () => {
      const random = seeded(`${op} ${dtype}`);
      const input = (y: TypedArray) => (op === "dot" ? ([y, y] as const) : y);
      for (const n of [0, 1, 2, 3, 30, 31, 300, 8193, 3 * 8192 + 5]) {
        const x = data(dtype, n, random);
        const skip = random.int(2) === 0;
        const options = { nan: skip ? "skip" : "propagate" } as const;
        const of = (y: TypedArray) => engine.partialSync(input(y), op, options);
        const state = merged(pieces(x, random).map(of), random);
        const value = attempt(() => finishState(state));
        const same = attempt(() => engine.reduceSync(input(x), op, options));
        assert.same(value, same, `${n} elements, ${options.nan}`);
        assert.is(Buffer.compare(state, of(x)), 0, `${n} elements, other bytes`);
        if (n > 1000) continue;
        const isExact = (exactNames as string[]).includes(op);
        const want = isExact ? exactly(op as ExactName, x, x, { skip }) : undefined;
        assert.same(value, want ?? expected(op, x, dtype, skip) ?? "ERR_EMPTY", `${n} elements`);
      }
    });
  }
}

test("states of min and max have the same bytes whichever NaN was met, and wherever", () => {
  const x = new Float64Array(3 * 8192).fill(5);
  new Uint32Array(x.buffer).set([7, 0xfff80000], 200);
  for (const op of ["min", "max", "maxNorm"] as const) {
    const whole = engine.partialSync(x, op);
    for (const cut of [0, 50, 150, 8192, 9000]) {
      const states = [x.subarray(cut), x.subarray(0, cut)].map((y) => engine.partialSync(y, op));
      assert.is(Buffer.compare(mergeStates(states), whole), 0, `${op}, cut at ${cut}`);
    }
  }
});

test("a large array has the same state on any threads, wherever it lies, waiting or not", async () => {
  const random = seeded("threads");
  const x = Float64Array.from({ length: 400_003 }, () => random.next() * 2 ** random.int(90));
  const foreign = new Float64Array(new SharedArrayBuffer(x.byteLength));
  foreign.set(x);
  for (const threads of [1, 2, 4]) {
    const other = await createEngine({ threads });
    for (const op of ["sum", "conditionNumber", "min"] as const) {
      const halves = [x.subarray(150_001), x.subarray(0, 150_001)];
      const want = mergeStates(halves.map((half) => engine.partialSync(half, op)));
      assert.same(finishState(want), engine.reduceSync(x, op), op);
      for (const input of [x, foreign, other.share(x)]) {
        assert.is(Buffer.compare(await other.partial(input, op), want), 0, `${op} on ${threads}`);
        assert.is(Buffer.compare(other.partialSync(input, op), want), 0, `${op}, waiting`);
      }
    }
    await other.close();
  }
});

const moves: Record<string, (s: Uint8Array) => Uint8Array> = {
  "at an odd offset": (s) => new Uint8Array([7, ...s, 9, 9]).subarray(1, 1 + s.length),
  "in a Buffer": (s) => Buffer.from(s),
  "in shared memory": (s) => Object.assign(new Uint8Array(new SharedArrayBuffer(s.length)), s),
  "of another realm": (s) => runInNewContext("new Uint8Array(s)", { s: [...s] }),
};
for (const [what, move] of Object.entries(moves)) {
  test(`a state ${what} is read, and left as it is`, () => {
    const state = engine.partialSync([0.1, 0.2], "sum");
    const copy = move(state);
    assert.is(finishState(mergeStates([copy, state])), exactly("sum", [0.1, 0.2, 0.1, 0.2]));
    assert.is(Buffer.compare(Buffer.from(copy), state), 0, "it was altered");
  });
}

// --- the layout, as state.ts describes it ------------------------------------------------

const codes = "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64";

/** What follows the header, which is checked. */
function payload(x: TypedArray | number[], op: Name, skip = false): DataView {
  const input = op === "dot" ? ([x, x] as const) : x;
  const bytes = Buffer.from(engine.partialSync(input, op, { nan: skip ? "skip" : "propagate" }));
  const check = bytes.readUInt32LE(36);
  bytes.writeUInt32LE(0, 36);
  const dtype = /\w+(?=Array)/.exec(x.constructor.name)?.[0].toLowerCase().replace("big", "");
  const text = (from: number, to: number) => bytes.toString("latin1", from, to);
  const numbers = [bytes.readUInt16LE(8), bytes.readUInt8(11), bytes.readUInt32LE(12), check];
  assert.equal([text(0, 8), text(16, 36)], ["RFSTATE\0", op.padEnd(20, "\0")]);
  assert.equal(numbers, [1, +skip, bytes.length, crc32(bytes)]);
  assert.is(codes.split(" ")[bytes.readUInt8(10)], dtype ?? "float64");
  return new DataView(bytes.buffer, bytes.byteOffset + 40, bytes.length - 40);
}

/** An exact sum: its count, flags and digits as one integer. */
function readSum(view: DataView, at = 0, size = 69) {
  const places = [0, 4, 20].map((i) => view.getInt32(at + i, true));
  assert.equal(places, [0, size, 0]);
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) {
    const digit = view.getBigInt64(at + 24 + 8 * i, true);
    assert.ok(i === size - 1 || (digit >= 0n && digit < 1n << 32n), `digit ${i}: ${digit}`);
    value = (value << 32n) + digit;
  }
  const [count, flags] = [view.getBigInt64(at + 8, true), view.getUint32(at + 16, true)];
  return { count, flags, value, isLast: at + 24 + 8 * size === view.byteLength };
}

const totalOf = (x: bigint[], f = (v: bigint) => v) => x.reduce((sum, v) => sum + f(v), 0n);
const abs = (v: bigint) => (v < 0n ? -v : v);

test("exact sums lie in a state as described, the sum before squares or magnitudes", () => {
  const random = seeded("layout");
  for (let i = 0; i < 80; i++) {
    const wide = make(random.pick(shapeNames), 1 + random.int(50), random);
    const x = (i % 2 ? wide : narrow(wide, random)).map((v) => (Number.isFinite(v) ? v : 1));
    const integers = Array.from(x, (v) => exact(v, 1074));
    const [size, scale] = i % 2 ? [136, 2162n] : [69, 1074n];
    const flags = x.every((v) => Object.is(v, -0)) ? 0 : 8;
    for (const op of ["sum", "mean", "variance", "conditionNumber"] as const) {
      const { value, count, flags: got } = readSum(payload(x, op));
      assert.equal([value, count, got], [totalOf(integers), BigInt(x.length), flags], op);
    }
    assert.is(readSum(payload(x, "sumAbs")).value, totalOf(integers, abs));
    assert.is(readSum(payload(x, "conditionNumber"), 576).value, totalOf(integers, abs));
    for (const op of ["l2", "dot", "std"] as const) {
      const sum = readSum(payload(x, op), op === "std" ? 576 : 0, size);
      assert.is(sum.value << 2148n, totalOf(integers, (v) => v * v) << scale, op);
      assert.equal([sum.isLast, sum.count], [true, BigInt(x.length)]);
    }
  }
});

test("flags of exact sums tell NaN, infinities, and whether all is −0", () => {
  const inputs = [
    [],
    [-0, -0],
    [-0, 0],
    [1, -1],
    [Number.NaN],
    [1 / 0, 3],
    [-1 / 0],
    [1, -1].map((v) => v / 0),
  ];
  const flags = inputs.map((x) => [
    readSum(payload(x, "sum")).flags,
    readSum(payload(x, "l1")).flags,
  ]);
  assert.is(flags.join(" "), "0,0 0,8 8,8 8,8 9,9 10,10 12,10 14,10");
  assert.is(readSum(payload([Number.NaN, -0], "sum", true)).flags, 0);
  assert.is(readSum(payload([Number.NaN, 0], "sum", true)).flags, 8);
});

test("states of integers, extrema and counts lie as described", () => {
  for (const dtype of dtypes.filter((name) => !isFloat(name))) {
    const x = randomArray(dtype, 100, seeded(dtype), dtype !== "int64");
    const integers = Array.from(x as BigInt64Array, BigInt);
    const check = (op: Name, words: number, value: bigint, behind: bigint[]) => {
      const view = payload(x, op);
      let got = 0n;
      for (let i = words; i-- > 0; ) got = (got << 64n) + view.getBigUint64(8 * i, true);
      assert.is(BigInt.asIntN(64 * words, got), value, `${op} of ${dtype}`);
      assert.equal(
        behind,
        behind.map((_, i) => view.getBigInt64(8 * words + 8 * i, true)),
      );
      assert.is(view.byteLength, 8 * (words + behind.length));
    };
    const nonZero = BigInt(integers.filter((v) => v !== 0n).length);
    check("count", 1, 100n, []);
    for (const op of ["countNonZero", "any", "all"] as const) check(op, 1, nonZero, [100n]);
    for (const op of ["min", "max"] as const) check(op, 1, BigInt(expected(op, x, dtype)!), [1n]);
    for (const op of ["sum", "mean"] as const) check(op, 2, totalOf(integers), [100n]);
    check("l1", 2, totalOf(integers, abs), [100n]);
    check(
      "l2",
      3,
      totalOf(integers, (v) => v * v),
      [100n],
    );
    check(
      "xor",
      1,
      integers.reduce((a, b) => a ^ b),
      [],
    );
  }
});
