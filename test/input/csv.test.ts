// Text tables as files: headers, delimiters, nulls, and what is wrong on which
// line.

import * as fs from "node:fs";
import fc from "fast-check";
import { CellColumn, numberOf } from "../../src/input/cell.js";
import { Table } from "../../src/input/csv.js";
import { loadPapa, readDialect } from "../../src/input/dialect.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, fcOptions, seeded, test } from "../harness.js";
import { dataset, inFolder, open, put, read, readColumn } from "./support.js";

/** The only column of a text that is written to a file. */
const column = (
  text: string | Uint8Array,
  options: Parameters<typeof read>[1] = {},
  name = "x.csv",
) => inFolder((folder) => readColumn(put(folder, name, text), options));

interface Row {
  readonly cells: readonly string[];
  /** The line of each cell. */
  readonly lines: readonly number[];
}

/** All records of a text, after RFC 4180, one character after the other; blank lines skipped. */
function parse(text: string, delimiter: string): Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let lines: number[] = [];
  let cell = "";
  let line = 1;
  let start = 1;
  let quoted = false;
  const endCell = () => {
    cells.push(cell);
    lines.push(start);
    cell = "";
    start = line;
  };
  const endRow = () => {
    endCell();
    if (cells.length > 1 || cells[0] !== "") rows.push({ cells, lines });
    cells = [];
    lines = [];
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const crlf = c === "\r" && text[i + 1] === "\n";
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') i++;
      else if (c === '"') {
        quoted = false;
        continue;
      }
      cell += c;
      if (c === "\n" || (c === "\r" && !crlf)) line++;
    } else if (c === '"' && cell === "") {
      quoted = true;
    } else if (c === delimiter) {
      endCell();
    } else if (c === "\n" || c === "\r") {
      if (crlf) i++;
      line++;
      endRow();
      start = line;
    } else {
      cell += c;
    }
  }
  if (cell !== "" || cells.length > 0) endRow();
  return rows;
}

/** The numbers of a column of a text that arrives in pieces which end at `cuts`. */
async function readPieces(text: string, cuts: readonly number[], name: string): Promise<number[]> {
  const papa = await loadPapa();
  const dialect = readDialect(papa, "x", text, true, { columns: [name] })!;
  const table = new Table(papa, "x", dtypeInfo("float64"), dialect);
  const ends = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
  const numbers: number[] = [];
  for (const [i, end] of [...ends, text.length].entries()) {
    const piece = text.slice(ends[i - 1] ?? 0, end);
    for (const { values } of table.read(piece, i === ends.length))
      numbers.push(...(values[0] as Float64Array));
  }
  return numbers;
}

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
  assert.equal(await column("a", { text: { header: true } }), []);
  assert.equal(await column("a", { columns: ["a"] }), []);
  assert.match(await failure("", "ERR_FORMAT"), /is empty/);
  assert.match(await failure("\n\r\n\n", "ERR_FORMAT"), /only blank lines/);
  assert.match(await failure("\ufeff", "ERR_FORMAT"), /only blank lines/);
  assert.match(
    await failure("a,b\n", "ERR_COLUMN", { text: { header: true } }),
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

test("real files have in each numeric column what a naive parser reads", async () => {
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
    const [header, ...rows] = parse(fs.readFileSync(path, "utf8"), ",");
    const numeric = header!.cells
      .map((column, i) => ({ column, cells: rows.map((row) => row.cells[i]!) }))
      .filter(({ cells }) => cells.every((cell) => cell !== "" && !Number.isNaN(Number(cell))));
    assert.ok(numeric.length > 0, name);
    const { columns } = await read(path, { columns: numeric.map(({ column }) => column) });
    for (const [i, { cells }] of numeric.entries()) {
      assert.equal(columns[i]!.values, cells.map(Number), `${name}: ${columns[i]!.name}`);
    }
  }
});

