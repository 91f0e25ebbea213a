// What is guessed of a text table, what is said of the guess, and what the options decide.

import { assert, seeded, test } from "../harness.js";
import { dataset, inFolder, put, read, readColumn } from "./support.js";

type Options = Parameters<typeof read>[1];

/** Values of a text's columns, and the notes. */
async function readText(text: string, options: Options = {}, name = "x.csv") {
  const notes: string[] = [];
  const note = (told: string) => notes.push(told);
  return inFolder(async (folder) => {
    const { columns } = await read(put(folder, name, text), { note, ...options });
    const values = columns.map((column) => column.values);
    return { columns, values, notes: notes.map((told) => told.slice(told.indexOf(`${name}: `))) };
  });
}

const failure = (text: string, code: string, options: Options = {}) =>
  inFolder(async (folder) => {
    const error = await assert.rejects(read(put(folder, "x.csv", text), options), code);
    return error.message;
  });

test("a first line like the columns below is data, one unlike them a header", async () => {
  const cases: [text: string, column: string, values: number[]][] = [
    ["alice,5\nbob,6\ncarl,7\n", "1", [5, 6, 7]],
    ["alice,5,\nbob,6,x\ncarl,7,\n", "1", [5, 6, 7]],
    ["5,alice\n6,bob\n", "0", [5, 6]],
    ["2024-01-31,5\n2024-02-29,6\n", "1", [5, 6]],
    ["true,5\nfalse,6\n", "1", [5, 6]],
    [",5\n,6\n", "1", [5, 6]],
    ["NA\n1\n2\n", "0", [1, 2]],
    ["name,age\nalice,5\nbob,6\n", "age", [5, 6]],
    ["name,2019\n1,5\n2,6\n", "2019", [5, 6]],
    ["id,2024-01-31\n1,5\n2,6\n", "1", [5, 6]],
    ["day,n\n2024-01-31,5\n", "n", [5]],
    ["flag,n\ntrue,5\n", "n", [5]],
    ["a,b\n-,5\n7,6\n8,9\n", "b", [5, 6, 9]],
  ];
  for (const [text, column, values] of cases) {
    for (const eol of ["\n", "\r\n", "\r"]) {
      const found = await readText(text.replaceAll("\n", eol), { columns: [column] });
      assert.equal(found.values, [values], JSON.stringify([text, eol]));
    }
  }
});

test("random tables lose no row to the guess, with a header and without", async () => {
  const random = seeded("headers");
  const kinds = [
    () => String(random.int(2000) - 1000),
    () => (random.next() - 0.5).toExponential(3),
    () => `2024-0${1 + random.int(9)}-1${random.int(10)}`,
    () => (random.int(2) === 0 ? "true" : "false"),
    () => "abcdefgh".slice(random.int(4), 5 + random.int(3)),
  ];
  for (let round = 0; round < 200; round++) {
    const makers = Array.from(
      { length: 1 + random.int(4) },
      () => kinds[random.int(kinds.length)]!,
    );
    const at = random.int(makers.length + 1);
    const all = makers.toSpliced(at, 0, kinds[0]!);
    const rows = Array.from({ length: 2 + random.int(9) }, () => all.map((make) => make()));
    const isNamed = random.int(2) === 1;
    const names = all.map((_, i) => `name ${i}`);
    const delimiter = [",", ";", "\t", "|"][random.int(4)]!;
    const eol = ["\n", "\r\n"][random.int(2)]!;
    const blank = eol.repeat(random.int(3));
    const lines = (isNamed ? [names, ...rows] : rows).map((row) => row.join(delimiter));
    const text = blank + lines.join(eol + blank) + eol;
    const found = await readText(text, { columns: [isNamed ? names[at]! : String(at)] });
    assert.equal(found.values, [rows.map((row) => Number(row[at]))], JSON.stringify(text));
  }
});

