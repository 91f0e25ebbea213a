// Programs on locks and semaphores, for sync.ts. What locks protect is accessed plainly.

import type { LongWords, Shape, Words } from "./sync-board.js";
import { broken, type Hands } from "./sync-hands.js";
import { type AnyProgram, program, stamp, words } from "./sync-program.js";

/** Looks of who tries before it waits. */
const LOOKS = 200;
/** Of so many turns one also does what must be refused. */
const REFUSALS = 32;

const COUNT = 0;
const HOLDER = 1;

// --- locks ---------------------------------------------------------------------------

export async function lockMutex(hands: Hands, mutex: Words): Promise<void> {
  const { calls, random, id, isAsync } = hands;
  const { Mutex } = calls;
  const way = random.integer(0, 3);
  if (way === 0) {
    for (let look = 0; look < LOOKS; look++) if (Mutex.tryLock(mutex, id)) return;
  }
  if (way === 1 && !isAsync) {
    if (hands.inTime("timedLock", (until) => Mutex.timedLock(mutex, id, until))) return;
  }
  await Mutex.lock(mutex, id);
}

async function lockSpin(hands: Hands, lock: Words): Promise<void> {
  const { calls, random, id } = hands;
  const { SpinLock } = calls;
  if (random.integer(0, 3) === 0) {
    for (let look = 0; look < LOOKS; look++) if (SpinLock.tryLock(lock, id)) return;
  }
  await SpinLock.lock(lock, id);
}

interface Locked {
  readonly sync: { readonly lock: Words };
  /** COUNT, HOLDER; both plain. */
  readonly data: { readonly held: Words; readonly stamp: LongWords };
}

function exclusion(
  kind: "Mutex" | "SpinLock",
  lockSomehow: (hands: Hands, lock: Words) => Promise<void>,
): AnyProgram {
  const rule = "one holder at a time";
  return program<Locked>({
    name: kind === "Mutex" ? "mutex" : "spin lock",
    needs: [kind],
    spins: kind === "SpinLock",
    setup: (primitives) => ({
      sync: { lock: primitives[kind].init() },
      data: { held: words(2), stamp: stamp() },
    }),
    async play(hands, { sync: { lock }, data: { held, stamp } }) {
      const { calls, id, random, shape } = hands;
      for (let i = 0; i < shape.turns; i++) {
        const began = hands.time();
        await lockSomehow(hands, lock);
        hands.gets(stamp, began);
        const other = held[HOLDER] as number;
        if (other !== 0) broken(rule, `party ${id} got the lock while party ${other} held it`);
        held[HOLDER] = id;
        const before = held[COUNT] as number;
        await hands.dawdle();
        const mayRefuse = random.integer(1, REFUSALS) === 1;
        if (mayRefuse) {
          await hands.isRefused("locking what one holds", "DeadlockError", () =>
            kind === "Mutex"
              ? calls.Mutex.timedLock(lock, id, Date.now())
              : calls.SpinLock.tryLock(lock, id),
          );
        }
        if (held[HOLDER] !== id) {
          broken(rule, `party ${held[HOLDER]} got the lock while party ${id} held it`);
        }
        held[COUNT] = before + 1;
        held[HOLDER] = 0;
        hands.gives(stamp);
        calls[kind].unlock(lock, id);
        hands.step();
        if (mayRefuse) {
          await hands.isRefused("unlocking what one does not hold", "PermissionError", () =>
            calls[kind].unlock(lock, id),
          );
        }
      }
    },
    judge({ data: { held } }, { parties, turns }) {
      const [count, all] = [held[COUNT] as number, parties * turns];
      if (count !== all)
        broken(rule, `of ${all} additions under the lock ${all - count} were lost`);
    },
  });
}

// --- semaphores ----------------------------------------------------------------------

async function take(hands: Hands, sem: Words): Promise<void> {
  const { Semaphore } = hands.calls;
  const way = hands.random.integer(0, 3);
  if (way === 0) {
    for (let look = 0; look < LOOKS; look++) if (Semaphore.tryWait(sem)) return;
  }
  if (way === 1 && !hands.isAsync) {
    if (hands.inTime("timedWait", (until) => Semaphore.timedWait(sem, until))) return;
  }
  await Semaphore.wait(sem);
}

const LOST = "no post is lost, and none is made";

interface Permits {
  readonly sync: { readonly sem: Words };
  readonly data: { readonly inside: Words; readonly permits: number };
}

