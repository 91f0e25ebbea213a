// The choice of columns, and the guess at a misspelt name.

import { selectColumns } from "../../src/input/columns.js";
import { nearest } from "../../src/operators/nearest.js";
import { assert, test } from "../harness.js";

const numeric = (name: string) => ({ name, type: "int32", numeric: true });
const text = (name: string) => ({ name, type: "string", numeric: false });

test("columns are chosen by name, in the order of the names", () => {
  const columns = [text("t"), numeric("a"), numeric("b")];
  assert.equal(selectColumns("f", columns, ["b", "a", "b"]), [2, 1, 2]);
  assert.equal(selectColumns("f", [text("t"), numeric("a")], []), [1]);
});

test("places, lists and a star choose columns where no name is like them", () => {
  const columns = [text("t"), numeric("a"), numeric("b,c"), numeric("0")];
  assert.equal(selectColumns("f", columns, ["1"]), [1]);
  assert.equal(selectColumns("f", columns, ["0"]), [3]);
  assert.equal(selectColumns("f", columns, ["*"]), [1, 2, 3]);
  assert.equal(selectColumns("f", columns, ["b,c", "a, 2"]), [2, 1, 2]);
  assert.equal(selectColumns("f", [numeric("x"), numeric("*")], ["*"]), [1]);
  const star = assert.code(() => selectColumns("f", [text("t")], ["*"]), "ERR_COLUMN");
  assert.match(star.message, /has no numeric column/);
  for (const wrong of ["4", "a,", "-1", "1.0", "a,x"]) {
    assert.code(() => selectColumns("f", columns, [wrong]), "ERR_COLUMN");
  }
});

test("a choice that cannot be made says what there is", () => {
  const columns = [text("t"), numeric("a"), numeric("b")];
  const fails = (wanted: string[], from = columns) =>
    assert.code(() => selectColumns("f.x", from, wanted), "ERR_COLUMN").message;
  assert.is(fails([]), 'f.x: which column? It has "a" (int32), "b" (int32)');
  assert.is(fails([], [text("t")]), 'f.x: has no numeric column: it has "t" (string)');
  assert.is(fails([], []), "f.x: has no numeric column: it has no columns at all");
  assert.is(fails(["t"]), 'f.x: column "t" holds string, which is not numeric');
  assert.is(
    fails(["A"]),
    'f.x: has no column "A", did you mean "a"? It has "t" (string), "a" (int32), "b" (int32)',
  );
  assert.is(fails(["zz"], [numeric("a")]), 'f.x: has no column "zz". It has "a" (int32)');
  const twins = [numeric("a"), numeric("b"), numeric("a")];
  // By place, too, where a format reads by name.
  for (const wanted of ["a", "2", "*"]) {
    assert.match(fails([wanted], twins), /several columns named "a": rename them/);
  }
  const placed = () => selectColumns("f.x", twins, ["a"], true);
  assert.match(assert.code(placed, "ERR_COLUMN").message, /named "a": give a place, 0 or 2/);
  assert.equal(selectColumns("f.x", twins, ["2", "0", "*"], true), [2, 0, 0, 1, 2]);
});

test("the nearest name is the one that takes the fewest edits, if that is few", () => {
  const operators = ["sum", "mean", "min", "max", "argmin", "variance", "countNonZero"];
  const cases: [name: string, near: string | undefined][] = [
    ["sun", "sum"],
    ["SUM", "sum"],
    ["maen", "mean"],
    ["varience", "variance"],
    ["countnonzero", "countNonZero"],
    ["argmim", "argmin"],
    ["mxa", undefined],
    ["median", "mean"],
    ["x", undefined],
    ["", undefined],
    ["summ", "sum"],
  ];
  for (const [name, near] of cases) assert.is(nearest(name, operators), near, name);
  assert.is(nearest("a", []), undefined);
  assert.is(nearest("ab", ["ax", "ay"]), "ax");
});

test("absurdly long names take no time", () => {
  const start = performance.now();
  const long = "x".repeat(1_000_000);
  assert.is(nearest(long, [long, `${long}y`, "sum"]), undefined);
  assert.is(nearest("x".repeat(1000), ["y".repeat(1000)]), undefined);
  assert.ok(performance.now() - start < 1000);
});
