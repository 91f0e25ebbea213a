// The states on the way from the first one to the one at hand, a state a level: what may happen next
// in one, what it does, and back again. Explorers and walkers go by it; nobody else may use the
// machine meanwhile.

import { Monitor } from "./monitor.js";
import { Preemptions } from "./preemptions.js";
import { DIE, type Finding, FLUSH, type Program, RUN, type Step, TIMEOUT } from "./program.js";
import {
  AWAIT,
  Broken,
  DEAD,
  DONE,
  type Explorable,
  JOIN,
  MOVED_ON,
  NOTIFIED,
  NOTIFY,
  type Outcome,
  PLAIN,
  type Position,
  READY,
  raceOf,
  type SharedMemory,
  TIMED_OUT,
  WAIT,
  WAITING,
  WOKEN,
} from "./step.js";
import { mixHigh, mixLow } from "./visited.js";
import { WaitLists } from "./wait-lists.js";

/** What a join returns; 0: its thread ended by itself. */
const DIED = 1;
const LIVES = 2;

/** A choice is a number here: thread + n · what, of n threads. */
export class Levels {
  /** Of the state at hand. */
  depth = -1;
  /** Hash of the state that `hash` was asked for. */
  hashLow = 0;
  hashHigh = 0;
  readonly n: number;
  readonly #program: Program;
  readonly #machine: Explorable;
  readonly #memory: SharedMemory;
  readonly #monitor: Monitor | undefined;
  // By level; n entries a level where it says so.
  /** n: undefined once the thread ended. */
  readonly #positions: (Position | undefined)[] = [];
  /** n. */
  readonly #statuses: number[] = [];
  readonly #lists: WaitLists;
  readonly #preemptions: Preemptions;
  readonly #deaths: number[] = [];
  readonly #monitored: number[] = [];
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  readonly #mark: number[] = [];
  /** The first choice that was not tried. */
  readonly #next: number[] = [];
  /** What led to the state; undefined: the thread fell asleep, or died. */
  readonly #outcomes: (Outcome | undefined)[] = [];

  /** `bound`: how often a thread that could go on is overtaken; undefined: any number of times. */
  constructor(machine: Explorable, program: Program, bound?: number) {
    const { threads, capacity } = program;
    this.#program = program;
    this.#preemptions = new Preemptions(bound);
    this.n = threads.length;
    this.#monitor = capacity === undefined ? undefined : new Monitor(capacity, threads.length);
    this.#machine = machine;
    this.#memory = machine.memory;
    this.#lists = new WaitLists(threads.length);
  }

  /** Makes the first state. */
  start(): void {
    const machine = this.#machine;
    const { init, threads } = this.#program;
    const [entry, ...args] = init;
    machine.call(entry, ...args);
    threads.forEach((_, i) => {
      this.#positions[i] = machine.begin(i);
      this.#statuses[i] = READY;
    });
    this.#lists.begin();
    this.#deaths[0] = 0;
    this.#monitored[0] = 0;
  }

  /** The state of depth d is the one at hand: no choice of it is tried yet. */
  arrive(d: number): void {
    this.depth = d;
    this.#low[d] = this.#memory.low;
    this.#high[d] = this.#memory.high;
    this.#mark[d] = this.#memory.mark;
    this.#next[d] = 0;
  }

  /** Memory becomes that of the state of depth d. */
  back(d: number): void {
    this.#memory.undo(this.#mark[d] as number);
    this.#memory.low = this.#low[d] as number;
    this.#memory.high = this.#high[d] as number;
  }

  position(d: number, thread: number): Position | undefined {
    return this.#positions[d * this.n + thread];
  }

  status(d: number, thread: number): number {
    return this.#statuses[d * this.n + thread] as number;
  }

  /** What just broke, and the way there. */
  finding({ rule, message }: Broken): Finding {
    const steps = this.#path();
    const path = steps.map(({ thread, what }) => ({ thread, what }));
    return { verdict: rule, detail: message, path, steps: () => steps };
  }

