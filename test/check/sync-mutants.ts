// Defects of src/sync, one at a time, as changes of text to a copy of what was compiled; and whether
// the checker finds them. For `npm run mutants` as well.

import { checkProof, type SyncResult, syncProofs } from "../../src/check/sync.js";
import { loadCopy } from "../../src/check/sync-copy.js";
import type { Implementation } from "../../src/check/sync-impl.js";

type Change = readonly [from: string, to: string];

export interface Kill {
  /** What was broken: deadlock, race, assertion … */
  readonly verdict: string;
  readonly proof: string;
  readonly milliseconds: number;
  /** Of all that were explored until it was found. */
  readonly states: number;
}

export interface SyncMutant {
  readonly name: string;
  /** As a sentence. */
  readonly broken: string;
  /** Undefined: it survived all quick proofs. */
  kill(): Promise<Kill | undefined>;
}

/** The result in which a defect of an implementation shows; undefined if there is none. */
export function firstFinding(impl: Implementation, about = ""): SyncResult | undefined {
  let states = 0;
  let milliseconds = 0;
  for (const proof of syncProofs(impl)) {
    if (!proof.quick || !proof.name.startsWith(about)) continue;
    const result = checkProof(proof);
    states += result.states;
    milliseconds += result.milliseconds;
    if (result.finding !== undefined) return { ...result, states, milliseconds };
  }
  return undefined;
}

/** The same in short. */
export function firstKill(impl: Implementation, about = ""): Kill | undefined {
  const found = firstFinding(impl, about);
  if (found?.finding === undefined) return undefined;
  const { finding, proof, states, milliseconds } = found;
  return { verdict: finding.verdict, proof: proof.name, states, milliseconds };
}

type Name = "mutex" | "spinlock" | "semaphore" | "condition" | "barrier" | "once";

/** `name` begins with the primitive's, and -async if only asynchronous functions show it. */
function mutant(name: string, broken: string, ...changes: Change[]): SyncMutant {
  const [primitive, kind] = name.split("-") as [Name, string];
  const file = `${primitive}.js`;
  const about = kind === "async" ? `${primitive}-async` : primitive;
  const kill = async () => {
    const impl = await loadCopy(
      name,
      changes.map(([from, to]) => ({ file, from, to })),
    );
    return firstKill(impl, about);
  };
  return { name, broken, kill };
}

