// The ring in one thread: every state that its operations can reach at
// capacities 2 and 4, against a model of eight lines, next to every wrap.

import { RING_SIZE, SLOT_SHIFT } from "../../src/core/map.js";
import { assert, seeded, test } from "../harness.js";
import { coreOn, makeRing, newMemory, RING } from "./core.js";

type Slot = "free" | "reserved" | "published" | "claimed";

/** What the ring should be: two tickets, and what each ticket not yet released is doing. */
interface Model {
  head: bigint;
  tail: bigint;
  /** Tickets from the oldest unreleased one on. */
  tickets: Map<bigint, Slot>;
}

const memory = newMemory();
const core = coreOn(memory);
const words = new Int32Array(memory.buffer);

function snapshot(bytes: number): Int32Array {
  return words.slice(RING >> 2, (RING + bytes) >> 2);
}

function key(model: Model): string {
  const states = [...model.tickets].map(([t, s]) => `${t - model.head}${s[0]}`);
  return `${model.tail - model.head} ${states.sort().join(" ")}`;
}

/** Explores every reachable state once; returns how many there are. */
function explore(capacityLog2: number, start: bigint): number {
  const capacity = 2 ** capacityLog2;
  const bytes = RING_SIZE + (capacity << SLOT_SHIFT);
  makeRing(core, RING, capacityLog2, start);
  const first: Model = { head: start, tail: start, tickets: new Map() };
  const seen = new Map([[key(first), true]]);
  const todo: [Model, Int32Array][] = [[first, snapshot(bytes)]];

  const visit = (from: Model, image: Int32Array, change: (m: Model) => void) => {
    const next: Model = { ...from, tickets: new Map(from.tickets) };
    words.set(image, RING >> 2);
    change(next);
    assert.is(core.ringSize(RING), next.tail - next.head, "size");
    assert.is(core.ringIsEmpty(RING) !== 0, next.tail === next.head, "strict empty");
    if (seen.has(key(next))) return;
    seen.set(key(next), true);
    todo.push([next, snapshot(bytes)]);
  };

  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    const [model, image] = at;
    const { head, tail, tickets } = model;
    const full = tail - head >= BigInt(capacity);
    // The slot of ticket `tail` is still with the consumer of the last lap: reserve looks again
    // until that consumer releases, so one thread alone must not ask.
    const waits = !full && tickets.has(tail - BigInt(capacity));
    if (!waits) {
      visit(model, image, (m) => {
        const t = core.ringReserve(0, RING);
        assert.is(t, full ? -1n : tail, "reserve: strict full");
        if (!full) {
          m.tickets.set(tail, "reserved");
          m.tail = tail + 1n;
        }
      });
    }
    for (let max = 1; !waits && max <= capacity + 1; max++) {
      visit(model, image, (m) => {
        let free = 0;
        const isFree = (t: bigint) =>
          t < head + BigInt(capacity) && !tickets.has(t - BigInt(capacity));
        while (free < max && isFree(tail + BigInt(free))) free++;
        assert.is(core.ringReserveMany(0, RING, max), free, "reserve: the longest free prefix");
        if (free > 0) assert.is(core.reservedTicket(), tail, "reserve: its first ticket");
        for (let i = 0; i < free; i++) m.tickets.set(tail + BigInt(i), "reserved");
        m.tail = tail + BigInt(free);
      });
    }
    for (const [t, state] of tickets) {
      if (state === "reserved") {
        visit(model, image, (m) => {
          core.ringPublish(RING, t);
          m.tickets.set(t, "published");
        });
      }
      if (state === "claimed") {
        visit(model, image, (m) => {
          core.ringRelease(RING, t);
          m.tickets.delete(t);
        });
      }
      for (let n = 0; tickets.get(t + BigInt(n)) === state; n++) {
        const all = Array.from({ length: n + 1 }, (_, i) => t + BigInt(i));
        if (state === "reserved") {
          visit(model, image, (m) => {
            core.ringPublishMany(RING, t, n + 1);
            for (const one of all) m.tickets.set(one, "published");
          });
        }
        if (state === "claimed") {
          visit(model, image, (m) => {
            core.ringReleaseMany(RING, t, n + 1);
            for (const one of all) m.tickets.delete(one);
          });
        }
      }
    }
    for (let max = 1; max <= capacity + 1; max++) {
      visit(model, image, (m) => {
        let ready = 0;
        while (ready < max && tickets.get(head + BigInt(ready)) === "published") ready++;
        assert.is(core.ringClaim(0, RING, max), ready, "claim: the longest published prefix");
        if (ready > 0) assert.is(core.claimedTicket(), head, "claim: its first ticket");
        for (let i = 0; i < ready; i++) m.tickets.set(head + BigInt(i), "claimed");
        m.head = head + BigInt(ready);
      });
    }
  }
  return seen.size;
}