test("a guess between two readings is told with the option that settles it, others are not", async () => {
  const says = async (text: string, options: Options = {}) => (await readText(text, options)).notes;
  assert.equal(await says("alice,5\nbob,6\n"), [
    'x.csv: its first line is taken as data: "alice", "5"; give --header if it names the columns',
  ]);
  assert.equal(await says("id,2019\n1,5\n", { columns: ["1"] }), [
    'x.csv: its first line is taken for a header: "id", "2019"; give --no-header if it is data',
  ]);
  for (const text of ["a,b\nx,1\n", "x,1\n", "1\n2\n", "a\n1\n"]) {
    assert.equal(await says(text, { text: { header: text[0] === "a" } }), [], text);
  }
  for (const text of ["a,b\nx,1\n", "1\n2\n", "a\n1\n", "2024-01-31,5\n2024-02-29,6\n"]) {
    assert.equal(await says(text), [], text);
  }
  // Who asks for a name knows the header.
  assert.equal(await says("name,2019\nbob,5\n", { columns: ["2019"] }), []);
  for (const name of ["airports.csv", "seattle-weather.csv", "stocks.csv", "zipcodes.csv"]) {
    const notes: string[] = [];
    await read(dataset(name), { columns: ["*"], note: (told) => notes.push(told) });
    assert.equal(notes, [], name);
  }
});

test("the options decide what would be guessed", async () => {
  const text = "alice,5\nbob,6\n";
  const values = async (options: Options, content = text) =>
    (await readText(content, options)).values;
  assert.equal(await values({ text: { header: true }, columns: ["5"] }), [[6]]);
  assert.equal(await values({ text: { header: false }, columns: ["1"] }), [[5, 6]]);
  assert.equal(await values({ text: { header: false }, columns: ["1"] }, "2019,1\n2020,2\n"), [
    [1, 2],
  ]);
  assert.equal(await values({ text: { header: true }, columns: ["1"] }, "2019,1\n2020,2\n"), [[2]]);
  const odd = "# made by hand, x\na:b,c\n# 9:9\n1:2,5\n";
  const text2 = { delimiter: ":", comment: "#", decimal: ",", header: false } as const;
  assert.match(
    await failure(odd, "ERR_CELL", { text: text2, columns: ["1"] }),
    'line 2, column "1": "b,c"',
  );
  assert.equal(await values({ text: { ...text2, header: true }, columns: ["b,c"] }, odd), [[2.5]]);
  assert.equal(await values({ text: { delimiter: "::" }, columns: ["1"] }, "1::2::x\n3::4::y\n"), [
    [2, 4],
  ]);
  assert.equal(await values({ text: { delimiter: ";" } }, "1\n2\n"), [[1, 2]]);
  const named = await readText(
    "a,b\t1\nc,d\t2\n",
    { text: { delimiter: "\t", header: false } },
    "x.tsv",
  );
  assert.equal(named.values, [[1, 2]]);
});

test("comments are left out wherever they stand, and lines still counted", async () => {
  const lines = ["#one", "a,b", '#it"s', "1,2", "# 3,4,5", "", '"x', 'y",7', "#last"];
  for (const eol of ["\n", "\r\n"]) {
    const text = lines.join(eol);
    const options = { text: { comment: "#" }, columns: ["b"] };
    assert.equal((await readText(text, options)).values, [[2, 7]]);
    const message = await failure(text.replace(",7", ",bad"), "ERR_CELL", options);
    assert.match(message, 'line 8, column "b": "bad"');
  }
  const many = `a\n${"#c\n1\n".repeat(50_000)}bad\n`;
  assert.match(await failure(many, "ERR_CELL", { text: { comment: "#" } }), "line 100002, ");
  const hint = await failure("a,b\n1,2\n# so much for that\n", "ERR_FORMAT", { columns: ["a"] });
  assert.match(hint, /line 3 has 1 cells, the first has 2; .* --comment '#'$/);
});

test("a blank line says nothing of the delimiter, whatever ends it and whatever blanks it holds", async () => {
  for (const delimiter of [";", "\t", "|", ","]) {
    for (const eol of ["\n", "\r\n", "\r"]) {
      for (const blank of ["", " ", "\f "]) {
        const lines = [blank, "a,b", blank, "1,2", blank, blank, "3,4", blank];
        const text = lines.map((line) => line.replace(",", delimiter)).join(eol);
        const { values } = await readText(text, { columns: ["b"] });
        assert.equal(values, [[2, 4]], JSON.stringify(text));
      }
    }
  }
});

