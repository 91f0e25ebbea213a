// Programs in which some threads wait without blocking, for sync.ts: each of them does one thing
// after the other, as in one asynchronous function, beside threads that block.

import {
  type AnyProgram,
  add,
  data,
  many,
  program,
  type SyncThread,
  type Words,
} from "./sync-program.js";

/** By thread: it blocks, or it does not. */
type Kinds = readonly ("blocks" | "async")[];

const nameOf = (kinds: Kinds) => {
  const n = kinds.filter((kind) => kind === "async").length;
  return n === kinds.length ? `${n}` : `${n}-beside-${kinds.length - n}`;
};
const threads = <S>(kinds: Kinds, make: (isAsync: boolean, i: number) => SyncThread<S>["body"]) =>
  kinds.map((kind, i) => ({ name: `${kind} ${i}`, body: make(kind === "async", i) }));

function mutex(kinds: Kinds, rounds = 1): AnyProgram {
  return program<{ lock: Words; data: Words }>({
    name: `mutex-async-${nameOf(kinds)}${rounds === 1 ? "" : `-${rounds}-rounds`}`,
    quick: kinds.length < 3 || kinds.includes("blocks"),
    proves: "one holds it at a time, and nobody who waits for it is forgotten",
    needs: ["Mutex"],
    isAsync: true,
    setup: (p) => ({ lock: p.Mutex.init(), data: data() }),
    threads: threads(kinds, (isAsync, i) => (p, shared, hands) => {
      for (let round = 0; round < rounds; round++) {
        if (isAsync) p.Mutex.lockAsync(shared.lock, i + 1);
        else p.Mutex.lock(shared.lock, i + 1);
        add(hands, shared.data, 1);
        p.Mutex.unlock(shared.lock, i + 1);
      }
    }),
    end: (shared, check) => check(shared.data[0] === rounds * kinds.length, "each has added 1"),
  });
}

function semaphore(kinds: Kinds, posts: number): AnyProgram {
  return program<{ sem: Words }>({
    name: `semaphore-async-${nameOf(kinds)}-${posts}-posts`,
    proves: "each permit is taken once, and nobody sleeps beside one",
    needs: ["Semaphore"],
    isAsync: true,
    setup: (p) => ({ sem: p.Semaphore.init(0) }),
    threads: [
      ...threads<{ sem: Words }>(kinds, (isAsync) => (p, { sem }) => {
        if (isAsync) p.Semaphore.waitAsync(sem);
        else p.Semaphore.wait(sem);
      }),
      {
        name: "poster",
        body: (p, { sem }) => {
          for (let n = 0; n < posts; n++) p.Semaphore.post(sem);
        },
      },
    ],
    end: ({ sem }, check, p) => {
      check(p.Semaphore.getValue(sem) === posts - kinds.length, "permits add up");
    },
  });
}

interface Items {
  readonly mutex: Words;
  readonly cond: Words;
  readonly items: Words;
}

/** `early`: signals that come before there is anything to be told. */
function condition(kinds: Kinds, telling: "signal" | "broadcast", early = 0): AnyProgram {
  const n = kinds.length;
  return program<Items>({
    name: `condition-async-${nameOf(kinds)}-${telling}${early > 0 ? `-${early}-early` : ""}`,
    proves: "who waits is told: none sleeps beside an item",
    needs: ["Mutex", "Condition"],
    isAsync: true,
    quick: n === 1,
    setup: (p) => ({ mutex: p.Mutex.init(), cond: p.Condition.init(), items: data() }),
    threads: [
      ...threads<Items>(kinds, (isAsync, i) => (p, { mutex, cond, items }, hands) => {
        if (isAsync) p.Mutex.lockAsync(mutex, i + 1);
        else p.Mutex.lock(mutex, i + 1);
        hands.until(() => {
          if (hands.read(items, 0) > 0) return true;
          if (isAsync) p.Condition.waitAsync(cond, mutex, i + 1);
          else p.Condition.wait(cond, mutex, i + 1);
          return false;
        });
        add(hands, items, -1);
        p.Mutex.unlock(mutex, i + 1);
      }),
      {
        name: "producer",
        body: (p, { mutex, cond, items }, hands) => {
          for (let time = 0; time < early; time++) p.Condition.signal(cond);
          const times = telling === "signal" ? n : 1;
          for (let time = 0; time < times; time++) {
            p.Mutex.lock(mutex, 99);
            add(hands, items, n / times);
            p.Mutex.unlock(mutex, 99);
            p.Condition[telling](cond);
          }
        },
      },
    ],
    end: ({ items }, check) => check(items[0] === 0, "each item was taken once"),
  });
}

