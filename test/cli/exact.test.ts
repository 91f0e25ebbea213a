// Sums that are rounded once, and what is made of them, as the command line gives them: against
// Python's rationals, which know nothing of superaccumulators.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, test } from "../harness.js";
import { doubles, fails, inFolder, npy, put, python, reduce, results, run } from "./run.js";

/** Numbers over 60 powers of ten that nearly cancel, as .npy, raw and text; and what is true. */
const MAKE = `
import json, math
from decimal import Decimal, getcontext
from fractions import Fraction
import numpy as np
getcontext().prec = 400
r = np.random.default_rng(11)
def make():
    half = r.standard_normal(9001) * 10.0 ** r.integers(-30, 30, 9001)
    whole = np.concatenate([half, -half, r.standard_normal(3000)])
    return r.permutation(whole)
x, y = make(), make()
np.save("x.npy", x)
np.save("y.npy", y)
np.save("single.npy", x.astype(np.float32))
x.tofile("x.bin")
y.tofile("y.bin")
i, j = r.integers(-2**63, 2**63 - 1, (2, 20000))
np.save("i.npy", i)
np.save("j.npy", j)
with open("t.csv", "w") as f:
    f.write("x,name,y\\n")
    f.writelines(f"{a!r},n,{b!r}\\n" for a, b in zip(x.tolist(), y.tolist()))
def root(q):
    return float((Decimal(q.numerator) / Decimal(q.denominator)).sqrt())
def facts(a):
    q = [Fraction(v) for v in a.tolist()]
    n, s = len(q), sum(q)
    magnitudes, squares = sum(map(abs, q)), sum(v * v for v in q)
    spread = squares - s * s / n
    return {
        "sum": math.fsum(a.tolist()), "mean": float(s / n), "sumSquares": float(squares),
        "sumAbs": float(magnitudes), "l1": float(magnitudes), "l2": root(squares),
        "maxNorm": float(max(map(abs, q))),
        "variance": float(spread / n), "std": root(spread / n),
        "sampleVariance": float(spread / (n - 1)), "sampleStd": root(spread / (n - 1)),
        "conditionNumber": float(magnitudes / abs(s)),
    }
dot = lambda a, b: sum(Fraction(u) * Fraction(v) for u, v in zip(a.tolist(), b.tolist()))
print(json.dumps({
    "x": facts(x), "single": facts(x.astype(np.float32)),
    "dot": float(dot(x, y)), "integers": str(dot(i, j)),
}))
`;

interface Facts {
  readonly x: Record<string, number>;
  readonly single: Record<string, number>;
  readonly dot: number;
  readonly integers: string;
}

test(
  "sums, means, norms and variances of floats are the rounded rationals, whatever holds them",
  () =>
    inFolder(async (folder) => {
      const { x, single } = python<Facts>(folder, MAKE);
      const ops = ["--op", Object.keys(x).join(",")];
      const file = (name: string) => join(folder, name);
      assert.equal(await results([file("x.npy"), ...ops]), x);
      assert.equal(await results([file("x.npy"), ...ops, "--accuracy", "exact"]), x);
      assert.equal(await results([file("x.bin"), "--dtype", "float64", ...ops]), x);
      assert.equal(await results([file("t.csv"), "--column", "x", ...ops]), x);
      assert.equal(await results(["-", ...ops], { input: readFileSync(file("x.npy")) }), x);
      assert.equal(await results([file("single.npy"), ...ops]), single);
      const fast = await results([file("x.npy"), ...ops, "--accuracy", "fast"]);
      assert.is.not(fast["sum"], x["sum"]);
      assert.is(fast["maxNorm"], x["maxNorm"]);
    }),
  { deadline: 120_000 },
);

test(
  "dot is the rounded rational of two columns, two files or a file and standard input",
  () =>
    inFolder(async (folder) => {
      const { dot, integers } = python<Facts>(folder, MAKE);
      const file = (name: string) => join(folder, name);
      const op = ["--op", "dot"];
      assert.equal(await results([file("x.npy"), file("y.npy"), ...op]), { dot });
      const raw = [file("x.bin"), file("y.bin"), "--dtype", "float64"];
      assert.equal(await results([...raw, ...op, "--threads", "1"]), { dot });
      const input = readFileSync(file("y.npy"));
      assert.equal(await results([file("x.npy"), "-", ...op], { input }), { dot });
      const columns = ["--column", "x", "--column", "y"];
      const found = await reduce([file("t.csv"), ...columns, ...op]);
      assert.equal(found.columns, [
        { name: "x · y", dtype: "float64", nulls: 0, results: { dot } },
      ]);
      assert.equal([found.rows, found.bytes], [21_002, 2 * 8 * 21_002]);
      assert.equal(await results([file("i.npy"), file("j.npy"), ...op]), { dot: integers });
      const [x, y] = [file("x.npy"), file("y.npy")];
      const large = put(folder, "l.bin", new Uint8Array(12 * 2 ** 20));
      const both = ["reduce", large, large, "--dtype", "int8", ...op, "--max-bytes", "23MiB"];
      await fails(both, 1, "ERR_MEMORY", "--max-bytes");
      await fails(["reduce", x, file("single.npy"), ...op], 1, "ERR_DTYPE", "float32");
      await fails(["reduce", file("i.npy"), y, ...op], 1, "ERR_INPUT", "20000", "21002");
    }),
  { deadline: 120_000 },
);

