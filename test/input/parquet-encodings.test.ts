// Parquet's encodings against encoders that are slow and obvious, read in
// pieces that end anywhere.

import fc from "fast-check";
import { Elements } from "../../src/input/elements.js";
import { DeltaValues } from "../../src/input/parquet/delta.js";
import { Runs } from "../../src/input/parquet/runs.js";
import { CompactReader, OutOfBytes } from "../../src/input/parquet/thrift.js";
import { SplitValues, type Values } from "../../src/input/parquet/values.js";
import { assert, fcOptions, test } from "../harness.js";

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}

const zigzag = (value: bigint): number[] => varint(value < 0n ? -2n * value - 1n : 2n * value);

/** Values of `width` bits as one number, lowest first, in `length` bytes. */
function pack(values: readonly bigint[], width: number, length: number): number[] {
  const all = values.reduce((sum, v, i) => sum | (v << BigInt(i * width)), 0n);
  return Array.from({ length }, (_, i) => Number((all >> BigInt(8 * i)) & 255n));
}

interface Run {
  readonly packed: boolean;
  readonly values: readonly number[];
}

/** Writes runs; the padding of a packed one becomes values too. */
function encodeRuns(runs: readonly Run[], width: number) {
  const bytes: number[] = [];
  const values: number[] = [];
  for (const run of runs) {
    if (run.packed) {
      const groups = Math.ceil(run.values.length / 8);
      const padded = Array.from({ length: 8 * groups }, (_, i) => run.values[i] ?? 0);
      bytes.push(...varint(BigInt(groups * 2 + 1)));
      bytes.push(...pack(padded.map(BigInt), width, groups * width));
      values.push(...padded);
    } else {
      const [value] = run.values;
      bytes.push(...varint(BigInt(run.values.length * 2)));
      bytes.push(...pack([BigInt(value!)], width, Math.ceil(width / 8)));
      values.push(...run.values.map(() => value!));
    }
  }
  return { bytes: Uint8Array.from(bytes), values };
}

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });

/** Splits `total` into pieces of these sizes, over and over. */
function* split(total: number, sizes: readonly number[]): Generator<number> {
  for (let i = 0, left = total; left > 0; i++) {
    const n = Math.min(left, sizes[i % sizes.length]!);
    yield n;
    left -= n;
  }
}

