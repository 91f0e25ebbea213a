// The defects that are built into the core on purpose (src/core/switches.ts), and what
// catches each. `npm run mutants` runs this table; a new row needs nothing else.

import type { Modules, Settings } from "../src/stress/scenario.js";

export interface Mutant {
  /** As it is given on the command line; no-chain is NO_CHAIN in switches.ts. */
  readonly name: string;
  /** What is wrong, as a sentence about the core. */
  readonly broken: string;
  readonly scenario: string;
  readonly seed: number;
  /** Milliseconds in which it has to be caught. */
  readonly duration: number;
  /** What the scenario takes beyond. */
  readonly options?: Partial<Omit<Settings, "modules" | "seed" | "duration">>;
}

/** The modules that a scenario runs; the others are not compiled for it. */
export const NEEDS: Readonly<Record<string, readonly (keyof Modules)[]>> = {
  torture: ["drill"],
  park: ["drill"],
  throughput: ["drill"],
  linear: ["record"],
  reduce: ["core"],
  kill: ["checked"],
};

const SEED = 7;
const DURATION = 20_000;
/** A strike of every kind takes that long. */
const KILL = { duration: 60_000 };

function mutant(
  name: string,
  scenario: string,
  broken: string,
  more: Partial<Mutant> = {},
): Mutant {
  return { name, scenario, broken, seed: SEED, duration: DURATION, ...more };
}

export const MUTANTS: readonly Mutant[] = [
  mutant("early-publish", "torture", "a slot is published before its payload is written"),
  mutant("plain-claim", "torture", "a claim is a load and a store, not a compare-exchange"),
  mutant("early-release", "torture", "a slot is released before its payload is read"),
  mutant("less-than", "torture", "`seq` is compared with <, not for equality"),
  mutant("blind-full", "linear", "a ring is full without a look at its head"),
  mutant("narrow-ticket", "torture", "tickets have 32 bits"),
  mutant("no-second-try", "park", "a waiter does not try again before it waits"),
  mutant("late-epoch", "park", "the epoch is read after the second try"),
  mutant("still-epoch", "park", "a wake-up does not move the epoch"),
  mutant("no-chain", "park", "a publisher notifies only if the ring was empty; none wakes a next"),
  mutant("late-intent", "kill", "the intent is written after the claim", KILL),
  mutant("one-look", "kill", "the scan for orphans does not read `seq` again", KILL),
  mutant("no-wake", "kill", "nobody is woken after a death", KILL),
  mutant("no-tombstone", "kill", "a dead producer's slot gets no tombstone", KILL),
  mutant("no-return", "kill", "a dead consumer's task is not put back", KILL),
];
