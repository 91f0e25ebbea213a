// Programs on conditions, barriers and once, for sync.ts.

import { type Hands, SOON } from "./replayed-types.js";
import type { Primitives } from "./sync-impl.js";
import {
  type AnyProgram,
  add,
  clock,
  data,
  many,
  program,
  type SyncThread,
  sum,
  type Words,
} from "./sync-program.js";

// --- conditions ----------------------------------------------------------------------

interface Items {
  readonly mutex: Words;
  readonly cond: Words;
  readonly items: Words;
}

/** Waits for an item and takes it. */
const consumer = (i: number): SyncThread<Items> => ({
  name: `consumer ${i}`,
  body: (p, { mutex, cond, items }, hands) => {
    p.Mutex.lock(mutex, i + 1);
    hands.until(() => {
      if (hands.read(items, 0) > 0) return true;
      p.Condition.wait(cond, mutex, i + 1);
      return false;
    });
    add(hands, items, -1);
    p.Mutex.unlock(mutex, i + 1);
  },
});

/** Gives up in time; hands a wake-up that it got on, since it takes nothing. */
const passer = (i: number): SyncThread<Items> => ({
  name: `timed ${i}`,
  body: (p, { mutex, cond }) => {
    p.Mutex.lock(mutex, i + 1);
    const wasWoken = p.Condition.timedWait(cond, mutex, i + 1, SOON);
    if (wasWoken) p.Condition.signal(cond);
    p.Mutex.unlock(mutex, i + 1);
  },
});

type Telling = "inside" | "behind" | "broadcast";

/** For each of `tellings`, n items. */
const producer = (i: number, n: number, ...tellings: Telling[]): SyncThread<Items> => ({
  name: `producer ${i}`,
  body: (p, { mutex, cond, items }, hands) => {
    for (const telling of tellings) {
      p.Mutex.lock(mutex, i + 1);
      add(hands, items, n);
      if (telling === "inside") p.Condition.signal(cond);
      if (telling === "broadcast") p.Condition.broadcast(cond);
      p.Mutex.unlock(mutex, i + 1);
      if (telling === "behind") p.Condition.signal(cond);
    }
  },
});

function condition(
  name: string,
  threads: readonly SyncThread<Items>[],
  { quick = true }: { quick?: boolean } = {},
): AnyProgram {
  return program<Items>({
    name: `condition-${name}`,
    proves: "who waits is told: none sleeps beside an item",
    needs: ["Mutex", "Condition"],
    quick,
    setup: (p) => ({ mutex: p.Mutex.init(), cond: p.Condition.init(), items: data() }),
    threads,
    end: ({ items }, check) => check(items[0] === 0, "each item was taken once"),
  });
}

interface Buffer {
  readonly mutex: Words;
  readonly filled: Words;
  readonly emptied: Words;
  readonly slot: Words;
}

/** A buffer of one slot, with a condition for each direction. */
function handOver(items: number): AnyProgram {
  const each = (me: number, from: "filled" | "emptied", to: "filled" | "emptied") => ({
    name: from === "emptied" ? "producer" : "consumer",
    body: (p: Primitives, shared: Buffer, hands: Hands) => {
      const { mutex, slot } = shared;
      for (let n = 1; n <= items; n++) {
        p.Mutex.lock(mutex, me);
        hands.until(() => {
          if ((hands.read(slot, 0) === 0) === (from === "emptied")) return true;
          p.Condition.wait(shared[from], mutex, me);
          return false;
        });
        hands.call("slot", () => {
          if (from === "filled") hands.check(hands.read(slot, 0) === n, "items come in order");
          hands.write(slot, 0, from === "filled" ? 0 : n);
        });
        p.Condition.signal(shared[to]);
        p.Mutex.unlock(mutex, me);
      }
    },
  });
  return program<Buffer>({
    name: `condition-producer-consumer-${items}-items`,
    proves: "each item is handed over once, in order",
    needs: ["Mutex", "Condition"],
    setup: (p) => ({
      mutex: p.Mutex.init(),
      filled: p.Condition.init(),
      emptied: p.Condition.init(),
      slot: data(),
    }),
    threads: [each(1, "emptied", "filled"), each(2, "filled", "emptied")],
  });
}

export const CONDITIONS: readonly AnyProgram[] = [
  condition("signal-inside", [consumer(0), producer(1, 1, "inside")]),
  condition("signal-behind", [consumer(0), producer(1, 1, "behind")]),
  condition("broadcast", [consumer(0), consumer(1), producer(2, 2, "broadcast")]),
  condition("2-signals", [consumer(0), consumer(1), producer(2, 1, "behind", "behind")]),
  condition("2-signals-inside", [consumer(0), consumer(1), producer(2, 1, "inside", "behind")], {
    quick: false,
  }),
  condition("timed", [passer(0), producer(1, 0, "inside"), clock]),
  condition("timed-and-not", [passer(0), consumer(1), producer(2, 1, "behind")]),
  condition("timed-and-not-clock", [passer(0), consumer(1), producer(2, 1, "inside"), clock], {
    quick: false,
  }),
  handOver(3),
];

