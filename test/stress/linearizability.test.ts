// The checker of histories: verdicts worked out by hand, histories made from sequential runs, and
// thousands of small random ones against a search through all orders.

import {
  check,
  type Model,
  prefix,
  smallest,
  type Timed,
} from "../../src/stress/linearizability.js";
import { assert, type Random, seeded, test } from "../harness.js";

type Write = { readonly write: number };
type Read = { readonly read: number };
type Cas = { readonly expected: number; readonly put: number; readonly done: boolean };
type RegisterOp = Write | Read | Cas;

const register: Model<number, RegisterOp> = {
  initial: 0,
  step(state, op, pending) {
    if ("write" in op) return [op.write];
    if ("read" in op) return pending || op.read === state ? [state] : [];
    const fits = state === op.expected;
    if (!pending && fits !== op.done) return [];
    return [fits ? op.put : state];
  },
  equal: (a, b) => a === b,
  // Poor on purpose: verdicts must not depend on it.
  hash: (state) => state & 1,
};

type QueueOp = { readonly push: number } | { readonly pop: number | undefined };

const queue: Model<readonly number[], QueueOp> = {
  initial: [],
  step(state, op, pending) {
    if ("push" in op) return [[...state, op.push]];
    if (pending) return state.length === 0 ? [] : [state.slice(1)];
    return state[0] === op.pop ? [state.slice(1)] : [];
  },
  equal: (a, b) => a.length === b.length && a.every((x, i) => x === b[i]),
  hash: (state) => state.reduce((hash, x) => Math.imul(hash, 31) + x, 7),
};

/** A bag whose pop may take any: a step has several outcomes. A pop of −1 says nothing of what. */
const bag: Model<readonly number[], QueueOp> = {
  initial: [],
  step(state, op, pending) {
    if ("push" in op) return [[...state, op.push].sort()];
    if (op.pop === undefined && !pending) return state.length === 0 ? [state] : [];
    const any = pending || op.pop === -1;
    const found = state.map((x, i) => (any || x === op.pop ? i : -1)).filter((i) => i >= 0);
    return found.map((i) => state.filter((_, k) => k !== i));
  },
  equal: queue.equal,
  hash: queue.hash,
};

/** All orders that keep to real time, and every choice of pending operations. */
function bruteForce<S, O>(model: Model<S, O>, history: readonly Timed<O>[]): boolean {
  const go = (state: S, left: readonly Timed<O>[]): boolean => {
    if (left.every((o) => o.returned === undefined)) return true;
    return left.some((o) => {
      if (left.some((p) => p.returned !== undefined && p.returned < o.call)) return false;
      const rest = left.filter((p) => p !== o);
      const outcomes = model.step(state, o.operation, o.returned === undefined);
      return outcomes.some((next) => go(next, rest));
    });
  };
  return go(model.initial, history);
}

/** A witness that is worth its name: each operation once, in an order that model and time allow. */
function assertWitness<S, O>(
  model: Model<S, O>,
  history: readonly Timed<O>[],
  order: readonly number[],
): void {
  const done = new Set(order);
  assert.is(done.size, order.length);
  for (const [i, o] of history.entries()) assert.ok(o.returned === undefined || done.has(i));
  for (const [k, i] of order.entries()) {
    for (const j of order.slice(k)) {
      assert.ok(((history[j] as Timed<O>).returned ?? Infinity) >= (history[i] as Timed<O>).call);
    }
  }
  let states: readonly S[] = [model.initial];
  for (const i of order) {
    const { operation, returned } = history[i] as Timed<O>;
    states = states.flatMap((s) => model.step(s, operation, returned === undefined));
  }
  assert.ok(states.length > 0);
}

/** Agreement with the search through all orders; returns whether it was linearizable. */
function agree<S, O>(model: Model<S, O>, history: readonly Timed<O>[]): boolean {
  const verdict = check(model, history);
  const expected = bruteForce(model, history);
  assert.is(verdict.kind, expected ? "linearizable" : "violation", JSON.stringify(history));
  if (verdict.kind === "linearizable") assertWitness(model, history, verdict.order);
  return expected;
}

