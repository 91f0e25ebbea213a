// Programs on rings, and on rings with gates, of src/core/programs/ring.ts and gate.ts.

import { mortal, type Numbers, type Proof, thread } from "./proof.js";

// --- rings ---------------------------------------------------------------------------

interface RingShape {
  /** Of each producer, tickets; of each consumer, claims. */
  readonly pushes: Numbers;
  readonly pops: Numbers;
  readonly most?: number;
  /** Both sides work by batches of `most`, published and released at one instant. */
  readonly many?: boolean;
  readonly capacity: number;
  /** The first ticket. */
  readonly start?: bigint;
  readonly quick?: boolean;
}

function ring(of: RingShape): Proof {
  const { pushes, pops, most = 1, many = false, capacity, start = 0n, quick = true } = of;
  const shape = `${pushes.length}p${pops.length}c`;
  const at = start === 0n ? "" : `-at-${start}`;
  const batch = most === 1 ? "" : `-${many ? "many" : "batch"}-${most}`;
  return {
    name: `ring-${shape}-${pushes.join("")}-${pops.join("")}-capacity-${capacity}${batch}${at}`,
    proves: "all operations are linearizable, no payload races, nobody waits for ever",
    quick,
    threads: [
      ...pushes.map((n, i) => thread(`producer ${i}`, many ? "pushMany" : "push", i, n, most)),
      ...pops.map((n, i) =>
        thread(`consumer ${i}`, many ? "popMany" : "pop", pushes.length + i, n, most),
      ),
    ],
    init: ["ringInit", Math.log2(capacity), start],
    capacity,
  };
}

const WRAPS = [2n ** 31n - 2n, 2n ** 32n - 2n, 2n ** 53n - 2n, 2n ** 63n - 6n];

export const RINGS: readonly Proof[] = [
  ring({ pushes: [5], pops: [5], capacity: 2 }),
  ring({ pushes: [6], pops: [5], capacity: 4, most: 4 }),
  ring({ pushes: [3], pops: [4], capacity: 2, most: 2 }),
  ...WRAPS.map((start) => ring({ pushes: [4], pops: [4], capacity: 2, most: 2, start })),
  ring({ pushes: [2, 2], pops: [3], capacity: 2, most: 2 }),
  ring({ pushes: [2, 1], pops: [3], capacity: 4, most: 4 }),
  ring({ pushes: [3], pops: [2, 2], capacity: 2, most: 2 }),
  ring({ pushes: [3], pops: [2, 1], capacity: 4, most: 4 }),
  ring({ pushes: [1, 1], pops: [1, 1], capacity: 2, most: 2 }),
  ring({ pushes: [2], pops: [3], capacity: 2, most: 2, many: true }),
  ring({ pushes: [3], pops: [2], capacity: 4, most: 3, many: true }),
  ring({ pushes: [2, 1], pops: [2], capacity: 2, most: 2, many: true }),
  ring({ pushes: [2], pops: [2, 1], capacity: 2, most: 2, many: true }),
  ring({ pushes: [2, 1], pops: [2, 1], capacity: 2, most: 2, many: true, quick: false }),
  ...WRAPS.map((start) => ring({ pushes: [1, 1], pops: [1, 1], capacity: 2, start })),
  ring({ pushes: [2, 2], pops: [2, 2], capacity: 2, most: 2, quick: false }),
  ring({ pushes: [2, 2], pops: [2, 1], capacity: 4, most: 4, quick: false }),
];

// --- gates ---------------------------------------------------------------------------

interface GateShape {
  /** Of each waiter, items. */
  readonly takes: Numbers;
  readonly gives: number;
  readonly bursts?: boolean;
  readonly quick?: boolean;
}

function gate({ takes, gives, bursts = false, quick = true }: GateShape): Proof {
  return {
    name: `gate-${takes.length}-waiters-${takes.join("")}${bursts ? "-burst" : ""}`,
    proves: "no wake-up is lost: who waits for an item that is there is woken",
    quick,
    threads: [
      ...takes.map((n, i) => thread(`waiter ${i}`, "takeAll", i, n, 0)),
      thread("publisher", "giveAll", takes.length, gives, bursts ? 1 : 0),
    ],
    init: ["gateInit", 2],
    end: ["gateEnd", 0, 0, 0],
  };
}

export const GATES: readonly Proof[] = [
  gate({ takes: [2], gives: 2 }),
  gate({ takes: [1, 1], gives: 2 }),
  gate({ takes: [1, 1], gives: 2, bursts: true }),
  gate({ takes: [2, 1], gives: 3 }),
  gate({ takes: [1, 1, 1], gives: 3, bursts: true, quick: false }),
  {
    name: "gate-close",
    proves: "closing wakes all who wait",
    quick: true,
    threads: [
      thread("waiter 0", "takeAll", 0, 2, 0),
      thread("waiter 1", "takeAll", 1, 2, 0),
      thread("publisher", "giveThenClose", 2, 1, 0),
    ],
    init: ["gateInit", 2],
    end: ["gateEnd", 0, 0, 0],
  },
  {
    name: "gate-death",
    proves: "who dies with a wake-up in hand keeps it from nobody",
    quick: true,
    threads: [
      mortal(thread("waiter 0", "takeAll", 0, 1, 0)),
      thread("waiter 1", "takeAll", 1, 1, 0),
      thread("publisher", "giveAll", 2, 2, 1),
      thread("owner", "gateMourner", 0, 0, 0),
    ],
    deaths: 1,
    init: ["gateInit", 2],
    end: ["gateEnd", 0, 0, 0],
  },
];