test(
  "dot without exactly two inputs, with nulls or beside another operator is refused",
  () =>
    inFolder(async (folder) => {
      const table = put(folder, "t.csv", "a,b,c\n1,2,3\n4,,6\n");
      const array = put(folder, "a.npy", npy("<f8", "(2,)", doubles([1, 2])));
      const column = (...names: string[]) => names.flatMap((name) => ["--column", name]);
      const refused: string[][] = [
        [array],
        [array, array, array],
        [table, ...column("a")],
        [table, table, ...column("a")],
        [table, ...column("a", "b", "c")],
        [array, array, "--schedule", "pairwise"],
        ["-", "-"],
      ];
      for (const args of refused) await fails(["reduce", "--op", "dot", ...args], 2, "ERR_OPTION");
      await fails(["reduce", "--generate", "9", "--op", "dot"], 2, "ERR_OPTION", "--generate");
      await fails(["reduce", array, array, "--op", "dot,sum"], 2, "ERR_OPTION", "sum");
      await fails(
        ["reduce", array, array, "--op", "dot,./m.js"],
        2,
        "ERR_OPTION",
        "a command each",
      );
      await fails(["reduce", array, table, "--op", "dot"], 2, "ERR_COLUMN", '"a"');
      const nulls = ["reduce", table, ...column("a", "b"), "--op", "dot"];
      await fails(nulls, 1, "ERR_INPUT", 'column "b" has 1 null');
      assert.equal(await results([table, ...column("a", "c"), "--op", "dot"]), { dot: 27 });
      assert.equal(await results([table, ...column("a", "a"), "--op", "dot"]), { dot: 17 });
    }),
  { deadline: 120_000 },
);

test("--round-to float32 rounds the exact sum once, and is for floats", () =>
  inFolder(async (folder) => {
    // To float64 first, the last number would be lost, and the rest is a tie that goes to 1.
    const values = [1, 2 ** -24, 2 ** -80];
    const path = put(folder, "x.npy", npy("<f8", "(3,)", doubles(values)));
    const ints = put(folder, "i.npy", npy("<i4", "(2,)", new Uint8Array(8)));
    const single = ["--round-to", "float32"];
    assert.equal(await results([path, ...single]), { sum: 1 + 2 ** -23 });
    assert.equal(await results([path]), { sum: 1 + 2 ** -24 });
    assert.equal(await results([path, "--round-to", "float64"]), { sum: 1 + 2 ** -24 });
    assert.equal(await results([path, ...single, "--accuracy", "fast"]), { sum: 1 });
    await fails(["reduce", ints, ...single], 2, "ERR_OPTION", "int32");
  }));

test("a module's pass takes no accuracy and no rounding; a built-in one beside it does", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", npy("<f8", "(3,)", doubles([1e16, 1, -1e16])));
    const module = put(folder, "m.mjs", "export const combine = (a, b) => a + b;");
    const options = ["--accuracy", "exact", "--round-to", "float32"];
    assert.equal(await results([path, "--op", `sum,${module}`, ...options]), { sum: 1, m: 0 });
    for (const option of [options.slice(0, 2), options.slice(2), ["--receipt"], ["--partial"]]) {
      await fails(["reduce", path, "--op", module, ...option], 2, "ERR_OPTION", option[0]!);
    }
    const both = ["reduce", path, "--op", `sum,${module}`];
    await fails([...both, "--receipt"], 2, "ERR_OPTION", "--receipt", "leave m out");
    const pairwise = ["reduce", path, "--schedule", "pairwise", "--accuracy"];
    await fails([...pairwise, "exact"], 2, "ERR_OPTION", "pairwise");
    assert.is((await run([...pairwise, "fast"])).out, "sum  0\n");
  }));

test("the help names every operator, and what is said of accuracy", async () => {
  const { out } = await run(["reduce", "--help"]);
  const words = out.replace(/\s+/g, " ");
  for (const name of ["dot", "conditionNumber", "sampleStd", "maxNorm", "l2", "countNonZero"]) {
    assert.match(words, new RegExp(`There are .*\\b${name}\\b`));
  }
  assert.match(words, "default: exact; pairwise is fast");
});
