// Runs the parts of a benchmark one after the other. When it is stopped, what was measured by then is
// the result.

import { measureCrossover } from "./crossover.js";
import { Engines } from "./engines.js";
import { measureLatency } from "./latency.js";
import { thisMachine } from "./machine.js";
import { measureOperators } from "./operators.js";
import { watchOthers } from "./others.js";
import type { Plan } from "./plan.js";
import type { BenchResult } from "./result.js";
import { measureRing } from "./ring.js";
import type { Watch } from "./rounds.js";

/** `ringfold`: its version. @throws RingfoldError if an engine cannot start */
export async function runBench(plan: Plan, ringfold: string, watch: Watch): Promise<BenchResult> {
  const { parts, rounds, leftOut } = plan;
  const machine = thisMachine();
  const began = new Date();
  const others = watchOthers();
  const engines = new Engines();
  const wants = (part: "crossover" | "latency" | "ring") =>
    parts.has(part) && !watch.signal.aborted;
  try {
    const isFirst = parts.has("roofline") || parts.has("operators");
    const measured = isFirst
      ? await measureOperators(plan, engines, watch)
      : { roofline: [], operators: [], exact: [] };
    // On one processor a second thread pays never.
    const crossover =
      wants("crossover") && machine.processors > 1
        ? await measureCrossover(rounds, engines, watch)
        : null;
    const threads = Math.max(...plan.threads);
    const latency = wants("latency") ? await measureLatency(threads, rounds, engines, watch) : [];
    const ring = wants("ring") ? await measureRing(rounds, watch) : [];
    return {
      ...{ machine, ringfold, began: began.toISOString() },
      took: (Date.now() - began.getTime()) / 1000,
      interrupted: watch.signal.aborted,
      ...{ rounds, others: Number(others().toFixed(3)), leftOut },
      ...{ ...measured, crossover, latency, ring },
    };
  } finally {
    await engines.close();
  }
}