const cell = fc.oneof(
  fc.string({ maxLength: 8, unit: fc.constantFrom(...Array.from('ab1."\n\r,;\t| é€')) }),
  fc.double().map(String),
  fc.constant(""),
);
const tables = fc.record({
  width: fc.integer({ min: 1, max: 4 }),
  place: fc.nat(3),
  eol: fc.constantFrom("\n", "\r\n", "\r"),
  delimiter: fc.constantFrom(",", ";", "\t", "|"),
  last: fc.boolean(),
  rows: fc.array(
    fc.record({
      number: fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? "-0" : `${value}`)),
      cells: fc.array(cell, { minLength: 4, maxLength: 4 }),
      quoted: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      blanks: fc.nat(1),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});
type Made = typeof tables extends fc.Arbitrary<infer T> ? T : never;

const NAMES = ["n", "a", "b", "c"];
/** Plain rows that come first, so that the dialect is plain. */
const PLAIN = 10;

/** Writes a table, one way or the other of those that are allowed: its text and its column. */
function write({ width, place, eol, delimiter, last, rows }: Made) {
  const at = place % width;
  const line = (cells: readonly string[], quoted: readonly boolean[]) =>
    cells
      .map((text, i) => {
        const must = /["\r\n]/.test(text) || text.includes(delimiter);
        return must || quoted[i] ? `"${text.replaceAll('"', '""')}"` : text;
      })
      .join(delimiter);
  const names = NAMES.slice(0, width);
  const lines = [line(names, [])];
  for (let i = 0; i < PLAIN; i++) lines.push(line(Array<string>(width).fill("1"), []));
  for (const { number, cells, quoted, blanks } of rows) {
    lines.push(line(cells.slice(0, width).with(at, number), quoted));
    lines.push(...Array<string>(blanks).fill(""));
  }
  return { text: lines.join(eol) + (last ? eol : ""), at, name: names[at]! };
}
const cuts = fc.array(fc.nat(2000), { maxLength: 6 });

test("what a naive writer writes is read as by a naive parser, in any pieces", () =>
  fc.assert(
    fc.asyncProperty(tables, cuts, async (made, pieces) => {
      const { text, at, name } = write(made);
      const rows = parse(text, made.delimiter).slice(1);
      assert.is(rows.length, PLAIN + made.rows.length);
      const expected = rows.map(({ cells }) => Number(cells[at]));
      assert.equal(await readPieces(text, pieces, name), expected);
    }),
    fcOptions(1000),
  ));

test("the line of a wrong cell is that of a naive parser, in any pieces", () =>
  fc.assert(
    fc.asyncProperty(tables, cuts, fc.nat(), async (made, pieces, choice) => {
      const which = choice % made.rows.length;
      const rows = made.rows.with(which, { ...made.rows[which]!, number: "bad" });
      const { text, at, name } = write({ ...made, rows });
      const line = parse(text, made.delimiter)[1 + PLAIN + which]!.lines[at];
      const error = await assert.rejects(() => readPieces(text, pieces, name), "ERR_CELL");
      assert.match(error.message, `line ${line}, column "${name}": "bad"`);
    }),
    fcOptions(1000),
  ));

test("any text is cut into the same records whatever its pieces, or refused alike", () => {
  const outcome = (text: string, pieces: readonly number[]) =>
    readPieces(text, pieces, "n").catch(({ message }: Error) => message);
  return fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 60, unit: fc.constantFrom(...Array.from('12"\n,é')) }),
      cuts,
      async (text, pieces) => {
        const whole = `n\n1\n${text}`;
        assert.equal(await outcome(whole, pieces), await outcome(whole, []));
      },
    ),
    fcOptions(2000),
  );
});

test("any float64 survives being written and read", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      assert.same(numberOf(Object.is(value, -0) ? "-0" : String(value)), value);
      if (value !== 0) assert.same(numberOf(value.toExponential()), value);
    }),
    fcOptions(1000),
  );
});

test("any 64-bit integer survives being written and read, any other is refused", () => {
  for (const [name, wrap] of [
    ["int64", BigInt.asIntN],
    ["uint64", BigInt.asUintN],
  ] as const) {
    const cells = new CellColumn(dtypeInfo(name));
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), (value) => {
        assert.is(cells.put(String(value)), wrap(64, value) === value);
        const { values } = cells.take();
        assert.equal([...values], wrap(64, value) === value ? [value] : []);
      }),
      fcOptions(300),
    );
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
