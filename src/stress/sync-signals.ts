// Programs on conditions, barriers and once, for sync.ts. What they order is accessed plainly.

import type { BarrierObject } from "../sync/index.js";
import type { LongWords, Shape, Words } from "./sync-board.js";
import { broken, type Hands } from "./sync-hands.js";
import { lockMutex } from "./sync-locks.js";
import { type AnyProgram, program, stamp, words } from "./sync-program.js";

// --- conditions ----------------------------------------------------------------------

/** Waits, timed or not; nothing is promised but that the mutex is held again. */
async function waitAt(hands: Hands, cond: Words, mutex: Words): Promise<void> {
  const { calls, id, random, isAsync } = hands;
  const { Condition } = calls;
  if (!isAsync && random.integer(0, 2) === 0) {
    hands.inTime("timedWait", (until) => Condition.timedWait(cond, mutex, id, until));
    return;
  }
  await Condition.wait(cond, mutex, id);
}

/** Gives the mutex back, and tells one waiter, or all, inside or behind the lock. */
function tell(hands: Hands, cond: Words, mutex: Words, toAll = hands.random.integer(0, 3) === 0) {
  const { Condition, Mutex } = hands.calls;
  const isInside = hands.random.integer(0, 1) === 0;
  if (!isInside) Mutex.unlock(mutex, hands.id);
  if (toAll) Condition.broadcast(cond);
  else Condition.signal(cond);
  if (isInside) Mutex.unlock(mutex, hands.id);
}

interface Buffer {
  readonly sync: { readonly mutex: Words; readonly filled: Words; readonly emptied: Words };
  /** FILLED, PUT, TAKEN; all plain, under the mutex. */
  readonly data: { readonly state: Words; readonly slots: Words; readonly seen: Words };
}

const FILLED = 0;
const PUT = 1;
const TAKEN = 2;
const EXACTLY = "every item exactly once, in order per producer";

const producersOf = ({ parties }: Shape) => parties >> 1;
const itemsOf = (shape: Shape) => (shape.parties - producersOf(shape)) * shape.turns;

async function produce(hands: Hands, { sync, data: { state, slots } }: Buffer): Promise<void> {
  const { me, shape } = hands;
  for (let item = me; item < itemsOf(shape); item += producersOf(shape)) {
    await lockMutex(hands, sync.mutex);
    while (state[FILLED] === slots.length) await waitAt(hands, sync.emptied, sync.mutex);
    slots[state[PUT]!++ % slots.length] = item;
    state[FILLED]!++;
    tell(hands, sync.filled, sync.mutex);
    hands.step();
    await hands.dawdle();
  }
}

async function consume(hands: Hands, { sync, data }: Buffer): Promise<void> {
  const { state, slots, seen } = data;
  const producers = producersOf(hands.shape);
  const last = new Array<number>(producers).fill(-1);
  for (let i = 0; i < hands.shape.turns; i++) {
    await lockMutex(hands, sync.mutex);
    while (state[FILLED] === 0) await waitAt(hands, sync.filled, sync.mutex);
    const item = slots[state[TAKEN]!++ % slots.length] as number;
    state[FILLED]!--;
    tell(hands, sync.emptied, sync.mutex);
    if (Atomics.add(seen, item, 1) !== 0) broken(EXACTLY, `item ${item} was taken twice`);
    const before = last[item % producers] as number;
    if (before > item) broken(EXACTLY, `item ${item} was taken after ${before} by one consumer`);
    last[item % producers] = item;
    hands.step();
    await hands.dawdle();
  }
}

/** Half of the parties produce, the others consume, over 1 to 3 slots. */
const buffer = program<Buffer>({
  name: "condition, buffer",
  needs: ["Mutex", "Condition"],
  setup: ({ Mutex, Condition }, shape, random) => ({
    sync: { mutex: Mutex.init(), filled: Condition.init(), emptied: Condition.init() },
    data: {
      state: words(3),
      slots: words(random.integer(1, 3)),
      seen: words(itemsOf(shape)),
    },
  }),
  play: (hands, shared) =>
    hands.me < producersOf(hands.shape) ? produce(hands, shared) : consume(hands, shared),
  judge({ data: { seen } }) {
    const lost = seen.indexOf(0);
    if (lost >= 0) broken(EXACTLY, `item ${lost} was taken by nobody`);
  },
});

