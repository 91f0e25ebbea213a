// The queues and the textbook's program that ours are measured against give every item once. Those
// of crossbeam and JCTools are not asked, since their libraries would have to be fetched.

import { assert, test } from "../harness.js";
import { Child, startNative } from "./native.js";
import { askTextbook } from "./pairwise.js";
import { askNode, askQueue } from "./queues.js";
import { NodeThreads } from "./queues-thread.js";
import { BATCH, RingThreads, SHAPES } from "./ring.js";

const BUILDING = { deadline: 300_000 };
/** Less than a batch, none that it divides, and several times what a queue holds. */
const COUNTS = [2, 100, 10_002];

async function started(name: "boost" | "textbook"): Promise<Child> {
  const child = await startNative(name);
  assert.instance(child, Child, String(child));
  return child as Child;
}

test("items through the ring come out once each, singly and in batches", async () => {
  const ring = await RingThreads.start();
  for (const shape of SHAPES) {
    for (const batch of [1, BATCH]) {
      // `rush` fails unless the count and the sum are right.
      for (const count of COUNTS) assert.ok(ring.rush(shape, batch, count) > 0);
    }
  }
  await ring.close();
});

test(
  "boost's queue gives every item once, and knows no batches",
  async () => {
    const child = await started("boost");
    for (const shape of SHAPES) {
      for (const count of COUNTS) {
        const [, taken, sum] = await child.ask("run", ...shape, 1, count);
        assert.is(Number(taken), count);
        assert.is(Number(sum), (count * (count - 1)) / 2);
        assert.ok((await askQueue(child, shape, 1, count)) > 0);
      }
    }
    const refused = await child.ask("run", 1, 1, BATCH, 100).catch((error: Error) => error.message);
    assert.match(String(refused), "error run 1 1 32 100?");
    await child.close();
  },
  BUILDING,
);

for (const queue of ["MessageChannel", "ringbuf.js"] as const) {
  test(`${queue} gives every item once, singly and in batches`, async () => {
    const threads = await NodeThreads.start();
    for (const batch of [1, BATCH]) {
      for (const items of COUNTS) {
        const { count, sum } = await threads.run(queue, batch, items);
        assert.equal([count, sum], [items, (items * (items - 1)) / 2]);
        assert.ok((await askNode(threads, queue, batch, items)) > 0);
      }
    }
    await threads.close();
  });
}

test(
  "the textbook's program in C++ adds up, for odd counts as well",
  async () => {
    const child = await started("textbook");
    for (const workers of [1, 2, 3]) {
      for (const count of [1, 2, 3, 7, 64, 1001]) {
        const [, sum] = await child.ask("sum", count, workers);
        assert.is(Number(sum), (count * (count - 1)) / 2, `${count} numbers, ${workers} workers`);
        assert.ok((await askTextbook(child, count, workers)) > 0);
      }
    }
    await child.close();
  },
  BUILDING,
);
