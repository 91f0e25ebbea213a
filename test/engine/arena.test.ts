// The allocator against a model: blocks never overlap, keep their contents,
// and what is freed can be had again.

import fc from "fast-check";
import { createEngine } from "../../src/index.js";
import { assert, fcOptions, test } from "../harness.js";

test("arrays never overlap, keep their contents while the memory grows, and come back", async () => {
  const engine = await createEngine({ threads: 1, maxBytes: 512 * 1024 * 1024 });
  const start = engine.stats().usedBytes;
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ alloc: fc.integer({ min: 0, max: 300_000 }) }) },
          { weight: 2, arbitrary: fc.record({ free: fc.nat() }) },
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const live: { view: Float64Array; mark: number }[] = [];
        let mark = 1;
        for (const step of steps) {
          if ("alloc" in step) {
            const view = engine.alloc("float64", step.alloc);
            assert.is(view.byteOffset % 128, 0);
            assert.ok(view.every((v) => v === 0));
            view.fill(mark);
            live.push({ view, mark: mark++ });
          } else if (live.length > 0) {
            const [gone] = live.splice(step.free % live.length, 1);
            assert.ok(
              gone?.view.every((v) => v === gone.mark),
              "nobody wrote into it",
            );
            engine.free(gone?.view as Float64Array);
          }
        }
        for (const { view, mark: m } of live) {
          assert.ok(
            view.every((v) => v === m),
            "nobody wrote into it",
          );
          assert.is(engine.reduceSync(view, "sum"), view.length === 0 ? -0 : m * view.length);
          engine.free(view);
        }
        assert.is(engine.stats().usedBytes, start, "all of it came back");
      },
    ),
    fcOptions(60),
  );
  // Freed neighbours join: one block as large as all of them fits without growing.
  const { memoryBytes } = engine.stats();
  const parts = Array.from({ length: 10 }, () => engine.alloc("float64", 100_000));
  for (const i of [1, 3, 5, 7, 9, 0, 2, 4, 6, 8]) engine.free(parts[i] as Float64Array);
  const whole = engine.alloc("float64", 1_000_000);
  assert.ok(engine.stats().memoryBytes <= Math.max(memoryBytes, 32 * 1024 * 1024));
  engine.free(whole);
  await engine.close();
});

test("an array that ends where the memory ends is reduced to its last element", async () => {
  const engine = await createEngine({ threads: 2 });
  // All there is, in ever smaller arrays: the last ends at the last byte that is given out.
  let last: Uint8Array | undefined;
  for (let size = 2 ** 31; size >= 128; ) {
    try {
      last = engine.alloc("uint8", size) as Uint8Array;
    } catch {
      size /= 2;
    }
  }
  const x = last as Uint8Array;
  assert.ok(x.byteOffset + x.length > 2 ** 32 - 2 ** 17);
  x.fill(7);
  for (const view of [x, x.subarray(x.length - 3)]) {
    const all = engine.reduceSync(view, ["sum", "min", "max", "argmax", "countNonZero"]);
    assert.equal(all, {
      sum: 7 * view.length,
      min: 7,
      max: 7,
      argmax: 0,
      countNonZero: view.length,
    });
  }
  await engine.close();
});

test("views handed out before the memory grew still hold their elements", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = engine.alloc("float64", 1_000_000).fill(1);
  const y = engine.alloc("float64", 40_000_000);
  y.fill(2);
  assert.is(x.buffer === y.buffer, false);
  assert.is(await engine.reduce(x, "sum"), 1_000_000);
  assert.is(await engine.reduce(y, "sum"), 80_000_000);
  assert.is(engine.reduceSync(x, "sum"), 1_000_000);
  engine.free(x);
  engine.free(y);
  await engine.close();
});
