// What a stress scenario is: a program that drives the real thing as hard as it can, asserts what
// must hold, and tells what it saw. cli/stress.ts runs one and prints; `soak` runs them in turn.
//
// A scenario never throws for a violation: it calls `run.violation` and ends. It throws what keeps
// it from running at all. When `run.signal` is aborted it ends soon, and its summary tells what ran.

import type { Random } from "./random.js";

/** A job of a scenario never takes that long by itself, also on a busy machine. */
export const MOST_JOB_MS = 1000;

export interface Settings {
  /** 0 to 2^32 − 1: decides the scripts of operations, not how threads interleave. */
  readonly seed: number;
  /** Milliseconds that the run shall take, about. */
  readonly duration: number;
  /** Undefined: the scenario varies it, or takes what suits it. */
  readonly producers: number | undefined;
  readonly consumers: number | undefined;
  readonly capacity: number | undefined;
  readonly batch: number | undefined;
  readonly threads: number | undefined;
  /** Operations a second; undefined: as fast as it goes. */
  readonly rate: number | undefined;
  /** Whose primitives: a package, or a module's path; undefined: ours. */
  readonly impl: string | undefined;
  /** Compiled cores; `npm run mutants` puts defective ones here. */
  readonly modules: Modules;
}

export interface Modules {
  /** core.wasm: what ships. */
  readonly core: WebAssembly.Module;
  /** checked.wasm: the same with fault points. */
  readonly checked: WebAssembly.Module;
  /** drill.wasm: rings and gates with loops around them. */
  readonly drill: WebAssembly.Module;
  /** record.wasm: rings whose operations are written down; not optimised: see core/record.ts. */
  readonly record: WebAssembly.Module;
}

/** Where a run stands, for the live view and the chart; about ten a second. */
export interface Sample {
  /** What runs now, in a few words. */
  readonly phase: string;
  /** Operations since the run began: items, jobs, histories … as `Scenario.unit` says. */
  readonly operations: number;
  /** Milliseconds; undefined while nothing was measured. */
  readonly p50?: number;
  readonly p99?: number;
}

/** Something that belongs on the time line. */
export interface TimelineEvent {
  readonly kind: "death" | "recovery";
  readonly text: string;
  /** Milliseconds that it took, where that says something. */
  readonly took?: number;
}

export interface Violation {
  /** The rule that was broken, as a sentence: "every item exactly once". */
  readonly rule: string;
  /** What was seen instead; may have several lines. */
  readonly detail: string;
  /** Options beyond --seed that a replay needs, such as { producers: 2, capacity: 4 }. */
  readonly replay?: Readonly<Partial<Omit<Settings, "modules" | "seed">>>;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** Numbers are right-aligned. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What a scenario tells at its end. */
export interface Summary {
  readonly operations: number;
  /** Single figures, by name: "slowest recovery (ms)": 41.3. */
  readonly figures: Readonly<Record<string, number | string>>;
  readonly tables: readonly Table[];
}

/** What a scenario gets. */
export interface Run {
  readonly settings: Settings;
  readonly random: Random;
  readonly signal: AbortSignal;
  sample(sample: Sample): void;
  event(event: TimelineEvent): void;
  /**
   * A job took so many milliseconds from the call to its value. The slowest is told with the summary; one
   * that took longer than MOST_JOB_MS is a violation.
   */
  took(milliseconds: number, what: string): void;
  violation(violation: Violation): void;
}

/** Options of `ringfold stress` that a scenario may take beyond --seed and --duration. */
export type SettingName =
  | "producers"
  | "consumers"
  | "capacity"
  | "batch"
  | "threads"
  | "rate"
  | "impl";

export interface Scenario {
  readonly name: string;
  /** What it does, in a line. */
  readonly describe: string;
  /** What it asserts, in a line. */
  readonly asserts: string;
  /** What an operation is: "items", "jobs", "histories". */
  readonly unit: string;
  readonly takes: readonly SettingName[];
  run(run: Run): Promise<Summary>;
}
