// All programs of `stress sync`, by name: the host and its threads find the same.

import { LOCKS } from "./sync-locks.js";
import type { AnyProgram } from "./sync-program.js";
import { SIGNALS } from "./sync-signals.js";

export const PROGRAMS: readonly AnyProgram[] = [...LOCKS, ...SIGNALS];

export function programOf(name: string): AnyProgram {
  const found = PROGRAMS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no program ${name}`);
  return found;
}