// --- barriers ------------------------------------------------------------------------

type BarrierObject = ReturnType<Primitives["Barrier"]["init"]>;
interface Round {
  readonly barrier: BarrierObject;
  /** By thread: the round that it is in. */
  readonly rounds: Words;
  /** By round and thread: 1 if it was the last. */
  readonly last: Words;
}

function barrier(
  count: number,
  rounds: number,
  { threads = count, quick = true }: { threads?: number; quick?: boolean } = {},
): AnyProgram {
  const arrives = (i: number): SyncThread<Round> => ({
    name: `thread ${i}`,
    body: (p, shared, hands) => {
      for (let round = 1; round <= rounds; round++) {
        // Read by others behind the barrier: one that leaves early races, and so does one that
        // comes round too early. Two words, by turns, so that nobody writes what is still read.
        const at = (round % 2) * threads;
        if (threads === count) hands.write(shared.rounds, at + i, round);
        const isLast = p.Barrier.wait(shared.barrier, i + 1);
        if (isLast) hands.write(shared.last, (round - 1) * threads + i, 1);
        if (threads !== count) continue;
        hands.call("look", () => {
          for (let j = 0; j < count; j++) {
            hands.check(hands.read(shared.rounds, at + j) === round, "all have arrived");
          }
        });
      }
    },
  });
  const crowd = threads === count ? "" : `-${threads}-threads`;
  return program<Round>({
    name: `barrier-of-${count}${crowd}${rounds === 1 ? "" : `-${rounds}-rounds`}`,
    proves: "none leaves before all have arrived, all leave, one of them as the last",
    needs: ["Barrier"],
    quick,
    setup: (p) => ({
      barrier: p.Barrier.init(count),
      rounds: data(2 * threads),
      last: data(rounds * threads),
    }),
    threads: many(threads, arrives),
    end: ({ last }, check) => {
      check(sum(last) === (rounds * threads) / count, "as many are last as there are rounds");
      for (let round = 0; round < rounds && threads === count; round++) {
        const ofRound = last.subarray(round * threads, (round + 1) * threads);
        check(sum(ofRound) === 1, "one of a round is last");
      }
    },
  });
}

export const BARRIERS: readonly AnyProgram[] = [
  barrier(2, 2),
  barrier(2, 3),
  barrier(3, 1),
  barrier(3, 2),
  barrier(2, 1, { threads: 4 }),
];

// --- once ----------------------------------------------------------------------------

interface Executed {
  readonly once: Words;
  /** What the function writes. */
  readonly data: Words;
  readonly tries: Words;
  readonly threw: Words;
}

const executes = (i: number): SyncThread<Executed> => ({
  name: `thread ${i}`,
  body: (p, { once, data }, hands) => {
    p.Once.execute(once, () => add(hands, data, 1));
    hands.check(hands.read(data, 0) === 1, "the function has run when execute returns");
    hands.check(p.Once.isExecuted(once), "isExecuted says so");
  },
});

class Refused extends Error {}

/** The first try throws. */
const triesTwice = (i: number): SyncThread<Executed> => ({
  name: `thread ${i}`,
  body: (p, { once, data, tries, threw }, hands) => {
    try {
      p.Once.execute(once, () => {
        const before = hands.read(tries, 0);
        hands.write(tries, 0, before + 1);
        if (before === 0) throw new Refused("the first try");
        add(hands, data, 1);
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      hands.write(threw, i, 1);
      return;
    }
    hands.check(hands.read(data, 0) === 1, "the function has run when execute returns");
  },
});

function once(name: string, n: number, make: (i: number) => SyncThread<Executed>): AnyProgram {
  const isTwice = make === triesTwice;
  return program<Executed>({
    name: `once-${name}`,
    proves: "the function runs once, and before anyone's call returns",
    needs: ["Once"],
    setup: (p) => ({ once: p.Once.init(), data: data(), tries: data(), threw: data(n) }),
    threads: many(n, make),
    end: ({ data, threw }, check) => {
      check(data[0] === 1, "the function has run once");
      check(sum(threw) === (isTwice ? 1 : 0), "one call threw what the function threw");
    },
  });
}

export const ONCES: readonly AnyProgram[] = [
  once("2-threads", 2, executes),
  once("3-threads", 3, executes),
  once("throws-2-threads", 2, triesTwice),
  once("throws-3-threads", 3, triesTwice),
];