const op = <O>(operation: O, call: number, returned?: number, thread = 0): Timed<O> => ({
  operation,
  thread,
  call,
  returned,
});

const known: [string, boolean, Timed<RegisterOp>[]][] = [
  ["nothing at all", true, []],
  ["a read during a write may be old", true, [op({ write: 1 }, 0, 9), op({ read: 0 }, 1, 2)]],
  ["a read during a write may be new", true, [op({ write: 1 }, 0, 9), op({ read: 1 }, 1, 2)]],
  ["a read after a write is new", false, [op({ write: 1 }, 0, 1), op({ read: 0 }, 2, 3)]],
  [
    "of two reads during a write, the second is not older",
    false,
    [op({ write: 1 }, 0, 9), op({ read: 1 }, 1, 2), op({ read: 0 }, 3, 4)],
  ],
  [
    "two readers that see two writes in two orders",
    false,
    [op({ write: 1 }, 0, 1), op({ write: 2 }, 0, 9), op({ read: 2 }, 2, 3), op({ read: 1 }, 4, 5)],
  ],
  [
    "a call at the instant of a return overlaps it",
    true,
    [op({ write: 1 }, 0, 2), op({ read: 0 }, 2, 3)],
  ],
  ["a pending write may have happened", true, [op({ write: 1 }, 0), op({ read: 1 }, 5, 6)]],
  ["and may not", true, [op({ write: 1 }, 0), op({ read: 0 }, 5, 6)]],
  ["but not be undone", false, [op({ write: 1 }, 0), op({ read: 1 }, 5, 6), op({ read: 0 }, 7, 8)]],
  ["nor happen before its call", false, [op({ read: 1 }, 0, 1), op({ write: 1 }, 2)]],
  [
    "two compare-exchanges cannot both win",
    false,
    [op({ expected: 0, put: 1, done: true }, 0, 5), op({ expected: 0, put: 2, done: true }, 1, 6)],
  ],
];

for (const [name, right, history] of known) {
  test(`register: ${name}`, () => {
    assert.is(agree(register, history), right);
  });
}

test("queue: first in, first out, as in Herlihy and Wing's examples", () => {
  // Both pushes overlap, so either may be first; the pops decide, and a third one may not differ.
  const pushes = [op({ push: 1 }, 0, 4, 0), op({ push: 2 }, 1, 3, 1)];
  assert.ok(agree(queue, [...pushes, op({ pop: 2 }, 5, 6), op({ pop: 1 }, 7, 8)]));
  assert.ok(agree(queue, [...pushes, op({ pop: 1 }, 5, 6), op({ pop: 2 }, 7, 8)]));
  // One push returned before the other was called.
  const ordered = [op({ push: 1 }, 0, 1), op({ push: 2 }, 2, 3)];
  assert.not(agree(queue, [...ordered, op({ pop: 2 }, 4, 5)]));
  assert.ok(agree(queue, [...ordered, op({ pop: 2 }, 4, 7), op({ pop: 1 }, 5, 6)]));
  assert.not(agree(queue, [op({ push: 1 }, 0, 1), op({ pop: undefined }, 2, 3)]));
  assert.not(agree(queue, [op({ push: 1 }, 0, 1), op({ pop: 1 }, 2, 4), op({ pop: 1 }, 3, 5)]));
});

/** Times for n operations of `threads` threads, one after the other in each; some never return. */
function intervals(random: Random, n: number, threads: number): Omit<Timed<never>, "operation">[] {
  const clocks = Array<number>(threads).fill(0);
  return Array.from({ length: n }, () => {
    const thread = random.int(threads);
    const call = (clocks[thread] as number) + random.int(4);
    const returned = call + 1 + random.int(6);
    clocks[thread] = returned + random.int(2);
    if (random.int(8) > 0 || clocks[thread] === Infinity) return { thread, call, returned };
    clocks[thread] = Infinity;
    return { thread, call, returned: undefined };
  }).filter((o) => o.call !== Infinity);
}

function randomRegisterOp(random: Random): RegisterOp {
  const x = random.int(3);
  const kind = random.int(4);
  if (kind === 0) return { write: x };
  if (kind === 1) return { expected: x, put: random.int(3), done: random.int(2) === 0 };
  return { read: x };
}

