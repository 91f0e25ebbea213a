// Writing to an input while it is reduced is forbidden, and what comes out then is anybody's guess; but it comes
// out, and an index is one of the array's.

import { Worker } from "node:worker_threads";
import { loadCore } from "../../src/engine/core.js";
import { Local } from "../../src/engine/local.js";
import { makePlan } from "../../src/engine/plan.js";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import { createEngine, type Dtype, type Engine } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { assert, test } from "../harness.js";
import type { Writing } from "./written-thread.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 1 });
});
test.after(() => engine.close());

const floats = { int: [5, -5, 7], float: [1, Number.NaN, -1, 2] };

// An input over the place of its own state: the core writes the extremum and a mark there, over elements,
// between the pass that takes the extremum and the one that looks where it is.
for (const dtype of ["float64", "float32", "int32", "uint16", "int8"] as const) {
  test(`argmin and argmax of ${dtype}: an element that is overwritten before it is found`, async () => {
    const layout = { workers: 1, threads: 1, cores: 1, maxBytes: 2 ** 28 };
    const shared = Shared.create(await loadCore(), layout);
    const local = new Local(shared, new Submitter(shared, true).me);
    const info = dtypeInfo(dtype);
    const passOptions = {
      skipNaN: false,
      accuracy: undefined,
      pairwise: false,
      receipt: false,
    };
    let overwritten = 0;
    for (const op of ["argmin", "argmax"] as const) {
      const plan = makePlan(op, info, passOptions);
      for (let n = 1; n <= 70; n++) {
        for (let best = 0; best < n; best++) {
          for (const shift of [-16, -8, 0, 8, 12].filter((bytes) => bytes % info.size === 0)) {
            const x = shared.view(info, local.root + shift, n);

            for (let i = 0; i < n; i++) x[i] = 100;
            x[best] = op === "argmin" ? 1 : 120;
            local.foldAt(local.root + shift, n, plan);
            const index = shared.i64(local.root + 8);
            assert.ok(index >= 0n && index < BigInt(n), `${op} of ${n}, ${shift}: index ${index}`);
            if (index !== BigInt(best)) overwritten++;
          }
        }
      }
    }
    assert.ok(overwritten > 0, "some were");
  });
}

async function written(
  dtype: Dtype,
  values: readonly (number | bigint)[],
  body: (x: Float64Array, n: number) => void,
): Promise<void> {
  const x = engine.alloc(dtype, 3 * 8192 + 5) as Float64Array<SharedArrayBuffer>;
  const state = new Int32Array(new SharedArrayBuffer(4));
  const data: Writing = { view: x, state, values };
  const writer = new Worker(new URL("./written-thread.js", import.meta.url), { workerData: data });
  const ended = new Promise((resolve) => writer.once("exit", resolve));
  try {
    while (Atomics.load(state, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    body(x, x.length);
  } finally {
    Atomics.store(state, 0, 2);
    await ended;
    engine.free(x);
  }
}

for (const dtype of ["float64", "float32", "int32", "int8"] as const) {
  test(`argmin and argmax of ${dtype} that another thread writes to are indices of the array`, () =>
    written(dtype, floats[dtype.startsWith("float") ? "float" : "int"], (x, n) => {
      for (let i = 0; i < 4000; i++) {
        for (const op of ["argmin", "argmax"] as const) {
          const index = engine.reduceSync(x, op);
          assert.ok(index >= 0 && index < n, `${op}: ${index} of ${n}`);
        }
      }
    }));
}

test("exact sums of what changes between all exponents end", () =>
  written("float64", [1, 1e300, 1e-300, Number.NaN, 0], (x) => {
    for (let i = 0; i < 1500; i++) {
      for (const op of ["sum", "l2", "variance"] as const) {
        assert.type(engine.reduceSync(x, op), "number");
      }
    }
  }));
