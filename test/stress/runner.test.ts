// What the runner keeps of a run: with scenarios that do nothing but tell.

import { Random } from "../../src/stress/random.js";
import {
  MOST_EVENTS,
  MOST_SAMPLES,
  MOST_VIOLATIONS,
  runScenario,
} from "../../src/stress/runner.js";
import type { Modules, Run, Scenario, Settings, Summary } from "../../src/stress/scenario.js";
import { assert, test } from "../harness.js";
import { NOTHING_CHOSEN } from "./settings.js";

const SETTINGS: Settings = {
  seed: 7,
  duration: 10,
  ...NOTHING_CHOSEN,
  consumers: 2,
  // These scenarios run no core.
  modules: {} as Modules,
};

const SUMMARY: Summary = { operations: 5, figures: { a: 1 }, tables: [] };

const scenario = (body: (run: Run) => void): Scenario => ({
  name: "told",
  describe: "tells",
  asserts: "nothing",
  unit: "words",
  takes: ["consumers"],
  run: async (run) => {
    body(run);
    return SUMMARY;
  },
});

const never = (): AbortSignal => new AbortController().signal;

test("what is told is kept with its time, and passed on as it comes", async () => {
  const heard: string[] = [];
  const outcome = await runScenario(
    scenario((run) => {
      run.sample({ phase: "one", operations: 1, p50: 2 });
      run.event({ kind: "death", text: "d" });
      run.sample({ phase: "two", operations: 3 });
      run.event({ kind: "recovery", text: "r", took: 4 });
      run.violation({ rule: "rule", detail: "detail" });
    }),
    SETTINGS,
    never(),
    {
      sample: ({ phase }) => heard.push(phase),
      event: ({ kind }) => heard.push(kind),
      violation: ({ rule }) => heard.push(rule),
    },
  );
  assert.equal(heard, ["one", "death", "two", "recovery", "rule"]);
  const { samples, events, violations, deaths, recoveries, phases, took, settings } = outcome;
  assert.equal(
    samples.map(({ phase, operations, p50 }) => [phase, operations, p50]),
    [
      ["one", 1, 2],
      ["two", 3, undefined],
    ],
  );
  const times = [...samples, ...events, ...violations].map(({ at }) => at);
  for (const at of times) assert.ok(at >= 0 && at <= took);
  assert.equal([deaths, recoveries, violations[0]?.phase], [1, 1, "two"]);
  assert.equal(
    phases.map(({ name }) => name),
    ["one", "two"],
  );
  assert.equal([outcome.summary, outcome.error, outcome.interrupted], [SUMMARY, undefined, false]);
  assert.equal([settings.seed, settings.consumers, "modules" in settings], [7, 2, false]);
});

test("the random numbers are those of the seed", async () => {
  let drawn = 0;
  await runScenario(
    scenario(({ random }) => {
      drawn = random.u32();
    }),
    SETTINGS,
    never(),
  );
  assert.is(drawn, new Random(7).u32());
});

test("a run that never ends of telling takes bounded room, and counts all the same", async () => {
  const count = 3 * MOST_SAMPLES + 1;
  const outcome = await runScenario(
    scenario((run) => {
      for (let i = 1; i <= count; i++) {
        run.sample({ phase: `phase ${i}`, operations: i });
        run.event({ kind: "death", text: "" });
        run.violation({ rule: `${i}`, detail: "" });
      }
    }),
    SETTINGS,
    never(),
  );
  const { samples, events, violations, violationCount, deaths, phases } = outcome;
  assert.ok(samples.length <= MOST_SAMPLES && samples.length >= MOST_SAMPLES / 2);
  assert.equal([samples[0]?.operations, samples.at(-1)?.operations], [1, count]);
  const counts = samples.map(({ operations }) => operations);
  assert.equal(
    counts,
    [...new Set(counts)].sort((a, b) => a - b),
    "in order, each once",
  );
  assert.equal([events.length, violations.length], [MOST_EVENTS, MOST_VIOLATIONS]);
  assert.equal([deaths, violationCount], [count, count]);
  assert.ok(phases.length < 100);
});

test("what a scenario throws is in the outcome, unless it ends as the signal says", async () => {
  const thrown = new Error("no memory");
  const failing = scenario(() => {
    throw thrown;
  });
  const failed = await runScenario(failing, SETTINGS, never());
  assert.equal([failed.error === thrown, failed.summary], [true, undefined]);
  const control = new AbortController();
  const stopped = scenario(({ signal }) => {
    control.abort();
    signal.throwIfAborted();
  });
  const outcome = await runScenario(stopped, SETTINGS, control.signal);
  assert.equal([outcome.error, outcome.interrupted], [undefined, true]);
});