function randomQueueOp(random: Random, i: number): QueueOp {
  if (random.int(2) === 0) return { push: i % 4 };
  return { pop: random.pick([0, 1, 2, 3, undefined]) };
}

for (const [name, model, draw] of [
  ["register", register, randomRegisterOp],
  ["queue", queue, randomQueueOp],
  ["bag, whose steps have several outcomes", bag, randomBagOp],
] as const) {
  test(`${name}: 4,000 random histories get the verdict of a search through all orders`, () => {
    const random = seeded(name);
    let right = 0;
    for (let run = 0; run < 4000; run++) {
      const times = intervals(random, 1 + random.int(7), 1 + random.int(4));
      const history = times.map((t, i) => ({ ...t, operation: draw(random, i) }));
      if (agree(model as Model<unknown, unknown>, history)) right++;
    }
    assert.ok(right > 200 && right < 3800, `both verdicts occur: ${right} right`);
  });
}

function randomBagOp(random: Random, i: number): QueueOp {
  if (random.int(2) === 0) return { push: i % 4 };
  return { pop: random.pick([0, 1, -1, -1, undefined]) };
}

/** A sequential run of a queue, its operations stretched over the instants at which they happened. */
function stretched(random: Random, n: number, threads: number): Timed<QueueOp>[] {
  const items: number[] = [];
  const free = Array<number>(threads).fill(0);
  const history: Timed<QueueOp>[] = [];
  for (let i = 0; i < n; i++) {
    const instant = 100 * (i + 1);
    const thread = random.int(threads);
    const operation = random.int(2) === 0 ? { push: items.push(i) && i } : { pop: items.shift() };
    const call = Math.max(free[thread] as number, instant - random.int(200));
    const earliest = Math.max(instant, call) + 1;
    free[thread] = earliest + random.int(90);
    history.push({ operation, thread, call: Math.min(call, instant), returned: free[thread] });
    // The next operation of this thread must not happen before this one returned.
    while ((free[thread] as number) > instant + 99) free[thread] = instant + 99;
  }
  return history;
}

test("sequential runs whose operations were stretched are linearizable; with one lie they are not", () => {
  const random = seeded("stretched");
  for (let run = 0; run < 30; run++) {
    const history = stretched(random, 80, 3);
    const verdict = check(queue, history);
    assert.is(verdict.kind, "linearizable");
    if (verdict.kind === "linearizable") assertWitness(queue, history, verdict.order);
    const pops = history.filter((o) => "pop" in o.operation && o.operation.pop !== undefined);
    const liar = random.pick(pops);
    const wrong = history.map((o) => (o === liar ? { ...o, operation: { pop: 9999 } } : o));
    const refuted = check(queue, wrong);
    assert.is(refuted.kind, "violation");
    if (refuted.kind === "violation") assert.ok(refuted.order.length < wrong.length);
    const isWrong = (h: readonly Timed<QueueOp>[]) => check(queue, h).kind === "violation";
    const small = smallest(wrong, isWrong, (o) => "pop" in o && o.pop === undefined);
    assert.ok(isWrong(small));
    assert.ok(
      small.every((o) => o.call <= (liar.returned as number)),
      "nothing after the lie",
    );
    const times = small.flatMap((o) => o.returned ?? []).sort((a, b) => b - a);
    assert.is(times[0], liar.returned, "the lie is what nothing explains");
    assert.not(isWrong(prefix(small, (times[0] as number) - 1)));
  }
});

test("a search beyond its budget is undecided, never right", () => {
  const random = seeded("budget");
  const history = stretched(random, 40, 4);
  assert.is(check(queue, history, 10).kind, "undecided");
  assert.is(check(queue, history).kind, "linearizable");
});

test("what overlaps altogether is still decided fast: configurations are looked at once", () => {
  // 14 overlapping writes have 14! orders, but 14 · 2^14 configurations.
  const writes = Array.from({ length: 14 }, (_, i) => op({ write: i + 1 }, i, 100, i));
  const verdict = check(register, [...writes, op({ read: 99 }, 101, 102)]);
  assert.is(verdict.kind, "violation");
  assert.ok(verdict.steps < 14 * 15 * 2 ** 14);
});