test("decimal commas are not taken for delimiters, nor the other way round", async () => {
  const comma = { text: { decimal: "," } } as const;
  assert.equal((await readText("1,5;2,5\n-3,25;1e3\n", { ...comma, columns: ["0"] })).values, [
    [1.5, -3.25],
  ]);
  assert.equal((await readText("x\n1,5\n,25\n7\n", comma)).values, [[1.5, 0.25, 7]]);
  assert.equal(
    (await readText('a,b\n"1,5",x\n', { text: { decimal: ",", delimiter: "," } })).values,
    [[1.5]],
  );
  // Without the option, the delimiter is right and the cell is told, with the option.
  assert.match(
    await failure("1,5;2,5\n3,5;4,5\n", "ERR_CELL", { columns: ["0"] }),
    /line 1, column "0": "1,5" is not a number; .* --decimal ,$/,
  );
  assert.match(await failure("a\n1.5\n", "ERR_CELL", comma), '"1.5" is not a number');
});

test("thousands are read as their groups say", async () => {
  const cells = async (mark: string, decimal: "." | ",", ...lines: string[]) =>
    (
      await readText(`a\tb\n${lines.map((line) => `${line}\tx`).join("\n")}\n`, {
        columns: ["a"],
        text: { thousands: mark, decimal },
      })
    ).values[0];
  assert.equal(
    await cells(",", ".", "1,234", "-12,345,678.5", "7", "1234567", "NA"),
    [1234, -12345678.5, 7, 1234567],
  );
  assert.equal(await cells(".", ",", "1.234,5", "1.234.567", "0,5"), [1234.5, 1234567, 0.5]);
  for (const mark of ["'", " ", "_", "\u00a0", "\u202f"]) {
    assert.equal(await cells(mark, ".", `9${mark}007${mark}199${mark}254`), [9007199254], mark);
  }
  for (const cell of ["1,23", "12,3456", ",123", "1,,234", "1234,567", "1,234,"]) {
    const options = { columns: ["0"], text: { thousands: ",", header: false } };
    assert.match(await failure(`1\tx\n${cell}\tx\n`, "ERR_CELL", options), "line 2, ");
  }
  const long = { columns: ["a"], dtype: "int64", text: { thousands: "," } };
  assert.equal((await readText('a;b\n"9,007,199,254,740,993";x\n', long)).values, [
    [9007199254740993n],
  ]);
});

test("a number written in another way is refused with the option that reads it", async () => {
  const cases: [cell: string, remedy: RegExp][] = [
    ["1,5", /give --decimal ,$/],
    ["1,234", /--decimal , or --thousands ,/],
    ["1,234,567", /give --thousands ,$/],
    ["1.234,5", /give --decimal , --thousands \.$/],
    ["1.234.567", /give --decimal , --thousands \.$/],
    ["1 234", /give --thousands " "$/],
    ["-", /give --null '-'$/],
    ["missing", /give --null 'missing'$/],
    ["2024-01-31", /dates and times are not reduced: .*seconds since 1970$/],
    ["2024-01-31T10:00:00.5Z", /dates and times/],
    ["31.01.2024 10:00", /dates and times/],
    ["1/31/24", /dates and times/],
    ["10:30", /dates and times/],
    ["true", /"true" is not a number/],
  ];
  for (const [cell, remedy] of cases) {
    const text = `a\tb\n1\tx\n${cell}\tx\n`;
    assert.match(await failure(text, "ERR_CELL", { columns: ["a"] }), remedy, cell);
  }
  const dates = await failure("day,n\n2024-01-31,1\n", "ERR_CELL", { columns: ["day"] });
  assert.match(dates, 'line 2, column "day": "2024-01-31" is not a number; dates and times');
  for (const cell of ["1.5", "9223372036854775808", "1e-9"]) {
    const wide = await failure(`a\n1\n${cell}\n`, "ERR_CELL", { dtype: "int64" });
    assert.match(wide, /--dtype float64/, cell);
  }
  const nan = await failure("a\n1\nnan\n", "ERR_CELL", { dtype: "int64" });
  assert.match(nan, "--null 'nan'");
});

