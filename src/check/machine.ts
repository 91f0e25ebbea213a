// A few threads of one stepped core (core/atomic.ts, STEPPED), of which one runs at a time. Each
// access to shared memory calls out first; there the thread is suspended by Binaryen's Asyncify,
// which saves its stack, until a scheduler has it go on. Everything that a thread is can be kept
// and put back: so states are explored without running anything twice.
//
// A step of a thread is an access that others may see, an atomic one on a word that two threads
// use, and all up to the next such access. Plain accesses and words of one thread's own are no
// steps: other threads see nothing of their order, unless they race, which is looked for here.
//
// Races. A thread's *tail* is what it has accessed plainly since its last step began. Another
// thread that accesses a word of it before that thread's next step, one of the two writing, races
// with it. That finds every race: if a program has one, then it has an execution in which the two
// accesses are next to each other (S. Adve and H. Boehm, Foundations of the C++ Concurrency Memory
// Model, 2008, on the equality of the two definitions), and the steps between can be moved away.
//
// What a step does follows from where its thread stood and what it read. So it is run once for all
// that it can read, and after that played from what was noted down.

import { mixHigh, mixLow } from "./visited.js";

export const READS = 1;
export const WRITES = 2;
export const PLAIN = 4;
export const WIDE = 8;
export const RACES = 16;
/** Beyond those of core/atomic.ts. */
export const WAIT = 32;
export const NOTIFY = 64;
export const START = 128;
/** Not an access: waits until another thread has ended; timed: asks. `argument`: which. */
export const JOIN = 256;
/** Goes on only once its word is no longer what is expected there. */
export const AWAIT = 512;

/** Stores of one thread that race, under way at a time. */
export const MOST_POSTS = 4;

// An access in a tail: word << 3, and these.
export const IS_WRITE = 1;
export const IS_RACING = 2;
export const IS_PLAIN = 4;

/** True if two accesses of two threads race that nothing orders. */
export function conflicts(a: number, b: number): boolean {
  if (a >> 3 !== b >> 3 || ((a | b) & IS_WRITE) === 0 || ((a | b) & IS_PLAIN) === 0) return false;
  const isAllowed = (one: number, other: number) =>
    (one & IS_RACING) !== 0 && (other & (IS_PLAIN | IS_WRITE)) === 0;
  return !isAllowed(a, b) && !isAllowed(b, a);
}

/** Statuses of a thread; WOKEN: notified. */
export const READY = 0;
export const WAITING = 1;
export const WOKEN = 2;
export const DONE = 3;
export const DEAD = 4;

export interface ThreadSpec {
  readonly name: string;
  /** An export of the module; called with `arguments`. */
  readonly entry: string;
  readonly arguments: readonly number[];
  /** It may die before any of its accesses that others see, plain ones included. */
  readonly mortal?: boolean;
}

/** Where a thread stands before its next access, and all that it is but shared memory. */
export interface Position {
  readonly id: number;
  readonly thread: number;
  readonly access: number;
  readonly address: number;
  /** Of a wait the expected value, of a notify how many. */
  readonly argument: number;
  readonly timed: boolean;
  readonly stack: Int32Array;
  readonly globals: readonly (number | bigint)[];
  /** Plain accesses since the last step. */
  readonly tail: readonly number[];
  readonly low: number;
  readonly high: number;
  /** What the next step was seen to do. */
  readonly outcomes: Outcome[];
}

/** What a step did, if it read what it read. */
export interface Outcome {
  readonly id: number;
  /** Of a wait or a notify, what it returned. */
  readonly result: number;
  /** Words and what they held, in the order in which they were read. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** The same of stores that race: they take effect later, in any order. */
  readonly posts: readonly number[];
  /** Words that others use, as in a tail. */
  readonly accesses: readonly number[];
  readonly events: readonly Event[];
  /** Undefined: the thread ended. */
  readonly next: Position | undefined;
  /** A rule that it broke. */
  readonly broken: Broken | undefined;
  /** In words, if the machine has any. */
  readonly text?: string;
}