interface Ball {
  readonly sync: { readonly mutex: Words; readonly conds: readonly Words[] };
  /** Whose turn it is; plain. */
  readonly data: { readonly whose: Words; readonly stamp: LongWords };
}

/** Each party waits at a condition of its own for one signal of the party before it. */
const ball = program<Ball>({
  name: "condition, ball",
  needs: ["Mutex", "Condition"],
  setup: ({ Mutex, Condition }, { parties }) => ({
    sync: { mutex: Mutex.init(), conds: Array.from({ length: parties }, () => Condition.init()) },
    data: { whose: words(1), stamp: stamp() },
  }),
  async play(hands, { sync: { mutex, conds }, data: { whose, stamp } }) {
    const { me, shape } = hands;
    const next = (me + 1) % shape.parties;
    for (let i = 0; i < shape.turns; i++) {
      const began = hands.time();
      await lockMutex(hands, mutex);
      while (whose[0] !== me) await waitAt(hands, conds[me] as Words, mutex);
      hands.gets(stamp, began);
      whose[0] = next;
      hands.gives(stamp);
      tell(hands, conds[next] as Words, mutex);
      hands.step();
      await hands.dawdle();
    }
  },
  judge: () => {},
});

interface Call {
  readonly sync: { readonly mutex: Words; readonly full: Words; readonly cond: Words };
  /** WAITING, GENERATION; plain, under the mutex. */
  readonly data: Words;
}

const WAITING = 0;
const GENERATION = 1;

/** Party 0 calls all others on as soon as all wait. */
const broadcast = program<Call>({
  name: "condition, broadcast",
  needs: ["Mutex", "Condition"],
  leastThreads: 3,
  setup: ({ Mutex, Condition }) => ({
    sync: { mutex: Mutex.init(), full: Condition.init(), cond: Condition.init() },
    data: words(2),
  }),
  async play(hands, { sync: { mutex, full, cond }, data }) {
    const { me, id, shape } = hands;
    const { Condition, Mutex } = hands.calls;
    for (let i = 0; i < shape.turns; i++) {
      await lockMutex(hands, mutex);
      if (me === 0) {
        while (data[WAITING]! < shape.parties - 1) await waitAt(hands, full, mutex);
        data[WAITING] = 0;
        data[GENERATION]!++;
        tell(hands, cond, mutex, true);
      } else {
        if (++data[WAITING]! === shape.parties - 1) Condition.signal(full);
        while (data[GENERATION]! <= i) await waitAt(hands, cond, mutex);
        Mutex.unlock(mutex, id);
      }
      hands.step();
    }
  },
  judge: () => {},
});

// --- barriers ------------------------------------------------------------------------

const ONE_LAST = "exactly one is last";

interface Meeting {
  readonly sync: { readonly barrier: BarrierObject };
  /** `rows`: what each wrote in this round and in the last one; plain. */
  readonly data: { readonly rows: Words; readonly lasts: Words; readonly tells: Words };
}

const meet = program<Meeting>({
  name: "barrier",
  needs: ["Barrier"],
  setup: ({ Barrier }, { parties, turns }) => ({
    sync: { barrier: Barrier.init(parties) },
    data: { rows: words(2 * parties), lasts: words(turns), tells: words(1) },
  }),
  async play(hands, { sync: { barrier }, data: { rows, lasts, tells } }) {
    const { me, id, shape } = hands;
    for (let round = 1; round <= shape.turns; round++) {
      const row = (round % 2) * shape.parties;
      rows[row + me] = round;
      const isLast: unknown = await hands.calls.Barrier.wait(barrier, id);
      if (typeof isLast === "boolean") tells[0] = 1;
      if (isLast === true) Atomics.add(lasts, round - 1, 1);
      for (let other = 0; other < shape.parties; other++) {
        const seen = rows[row + other];
        if (seen === round) continue;
        broken(
          "nobody passes a barrier before all have come",
          `party ${id} is through round ${round}, party ${other + 1} was in ${seen}`,
        );
      }
      hands.step();
      await hands.dawdle();
    }
  },
  judge({ data: { lasts, tells } }) {
    const wrong = tells[0] === 1 ? lasts.findIndex((count) => count !== 1) : -1;
    if (wrong >= 0) broken(ONE_LAST, `in round ${wrong + 1} of the barrier ${lasts[wrong]} were`);
  },
});

