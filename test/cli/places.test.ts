// Where the least and the greatest of a column are: rows among all rows, nulls counted.

import { assert, seeded, test } from "../harness.js";
import { doubles, fails, inFolder, npy, put, reduce, results } from "./run.js";

type Cell = number | null;

/** The first row whose cell nothing is beyond; NaN is beyond all, unless skipped. */
function placeOf(cells: readonly Cell[], isMax: boolean, skipNaN: boolean): number {
  let best = -1;
  const beyond = (a: number, b: number): boolean => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && !Number.isNaN(b);
    return isMax ? a > b : a < b;
  };
  for (const [row, cell] of cells.entries()) {
    if (cell === null || (skipNaN && Number.isNaN(cell))) continue;
    if (best < 0 || beyond(cell, cells[best]!)) best = row;
  }
  return best;
}

const textOf = (cells: readonly Cell[], header: string): string =>
  `${header},other\n${cells.map((cell) => `${cell ?? ""},7\n`).join("")}`;

const OPS = ["--op", "argmin,argmax"];

test("argmin and argmax of a column count the rows of nulls", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "p,q\n,1\n3,2\n1,5\n,\n9,1\n");
    assert.equal(await results([path, "--column", "p", ...OPS]), { argmin: 2, argmax: 4 });
    // Beside operators that leave nulls out, in the order that was asked for.
    const mixed = await results([path, "--column", "p", "--op", "argmax,sum,argmin,count,min"]);
    assert.equal(Object.entries(mixed), [
      ["argmax", 4],
      ["sum", 13],
      ["argmin", 2],
      ["count", 3],
      ["min", 1],
    ]);
    const two = await reduce([path, "--column", "q", "--column", "p", ...OPS]);
    assert.equal(
      two.columns.map((column) => column.results),
      [
        { argmin: 0, argmax: 2 },
        { argmin: 2, argmax: 4 },
      ],
    );
    assert.equal(await results([path, "--column", "p", ...OPS, "--schedule", "pairwise"]), {
      argmin: 2,
      argmax: 4,
    });
  }));

test("a receipt counts the numbers, not what stands for nulls", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "p,q\n,1\nnan,2\n,5\n3,1\n");
    for (const ops of ["argmax", "argmax,count"]) {
      const args = [path, "--column", "p", "--op", ops, "--receipt"];
      const [column] = (await reduce(args)).columns;
      assert.is(column!.results["argmax"], 1);
      const { elements, nans, nulls, naive } = column!.receipt as Record<string, unknown>;
      assert.equal([elements, nans, nulls], [2, 1, 2]);
      assert.equal((naive as Record<string, unknown>)["argmax"], {
        value: 1,
        differs: false,
        ulps: 0,
      });
    }
  }));

test("nothing but nulls has no place, unless an initial value says one", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "p,q\n,1\n,2\n");
    await fails(["reduce", path, "--column", "p", ...OPS], 1, "ERR_EMPTY", "argmin of nothing");
    const given = ["--column", "p", "--op", "argmin", "--initial", "-1"];
    assert.equal(await results([path, ...given]), { argmin: -1 });
  }));

test("rows are counted through several files, and arrays among them", () =>
  inFolder(async (folder) => {
    const a = put(folder, "a.csv", "p,q\n,1\n3,2\n");
    const b = put(folder, "b.csv", "p,q\n,1\n,2\n");
    const c = put(folder, "c.csv", "p,q\n3,1\n,2\n2,2\n");
    assert.equal(await results([a, b, c, "--column", "p", ...OPS]), { argmin: 6, argmax: 1 });
    const one = put(folder, "one.csv", "p\nNA\n5\nNA\n");
    const array = put(folder, "x.npy", npy("<f8", "(2,)", doubles([8, 1])));
    assert.equal(await results([one, array, ...OPS]), { argmin: 4, argmax: 3 });
  }));

test(
  "rows of random columns longer than a batch are a plain loop's, with NaN kept and skipped",
  () =>
    inFolder(async (folder) => {
      const random = seeded("places");
      for (const leading of [0, 270_000]) {
        const rows = 600_000;
        const nullShare = random.pick([0.001, 0.5, 0.999]);
        const cells = Array.from({ length: rows }, (_, row): Cell => {
          if (row < leading || random.next() < nullShare) return null;
          return random.int(100_000) === 0 ? Number.NaN : random.int(1000);
        });
        const path = put(folder, `${leading}.csv`, textOf(cells, "p"));
        for (const nan of ["propagate", "skip"]) {
          const found = await results([path, "--column", "p", "--nan", nan, ...OPS]);
          const expected = [false, true].map((isMax) => placeOf(cells, isMax, nan === "skip"));
          assert.equal([found["argmin"], found["argmax"]], expected, `${nan}, ${leading}`);
        }
      }
    }),
  { deadline: 180_000 },
);
