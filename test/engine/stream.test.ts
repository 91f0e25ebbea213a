// Streams whose user does not wait: what is asked for is done in its order.

import { createEngine, type Engine } from "../../src/index.js";
import { assert, seeded, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

test("writes that overlap add their arrays one behind the other", async () => {
  const random = seeded("overlapping");
  const whole = Float64Array.from({ length: 3_000_000 }, () => random.int(2 ** 31));
  const parts = [whole.subarray(0, 10 * 131_072)];
  for (let at = 10 * 131_072; at < whole.length; ) {
    // Whole buffers, too: between those a write lets others have a turn.
    const length = random.int(2) === 0 ? 131_072 * (1 + random.int(6)) : 1 + random.int(400_000);
    const end = Math.min(whole.length, at + length);
    parts.push(whole.subarray(at, end));
    at = end;
  }
  let most = 0;
  let least = 0;
  for (let i = 0; i < whole.length; i++) {
    if ((whole[i] as number) > (whole[most] as number)) most = i;
    if ((whole[i] as number) < (whole[least] as number)) least = i;
  }
  for (let round = 0; round < 3; round++) {
    const stream = await engine.stream("float64", ["argmax", "argmin", "count"]);
    for (const part of parts) void stream.write(part);
    // Nor does the end come before them.
    const { argmax, argmin, count } = await stream.end();
    assert.equal({ argmax, argmin, count }, { argmax: most, argmin: least, count: whole.length });
  }
  // An operator that depends on the order of the elements.
  const first = new URL("../fixtures/operators/first.js", import.meta.url);
  const last = new URL("../fixtures/operators/last.js", import.meta.url);
  for (const [url, want] of [
    [first, whole[0]],
    [last, whole.at(-1)],
  ] as const) {
    const stream = await engine.stream("float64", url);
    for (const part of parts) void stream.write(part);
    assert.is(await stream.end(), want);
  }
});

test("reserved room is no more to be had once something was written", async () => {
  const stream = await engine.stream("float64", "sum");
  const writing = stream.write(new Float64Array(200_000).fill(1));
  const room = await stream.reserve();
  await writing;
  for (let i = 0; i < 10; i++) room[i] = 2;
  stream.commit(10);
  const stale = await stream.reserve();
  void stream.write(Float64Array.of(5));
  const next = stream.reserve();
  stale[0] = 1000;
  const fresh = await next;
  fresh[0] = 7;
  stream.commit(1);
  const unused = await stream.reserve();
  await stream.write(Float64Array.of(1));
  assert.code(() => stream.commit(1), "ERR_OPTION");
  assert.ok(unused.length > 0);
  assert.is(await stream.end(), 200_000 + 20 + 5 + 7 + 1);
});

test("what comes after the end is refused, and the end keeps its value", async () => {
  const stream = await engine.stream("float64", "sum");
  void stream.write(new Float64Array(500_000).fill(1));
  const end = stream.end();
  const late = stream.write(new Float64Array(500_000).fill(1));
  const again = stream.end();
  assert.is(await end, 500_000);
  await assert.rejects(late, "ERR_CLOSED");
  await assert.rejects(again, "ERR_CLOSED");
  await assert.rejects(stream.reserve(), "ERR_CLOSED");
});

test("a write that fails ends the stream: what is behind it and the end tell so", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", onUnhandled);
  const { usedBytes } = engine.stats();
  try {
    const stream = await engine.stream("float64", "sum");
    void stream.write(new Float64Array(300_000));
    void stream.write(new Int32Array(3));
    void stream.write(new Float64Array(300_000));
    await assert.rejects(stream.end(), "ERR_DTYPE");
    for (const odd of [null, undefined, 3, [1]]) {
      const other = await engine.stream("float64", "sum");
      await assert.rejects(other.write(odd as unknown as Float64Array), "ERR_DTYPE");
    }
    const aborted = await engine.stream("float64", "sum");
    const reason = new Error("no more");
    void aborted.write(new Float64Array(900_000));
    void aborted.write(new Float64Array(900_000));
    aborted.abort(reason);
    assert.is(await aborted.end().catch((e: unknown) => e), reason);
    const moved = new Float64Array(400_000);
    const stream2 = await engine.stream("float64", "sum");
    void stream2.write(new Float64Array(400_000));
    void stream2.write(moved);
    structuredClone(moved.buffer, { transfer: [moved.buffer] });
    await assert.rejects(stream2.end(), "ERR_INPUT_CHANGED");
    while (engine.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.is(engine.stats().usedBytes, usedBytes);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(unhandled, []);
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
});