/** What the explorer asks of threads and their memory. */
export interface Explorable {
  readonly words: Int32Array;
  /** Hash of the shared memory; changed with it. */
  low: number;
  high: number;
  /** Where the log of changes ends; `undo` takes back what came behind a mark. */
  readonly mark: number;
  undo(mark: number): void;
  /** Calls something outside of all threads. */
  call(name: string, ...args: (number | bigint)[]): void;
  begin(thread: number): Position;
  /** Takes a thread's next step. `result`: of its wait or notify. */
  take(at: Position, result: number): Outcome;
  /** True if the word of a wait holds what is expected there. */
  isStill(at: Position): boolean;
  /** Of a thread's racing stores that are under way. */
  isPosted(thread: number, k: number): boolean;
  hasPosts(thread: number): boolean;
  flush(thread: number, k: number): void;
  /** What programs call a word. */
  name?(address: number): string;
}

/** What a program told: `what` is undefined for a return. */
export interface Event {
  readonly what: number | undefined;
  readonly value: number;
}

/** Told what steps do, while they do it. Every step is run then, also one that is known. */
export interface Watcher {
  /** The thread is suspended before `access`. */
  stops(thread: number, access: number): void;
  /** `access` is about to be made. */
  accessed(thread: number, access: number, address: number): void;
  told(thread: number, event: Event): void;
  /** It is suspended again, or ended: memory is as it left it. */
  left(thread: number): void;
}

/** A rule of the checker's own that a step broke. */
export class Broken extends Error {
  readonly rule: string;
  constructor(rule: string, detail: string) {
    super(detail);
    this.rule = rule;
  }
}

/** A word turned out to be used by two threads: explore again, with it in `shared`. */
export class Restart extends Error {}

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
/** Accesses of one step: more are a loop that nobody can end. */
const MOST_FUSED = 10_000;
const MOST_FREE = 1_000_000;

