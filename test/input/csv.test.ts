// Text tables as files: headers, delimiters, nulls, and what is wrong on which
// line.

import * as fs from "node:fs";
import { inferSchema, initParser } from "udsv";
import { assert, seeded, test } from "../harness.js";
import { dataset, inFolder, open, put, read, readColumn } from "./support.js";

/** The only column of a text that is written to a file. */
const column = (
  text: string | Uint8Array,
  options: Parameters<typeof read>[1] = {},
  name = "x.csv",
) => inFolder((folder) => readColumn(put(folder, name, text), options));

/** The error of reading a text, with its code checked. */
const failure = (
  text: string | Uint8Array,
  code: string,
  options: Parameters<typeof read>[1] = {},
) =>
  inFolder(async (folder) => {
    const error = await assert.rejects(() => read(put(folder, "x.csv", text), options), code);
    assert.match(error.message, "x.csv");
    return error.message;
  });

test("a file with a header is read by name, one without by index", async () => {
  assert.equal(await column("a,b\n1,2\n3,4\n", { columns: ["b"] }), [2, 4]);
  assert.equal(await column("1,2\n3,4\n", { columns: ["1"] }), [2, 4]);
  assert.equal(await column("1,,3\n4,5,6\n", { columns: ["1"] }), [5]);
  assert.equal(await column("a\n1\n2"), [1, 2]);
  assert.equal(await column("1\n2"), [1, 2]);
});

test("columns come in the order in which they are asked for", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "a,b,c\n1,2,3\n4,,6\n");
    const { columns } = await read(path, { columns: ["c", "b", "c"] });
    assert.equal(
      columns.map(({ name, values, nulls }) => [name, values, nulls]),
      [
        ["c", [3, 6], 0],
        ["b", [2], 1],
        ["c", [3, 6], 0],
      ],
    );
  }));

test("a header of years is one if a year is asked for", async () => {
  assert.equal(await column("2019,2020,2021\n1,2,3\n", { columns: ["2020"] }), [2]);
  assert.equal(await column("2019,1,2\n5,6,7\n", { columns: ["1"] }), [1, 6]);
});

test("the delimiter is found, also where another one stands in the cells", async () => {
  const options = { columns: ["b"] };
  for (const d of [",", "\t", ";", "|"]) {
    assert.equal(await column(`a${d}b\n1${d}2\n3${d}4\n`, options), [2, 4], d);
    assert.equal(await column(`a${d}b\n"x,;|\t"${d}2\n`, options), [2], d);
  }
  assert.equal(await column("a;b;t\n1;2;x,y\n3;4;z\n", options), [2, 4]);
  assert.equal(await column('"a";"b"\n"1,5";2\n', options), [2]);
  assert.equal(await column("a b\tb\n1,2\t3\n", options, "x.tsv"), [3]);
});

test("line ends may be LF, CRLF or CR, the last one missing, and blank lines between", async () => {
  for (const eol of ["\n", "\r\n", "\r"]) {
    for (const end of ["", eol, eol + eol]) {
      const text = ["", "a,b", "1,2", "", "3,4"].join(eol) + end;
      assert.equal(await column(text, { columns: ["b"] }), [2, 4], JSON.stringify(text));
      assert.equal(await column(["a", "1", "", "2"].join(eol) + end), [1, 2]);
    }
  }
});

test("a byte order mark is no part of the first name", async () => {
  assert.equal(await column("\ufeffa,b\n1,2\n", { columns: ["a"] }), [1]);
  assert.equal(await column('\ufeff"a"\n1\n', { columns: ["a"] }), [1]);
  assert.equal(await column("\ufeff1\n2\n"), [1, 2]);
});

test("quoted cells are read, in a file of one column too", async () => {
  assert.equal(await column('"a"\n"1"\n"2"\n3\n""\n'), [1, 2, 3]);
  assert.equal(await column('a,b\n"x ""y"", z\n",1\n', { columns: ["b"] }), [1]);
  assert.equal(await column('"say ""hi""",b\n1,2\n', { columns: ['say "hi"'] }), [1]);
});

