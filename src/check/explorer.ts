// Explores what the threads of a program may do, in every order of their steps: depth first, each
// state once.

import { Levels } from "./levels.js";
import { Machine } from "./machine.js";
import { Graph, lasso, trail, unreaching } from "./paths.js";
import type { Finding, MakeMachine, Program } from "./program.js";
import { Broken, type Explorable, Restart } from "./step.js";
import { Edges, Visited } from "./visited.js";

export interface Report {
  readonly states: number;
  readonly steps: number;
  /** States in which all threads had ended. */
  readonly ends: number;
  readonly finding: Finding | undefined;
  /** False: cut short, by `mostStates`, `stop`, the depth or the bound. */
  readonly exhaustive: boolean;
  readonly cut: boolean;
  readonly milliseconds: number;
}

export interface Limits {
  /** Times that a thread that could go on is overtaken; undefined: any number. */
  readonly preemptions?: number;
  readonly mostStates?: number;
  /** Goes on behind findings, and tells the one that is the fewest steps away from the start. */
  readonly nearest?: boolean;
  /** Called now and then; true ends the search. */
  readonly stop?: (states: number, steps: number) => boolean;
}

/** Steps between calls of `stop`. */
const BREATH = 1 << 14;
const MOST_DEPTH = 1 << 16;

/** Explores again as long as words turn out to be used by more threads than was thought. */
export function explore(
  threads: WebAssembly.Module | MakeMachine,
  program: Program,
  limits: Limits = {},
): Report {
  const began = performance.now();
  const make = threads instanceof WebAssembly.Module ? machinesOf(threads, program) : threads;
  const report = settled((shared) => new Explorer(make(shared), program, limits).run());
  return { ...report, milliseconds: performance.now() - began };
}

export function machinesOf(module: WebAssembly.Module, { threads }: Program): MakeMachine {
  return (shared) => new Machine(module, threads, shared);
}

/** What `work` gives once no word turns out to be used by more threads than are in `shared`. */
export function settled<T>(work: (shared: Set<number>) => T, shared = new Set<number>()): T {
  for (;;) {
    try {
      return work(shared);
    } catch (error) {
      if (!(error instanceof Restart)) throw error;
    }
  }
}

/** For one `run`. */
export class Explorer {
  readonly #levels: Levels;
  readonly #most: number;
  readonly #stop: (states: number, steps: number) => boolean;
  /** What broke: the state, the choice and how. Undefined: the first ends the search. */
  readonly #broken: { state: number; choice: number; how: Broken }[] | undefined;
  readonly #isBounded: boolean;
  readonly #visited = new Visited();
  /** Undefined where nobody asks for them. */
  readonly #edges: Edges | undefined;
  /** By level: the number of the state. */
  readonly #state: number[] = [];
  /** States in which all threads had ended. */
  readonly #over: number[] = [];
  #steps = 0;

  constructor(machine: Explorable, program: Program, limits: Limits = {}) {
    const { preemptions, mostStates = Number.POSITIVE_INFINITY, nearest = false } = limits;
    this.#levels = new Levels(machine, program, preemptions);
    this.#most = mostStates;
    this.#stop = limits.stop ?? (() => false);
    this.#broken = nearest ? [] : undefined;
    this.#isBounded = preemptions !== undefined;
    // A bounded search tells no livelock: where it goes no further, others would.
    this.#edges = nearest || !this.#isBounded ? new Edges() : undefined;
  }

