// Explores what the threads of a program may do, in every order of their steps: depth first, each
// state once.

import {
  AWAIT,
  Broken,
  conflicts,
  DEAD,
  DONE,
  type Explorable,
  JOIN,
  Machine,
  MOST_POSTS,
  NOTIFY,
  type Outcome,
  PLAIN,
  type Position,
  READY,
  Restart,
  type ThreadSpec,
  WAIT,
  WAITING,
  WOKEN,
} from "./machine.js";
import { Monitor } from "./monitor.js";
import { Graph, lasso, trail, unreaching } from "./paths.js";
import { Edges, mixHigh, mixLow, Visited } from "./visited.js";

export interface Program {
  readonly name: string;
  readonly threads: readonly ThreadSpec[];
  /** Exports called before the threads begin, and once all of them ended. */
  readonly init: readonly [string, ...(number | bigint)[]];
  readonly end?: readonly [string, ...number[]];
  /** Checked for linearizability: slots of the ring. */
  readonly capacity?: number;
  /** How many of the mortal threads may die. */
  readonly deaths?: number;
}

/** A step of a thread; a wait of its that times out; its death. */
export const RUN = 0;
export const TIMEOUT = 1;
export const DIE = 2;
/** A store of its that races takes effect; FLUSH + k: the k-th under way. */
export const FLUSH = 3;

export interface Choice {
  readonly thread: number;
  readonly what: number;
}

/** A choice, where its thread stood, and what it did; no outcome: it fell asleep, or died. */
export interface Step extends Choice {
  readonly at: Position;
  readonly outcome: Outcome | undefined;
}

export interface Finding {
  readonly verdict: string;
  readonly detail: string;
  readonly path: readonly Choice[];
  /** The path with all that is known of it. */
  steps(): readonly Step[];
  /** Of a livelock: the step of `path` from which on it goes round for ever. */
  readonly loop?: number;
}

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
const NOBODY = -1;

/** A machine of the program's threads. It adds words that two of them use to `shared`. */
export type MakeMachine = (shared: Set<number>) => Explorable;

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

/** For one `run`; or walked by hand: `begin`, then `go` as often as one likes. */
export class Explorer {
  readonly #program: Program;
  readonly #bound: number | undefined;
  readonly #most: number;
  readonly #stop: (states: number, steps: number) => boolean;
  /** What broke: the state, the choice and how. Undefined: the first ends the search. */
  readonly #broken: { state: number; choice: number; how: Broken }[] | undefined;
  readonly #machine: Explorable;
  readonly #monitor: Monitor | undefined;
  readonly #visited = new Visited();
  readonly #n: number;
  // The path from the root to the state at hand, a state a level; n entries a state where it says so.
  #depth = -1;
  /** n: undefined once the thread ended. */
  readonly #positions: (Position | undefined)[] = [];
  /** n. */
  readonly #statuses: number[] = [];
  /** n: threads that wait, first come first, then NOBODY. */
  readonly #queue: number[] = [];
  readonly #deaths: number[] = [];
  readonly #monitored: number[] = [];
  readonly #last: number[] = [];
  readonly #preempted: number[] = [];
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  readonly #mark: number[] = [];
  /** The next choice to try: thread + n · what. */
  readonly #next: number[] = [];
  readonly #state: number[] = [];
  /** What led to the state; undefined: the thread fell asleep, or died. */
  readonly #outcomes: (Outcome | undefined)[] = [];
  readonly #edges = new Edges();
  readonly #over: number[] = [];
  #steps = 0;
  #ends = 0;
  #hashLow = 0;
  #hashHigh = 0;

  constructor(machine: Explorable, program: Program, limits: Limits = {}) {
    const { threads, capacity } = program;
    this.#program = program;
    this.#bound = limits.preemptions;
    this.#most = limits.mostStates ?? Number.POSITIVE_INFINITY;
    this.#stop = limits.stop ?? (() => false);
    this.#broken = limits.nearest === true ? [] : undefined;
    this.#n = threads.length;
    this.#monitor = capacity === undefined ? undefined : new Monitor(capacity, threads.length);
    this.#machine = machine;
  }

