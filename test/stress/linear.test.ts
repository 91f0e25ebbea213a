// The ring's model and the scenario: forged histories of each defect that a ring may have, the
// real ring, and rings with a defect compiled in.

import { readFileSync } from "node:fs";
import { counterexample, judge, linear } from "../../src/stress/linear.js";
import type { RingOperation } from "../../src/stress/linear-model.js";
import type { Timed } from "../../src/stress/linearizability.js";
import { Random } from "../../src/stress/random.js";
import type { Settings, Summary, Violation } from "../../src/stress/scenario.js";
import { assert, seeded, test } from "../harness.js";
import { withDefect } from "./defects.js";
import { NOTHING_CHOSEN } from "./settings.js";

const record = new WebAssembly.Module(
  readFileSync(new URL("../../src/stress/record.wasm", import.meta.url)),
);

type Options = Partial<Omit<Settings, "modules">> & { module?: WebAssembly.Module };

async function run({ module = record, ...options }: Options, signal?: AbortSignal) {
  const seed = seeded("linear").u32();
  const violations: Violation[] = [];
  let samples = 0;
  const modules = { core: module, checked: module, drill: module, record: module };
  const summary: Summary = await linear.run({
    settings: { seed, duration: 300, ...NOTHING_CHOSEN, ...options, modules },
    random: new Random(seed),
    signal: signal ?? new AbortController().signal,
    sample: () => samples++,
    event: () => {},
    took: () => {},
    violation: (violation) => violations.push(violation),
  });
  return { summary, violations, samples };
}

/** Operations one after the other; `beside` gives the next one's call an earlier time. */
function sequence(...operations: (RingOperation | [RingOperation, number, number?])[]) {
  return operations.map((o, i): Timed<RingOperation> => {
    const [operation, call, returned] = Array.isArray(o) ? o : [o, 10 * i, 10 * i + 5];
    return { operation, call, returned, thread: i % 3 };
  });
}

const reserve = (first: number | "full", n = 1, most = n): RingOperation =>
  first === "full"
    ? { kind: "reserve", most, first: 0, n: 0 }
    : { kind: "reserve", most, first, n };
const publish = (first: number, n = 1): RingOperation => ({
  kind: "publish",
  first,
  values: Array.from({ length: n }, (_, i) => 100 + first + i),
});
const claim = (most: number, first: number, n: number, wrong?: number): RingOperation => ({
  kind: "claim",
  most,
  first,
  values: Array.from({ length: n }, (_, i) => wrong ?? 100 + first + i),
});
const release = (first: number, n = 1): RingOperation => ({ kind: "release", first, n });
const size = (result: number): RingOperation => ({ kind: "size", result });
const isEmpty = (result: boolean): RingOperation => ({ kind: "isEmpty", result });
const isReady = (result: boolean): RingOperation => ({ kind: "isReady", result });
/** Tickets 0 and 1, pushed: a ring of 2 is full. */
const two = [reserve(0), publish(0), reserve(1), publish(1)];

