// Proves one program, or finds what breaks: with few preemptions first, so that what is found first
// is easy to read; then every interleaving; and where there are too many states, random schedules.

import { Explorer, type Limits, settled } from "./explorer.js";
import { minimise } from "./minimise.js";
import { sample } from "./pct.js";
import type { Finding, MakeMachine, Program } from "./program.js";

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
  return new Prover(make, program, plan, watch).run();
}

type Extent = Pick<Proved, "states" | "steps">;

class Prover {
  readonly #make: MakeMachine;
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #watch: Watch;
  readonly #began = performance.now();
  readonly #shared = new Set<number>();
  #isStopped = false;
  /** Explored to its end. */
  #bound: number | undefined;
  /** Of the last search; and of that of all orders. */
  #last: Extent = { states: 0, steps: 0 };
  #whole = this.#last;

  constructor(make: MakeMachine, program: Program, plan: Plan, watch: Watch) {
    this.#make = make;
    this.#program = program;
    this.#plan = plan;
    this.#watch = watch;
  }

  run(): Proved {
    const { depth, mostStates } = this.#plan;
    if (depth !== undefined) return this.#bounds(depth, mostStates) ?? this.#incomplete();
    return (
      this.#bounds(BOUNDS, Math.min(mostStates, MOST_BOUNDED)) ??
      this.#all() ??
      // Not all, then: as far as bounds can be explored, and beyond at random.
      this.#bounds(BOUNDS, mostStates) ??
      this.#random()
    );
  }

  /** From the next bound up to `to`, until one is cut short. Undefined: go on. */
  #bounds(to: number, mostStates: number): Proved | undefined {
    for (let preemptions = (this.#bound ?? -1) + 1; preemptions <= to; preemptions++) {
      const stop = this.#stopper(
        `at most ${preemptions} preemption${preemptions === 1 ? "" : "s"}`,
      );
      const { report } = this.#search({ preemptions, mostStates, stop });
      if (report.finding !== undefined) return this.#broken(report.finding, preemptions);
      if (this.#isStopped) return this.#incomplete();
      if (report.cut) return undefined;
      this.#bound = preemptions;
    }
    return undefined;
  }

  #all(): Proved | undefined {
    const { mostStates } = this.#plan;
    const { report, explorer } = this.#search({ mostStates, stop: this.#stopper("all orders") });
    if (report.finding !== undefined) return this.#broken(report.finding, undefined);
    if (report.exhaustive)
      return this.#result("proved", { interleavings: explorer.graph().ways() });
    this.#whole = this.#last;
    return this.#isStopped ? this.#incomplete() : undefined;
  }

  #random(): Proved {
    const { seed, runs } = this.#plan;
    const stop = this.#stopper("random schedules");
    const { states, steps } = this.#whole;
    const report = settled(
      (words) => sample(this.#make, this.#program, words, { seed, runs, stop }),
      this.#shared,
    );
    this.#last = { states, steps: steps + report.steps };
    if (report.finding === undefined) return this.#result("incomplete", { runs: report.runs });
    return { ...this.#broken(report.finding, undefined), runs: report.runs };
  }

  #search(limits: Limits) {
    const found = settled((words) => {
      const explorer = new Explorer(this.#make(words), this.#program, limits);
      return { report: explorer.run(), explorer };
    }, this.#shared);
    this.#last = found.report;
    return found;
  }

  #stopper(doing: string): (done: number, steps: number) => boolean {
    return (done, steps) => {
      this.#isStopped ||= this.#watch(doing, done, steps);
      return this.#isStopped;
    };
  }

  /** `preemptions`: with how few there is a finding. */
  #broken(finding: Finding, preemptions: number | undefined): Proved {
    const { states, steps } = this.#last;
    const stop = () => this.#watch("makes it short", states, steps);
    const options = { preemptions, stop };
    const least = minimise(this.#make, this.#program, this.#shared, finding, options);
    return this.#result(least.verdict, { finding: least });
  }

  #incomplete(): Proved {
    return this.#result("incomplete");
  }

  #result(verdict: string, more: Partial<Proved> = {}): Proved {
    return {
      verdict,
      bound: this.#bound,
      states: this.#last.states,
      steps: this.#last.steps,
      interleavings: undefined,
      runs: 0,
      milliseconds: performance.now() - this.#began,
      finding: undefined,
      shared: this.#shared,
      ...more,
    };
  }
}
