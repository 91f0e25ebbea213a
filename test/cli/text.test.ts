// `ringfold reduce` over text tables: the options that say how they are written, what is said of
// guesses, and which columns are meant.

import { assert, test } from "../harness.js";
import { doubles, fails, inFolder, npy, put, reduce, results, run } from "./run.js";

const columns = async (...args: string[]) =>
  (await reduce(args)).columns.map(({ name, results }) => [name, results["sum"]]);

test("a guess is told on standard error, and an option settles it", () =>
  inFolder(async (folder) => {
    const path = put(folder, "people.csv", "alice,5\nbob,6\ncarl,7\n");
    const { code, out, err } = await run(["reduce", path, "--json"]);
    assert.is(code, 0);
    assert.equal(JSON.parse(out).columns[0].results, { sum: 18 });
    assert.is(
      err,
      `ringfold: ${path}: its first line is taken as data: "alice", "5"; ` +
        "give --header if it names the columns\n",
    );
    assert.equal(await columns(path, "--no-header"), [["1", 18]]);
    assert.equal(await columns(path, "--header"), [["5", 13]]);
    // Told of an input that fails later, too, and before the error.
    const late = put(folder, "late.csv", "alice,5\nbob,6\ncarl,x\n");
    const failed = await run(["reduce", late, "--column", "1"]);
    assert.is(failed.code, 1);
    assert.match(failed.err, /^[^\n]*taken as data[^\n]*\n[^\n]*line 3, column "1": "x"[^\n]*\n$/);
    const ids = put(folder, "ids.csv", "id\n9007199254740993\n1\n");
    const rounded = await run(["reduce", ids, "--op", "max"]);
    assert.is(rounded.out, "id (float64)\n  max  9007199254740992\n");
    assert.match(
      rounded.err,
      /^ringfold: [^\n]*ids\.csv: column "id": a whole number beyond 2\^53/,
    );
    assert.equal(await results([ids, "--dtype", "int64", "--op", "max"]), {
      max: "9007199254740993",
    });
  }));

test("every option of text tables reaches the reader", () =>
  inFolder(async (folder) => {
    const odd = put(folder, "odd.txt", "// made by hand\n1.234,5::-\n-999::2\n0,5::nan\n");
    const options = ["--delimiter", "::", "--comment", "//", "--decimal", ",", "--thousands", "."];
    const nulls = ["--null", "-", "--null", "-999", "--null", "nan"];
    const args = [odd, "--no-header", ...options, ...nulls, "--column", "*", "--op", "sum,count"];
    const found = await reduce(args);
    assert.equal(
      found.columns.map(({ nulls, results }) => [nulls, results]),
      [
        [1, { sum: 1235, count: 2 }],
        [2, { sum: 2, count: 1 }],
      ],
    );
    const tab = put(folder, "tab.csv", "a,b\tc\n1,5\t2\n");
    for (const delimiter of ["tab", "\\t", "\t"]) {
      assert.equal(await columns(tab, "--delimiter", delimiter, "--column", "c"), [["c", 2]]);
    }
    const dashes = { input: "a\n1\n-\n2\n" };
    assert.equal(await results(["-", "--null", "-"], dashes), { sum: 3 });
    // Without a name, a dtype alone would mean raw binary.
    assert.equal(await results(["-", "--null", "-", "--dtype", "int64"], dashes), { sum: 3 });
  }));

test("columns by place, in a list, all of them, and with a name like an option", () =>
  inFolder(async (folder) => {
    const path = put(folder, "t.csv", "a,b,t,--y\n1,2,x,3\n4,5,y,6\n");
    assert.equal(await columns(path, "--column", "1"), [["b", 7]]);
    assert.equal(await columns(path, "--column", "b,a"), [
      ["b", 7],
      ["a", 5],
    ]);
    assert.equal(await columns(path, "--column", "*"), [
      ["a", 5],
      ["b", 7],
      ["--y", 9],
    ]);
    assert.equal(await columns(path, "--column", "--y"), [["--y", 9]]);
    const dot = ["reduce", path, "--op", "dot", "--json"];
    const { out } = await run([...dot, "--column", "a,b"]);
    assert.equal(JSON.parse(out).columns[0].results, { dot: 22 });
    await fails(
      ["reduce", path, "--op", "dot", "--column", "*"],
      2,
      "ERR_OPTION",
      "takes two columns, not 3",
    );
    await fails(
      ["reduce", path, "--partial", "--column", "*"],
      2,
      "ERR_OPTION",
      "one column, not of 3",
    );
    await fails(["reduce", path, "--column", "--trace"], 2, "ERR_OPTION", "write --column=--trace");
    await fails(["reduce", path, "--column", "4"], 2, "ERR_COLUMN", 'has no column "4"');
  }));

test("--initial takes whatever number it is, whatever it begins with", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "1\n2\n");
    const sum = async (initial: string, ...more: string[]) =>
      (await results([path, "--initial", initial, ...more]))["sum"];
    assert.is(await sum("-1e6"), -999_997);
    assert.is(await sum("-Infinity"), "-Infinity");
    assert.is(await sum("-.5"), 2.5);
    assert.is(await sum("1e18", "--dtype", "int64"), "1000000000000000003");
    assert.is(await sum("-9007199254740993.0", "--dtype", "int64"), -9007199254740990);
  }));

test(
  "options of text tables are refused where they mean nothing, or contradict each other",
  () =>
    inFolder(async (folder) => {
      const text = put(folder, "x.csv", "1\n2\n");
      const array = put(folder, "x.npy", npy("<f8", "(2,)", doubles([3, 4])));
      const cases: [args: string[], ...texts: string[]][] = [
        [[text, "--header", "--no-header"], "--header and --no-header exclude each other"],
        [[text, "--delimiter", ""], '--delimiter: "" is not what may separate cells'],
        [[text, "--delimiter", '"'], "--delimiter"],
        [[text, "--comment", ""], '--comment: "" is not'],
        [[text, "--comment", ";", "--delimiter", ";"], '--comment: ";" is the delimiter'],
        [[text, "--decimal", ";"], '--decimal: ";" is not one of ., ,'],
        [[text, "--thousands", "."], "--thousands: a point is the decimal mark", "--decimal ,"],
        [[text, "--thousands", ",", "--decimal", ","], "--thousands: the comma"],
        [[text, "--thousands", "5"], '--thousands: "5" is not a mark'],
        [[text, "--thousands", ",."], '--thousands: ",." is not a mark'],
        [[array, "--delimiter", ";"], "--delimiter: is for text, which", "x.npy is not"],
        [[array, "--no-header"], "--no-header: is for text"],
        [[array, "--null", "-"], "--null: is for text"],
        [[text, "--format", "raw", "--dtype", "int8", "--header"], "--format says raw"],
        [["--generate", "5", "--decimal", ","], "--generate: makes float64, leave --decimal out"],
        [["--generate", "5", "--header"], "leave --header out"],
      ];
      for (const [args, ...texts] of cases)
        await fails(["reduce", ...args], 2, "ERR_OPTION", ...texts);
      // They are for the text among the files.
      assert.equal(await results([array, text, "--no-header"]), { sum: 10 });
    }),
  { deadline: 120_000 },
);
