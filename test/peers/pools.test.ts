// Each pool that we are measured against works as it is used here: its sum over shared memory is
// right, and nothing of it keeps this process alive once it is closed, which the harness sees to.

import { assert, test } from "../harness.js";
import { fill, loops } from "./loops.js";
import { poolSum, pools, startPool } from "./pool.js";

const LENGTH = 80_000;

test("the table of pools names piscina, tinypool, workerpool and poolifier", () => {
  const packages = new Set(Object.keys(pools).map((name) => name.split(",")[0]));
  assert.equal([...packages], ["piscina", "tinypool", "workerpool", "poolifier"]);
});

for (const name of Object.keys(pools)) {
  test(`${name}: sums of chunks of shared memory add up, and it can be closed`, async () => {
    const data = new Float64Array(new SharedArrayBuffer(LENGTH * 8));
    fill(data);
    // Integers, so exact.
    const oracle = Number(Array.from(data, BigInt).reduce((a, b) => a + b, 0n));
    const pool = await startPool(name, 2, data);
    try {
      for (const loop of Object.keys(loops)) {
        for (const chunks of [1, 2, 16]) {
          assert.is(await poolSum(pool, loop, LENGTH, chunks), oracle);
        }
      }
      assert.is(await pool.run(), 0);
    } finally {
      await pool.close();
    }
  });
}
