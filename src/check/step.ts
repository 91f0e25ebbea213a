// What a step of a thread is: what machines take (machine.ts, replayed.ts), and what the explorer puts
// in order.
//
// A step is an access that others may see, an atomic one on a shared word, and all up to the next such
// access. A word is *shared* if two threads use it and one of them writes: of accesses to others
// nobody sees when they are made, so they are no steps. Nor are plain accesses, unless they race,
// which is looked for. Which words are shared is found out while exploring.
//
// Races. A thread's *tail* is what it has accessed plainly since its last step began. Another
// thread that accesses a word of it before that thread's next step, one of the two writing, races
// with it. That finds every race: if a program has one, then it has an execution in which the two
// accesses are next to each other (S. Adve and H. Boehm, Foundations of the C++ Concurrency Memory
// Model, 2008, on the equality of the two definitions), and the steps between can be moved away.
// So a thread that has a tail when it is done ends with a step of its own, END.

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
/** Not an access: the thread ends. What it did plainly since its last step races until then. */
export const END = 0;

/** What a wait returns; 0: somebody notified it. */
export const NOTIFIED = 0;
export const MOVED_ON = 1;
export const TIMED_OUT = 2;

/** Stores of one thread that race, under way at a time. */
export const MOST_POSTS = 4;

// An access in a tail: word << 3, and these.
export const IS_WRITE = 1;
export const IS_RACING = 2;
export const IS_PLAIN = 4;

/** True if two accesses of two threads race that nothing orders. */
function conflicts(a: number, b: number): boolean {
  if (a >> 3 !== b >> 3 || ((a | b) & IS_WRITE) === 0 || ((a | b) & IS_PLAIN) === 0) return false;
  const isAllowed = (one: number, other: number) =>
    (one & IS_RACING) !== 0 && (other & (IS_PLAIN | IS_WRITE)) === 0;
  return !isAllowed(a, b) && !isAllowed(b, a);
}

/** A word at which one of these accesses races with one of a tail; undefined: none does. */
export function raceOf(accesses: readonly number[], tail: readonly number[]): number | undefined {
  for (const theirs of tail) {
    for (const mine of accesses) if (conflicts(mine, theirs)) return mine >> 3;
  }
  return undefined;
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

/** The memory that threads share. */
export interface SharedMemory {
  readonly words: Int32Array;
  /** Hash of what was written; changed with it. */
  low: number;
  high: number;
  /** Where the log of changes ends; `undo` takes back what came behind a mark. */
  readonly mark: number;
  undo(mark: number): void;
  /** Of a thread, racing stores under way at a time; 0 until one was made. */
  readonly mostPosts: number;
  /** Of a thread's racing stores that are under way. */
  isPosted(thread: number, k: number): boolean;
  hasPosts(thread: number): boolean;
  flush(thread: number, k: number): void;
}

/** What is asked of threads by who puts their steps in order. */
export interface Explorable {
  readonly memory: SharedMemory;
  /** Calls something outside of all threads. */
  call(name: string, ...args: (number | bigint)[]): void;
  begin(thread: number): Position;
  /** Takes a thread's next step. `result`: of its wait or notify. */
  take(at: Position, result: number): Outcome;
  /** True if the word of a wait holds what is expected there. */
  isStill(at: Position): boolean;
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

/** A word turned out to be shared: explore again, with it in `shared`. */
export class Restart extends Error {}
