// Stands in for src/stress/index.js where a test needs a scenario that fails, throws, waits or does
// not end, as TELL in the environment says. stress-told.ts puts it there.

import type { Modules, Run, Scenario, Summary } from "../../src/stress/scenario.js";

const STEP_MS = 10;

const step = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, STEP_MS));

async function tell(run: Run): Promise<Summary> {
  const { settings, signal } = run;
  const [mode, seed] = (process.env["TELL"] ?? "").split(" ");
  const start = performance.now();
  let operations = 0;
  const isOver = () => performance.now() - start >= settings.duration || signal.aborted;
  while (mode === "stuck" || !isOver()) {
    await step();
    operations += 1000;
    run.sample({ phase: "telling", operations, p50: 0.01, p99: 0.2 });
    if (mode === "throw") throw new Error("there is no story");
    if (mode === "die") {
      run.event({ kind: "death", text: "worker 1" });
      run.event({ kind: "recovery", text: "worker 1", took: 12.5 });
    }
    if (mode === "violate" && settings.seed >= Number(seed)) {
      const detail = `item ${run.random.integer(0, 999)} twice`;
      run.violation({ rule: "every item exactly once", detail, replay: { capacity: 4 } });
      break;
    }
  }
  return { operations, figures: { tales: 2.5 }, tables: [] };
}

const told: Scenario = {
  name: "told",
  describe: "does what the test asks for",
  asserts: "whatever the test wants",
  unit: "tales",
  takes: ["producers", "capacity", "threads"],
  run: tell,
};

export const SCENARIO_NAMES = ["told", "retold"];
export const MODULES = {} as Modules;
export const loadScenario = async (name: string) => (name === "told" ? told : undefined);
