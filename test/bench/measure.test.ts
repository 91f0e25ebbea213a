// Medians, quartiles, ratios, turns, and the comparison with an earlier run, against oracles.

import fc from "fast-check";
import {
  compare,
  confirmed,
  differenceOf,
  formatSize,
  isBelow,
  measurementsOf,
  planAgain,
} from "../../src/bench/compare.js";
import { percentile } from "../../src/bench/latency.js";
import { ratios, spread, takeTurns } from "../../src/bench/measure.js";
import { casesOf, PARTS, type Plan } from "../../src/bench/plan.js";
import type { BenchResult, Figure } from "../../src/bench/result.js";
import { Group, runRounds } from "../../src/bench/rounds.js";
import { assert, fcOptions, test } from "../harness.js";
import { result } from "./result.js";

const positive = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
const list = fc.array(positive, { minLength: 1, maxLength: 30 });

test("quartiles and the median are values that were measured, as many below as above", () =>
  fc.assert(
    fc.property(list, (values) => {
      const { median, low, high, best } = spread(values);
      const below = (x: number) => values.filter((value) => value < x).length / values.length;
      const upTo = (x: number) => values.filter((value) => value <= x).length / values.length;
      for (const one of [median, low, high, best]) assert.ok(values.includes(one));
      const near = 1 / values.length;
      for (const [x, q] of [
        [low, 0.25],
        [median, 0.5],
        [high, 0.75],
      ] as const) {
        assert.ok(below(x) <= q + near && upTo(x) >= q - near, `${x} of ${values}`);
      }
      assert.is(best, Math.min(...values));
    }),
    fcOptions(),
  ));

test("a percentile is the least value that so many of 100 do not exceed", () =>
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = percentile(Float64Array.from(values), percent);
      const reaches = (x: number) =>
        values.filter((value) => value <= x).length * 100 >= percent * values.length;
      assert.is(found, Math.min(...values.filter(reaches)));
    }),
    fcOptions(),
  ));

test("every round runs each side once, and the order rotates", async () => {
  const order: string[] = [];
  const sides = ["a", "b", "c"].map((name) => ({ name, run: () => order.push(name) }));
  for (let round = 0; round < 4; round++) await takeTurns(sides, round);
  assert.is(order.join(""), "abcbcacababc");
});

test("a ratio is taken within a round", () => {
  const times = new Map([
    ["ours", [1, 2, 4]],
    ["theirs", [3, 4, 2]],
  ]);
  assert.equal(ratios(times, "ours", "theirs"), [3, 2, 0.5]);
  assert.throws(() => ratios(times, "ours", "nobody"), /no side is named nobody/);
});

test("rounds measure the time of one work, after a round that warms up", async () => {
  const counts = new Map<string, number>();
  const side = (name: string, each: number) => ({
    name,
    run: (times: number) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return times * each;
    },
    repeats: 3,
  });
  const group = new Group([side("a", 2), side("b", 8)]);
  const seen: string[] = [];
  await runRounds("part", [group], 4, {
    signal: new AbortController().signal,
    progress: (part, done, total) => seen.push(`${part} ${done}/${total}`),
  });
  assert.equal(group.times("a"), Array(4).fill(0.002));
  assert.equal(group.times("b"), Array(4).fill(0.008));
  assert.equal(group.ratios("a", "b"), Array(4).fill(4));
  assert.is(seen.length, 10);
  assert.is(seen.at(-1), "part 10/10");
});

test("what is stopped within a round leaves that round out, for all sides of a group", () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20 }), async (after) => {
      const controller = new AbortController();
      const side = (name: string) => ({ name, run: () => 1, repeats: 1 });
      const groups = [new Group([side("a"), side("b")]), new Group([side("c")])];
      await runRounds("part", groups, 4, {
        signal: controller.signal,
        progress: (_, done) => {
          if (done >= after) controller.abort();
        },
      });
      const [one, other] = groups as [Group, Group];
      assert.is(one.times("a").length, one.times("b").length);
      assert.is(one.isMeasured, one.times("a").length > 0);
      const all = one.times("a").length * 2 + other.times("c").length;
      // Three sides a round, the first of which is not counted; progress is told behind each.
      assert.ok(all <= Math.max(0, Math.max(1, after) - 3), `${all} of ${after}`);
    }),
    { ...fcOptions(), numRuns: 25 },
  ));

