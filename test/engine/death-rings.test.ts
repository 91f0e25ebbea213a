// What threads were about to do to a ring outlives the ring. Its memory becomes an array, or another
// ring: a later recovery must take neither for what it was.

import {
  FAULT_TRAP,
  INTENT_RESERVE,
  LINE_INTENT,
  LINE_RESULTS,
  POINT_RESERVED,
} from "../../src/core/map.js";
import { attachEngine, createEngine, type Engine } from "../../src/index.js";
import { MODULES } from "../../src/stress/index.js";
import { assert, test } from "../harness.js";
import { settled, until, Words } from "./death-support.js";

/** A job of one task, so that one worker runs it. */
async function oneTask(engine: Engine): Promise<void> {
  const stream = await engine.stream("float64", "sum");
  await stream.write(new Float64Array(1000).fill(3));
  assert.is(await stream.end(), 3000);
}

async function attach(engine: Engine): Promise<{ other: Engine; results: number }> {
  const words = new Words(engine);
  const before = words.submitters();
  const other = attachEngine(engine.handle());
  const [me] = words.submitters().filter((one) => !before.includes(one));
  return { other, results: words.line(me as number, LINE_RESULTS) };
}

test("a worker that dies idle, its last answer to a thread that left, harms no array", async () => {
  const engine = await createEngine({ threads: 2 });
  const x = new Float64Array(100_000).fill(1);
  for (const fill of [0x7f7f7f7f, 0x11111111, 0x05050505, -0x7f7f7f80]) {
    const { other } = await attach(engine);
    for (let i = 0; i < 6; i++) await oneTask(other);
    await other.close();
    // Whatever the ring's memory becomes, an address or a number of slots is nothing to find there.
    const arrays = Array.from({ length: 12 }, (_, i) =>
      engine.alloc("int32", 25_000 + i * 7500).fill(fill),
    );
    const { deaths } = engine.stats();
    await Promise.all([engine.terminate(0), engine.terminate(1)]);
    await until(() => engine.stats().deaths === deaths + 2, "both deaths are noticed");
    await until(() => engine.stats().absent === 0, "replacements join");
    for (const array of arrays) {
      assert.ok(array.every((word) => word === fill));
      engine.free(array);
    }
    assert.is(await engine.reduce(x, "sum"), 100_000);
  }
  await engine.close();
});

test("what an idle worker once did to a ring says nothing of another at its place", async () => {
  const engine = await createEngine({ threads: 2, core: MODULES.checked });
  await engine.ready();
  const words = new Words(engine);
  /** What the worker reserved last: the ring's address; 0 if that was no reservation. */
  const reserved = (me: number): number => {
    const upper = words.line(me, LINE_INTENT + 4);
    return ((upper >>> 5) & 3) === INTENT_RESERVE ? upper & ~127 : 0;
  };
  for (let struck = 0; struck < 3; ) {
    const first = await attach(engine);
    await oneTask(first.other);
    const idle = [0, 1].find((me) => reserved(me) === first.results) as number;
    assert.is.not(idle, undefined);
    await first.other.close();
    // The next thread's ring lies where the last one's did, and begins with the same ticket.
    const second = await attach(engine);
    assert.is(second.results, first.results);
    words.arm(1 - idle, POINT_RESERVED, FAULT_TRAP);
    await settled(oneTask(second.other), "a job whose worker died as it answered");
    if (words.hit(1 - idle) !== 0) struck++;
    words.disarm(1 - idle);
    await until(() => engine.stats().absent === 0, "a replacement joins");
    await second.other.close();
  }
  await engine.close();
});
