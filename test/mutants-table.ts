// The defects that are built into the core on purpose (src/core/switches.ts), and what
// catches each. `npm run mutants` runs this table; a new row needs nothing else.

import type { Modules, Settings } from "../src/stress/scenario.js";

export interface Mutant {
  /** As it is given on the command line; no-chain is NO_CHAIN in switches.ts. */
  readonly name: string;
  /** What is wrong, as a sentence about the core. */
  readonly broken: string;
  /** The scenario that catches it; undefined: only the check is asked to. */
  readonly stress?: Stress;
}

export interface Stress {
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
const KILL_DURATION = 60_000;

function stress(scenario: string, duration = DURATION): Stress {
  return { scenario, seed: SEED, duration };
}

const torture = stress("torture");
const park = stress("park");
const kill = stress("kill", KILL_DURATION);

export const MUTANTS: readonly Mutant[] = [
  {
    name: "early-publish",
    broken: "a slot is published before its payload is written",
    stress: torture,
  },
  {
    name: "plain-claim",
    broken: "a claim is a load and a store, not a compare-exchange",
    stress: torture,
  },
  {
    name: "early-release",
    broken: "a slot is released before its payload is read",
    stress: torture,
  },
  { name: "less-than", broken: "`seq` is compared with <, not for equality", stress: torture },
  {
    name: "blind-full",
    broken: "a ring is full without a look at its head",
    stress: stress("linear"),
  },
  { name: "narrow-ticket", broken: "tickets have 32 bits", stress: torture },
  { name: "no-second-try", broken: "a waiter does not try again before it waits", stress: park },
  { name: "late-epoch", broken: "the epoch is read after the second try", stress: park },
  { name: "still-epoch", broken: "a wake-up does not move the epoch", stress: park },
  {
    name: "no-chain",
    broken: "a publisher notifies only if the ring was empty; none wakes a next",
    stress: park,
  },
  { name: "shared-bit", broken: "a thread's event loop and the thread itself wait by one bit" },
  { name: "hasty-rescue", broken: "a wake-up that is being given counts as lost" },
  { name: "late-intent", broken: "the intent is written after the claim", stress: kill },
  { name: "one-look", broken: "the scan for orphans does not read `seq` again", stress: kill },
  { name: "no-wake", broken: "nobody is woken after a death", stress: kill },
  { name: "no-tombstone", broken: "a dead producer's slot gets no tombstone", stress: kill },
  { name: "no-return", broken: "a dead consumer's task is not put back", stress: kill },
  { name: "capacity-one", broken: "a ring has one slot" },
  { name: "last-slot", broken: "a batch claim looks at its last slot only" },
  { name: "plain-seq", broken: "`seq` is published by a plain store" },
  { name: "first-post", broken: "the first ticket of a batch is published first" },
  { name: "short-release", broken: "a slot is released for a ticket too early" },
  { name: "mask-counter", broken: "waiters are counted, not marked by a bit each" },
  { name: "first-merges", broken: "the first of two to arrive in the tree goes on" },
  { name: "forgotten-last", broken: "an arrival word does not say who was last" },
  { name: "odd-early", broken: "the odd number of a round is claimed before its last" },
  { name: "early-result", broken: "results of pairs are published before they are there" },
  { name: "no-given", broken: "recovery does not remember which pairs it has given to a task" },
  { name: "not-left", broken: "recovery gives the pairs that a dead thread claimed to nobody" },
  { name: "early-recovery", broken: "a thread is recovered before its death is confirmed" },
  { name: "kept-debt", broken: "recovery leaves the intent and the hand: a second one acts again" },
  { name: "uncovered", broken: "recovery does not look at the intents of the living" },
  { name: "dead-covers", broken: "recovery waits for the intents of the dead" },
  { name: "dead-forgotten", broken: "recovery takes what another dead thread has in hand" },
];
