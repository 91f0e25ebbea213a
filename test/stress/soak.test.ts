// The `soak` scenario: takes turns with all others, hands on what they find, and notices memory and
// threads that grow from turn to turn.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { MODULES, SCENARIO_NAMES } from "../../src/stress/index.js";
import { growth, type Holding, LEAST_TURNS } from "../../src/stress/memory.js";
import { type Outcome, runScenario } from "../../src/stress/runner.js";
import type { Run, Scenario, Summary } from "../../src/stress/scenario.js";
import { soak, soakOf } from "../../src/stress/soak.js";
import { assert, seeded, test } from "../harness.js";
import { NOTHING_CHOSEN } from "./settings.js";

const SEED = seeded("soak").u32();

function run(
  scenario: Scenario,
  duration: number,
  signal = new AbortController().signal,
): Promise<Outcome> {
  const settings = {
    seed: SEED,
    duration,
    ...NOTHING_CHOSEN,
    modules: MODULES,
  };
  return runScenario(scenario, settings, signal);
}

const DONE: Summary = { operations: 1, figures: {}, tables: [] };

function fake(name: string, body: (run: Run) => void | Promise<void>): Scenario {
  return {
    name,
    describe: "",
    asserts: "",
    unit: "turns",
    takes: [],
    run: async (run) => {
      await body(run);
      return DONE;
    },
  };
}

const of = (...scenarios: Scenario[]) => soakOf(() => Promise.resolve(scenarios));

/** A scenario that asks for an end after so many turns, and what has to be aborted for it. */
function ending(turns: number): { scenario: Scenario; signal: AbortSignal } {
  const controller = new AbortController();
  let rest = turns;
  const scenario = fake("counts", () => {
    if (--rest === 0) controller.abort();
  });
  return { scenario, signal: controller.signal };
}

test("the real scenarios have their turns, and none finds anything", async () => {
  const outcome = await run(soak, 2000);
  assert.is(outcome.error, undefined);
  assert.equal(outcome.violations, []);
  const rows = outcome.summary?.tables[0]?.rows ?? [];
  assert.equal(
    rows.map(([name]) => name),
    SCENARIO_NAMES.filter((name) => name !== "soak"),
  );
  // As many as there was time for, in order; each of them did something.
  const runs = rows.map(([, n]) => n as number);
  assert.ok((runs[0] as number) >= 1);
  assert.ok(runs.every((n, k) => k === 0 || n <= (runs[k - 1] as number)));
  assert.ok(rows.every(([, n, , operations]) => n === 0 || (operations as number) > 0));
});

test("scenarios take turns in order, each time with another seed, and the same ones again", async () => {
  const play = async () => {
    const seen: [string, number, number][] = [];
    const note = (name: string) =>
      fake(name, ({ settings, random }) => {
        seen.push([name, settings.seed, random.u32()]);
      });
    const { scenario, signal } = ending(4);
    await run(of(note("a"), note("b"), scenario), 60_000, signal);
    return seen;
  };
  const seen = await play();
  assert.is(seen.map(([name]) => name).join(""), "abababab");
  assert.is(new Set(seen.map(([, seed]) => seed)).size, 8);
  assert.equal(await play(), seen);
});

test("what a scenario finds ends the run, with the command that runs it alone", async () => {
  let after = 0;
  const finds = fake("finds", ({ settings, violation }) =>
    violation({ rule: "it holds", detail: `seed ${settings.seed}`, replay: { threads: 3 } }),
  );
  const outcome = await run(
    of(
      finds,
      fake("never", () => {
        after++;
      }),
    ),
    60_000,
  );
  const [violation] = outcome.violations;
  assert.is(violation?.rule, "finds: it holds");
  const [, seed, again] =
    /^seed (\d+)\nalone: ringfold stress finds --seed (\d+) --duration \d+ms --threads 3$/.exec(
      violation?.detail as string,
    ) ?? [];
  assert.ok(seed !== undefined);
  assert.is(again, seed);
  assert.is(after, 0);
  assert.is(outcome.violationCount, 1);
});

/** A run of exactly so many turns, whatever the machine does: its clock jumps to the end. */
async function turns(n: number, leak: () => void | Promise<void>): Promise<Outcome> {
  const { now } = performance;
  const duration = 1e9;
  let rest = n;
  const leaks = fake("leaks", async () => {
    await leak();
    if (rest-- === 0) performance.now = () => now.call(performance) + duration;
  });
  try {
    return await run(of(leaks), duration);
  } finally {
    performance.now = now;
  }
}

test("a scenario that keeps buffers, objects, threads and timers is noticed, each by its name", async () => {
  const kept: unknown[] = [];
  const threads: Worker[] = [];
  const timers: NodeJS.Timeout[] = [];
  const outcome = await turns(9, async () => {
    kept.push(new Uint8Array(6 * 2 ** 20).fill(1));
    kept.push(Array.from({ length: 50_000 }, (_, i) => ({ i, a: [i] })));
    timers.push(setInterval(() => {}, 100_000));
    const thread = new Worker("setInterval(() => {}, 1000)", { eval: true });
    threads.push(thread);
    await once(thread, "online");
  });
  for (const timer of timers) clearInterval(timer);
  await Promise.all(threads.map((thread) => thread.terminate()));
  assert.is(outcome.error, undefined);
  assert.is(outcome.summary?.figures["whole turns"], 9);
  assert.is(outcome.violationCount, 1);
  const [violation] = outcome.violations;
  assert.is(violation?.rule, "memory, resources and threads do not grow");
  for (const name of ["arrayBuffers", "heapUsed", "threads", "resources"]) {
    assert.match(violation?.detail as string, new RegExp(`^${name}: .* in the last; `, "m"));
  }
  assert.ok(kept.length > 0);
});

test("a scenario that gives back what it takes is not", async () => {
  const outcome = await turns(9, async () => {
    const much = Array.from({ length: 100_000 }, (_, i) => new Float64Array([i]));
    const thread = new Worker("0", { eval: true });
    await once(thread, "exit");
    assert.is(much.length, 100_000);
  });
  assert.is(outcome.error, undefined);
  assert.is(outcome.summary?.figures["whole turns"], 9);
  assert.equal(outcome.violations, []);
});

test("what is loaded once, or breathes, is no growth", () => {
  const MIB = 2 ** 20;
  const at = (heap: number, threads = 9): Holding => ({
    rss: 300 * MIB,
    external: 10 * MIB,
    arrayBuffers: 10 * MIB,
    heapUsed: heap * MIB,
    resources: 3,
    threads,
  });
  const turns = (n: number, heap: (turn: number) => number) =>
    Array.from({ length: n }, (_, turn) => at(heap(turn)));
  assert.equal(growth(turns(30, (turn) => (turn === 0 ? 10 : 50))), []);
  assert.equal(growth(turns(30, (turn) => 50 + (turn % 5))), []);
  assert.equal(growth(turns(30, (turn) => (turn === 29 ? 500 : 50))), []);
  assert.is(growth(turns(30, (turn) => 50 + turn)).length, 1);
  // As much a turn, in too few turns to tell.
  assert.equal(growth(turns(LEAST_TURNS, (turn) => 50 + 10 * turn)), []);
  // Threads have no noise.
  const more = turns(30, () => 50).map((turn, i) => ({ ...turn, threads: i < 20 ? 9 : 10 }));
  assert.is(growth(more).length, 1);
  const unknown = more.map((turn) => ({ ...turn, threads: undefined }));
  assert.equal(growth(unknown), []);
});
