// What is explored: the threads of a program, what may happen to them, and what breaks.

import type { Explorable, Outcome, Position, ThreadSpec } from "./step.js";

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

/** A machine of the program's threads. It adds words that they share to `shared`. */
export type MakeMachine = (shared: Set<number>) => Explorable;
