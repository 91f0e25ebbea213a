// A program of the core, and what it proves.

import type { Program } from "./program.js";
import type { ThreadSpec } from "./step.js";

export interface Proof extends Program {
  /** In a line. */
  readonly proves: string;
  /** Explored in seconds: part of `--quick`. */
  readonly quick: boolean;
}

export type Numbers = readonly number[];

export function thread(name: string, entry: string, ...args: number[]): ThreadSpec {
  return { name, entry, arguments: args };
}

export function many(n: number, make: (i: number) => ThreadSpec): ThreadSpec[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

export const mortal = (spec: ThreadSpec): ThreadSpec => ({ ...spec, mortal: true });