const histories: [string, boolean, ReturnType<typeof sequence>][] = [
  ["full with two of two", true, sequence(...two, reserve("full"))],
  ["full with one of two", false, sequence(reserve(0), publish(0), reserve("full"))],
  ["full with reserved tickets", true, sequence(reserve(0), reserve(1), reserve("full"))],
  ["full after a claim", false, sequence(...two, claim(1, 0, 1), reserve("full"))],
  ["a slot before its release", false, sequence(...two, claim(1, 0, 1), reserve(2))],
  ["a slot after its release", true, sequence(...two, claim(1, 0, 1), release(0), reserve(2))],
  [
    "a reserve that waits for a release",
    true,
    [
      ...sequence(...two, claim(1, 0, 1)),
      { operation: reserve(2), call: 50, returned: 70, thread: 0 },
      { operation: release(0), call: 60, returned: 65, thread: 1 },
    ],
  ],
  ["two at once", true, sequence(reserve(0, 2), publish(0, 2), claim(2, 0, 2), release(0, 2))],
  ["three at once", false, sequence(reserve(0, 3))],
  ["as many as are free", true, sequence(reserve(0), reserve(1, 1, 3), reserve("full", 0, 3))],
  ["fewer than are free", false, sequence(reserve(0, 1, 2))],
  [
    "fewer than are free where another releases meanwhile",
    true,
    [
      ...sequence(...two, claim(2, 0, 2), release(0)),
      { operation: reserve(2, 1, 2), call: 60, returned: 80, thread: 0 },
      { operation: release(1), call: 65, returned: 70, thread: 1 },
    ],
  ],
  [
    "one of two that are published at once",
    false,
    sequence(reserve(0, 2), [publish(0, 2), 10, 90], [claim(2, 0, 1), 20, 30]),
  ],
  [
    "a publication of two of which one is published",
    false,
    sequence(reserve(0, 2), publish(1), publish(0, 2)),
  ],
  [
    "a release of two of which one is claimed",
    false,
    sequence(...two, claim(1, 0, 1), release(0, 2)),
  ],
  ["many that never returned may hold two", true, sequence([reserve(0, 2), 0], size(2))],
  ["one ticket for two producers", false, sequence(reserve(0), reserve(0))],
  ["one ticket for two consumers", false, sequence(...two, claim(1, 0, 1), claim(1, 0, 1))],
  ["claim of an unpublished ticket", false, sequence(reserve(0), claim(1, 0, 1))],
  [
    "nothing ready behind a slow producer",
    true,
    sequence(reserve(0), reserve(1), publish(1), claim(2, 0, 0), isEmpty(false), isReady(false)),
  ],
  ["nothing ready although published", false, sequence(...two, claim(2, 0, 0))],
  ["a claim that stops short", false, sequence(...two, claim(2, 0, 1))],
  [
    "one that stops where another publishes meanwhile",
    true,
    [
      ...sequence(reserve(0), publish(0), reserve(1)),
      { operation: claim(2, 0, 1), call: 40, returned: 60, thread: 0 },
      { operation: publish(1), call: 45, returned: 50, thread: 1 },
      { operation: size(2), call: 51, returned: 52, thread: 1 },
    ],
  ],
  ["tickets out of order", false, sequence(...two, claim(1, 1, 1))],
  ["a value that was not published", false, sequence(...two, claim(1, 0, 1, 7))],
  ["a payload that was torn", false, sequence(...two, claim(1, 0, 1, -1))],
  ["a release of what nobody claimed", false, sequence(...two, release(0))],
  ["a publication of what nobody reserved", false, sequence(publish(0))],
  ["empty with a reserved ticket", false, sequence(reserve(0), isEmpty(true))],
  ["empty after the last claim", true, sequence(...two, claim(2, 0, 2), isEmpty(true))],
  ["not empty although it is", false, sequence(isEmpty(false))],
  ["ready although nothing is published", false, sequence(reserve(0), isReady(true))],
  ["sizes", true, sequence(size(0), ...two, size(2), claim(1, 0, 1), size(1))],
  ["a size too small", false, sequence(...two, size(1))],
  ["a size too large", false, sequence(...two, size(3))],
  [
    "a size over a push and a pop: above what it ever was",
    true,
    [
      { operation: size(2), call: -1, returned: 99, thread: 5 },
      ...sequence(reserve(0), publish(0), claim(1, 0, 1), release(0), reserve(1)),
    ],
  ],
  [
    "a claim that never returned may hold the ticket",
    true,
    sequence(...two, [{ kind: "claim", most: 2, first: 0, values: [] }, 40], isEmpty(true)),
  ],
  ["a reserve that never returned may hold one", true, sequence([reserve(0), 0], isEmpty(false))],
  ["but not two", false, sequence([reserve(0), 0], size(2))],
];

for (const [name, right, history] of histories) {
  test(`a ring of 2 ${right ? "may" : "must not"} say: ${name}`, () => {
    assert.is(judge(2, history), right ? "linearizable" : "violation");
    if (!right) assert.match(counterexample(2, history, 1), /cannot be put in an order/);
  });
}