test("nulls are left out and counted, NaN and infinities are values", () =>
  inFolder(async (folder) => {
    const cells = [
      "1",
      "",
      "NA",
      "N/A",
      "null",
      "NULL",
      '""',
      "NaN",
      "nan",
      "inf",
      "-inf",
      "Infinity",
      "-Infinity",
      "+inf",
      " 2 ",
      "  ",
    ];
    const path = put(folder, "x.csv", `a,b\n${cells.map((cell) => `${cell},0`).join("\n")}\n`);
    const { rows, columns } = await read(path, { columns: ["a"] });
    assert.is(rows, cells.length);
    assert.is(columns[0]!.nulls, 7);
    const expected = [1, NaN, NaN, Infinity, -Infinity, Infinity, -Infinity, Infinity, 2];
    assert.equal(columns[0]!.values, expected);
  }));

test("numbers in all notations are what the runtime reads", async () => {
  const cells = [
    "0",
    "-0",
    "+5",
    "007",
    "1.",
    ".5",
    "-.5e1",
    "1e5",
    "1E-5",
    "1e+22",
    "1e23",
    "123456789012345678",
    "0.1",
    "1e308",
    "1e309",
    "4.9e-324",
    "2e-324",
    "9007199254740993",
    "0.30000000000000004",
    "1e-400",
    "100000000000000000000000",
  ];
  const values = await column(`a\n${cells.join("\n")}\n`);
  for (const [i, cell] of cells.entries()) assert.same(values[i], Number(cell), cell);
});

test("a cell that is no number is told with its line, column and text", async () => {
  for (const cell of [
    "abc",
    "1,5",
    "0x10",
    "1_000",
    "1e",
    "--1",
    "1.2.3",
    "e5",
    "+",
    ".",
    "1 2",
    "true",
    "Nan!",
    "١",
    "−1",
  ]) {
    const message = await failure(`a;b\n1;2\n\n3;"${cell}"\n`, "ERR_CELL", { columns: ["b"] });
    assert.match(message, `line 4, column "b": ${JSON.stringify(cell)} is not a number`);
  }
  assert.match(await failure(`a\n1\n${"x".repeat(200)}\n`, "ERR_CELL"), /"x{60}…"/);
  assert.match(await failure("1\nx\n", "ERR_CELL"), /line 2, column "0": "x"/);
});

test("lines are those of an editor, with quoted line ends before the cell and within its row", async () => {
  const text = 'a,b\n"1\n\n",2\n"x\r\ny\rz",bad\n';
  assert.match(await failure(text, "ERR_CELL", { columns: ["b"] }), /line 7, column "b": "bad"/);
  const crlf = "a,b\r\n1,2\r\n\r\n3,bad\r\n";
  assert.match(await failure(crlf, "ERR_CELL", { columns: ["b"] }), /line 4, /);
  const cr = "a,b\r1,2\r3,bad";
  assert.match(await failure(cr, "ERR_CELL", { columns: ["b"] }), /line 3, /);
});

test("a line far into a large file is right", () =>
  inFolder(async (folder) => {
    const rows = Array.from({ length: 500_000 }, (_, i) => `${i},"a\nb"`);
    rows[432_100] = 'oops,"a\nb"';
    const path = put(folder, "x.csv", `n,t\n${rows.join("\n")}\n`);
    const error = await assert.rejects(() => read(path, { columns: ["n"] }), "ERR_CELL");
    assert.match(error.message, `line ${2 + 2 * 432_100}, column "n": "oops"`);
  }));

test("integers are exact, and checked against their range", async () => {
  const min = -(2n ** 63n);
  const wide = [
    min,
    2n ** 63n - 1n,
    -1n,
    0n,
    2n ** 53n + 1n,
    -(2n ** 53n) - 1n,
    2n ** 32n,
    -(2n ** 32n),
  ];
  assert.equal(
    await column(`a\n${wide.join("\n")}\n+7\n3.0\n-00000000000000000000000000012\n`, {
      dtype: "int64",
    }),
    [...wide, 7n, 3n, -12n],
  );
  const unsigned = [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n];
  assert.equal(await column(unsigned.join("\n"), { dtype: "uint64" }), unsigned);
  assert.equal(await column("-128\n127\n1e2\n5.0\nNA", { dtype: "int8" }), [-128, 127, 100, 5]);
  const bad: [cell: string, dtype: string, says: string][] = [
    ["128", "int8", "an integer from -128 to 127"],
    ["-1", "uint8", "an integer from 0 to 255"],
    ["1.5", "int32", "an integer from -2147483648 to 2147483647"],
    ["nan", "int16", "an integer from -32768 to 32767"],
    ["inf", "uint32", "an integer from 0 to 4294967295"],
    ["4294967296", "uint32", "an integer from 0 to 4294967295"],
    ["9223372036854775808", "int64", "an integer from -9223372036854775808 to 9223372036854775807"],
    ["-9223372036854775809", "int64", "an integer from"],
    ["18446744073709551616", "uint64", "an integer from 0 to 18446744073709551615"],
    ["-1", "uint64", "an integer from 0"],
    ["1.5", "int64", "an integer from"],
    ["nan", "int64", "an integer from"],
    ["x", "int64", "an integer from"],
    ["+-1", "int64", "an integer from"],
  ];
  for (const [cell, dtype, says] of bad) {
    assert.match(
      await failure(`1\n${cell}\n`, "ERR_CELL", { dtype }),
      `line 2, column "0": "${cell}" is not ${says}`,
    );
  }
});

