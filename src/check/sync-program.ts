// What a program on primitives with the names of atomics-sync is, for sync.ts. What locks protect is
// accessed plainly: where exclusion fails, or somebody goes on too early, two accesses race.

import type { Hands } from "./replayed-types.js";
import type { Primitives } from "./sync-impl.js";

export type Words = Int32Array<SharedArrayBuffer>;

export interface SyncThread<S> {
  readonly name: string;
  body(primitives: Primitives, shared: S, hands: Hands): void;
}

export interface SyncProgram<S> {
  readonly name: string;
  readonly proves: string;
  readonly needs: readonly (keyof Primitives)[];
  /** Calls asynchronous functions. */
  readonly isAsync?: boolean;
  /** Explored in seconds; so unless it says otherwise. */
  readonly quick?: boolean;
  /** Views, or an object of views; called before threads begin. */
  setup(primitives: Primitives): S;
  readonly threads: readonly SyncThread<S>[];
  end?(shared: S, check: Hands["check"], primitives: Primitives): void;
}

// Programs of different S in one list: each is used with its own only.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyProgram = SyncProgram<any>;

export const program = <S>(it: SyncProgram<S>): AnyProgram => it;

export function many<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

export function data(length = 1): Words {
  return new Int32Array(new SharedArrayBuffer(4 * length));
}

/** Two accesses: another thread in between would race, and be lost. */
export function add(hands: Hands, view: Words, by: number): void {
  hands.call("add", () => hands.write(view, 0, hands.read(view, 0) + by));
}

export const clock: SyncThread<unknown> = { name: "clock", body: (_, __, { tick }) => tick() };

export const sum = (view: Int32Array) => view.reduce((a, b) => a + b, 0);