const starts: [string, bigint][] = [
  ["0", 0n],
  ["2^31", 2n ** 31n],
  ["2^32", 2n ** 32n],
  ["2^53", 2n ** 53n],
  ["2^63", 2n ** 63n - 64n],
];

for (const [name, start] of starts) {
  for (const capacityLog2 of [1, 2]) {
    test(`capacity ${2 ** capacityLog2}: every state next to ticket ${name} is the model's`, () => {
      const counts = [0n, 1n, 3n].map((before) =>
        explore(capacityLog2, start < before ? 0n : start - before),
      );
      // The states are the same wherever the tickets start.
      assert.equal(new Set(counts).size, 1);
      assert.ok((counts[0] as number) > 2 ** capacityLog2);
    });
  }
}

test("records come out in the order they went in, over many laps", () => {
  makeRing(core, RING, 2, 2n ** 32n - 5n);
  let next = 0;
  let expected = 0;
  for (let lap = 0; lap < 1000; lap++) {
    const n = 1 + (lap % 4);
    for (let i = 0; i < n; i++) {
      const ticket = core.ringReserve(0, RING);
      words[core.ringPayload(RING, ticket) >> 2] = next++;
      core.ringPublish(RING, ticket);
    }
    for (let left = n; left > 0; ) {
      const got = core.ringClaim(0, RING, 3);
      const first = core.claimedTicket();
      for (let i = 0; i < got; i++) {
        assert.is(words[core.ringPayload(RING, first + BigInt(i)) >> 2], expected++);
        core.ringRelease(RING, first + BigInt(i));
      }
      left -= got;
    }
  }
  assert.is(expected, next);
});

test("records reserved, published, claimed and released by many come out in order", () => {
  for (const [, start] of starts) {
    const random = seeded();
    const capacityLog2 = random.pick([1, 3, 6]);
    makeRing(core, RING, capacityLog2, start < 50n ? start : start - 50n);
    const queue: number[] = [];
    // Less than what is left to 2^63.
    for (let next = 0; next < 60; ) {
      const most = 1 + random.int(40);
      const put = core.ringReserveMany(0, RING, most);
      assert.is(put, Math.min(most, 32, 2 ** capacityLog2 - queue.length));
      const first = core.reservedTicket();
      for (let i = 0n; i < put; i++) {
        words[core.ringPayload(RING, first + i) >> 2] = next;
        queue.push(next++);
      }
      core.ringPublishMany(RING, first, put);
      const wanted = 1 + random.int(40);
      const got = core.ringClaim(0, RING, wanted);
      assert.is(got, Math.min(wanted, 32, queue.length));
      const claimed = core.claimedTicket();
      for (let i = 0n; i < got; i++) {
        assert.is(words[core.ringPayload(RING, claimed + i) >> 2], queue.shift());
      }
      core.ringReleaseMany(RING, claimed, got);
    }
  }
});

test("a full ring says so and takes again once a slot is released", () => {
  makeRing(core, RING, 1, 7n);
  for (const t of [7n, 8n]) {
    assert.is(core.ringReserve(0, RING), t);
    core.ringPublish(RING, t);
  }
  assert.is(core.ringReserve(0, RING), -1n);
  assert.is(core.ringReserveMany(0, RING, 5), 0);
  assert.is(core.ringClaim(0, RING, 1), 1);
  core.ringRelease(RING, 7n);
  assert.is(core.ringReserve(0, RING), 9n);
  assert.is(core.ringSize(RING), 2n);
});
