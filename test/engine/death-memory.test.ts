// An operator that fills the heap of its worker.

import { createEngine, RingfoldError } from "../../src/index.js";
import { assert, test } from "../harness.js";

const OPERATOR = new URL("../fixtures/operators/hoards.js", import.meta.url);
const HEAP = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };

test("out of memory ends the call, not the engine, after a second thread has tried", async () => {
  const engine = await createEngine({ threads: 2, resourceLimits: HEAP });
  const x = engine.alloc("float64", 1_000_000);
  x[700_000] = 1;
  const error = await engine.reduce(x, OPERATOR).then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, RingfoldError);
  const { code, message } = error as RingfoldError;
  assert.is(code, "ERR_WORKER_DIED");
  assert.match(message, /^2 worker threads ended .*give the process more memory/);
  // The element is in the blocks that are named.
  const from = Number(/\(element (\d+)\)/.exec(message)?.[1]);
  assert.ok(from <= 700_000, message);
  assert.is(await engine.reduce(x, "sum"), 1);
  x[700_000] = 2;
  assert.is(await engine.reduce(x, OPERATOR), 2);
  const { deaths, pending } = engine.stats();
  assert.equal([deaths, pending], [2, 0]);
  await engine.close();
});
