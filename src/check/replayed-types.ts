// What threads that are replayed are made of, and what they may use: replayed.ts says how they run.

import { CLOCK, type Layout, type View } from "./replayed-memory.js";
import type { Broken } from "./step.js";

export type Value = number | bigint | string | boolean | undefined;

/** What threads use besides the primitives. */
export interface Hands {
  /** Plain accesses, which race if nothing orders them. */
  read(view: Int32Array, index: number): number;
  write(view: Int32Array, index: number, value: number): void;
  check(holds: boolean, rule: string): void;
  /** Tries until the result is not false. */
  until(attempt: () => boolean): void;
  /** A call whose result alone matters afterwards. */
  call<T>(name: string, work: () => T): T;
  /** Drives a generator that stands for an asynchronous function to its end. */
  settle(value: unknown): unknown;
  /** Lets the time come that timed operations wait for. */
  tick(): void;
}

/** The operations that stand in for those of `Atomics`, by their names. */
export interface ReplayedOperations {
  load(view: View, index: number): number | bigint;
  store(view: View, index: number, value: number | bigint): number | bigint;
  exchange(view: View, index: number, value: number | bigint): number | bigint;
  add(view: View, index: number, value: number | bigint): number | bigint;
  sub(view: View, index: number, value: number | bigint): number | bigint;
  and(view: View, index: number, value: number | bigint): number | bigint;
  or(view: View, index: number, value: number | bigint): number | bigint;
  xor(view: View, index: number, value: number | bigint): number | bigint;
  compareExchange(
    view: View,
    index: number,
    expected: number | bigint,
    value: number | bigint,
  ): number | bigint;
  wait(view: View, index: number, value: number | bigint, timeout?: number): string;
  notify(view: View, index: number, count?: number): number;
  waitAsync(view: View, index: number, value: number | bigint): { async: boolean; value: unknown };
  pause(): void;
  now(): number;
  mayBlock(): boolean;
}

export interface Script<S> {
  readonly threads: readonly ((shared: S, hands: Hands) => void)[];
  /** Makes what threads share; `place` gives a copy of it in the machine's memory. */
  setup(layout: Layout): S;
  /** Looks at what is left when all have ended. */
  end(shared: S, hands: Pick<Hands, "check">): void;
  /** Runs `work` with these operations in the place of the runtime's. */
  under(operations: ReplayedOperations, work: () => void): void;
}

/** An operation or a call, and what came of it. */
export interface Entry {
  readonly id: number;
  readonly asked: string;
  readonly value: Value;
  readonly thrown: Error | undefined;
}

/** Of a call that has not returned, or of the thread: what was recorded since it began. */
export interface Frame {
  readonly name: string;
  readonly isCall: boolean;
  readonly entries: readonly Entry[];
}

/** Where a run stopped: an operation that is not to be done yet. */
export interface Pending {
  readonly access: number;
  readonly address: number;
  readonly argument: number;
  readonly timed: boolean;
  /** Of a wait. */
  readonly expected: number | bigint;
  readonly asked: string;
}

/** What one run came to. */
export interface End {
  /** Undefined: the function has ended. */
  readonly pending: Pending | undefined;
  readonly broken: Broken | undefined;
  /** It asked for something else than is recorded. */
  readonly strayed: boolean;
  readonly frames: readonly Frame[];
  /** What was done, in words. */
  readonly texts: readonly string[];
}

/** What `now` returns before and behind the tick; timed operations wait for SOON. */
export const LATE = 2;
export const SOON = 1;
export const NOWHERE = { address: CLOCK, argument: 0, timed: false, expected: 0 };
