// Random schedules for programs that are too large to be explored: threads have random priorities,
// and at a few random steps whoever runs falls behind all others. A defect that takes d orderings is
// found in each run with a probability of at least 1 / (n · k^(d − 1)), n threads, k steps
// (S. Burckhardt, P. Kothari, M. Musuvathi and S. Nagarakatte, A Randomized Scheduler with
// Probabilistic Guarantees of Finding Bugs, 2010).
//
// Beyond it: a thread that goes round, so that a state comes again, falls behind too; deaths come at
// random steps.

import { Random } from "../stress/random.js";
import {
  type Choice,
  DIE,
  type Finding,
  FLUSH,
  type MakeMachine,
  type Program,
  RUN,
} from "./program.js";
import { Broken } from "./step.js";
import { Walker } from "./walker.js";

export interface Sample {
  readonly runs: number;
  readonly steps: number;
  /** Runs that went round too long and were given up. */
  readonly endless: number;
  readonly finding: Finding | undefined;
}

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly stop: (runs: number, steps: number) => boolean;
}

const MOST_STEPS = 20_000;
/** Orderings that a defect may take, in turn. */
const MOST_ORDERINGS = 4;
/** Runs on one machine, which remembers all that it sees. */
const RUNS_A_MACHINE = 2000;

/** Samples schedules; they depend on `seed` only. */
export function sample(
  make: MakeMachine,
  program: Program,
  shared: Set<number>,
  { seed, runs, stop }: Options,
): Sample {
  let walker: Walker | undefined;
  let steps = 0;
  let endless = 0;
  let longest = 1;
  for (let run = 0; run < runs; run++) {
    if (stop(run, steps)) return { runs: run, steps, endless, finding: undefined };
    if (run % RUNS_A_MACHINE === 0) walker = undefined;
    if (walker === undefined) {
      walker = new Walker(make(shared), program);
      walker.begin();
    } else walker.rewind();
    const path: Choice[] = [];
    const orderings = 1 + (run % MOST_ORDERINGS);
    try {
      const schedule = new Schedule(new Random(seed, run), program, longest, orderings);
      if (!walk(walker, schedule, path)) endless++;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const finding = walker.finding(error);
      return { runs: run + 1, steps: steps + path.length, endless, finding };
    }
    steps += path.length;
    longest = Math.max(longest, path.length);
  }
  return { runs, steps, endless, finding: undefined };
}

/** False if it was given up. @throws Broken */
function walk(walker: Walker, schedule: Schedule, path: Choice[]): boolean {
  const seen = new Set<string>();
  while (path.length < MOST_STEPS) {
    const choices = walker.choices();
    if (choices.length === 0) return true;
    const choice = schedule.pick(choices, path.length);
    path.push(choice);
    walker.go(choice);
    const { key } = walker;
    if (seen.has(key)) schedule.fallBehind(choice.thread);
    seen.add(key);
  }
  return false;
}

class Schedule {
  readonly #random: Random;
  /** By thread: the highest runs. */
  readonly #priorities: number[];
  readonly #changes: ReadonlySet<number>;
  readonly #deaths: ReadonlySet<number>;
  #lowest = 0;

  constructor(random: Random, program: Program, steps: number, orderings: number) {
    this.#random = random;
    const n = program.threads.length;
    this.#priorities = random.shuffle(Array.from({ length: n }, (_, i) => i + 1));
    const some = (count: number) =>
      new Set(Array.from({ length: count }, () => random.integer(0, steps - 1)));
    this.#changes = some(orderings - 1);
    this.#deaths = some(random.integer(0, program.deaths ?? 0));
  }

  /** Behind all others. */
  fallBehind(thread: number): void {
    this.#priorities[thread] = --this.#lowest;
  }

  pick(choices: readonly Choice[], step: number): Choice {
    const deaths = choices.filter(({ what }) => what === DIE);
    if (deaths.length > 0 && this.#deaths.has(step)) return this.#random.pick(deaths);
    // A thread that is about to die has to go on if nobody else can.
    const rest = choices.filter(({ what }) => what !== DIE);
    const living = rest.length > 0 ? rest : choices;
    const first = this.#first(living);
    if (this.#changes.has(step)) this.fallBehind(first);
    const mine = living.filter(({ thread }) => thread === this.#first(living));
    const stores = mine.filter(({ what }) => what >= FLUSH);
    if (stores.length > 0 && this.#random.integer(0, 1) === 0) return this.#random.pick(stores);
    return mine.find(({ what }) => what === RUN) ?? this.#random.pick(mine);
  }

  #first(choices: readonly Choice[]): number {
    const of = (thread: number) => this.#priorities[thread] as number;
    return choices.reduce(
      (best, { thread }) => (of(thread) > of(best) ? thread : best),
      (choices[0] as Choice).thread,
    );
  }
}
