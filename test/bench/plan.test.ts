// What is measured unless it is said, what fits, the numbers it is measured on, the machine.

import { crossoverOf } from "../../src/bench/crossover.js";
import { fillOrdinary } from "../../src/bench/data.js";
import { cacheOf, countOf, thisMachine } from "../../src/bench/machine.js";
import { casesOf, fitting, makePlan, threadCounts } from "../../src/bench/plan.js";
import { OPERATOR_NAMES } from "../../src/operators/builtin.js";
import { DTYPES } from "../../src/operators/dtype.js";
import { assert, test } from "../harness.js";

const NOTHING = {
  ...{ parts: [], operators: undefined, dtypes: undefined, sizes: undefined },
  ...{ threads: undefined, rounds: 3, full: false },
};

test("threads double up to all processors", () => {
  assert.equal(threadCounts(1), [1]);
  assert.equal(threadCounts(2), [1, 2]);
  assert.equal(threadCounts(6), [1, 2, 4, 6]);
  assert.equal(threadCounts(8), [1, 2, 4, 8]);
});

test("floats are measured exact and fast where these differ, and no dtype that is refused", () => {
  const names = casesOf(["sum", "min", "and", "product"], ["float64", "int32"]).map(
    ({ operator, dtype, accuracy }) => `${operator} ${dtype} ${accuracy}`,
  );
  assert.equal(names, [
    ...["sum float64 exact", "sum float64 fast", "sum int32 null"],
    ...["min float64 null", "min int32 null", "and int32 null"],
    ...["product float64 null", "product int32 null"],
  ]);
  assert.equal(
    casesOf(["dot", "sum"], ["int8"]).map(({ inputs }) => inputs),
    [2, 1],
  );
});

test("--full has every operator and every element type that the runtime has", () => {
  const { cases } = makePlan({ ...NOTHING, full: true });
  const here = DTYPES.filter(({ array }) => array !== undefined).map(({ name }) => name);
  assert.equal(new Set(cases.map(({ operator }) => operator)), new Set(OPERATOR_NAMES));
  assert.equal(new Set(cases.map(({ dtype }) => dtype)), new Set(here));
  const few = makePlan({ ...NOTHING, full: true, operators: ["max"], dtypes: ["int8"] });
  assert.is(few.cases.length, 1);
});

test("sizes are whole lines of memory, ascending, each once", () => {
  const plan = makePlan({ ...NOTHING, sizes: [5000, 2048, 2050, 1e6], threads: [2, 1, 2] });
  assert.equal(plan.sizes, [2048, 4992, 999_936]);
  assert.equal(plan.threads, [1, 2]);
  assert.equal(makePlan({ ...NOTHING, parts: ["ring"] }).cases, []);
});

test("sizes that do not fit the memory are left out, with the reason", () => {
  const { kept, leftOut } = fitting([2 ** 20, 2 ** 30, 2 ** 32], 2, 3e9);
  assert.equal(kept, [2 ** 20]);
  assert.equal(leftOut, [
    { bytes: 2 ** 30, why: "needs 2.15 GB, and 3.00 GB are free: at most half is taken" },
    { bytes: 2 ** 32, why: "an engine's memory is smaller" },
  ]);
});

test("the numbers are ordinary as every float, of both signs, and the same every time", () => {
  const [one, other] = [new Float64Array(40_000), new Float64Array(40_000)];
  fillOrdinary(one);
  fillOrdinary(other);
  assert.equal(one, other);
  const check = (values: Float64Array | Float32Array, least: number) => {
    for (const value of values) {
      const magnitude = Math.abs(value);
      if (!(magnitude >= least && magnitude < 2)) throw new Error(`${value}`);
    }
    const negative = values.filter((value) => value < 0).length / values.length;
    assert.ok(negative > 0.4 && negative < 0.6, String(negative));
  };
  check(one, 0.5);
  check(new Float32Array(one.buffer), 2 ** -7);
  // Of a float16, the exponent's bits are those of 1 … 2.
  for (const half of new Uint16Array(one.buffer)) {
    if ((half & 0x7c00) !== 0x3c00) throw new Error(half.toString(16));
  }
  const distinct = new Set(one.subarray(0, 10_000));
  assert.ok(distinct.size > 9_900, "few numbers are equal");
});

test("a second thread pays from the first size on from which every one gains", () => {
  const speedup = (median: number) => ({ ...{ median, low: median, high: median } });
  const points = (...medians: number[]) =>
    medians.map((median, i) => ({ bytes: 2 ** (14 + i), speedup: speedup(median) }));
  assert.is(crossoverOf(points(0.5, 1, 1.3, 1.9)), 2 ** 16);
  assert.is(crossoverOf(points(1.5, 1, 1.3, 1.9)), 2 ** 16);
  assert.is(crossoverOf(points(1.5, 1.6)), 2 ** 14);
  assert.is(crossoverOf(points(1.5, 1)), null);
  assert.is(crossoverOf([]), null);
});

test("processors that share a cache are counted from the system's list", () => {
  for (const [list, count] of [
    ["0", 1],
    ["0-3", 4],
    ["0,8", 2],
    ["0-1,4-7", 6],
  ] as const) {
    assert.is(countOf(list), count);
  }
  const cache = { name: "L2", bytes: 1024, processors: 2 };
  assert.equal(
    [1, 2, 3, 8].map((threads) => cacheOf(cache, threads)),
    [1024, 1024, 2048, 4096],
  );
});

test("the machine is named", () => {
  const machine = thisMachine();
  assert.ok(machine.processor.length > 0 && machine.processors >= 1);
  assert.is(machine.runtime, `node ${process.versions.node}`);
  const sizes = machine.caches.map(({ bytes }) => bytes);
  assert.equal(
    sizes,
    [...sizes].sort((a, b) => a - b),
  );
});