// --- the comparison -------------------------------------------------------------

const scaled = ({ median, low, high }: Figure, by: number): Figure => ({
  ...{ median: median * by, low: low * by, high: high * by },
});

/** The run, `by` times as fast: machine and engine alike, or the engine alone. */
function faster(of: BenchResult, by: number, machineToo: boolean): BenchResult {
  return {
    ...of,
    roofline: of.roofline.map((one) => ({
      ...one,
      bytesPerSecond: scaled(one.bytesPerSecond, machineToo ? by : 1),
    })),
    operators: of.operators.map((one) => ({
      ...one,
      bytesPerSecond: scaled(one.bytesPerSecond, by),
      share: scaled(one.share, machineToo ? 1 : by),
    })),
    latency: of.latency.map((one) => ({
      ...one,
      ...{ p50: scaled(one.p50, 1 / by), p99: scaled(one.p99, 1 / by) },
    })),
    ring: of.ring.map((one) => ({ ...one, itemsPerSecond: scaled(one.itemsPerSecond, by) })),
  };
}

const slower = (now: BenchResult, then: BenchResult, failUnder: number): string[] =>
  (compare(now, then, failUnder)?.rows ?? [])
    .filter(({ isSlower }) => isSlower)
    .map(({ what }) => what);

test("a run against itself: every ratio is 1, and nothing is below 1", () => {
  const found = compare(result(), result(), 1);
  assert.is(found?.rows.length, measurementsOf(result()).length);
  assert.ok(found?.rows.every(({ ratio, isSlower }) => ratio === 1 && !isSlower));
  assert.is(found?.ratio, 1);
});

test("ratios say how many times as fast it is now, of speeds and of times alike", () =>
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 10, noNaN: true }), (by) => {
      const found = compare(faster(result(), by, true), result(), undefined);
      for (const { what, ratio, isSlower } of found?.rows ?? []) {
        assert.ok(Math.abs(ratio / by - 1) < 1e-4, `${what}: ${ratio}, not ${by}`);
        assert.not.ok(isSlower);
      }
      const listed = (found?.rows ?? []).map(({ ratio }) => ratio);
      assert.equal(
        listed,
        [...listed].sort((a, b) => a - b),
      );
    }),
    fcOptions(),
  ));

test("an engine that is half as fast is told, an engine that is as fast is not", () => {
  const then = result();
  assert.equal(slower(faster(then, 1.02, false), then, 0.9), []);
  const told = slower(faster(then, 0.5, false), then, 0.9);
  const all = measurementsOf(then).map(({ what }) => what);
  assert.equal(told.sort(), all.filter((what) => !what.startsWith("pure read")).sort());
});

test("a machine that is half as fast is told by its pure read, not by every operator again", () => {
  const told = slower(faster(result(), 0.5, true), result(), 0.9);
  assert.ok(told.some((what) => what.startsWith("pure read, 64 KiB, 2 threads")));
  assert.not.ok(told.some((what) => what.startsWith("sum float64")));
});

test("what both runs spread over is never told as slower, what lies apart is, whatever the medians", () =>
  fc.assert(
    fc.property(
      fc.tuple(list, list, fc.double({ min: 0.1, max: 2, noNaN: true })),
      ([a, b, threshold]) => {
        const [now, then] = [spread(a), spread(b)];
        const isTold = isBelow(now, then, threshold);
        // Independently: when more than half of the rounds of now reach the mark, or all but few rounds
        // of then fall short of the best of now, nothing is told.
        const reach = a.filter((x) => x >= threshold * then.median).length;
        if (reach * 2 > a.length) assert.not.ok(isTold);
        if (threshold * then.low <= now.high) assert.not.ok(isTold);
        if (Math.max(...a) < threshold * Math.min(...b)) assert.ok(isTold);
        if (isTold) assert.ok(now.median < threshold * then.median);
      },
    ),
    fcOptions(),
  ));

