// `park`: the core passes, and a wake-up that never comes is seen.

import { NOTE_STATE, NOTE_WRONG, STATE_PARKED } from "../../src/core/drill-map.js";
import { Drill } from "../../src/stress/drill.js";
import { now } from "../../src/stress/drill-core.js";
import { park } from "../../src/stress/park.js";
import { assert, test } from "../harness.js";
import { drillModule, runScenario } from "./drill-run.js";

const WOKEN = "no wait times out with work ready";

test("only an item whose publication was over in time counts as a lost wake-up", () => {
  const drill = new Drill(drillModule);
  const link = drill.link(1, 4, 0n)[0] as number;
  const { core } = drill;
  core.audit(0, link, now());
  assert.is(drill.complaint(1), undefined, "nothing is ready");
  const ticket = core.put(1, link, 5);
  core.audit(0, link, now());
  assert.is(drill.complaint(1), undefined, "the publisher may be about to wake");
  const before = now();
  core.over(link, ticket);
  core.audit(0, link, before);
  assert.is(drill.complaint(1), undefined, "it came after the wait had timed out");
  core.audit(0, link, now());
  assert.is(drill.complaint(1)?.rule, WOKEN);
});

test("a thread that is not woken for an item says so, and then takes it", async () => {
  const drill = new Drill(drillModule);
  const link = drill.link(1, 4, 0n)[0] as number;
  try {
    const round = drill.run([{ program: "drain", link, pause: 0 }], 1, {
      signal: new AbortController().signal,
      limit: 60_000,
      // The drill is not to end this round: the test does.
      progress: now,
      sample: () => {},
    });
    const until = async (holds: () => boolean) => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await until(() => drill.note(0, NOTE_STATE) === STATE_PARKED);
    drill.core.over(link, drill.core.put(1, link, 0));
    await until(() => drill.note(0, NOTE_WRONG) !== 0);
    assert.is(drill.complaint(1)?.rule, WOKEN);
    await until(() => drill.head(link) === 1n);
    drill.stop();
    assert.is(await round, "done");
  } finally {
    await drill.close();
  }
});

test("every pattern of hand-overs runs, no wake-up is lost, and the dead are outlived", async () => {
  const { summary, violations } = await runScenario(park, { duration: 2000 });
  assert.equal(violations, []);
  assert.is(summary.tables[0]?.rows.length, 8);
  for (const [pattern, items] of summary.tables[0]?.rows ?? [])
    assert.ok(Number(items) > 0, String(pattern));
});

test("park ends when it is aborted", async () => {
  const { violations } = await runScenario(park, { duration: 600_000 }, (abort) => abort());
  assert.equal(violations, []);
});