interface Crowd {
  readonly sync: { readonly barrier: BarrierObject };
  /** DRAWN, LASTS, TELLS. */
  readonly data: { readonly state: Words; readonly count: number };
}

const DRAWN = 0;
const LASTS = 1;
const TELLS = 2;

const arrivals = ({ parties, turns }: Shape, count: number) =>
  count * Math.ceil((parties * turns) / count);

/** More parties than the barrier is for: whoever comes, comes. */
const crowd = program<Crowd>({
  name: "barrier, crowd",
  needs: ["Barrier"],
  leastThreads: 3,
  setup: ({ Barrier }, { parties }, random) => {
    const count = random.integer(2, parties - 1);
    return { sync: { barrier: Barrier.init(count) }, data: { state: words(3), count } };
  },
  async play(hands, { sync: { barrier }, data: { state, count } }) {
    const all = arrivals(hands.shape, count);
    while (Atomics.add(state, DRAWN, 1) < all) {
      const isLast: unknown = await hands.calls.Barrier.wait(barrier, hands.id);
      if (typeof isLast === "boolean") Atomics.store(state, TELLS, 1);
      if (isLast === true) Atomics.add(state, LASTS, 1);
      hands.step();
      await hands.dawdle();
    }
  },
  judge({ data: { state, count } }, shape) {
    const rounds = arrivals(shape, count) / count;
    if (state[TELLS] === 0 || state[LASTS] === rounds) return;
    broken(
      ONE_LAST,
      `in ${rounds} rounds of a barrier of ${count} there were ${state[LASTS]} last`,
    );
  },
});

// --- once ----------------------------------------------------------------------------

interface Onces {
  readonly sync: { readonly onces: readonly Words[] };
  /** `made`: two plain words a once: how often its function began, and what it made. */
  readonly data: { readonly made: Words; readonly throws: readonly number[] };
}

const ONCE = "a function runs once, and nobody returns before it has run";

/** What functions throw that shall count as not run. */
class Planned extends Error {}

async function executeOne(hands: Hands, shared: Onces, i: number): Promise<void> {
  const { made, throws } = shared.data;
  const make = () => {
    if (++made[2 * i]! <= throws[i]!) throw new Planned();
    for (let n = hands.random.integer(0, 300); n > 0; n--) Atomics.load(made, 0);
    made[2 * i + 1] = i + 1;
  };
  const makeLater = async () => {
    await hands.dawdle();
    make();
  };
  try {
    const { Once } = hands.calls;
    await Once.execute(shared.sync.onces[i] as Words, hands.isAsync ? makeLater : make);
  } catch (error) {
    if (!(error instanceof Planned)) throw error;
    hands.step();
    await hands.dawdle();
    await executeOne(hands, shared, i);
  }
}

const once = program<Onces>({
  name: "once",
  needs: ["Once"],
  mostTurns: 500,
  setup: ({ Once }, { turns }, random, isOurs) => ({
    sync: { onces: Array.from({ length: turns }, () => Once.init()) },
    data: {
      made: words(2 * turns),
      // atomics-sync does not say what a function that throws counts as.
      throws: Array.from({ length: turns }, () => (isOurs ? random.pick([0, 0, 0, 1, 2]) : 0)),
    },
  }),
  async play(hands, shared) {
    const { Once } = hands.calls;
    const { made } = shared.data;
    for (const [i, one] of shared.sync.onces.entries()) {
      const isMade = () => made[2 * i + 1] === i + 1;
      const wasExecuted = Once.isExecuted(one);
      if (wasExecuted && !isMade()) broken(ONCE, `once ${i} says executed before it is`);
      await executeOne(hands, shared, i);
      if (!isMade()) broken(ONCE, `party ${hands.id} returned from once ${i}, which has not run`);
      if (!Once.isExecuted(one)) broken(ONCE, `once ${i} has run and does not say so`);
      hands.step();
    }
  },
  judge({ data: { made, throws } }) {
    const wrong = throws.findIndex((count, i) => made[2 * i] !== count + 1);
    if (wrong < 0) return;
    broken(ONCE, `once ${wrong} ran ${made[2 * wrong]} times, ${throws[wrong]} of which threw`);
  },
});

export const SIGNALS: readonly AnyProgram[] = [buffer, ball, broadcast, meet, crowd, once];
