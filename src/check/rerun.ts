// Takes the steps of a counter-example again, one after the other.

import { type Choice, FLUSH, type Program, RUN } from "./program.js";
import type { Replay } from "./replay.js";
import { Broken, Restart } from "./step.js";
import type { Walker } from "./walker.js";

export interface Rerun {
  /** What broke with the last step; undefined: nothing. */
  readonly broken: Broken | undefined;
  /** Times that a thread that could go on was overtaken. */
  readonly preemptions: number;
}

interface Hooks {
  before?(step: number, choice: Choice): void;
  after?(): void;
}

/** @throws Error if it is not a way that these threads can go */
export function rerun(
  walker: Walker,
  { threads }: Program,
  { path, loop }: Replay,
  { before, after }: Hooks = {},
): Rerun {
  let preemptions = 0;
  let last: number | undefined;
  let round = "";
  walker.begin();
  for (const [i, choice] of path.entries()) {
    const { thread, what } = choice;
    const name = threads[thread]?.name ?? `thread ${thread}`;
    if (i === loop) round = walker.key;
    const choices = walker.choices();
    if (!choices.some((one) => one.thread === thread && one.what === what)) {
      throw new Error(`step ${i + 1}: ${name} cannot do that here`);
    }
    const couldGoOn = choices.some((one) => one.thread === last && one.what === RUN);
    if (what < FLUSH && last !== thread && couldGoOn) preemptions++;
    if (what < FLUSH) last = thread;
    before?.(i + 1, choice);
    try {
      walker.go(choice);
    } catch (error) {
      if (error instanceof Restart) {
        throw new Error(`step ${i + 1}: ${name} uses a word that should be another's own`);
      }
      if (!(error instanceof Broken)) throw error;
      after?.();
      if (i + 1 < path.length) throw new Error(`step ${i + 1} breaks already: ${error.message}`);
      return { broken: error, preemptions };
    }
    after?.();
  }
  const isRound = loop !== undefined && walker.key === round;
  const livelock = new Broken("livelock", "from here on no order of steps leads out");
  return { broken: isRound ? livelock : undefined, preemptions };
}