type BarrierObject = ReturnType<typeof import("../sync/barrier.js").init>;

function barrier(kinds: Kinds, rounds: number): AnyProgram {
  const n = kinds.length;
  return program<{ barrier: BarrierObject; came: Words; last: Words }>({
    name: `barrier-async-${nameOf(kinds)}-${rounds}-rounds`,
    proves: "none leaves before all have arrived, all leave, one of them as the last",
    needs: ["Barrier"],
    isAsync: true,
    setup: (p) => ({ barrier: p.Barrier.init(n), came: data(2 * n), last: data(rounds * n) }),
    threads: threads(kinds, (isAsync, i) => (p, shared, hands) => {
      for (let round = 1; round <= rounds; round++) {
        const at = (round % 2) * n;
        hands.write(shared.came, at + i, round);
        const isLast = isAsync
          ? p.Barrier.waitAsync(shared.barrier, i + 1)
          : p.Barrier.wait(shared.barrier, i + 1);
        if (isLast) hands.write(shared.last, (round - 1) * n + i, 1);
        hands.call("look", () => {
          for (let j = 0; j < n; j++) {
            hands.check(hands.read(shared.came, at + j) === round, "all have arrived");
          }
        });
      }
    }),
    end: ({ last }, check) => {
      for (let round = 0; round < rounds; round++) {
        const ofRound = last.subarray(round * n, (round + 1) * n);
        check(ofRound.reduce((a, b) => a + b, 0) === 1, "one of a round is last");
      }
    },
  });
}

class Refused extends Error {}

/** The first `throwing` tries throw; who gets that thrown gives up. */
function once(kinds: Kinds, throwing: number): AnyProgram {
  return program<{ once: Words; data: Words; tries: Words }>({
    name: `once-async-${nameOf(kinds)}${throwing > 0 ? "-throws" : ""}`,
    proves: "the function runs once, and before anyone's call returns",
    needs: ["Once"],
    isAsync: true,
    setup: (p) => ({ once: p.Once.init(), data: data(), tries: data() }),
    threads: threads(kinds, (isAsync) => (p, shared, hands) => {
      const work = () => {
        const before = hands.read(shared.tries, 0);
        hands.write(shared.tries, 0, before + 1);
        if (before < throwing) throw new Refused("on purpose");
        add(hands, shared.data, 1);
      };
      try {
        if (isAsync) p.Once.executeAsync(shared.once, work);
        else p.Once.execute(shared.once, work);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return;
      }
      hands.check(hands.read(shared.data, 0) === 1, "it has run when the call is over");
    }),
    end: (shared, check) => {
      check(shared.data[0] === 1, "it has run once");
      check(shared.tries[0] === 1 + throwing, "it was tried again after it threw");
    },
  });
}

const async = (n: number) => many(n, () => "async" as const);

export const ASYNC: readonly AnyProgram[] = [
  mutex(async(2), 2),
  mutex(async(3)),
  mutex(["async", "blocks"], 2),
  mutex(["async", "blocks", "blocks"]),
  mutex(["async", "async", "blocks"]),
  semaphore(async(2), 2),
  semaphore(["async", "blocks"], 2),
  semaphore(["async", "blocks"], 3),
  condition(async(1), "signal"),
  condition(async(1), "signal", 1),
  condition(["async", "blocks"], "broadcast"),
  barrier(async(2), 2),
  barrier(["async", "blocks"], 3),
  barrier(["async", "async", "blocks"], 1),
  once(async(2), 0),
  once(["async", "blocks"], 0),
  once(["async", "async", "blocks"], 1),
];