test("a cell of a million digits is read or refused at once", async () => {
  const digits = "1".repeat(1_000_000);
  const start = performance.now();
  assert.equal(await column(`0.${digits}\n`), [Number(`0.${digits}`)]);
  assert.equal(await column(`${"0".repeat(1_000_000)}7\n`, { dtype: "int64" }), [7n]);
  for (const [cell, dtype] of [
    [`${digits}x`, "float64"],
    [`${digits}.${digits}e`, "float64"],
    [digits, "int64"],
    [`-${digits}`, "uint64"],
    [`${digits}x`, "int64"],
    [`${" ".repeat(1_000_000)}x`, "float64"],
  ]) {
    assert.match(await failure(`a\n${cell}\n`, "ERR_CELL", { dtype }), /line 2/);
  }
  assert.ok(performance.now() - start < 5000);
});

test("smaller floats are rounded, and float16 needs a runtime that has it", async () => {
  assert.equal(await column("0.1\n1e39\n16777217", { dtype: "float32" }), [
    Math.fround(0.1),
    Infinity,
    16777216,
  ]);
  if ("Float16Array" in globalThis) {
    assert.equal(await column("0.5\n65504", { dtype: "float16" }), [0.5, 65504]);
  } else {
    assert.match(await failure("1\n", "ERR_DTYPE", { dtype: "float16" }), /use float32/);
  }
});

test("a row of another length is told with its line", async () => {
  for (const row of ["1", "1,2,3", '"1"', '1,"2",3', "1,2,"]) {
    const message = await failure(`a,b\n1,2\n\n${row}\n1,2\n`, "ERR_FORMAT", { columns: ["a"] });
    assert.match(message, /line 4 has \d cells, the first has 2/);
  }
  assert.match(
    await failure("a\n1\n1,5\n", "ERR_FORMAT"),
    /line 3 has 2 cells, the first has 1.*quoted/,
  );
});

test("a quote that is not closed, or closed too early, is told with its line", async () => {
  assert.match(
    await failure('a,b\n1,2\n"3,4\n5,6\n', "ERR_FORMAT", { columns: ["a"] }),
    /line 3: a quote opens that is never closed/,
  );
  assert.match(
    await failure('a,b\n1,2\n"3"x,4\n', "ERR_FORMAT", { columns: ["a"] }),
    /line 3: text follows a closing quote/,
  );
  const endless = `a,b\n1,2\n"3,4\n${"5,6\n".repeat(6_000_000)}`;
  assert.match(
    await failure(endless, "ERR_FORMAT", { columns: ["a"] }),
    /line 3: its row has more than 16 MiB; is a quote not closed/,
  );
});

test("a file without rows has none, a file without anything is an error", async () => {
  assert.equal(await column("a,b,c\n", { columns: ["b"] }), []);
  assert.equal(await column("a"), []);
  assert.match(await failure("", "ERR_FORMAT"), /is empty/);
  assert.match(await failure("\n\r\n\n", "ERR_FORMAT"), /only blank lines/);
  assert.match(await failure("\ufeff", "ERR_FORMAT"), /only blank lines/);
  assert.match(
    await failure("a,b\n", "ERR_COLUMN"),
    /no numeric column.*no values in its first rows/,
  );
});