  #path(): Step[] {
    // Of the state that the search stands in a choice may be made already, or none.
    const isOpen = this.depth >= 0 && this.#next[this.depth] === 0;
    return Array.from({ length: this.depth + (isOpen ? 0 : 1) }, (_, d) => {
      const choice = (this.#next[d] as number) - 1;
      const thread = choice % this.n;
      const at = this.#positions[d * this.n + thread] as Position;
      return { thread, what: Math.floor(choice / this.n), at, outcome: this.#outcomes[d + 1] };
    });
  }

  // --- choices ------------------------------------------------------------------------

  /** The next choice in a state that was not tried: it is now. −1 if all were. */
  choose(d: number): number {
    const choice = this.first(d, this.#next[d] as number);
    if (choice >= 0) this.#next[d] = choice + 1;
    return choice;
  }

  /** This choice was tried last. */
  chose(d: number, choice: number): void {
    this.#next[d] = choice + 1;
  }

  /** The choice in a state that was tried last. */
  chosen(d: number): number {
    return (this.#next[d] as number) - 1;
  }

  /** The first choice from `from` on that there is; −1 if there is none. */
  first(d: number, from: number): number {
    const { n } = this;
    const end = (FLUSH + this.#memory.mostPosts) * n;
    let thread = from % n;
    let what = Math.floor(from / n);
    for (let choice = from; choice < end; choice++) {
      if (this.#may(d, thread, what)) return choice;
      if (++thread === n) {
        thread = 0;
        what++;
      }
    }
    return -1;
  }

  #may(d: number, thread: number, what: number): boolean {
    if (what >= FLUSH) return this.#memory.isPosted(thread, what - FLUSH);
    const status = this.status(d, thread);
    if (status >= DONE || !this.#mayRun(d, thread)) return false;
    if (what === RUN) return this.#canRun(d * this.n, thread);
    if (what === DIE) return this.#mayDie(d, thread);
    return status === WAITING && (this.position(d, thread) as Position).timed;
  }

  #mayDie(d: number, thread: number): boolean {
    const { threads, deaths = 0 } = this.#program;
    return threads[thread]?.mortal === true && (this.#deaths[d] as number) < deaths;
  }

  /** False if the bound has the thread that ran last go on. */
  #mayRun(d: number, thread: number): boolean {
    if (!this.#preemptions.isSpent(d)) return true;
    return thread === this.#preemptions.last(d) || !this.#canGoOn(d);
  }

  /** True if the thread that ran last could run now. */
  #canGoOn(d: number): boolean {
    const last = this.#preemptions.last(d);
    return last >= 0 && this.#canRun(d * this.n, last);
  }

  #canRun(base: number, thread: number): boolean {
    const status = this.#statuses[base + thread];
    if (status !== READY) return status === WOKEN;
    // An atomic comes behind all stores before it.
    if (this.#memory.hasPosts(thread)) {
      const { access } = this.#positions[base + thread] as Position;
      if ((access & PLAIN) === 0) return false;
    }
    const at = this.#positions[base + thread] as Position;
    const { access, argument, timed } = at;
    if ((access & AWAIT) !== 0) return !this.#machine.isStill(at);
    return (
      access !== JOIN ||
      timed ||
      ((this.#statuses[base + argument] as number) >= DONE && !this.#memory.hasPosts(argument))
    );
  }

  /** Makes the state of depth d + 1 of that of depth d. @throws Broken */
  take(d: number, choice: number): void {
    const n = this.n;
    const thread = choice % n;
    const what = Math.floor(choice / n);
    const from = d * n;
    const to = from + n;
    for (let i = 0; i < n; i++) {
      this.#positions[to + i] = this.#positions[from + i];
      this.#statuses[to + i] = this.#statuses[from + i] as number;
    }
    this.#lists.copy(d);
    this.#deaths[d + 1] = (this.#deaths[d] as number) + (what === DIE ? 1 : 0);
    this.#monitored[d + 1] = this.#monitored[d] as number;
    if (what >= FLUSH) this.#preemptions.keep(d);
    else {
      const isPreemption = thread !== this.#preemptions.last(d) && this.#canGoOn(d);
      this.#preemptions.run(d, thread, isPreemption);
    }
    this.#outcomes[d + 1] = undefined;
    if (what >= FLUSH) this.#memory.flush(thread, what - FLUSH);
    else if (what === DIE) {
      this.#statuses[to + thread] = DEAD;
      this.#positions[to + thread] = undefined;
      this.#lists.leave(d + 1, thread);
    } else if (what === TIMEOUT) {
      this.#lists.leave(d + 1, thread);
      this.#goOn(d, thread, TIMED_OUT);
    } else this.#run(d, thread);
  }

  #run(d: number, thread: number): void {
    const at = this.position(d, thread) as Position;
    if ((at.access & WAIT) !== 0) {
      if (this.status(d, thread) === WOKEN) this.#goOn(d, thread, NOTIFIED);
      else if (!this.#machine.isStill(at)) this.#goOn(d, thread, MOVED_ON);
      else {
        this.#statuses[(d + 1) * this.n + thread] = WAITING;
        this.#lists.lieDown(d + 1, thread);
      }
    } else if ((at.access & NOTIFY) !== 0) this.#goOn(d, thread, this.#notify(d + 1, at));
    else if (at.access === JOIN) {
      const status = this.status(d, at.argument);
      this.#goOn(d, thread, status < DONE ? LIVES : status === DEAD ? DIED : 0);
    } else this.#goOn(d, thread, 0);
  }

  /** Wakes those who wait there, first come first; returns how many. */
  #notify(d: number, { address, argument }: Position): number {
    let woken = 0;
    for (let i = 0; i < this.#lists.size(d); ) {
      const thread = this.#lists.at(d, i);
      const isHere = (this.position(d, thread) as Position).address === address;
      if (isHere && (argument < 0 || woken < argument)) {
        this.#statuses[d * this.n + thread] = WOKEN;
        woken++;
        this.#lists.leave(d, thread);
      } else i++;
    }
    return woken;
  }

  /** The thread goes on with its access to the next one. */
  #goOn(d: number, thread: number, result: number): void {
    const at = this.position(d, thread) as Position;
    const outcome = this.#machine.take(at, result);
    this.#outcomes[d + 1] = outcome;
    const { next, broken } = outcome;
    const slot = (d + 1) * this.n + thread;
    this.#assertNoRace(d * this.n, thread, outcome);
    if (broken !== undefined) throw broken;
    this.#positions[slot] = next;
    this.#statuses[slot] = next === undefined ? DONE : READY;
    if (this.#monitor !== undefined) {
      this.#monitored[d + 1] = this.#monitor.step(this.#monitored[d] as number, thread, outcome);
    }
  }

  #assertNoRace(base: number, me: number, { accesses }: Outcome): void {
    for (let j = 0; j < this.n; j++) {
      const tail = this.#positions[base + j]?.tail;
      if (j === me || tail === undefined || tail.length === 0) continue;
      const word = raceOf(accesses, tail);
      if (word === undefined) continue;
      const where = this.#machine.name?.(word << 2) ?? `address ${word << 2}`;
      throw new Broken("race", `${where}, with ${this.#program.threads[j]?.name}`);
    }
  }

  /** Leaves the hash of the state at depth d in hashLow and hashHigh. */
  hash(d: number): void {
    const n = this.n;
    const base = d * n;
    let { low, high } = this.#memory;
    for (let i = 0; i < n; i++) {
      const p = this.#positions[base + i];
      const key = (i << 3) | (this.#statuses[base + i] as number);
      low ^= mixLow(p === undefined ? 0 : p.low, key);
      high ^= mixHigh(p === undefined ? 0 : p.high, key);
    }
    for (let i = 0; i < this.#lists.size(d); i++) {
      const waits = this.#lists.at(d, i);
      low ^= mixLow(waits, 1000 + i);
      high ^= mixHigh(waits, 1000 + i);
    }
    const bounded = this.#preemptions.key(d, n);
    const rest = (this.#monitored[d] as number) * 4 + (this.#deaths[d] as number);
    this.hashLow = low ^ mixLow(rest, bounded);
    this.hashHigh = high ^ mixHigh(rest, bounded);
  }

  /** True if nobody can go on. @throws Broken if somebody waits then. */
  isOver(d: number): boolean {
    const base = d * this.n;
    let stuck = "";
    for (let i = 0; i < this.n; i++) {
      const status = this.#statuses[base + i] as number;
      if (this.#memory.hasPosts(i)) return false;
      if (status >= DONE) continue;
      if (this.#canRun(base, i) || (this.#positions[base + i] as Position).timed) return false;
      stuck += `${stuck === "" ? "" : ", "}${this.#program.threads[i]?.name}`;
    }
    if (stuck !== "") throw new Broken("deadlock", `waiting for ever: ${stuck}`);
    return true;
  }

  /** Looks at what is left when all have ended. @throws Broken */
  end(): void {
    const { end } = this.#program;
    if (end === undefined) return;
    const [entry, ...args] = end;
    const { mark } = this.#memory;
    this.#machine.call(entry, ...args);
    this.#memory.undo(mark);
  }
}
