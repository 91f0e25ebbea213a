// Programs on locks and semaphores, for sync.ts.

import { SOON } from "./replayed-types.js";
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

// --- locks ---------------------------------------------------------------------------

type Lock = "Mutex" | "SpinLock";
interface Locked {
  readonly lock: Words;
  readonly data: Words;
  /** By thread: how often it held the lock. */
  readonly held: Words;
}

/** Locks, adds 1, unlocks. */
type How = "lock" | "tryLock" | "timedLock";

function locker(lock: Lock, i: number, how: How, rounds: number): SyncThread<Locked> {
  return {
    name: `${how === "lock" ? "locker" : how} ${i}`,
    body: (primitives, shared, hands) => {
      const kind = primitives[lock];
      for (let round = 0; round < rounds; round++) {
        let has = true;
        if (how === "lock") kind.lock(shared.lock, i + 1);
        else if (how === "tryLock") has = kind.tryLock(shared.lock, i + 1);
        else has = primitives.Mutex.timedLock(shared.lock, i + 1, SOON);
        if (!has) continue;
        add(hands, shared.data, 1);
        kind.unlock(shared.lock, i + 1);
        hands.call("count", () => hands.write(shared.held, i, hands.read(shared.held, i) + 1));
      }
    },
  };
}

function locks(
  lock: Lock,
  hows: readonly How[],
  { rounds = 1, quick = true }: { rounds?: number; quick?: boolean } = {},
): AnyProgram {
  const isTimed = hows.includes("timedLock");
  const what = hows.every((how) => how === "lock") ? `${hows.length}-threads` : hows.join("-");
  return program<Locked>({
    name: `${lock.toLowerCase()}-${what}${rounds === 1 ? "" : `-${rounds}-rounds`}`,
    proves: "one holds it at a time, and nobody who waits for it is forgotten",
    needs: [lock],
    quick,
    setup: (p) => ({ lock: p[lock].init(), data: data(), held: data(hows.length) }),
    threads: [...hows.map((how, i) => locker(lock, i, how, rounds)), ...(isTimed ? [clock] : [])],
    end: (shared, check, p) => {
      check(shared.data[0] === sum(shared.held), "each that held it has added 1");
      for (const [i, how] of hows.entries()) {
        if (how === "lock") check(shared.held[i] === rounds, "lock returns with the lock");
      }
      check(p[lock].tryLock(shared.lock, 99), "it is free in the end");
    },
  });
}

export const LOCKS: readonly AnyProgram[] = [
  locks("Mutex", ["lock", "lock"], { rounds: 2 }),
  locks("Mutex", ["lock", "lock", "lock"]),
  locks("Mutex", ["lock", "tryLock"], { rounds: 2 }),
  locks("Mutex", ["lock", "timedLock"], { rounds: 2 }),
  locks("Mutex", ["lock", "lock", "timedLock"]),
  locks("SpinLock", ["lock", "lock"], { rounds: 2 }),
  locks("SpinLock", ["lock", "lock", "lock"]),
  locks("SpinLock", ["lock", "tryLock"], { rounds: 2 }),
];

// --- semaphores ----------------------------------------------------------------------

interface Permits {
  readonly sem: Words;
  readonly got: Words;
  readonly data: Words;
}

const waiter = (i: number, rounds = 1): SyncThread<Permits> => ({
  name: `waiter ${i}`,
  body: (p, { sem }) => {
    for (let round = 0; round < rounds; round++) p.Semaphore.wait(sem);
  },
});

const poster = (i: number, posts: number): SyncThread<Permits> => ({
  name: `poster ${i}`,
  body: (p, { sem }) => {
    for (let n = 0; n < posts; n++) p.Semaphore.post(sem);
  },
});

/** Takes a permit if it can, and gives it back. */
const borrower = (i: number, how: "tryWait" | "timedWait"): SyncThread<Permits> => ({
  name: `${how} ${i}`,
  body: (p, { sem }) => {
    const has = how === "tryWait" ? p.Semaphore.tryWait(sem) : p.Semaphore.timedWait(sem, SOON);
    if (has) p.Semaphore.post(sem);
  },
});

function semaphore(
  name: string,
  threads: readonly SyncThread<Permits>[],
  { from = 0, left = 0, quick = true }: { from?: number; left?: number; quick?: boolean },
): AnyProgram {
  return program<Permits>({
    name: `semaphore-${name}`,
    proves: "each permit is taken once, and nobody sleeps beside one",
    needs: ["Semaphore"],
    quick,
    setup: (p) => ({ sem: p.Semaphore.init(from), got: data(2), data: data() }),
    threads,
    end: ({ sem }, check, p) => check(p.Semaphore.getValue(sem) === left, "permits add up"),
  });
}

const excluder = (i: number): SyncThread<Permits> => ({
  name: `thread ${i}`,
  body: (p, shared, hands) => {
    p.Semaphore.wait(shared.sem);
    add(hands, shared.data, 1);
    p.Semaphore.post(shared.sem);
  },
});

export const SEMAPHORES: readonly AnyProgram[] = [
  semaphore("2-posts-2-waiters", [waiter(0), waiter(1), poster(0, 2)], {}),
  semaphore("2-posters-2-waiters", [waiter(0), waiter(1), poster(0, 1), poster(1, 1)], {}),
  semaphore("3-posts-2-waiters", [waiter(0), waiter(1), poster(0, 3)], { left: 1 }),
  semaphore("3-posts-3-waiters", [waiter(0), waiter(1), waiter(2), poster(0, 3)], {}),
  semaphore("timed", [borrower(0, "timedWait"), waiter(1), poster(0, 1), clock], {}),
  semaphore("try", [borrower(0, "tryWait"), waiter(1, 2), poster(0, 2)], {}),
  semaphore("exclusion-2-threads", many(2, excluder), { from: 1, left: 1 }),
  semaphore("exclusion-3-threads", many(3, excluder), { from: 1, left: 1 }),
];
