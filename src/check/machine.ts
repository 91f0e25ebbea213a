// A few threads of one stepped core (core/atomic.ts, STEPPED), of which one runs at a time. Each
// access to shared memory calls out first; there the thread is suspended by Binaryen's Asyncify,
// which saves its stack, until a scheduler has it go on. Everything that a thread is can be kept
// and put back: so states are explored without running anything twice.
//
// What a step does (step.ts) follows from where its thread stood and what it read. So it is run once
// for all that it can read, and after that played from what was noted down.

import { Memory } from "./memory.js";
import {
  Broken,
  END,
  type Event,
  type Explorable,
  JOIN,
  MOVED_ON,
  NOTIFY,
  type Outcome,
  PLAIN,
  type Position,
  READS,
  Restart,
  START,
  type ThreadSpec,
  TIMED_OUT,
  WAIT,
  type Watcher,
} from "./step.js";
import { mixHigh, mixLow } from "./visited.js";

interface Exports {
  asyncify_start_unwind(data: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(data: number): void;
  asyncify_stop_rewind(): void;
}
type Entry = (...args: (number | bigint)[]) => void;

const PAGES = 64;
/** Room for the stack of a suspended thread, at the end of the memory. */
const STACK_BYTES = 16384;
const GLOBAL = "global ";
const NO_STACK = new Int32Array(0);
/** Accesses of one step: more are a loop that nobody can end. */
const MOST_FUSED = 10_000;
const MOST_FREE = 1_000_000;

interface Pending {
  readonly access: number;
  readonly address: number;
  /** Of a wait the expected value, of a notify how many. */
  readonly argument: number;
  readonly timed: boolean;
}

const AT_START: Pending = { access: START, address: 0, argument: 0, timed: false };
const AT_END: Pending = { ...AT_START, access: END };

export class Machine implements Explorable {
  readonly memory: Memory;
  readonly #threads: readonly ThreadSpec[];
  readonly #watcher: Watcher | undefined;
  readonly #exports: Exports;
  readonly #entries: Record<string, Entry>;
  readonly #globals: WebAssembly.Global[];
  readonly #positions = new Map<number, Position>();
  readonly #stack: Int32Array;
  readonly #data: number;
  #outcomes = 0;
  // Of the step under way.
  #thread = -1;
  #granted: Position | undefined;
  #rewinds = false;
  #result = 0;
  #fused = 0;
  /** The word of the last atomic access that was no step, −1: there was none. */
  #unseen = -1;
  #pending: Pending | undefined;
  #events: Event[] = [];
  /** No thread runs: before they begin and after they ended. */
  #free = true;

  constructor(
    module: WebAssembly.Module,
    threads: readonly ThreadSpec[],
    shared: Set<number>,
    watcher?: Watcher,
  ) {
    this.#threads = threads;
    this.#watcher = watcher;
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
    const { buffer } = memory;
    this.#data = buffer.byteLength - STACK_BYTES;
    this.#stack = new Int32Array(buffer, this.#data, STACK_BYTES / 4);
    this.memory = new Memory(new Int32Array(buffer), this.#data, shared);
    const tell = (what: number | undefined, value: number) => {
      if (this.#rewinds || this.#free) return;
      this.#events.push({ what, value });
      this.#watcher?.told(this.#thread, { what, value });
    };
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory },
      atomic: {
        step: (access: number, address: number) => this.#step(access, address, 0, false),
        stepWait: (address: number, expected: number, timed: number) =>
          this.#step(WAIT, address, expected, timed !== 0),
        stepNotify: (address: number, count: number) => this.#step(NOTIFY, address, count, false),
      },
      history: {
        called: (what: number, argument: number) => tell(what, argument),
        returned: (result: number) => tell(undefined, result),
        joined: (thread: number) => this.#step(JOIN, 0, thread, false),
        polled: (thread: number) => this.#step(JOIN, 0, thread, true),
        expect: (holds: number, rule: number) => {
          if (holds === 0 && !this.#rewinds) throw new Broken("assertion", `rule ${rule}`);
        },
      },
    });
    this.#exports = exports as unknown as Exports;
    this.#entries = exports as unknown as Record<string, Entry>;
    this.#globals = Object.keys(exports)
      .filter((name) => name.startsWith(GLOBAL))
      .map((name) => exports[name] as WebAssembly.Global);
  }

  isStill({ address, argument }: Position): boolean {
    return this.memory.words[address >> 2] === argument;
  }

  /** Calls an export outside of all threads; `undo` takes back what it did. */
  call(name: string, ...args: (number | bigint)[]): void {
    this.#free = true;
    this.#fused = 0;
    try {
      (this.#entries[name] as Entry)(...args);
    } finally {
      this.#free = false;
    }
  }

  /** Where a thread begins. Call after the program's own initialisation. */
  begin(thread: number): Position {
    this.memory.begin(thread);
    return this.#keep(thread, AT_START, NO_STACK);
  }

  // --- steps ------------------------------------------------------------------------

  /** Takes a thread's next step. `result`: of its wait or notify. */
  take(at: Position, result: number): Outcome {
    const known = this.#watcher === undefined ? this.#known(at, result) : undefined;
    const outcome = known ?? this.#run(at, result);
    this.memory.apply(at.thread, outcome);
    return outcome;
  }

  #known({ outcomes }: Position, result: number): Outcome | undefined {
    for (let i = 0; i < outcomes.length; i++) {
      const outcome = outcomes[i] as Outcome;
      if (outcome.result === result && this.memory.holds(outcome.reads)) return outcome;
    }
    return undefined;
  }