test("runs of noise alone are not told at 0.9, runs that are slowed are", () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 22, maxLength: 22 }),
      fc.double({ min: 1, max: 100, noNaN: true }),
      (noise, speed) => {
        // Each round is as fast as it is, less at most a tenth of that.
        const rounds = noise.map((share) => speed * (1 - share * 0.1));
        const [now, then] = [spread(rounds.slice(0, 11)), spread(rounds.slice(11))];
        assert.not.ok(isBelow(now, then, 0.9));
        const slowed = spread(rounds.slice(0, 11).map((one) => one * 0.8));
        assert.ok(isBelow(slowed, then, 0.9));
      },
    ),
    fcOptions(),
  ));

test("only what is slower again, when it is measured once more, is slower", () => {
  const then = result();
  const first = compare(faster(then, 0.5, false), then, 0.9)!;
  const slowAgain = confirmed(first, compare(faster(then, 0.6, false), then, 0.9));
  for (const { what, isSlower, again } of slowAgain.rows) {
    assert.is(isSlower, !what.startsWith("pure read"), what);
    assert.is(again, isSlower ? 0.6 : undefined);
  }
  const fine = confirmed(first, compare({ ...then, ring: [] }, then, 0.9));
  const told = fine.rows.filter(({ isSlower }) => isSlower).map(({ what }) => what);
  assert.equal(told.sort(), ["ring, 1P1C, batch 1", "ring, 1P1C, batch 32"]);
});

test("what is measured once more is what was slower", () => {
  const then = result();
  const plan: Plan = {
    ...{ parts: new Set(PARTS), threads: [1, 2], rounds: 3, leftOut: [] },
    cases: casesOf(["sum", "dot", "min"], ["float64", "int8"]),
    sizes: [65_536, 2 ** 20, 2 ** 26],
  };
  const now = {
    ...then,
    operators: then.operators.map((one) =>
      one.operator === "dot" && one.bytes === 2 ** 20
        ? { ...one, bytesPerSecond: scaled(one.bytesPerSecond, 0.1), share: scaled(one.share, 0.1) }
        : one,
    ),
  };
  const again = planAgain(plan, now, compare(now, then, 0.9)!);
  assert.equal([...again.parts], ["operators"]);
  assert.equal(again.sizes, [2 ** 20]);
  assert.equal(
    again.cases.map(({ operator, dtype, accuracy }) => `${operator} ${dtype} ${accuracy}`),
    ["dot float64 exact", "dot float64 fast"],
  );
});

test("only what both measured is compared; nothing in common is said to be nothing", () => {
  const few = { ...result(), operators: [], latency: [], ring: [] };
  assert.is(compare(few, result(), 0.9)?.rows.length, few.roofline.length);
  const none = { ...few, roofline: [] };
  assert.is(compare(none, result(), 0.9), undefined);
});

test("another machine or version is told by name", () => {
  const here = result();
  assert.is(differenceOf(here, result()), undefined);
  const there = { ...here, machine: { ...here.machine, processor: "Abacus 9" } };
  assert.match(differenceOf(here, there) ?? "", /Abacus 9.*this is Test CPU/);
  assert.match(differenceOf(here, { ...here, ringfold: "9.9.9" }) ?? "", "ringfold 9.9.9");
});

test("sizes are shown as they are typed", () => {
  const cases: [number, string][] = [
    [64, "64 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [2 ** 20, "1 MiB"],
    [3 * 2 ** 30, "3 GiB"],
  ];
  for (const [bytes, text] of cases) assert.is(formatSize(bytes), text);
});
