// What the checker makes of small programs: each verdict, the shortest way to it, and how many
// interleavings there are.

import { sample } from "../../src/check/pct.js";
import { type Plan, type Proved, prove } from "../../src/check/prove.js";
import { assert, test } from "../harness.js";
import { machines, programOf } from "./small.js";

const PLAN: Plan = { depth: undefined, mostStates: 100_000, runs: 200, seed: 1 };
const on = () => false;

type Calls = Parameters<typeof programOf>[0];

async function judge(
  calls: Calls,
  end?: [string, number],
  plan: Partial<Plan> = {},
): Promise<Proved> {
  const program = programOf(calls, end);
  return prove(await machines(program), program, { ...PLAN, ...plan }, on);
}

/** Of a path, as "0 0 1": who takes each step. */
const order = ({ finding }: Proved) => finding?.path.map(({ thread }) => thread).join(" ");

test("what nothing breaks is proved", async () => {
  for (const calls of [
    [["sleeps"], ["wakes"]],
    [["spins"], ["lifts"]],
    [["writesPlainly"], ["readsPlainly", 1]],
  ] as Calls[]) {
    const { verdict, finding } = await judge(calls);
    assert.equal([verdict, finding], ["proved", undefined], JSON.stringify(calls));
  }
});

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

test("interleavings are all orders of the threads' steps", async () => {
  for (const [threads, adds] of [
    [2, 1],
    [2, 4],
    [3, 2],
    [4, 2],
  ] as const) {
    const calls = Array.from({ length: threads }, () => ["adds", adds] as const);
    const { interleavings, verdict } = await judge(calls, ["holds", threads * adds]);
    assert.is(verdict, "proved");
    // A thread's steps: it starts, and each of its additions.
    const steps = adds + 1;
    assert.is(interleavings, factorial(threads * steps) / factorial(steps) ** threads);
  }
});

test("where a thread may go round, interleavings have no number", async () => {
  const { interleavings } = await judge([["spins"], ["lifts"]]);
  assert.is(interleavings, Number.POSITIVE_INFINITY);
});

test("an assertion that fails in the end: an addition that is lost", async () => {
  const found = await judge([["loadsAndStores"], ["loadsAndStores"]], ["holds", 2]);
  assert.equal([found.verdict, found.finding?.detail], ["assertion", "rule 7"]);
  // One preemption, between load and store.
  assert.equal([found.bound, order(found)], [0, "0 0 1 1 1 0"]);
});

test("a deadlock: who waits is told nothing", async () => {
  const found = await judge([["sleeps"], ["wakesNobody"]]);
  assert.equal([found.verdict, found.finding?.detail], ["deadlock", "waiting for ever: thread 0"]);
  assert.equal([found.bound, order(found)], [undefined, "0 0 0 1 1"]);
});

test("a livelock: a way into it, and once round", async () => {
  const found = await judge([["spins"], ["looks"]]);
  assert.is(found.verdict, "livelock");
  const { path, loop } = found.finding!;
  assert.ok(loop !== undefined && loop < path.length);
  // In the end only the one that goes round is left.
  assert.equal([...new Set(path.slice(loop).map(({ thread }) => thread))], [0]);
});

test("a race: plain accesses that nothing orders", async () => {
  const found = await judge([["writesPlainly"], ["readsPlainly", 0]]);
  assert.equal([found.verdict, found.finding?.detail], ["race", "address 128, with thread 0"]);
  assert.is(order(found), "0 1 1");
});

test("a race of what threads do last, behind all their atomic accesses", async () => {
  const found = await judge([["endsPlainly"], ["endsPlainly"]]);
  assert.equal([found.verdict, found.finding?.detail], ["race", "address 128, with thread 0"]);
  // Whoever has it behind it, and ended, is raced with no more.
  const apart = await judge([["endsPlainly"], ["lifts"]]);
  assert.equal([apart.verdict, apart.finding], ["proved", undefined]);
});

test("accesses to words that nobody writes are no steps, nor naps that nobody ends early", async () => {
  for (const [calls, orders] of [
    // Each thread starts, and that is all.
    [[["looks"], ["looks"]], 2],
    [[["looks"], ["looks"], ["looks"]], 6],
    [[["naps"], ["naps"]], 2],
    [[["naps"], ["looks"]], 2],
    // Written by one of them: starts and accesses.
    [[["looks"], ["lifts"]], 6],
  ] as const) {
    const { verdict, interleavings } = await judge(calls);
    assert.equal([verdict, interleavings], ["proved", orders], JSON.stringify(calls));
  }
  // Somebody moved the word before it lay down: it says so.
  const moved = await judge([["naps"], ["lifts"]]);
  assert.equal([moved.verdict, moved.finding?.detail], ["assertion", "rule 8"]);
});

test("accesses of two sizes to one address are refused", async () => {
  const found = await judge([["adds", 1], ["loadsWide"]]);
  assert.is(found.verdict, "mixed size");
  assert.match(found.finding!.detail, /address 64: of \d bytes and of \d/);
});

test("a trap is a finding, with the order that leads to it", async () => {
  const found = await judge([["traps"], ["adds", 1]]);
  assert.equal([found.verdict, order(found)], ["trap", "1 1 0 0"]);
  assert.match(found.finding!.detail, "unreachable");
});

test("a search that is cut short, bounded or stopped is incomplete", async () => {
  const calls: Calls = [
    ["adds", 4],
    ["adds", 4],
    ["adds", 4],
  ];
  const cut = await judge(calls, undefined, { mostStates: 20 });
  assert.equal(
    [cut.verdict, cut.states, cut.runs, cut.interleavings],
    ["incomplete", 20, 200, undefined],
  );
  const bounded = await judge(calls, undefined, { depth: 2 });
  assert.equal([bounded.verdict, bounded.bound, bounded.runs], ["incomplete", 2, 0]);
  const program = programOf(calls);
  const stopped = prove(await machines(program), program, PLAN, () => true);
  assert.equal([stopped.verdict, stopped.bound], ["incomplete", undefined]);
});

test("a bound is not enough for what takes more preemptions", async () => {
  const calls: Calls = [["loadsAndStores"], ["loadsAndStores"]];
  assert.is((await judge(calls, ["holds", 2], { depth: 0 })).verdict, "incomplete");
  assert.is((await judge(calls, ["holds", 2], { depth: 1 })).verdict, "assertion");
});

test("random schedules find what a search had no room for; the same seed, the same way", async () => {
  const calls: Calls = [["adds", 9], ["adds", 9], ["adds", 9], ["loadsAndStores"]];
  const program = programOf(calls, ["holds", 28]);
  const make = await machines(program);
  const found = prove(make, program, { ...PLAN, mostStates: 30, runs: 5000 }, on);
  assert.is(found.verdict, "assertion");
  assert.ok(found.runs > 0 && found.finding!.path.length < 40);

  const shared = () => new Set([16]);
  const runs = [7, 7, 8].map((seed) =>
    sample(make, program, shared(), { seed, runs: 500, stop: on }),
  );
  const [first, again, other] = runs.map(({ finding }) => JSON.stringify(finding?.path));
  assert.ok(first !== undefined);
  assert.is(first, again);
  assert.is.not(first, other);
});
