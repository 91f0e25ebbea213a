// Real threads, one shared operation at a time: the interleavings that lose wake-ups, on ours and on
// the controls of known-bad.ts; then schedules at random. `ringfold check` tries all of them.

import { assert, seeded, test } from "../harness.js";
import { ASLEEP, DONE, READY, Steps } from "./steps.js";
import { DATA, prepareBarrier, SEM } from "./steps-programs.js";

async function drive(
  program: string,
  threads: number,
  drill: (steps: Steps) => void,
  prepare?: (memory: SharedArrayBuffer) => void,
) {
  const steps = await Steps.start(program, threads, prepare);
  try {
    drill(steps);
  } finally {
    await steps.close();
  }
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
/** The words of programs that they count in. */
const value = DATA / 4;
const permits = SEM / 4;

const WAITER = 0;
const SIGNALLER = 1;

/** A signal between the waiter's unlock and its sleep. */
function signalBetween(steps: Steps): void {
  steps.until(WAITER, "wait");
  steps.run(SIGNALLER);
  assert.is(steps.status(SIGNALLER), DONE);
  steps.run(WAITER);
}

test("a signal between unlock and sleep ends the wait", () =>
  drive("condition", 2, (steps) => {
    signalBetween(steps);
    assert.ok(steps.areDone());
  }));

test("control: a condition that sleeps on a word no one changes sleeps through that signal", () =>
  drive("condition still", 2, (steps) => {
    signalBetween(steps);
    assert.is(steps.status(WAITER), ASLEEP);
    assert.equal(steps.ready(), [], "nobody is left to wake it");
    assert.is(new Int32Array(steps.memory)[value], 1, "and there is an item for it");
  }));

/** Two sleepers, two posts before either of them has run. */
function postTwice(steps: Steps): void {
  steps.run(0);
  steps.run(1);
  assert.equal([steps.status(0), steps.status(1)], [ASLEEP, ASLEEP]);
  steps.run(2);
  steps.run(0);
  if (steps.status(1) === READY) steps.run(1);
}

test("two posts wake two sleepers, though the second does not start from 0", () =>
  drive("semaphore", 3, (steps) => {
    postTwice(steps);
    assert.ok(steps.areDone());
    assert.is(new Int32Array(steps.memory)[permits], 0);
  }));

test("control: a semaphore that notifies on 0 → 1 leaves one asleep beside a permit", () =>
  drive("semaphore edge", 3, (steps) => {
    postTwice(steps);
    assert.equal([steps.status(0), steps.status(1), steps.status(2)], [DONE, ASLEEP, DONE]);
    assert.is(new Int32Array(steps.memory)[permits], 1);
  }));

/** The second comes while the first is inside the function. */
function comeSecond(steps: Steps): void {
  // Nothing but the function stores before its end.
  steps.until(0, "store");
  steps.run(1);
}

test("a second caller of execute waits for the first one's function", () =>
  drive("once", 2, (steps) => {
    comeSecond(steps);
    assert.is(steps.status(1), ASLEEP);
    steps.run(0);
    steps.run(1);
    assert.equal([steps.result(0), steps.result(1)], [1, 1]);
  }));

test("control: a once that is marked first lets the second caller go before the function has run", () =>
  drive("once early", 2, (steps) => {
    comeSecond(steps);
    assert.is(steps.status(1), DONE);
    assert.is(steps.result(1), 0, "it saw what the function had not written yet");
  }));

test("a locker that was woken, was overtaken and gives up leaves the next one its wake-up", () =>
  drive("mutex timed", 4, (steps) => {
    const [holder, timed, third, overtaker] = [0, 1, 2, 3];
    steps.until(holder, "store"); // It holds the mutex.
    steps.run(timed);
    steps.run(third);
    steps.run(holder);
    assert.is(steps.status(timed), READY, "the first in the list was woken");
    steps.until(overtaker, "store");
    steps.run(timed);
    assert.is(steps.status(timed), ASLEEP);
    steps.expire(timed);
    steps.run(timed);
    assert.is(steps.result(timed), 0);
    assert.is(steps.status(third), ASLEEP);
    steps.run(overtaker);
    steps.run(third);
    assert.ok(steps.areDone());
  }));

test("a signal goes to who still waits, not to who gave up", () =>
  drive("condition timed", 3, (steps) => {
    const [timed, waiter, signaller] = [0, 1, 2];
    steps.run(timed);
    steps.run(waiter);
    assert.equal([steps.status(timed), steps.status(waiter)], [ASLEEP, ASLEEP]);
    steps.expire(timed);
    steps.run(signaller);
    steps.run(timed);
    steps.run(waiter);
    assert.ok(steps.areDone());
    assert.is(steps.result(timed), 0);
    assert.is(new Int32Array(steps.memory)[value], 0, "the waiter took the item");
  }));

test("two rounds of a barrier that end out of order let all go", () =>
  drive(
    "barrier crowd",
    4,
    (steps) => {
      const lastOfFirst = 1;
      steps.run(0);
      steps.until(lastOfFirst, "add"); // Its arrival …
      steps.step(lastOfFirst);
      steps.until(lastOfFirst, "add"); // … and the generation.
      for (const thread of [2, 3, 0, lastOfFirst, 0, 2]) steps.run(thread);
      assert.ok(steps.areDone());
      const last = [0, 1, 2, 3].map((thread) => steps.result(thread));
      assert.equal(last, [0, 1, 0, 1]);
    },
    prepareBarrier,
  ));

/** A schedule at random: whoever can go on, and who sleeps with a time may find it over. */
function wander(steps: Steps, random: ReturnType<typeof seeded>, timed: readonly number[]): string {
  const path: number[] = [];
  while (!steps.areDone()) {
    const sleepers = timed.filter((thread) => steps.status(thread) === ASLEEP);
    const ready = steps.ready();
    if (sleepers.length > 0 && (ready.length === 0 || random.int(16) === 0)) {
      steps.expire(random.pick(sleepers));
      continue;
    }
    if (ready.length === 0) return `all asleep after ${path.join(" ")}`;
    const thread = random.pick(ready);
    path.push(thread);
    steps.step(thread);
  }
  return "";
}

interface Case {
  readonly threads: number;
  readonly timed?: readonly number[];
  readonly prepare?: typeof prepareBarrier;
  readonly isRight: (results: readonly number[], memory: Int32Array) => boolean;
}

const cases: { [program: string]: Case } = {
  mutex: { threads: 3, isRight: (_, memory) => memory[value] === 3 },
  "mutex timed": {
    threads: 4,
    timed: [1],
    isRight: (results, memory) => memory[value] === sum(results),
  },
  spinlock: { threads: 2, isRight: (_, memory) => memory[value] === 2 },
  "condition many": { threads: 4, isRight: (_, memory) => memory[value] === 0 },
  semaphore: { threads: 3, isRight: (_, memory) => memory[permits] === 0 },
  "semaphore timed": {
    threads: 3,
    timed: [0],
    isRight: (_, memory) => memory[permits] === 0,
  },
  once: { threads: 3, isRight: (results) => results.every((result) => result === 1) },
  "once throws": {
    threads: 3,
    isRight: (results, memory) =>
      memory[value] === 1 && results.filter((result) => result === -1).length === 1,
  },
  barrier: { threads: 2, prepare: prepareBarrier, isRight: (results) => sum(results) === 3 },
  "barrier crowd": {
    threads: 4,
    prepare: prepareBarrier,
    isRight: (results) => sum(results) === 2,
  },
};

for (const [program, { threads, timed = [], prepare, isRight }] of Object.entries(cases)) {
  const wanderOften = (steps: Steps) => {
    const random = seeded(`steps ${program}`);
    for (let i = 0; i < 60; i++) {
      if (i > 0) steps.restart();
      assert.is(wander(steps, random, timed), "");
      const results = Array.from({ length: threads }, (_, thread) => steps.result(thread));
      const memory = new Int32Array(steps.memory);
      assert.ok(isRight(results, memory), `results ${results}, memory ${memory}`);
    }
  };
  test(`${program}: 60 schedules at random end, and end right`, () =>
    drive(program, threads, wanderOften, prepare));
}