test("a counter-example shows the operations in question and leaves out the rest", () => {
  const before = sequence(...two, claim(2, 0, 2), release(0), release(1), size(0), isEmpty(true));
  const at = 10 * before.length;
  const last = { operation: claim(1, 0, 1), call: at, returned: at + 5, thread: 2 };
  const after = { operation: reserve(2), call: at + 10, returned: at + 15, thread: 0 };
  const text = counterexample(2, [...before, last, after], 1);
  assert.match(text, /^8 operations on a ring of 2 cannot be put in an order/);
  assert.match(text, /head 2, tail 2, published none, claimed and not released none/);
  assert.match(text, /the next ticket to claim is 2/);
  assert.not.match(text, /size|isEmpty|reserve → 2/);
  assert.match(text, /#8 +consumer 1 +90 +95 +claim 1 → 1 from 0: 64 +cannot/);
  assert.match(text, /consumer 1 .*\|8-\|$/m);
});

test("the ring's histories are linearizable, threads killed in their midst included", async () => {
  const { summary, violations, samples } = await run({ duration: 1000 });
  assert.equal(violations, []);
  assert.ok(summary.operations > 1000, `${summary.operations}`);
  assert.is(summary.figures["histories undecided"], 0);
  assert.ok((summary.figures["batches cut by a death"] as number) >= 1);
  assert.ok(samples >= 2);
  const rows = summary.tables[0]?.rows ?? [];
  const count = rows.reduce((sum, row) => sum + (row[1] as number), 0);
  assert.is(count, summary.figures["histories checked"]);
  assert.ok(rows.some((row) => (row[3] as number) > 0 && (row[4] as number) > 0));
});

test("it honours producers, consumers, capacity and threads, and refuses what it cannot record", async () => {
  const keys = async (options: Options) =>
    (await run({ duration: 30, ...options })).summary.tables[0]?.rows.map((row) => row[0]);
  assert.equal(await keys({ producers: 1, consumers: 3, capacity: 16 }), ["1 + 3, 16"]);
  assert.equal(await keys({ threads: 3, capacity: 2 }), ["1 + 2, 2"]);
  for (const options of [{ capacity: 3 }, { capacity: 64 }, { producers: 9 }, { threads: 9 }]) {
    await assert.rejects(() => run(options), "ERR_OPTION");
  }
});

test("an aborted run ends soon and tells what ran", async () => {
  const aborter = new AbortController();
  const begun = performance.now();
  setTimeout(() => aborter.abort(), 200);
  const { summary, violations } = await run({ duration: 600_000 }, aborter.signal);
  assert.ok(performance.now() - begun < 20_000);
  assert.equal(violations, []);
  assert.ok(summary.operations > 0);
});

type Defect = Parameters<typeof withDefect>[0];

const defects: [string, Defect][] = [
  ["publishes before it has filled", { switches: ["EARLY_PUBLISH"] }],
  ["claims by load and store", { switches: ["PLAIN_CLAIM"] }],
  ["releases before it has read", { switches: ["EARLY_RELEASE"] }],
  ["compares seq with <", { switches: ["LESS_THAN"] }],
  ["says full without looking at the head", { switches: ["BLIND_FULL"] }],
  ["has tickets of 32 bits", { switches: ["NARROW_TICKET"] }],
  [
    "reserves many where one is free",
    {
      file: "ring.ts",
      change: ["countAt(ring, t, most, 0)", "most"],
    },
  ],
];

for (const [name, defect] of defects) {
  test(`a ring that ${name} is caught, and the report shows where`, async () => {
    const { violations } = await run({
      module: await withDefect(defect, "record.ts"),
      duration: 40_000,
    });
    assert.is(violations.length, 1);
    assert.match(violations[0]?.detail as string, /cannot|in the midst of one/);
  });
}

test("a ring whose reserve never ends is given up after two seconds, and its threads end", async () => {
  const module = await withDefect(
    { file: "ring.ts", change: ["      return -1;\n", ""] },
    "record.ts",
  );
  const { violations } = await run({ module, producers: 2, consumers: 1, duration: 40_000 });
  assert.is(violations[0]?.rule, "operations on a ring come to an end");
  assert.match(violations[0]?.detail as string, /producer \d: reserve/);
});