export const SYNC_MUTANTS: readonly SyncMutant[] = [
  mutant("mutex-no-notify", "unlock wakes nobody", ["    atomics.notify(mutex, STATE, 1);\n", ""]),
  mutant(
    "mutex-waits-in-1",
    "a waiter stores 1 and not 2, so unlock takes the mutex for uncontended",
    ["exchange(mutex, STATE, CONTENDED) !== FREE", "exchange(mutex, STATE, LOCKED) !== FREE"],
    ["wait(mutex, STATE, CONTENDED, left)", "wait(mutex, STATE, LOCKED, left)"],
  ),
  mutant("mutex-wakes-to-1", "who was woken takes the mutex as if nobody else waited", [
    '=== "timed-out")\n                return false;\n',
    '=== "timed-out")\n                return false;\n' +
      "            if (atomics.compareExchange(mutex, STATE, FREE, LOCKED) === FREE) break;\n",
  ]),
  mutant("mutex-try-takes-all", "tryLock does not ask whether the mutex is free", [
    "!== FREE)\n        return false;\n    enter",
    "!== FREE)\n        ;\n    enter",
  ]),
  mutant("mutex-late-owner", "unlock clears the owner after it gave the mutex away", [
    "    leave(mutex);\n    if (atomics.exchange(mutex, STATE, FREE) !== CONTENDED)\n",
    "    const before = atomics.exchange(mutex, STATE, FREE);\n    leave(mutex);\n" +
      "    if (before !== CONTENDED)\n",
  ]),
  mutant("mutex-time-locks", "timedLock says true when its time is over", [
    '=== "timed-out")\n                return false;',
    '=== "timed-out")\n                return true;',
  ]),
  mutant("mutex-load-store", "lock loads and then stores, in two steps", [
    "if (atomics.compareExchange(mutex, STATE, FREE, LOCKED) !== FREE) {\n        requireBlocking",
    "if (atomics.load(mutex, STATE) === FREE) atomics.store(mutex, STATE, LOCKED);\n" +
      "    else {\n        requireBlocking",
  ]),
  mutant("spinlock-load-store", "lock loads and then stores, in two steps", [
    "while (atomics.exchange(lock, STATE, HELD) !== FREE) {\n",
    "while (atomics.load(lock, STATE) !== FREE || atomics.store(lock, STATE, HELD) !== HELD) {\n",
  ]),
  mutant("spinlock-kept", "unlock does not free the lock", [
    "    atomics.store(lock, STATE, FREE);\n",
    "",
  ]),
  mutant("semaphore-edge", "post notifies on 0 → 1 only", [
    "    atomics.notify(sem, VALUE, 1);\n",
    "    if (value === 0) atomics.notify(sem, VALUE, 1);\n",
  ]),
  mutant(
    "semaphore-early-notify",
    "post notifies before it adds",
    [
      "    while (true) {\n        if (value === INT32_MAX_VALUE) {",
      "    atomics.notify(sem, VALUE, 1);\n" +
        "    while (true) {\n        if (value === INT32_MAX_VALUE) {",
    ],
    [
      "        value = found;\n    }\n    atomics.notify(sem, VALUE, 1);\n",
      "        value = found;\n    }\n",
    ],
  ),
  mutant("semaphore-no-recheck", "who was woken takes a permit without a look", [
    '=== "timed-out")\n            return false;\n',
    '=== "timed-out")\n            return false;\n' +
      "        atomics.add(sem, VALUE, -1);\n        return true;\n",
  ]),
  mutant("semaphore-load-store", "a permit is taken by a load and a store", [
    "if (atomics.compareExchange(sem, VALUE, value, value - 1) === value)",
    "if (atomics.store(sem, VALUE, value - 1) === value - 1)",
  ]),
  mutant("semaphore-plain-post", "post loads and then stores, in two steps", [
    "const found = atomics.compareExchange(sem, VALUE, value, value + 1);",
    "atomics.store(sem, VALUE, value + 1);\n        const found = value;",
  ]),
  mutant("condition-still", "a signal does not move the sequence", [
    "    atomics.add(cond, SEQUENCE, 1);\n",
    "",
  ]),
  mutant("condition-late-read", "the sequence is read after the mutex was given back", [
    "    const sequence = atomics.load(cond, SEQUENCE);\n    unlock(mutex, threadId);\n",
    "    unlock(mutex, threadId);\n    const sequence = atomics.load(cond, SEQUENCE);\n",
  ]),
  mutant("condition-late-bump", "a signal notifies, then moves the sequence", [
    "    atomics.add(cond, SEQUENCE, 1);\n    atomics.notify(cond, SEQUENCE, count);\n",
    "    atomics.notify(cond, SEQUENCE, count);\n    atomics.add(cond, SEQUENCE, 1);\n",
  ]),
  mutant("condition-broadcast-one", "a broadcast wakes one", [
    "wake(cond, Infinity)",
    "wake(cond, 1)",
  ]),
  mutant("condition-no-lock", "wait returns without the mutex", [
    "    lock(mutex, threadId);\n    return why",
    "    return why",
  ]),
  mutant("barrier-still", "the last to arrive does not move the generation", [
    "    atomics.add(barrier, GENERATION, 1n);\n",
    "",
  ]),
  mutant("barrier-one-round", "arrivals of a second round count as those of the first", [
    "    const round = ticket / count;\n",
    "    const round = 0n;\n",
  ]),
  mutant("barrier-stores", "the generation is stored and not added to", [
    "    atomics.add(barrier, GENERATION, 1n);\n",
    "    atomics.store(barrier, GENERATION, round + 1n);\n",
  ]),
  mutant("barrier-wakes-one", "the last to arrive wakes one", [
    "    atomics.notify(barrier, GENERATION);\n    return undefined",
    "    atomics.notify(barrier, GENERATION, 1);\n    return undefined",
  ]),
  mutant("barrier-no-recheck", "who was woken leaves without a look", [
    "        atomics.wait(barrier, GENERATION, generation);\n",
    "        if (atomics.wait(barrier, GENERATION, generation) === 'ok') return false;\n",
  ]),
  mutant("once-early", "says done before the function has run", [
    "function run(once, fn) {\n    let state = NEW;\n",
    "function run(once, fn) {\n    let state = NEW;\n    atomics.store(once, STATE, DONE);\n",
  ]),
  mutant("once-stuck", "stays under way after the function threw", [
    "function run(once, fn) {\n    let state = NEW;\n",
    "function run(once, fn) {\n    let state = RUNNING;\n",
  ]),
  mutant("once-throw-counts", "a function that threw counts as run", [
    "function run(once, fn) {\n    let state = NEW;\n",
    "function run(once, fn) {\n    let state = DONE;\n",
  ]),
  mutant("once-no-notify", "those who wait for the function are not woken", [
    "    atomics.notify(once, STATE);\n",
    "",
  ]),
  mutant("once-load-store", "who runs it is settled by a load and a store", [
    "return atomics.compareExchange(once, STATE, NEW, RUNNING) === NEW;",
    "return atomics.load(once, STATE) === NEW && atomics.store(once, STATE, RUNNING) === RUNNING;",
  ]),
  mutant("mutex-async-no-notify", "unlock does not notify asynchronous waiters", [
    "    atomics.notify(mutex, OWNER);\n",
    "",
  ]),
  mutant("mutex-async-late-list", "lockAsync looks and then lists itself", [
    "const wakeUp = enlist(mutex, OWNER);\n            if (atomics.exchange(mutex, STATE, CONTENDED) === FREE)\n                break;\n",
    "if (atomics.exchange(mutex, STATE, CONTENDED) === FREE)\n                break;\n            const wakeUp = enlist(mutex, OWNER);\n",
  ]),
  mutant("semaphore-async-no-notify", "post does not notify asynchronous waiters", [
    "    atomics.notify(sem, ASYNC);\n",
    "",
  ]),
  mutant("semaphore-async-no-look", "waitAsync does not look again once it is listed", [
    "        if (take(sem))\n            break;\n",
    "",
  ]),
  mutant("condition-async-no-notify", "a signal does not notify asynchronous waiters", [
    "    atomics.notify(cond, ASYNC);\n",
    "",
  ]),
  mutant("condition-async-late-list", "waitAsync gives the mutex back and then lists itself", [
    "    const wakeUp = turn === undefined ? enlist(cond, ASYNC) : undefined;\n    unlock(mutex, threadId);\n",
    "    unlock(mutex, threadId);\n    const wakeUp = turn === undefined ? enlist(cond, ASYNC) : undefined;\n",
  ]),
  mutant(
    "condition-async-late-seen",
    "waitAsync reads the sequence after the mutex was given back",
    [
      "    if (line.isEmpty)\n        line.seen = atomics.load(cond, SEQUENCE);\n    const { turn, leave } = line.join();\n    const wakeUp = turn === undefined ? enlist(cond, ASYNC) : undefined;\n    unlock(mutex, threadId);\n",
      "    const { turn, leave } = line.join();\n    const wakeUp = turn === undefined ? enlist(cond, ASYNC) : undefined;\n    unlock(mutex, threadId);\n    line.seen = atomics.load(cond, SEQUENCE);\n",
    ],
  ),
  mutant("condition-async-no-look", "waitAsync does not look again once it is listed anew", [
    "        if (isTold(cond, line, broadcasts))\n            break;\n",
    "",
  ]),
  mutant("condition-async-broadcast-still", "a broadcast tells asynchronous waiters nothing", [
    "        atomics.add(cond, ASYNC, 1);\n",
    "",
  ]),
  mutant("once-async-stuck", "executeAsync leaves it under way after the function threw", [
    "async function runAsync(once, fn) {\n    let state = NEW;\n",
    "async function runAsync(once, fn) {\n    let state = RUNNING;\n",
  ]),
];
