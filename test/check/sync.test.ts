// The primitives of src/sync under every interleaving of small programs; and protocols that are
// broken, of which each has to be found, by the steps that break it.

import { fileURLToPath } from "node:url";
import { explore } from "../../src/check/explorer.js";
import { prove } from "../../src/check/prove.js";
import {
  checkProof,
  checkSync,
  loadImpl,
  loadProofs,
  OURS,
  type Primitives,
  type SyncStep,
  syncProofs,
  table,
  traceOf,
} from "../../src/check/sync.js";
import { replaceable } from "../../src/check/sync-impl.js";
import { replaceAtomics } from "../../src/sync/atomics.js";
import { assert, test } from "../harness.js";
import { EarlyOnce, EdgeSemaphore, LateMutex, StillCondition } from "../sync/known-bad.js";

for (const proof of (await loadProofs("ringfold/sync")).filter(({ quick }) => quick)) {
  test(`${proof.name}: ${proof.proves}`, () => {
    const { finding, exhaustive, ends, trace } = checkProof(proof);
    assert.equal(finding, undefined, table(trace));
    assert.ok(exhaustive && ends > 0);
  });
}

test("a search of primitives that is cut short does not pass as exhaustive", () => {
  const proof = syncProofs(OURS)[0]!;
  assert.is(explore(proof.make, proof, { mostStates: 100 }).exhaustive, false);
  assert.is(explore(proof.make, proof, { preemptions: 1 }).exhaustive, false);
});

// --- controls ------------------------------------------------------------------------

const ours = OURS.primitives as Primitives;
const KNOWN_BAD = replaceable(
  "known bad",
  {
    Mutex: ours.Mutex,
    Condition: { ...ours.Condition, ...StillCondition },
    Semaphore: { ...ours.Semaphore, ...EdgeSemaphore },
    Once: { ...ours.Once, ...EarlyOnce },
  },
  replaceAtomics,
);

function find(name: string, impl = KNOWN_BAD) {
  const proof = syncProofs(impl).find((one) => one.name === name);
  assert.ok(proof !== undefined, name);
  return checkProof(proof!);
}

/** Thread and operation of the steps that say `about`, in order. */
const steps = (trace: readonly SyncStep[], about: RegExp) =>
  trace
    .filter(({ call, operation }) => about.test(`${call} ${operation}`))
    .map(({ thread, operation }) => `${thread}: ${operation}`);

test("control: a condition that stands still sleeps through a signal before its sleep", () => {
  const { finding, trace } = find("condition-signal-inside");
  assert.equal([finding?.verdict, finding?.detail], ["deadlock", "waiting for ever: consumer 0"]);
  assert.equal(
    steps(trace, /^Condition/),
    [
      "consumer 0: load mutex[1] → 1",
      "consumer 0: store mutex[1], 0",
      "consumer 0: exchange mutex[0], 0: 1 → 0",
      "producer 1: notify cond[0], 1 → 0",
      "consumer 0: wait cond[0], 0: sleeps",
    ],
    table(trace),
  );
});

test("control: a semaphore that notifies on 0 → 1 leaves one of two asleep beside a permit", () => {
  const { finding, trace } = find("semaphore-2-posts-2-waiters");
  assert.equal([finding?.verdict, finding?.detail], ["deadlock", "waiting for ever: waiter 1"]);
  assert.equal(
    steps(trace, /^Semaphore/),
    [
      "waiter 0: load sem[0] → 0",
      "waiter 0: wait sem[0], 0: sleeps",
      "waiter 1: load sem[0] → 0",
      "waiter 1: wait sem[0], 0: sleeps",
      "poster 0: add sem[0], 1: 0 → 1",
      "poster 0: notify sem[0], 1 → 1",
      "poster 0: add sem[0], 1: 1 → 2",
      "waiter 0: wait sem[0], 0 → ok",
      "waiter 0: load sem[0] → 2",
      "waiter 0: compareExchange sem[0], 2, 1: 2 → 1",
    ],
    table(trace),
  );
});

test("control: a once that is marked first lets the second go while the function runs", () => {
  const { finding, trace } = find("once-2-threads");
  assert.equal([finding?.verdict, finding?.detail], ["race", "data, with thread 0"]);
  const [first, second] = steps(trace, /exchange/);
  assert.match(first!, /^thread 0: exchange once, 1: 0 → 1, read data → 0/);
  assert.is(second, "thread 1: exchange once, 1 → 1, read data → 1");
});

test("control: a mutex whose owner is cleared behind the unlock refuses its next owner's", () => {
  const impl = replaceable("late", { Mutex: { ...ours.Mutex, ...LateMutex } }, replaceAtomics);
  const { finding, trace } = find("mutex-2-threads-2-rounds", impl);
  assert.equal([finding?.verdict, finding?.detail], ["error", "PermissionError: not the owner"]);
  assert.equal(
    steps(trace, /\[1\]/).slice(-3),
    [
      "locker 1: store lock[1], 2, read data → 2, write data, 3: 2 → 3",
      "locker 0: store lock[1], 0, read held[0] → 1, write held[0], 2: 1 → 2",
      "locker 1: load lock[1] → 0",
    ],
    table(trace),
  );
});

test("what is found is made short, and is still found in as few steps", () => {
  const proof = syncProofs(KNOWN_BAD).find(({ name }) => name === "condition-2-signals")!;
  const plan = { depth: undefined, mostStates: 1e6, runs: 0, seed: 1 };
  const { verdict, finding } = prove(proof.make, proof, plan, () => false);
  assert.is(verdict, "deadlock");
  const trace = traceOf(finding!, proof);
  assert.is(trace.at(-1)?.operation, "wait cond[0], 0: sleeps", table(trace));
  assert.ok(trace.length <= checkProof(proof).trace.length);
});

// --- other implementations -----------------------------------------------------------

test("another implementation is checked through the global Atomics, which stay as they are", async () => {
  const natives = { ...Object.getOwnPropertyDescriptors(Atomics), now: Date.now };
  const impl = await loadImpl(fileURLToPath(new URL("./stand-in.js", import.meta.url)));
  const verdicts = new Map<string, string | undefined>();
  for (const { proof, finding } of checkSync(impl)) verdicts.set(proof.name, finding?.verdict);
  assert.equal({ ...Object.getOwnPropertyDescriptors(Atomics), now: Date.now }, natives);
  assert.is(verdicts.has("spinlock-3-threads"), false, "it has no SpinLock");
  const failing = [...verdicts].filter(([, verdict]) => verdict !== undefined);
  assert.equal(
    failing
      .map(([name]) => name)
      .filter((name) => /^(mutex|semaphore-(timed|try|excl))/.test(name)),
    [],
  );
  assert.equal(
    Object.fromEntries(failing.map(([name, verdict]) => [name.split("-")[0], verdict])),
    { semaphore: "deadlock", condition: "deadlock", barrier: "deadlock", once: "assertion" },
  );
});

test("an implementation that is not installed is an error that says how to install it", async () => {
  const { message } = await assert.rejects(loadImpl("ringfold-no-such-package"), "ERR_OPTION");
  assert.match(message, /npm install ringfold-no-such-package/);
  assert.match((await assert.rejects(loadImpl("./no-such.js"), "ERR_OPTION")).message, /no-such/);
  const { message: none } = await assert.rejects(loadImpl("node:path"), "ERR_OPTION");
  assert.match(none, /exports none of Mutex/);
});

test("ours goes by its name", async () => {
  assert.is(await loadImpl("ringfold/sync"), OURS);
});
