// The `calls` scenario: the first calls of fresh engines come back on the core as it is, and it is seen
// when one is forgotten.

import { calls } from "../../src/stress/calls.js";
import { MODULES } from "../../src/stress/index.js";
import { type Outcome, runScenario } from "../../src/stress/runner.js";
import { assert, seeded, test } from "../harness.js";
import { withDefect } from "./defects.js";
import { NOTHING_CHOSEN } from "./settings.js";

function run(seed: number, duration: number, core = MODULES.core): Promise<Outcome> {
  const modules = Object.create(MODULES, { core: { value: core } }) as typeof MODULES;
  const settings = { seed, duration, ...NOTHING_CHOSEN, threads: 2, modules };
  return runScenario(calls, settings, new AbortController().signal);
}

test("the first calls of fresh engines give their values within a second each", async () => {
  const outcome = await run(seeded("calls").u32(), 3000);
  assert.is(outcome.error, undefined);
  assert.equal(outcome.violations, []);
  assert.ok((outcome.summary?.operations ?? 0) >= 32);
  const slowest = outcome.summary?.figures["slowest job (ms)"];
  assert.ok(typeof slowest === "number" && slowest > 0);
});

test("a core whose answers look for the thread alone, and not for its event loop, is caught", async () => {
  const core = await withDefect(
    { file: "records.ts", change: ["const GATE_WORDS = 4;", "const GATE_WORDS = 1;"] },
    "index.ts",
  );
  const outcome = await run(7, 40_000, core);
  assert.is(outcome.error, undefined);
  const rules = outcome.violations.map(({ rule }) => rule);
  assert.ok(rules.includes("no wake-up is lost"), rules.join(", "));
});

test("a job that takes longer than a second is told, whatever else holds", async () => {
  const slow = {
    ...calls,
    run: async (run: Parameters<typeof calls.run>[0]) => {
      run.took(1001, "a job");
      run.took(12, "another");
      return { operations: 2, figures: {}, tables: [] };
    },
  };
  const settings = { seed: 1, duration: 1, ...NOTHING_CHOSEN, modules: MODULES };
  const outcome = await runScenario(slow, settings, new AbortController().signal);
  assert.is(outcome.summary?.figures["slowest job (ms)"], 1001);
  assert.equal(
    outcome.violations.map(({ rule, detail }) => [rule, detail]),
    [["no job takes longer than 1 s", "1001 ms: a job"]],
  );
});