test("words for no value are nulls: the usual ones, and those that are given", async () => {
  const usual = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "Null", "None", "\\N"];
  const text = (words: readonly string[]) =>
    `a,b\n1,x\n${words.map((word) => `${word},x\n`).join("")}2,x\n`;
  const plain = await readText(text(usual), { columns: ["a"] });
  assert.equal([plain.values[0], plain.columns[0]!.nulls], [[1, 2], usual.length]);
  const nulls = ["-", "-999", "nan", ".", "missing"];
  const given = await readText(text([...nulls, "NA"]), { columns: ["a"], text: { nulls } });
  assert.equal([given.values[0], given.columns[0]!.nulls], [[1, 2], nulls.length + 1]);
  const exact = await readText(text(nulls), { columns: ["a"], dtype: "int64", text: { nulls } });
  assert.equal([exact.values[0], exact.columns[0]!.nulls], [[1n, 2n], nulls.length]);
  // -999 was a number, -999.0 is one still.
  const float = await readText("a\n-999.0\n-999\n", { text: { nulls } });
  assert.equal(float.values, [[-999]]);
  // Numbers but for a word are meant where nothing else can be.
  assert.match(
    await failure("n,t\n1,x\n-,y\n3,z\n", "ERR_CELL"),
    /line 3, column "n": "-".*--null '-'$/,
  );
  assert.match(
    await failure("n,t,m\n1,x,1\n-,y,-\n3,z,2\n", "ERR_COLUMN"),
    /no numeric column: it has "n" \(numbers, but for "-"\)/,
  );
});

test("true and false are 1 and 0, in a column of them", async () => {
  const text = "n,flag\n1,true\n2,FALSE\n3,NA\n4,True\n";
  const { columns } = await readText(text, { columns: ["flag"] });
  assert.equal(columns, [{ name: "flag", dtype: "uint8", values: [1, 0, 1], nulls: 1 }]);
  assert.equal((await readText(text, { columns: ["flag"], dtype: "float64" })).values, [[1, 0, 1]]);
  assert.equal((await readText(text, { columns: ["flag"], dtype: "int64" })).values, [
    [1n, 0n, 1n],
  ]);
  // Not what is taken where no column is named and numbers are there.
  assert.equal((await readText(text)).values, [[1, 2, 3, 4]]);
  const late = `f\n${"true\n".repeat(200)}1\n`;
  assert.match(await failure(late, "ERR_CELL"), 'line 202, column "f": "1" is not true or false');
});

test("one line that is no table is an error, and so is a header that is a guess without rows", async () => {
  for (const text of [
    "Not Found",
    "Not Found\n",
    "404: Not Found, sorry",
    "a,b\n",
    "\n\nx\n\n",
    "alice,5\n",
  ]) {
    assert.match(
      await failure(text, "ERR_FORMAT"),
      /has no rows, only a line that looks like a header: .*--no-header/,
    );
  }
  // The line is longer than what is looked at first.
  const long = Array.from({ length: 20_000 }, (_, i) => `name ${i}`).join();
  assert.match(await failure(`${long}\n`, "ERR_FORMAT"), /has no rows/);
  assert.match(await failure(`a\n${"\n".repeat(70_000)}`, "ERR_FORMAT"), /has no rows/);
  for (const page of [
    "<!DOCTYPE html><html><body>Not Found</body></html>",
    "<html>\n<p>1</p>\n</html>",
  ]) {
    assert.match(await failure(page, "ERR_FORMAT"), /is a page of HTML/);
  }
  const none = { text: { header: true } };
  assert.equal((await readText("a\n", none)).values, [[]]);
  assert.equal((await readText("a,b\n", { columns: ["b"] })).values, [[]]);
  assert.equal((await readText("5\n")).values, [[5]]);
});

test("columns of one name are told apart by their places", async () => {
  const text = "a,a,b\n1,2,3\n4,5,6\n";
  assert.match(
    await failure(text, "ERR_COLUMN", { columns: ["a"] }),
    'has several columns named "a": give a place, 0 or 1',
  );
  assert.equal((await readText(text, { columns: ["1", "0"] })).values, [
    [2, 5],
    [1, 4],
  ]);
});

