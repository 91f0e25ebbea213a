// Parquet files: those of pyarrow (fixtures/make.py), whose content tables.ts
// says again, and a real one of Polars, which hyparquet reads as the oracle.

import { readFileSync } from "node:fs";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { assert, test } from "../harness.js";
import { COLUMNS, DECIMALS, DUCK, OTHERS, ROWS } from "./fixtures/tables.js";
import { dataset, equalValues, fixture, inFolder, open, put, read } from "./support.js";

/** Reads columns of a fixture and compares them with what they hold. */
async function check(file: string, names: readonly string[]): Promise<number[]> {
  const { rows, columns, batches } = await read(fixture(file), { columns: names });
  assert.is(rows, ROWS, file);
  for (const [i, name] of names.entries()) {
    const { dtype, values } = COLUMNS[name]!;
    const column = columns[i]!;
    assert.is(column.name, name);
    assert.is(column.dtype, dtype, `${file}: ${name}`);
    equalValues(column.values, values, `${file}: ${name}`);
    assert.is(column.nulls, ROWS - values.length, `${file}: ${name}`);
  }
  return batches;
}

test("every numeric type has its exact dtype and values, and nulls are left out", () =>
  check("plain.parquet", Object.keys(COLUMNS)));

test("columns without nulls, which have no levels, are read", () =>
  check("required.parquet", ["sorted", "runs", "last"]));

const SOME = ["f64", "dec", "i64", "bool", "runs", "nothing"];

test("every codec is read", async () => {
  for (const codec of ["snappy", "gzip", "brotli", "zstd", "lz4"]) {
    await check(`${codec}.parquet`, SOME);
  }
});

test("pages of version 2 are read", () => check("v2.parquet", SOME));

test("each row group is a batch, of whatever pages", async () => {
  assert.equal(await check("pages.parquet", SOME), [70, 70, 70, 70, 20]);
});

test("packed differences, run lengths of bools and split bytes are read", async () => {
  const integers = [8, 16, 32, 64].flatMap((bits) => [`i${bits}`, `u${bits}`]);
  await check("delta.parquet", [...integers, "sorted", "runs", "constant", "bool"]);
  await check("split.parquet", ["f16", "f32", "f64", "last", "i32", "u64"]);
});

test("decimals are the nearest float64, whatever they are stored in", () =>
  check("decimals.parquet", ["dec", "dec9", "dec18"]));

test("a column may be selected twice", async () => {
  const { columns } = await read(fixture("plain.parquet"), { columns: ["i8", "f64", "i8"] });
  assert.equal(columns[0], columns[2]);
  assert.equal(columns[0]!.values, COLUMNS["i8"]!.values);
});

test("uint32 and uint64 that DuckDB wrote as deltas are what they were", async () => {
  const { columns } = await read(fixture("duck.parquet"), { columns: Object.keys(DUCK) });
  for (const { name, dtype, values } of columns) {
    assert.is(dtype, DUCK[name]!.dtype);
    equalValues(values, DUCK[name]!.values, name);
  }
});

test("decimals of any width and scale are the nearest float64", async () => {
  const { columns } = await read(fixture("decimals-wide.parquet"), {
    columns: Object.keys(DECIMALS),
  });
  for (const { name, values } of columns) {
    const { scale, unscaled } = DECIMALS[name]!;
    equalValues(
      values,
      unscaled.map((n) => Number(`${n}e${-scale}`)),
      name,
    );
  }
});

test("a file without rows has none", async () => {
  const { rows, columns } = await read(fixture("empty.parquet"), { columns: ["i8", "dec"] });
  assert.is(rows, 0);
  assert.equal(
    columns.map((column) => column.dtype),
    ["int8", "float64"],
  );
});

test("columns that are not numeric are refused by the type they hold", async () => {
  for (const [name, { parquet }] of Object.entries(OTHERS)) {
    const error = await assert.rejects(
      open(fixture("plain.parquet"), { columns: [name] }),
      "ERR_COLUMN",
    );
    assert.match(error.message, `column "${name}" holds ${parquet}, which is not numeric`);
  }
});

test("a column that is missing, or none where there are several, lists those there are", async () => {
  const missing = await assert.rejects(
    open(dataset("flights-3m.parquet"), { columns: ["delya"] }),
    "ERR_COLUMN",
  );
  assert.match(
    missing.message,
    /no column "delya", did you mean "delay"\? It has "date" \(timestamp\), "delay" \(int64\)/,
  );
  const none = await assert.rejects(open(dataset("flights-3m.parquet")), "ERR_COLUMN");
  assert.match(none.message, /which column\? It has "delay" \(int64\), "distance" \(int64\)$/);
});

test("the only numeric column needs no name", async () => {
  const { columns } = await read(fixture("required.parquet"), { columns: ["last"] });
  assert.is(columns[0]!.name, "last");
});

test("3 million flights are hyparquet's, in row order, across batches and row groups", async () => {
  const path = dataset("flights-3m.parquet");
  const source = await open(path, { columns: ["distance", "delay"] });
  assert.is(source.kind === "batches" && source.rows, 3_000_000);
  const delays = new BigInt64Array(3_000_000);
  const distances = new BigInt64Array(3_000_000);
  let rows = 0;
  assert.ok(source.kind === "batches");
  for await (const batch of source.batches()) {
    distances.set(batch.values[0] as BigInt64Array, rows);
    delays.set(batch.values[1] as BigInt64Array, rows);
    assert.equal(
      batch.nulls.map(({ length }) => length),
      [0, 0],
    );
    rows += batch.rows;
  }
  source.close();
  assert.is(rows, 3_000_000);
  // Row groups have 272,727 rows, batches 262,144: this slice has an end of each.
  const [rowStart, rowEnd] = [520_000, 550_000];
  const oracle = await parquetReadObjects({
    file: await asyncBufferFromFile(path),
    columns: ["delay", "distance"],
    rowStart,
    rowEnd,
    compressors,
  });
  assert.is(oracle.length, rowEnd - rowStart);
  for (const [i, row] of oracle.entries()) {
    assert.is(delays[rowStart + i], row["delay"], `row ${rowStart + i}`);
    assert.is(distances[rowStart + i], row["distance"], `row ${rowStart + i}`);
  }
  // The footer's statistics of the first group, which no page was read for.
  const first = Array.from(delays.subarray(0, 272_727), Number);
  const sorted = first.sort((a, b) => a - b);
  assert.equal([sorted[0], sorted.at(-1)], [-80, 1575]);
});

test("files that are cut off, or lie about their footer, are refused", () =>
  inFolder(async (folder) => {
    const good = readFileSync(fixture("snappy.parquet"));
    const lies = Buffer.from(good);
    lies.writeUInt32LE(0x7fffffff, lies.length - 8);
    const encrypted = Buffer.concat([good.subarray(0, -4), Buffer.from("PARE")]);
    const cases: [content: Buffer, says: RegExp][] = [
      [good.subarray(0, -100), /truncated, or no Parquet file: it does not end with PAR1/],
      [good.subarray(0, 6), /is no Parquet file: it has 6 bytes/],
      [lies, /its footer claims 2147483647 bytes, the file has \d+/],
      [encrypted, /its footer is encrypted/],
      [
        Buffer.from("PAR1\x15\x00\x15\x00\x04\x00\x00\x00PAR1", "latin1"),
        /its Parquet data is damaged, or not supported/,
      ],
    ];
    for (const [content, says] of cases) {
      const error = await assert.rejects(open(put(folder, "x.parquet", content)), "ERR_FORMAT");
      assert.match(error.message, says);
      assert.match(error.message, "x.parquet");
    }
  }));
