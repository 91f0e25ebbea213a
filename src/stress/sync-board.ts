// What the host of `stress sync` and its threads share. A party is who calls primitives: a thread that
// blocks is one, a thread with asynchronous tasks is several. Each has a line of the board, which it
// alone writes; the host reads them to see who gets on, and who waits for what.
//
// | word | what  |                                                                           |
// | ---- | ----- | ------------------------------------------------------------------------- |
// | 0    | STEPS | things that got done: an item taken, a lock given back; a time-out is none |
// | 1    | CALLS | calls that returned                                                       |
// | 2    | DOING | AWAY, BETWEEN, ENDED, or 1 + the index in CALL_NAMES of the call under way |

import { FUNCTIONS, PRIMITIVE_NAMES } from "../primitives.js";
import type { BarrierObject } from "../sync/index.js";

export type Words = Int32Array<SharedArrayBuffer>;
export type LongWords = BigInt64Array<SharedArrayBuffer>;

export const STEPS = 0;
export const CALLS = 1;
export const DOING = 2;
/** Words of a line: 128 bytes, so that parties do not share one of the cache. */
export const LINE = 32;

/** Not at the start line yet. */
export const AWAY = -1;
export const ENDED = -2;
export const BETWEEN = 0;

/** What an asynchronous party calls in the place of what would block. */
export const ASYNC_FORMS: Readonly<Record<string, string>> = {
  "Mutex.lock": "lockAsync",
  "Semaphore.wait": "waitAsync",
  "Condition.wait": "waitAsync",
  "Barrier.wait": "waitAsync",
  "Once.execute": "executeAsync",
};

const BLOCKING = PRIMITIVE_NAMES.flatMap((name) => FUNCTIONS[name].map((key) => `${name}.${key}`));

export const CALL_NAMES: readonly string[] = [
  ...BLOCKING,
  ...Object.entries(ASYNC_FORMS).map(([of, form]) => `${of.split(".")[0]}.${form}`),
];

/** How a round is played. */
export interface Shape {
  readonly parties: number;
  /** How often each does what it does, about. */
  readonly turns: number;
  readonly seed: number;
  /** Longest random pause, in looks of some 30 ns: a sleeper comes back after some 10 µs. */
  readonly pace: number;
  /** The time from giving back to getting is taken. */
  readonly isTimed: boolean;
  /** Longest pause at operations on shared memory, in the same looks; 0: none. */
  readonly noise: number;
}

/** What the parties of a round share. */
export interface Shared {
  /** Primitives by name, for reports: each a view, an object of views, or a list of such. */
  readonly sync: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

/** What the host tells a thread: which parties of a round it plays. */
export interface Order {
  readonly program: string;
  readonly shape: Shape;
  readonly shared: Shared;
  readonly start: BarrierObject;
  /** From 0. One, unless they are asynchronous. */
  readonly parties: readonly number[];
  readonly isAsync: boolean;
}

/** What a thread gets before its first order. */
export interface ThreadInit {
  readonly impl: string;
  /** Its place at the start line, from 1. */
  readonly me: number;
  readonly board: Words;
}

export interface Broken {
  readonly rule: string;
  readonly detail: string;
}

/** What a thread tells: at the end of an order, or as soon as a rule is broken. */
export type Told =
  | { readonly broken: Broken }
  | {
      /** By CALL_NAMES. */
      readonly counts: readonly number[];
      /** Nanoseconds from giving back to getting. */
      readonly times: readonly number[];
      /** Nanoseconds. */
      readonly began: bigint;
      readonly ended: bigint;
    };
