// `throughput`: what it computes from what it saw, and a short run of it.

import { Drill } from "../../src/stress/drill.js";
import { jain, median, throughput } from "../../src/stress/throughput.js";
import { Times } from "../../src/stress/times.js";
import { assert, seeded, test } from "../harness.js";
import { drillModule, runScenario } from "./drill-run.js";

test("percentiles are those of the sorted times, to 1/64 of their value; the maximum is exact", () => {
  const random = seeded();
  const drill = new Drill(drillModule);
  const values = Array.from({ length: 5000 }, () => Math.floor(2 ** (random.next() * 40)));
  for (const [i, value] of values.entries()) drill.core.record(i % 3, BigInt(value));
  const times = drill.times(3);
  const sorted = values.sort((a, b) => a - b);
  assert.is(times.count, 5000);
  assert.is(times.most, sorted.at(-1));
  for (const percent of [0.1, 50, 90, 99, 99.9, 99.99, 100]) {
    const exact = sorted[Math.ceil((percent / 100) * 5000) - 1] as number;
    const got = times.percentile(percent);
    assert.ok(got >= exact && got <= exact * (1 + 1 / 64), `p${percent}: ${got} for ${exact}`);
  }
  assert.ok(Number.isNaN(new Times().percentile(50)));
});

test("Jain's index is 1 for equal shares and 1/n when one has all", () => {
  assert.is(jain([5, 5, 5, 5]), 1);
  assert.is(jain([8, 0, 0, 0]), 0.25);
  assert.is(jain([3, 1]), 0.8);
});

test("the median of an even number of values is between the middle two", () => {
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([9, 1, 5, 7]), 6);
});

test("a short run loses nothing and tells times, shares and ratios", async () => {
  const settings = { duration: 600, producers: 2, consumers: 2, rate: 20_000 };
  const { summary, violations } = await runScenario(throughput, settings);
  assert.equal(violations, []);
  const [times, flow, ways] = summary.tables;
  assert.ok(Number(times?.rows[1]?.[1]) > 100, "items at the constant rate are all timed");
  assert.ok(Number(flow?.rows[0]?.[1]) > 0);
  assert.is(ways?.rows.length, 6);
  for (const row of ways?.rows ?? []) assert.ok(Number(row[1]) > 0, String(row[0]));
});

test("throughput ends when it is aborted", async () => {
  const { violations } = await runScenario(throughput, { duration: 600_000 }, (abort) => abort());
  assert.equal(violations, []);
});
