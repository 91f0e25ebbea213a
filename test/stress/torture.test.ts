// `torture`: the core passes, and each of its checks can fail.

import {
  ITEM_INDEX,
  LINK_RING,
  NOTE_COUNT,
  NOTE_LAST,
  NOTE_SIZE,
  NOTES,
} from "../../src/core/drill-map.js";
import { RING_SLOTS, SLOT_PAYLOAD } from "../../src/core/map.js";
import { Drill, type Outcome, type Task } from "../../src/stress/drill.js";
import { Random } from "../../src/stress/random.js";
import { judge, startOf, type Trace, torture } from "../../src/stress/torture.js";
import { assert, test } from "../harness.js";
import { drillModule, runScenario } from "./drill-run.js";

const PART = 500;
const CAPACITY = 64;
const watchOf = (drill: Drill) => ({
  signal: new AbortController().signal,
  limit: 10_000,
  progress: () => drill.progress(),
  sample: () => {},
});

/** One round of 2 producers and 2 consumers; `producers`: so many the consumers wait for. */
async function round(drill: Drill, producers = 2): Promise<{ trace: Trace; outcome: Outcome }> {
  const start = 2n ** 32n - 300n;
  const link = drill.link(1, CAPACITY, start)[0] as number;
  const map = drill.map(CAPACITY, 3 * PART);
  const at = link + LINK_RING;
  const tasks = [0, 1].flatMap((producer): Task[] => [
    { program: "produce", at, producer, items: PART, batch: 3, looks: 100 },
  ]);
  for (let c = 0; c < 2; c++) {
    tasks.push({ program: "consume", at, map, part: PART, producers, batch: 5, looks: 100 });
  }
  const outcome = await drill.run(tasks, 1, watchOf(drill));
  const puts = drill.results.slice(0, 2);
  return { trace: { link, start, map, part: PART, puts, consumers: 2 }, outcome };
}

/** A drill whose ring holds forged items; what a consumer says about them. */
function forge(items: readonly { producer: number; item: number; torn?: boolean }[]) {
  const drill = new Drill(drillModule);
  const { core, memory } = drill;
  const at = (drill.link(1, CAPACITY, 0n)[0] as number) + LINK_RING;
  const map = drill.map(CAPACITY, 2 * PART);
  new Int32Array(memory.buffer, NOTES + NOTE_SIZE + NOTE_LAST, 2).fill(-1);
  for (const { producer, item, torn } of items) {
    const t = core.reserve(0, at);
    core.fill(at, t, producer, item, 0n);
    // As if it were read while its producer still writes: the sum is of another item.
    if (torn) {
      const words = new Int32Array(memory.buffer);
      const slots = words[(at + RING_SLOTS) >> 2] as number;
      const word = (slots + SLOT_PAYLOAD + ITEM_INDEX) >> 2;
      words[word] = (words[word] as number) + 1;
    }
    core.publish(at, t);
  }
  core.consume(1, at, map, PART, 2, 32, -1);
  return drill.complaint(2)?.rule;
}

test("a round of the core breaks no rule, and each trace that is tampered with does", async () => {
  const drill = new Drill(drillModule);
  try {
    const { trace, outcome } = await round(drill);
    assert.is(outcome, "done");
    assert.equal(trace.puts, [PART, PART]);
    assert.is(judge(drill, trace), undefined);

    const bytes = new Uint8Array(drill.memory.buffer);
    const lost = trace.map + PART + 77;
    bytes[lost] = 0;
    assert.equal(judge(drill, trace), {
      rule: "every item exactly once",
      detail: "nobody took item 77 of the 500 of producer 1",
    });
    bytes[lost] = 1;

    const taken = drill.note(2, NOTE_COUNT);
    drill.setNote(2, NOTE_COUNT, taken + 1);
    assert.is(judge(drill, trace)?.detail, "1000 were put, 1001 taken");
    drill.setNote(2, NOTE_COUNT, taken);

    drill.core.publish(trace.link + LINK_RING, drill.core.reserve(9, trace.link + LINK_RING));
    assert.is(judge(drill, trace)?.rule, "nothing is left");
  } finally {
    await drill.close();
  }
});

test("consumers that wait for an item that never comes are ended, and it is said", async () => {
  const drill = new Drill(drillModule);
  try {
    const { outcome } = await round(drill, 3);
    assert.is(outcome, "stalled");
  } finally {
    await drill.close();
  }
});

test("a consumer sees what is twice, out of order, torn, or of an unknown producer", () => {
  assert.is(
    forge([
      { producer: 0, item: 0 },
      { producer: 1, item: 0 },
    ]),
    undefined,
  );
  const again = [
    { producer: 0, item: 3 },
    { producer: 0, item: 3 },
  ];
  assert.match(String(forge(again)), /in their order/);
  const backwards = [
    { producer: 1, item: 4 },
    { producer: 1, item: 3 },
  ];
  assert.match(String(forge(backwards)), /in their order/);
  assert.match(String(forge([{ producer: 0, item: 0, torn: true }])), /as it was put/);
  assert.match(String(forge([{ producer: 2, item: 0 }])), /as it was put/);
  assert.match(String(forge([{ producer: 0, item: PART }])), /as it was put/);
});

test("rounds begin so that they go over their wrap, and the last ends at 2^63 − 1", () => {
  const random = new Random(3);
  for (const wrap of [2n ** 31n, 2n ** 32n, 2n ** 53n]) {
    for (let i = 0; i < 100; i++) {
      const start = startOf(wrap, 2000, 1024, random);
      assert.ok(start < wrap && start + 2000n > wrap);
    }
  }
  assert.is(startOf(0n, 2000, 2, random), 0n);
  assert.is(startOf(2n ** 63n - 1n, 2000, 2, random) + 2000n, 2n ** 63n - 1n);
});

test("a short torture finds nothing wrong, and tells what it did", async () => {
  const { summary, violations, samples } = await runScenario(torture, { capacity: 4 });
  assert.equal(violations, []);
  assert.ok(summary.operations >= 500);
  assert.is(samples.at(-1)?.operations, summary.operations);
  const wraps = summary.tables[1]?.rows ?? [];
  assert.is(
    wraps.reduce((sum, row) => sum + Number(row[2]), 0),
    summary.operations,
  );
});

test("torture ends when it is aborted", async () => {
  const { violations } = await runScenario(torture, { duration: 600_000 }, (abort) => abort());
  assert.equal(violations, []);
});
