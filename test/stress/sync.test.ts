// The `sync` scenario: ours passes, in every form; protocols that are known to be bad are found, by
// what they do wrong; and each outcome that is judged can be wrong.

import { fileURLToPath } from "node:url";
import type { Primitives } from "../../src/primitives.js";
import { Random } from "../../src/stress/random.js";
import { type Outcome, runScenario } from "../../src/stress/runner.js";
import type { Modules } from "../../src/stress/scenario.js";
import { sync } from "../../src/stress/sync.js";
import type { Shape } from "../../src/stress/sync-board.js";
import { PROGRAMS, programOf } from "../../src/stress/sync-programs.js";
import * as ours from "../../src/sync/index.js";
import { assert, seeded, test } from "../harness.js";
import { NOTHING_CHOSEN } from "./settings.js";

function run(
  chosen: { seed: number; impl?: string; threads?: number; duration?: number },
  signal = new AbortController().signal,
): Promise<Outcome> {
  // It runs no core.
  const settings = { duration: 1500, ...NOTHING_CHOSEN, ...chosen, modules: {} as Modules };
  return runScenario(sync, settings, signal);
}

const total = (rows: readonly (readonly (string | number)[])[] = [], column = 0) =>
  rows.reduce((sum, row) => sum + Number(row[column]), 0);

test("ours passes every program, and tells what was called", async () => {
  const { error, violations, summary, samples } = await run({ seed: seeded("sync").u32() });
  assert.is(error, undefined);
  assert.equal(violations, []);
  const [rounds, , calls] = summary?.tables ?? [];
  assert.ok(total(rounds?.rows, 3) > 0);
  assert.is(total(rounds?.rows, 3), summary?.operations);
  assert.is(total(calls?.rows, 1), summary?.operations);
  assert.is(samples.at(-1)?.operations, summary?.operations);
});

/** Ten times as long as it has ever taken, for a day on which all takes ten times as long. */
async function find(name: string, seed: number) {
  const impl = fileURLToPath(new URL(`sync-bad/${name}.js`, import.meta.url));
  const { error, violations, summary } = await run({ seed, impl, duration: 30_000 });
  assert.is(error, undefined);
  assert.is(violations.length, 1, `seed ${seed}: found once`);
  assert.match(String(summary?.figures["it lacks"]), "Mutex.lockAsync");
  const [{ rule, detail, replay }] = violations as [Outcome["violations"][number]];
  assert.ok(Number(replay?.threads) >= 2);
  return { rule, detail };
}

for (const [name, call] of [
  ["condition", /in Condition\.(wait|timedWait), after \d+ steps/],
  ["semaphore", /in Semaphore\.(wait|timedWait), after \d+ steps/],
] as const) {
  test(
    `control: a ${name} that loses wake-ups is found by that, whatever the seed`,
    async () => {
      const random = seeded(`bad ${name}`);
      const found = await Promise.all([1, 2, 3].map(() => find(name, random.u32())));
      for (const { rule, detail } of found) {
        assert.is(rule, "no wake-up is lost", detail);
        assert.match(detail, call);
        assert.match(detail, "woken by hand it went on");
      }
    },
    { deadline: 120_000 },
  );
}

test(
  "control: a once that says done too early is found, or wakes nobody; a mutex with a late owner",
  async () => {
    const random = seeded("bad others");
    const [once, quiet, mutex] = await Promise.all(
      ["once", "quiet-once", "mutex"].map((name) => find(name, random.u32())),
    );
    assert.match(once?.rule as string, "nobody returns before it has run");
    assert.is(quiet?.rule, "no wake-up is lost");
    assert.match(mutex?.detail as string, /PermissionError|DeadlockError/);
  },
  { deadline: 120_000 },
);

/** What a program's judge says when nobody has done anything but `tamper`. */
function judged(name: string, tamper: (shared: never) => void, done: (shared: never) => void) {
  const program = programOf(name);
  const shape: Shape = { parties: 4, turns: 3, seed: 1, pace: 0, noise: 0, isTimed: false };
  const primitives = ours as Primitives;
  const fresh = () => program.setup(primitives, shape, new Random(1), true);
  const right = fresh();
  done(right as never);
  program.judge(right, shape, primitives);
  const wrong = fresh();
  done(wrong as never);
  tamper(wrong as never);
  let message = "";
  try {
    program.judge(wrong, shape, primitives);
  } catch (error) {
    message = (error as Error).message;
  }
  return message;
}

// biome-ignore lint/suspicious/noExplicitAny: what programs share, each its own
type Any = any;

test("each outcome that is judged can be wrong", () => {
  const nothing = () => {};
  const post = ({ sync }: Any) => ours.Semaphore.post(sync.sem);
  const locked = ({ data }: Any) => data.held.fill(12, 0, 1);
  for (const name of ["mutex", "spin lock"]) {
    const message = judged(name, ({ data }: Any) => data.held[0]--, locked);
    assert.match(message, "of 12 additions under the lock 1 were lost");
  }
  for (const name of ["semaphore, permits", "semaphore, bursts", "semaphore, posts"]) {
    assert.match(judged(name, post, nothing), "no post is lost, and none is made");
  }
  const second = ({ sync }: Any) => ours.Semaphore.post(sync.sems[2]);
  assert.match(judged("semaphore, ball", second, nothing), "there are 1 0 1 0");
  const taken = ({ data }: Any) => data.seen.fill(1);
  const untaken = ({ data }: Any) => data.seen.fill(0, 4, 5);
  assert.match(judged("condition, buffer", untaken, taken), "item 4 was taken by nobody");
  const met = ({ data }: Any) => data.lasts.fill(1) && data.tells.fill(1);
  const twice = ({ data }: Any) => data.lasts.fill(2, 1, 2);
  assert.match(judged("barrier", twice, met), "in round 2 of the barrier 2 were");
  const crowded = ({ data }: Any) => data.state.set([0, Math.ceil(12 / data.count), 1]);
  assert.match(
    judged("barrier, crowd", ({ data }: Any) => data.state[1]++, crowded),
    "exactly one is last",
  );
  const made = ({ data }: Any) => {
    for (const [i, n] of data.throws.entries()) data.made[2 * i] = n + 1;
  };
  assert.match(
    judged("once", ({ data }: Any) => data.made[2]++, made),
    "once 1 ran",
  );
  assert.is(new Set(PROGRAMS.map(({ name }) => name)).size, PROGRAMS.length);
});

test("it ends when it is aborted, and takes 2 threads or more", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const { violations, error, interrupted } = await run(
    { seed: 1, duration: 600_000 },
    controller.signal,
  );
  assert.equal([violations, error, interrupted], [[], undefined, true]);
  const { error: few } = await run({ seed: 1, threads: 1 });
  assert.match(String(few), "threads must be an integer from 2 to 64 in sync, not 1");
  const { error: none } = await run({ seed: 1, impl: "ringfold-no-such-package" });
  assert.match(String(none), "npm install ringfold-no-such-package");
});
