// Columns of decimals: what is made of sums is exact over the decimals, in both formats.

import { ratio, rootOfRatio } from "../../src/operators/number.js";
import { assert, test } from "../harness.js";
import { DECIMALS, ROWS } from "../input/fixtures/tables.js";
import { fixture } from "../input/support.js";
import { inFolder, put, reduce, results } from "./run.js";

const FILES = ["decimals.arrow", "decimals-wide.parquet"];
const total = (ns: readonly bigint[]): bigint => ns.reduce((sum, n) => sum + n, 0n);

test("sums, means, norms and variances of decimals are rounded once, in both formats", async () => {
  for (const file of FILES) {
    const columns = Object.keys(DECIMALS).flatMap((name) => ["--column", name]);
    const ops = "sum,mean,l1,sumSquares,l2,variance,sampleStd,min,max,count,conditionNumber";
    const report = await reduce([fixture(file), ...columns, "--op", ops]);
    for (const { name, nulls, results: found } of report.columns) {
      const { scale, unscaled } = DECIMALS[name!]!;
      const den = 10n ** BigInt(scale);
      const n = BigInt(unscaled.length);
      const sum = total(unscaled);
      const abs = total(unscaled.map((x) => (x < 0n ? -x : x)));
      const squares = total(unscaled.map((x) => x * x));
      const spread = n * squares - sum * sum;
      const sorted = unscaled.toSorted((a, b) => (a < b ? -1 : 1));
      assert.equal(
        found,
        {
          sum: ratio(sum, den),
          mean: ratio(sum, n * den),
          l1: ratio(abs, den),
          sumSquares: ratio(squares, den * den),
          l2: rootOfRatio(squares, den * den),
          variance: ratio(spread, n * n * den * den),
          sampleStd: rootOfRatio(spread, n * (n - 1n) * den * den),
          min: ratio(sorted[0]!, den),
          max: ratio(sorted.at(-1)!, den),
          count: unscaled.length,
          conditionNumber: ratio(abs, sum < 0n ? -sum : sum),
        },
        `${file}: ${name}`,
      );
      assert.is(nulls, ROWS - unscaled.length);
    }
  }
});

test("options of a sum hold for decimals, and a receipt tells what naive sums of floats give", async () => {
  const { scale, unscaled } = DECIMALS["cents"]!;
  const sum = total(unscaled);
  const den = 10n ** BigInt(scale);
  const cents = ["--column", "cents"];
  const paths = FILES.map(fixture);
  const twice = await results([...paths, ...cents, "--initial", "0.25"]);
  assert.is(twice["sum"], ratio(8n * sum + den, 4n * den));
  const single = await results([paths[0]!, ...cents, "--round-to", "float32", "--op", "mean"]);
  assert.is(single["mean"], ratio(sum, BigInt(unscaled.length) * den, 0, true));
  const floats = unscaled.map((n) => Number(n) / 100);
  const [column] = (await reduce([paths[1]!, ...cents, "--receipt"])).columns;
  const { receipt, results: found } = column!;
  assert.is(found["sum"], ratio(sum, den));
  const { naive } = receipt as { naive: { sum: { value: number; differs: boolean } } };
  const fast = await results([paths[1]!, ...cents, "--accuracy", "fast"]);
  assert.is(naive.sum.value, fast["sum"]);
  assert.is(naive.sum.differs, naive.sum.value !== found["sum"]);
  assert.ok(Math.abs(naive.sum.value - floats.reduce((a, b) => a + b, 0)) < 1e-6);
});

test("decimals followed by floats are floats, and their sum is exact over those", () =>
  inFolder(async (folder) => {
    const text = put(folder, "x.csv", "cents,other\n1e30,1\n0.1,2\n-1e30,3\n");
    const { unscaled } = DECIMALS["cents"]!;
    const floats = [...unscaled.map((n) => Number(n) / 100), 0.1];
    // Of 1 / 2^60 each float here is a whole number.
    const exact = total(floats.map((x) => BigInt(x * 2 ** 60)));
    const found = await results([fixture(FILES[0]!), text, "--column", "cents"]);
    assert.is(found["sum"], ratio(exact, 1n, -60));
  }));