test("without a name, the only numeric column is taken", async () => {
  assert.equal(await column("day,temp,note\nmon,1,x\ntue,NA,\nwed,3,y\n"), [1, 3]);
  const several = await failure("a,b,t\n1,2,x\n", "ERR_COLUMN");
  assert.match(several, /which column\? It has "a" \(numbers\), "b" \(numbers\)$/);
  const none = await failure("a,b\nx,\n", "ERR_COLUMN");
  assert.match(none, /no numeric column: it has "a" \(text\), "b" \(no values in its first rows\)/);
});

test("a name that is missing is answered with the nearest, and all there are", async () => {
  const options = (name: string) => ({ columns: [name] });
  assert.match(
    await failure("delay,distance,origin\n1,2,x\n", "ERR_COLUMN", options("Dealy")),
    /no column "Dealy", did you mean "delay"\? It has "delay" \(numbers\), "distance" \(numbers\), "origin" \(text\)/,
  );
  assert.match(
    await failure("a,b\n1,2\n", "ERR_COLUMN", options("zzz")),
    /no column "zzz"\. It has/,
  );
  assert.match(
    await failure("1,2\n", "ERR_COLUMN", options("2")),
    /no column "2".*"0" \(numbers\)/,
  );
  assert.match(
    await failure("a,a\n1,2\n", "ERR_COLUMN", options("a")),
    /several columns named "a"/,
  );
  const wide = Array.from({ length: 50 }, (_, i) => `c${i}`).join(",");
  assert.match(
    await failure(`${wide}\n`, "ERR_COLUMN", options("zzz")),
    /"c19" \([^)]*\) and 30 more$/,
  );
});

test("the flights between airports are those of a naive reader", async () => {
  const path = dataset("flights-airport.csv");
  const lines = fs.readFileSync(path, "utf8").trim().split("\n").slice(1);
  const counts = lines.map((line) => Number(line.split(",")[2]));
  assert.is(counts.length, 5366);
  assert.equal(await readColumn(path), counts);
  assert.equal(await readColumn(path, { columns: ["count"], dtype: "uint16" }), counts);
});

test("real files have in each numeric column what udsv reads", async () => {
  for (const name of [
    "airports.csv",
    "seattle-weather.csv",
    "sp500-2000.csv",
    "stocks.csv",
    "us-employment.csv",
    "windvectors.csv",
    "zipcodes.csv",
    "gapminder-health-income.csv",
    "co2-concentration.csv",
  ]) {
    const path = dataset(name);
    const text = fs.readFileSync(path, "utf8");
    const schema = inferSchema(text);
    const rows = initParser(schema).stringArrs(text) as string[][];
    const numeric = schema.cols
      .map(({ name: column }, i) => ({ column, cells: rows.map((row) => row[i]!) }))
      .filter(({ cells }) => cells.every((cell) => cell !== "" && !Number.isNaN(Number(cell))));
    assert.ok(numeric.length > 0, name);
    const { columns } = await read(path, { columns: numeric.map(({ column }) => column) });
    for (const [i, { cells }] of numeric.entries()) {
      assert.equal(columns[i]!.values, cells.map(Number), `${name}: ${columns[i]!.name}`);
    }
  }
});

test("a file longer than a batch comes in batches, and in row order", () =>
  inFolder(async (folder) => {
    const random = seeded("csv");
    const rows = 600_000;
    const values = Array.from({ length: rows }, (_, i) => (random.int(9) === 0 ? null : i * 0.25));
    const path = put(folder, "x.csv", `i,t\n${values.map((v) => `${v ?? "NA"},text`).join("\n")}`);
    const { columns, batches } = await read(path, { columns: ["i"] });
    assert.equal(batches, [262_144, 262_144, 75_712]);
    const expected = values.filter((v) => v !== null);
    assert.is(columns[0]!.values.length, expected.length);
    assert.ok(columns[0]!.values.every((v, i) => v === expected[i]));
    assert.is(columns[0]!.nulls, rows - expected.length);
  }));

test("a file that shrinks while it is read is ERR_INPUT_CHANGED", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "123456789\n".repeat(1_000_000));
    const source = await open(path);
    assert.ok(source.kind === "batches");
    const batches = source.batches()[Symbol.asyncIterator]();
    await batches.next();
    fs.truncateSync(path, 5_000_000);
    const error = await assert.rejects(async () => {
      while ((await batches.next()).done !== true);
    }, "ERR_INPUT_CHANGED");
    assert.match(error.message, /x\.csv: shrank while it was being read: it had 10000000 bytes/);
    source.close();
  }));
