// Arrow streams and files: those of pyarrow (fixtures/make.py), whose content
// tables.ts says again, a real one, and what flechette writes, which is the
// oracle for both.

import * as fs from "node:fs";
import {
  bool,
  float32,
  float64,
  int64,
  type Table,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
  uint16,
  utf8,
} from "@uwdata/flechette";
import { assert, seeded, test } from "../harness.js";
import { COLUMNS, DECIMALS, OTHERS, ROWS } from "./fixtures/tables.js";
import { dataset, equalValues, fixture, inFolder, open, put, read } from "./support.js";

async function check(file: string, names: readonly string[]): Promise<void> {
  const { rows, columns, batches } = await read(fixture(file), { columns: names });
  assert.is(rows, ROWS, file);
  assert.equal(batches, [ROWS], "small record batches are put together");
  for (const [i, name] of names.entries()) {
    const { dtype, values } = COLUMNS[name]!;
    const column = columns[i]!;
    assert.is(column.name, name);
    assert.is(column.dtype, dtype, `${file}: ${name}`);
    equalValues(column.values, values, `${file}: ${name}`);
    assert.is(column.nulls, ROWS - values.length, `${file}: ${name}`);
  }
}

test("every numeric type has its exact dtype and values, in a file and in a stream", async () => {
  await check("plain.arrow", Object.keys(COLUMNS));
  await check("plain.arrows", Object.keys(COLUMNS));
});

const SOME = ["f64", "dec", "i64", "bool", "runs", "nothing"];

test("compressed buffers are read", async () => {
  await check("zstd.arrow", SOME);
  await check("lz4.arrow", SOME);
});

test("LZ4 blocks that refer back to earlier ones are read", async () => {
  const { columns } = await read(fixture("lz4-long.arrow"));
  const expected = Array.from({ length: 40_000 }, (_, i) => BigInt((i % 1000) * 3));
  assert.equal(columns[0]!.values, expected);
});

test("record batches that begin within a byte of the last one's bits are put together", () =>
  check("drops.arrows", SOME));

test("a big-endian stream has the values that it had, not their bytes backwards", () =>
  check(
    "big-endian.arrows",
    ["i", "u"]
      .flatMap((sign) => [8, 16, 32, 64].map((bits) => `${sign}${bits}`))
      .concat(["f16", "f32", "f64", "bool", "dec", "last"]),
  ));

test("decimals of any width and scale are the nearest float64", async () => {
  const { columns } = await read(fixture("decimals.arrow"), { columns: Object.keys(DECIMALS) });
  for (const { name, values } of columns) {
    const { scale, unscaled } = DECIMALS[name]!;
    equalValues(
      values,
      unscaled.map((n) => Number(`${n}e${-scale}`)),
      name,
    );
  }
});

test("what holds no numbers of its own is refused by its type, and numbers beside it are read", async () => {
  const types = {
    codes: "a dictionary of int64",
    runs: "runendencoded",
    union: "union",
    none: "null",
    time: "time",
    duration: "duration",
    day: "date",
    interval: "interval",
    view: "utf8view",
  };
  for (const [name, type] of Object.entries(types)) {
    const error = await assert.rejects(
      open(fixture("others.arrow"), { columns: [name] }),
      "ERR_COLUMN",
    );
    assert.match(error.message, `column "${name}" holds ${type}, which is not numeric`);
  }
  const { columns } = await read(fixture("others.arrow"));
  assert.equal(columns[0], { name: "number", dtype: "int16", values: [1, 3], nulls: 1 });
  const error = await assert.rejects(open(fixture("decimals-negative.arrow")), "ERR_FORMAT");
  assert.match(error.message, "has decimals of a scale below 0: cast them");
});

test("a file without rows has none", async () => {
  const { rows, columns } = await read(fixture("empty.arrow"), { columns: ["i8", "dec"] });
  assert.is(rows, 0);
  assert.equal(
    columns.map((column) => column.dtype),
    ["int8", "float64"],
  );
});

test("columns that are not numeric are refused by the type they hold", async () => {
  for (const [name, { arrow }] of Object.entries(OTHERS)) {
    const error = await assert.rejects(
      open(fixture("plain.arrow"), { columns: [name] }),
      "ERR_COLUMN",
    );
    assert.match(error.message, `column "${name}" holds ${arrow}, which is not numeric`);
  }
  const missing = await assert.rejects(
    open(fixture("plain.arrow"), { columns: ["f46"] }),
    "ERR_COLUMN",
  );
  assert.match(missing.message, /no column "f46", did you mean "f16"\?.*"f64" \(float64\)/);
});

