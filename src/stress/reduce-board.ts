// What the threads of a `reduce` life tell each other: a board in shared memory that anyone may
// read while its writer is stuck, and messages to the scenario. See reduce.ts for who says what.

import type { MessagePort } from "node:worker_threads";

/** Words of the board: what holds for all, then a line of LINE words a submitter. */
export const STOP = 0;
/** 1 once the owner is about to close the engine under everyone's calls. */
export const CLOSING = 1;
export const LINES = 8;
export const LINE = 8;
/** Calls that have settled, and those that have not. */
export const SETTLED = 0;
export const OUTSTANDING = 1;
/** Of those settled: calls that ended early, as they were asked to. */
export const EARLY = 2;

/** How a life ends, and what is asked of its statistics. */
export type Manner = "calm" | "rough" | "cut";

export interface LifeInit {
  readonly seed: number;
  readonly life: number;
  readonly manner: Manner;
  /** 0: creates and owns the engine. */
  readonly submitter: number;
  readonly threads: number;
  readonly batches: number;
  readonly board: Int32Array<SharedArrayBuffer>;
  readonly core: WebAssembly.Module;
  /** The owner's to each of the others; theirs to the owner: brings the engine's handle. */
  readonly ports: readonly MessagePort[];
}

/** What lines have counted, or what calls needed. */
export interface Counts {
  readonly blocks: number;
  readonly combines: number;
}

export const NO_COUNTS: Counts = { blocks: 0, combines: 0 };

export function add(a: Counts, b: Counts): Counts {
  return { blocks: a.blocks + b.blocks, combines: a.combines + b.combines };
}

export type Message =
  /** What the calls are that are outstanding now. */
  | { readonly kind: "doing"; readonly text: string }
  | { readonly kind: "violation"; readonly rule: string; readonly detail: string }
  /** Of a thread's calls the slowest so far, in milliseconds. */
  | { readonly kind: "took"; readonly milliseconds: number; readonly what: string }
  /** What keeps the scenario from running. */
  | { readonly kind: "unable"; readonly error: unknown }
  /** An attached submitter has closed; what its line counted, and what its calls needed. */
  | {
      readonly kind: "left";
      readonly counted: Counts;
      readonly needed: Counts;
      /** Calls by the way they were made. */
      readonly ways: Readonly<Record<string, number>>;
    }
  /** The owner has no calls any more, and waits for the others. */
  | { readonly kind: "waits" }
  | { readonly kind: "closed"; readonly ways: Readonly<Record<string, number>> };

/** To the owner, once all others have left: what they counted and needed. */
export interface Farewell {
  readonly counted: Counts;
  readonly needed: Counts;
}
