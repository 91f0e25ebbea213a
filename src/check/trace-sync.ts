// Counter-examples of threads that are TypeScript functions (replayed.ts), as those of the core are
// shown: a line a step.

import type { Replay } from "./replay.js";
import type { ReplayedPosition } from "./replayed.js";
import { rerun } from "./rerun.js";
import { Broken } from "./step.js";
import { type SyncProof, traceOf } from "./sync.js";
import type { Trace } from "./trace.js";
import { Walker } from "./walker.js";

/** @throws Error if the path is not one of these functions */
export function traceSync(proof: SyncProof, replay: Replay): Trace {
  const walker = new Walker(proof.make(new Set(replay.shared)), proof);
  const { broken, preemptions } = rerun(walker, proof, replay);
  const steps = traceOf(walker.finding(broken ?? new Broken("", "")), proof);
  const stuck = proof.threads.flatMap(({ name }, thread) => {
    const at = walker.position(thread) as ReplayedPosition | undefined;
    return broken?.rule !== "deadlock" || at === undefined ? [] : [`${name} waits: ${at.asked}`];
  });
  return {
    verdict: broken?.rule,
    detail: broken?.message ?? "",
    lines: steps.map(({ thread, call, operation }, i) => ({
      step: i + 1,
      thread,
      where: call,
      operation,
      address: "",
      before: undefined,
      after: undefined,
    })),
    stuck,
    steps: steps.length,
    preemptions,
    loop: replay.loop === undefined ? undefined : replay.loop + 1,
  };
}