test("200,000 flights are what flechette decodes of them", async () => {
  const path = dataset("flights-200k.arrow");
  const oracle = tableFromIPC(fs.readFileSync(path));
  const names = ["time", "delay", "distance"];
  const { rows, columns } = await read(path, { columns: names });
  assert.is(rows, 200_000);
  assert.equal(
    columns.map((column) => column.dtype),
    ["float32", "int16", "int16"],
  );
  for (const [i, name] of names.entries()) {
    assert.equal(columns[i]!.values, Array.from(oracle.getChild(name) as Iterable<number>));
  }
});

/** A table that is longer than a batch, with nulls. */
function table(rows: number): Table {
  const random = seeded("arrow");
  const some = <T>(value: () => T) =>
    Array.from({ length: rows }, () => (random.int(7) ? value() : null));
  return tableFromArrays(
    {
      text: some(() => random.pick(["a", "b", "cc"])),
      a: some(() => BigInt.asIntN(64, random.bits64())),
      b: some(() => random.next() - 0.5),
      c: some(() => random.int(65536)),
      d: some(() => random.int(2) === 1),
      e: Array.from({ length: rows }, () => Math.fround(random.next())),
    },
    {
      types: { text: utf8(), a: int64(), b: float64(), c: uint16(), d: bool(), e: float32() },
      useBigInt: true,
    },
  );
}

test("a record batch longer than a batch is split, and nulls are left out, as flechette has them", () =>
  inFolder(async (folder) => {
    const rows = 262_144 + 77_777;
    const made = table(rows);
    const names = ["e", "d", "c", "b", "a"];
    for (const format of ["file", "stream"] as const) {
      const path = put(folder, `x-${format}.arrow`, tableToIPC(made, { format })!);
      const content = await read(path, { columns: names });
      assert.equal(content.batches, [262_144, 77_777]);
      for (const [i, name] of names.entries()) {
        const all = Array.from(made.getChild(name) as Iterable<number | bigint | boolean | null>);
        const expected = all
          .filter((v) => v !== null)
          .map((v) => (typeof v === "boolean" ? Number(v) : v));
        const column = content.columns[i]!;
        assert.is(column.values.length, expected.length);
        assert.ok(
          column.values.every((v, k) => v === expected[k]),
          `${format}: ${name}`,
        );
        assert.is(column.nulls, rows - expected.length);
      }
    }
  }));

test("nested, dictionary and view columns before a column do not displace its buffers", async () => {
  // In plain.arrow, "last" has all of them before it.
  await check("plain.arrow", ["last"]);
  await check("plain.arrows", ["last", "i8"]);
});

test("files that are cut off, or lie about their lengths, are refused", () =>
  inFolder(async (folder) => {
    const file = fs.readFileSync(fixture("plain.arrow"));
    const stream = fs.readFileSync(fixture("plain.arrows"));
    const lies = Buffer.from(file);
    lies.writeUInt32LE(0x7fffffff, lies.length - 10);
    const cases: [content: Buffer, says: RegExp][] = [
      [file.subarray(0, -1), /truncated: it does not end with ARROW1/],
      [file.subarray(0, 12), /truncated/],
      [lies, /its footer claims 2147483647 bytes/],
      [stream.subarray(0, -5000), /Expected to read \d+ bytes.*only read \d+/],
    ];
    for (const [content, says] of cases) {
      const path = put(folder, "x.arrow", content);
      const error = await assert.rejects(() => read(path, { columns: ["last"] }), "ERR_FORMAT");
      assert.match(error.message, says);
      assert.match(error.message, "x.arrow");
    }
  }));

test("a stream may end without the marker of its end", () =>
  inFolder(async (folder) => {
    const stream = fs.readFileSync(fixture("plain.arrows"));
    assert.equal([...stream.subarray(-8)], [255, 255, 255, 255, 0, 0, 0, 0]);
    const path = put(folder, "x.arrows", stream.subarray(0, -8));
    const { columns } = await read(path, { columns: ["i64"] });
    assert.equal(columns[0]!.values, COLUMNS["i64"]!.values);
  }));
