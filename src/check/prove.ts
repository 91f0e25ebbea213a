// Proves one program, or finds what breaks: with few preemptions first, so that what is found first
// is easy to read; then every interleaving; and where there are too many states, random schedules.

import {
  Explorer,
  type Finding,
  type Limits,
  type MakeMachine,
  type Program,
  settled,
} from "./explorer.js";
import { minimise } from "./minimise.js";
import { sample } from "./pct.js";

export interface Plan {
  /** Only with so many preemptions; undefined: all interleavings. */
  readonly depth: number | undefined;
  /** States that are explored at most. */
  readonly mostStates: number;
  /** Random schedules, where states are too many. */
  readonly runs: number;
  readonly seed: number;
}

/** How it goes: what is done now, and states or runs so far. Returns true to have it end. */
export type Watch = (doing: string, done: number, steps: number) => boolean;

export interface Proved {
  /** Also what broke: "assertion" …; incomplete: cut short, or bounded. */
  readonly verdict: string;
  /** The largest number of preemptions that was explored to its end. */
  readonly bound: number | undefined;
  readonly states: number;
  readonly steps: number;
  /** Different ways through the states; infinity if some go round. Undefined unless proved. */
  readonly interleavings: number | undefined;
  /** Random schedules that were tried. */
  readonly runs: number;
  readonly milliseconds: number;
  /** What broke, in few steps, and the words that two threads use there. */
  readonly finding: Finding | undefined;
  readonly shared: ReadonlySet<number>;
}

/** Without a depth asked for, what is bounded comes first, and is only there to find early. */
const BOUNDS = 3;
const MOST_BOUNDED = 300_000;

export function prove(make: MakeMachine, program: Program, plan: Plan, watch: Watch): Proved {
  const began = performance.now();
  const shared = new Set<number>();
  let isStopped = false;
  const stopper = (doing: string) => (done: number, steps: number) => {
    isStopped ||= watch(doing, done, steps);
    return isStopped;
  };
  const search = (limits: Limits) =>
    settled((words) => {
      const explorer = new Explorer(make(words), program, limits);
      return { ...explorer.run(), explorer };
    }, shared);
  let bound: number | undefined;
  const result = (
    verdict: string,
    of: { states: number; steps: number },
    more: Partial<Proved> = {},
  ): Proved => ({
    verdict,
    bound,
    states: of.states,
    steps: of.steps,
    interleavings: undefined,
    runs: 0,
    milliseconds: performance.now() - began,
    finding: undefined,
    shared,
    ...more,
  });
  /** `preemptions`: with how few there is a finding. */
  const broken = (
    of: { states: number; steps: number },
    finding: Finding,
    preemptions: number | undefined,
    runs = 0,
  ): Proved => {
    const stop = () => watch("makes it short", of.states, of.steps);
    const least = minimise(make, program, shared, finding, { preemptions, stop });
    return result(least.verdict, of, { finding: least, runs });
  };

  const { depth, mostStates } = plan;
  for (let preemptions = 0; preemptions <= (depth ?? BOUNDS); preemptions++) {
    const stop = stopper(`at most ${preemptions} preemptions`);
    const most = depth === undefined ? Math.min(mostStates, MOST_BOUNDED) : mostStates;
    const report = search({ preemptions, mostStates: most, stop });
    if (report.finding !== undefined) return broken(report, report.finding, preemptions);
    if (!report.cut) bound = preemptions;
    if (isStopped || preemptions === depth || (report.cut && depth !== undefined)) {
      return result("incomplete", report);
    }
    if (report.cut) break;
  }

  const all = search({ mostStates, stop: stopper("all interleavings") });
  if (all.finding !== undefined) return broken(all, all.finding, undefined);
  if (all.exhaustive) return result("proved", all, { interleavings: all.explorer.graph().ways() });
  if (isStopped) return result("incomplete", all);

  const { seed, runs } = plan;
  const stop = stopper("random schedules");
  const random = settled(
    (words) => sample(make, program, words, { seed, runs, stop }),
    new Set(shared),
  );
  const total = { states: all.states, steps: all.steps + random.steps };
  if (random.finding !== undefined) return broken(total, random.finding, undefined, random.runs);
  return result("incomplete", total, { runs: random.runs });
}