  run(): Omit<Report, "milliseconds"> {
    let finding: Finding | undefined;
    let isCut = false;
    try {
      this.#start();
      this.#enter(0);
      isCut = !this.#searchAll();
      finding = this.#nearest();
      if (finding === undefined && !isCut && this.#bound === undefined) finding = this.#livelock();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      finding = this.finding(error);
    }
    return {
      states: this.#visited.size,
      steps: this.#steps,
      ends: this.#ends,
      finding,
      exhaustive: finding === undefined && !isCut && this.#bound === undefined,
      cut: isCut,
    };
  }

  /** The states that were explored and the steps between them. */
  graph(): Graph {
    return new Graph(this.#edges, this.#visited.size);
  }

  /** What just broke, and the way there. */
  finding({ rule, message }: Broken): Finding {
    const steps = this.#path();
    const path = steps.map(({ thread, what }) => ({ thread, what }));
    return { verdict: rule, detail: message, path, steps: () => steps };
  }

  // --- by hand ------------------------------------------------------------------------

  /** @throws Broken */
  begin(): void {
    this.#start();
    this.#arrive(0);
    if (this.#isOver(0)) this.#end();
  }

  /** Back to where it all begins. */
  rewind(): void {
    this.#back(0);
    this.#arrive(0);
  }

  /** All that may happen next. */
  choices(): Choice[] {
    const choices: Choice[] = [];
    for (let c = this.#first(this.#depth, 0); c >= 0; c = this.#first(this.#depth, c + 1)) {
      choices.push({ thread: c % this.#n, what: Math.floor(c / this.#n) });
    }
    return choices;
  }

  /** @throws Broken */
  go({ thread, what }: Choice): void {
    const d = this.#depth;
    this.#next[d] = thread + this.#n * what + 1;
    this.#take(d, thread, what);
    this.#arrive(d + 1);
    if (this.#isOver((d + 1) * this.#n)) this.#end();
  }

  /** Alike in states that are alike. */
  get key(): string {
    this.#hash(this.#depth);
    return `${this.#hashLow},${this.#hashHigh}`;
  }

  /** Where a thread stands, unless it ended. */
  position(thread: number): Position | undefined {
    return this.#positions[this.#depth * this.#n + thread];
  }

  status(thread: number): number {
    return this.#statuses[this.#depth * this.#n + thread] as number;
  }

  // --- search -------------------------------------------------------------------------

  #start(): void {
    const machine = this.#machine;
    const { init, threads } = this.#program;
    const [entry, ...args] = init;
    machine.call(entry, ...args);
    threads.forEach((_, i) => {
      this.#positions[i] = machine.begin(i);
      this.#statuses[i] = READY;
      this.#queue[i] = NOBODY;
    });
    this.#deaths[0] = 0;
    this.#monitored[0] = 0;
    this.#last[0] = NOBODY;
    this.#preempted[0] = 0;
  }

  #path(): Step[] {
    // Of the state that the search stands in a choice may be made already, or none.
    const isOpen = this.#depth >= 0 && this.#next[this.#depth] === 0;
    return Array.from({ length: this.#depth + (isOpen ? 0 : 1) }, (_, d) => {
      const choice = (this.#next[d] as number) - 1;
      const thread = choice % this.#n;
      const at = this.#positions[d * this.#n + thread] as Position;
      return { thread, what: Math.floor(choice / this.#n), at, outcome: this.#outcomes[d + 1] };
    });
  }

  /** False if it was cut short. */
  #searchAll(): boolean {
    for (;;) {
      try {
        return this.#search();
      } catch (error) {
        const d = this.#depth;
        if (!(error instanceof Broken) || this.#broken === undefined || d < 0) throw error;
        const state = this.#state[d] as number;
        this.#broken.push({ state, choice: (this.#next[d] as number) - 1, how: error });
        this.#back(d);
      }
    }
  }

  /** False if it was cut short. */
  #search(): boolean {
    while (this.#depth >= 0) {
      const d = this.#depth;
      const choice = this.#choose(d);
      if (choice < 0) {
        this.#depth--;
        if (d > 0) this.#back(d - 1);
        continue;
      }
      if (this.#visited.size >= this.#most) return false;
      if (this.#steps++ % BREATH === 0 && this.#stop(this.#visited.size, this.#steps)) return false;
      this.#take(d, choice % this.#n, Math.floor(choice / this.#n));
      if (!this.#enter(d + 1)) this.#back(d);
      else if (d + 2 >= MOST_DEPTH) return false;
    }
    return true;
  }

  #back(d: number): void {
    this.#machine.undo(this.#mark[d] as number);
    this.#machine.low = this.#low[d] as number;
    this.#machine.high = this.#high[d] as number;
  }

  /** The next choice in a state that was not tried; −1 if all were. */
  #choose(d: number): number {
    const choice = this.#first(d, this.#next[d] as number);
    if (choice >= 0) this.#next[d] = choice + 1;
    return choice;
  }

  /** The first choice from `from` on that there is; −1 if there is none. */
  #first(d: number, from: number): number {
    const n = this.#n;
    const base = d * n;
    for (let choice = from; choice < (FLUSH + MOST_POSTS) * n; choice++) {
      const thread = choice % n;
      const status = this.#statuses[base + thread] as number;
      const what = Math.floor(choice / n);
      if (what < FLUSH && !this.#mayRun(d, thread)) continue;
      let may: boolean;
      if (what >= FLUSH) may = this.#machine.isPosted(thread, what - FLUSH);
      else if (status >= DONE) may = false;
      else if (what === RUN) may = this.#canRun(base, thread);
      else if (what === TIMEOUT) {
        may = status === WAITING && (this.#positions[base + thread] as Position).timed;
      } else may = this.#mayDie(d, thread);
      if (may) return choice;
    }
    return -1;
  }

  #mayDie(d: number, thread: number): boolean {
    const { threads, deaths = 0 } = this.#program;
    return (threads[thread] as ThreadSpec).mortal === true && (this.#deaths[d] as number) < deaths;
  }

  /** False if the bound has the thread that ran last go on. */
  #mayRun(d: number, thread: number): boolean {
    if (this.#bound === undefined || (this.#preempted[d] as number) < this.#bound) return true;
    return thread === this.#last[d] || !this.#canGoOn(d);
  }

  /** True if the thread that ran last could run now. */
  #canGoOn(d: number): boolean {
    const last = this.#last[d] as number;
    if (last === NOBODY) return false;
    return this.#canRun(d * this.#n, last);
  }

  #canRun(base: number, thread: number): boolean {
    const status = this.#statuses[base + thread];
    if (status !== READY) return status === WOKEN;
    // An atomic comes behind all stores before it.
    if (this.#machine.hasPosts(thread)) {
      const { access } = this.#positions[base + thread] as Position;
      if ((access & PLAIN) === 0) return false;
    }
    const at = this.#positions[base + thread] as Position;
    const { access, argument, timed } = at;
    if ((access & AWAIT) !== 0) return !this.#machine.isStill(at);
    return (
      access !== JOIN ||
      timed ||
      ((this.#statuses[base + argument] as number) >= DONE && !this.#machine.hasPosts(argument))
    );
  }

  /** Makes the state of depth d + 1 of that of depth d. */
  #take(d: number, thread: number, what: number): void {
    const n = this.#n;
    const from = d * n;
    const to = from + n;
    for (let i = 0; i < n; i++) {
      this.#positions[to + i] = this.#positions[from + i];
      this.#statuses[to + i] = this.#statuses[from + i] as number;
      this.#queue[to + i] = this.#queue[from + i] as number;
    }
    this.#deaths[d + 1] = (this.#deaths[d] as number) + (what === DIE ? 1 : 0);
    this.#monitored[d + 1] = this.#monitored[d] as number;
    const runs = what < FLUSH;
    const isPreemption = runs && thread !== this.#last[d] && this.#canGoOn(d);
    this.#preempted[d + 1] = (this.#preempted[d] as number) + (isPreemption ? 1 : 0);
    this.#last[d + 1] = runs ? thread : (this.#last[d] as number);
    this.#outcomes[d + 1] = undefined;
    const at = this.#positions[from + thread] as Position;
    if (what >= FLUSH) this.#machine.flush(thread, what - FLUSH);
    else if (what === DIE) {
      this.#statuses[to + thread] = DEAD;
      this.#positions[to + thread] = undefined;
      this.#leaveQueue(to, thread);
    } else if (what === TIMEOUT) {
      this.#leaveQueue(to, thread);
      this.#go(d, at, 2);
    } else if ((at.access & WAIT) !== 0) {
      if (this.#statuses[from + thread] === WOKEN) this.#go(d, at, 0);
      else if (!this.#machine.isStill(at)) this.#go(d, at, 1);
      else {
        this.#statuses[to + thread] = WAITING;
        let end = to;
        while (this.#queue[end] !== NOBODY) end++;
        this.#queue[end] = thread;
      }
    } else if ((at.access & NOTIFY) !== 0) this.#go(d, at, this.#notify(to, at));
    else if (at.access === JOIN) {
      const status = this.#statuses[from + at.argument] as number;
      if (status < DONE) this.#go(d, at, 2);
      else this.#go(d, at, status === DEAD ? 1 : 0);
    } else this.#go(d, at, 0);
  }

  #leaveQueue(to: number, thread: number): void {
    let kept = to;
    for (let i = to; i < to + this.#n; i++) {
      const waits = this.#queue[i] as number;
      if (waits !== thread && waits !== NOBODY) this.#queue[kept++] = waits;
    }
    this.#queue.fill(NOBODY, kept, to + this.#n);
  }

  #notify(to: number, { address, argument }: Position): number {
    let woken = 0;
    for (let i = to; i < to + this.#n && this.#queue[i] !== NOBODY; ) {
      const thread = this.#queue[i] as number;
      const isHere = (this.#positions[to + thread] as Position).address === address;
      if (isHere && (argument < 0 || woken < argument)) {
        this.#statuses[to + thread] = WOKEN;
        woken++;
        this.#leaveQueue(to, thread);
      } else i++;
    }
    return woken;
  }

  /** The thread goes on with its access to the next one. */
  #go(d: number, at: Position, result: number): void {
    const outcome = this.#machine.take(at, result);
    this.#outcomes[d + 1] = outcome;
    const { next, broken } = outcome;
    const slot = (d + 1) * this.#n + at.thread;
    this.#assertNoRace(d * this.#n, at.thread, outcome);
    if (broken !== undefined) throw broken;
    this.#positions[slot] = next;
    this.#statuses[slot] = next === undefined ? DONE : READY;
    if (this.#monitor !== undefined) {
      this.#monitored[d + 1] = this.#monitor.step(this.#monitored[d] as number, at.thread, outcome);
    }
  }

  #assertNoRace(base: number, me: number, { accesses }: Outcome): void {
    for (let j = 0; j < this.#n; j++) {
      const tail = this.#positions[base + j]?.tail;
      if (j === me || tail === undefined || tail.length === 0) continue;
      for (const theirs of tail) {
        for (const mine of accesses) {
          if (conflicts(mine, theirs)) {
            const name = this.#program.threads[j]?.name;
            const address = (mine >> 3) << 2;
            const where = this.#machine.name?.(address) ?? `address ${address}`;
            throw new Broken("race", `${where}, with ${name}`);
          }
        }
      }
    }
  }

  /** Leaves the hash of the state at depth d in #hashLow and #hashHigh. */
  #hash(d: number): void {
    const n = this.#n;
    const base = d * n;
    const machine = this.#machine;
    let { low, high } = machine;
    for (let i = 0; i < n; i++) {
      const p = this.#positions[base + i];
      const key = (i << 3) | (this.#statuses[base + i] as number);
      low ^= mixLow(p === undefined ? 0 : p.low, key);
      high ^= mixHigh(p === undefined ? 0 : p.high, key);
      const waits = this.#queue[base + i] as number;
      if (waits !== NOBODY) {
        low ^= mixLow(waits, 1000 + i);
        high ^= mixHigh(waits, 1000 + i);
      }
    }
    const bounded =
      this.#bound === undefined
        ? 0
        : 1 + (this.#preempted[d] as number) * (n + 1) + (this.#last[d] as number) + 1;
    const rest = (this.#monitored[d] as number) * 4 + (this.#deaths[d] as number);
    this.#hashLow = low ^ mixLow(rest, bounded);
    this.#hashHigh = high ^ mixHigh(rest, bounded);
  }

  /** False if the state was explored before. */
  #enter(d: number): boolean {
    this.#hash(d);
    const state = this.#visited.add(this.#hashLow, this.#hashHigh);
    const isNew = state >= 0;
    const number = isNew ? state : -1 - state;
    if (d > 0) this.#edges.add(this.#state[d - 1] as number, number);
    if (!isNew) return false;
    if (this.#isOver(d * this.#n)) {
      this.#end();
      this.#over.push(number);
    }
    this.#state[d] = number;
    this.#arrive(d);
    return true;
  }

  #arrive(d: number): void {
    this.#depth = d;
    this.#low[d] = this.#machine.low;
    this.#high[d] = this.#machine.high;
    this.#mark[d] = this.#machine.mark;
    this.#next[d] = 0;
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
    this.#next[this.#depth] = nearest.choice + 1;
    this.#take(this.#depth, nearest.choice % this.#n, Math.floor(nearest.choice / this.#n));
    return this.finding(nearest.how);
  }

  /** Somebody goes round for ever: there is a state from which no end can be reached. */
  #livelock(): Finding | undefined {
    const isLost = unreaching(this.#edges, this.#visited.size, this.#over);
    if (isLost === undefined) return undefined;
    const { states, loop } = lasso(this.graph(), isLost);
    this.#walk(states);
    const detail = "threads run, and from here on no order of their steps leads to an end";
    return { ...this.finding(new Broken("livelock", detail)), loop };
  }

  /** Goes from each of these states to the next; the first is where it all begins. */
  #walk(states: readonly number[]): void {
    this.rewind();
    for (const state of states.slice(1)) {
      const d = this.#depth;
      if (!this.choices().some((choice) => this.#goesTo(state, choice))) {
        throw new Error(`no step leads from state ${this.#state[d]} to state ${state}`);
      }
      this.#state[d + 1] = state;
    }
  }

  /** Takes a step if it leads to that state. */
  #goesTo(state: number, { thread, what }: Choice): boolean {
    const d = this.#depth;
    try {
      this.#take(d, thread, what);
      this.#hash(d + 1);
      if (-1 - this.#visited.add(this.#hashLow, this.#hashHigh) === state) {
        this.#next[d] = thread + this.#n * what + 1;
        this.#arrive(d + 1);
        return true;
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    this.#back(d);
    return false;
  }

  /** True if nobody can go on. @throws Broken if somebody waits then. */
  #isOver(base: number): boolean {
    let stuck = "";
    for (let i = 0; i < this.#n; i++) {
      const status = this.#statuses[base + i] as number;
      if (this.#machine.hasPosts(i)) return false;
      if (status >= DONE) continue;
      if (this.#canRun(base, i) || (this.#positions[base + i] as Position).timed) return false;
      stuck += `${stuck === "" ? "" : ", "}${this.#program.threads[i]?.name}`;
    }
    if (stuck !== "") throw new Broken("deadlock", `waiting for ever: ${stuck}`);
    return true;
  }

  #end(): void {
    this.#ends++;
    const { end } = this.#program;
    if (end === undefined) return;
    const [entry, ...args] = end;
    const { mark } = this.#machine;
    this.#machine.call(entry, ...args);
    this.#machine.undo(mark);
  }
}
