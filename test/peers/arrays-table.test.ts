// The tables of the benchmarks of arrays, from times that are made up.

import { assert, test } from "../harness.js";
import { JOBS, NUMPY, NUMPY_JOBS, nameOf, OPENMP, OURS, RIVALS, TBB } from "./arrays-sides.js";
import { tableRow, tables } from "./arrays-table.js";

const [onOne, onTwo, numpy] = tables("float64");

/** Ours takes 2 on two threads and 3 on one, in every round. */
function times(theirs: { readonly [who: string]: number }, threads: 1 | 2) {
  const all = new Map<string, number[]>();
  for (const job of NUMPY_JOBS) {
    all.set(nameOf(job, OURS, 1), [3, 3, 3]);
    all.set(nameOf(job, OURS, 2), [2, 2, 2]);
    for (const [who, ms] of Object.entries(theirs))
      all.set(nameOf(job, who, threads), [ms, ms, ms]);
  }
  return all;
}

test("a cell is the ratio to the fastest peer, its letter, and the ratio to OpenMP", () => {
  const small = times({ [OPENMP]: 5, [TBB[0]]: 4, [TBB[1]]: 3 }, 2);
  const large = times({ [TBB[0]]: 1 }, 2);
  const row = tableRow(
    onTwo!,
    new Map([
      ["16KiB", small],
      ["1GiB", large],
    ]),
  );
  const lines = row?.notes.slice(-1 - JOBS.length).map((line) => line.trim().split(/\s+/));
  assert.equal(lines, [
    ["16KiB", "1GiB"],
    ...JOBS.map((job) => [job, "1.50c", "2.50", "0.50b", "-"]),
  ]);
  assert.is(row?.figure.low, 0.5);
  assert.is(row?.figure.high, 1.5);
});

test("NumPy's cells are ours on two threads and on one, for what only NumPy does too", () => {
  const row = tableRow(numpy!, new Map([["4MiB", times({ [NUMPY]: 6 }, 1)]]));
  const lines = row?.notes.slice(-NUMPY_JOBS.length).map((line) => line.trim().split(/\s+/));
  assert.equal(
    lines,
    NUMPY_JOBS.map((job) => [job, "3.00", "2.00"]),
  );
});

test("a table whose peers are all absent is no row", () => {
  assert.is(tableRow(onTwo!, new Map([["4MiB", times({}, 2)]])), undefined);
  assert.is(tableRow(numpy!, new Map([["4MiB", times({}, 1)]])), undefined);
});

test("a table asks for the times of ours and of every peer with threads", () => {
  assert.is(onOne?.sides.length, JOBS.length * (1 + RIVALS.length));
  assert.ok(onOne?.sides.includes(nameOf("dot", OPENMP, 1)));
  assert.not.ok(onOne?.sides.includes(nameOf("dot", OPENMP, 2)));
});