const permits = program<Permits>({
  name: "semaphore, permits",
  needs: ["Semaphore"],
  setup: ({ Semaphore }, { parties }, random) => {
    const permits = random.integer(1, parties - 1);
    return { sync: { sem: Semaphore.init(permits) }, data: { inside: words(1), permits } };
  },
  async play(hands, { sync: { sem }, data: { inside, permits } }) {
    for (let i = 0; i < hands.shape.turns; i++) {
      await take(hands, sem);
      const others = Atomics.add(inside, 0, 1);
      if (others >= permits) {
        broken("as many get in as there are permits", `${others + 1} are in with ${permits}`);
      }
      await hands.dawdle();
      Atomics.sub(inside, 0, 1);
      hands.calls.Semaphore.post(sem);
      hands.step();
    }
  },
  judge({ sync: { sem }, data: { permits } }, _, { Semaphore }) {
    const value = Semaphore.getValue(sem);
    if (value !== permits) broken(LOST, `${permits} permits at the beginning, ${value} at the end`);
  },
});

interface Bursts {
  readonly sync: { readonly sem: Words; readonly done: Words; readonly again: readonly Words[] };
  readonly data: undefined;
}

/** Party 0 posts for all others at once. Each takes one permit of each burst: nobody takes two. */
const bursts = program<Bursts>({
  name: "semaphore, bursts",
  needs: ["Semaphore"],
  leastThreads: 3,
  setup: ({ Semaphore }, { parties }) => ({
    sync: {
      sem: Semaphore.init(0),
      done: Semaphore.init(0),
      again: Array.from({ length: parties - 1 }, () => Semaphore.init(0)),
    },
    data: undefined,
  }),
  async play(hands, { sync: { sem, done, again } }) {
    const { me, shape } = hands;
    const { Semaphore } = hands.calls;
    for (let i = 0; i < shape.turns; i++) {
      if (me > 0) {
        await take(hands, sem);
        Semaphore.post(done);
        await take(hands, again[me - 1] as Words);
      } else {
        await hands.dawdle();
        for (const _ of again) Semaphore.post(sem);
        for (const _ of again) await take(hands, done);
        for (const one of again) Semaphore.post(one);
      }
      hands.step();
    }
  },
  judge({ sync: { sem, done, again } }, _, { Semaphore }) {
    const left = [sem, done, ...again].map((one) => Semaphore.getValue(one));
    if (left.some((value) => value !== 0)) broken(LOST, `all were taken, and there are ${left}`);
  },
});

interface Ball {
  readonly sync: { readonly sems: readonly Words[] };
  readonly data: { readonly holders: Words; readonly stamp: LongWords };
}

/** A permit goes round, from each party's semaphore to the next one's. */
const ball = program<Ball>({
  name: "semaphore, ball",
  needs: ["Semaphore"],
  setup: ({ Semaphore }, { parties }) => ({
    sync: { sems: Array.from({ length: parties }, (_, i) => Semaphore.init(i === 0 ? 1 : 0)) },
    data: { holders: words(1), stamp: stamp() },
  }),
  async play(hands, { sync: { sems }, data: { holders, stamp } }) {
    const { me, shape } = hands;
    const next = sems[(me + 1) % shape.parties] as Words;
    for (let i = 0; i < shape.turns; i++) {
      const began = hands.time();
      await take(hands, sems[me] as Words);
      hands.gets(stamp, began);
      if (holders[0] !== 0) broken("one ball, one holder", `party ${hands.id} has a second one`);
      holders[0] = 1;
      await hands.dawdle();
      holders[0] = 0;
      hands.gives(stamp);
      hands.calls.Semaphore.post(next);
      hands.step();
    }
  },
  judge({ sync: { sems } }, _, { Semaphore }) {
    const left = sems.map((sem) => Semaphore.getValue(sem)).join(" ");
    if (!/^1( 0)*$/.test(left)) broken(LOST, `one permit went round; there are ${left}`);
  },
});

/** Half of the parties post, half of them take as many. */
const posts = program<{ sync: { sem: Words }; data: undefined }>({
  name: "semaphore, posts",
  needs: ["Semaphore"],
  setup: ({ Semaphore }) => ({ sync: { sem: Semaphore.init(0) }, data: undefined }),
  async play(hands, { sync: { sem } }) {
    const { me, shape } = hands;
    const posters = postersOf(shape);
    if (me >= posters) {
      for (let i = 0; i < shape.turns; i++) {
        await take(hands, sem);
        hands.step();
      }
      return;
    }
    const all = (shape.parties - posters) * shape.turns;
    for (let i = me; i < all; i += posters) {
      hands.calls.Semaphore.post(sem);
      hands.step();
      await hands.dawdle();
    }
  },
  judge({ sync: { sem } }, _, { Semaphore }) {
    const left = Semaphore.getValue(sem);
    if (left !== 0) broken(LOST, `as many were taken as posted, and ${left} are left`);
  },
});

const postersOf = ({ parties }: Shape) => parties >> 1;

export const LOCKS: readonly AnyProgram[] = [
  exclusion("Mutex", lockMutex),
  exclusion("SpinLock", lockSpin),
  permits,
  bursts,
  posts,
  ball,
];
