// The `kill` scenario: workers of a real engine die, at named points and at random times.

import { MODULES } from "../../src/stress/index.js";
import { kill } from "../../src/stress/kill.js";
import { runScenario } from "../../src/stress/runner.js";
import { assert, seeded, test } from "../harness.js";
import { NOTHING_CHOSEN } from "./settings.js";

const settings = (duration: number) => ({
  seed: seeded("kill").u32(),
  duration,
  ...NOTHING_CHOSEN,
  modules: MODULES,
});

test("workers that die while jobs run change no bit and leave nothing", async () => {
  const outcome = await runScenario(kill, settings(5000), new AbortController().signal, {});
  assert.equal(outcome.violations, []);
  assert.is(outcome.error, undefined);
  assert.ok(outcome.deaths > 0);
  assert.is(outcome.recoveries, outcome.deaths);
});