export class Machine implements Explorable {
  readonly words: Int32Array;
  /** Hash of the shared memory; changed with it. */
  low = 0;
  high = 0;
  readonly #threads: readonly ThreadSpec[];
  readonly #shared: Set<number>;
  readonly #watcher: Watcher | undefined;
  /** Word and value before, for each write. */
  #log = new Int32Array(1 << 12);
  #logged = 0;
  /** By word: the only thread that used it so far; and its width. */
  readonly #owners = new Map<number, number>();
  readonly #widths = new Map<number, number>();
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
  #next: Position | undefined;
  #result = 0;
  #fused = 0;
  /** The word of the last atomic access that was no step, −1: there was none. */
  #unseen = -1;
  #tail: number[] = [];
  #reads: number[] = [];
  #written: number[] = [];
  readonly #posted = new Set<number>();
  #accesses: number[] = [];
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
    this.#shared = shared;
    this.#watcher = watcher;
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
    const { buffer } = memory;
    this.words = new Int32Array(buffer);
    this.#data = buffer.byteLength - STACK_BYTES;
    this.#stack = new Int32Array(buffer, this.#data, STACK_BYTES / 4);
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
    this.#thread = thread;
    return this.#keep(START, 0, 0, false, new Int32Array(0));
  }

  // --- memory -----------------------------------------------------------------------

  get mark(): number {
    return this.#logged;
  }

  undo(mark: number): void {
    const { words } = this;
    for (let i = this.#logged - 2; i >= mark; i -= 2) {
      words[this.#log[i] as number] = this.#log[i + 1] as number;
    }
    this.#logged = mark;
  }

  /** Notes down what a word holds, before it changes. */
  #remember(word: number): number {
    if (this.#logged === this.#log.length) {
      const log = new Int32Array(2 * this.#log.length);
      log.set(this.#log);
      this.#log = log;
    }
    const before = this.words[word] as number;
    this.#log[this.#logged++] = word;
    this.#log[this.#logged++] = before;
    return before;
  }

  #write(word: number, value: number): void {
    const before = this.#remember(word);
    if (before === value) return;
    this.low ^= mixLow(word, before) ^ mixLow(word, value);
    this.high ^= mixHigh(word, before) ^ mixHigh(word, value);
    this.words[word] = value;
  }

  isStill({ address, argument }: Position): boolean {
    return this.words[address >> 2] === argument;
  }

  // --- steps ------------------------------------------------------------------------

  /** Takes a thread's next step. `result`: of its wait or notify. */
  take(at: Position, result: number): Outcome {
    const known = this.#watcher === undefined ? this.#known(at, result) : undefined;
    const outcome = known ?? this.#run(at, result);
    const { writes, posts } = outcome;
    for (let i = 0; i < writes.length; i += 2) {
      this.#write(writes[i] as number, writes[i + 1] as number);
    }
    for (let i = 0; i < posts.length; i += 2) {
      this.#post(at.thread, posts[i] as number, posts[i + 1] as number);
    }
    return outcome;
  }

  // Stores that race lie in memory of their own until they take effect, so that they are part of
  // the state.

  #postAt(thread: number, k: number): number {
    return (this.#data >> 2) - 2 * (MOST_POSTS * (thread + 1) - k);
  }

  #post(thread: number, word: number, value: number): void {
    let k = 0;
    while (this.isPosted(thread, k)) k++;
    if (k === MOST_POSTS) throw new Error(`more than ${MOST_POSTS} racing stores at a time`);
    this.#write(this.#postAt(thread, k), word);
    this.#write(this.#postAt(thread, k) + 1, value);
  }

  /** True if racing store k of a thread is under way. */
  isPosted(thread: number, k: number): boolean {
    return this.words[this.#postAt(thread, k)] !== 0;
  }

  /** The address that it will store to. */
  postedAt(thread: number, k: number): number {
    return (this.words[this.#postAt(thread, k)] as number) << 2;
  }

  hasPosts(thread: number): boolean {
    for (let k = 0; k < MOST_POSTS; k++) if (this.isPosted(thread, k)) return true;
    return false;
  }

  /** It takes effect now. */
  flush(thread: number, k: number): void {
    const at = this.#postAt(thread, k);
    this.#write(this.words[at] as number, this.words[at + 1] as number);
    this.#write(at, 0);
    this.#write(at + 1, 0);
  }

  #known({ outcomes }: Position, result: number): Outcome | undefined {
    for (let i = 0; i < outcomes.length; i++) {
      const outcome = outcomes[i] as Outcome;
      const { reads } = outcome;
      let holds = outcome.result === result;
      for (let j = 0; holds && j < reads.length; j += 2) {
        holds = this.words[reads[j] as number] === reads[j + 1];
      }
      if (holds) return outcome;
    }
    return undefined;
  }

  /** Runs it; memory is as before afterwards. */
  #run(at: Position, result: number): Outcome {
    this.#thread = at.thread;
    this.#granted = at;
    this.#result = result;
    this.#next = undefined;
    this.#fused = 0;
    this.#unseen = -1;
    this.#tail = (at.access & PLAIN) !== 0 ? [...at.tail] : [];
    this.#reads = [];
    this.#written = [];
    this.#posted.clear();
    this.#accesses = [];
    this.#events = [];
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
    let broken: Broken | undefined;
    try {
      (this.#entries[spec.entry] as Entry)(...spec.arguments);
    } catch (error) {
      if (error instanceof Restart) throw error;
      broken = error instanceof Broken ? error : new Broken("trap", String(error));
    }
    const suspended = this.#pending;
    this.#pending = undefined;
    if (suspended !== undefined && broken === undefined) {
      this.#exports.asyncify_stop_unwind();
      const end = ((this.#stack[0] as number) - this.#data) >> 2;
      const { access, address, argument, timed } = suspended;
      this.#next = this.#keep(access, address, argument, timed, this.#stack.slice(2, end));
    }
    this.#watcher?.left(at.thread);
    const outcome: Outcome = {
      id: this.#outcomes++,
      result,
      reads: this.#reads,
      ...this.#takeBack(),
      accesses: this.#accesses,
      events: this.#events,
      next: this.#next,
      broken,
    };
    at.outcomes.push(outcome);
    return outcome;
  }

  /** Words written and what they hold now; puts back what they held. */
  #takeBack(): Pick<Outcome, "writes" | "posts"> {
    const before = new Map<number, number>();
    for (let i = 0; i < this.#written.length; i += 2) {
      const word = this.#written[i] as number;
      if (!before.has(word)) before.set(word, this.#written[i + 1] as number);
    }
    const writes: number[] = [];
    const posts: number[] = [];
    for (const [word, value] of before) {
      (this.#posted.has(word) ? posts : writes).push(word, this.words[word] as number);
      this.words[word] = value;
    }
    return { writes, posts };
  }

  #pending: { access: number; address: number; argument: number; timed: boolean } | undefined;

  /** Called by the core before each access. */
  #step(access: number, address: number, argument: number, timed: boolean): number {
    if (this.#free) {
      if (++this.#fused > MOST_FREE)
        throw new Broken("livelock", "at the end, outside of all threads");
      if ((access & WRITES) !== 0) this.#remember(address >> 2);
      if ((access & WRITES) !== 0 && (access & WIDE) !== 0) this.#remember((address >> 2) + 1);
      return 0;
    }
    if (this.#rewinds) {
      this.#rewinds = false;
      this.#exports.asyncify_stop_rewind();
      const granted = this.#granted as Position;
      if (granted.access !== JOIN) this.#note(granted.access, granted.address);
      return this.#result;
    }
    if (this.#isFused(access, address)) {
      if ((access & PLAIN) === 0) this.#unseen = address >> 2;
      if (++this.#fused > MOST_FUSED) this.#assertGoesOn();
      this.#note(access, address);
      return 0;
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
    // Of two halves one may be wide.
    this.#shared.add(this.#unseen).add(this.#unseen ^ 1);
    throw new Restart();
  }

  /** No step of its own. */
  #isFused(access: number, address: number): boolean {
    if ((access & (WAIT | NOTIFY | JOIN)) !== 0) return false;
    if (!this.#shared.has(address >> 2)) return true;
    return (access & PLAIN) !== 0 && this.#threads[this.#thread]?.mortal !== true;
  }

  #note(access: number, address: number): void {
    this.#watcher?.accessed(this.#thread, access, address);
    const width = (access & WIDE) !== 0 ? 8 : 4;
    for (let word = address >> 2; word < (address + width) >> 2; word++) {
      this.#own(word, width);
      const isShared = this.#shared.has(word);
      const entry =
        (word << 3) |
        ((access & WRITES) !== 0 ? IS_WRITE : 0) |
        ((access & RACES) !== 0 ? IS_RACING : 0) |
        ((access & PLAIN) !== 0 ? IS_PLAIN : 0);
      if ((access & RACES) !== 0) this.#posted.add(word);
      if (isShared) this.#accesses.push(entry);
      if (isShared && (access & PLAIN) !== 0) this.#tail.push(entry);
      const value = this.words[word] as number;
      if ((access & READS) !== 0 && !this.#wrote(word)) this.#reads.push(word, value);
      if ((access & WRITES) !== 0) this.#written.push(word, value);
    }
  }

  #wrote(word: number): boolean {
    for (let i = 0; i < this.#written.length; i += 2) if (this.#written[i] === word) return true;
    return false;
  }

  #own(word: number, width: number): void {
    const known = this.#widths.get(word);
    if (known === undefined) this.#widths.set(word, width);
    else if (known !== width) {
      throw new Broken("mixed size", `address ${word << 2}: of ${known} bytes and of ${width}`);
    }
    const owner = this.#owners.get(word);
    if (owner === undefined) this.#owners.set(word, this.#thread);
    else if (owner !== this.#thread && !this.#shared.has(word)) {
      this.#shared.add(word);
      // The other half of a wide one is used alike.
      if (width === 8) this.#shared.add(word ^ 1);
      throw new Restart();
    }
  }

  #keep(
    access: number,
    address: number,
    argument: number,
    timed: boolean,
    stack: Int32Array,
  ): Position {
    const thread = this.#thread;
    const tail = this.#tail;
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
      id,
      thread,
      access,
      address,
      argument,
      timed,
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