test("integers are integers to the last digit, however they are written", async () => {
  const good: [cell: string, dtype: string, value: number | bigint][] = [
    ["1e18", "int64", 10n ** 18n],
    ["-1.5e1", "int64", -15n],
    ["9223372036854775807.000", "int64", 2n ** 63n - 1n],
    ["92233720368547758.07e2", "int64", 2n ** 63n - 1n],
    ["-9223372036854775808e0", "int64", -(2n ** 63n)],
    ["1.8446744073709551615E19", "uint64", 2n ** 64n - 1n],
    ["10e-1", "int64", 1n],
    ["0e999999999", "int64", 0n],
    ["0.000", "int32", 0],
    ["2.5e3", "int16", 2500],
    [`1${"0".repeat(500_000)}e-500000`, "int64", 1n],
  ];
  for (const [cell, dtype, value] of good) {
    assert.equal((await readText(`a\n${cell}\n`, { dtype })).values, [[value]], cell.slice(0, 40));
  }
  const bad: [cell: string, dtype: string][] = [
    ["4503599627370497.4", "int64"],
    ["9007199254740991.5", "uint64"],
    ["1e-400", "int64"],
    ["1e19", "int64"],
    ["1e999999999", "uint64"],
    ["2147483647.0000000001", "int32"],
    ["1e-400", "int8"],
    ["127.00000000000000000001", "int8"],
    ["1e20", "uint64"],
  ];
  for (const [cell, dtype] of bad) {
    assert.match(
      await failure(`a\n${cell}\n`, "ERR_CELL", { dtype }),
      "is not an integer from",
      cell,
    );
  }
});

test("whole numbers that float64 rounds are told, with the type that holds them", async () => {
  const notes = async (cells: readonly string[], options: Options = {}) =>
    (await readText(`id\n${cells.join("\n")}\n`, options)).notes;
  const start = 'x.csv: column "id":';
  assert.equal(await notes(["1", "9007199254740993"]), [
    `${start} a whole number beyond 2^53 was rounded to float64, the first 9007199254740993; ` +
      "give --dtype int64 to keep them exact",
  ]);
  assert.equal(await notes(["9007199254740993", "9007199254740992", "-9007199254740995"]), [
    `${start} 2 whole numbers beyond 2^53 were rounded to float64, the first 9007199254740993; ` +
      "give --dtype int64 to keep them exact",
  ]);
  assert.match((await notes(["18446744073709551615"]))[0]!, "--dtype uint64");
  // Exact as they are, not whole, beyond 64 bits, or asked for.
  const fine = ["9007199254740992", "1e300", "9007199254740993.5", "9".repeat(30), "0.1", "nan"];
  assert.equal(await notes(fine), []);
  assert.equal(await notes(["9007199254740993"], { dtype: "float64" }), []);
  assert.equal(await notes(["9007199254740993"], { dtype: "int64" }), []);
});

test("all numeric columns, lists and places are columns, names first", async () => {
  const text = 'x,flag,"a,b",1,n\nt,true,1,2,3\nu,false,4,5,6\n';
  const values = async (...columns: string[]) => (await readText(text, { columns })).values;
  assert.equal(await values("*"), [
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  assert.equal(await values("n,1"), [
    [3, 6],
    [2, 5],
  ]);
  assert.equal(await values("n, 4", "a,b"), [
    [3, 6],
    [3, 6],
    [1, 4],
  ]);
  assert.equal(await values("1"), [[2, 5]]);
  assert.equal(await values("2"), [[1, 4]]);
  assert.match(await failure(text, "ERR_COLUMN", { columns: ["5"] }), 'has no column "5"');
  assert.match(await failure(text, "ERR_COLUMN", { columns: ["n,m"] }), 'has no column "m"');
  assert.match(await failure("a,b\nx,y\n", "ERR_COLUMN", { columns: ["*"] }), "no numeric column");
  assert.equal(
    await inFolder((folder) => readColumn(put(folder, "x.csv", "*,b\n1,2\n"), { columns: ["*"] })),
    [1],
  );
});