  /** Runs it; memory is as before afterwards. */
  #run(at: Position, result: number): Outcome {
    const { thread } = at;
    this.memory.begin(thread, (at.access & PLAIN) !== 0 ? at.tail : []);
    this.#events = [];
    const broken = at.access === END ? undefined : this.#goOn(at, result);
    const suspended = this.#pending;
    this.#pending = undefined;
    let next: Position | undefined;
    if (suspended !== undefined) {
      this.#exports.asyncify_stop_unwind();
      const end = ((this.#stack[0] as number) - this.#data) >> 2;
      next = this.#keep(thread, suspended, this.#stack.slice(2, end));
    } else if (broken === undefined && at.access !== END && this.#hasEnd(thread)) {
      next = this.#keep(thread, AT_END, NO_STACK);
    }
    this.#watcher?.left(thread);
    const { reads, accesses } = this.memory;
    const outcome: Outcome = {
      id: this.#outcomes++,
      result,
      reads,
      ...this.memory.takeBack(),
      accesses,
      events: this.#events,
      next,
      broken,
    };
    at.outcomes.push(outcome);
    return outcome;
  }

  /** True if there is something to see between a thread's last access and its end. */
  #hasEnd(thread: number): boolean {
    return this.memory.tail.length > 0 || this.#isMortal(thread);
  }

  #isMortal(thread: number): boolean {
    return this.#threads[thread]?.mortal === true;
  }

  /** Has a thread go on until it is suspended again, or ends. @returns what it broke */
  #goOn(at: Position, result: number): Broken | undefined {
    this.#thread = at.thread;
    this.#granted = at;
    this.#result = result;
    this.#fused = 0;
    this.#unseen = -1;
    this.#globals.forEach((global, i) => {
      global.value = at.globals[i];
    });
    const spec = this.#threads[at.thread] as ThreadSpec;
    this.#stack[1] = this.#data + STACK_BYTES;
    if (at.access !== START) {
      this.#stack.set(at.stack, 2);
      this.#stack[0] = this.#data + 8 + 4 * at.stack.length;
      this.#rewinds = true;
      this.#exports.asyncify_start_rewind(this.#data);
    }
    try {
      (this.#entries[spec.entry] as Entry)(...spec.arguments);
      return undefined;
    } catch (error) {
      if (error instanceof Restart) throw error;
      return error instanceof Broken ? error : new Broken("trap", String(error));
    }
  }

  /** Called by the core before each access. */
  #step(access: number, address: number, argument: number, timed: boolean): number {
    if (this.#free) {
      if (++this.#fused > MOST_FREE)
        throw new Broken("livelock", "at the end, outside of all threads");
      this.memory.remember(access, address);
      return 0;
    }
    if (this.#rewinds) {
      this.#rewinds = false;
      this.#exports.asyncify_stop_rewind();
      const granted = this.#granted as Position;
      if (granted.access !== JOIN) this.#note(granted.access, granted.address);
      return this.#result;
    }
    if (this.memory.isFused(access, address, timed, this.#isMortal(this.#thread))) {
      if ((access & PLAIN) === 0) this.#unseen = address;
      if (++this.#fused > MOST_FUSED) this.#assertGoesOn();
      const isWait = (access & WAIT) !== 0;
      this.#note(isWait ? access | READS : access, address);
      if (!isWait) return 0;
      return this.memory.words[address >> 2] === argument ? TIMED_OUT : MOVED_ON;
    }
    this.#watcher?.stops(this.#thread, access);
    this.#pending = { access, address, argument, timed };
    this.#stack[0] = this.#data + 8;
    this.#exports.asyncify_start_unwind(this.#data);
    return 0;
  }

  /** Whoever waits for a word that nobody else used so far may not have seen the others run yet. */
  #assertGoesOn(): void {
    if (this.#unseen < 0) {
      throw new Broken("livelock", `${MOST_FUSED} accesses without one that others see`);
    }
    this.memory.share(this.#unseen);
  }

  #note(access: number, address: number): void {
    this.#watcher?.accessed(this.#thread, access, address);
    this.memory.note(access, address);
  }

  #keep(thread: number, pending: Pending, stack: Int32Array): Position {
    const { access, address, argument } = pending;
    const tail = [...new Set(this.memory.tail)].sort((a, b) => a - b);
    const globals = this.#globals.map((global) => global.value as number | bigint);
    let low = mixLow(access, address);
    let high = mixHigh(address, access);
    const mix = (value: number) => {
      low = mixLow(low, value);
      high = mixHigh(high, value);
    };
    mix(argument);
    mix(thread);
    stack.forEach(mix);
    for (const value of globals) {
      mix(typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value);
      if (typeof value === "bigint") mix(Number(BigInt.asIntN(32, value >> 32n)));
    }
    tail.forEach(mix);
    const key = (low >>> 0) + (high & 0x1fffff) * 2 ** 32;
    const known = this.#positions.get(key);
    if (known?.low === low && known.high === high) return known;
    const id = this.#positions.size;
    const outcomes: Outcome[] = [];
    const position: Position = {
      ...pending,
      id,
      thread,
      stack,
      globals,
      tail,
      low,
      high,
      outcomes,
    };
    this.#positions.set(key, position);
    return position;
  }
}