const widthAndRuns = fc.integer({ min: 1, max: 32 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    runs: fc.array(
      fc.record({
        packed: fc.boolean(),
        values: fc.array(fc.integer({ min: 0, max: 2 ** width - 1 }), {
          minLength: 1,
          maxLength: 70,
        }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
);

test("runs of any width are read in any pieces", () => {
  fc.assert(
    fc.property(widthAndRuns, pieces, ({ width, runs }, sizes) => {
      const { bytes, values } = encodeRuns(runs, width);
      const reader = new Runs(bytes, 0, bytes.length, width);
      const out = new Uint32Array(40);
      const read: number[] = [];
      for (const n of split(values.length, sizes)) {
        reader.read(n, out);
        read.push(...out.subarray(0, n));
      }
      assert.equal(read, values);
    }),
    fcOptions(500),
  );
});

test("the ones of runs of one bit are counted in any pieces", () => {
  const runs = fc.array(
    fc.record({
      packed: fc.boolean(),
      values: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 70 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(runs, pieces, (written, sizes) => {
      const { bytes, values } = encodeRuns(written, 1);
      const reader = new Runs(bytes, 0, bytes.length, 1);
      let at = 0;
      for (const n of split(values.length, sizes)) {
        const expected = values.slice(at, at + n).filter((v) => v === 1).length;
        assert.is(reader.ones(n), expected);
        at += n;
      }
    }),
    fcOptions(500),
  );
});

test("runs that claim more than there is, or nothing for ever, end in a RangeError", () => {
  const out = new Uint32Array(10);
  for (const bytes of [[], [0, 0, 0], [0xfe, 0xff, 0xff, 0xff, 0x0f], [3], Array(20).fill(0xff)]) {
    const reader = new Runs(Uint8Array.from(bytes), 0, bytes.length, 8);
    assert.throws(
      () => reader.read(10, out),
      (error: unknown) => error instanceof RangeError,
    );
  }
  assert.throws(() => new Runs(new Uint8Array(4), 0, 5, 1), /ends within/);
  assert.throws(() => new Runs(new Uint8Array(4), 0, 4, 33), /33 bits/);
  // A run of 2^31 is fine, as long as nobody asks for more than fits.
  new Runs(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 7), 0, 6, 8).read(10, out);
  assert.equal([...out], Array(10).fill(7));
});

/** DELTA_BINARY_PACKED with blocks of 128 values in 4 miniblocks. */
function encodeDelta(values: readonly bigint[], bits: number): Uint8Array {
  const wrap = (value: bigint) => BigInt.asIntN(bits, value);
  const bytes = [...varint(128n), 4, ...varint(BigInt(values.length)), ...zigzag(values[0]!)];
  const deltas = values.slice(1).map((v, i) => wrap(v - values[i]!));
  for (let at = 0; at < deltas.length; at += 128) {
    const block = deltas.slice(at, at + 128);
    const [least] = [...block].sort((a, b) => (a < b ? -1 : 1)) as [bigint];
    const miniblocks = [0, 32, 64, 96]
      .map((start) => block.slice(start, start + 32).map((d) => BigInt.asUintN(bits, d - least)))
      .map((mini) => ({ mini, width: Math.max(0, ...mini.map((d) => d.toString(2).length)) }));
    bytes.push(...zigzag(least), ...miniblocks.map(({ width }) => width));
    for (const { mini, width } of miniblocks) {
      if (mini.length > 0) bytes.push(...pack(mini, width, 4 * width));
    }
  }
  return Uint8Array.from(bytes);
}

function readAll(values: Values, count: number, width: number, sizes: readonly number[]): Elements {
  const out = new Elements(count, width);
  let at = 0;
  for (const n of split(count, sizes)) {
    values.read(n, out, at);
    at += n;
  }
  return out;
}

test("packed differences of any integers are read in any pieces", () => {
  for (const [bits, array] of [
    [32, Int32Array],
    [64, BigInt64Array],
  ] as const) {
    const [low, high] = [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
    const value = fc.oneof(
      fc.bigInt({ min: low, max: high }),
      fc.bigInt({ min: -9n, max: 9n }),
      fc.constantFrom(low, high),
    );
    const values = fc.array(value, { minLength: 1, maxLength: 400, size: "max" });
    fc.assert(
      fc.property(values, pieces, (written, sizes) => {
        const reader = new DeltaValues(encodeDelta(written, bits));
        const out = readAll(reader, written.length, bits / 8, sizes);
        const read = Array.from(new array(out.bytes.buffer) as Iterable<number | bigint>, BigInt);
        assert.equal(read, written);
      }),
      fcOptions(200),
    );
  }
});

test("differences that are cut off, or packed impossibly, end in a RangeError", () => {
  const written = [5n, 7n, 1000n, -3n];
  const good = encodeDelta(written, 64);
  const out = new Elements(4, 8);
  let cut = 0;
  for (let length = 0; length < good.length; length++) {
    try {
      new DeltaValues(good.subarray(0, length)).read(4, out, 0);
    } catch (error) {
      assert.ok(error instanceof RangeError);
      cut++;
      continue;
    }
    // What was cut off was padding.
    assert.equal([...new BigInt64Array(out.bytes.buffer)], written);
  }
  assert.ok(cut > 10);
  for (const header of [
    [0, 4, 4, 0],
    [...varint(128n), 0, 4, 0],
    [...varint(128n), 3, 4, 0],
    [...varint(2n ** 31n), 1, 4, 0],
    [...varint(2n ** 40n), 4, 4, 0],
    Array(30).fill(255),
  ]) {
    assert.throws(
      () => new DeltaValues(Uint8Array.from(header)),
      (error: unknown) => error instanceof RangeError,
    );
  }
  const wide = Uint8Array.from([...varint(128n), 4, 4, 0, 0, 65, 0, 0, 0, ...Array(300).fill(1)]);
  assert.throws(() => new DeltaValues(wide).read(4, out, 0), /65 bits/);
});

test("split bytes are put together in any pieces", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double(), { minLength: 1, maxLength: 100 }),
      pieces,
      (written, sizes) => {
        const bytes = new Uint8Array(Float64Array.from(written).buffer);
        const n = written.length;
        const streams = bytes.map((_, i) => bytes[(i % n) * 8 + Math.floor(i / n)]!);
        const out = readAll(new SplitValues(streams), n, 8, sizes);
        assert.equal([...out.bytes], [...bytes]);
        assert.throws(
          () => new SplitValues(streams).read(n + 1, new Elements(n + 1, 8), 0),
          /ends within/,
        );
      },
    ),
    fcOptions(100),
  );
});

test("the fields of a header are found behind those that are skipped", () => {
  // 1: i32 −3 · 2: true · 3: list of 2 bools · 4: map of 1 · 5: "ab" · 6: double · 8: {1: 300} · 100: byte
  const bytes = [0x15, 5, 0x11, 0x19, 0x21, 1, 2, 0x1b, 1, 0x55, 2, 4, 0x18, 2, 97, 98];
  bytes.push(0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0x2c, 0x15, 0xd8, 0x04, 0, 0x03, 0xc8, 0x01, 0xff, 0);
  const reader = new CompactReader(Uint8Array.from([...bytes, 99]));
  const fields = reader.struct();
  assert.is(reader.at, bytes.length);
  assert.equal([...fields.keys()], [1, 2, 8, 100]);
  assert.equal([fields.get(1), fields.get(2), fields.get(100)], [-3, true, -1]);
  assert.is((fields.get(8) as Map<number, number>).get(1), 300);
  for (let length = 0; length < bytes.length; length++) {
    const cut = new CompactReader(Uint8Array.from(bytes.slice(0, length)));
    assert.throws(
      () => cut.struct(),
      (error: unknown) => error instanceof OutOfBytes,
    );
  }
});

test("any bytes are a header or a RangeError, at once", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        new CompactReader(bytes).struct();
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
    fcOptions(2000),
  );
  const deep = new CompactReader(new Uint8Array(100_000).fill(0x1c));
  assert.throws(() => deep.struct(), /too deep/);
});