  run(): Omit<Report, "milliseconds"> {
    let finding: Finding | undefined;
    let isCut = false;
    try {
      this.#levels.start();
      this.#enter(0);
      isCut = !this.#searchAll();
      finding = this.#nearest();
      if (finding === undefined && !isCut && !this.#isBounded) finding = this.#livelock();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      finding = this.#levels.finding(error);
    }
    return {
      states: this.#visited.size,
      steps: this.#steps,
      ends: this.#over.length,
      finding,
      exhaustive: finding === undefined && !isCut && !this.#isBounded,
      cut: isCut,
    };
  }

  /** The states that were explored and the steps between them, unless the search was bounded. */
  graph(): Graph {
    return new Graph(this.#edges as Edges, this.#visited.size);
  }

  // --- search -------------------------------------------------------------------------

  /** False if it was cut short. */
  #searchAll(): boolean {
    for (;;) {
      try {
        return this.#search();
      } catch (error) {
        const d = this.#levels.depth;
        if (!(error instanceof Broken) || this.#broken === undefined || d < 0) throw error;
        const state = this.#state[d] as number;
        this.#broken.push({ state, choice: this.#levels.chosen(d), how: error });
        this.#levels.back(d);
      }
    }
  }

  /** False if it was cut short. */
  #search(): boolean {
    while (this.#levels.depth >= 0) if (!this.#advance()) return false;
    return true;
  }

  /** Takes a step, or one back. False if the search is cut short. */
  #advance(): boolean {
    const levels = this.#levels;
    const d = levels.depth;
    const choice = levels.choose(d);
    if (choice < 0) {
      levels.depth--;
      if (d > 0) levels.back(d - 1);
      return true;
    }
    if (this.#visited.size >= this.#most) return false;
    if (this.#steps++ % BREATH === 0 && this.#stop(this.#visited.size, this.#steps)) return false;
    levels.take(d, choice);
    if (this.#enter(d + 1)) return d + 2 < MOST_DEPTH;
    levels.back(d);
    return true;
  }

  /** False if the state was explored before. */
  #enter(d: number): boolean {
    const levels = this.#levels;
    levels.hash(d);
    const state = this.#visited.add(levels.hashLow, levels.hashHigh);
    const isNew = state >= 0;
    const number = isNew ? state : -1 - state;
    if (d > 0) this.#edges?.add(this.#state[d - 1] as number, number);
    if (!isNew) return false;
    if (levels.isOver(d)) {
      levels.end();
      this.#over.push(number);
    }
    this.#state[d] = number;
    levels.arrive(d);
    return true;
  }

  // --- findings behind a search -------------------------------------------------------

  /** Of all that broke, what the fewest steps lead to. */
  #nearest(): Finding | undefined {
    if (this.#broken === undefined || this.#broken.length === 0) return undefined;
    const { distances, before } = this.graph().from(0);
    const nearest = this.#broken.reduce((best, one) =>
      (distances[one.state] as number) < (distances[best.state] as number) ? one : best,
    );
    this.#walk(trail(before, nearest.state));
    const { depth } = this.#levels;
    this.#levels.chose(depth, nearest.choice);
    this.#levels.take(depth, nearest.choice);
    return this.#levels.finding(nearest.how);
  }

  /** Somebody goes round for ever: there is a state from which no end can be reached. */
  #livelock(): Finding | undefined {
    const isLost = unreaching(this.#edges as Edges, this.#visited.size, this.#over);
    if (isLost === undefined) return undefined;
    const { states, loop } = lasso(this.graph(), isLost);
    this.#walk(states);
    const detail = "threads run, and from here on no order of their steps leads to an end";
    return { ...this.#levels.finding(new Broken("livelock", detail)), loop };
  }

  /** Goes from each of these states to the next; the first is where it all begins. */
  #walk(states: readonly number[]): void {
    this.#levels.back(0);
    this.#levels.arrive(0);
    for (const state of states.slice(1)) this.#walkTo(state);
  }

  #walkTo(state: number): void {
    const { depth } = this.#levels;
    let choice = this.#levels.choose(depth);
    while (choice >= 0 && !this.#leadsTo(state, choice)) choice = this.#levels.choose(depth);
    if (choice < 0) throw new Error(`no step leads from state ${this.#state[depth]} to ${state}`);
    this.#levels.arrive(depth + 1);
    this.#state[depth + 1] = state;
  }

  /** Takes a step; false if it leads elsewhere: then it is taken back. */
  #leadsTo(state: number, choice: number): boolean {
    const levels = this.#levels;
    const d = levels.depth;
    try {
      levels.take(d, choice);
      levels.hash(d + 1);
      if (-1 - this.#visited.add(levels.hashLow, levels.hashHigh) === state) return true;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    levels.back(d);
    return false;
  }
}
