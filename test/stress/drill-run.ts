// Runs a scenario of drills for a test, and keeps what it told.

import { readFileSync } from "node:fs";
import { Random } from "../../src/stress/random.js";
import type {
  Sample,
  Scenario,
  Settings,
  Summary,
  TimelineEvent,
  Violation,
} from "../../src/stress/scenario.js";
import { NOTHING_CHOSEN } from "./settings.js";

const moduleOf = (name: string) =>
  new WebAssembly.Module(readFileSync(new URL(`../../src/${name}`, import.meta.url)));

export const drillModule = moduleOf("core/drill.wasm");

export interface Told {
  readonly summary: Summary;
  readonly samples: Sample[];
  readonly events: TimelineEvent[];
  readonly violations: Violation[];
}

/** `onSample` may abort the run. */
export async function runScenario(
  scenario: Scenario,
  settings: Partial<Settings>,
  onSample: (abort: () => void) => void = () => {},
): Promise<Told> {
  const core = moduleOf("core/core.wasm");
  const controller = new AbortController();
  const [samples, events, violations]: [Sample[], TimelineEvent[], Violation[]] = [[], [], []];
  const summary = await scenario.run({
    settings: {
      seed: 7,
      duration: 300,
      ...NOTHING_CHOSEN,
      modules: { core, checked: core, drill: drillModule, record: core },
      ...settings,
    },
    random: new Random(settings.seed ?? 7),
    signal: controller.signal,
    sample(sample) {
      samples.push(sample);
      onSample(() => controller.abort());
    },
    event: (event) => events.push(event),
    took: () => {},
    violation: (violation) => violations.push(violation),
  });
  return { summary, samples, events, violations };
}
