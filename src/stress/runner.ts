// Runs one scenario with settings and keeps what it tells: samples, events, violations and the
// summary, each with its time. It prints nothing: the command line, `soak` and the mutants' table
// make of the outcome what they need.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { RescuedMessage } from "../engine/watch.js";
import { Random } from "./random.js";
import type {
  Sample,
  Scenario,
  SettingName,
  Settings,
  Summary,
  TimelineEvent,
  Violation,
} from "./scenario.js";
import { MOST_JOB_MS } from "./scenario.js";

/** Samples that are kept. A longer run keeps every second one, then every fourth, and so on. */
export const MOST_SAMPLES = 4096;
/** Of events and of violations the first ones are kept, and all are counted. */
export const MOST_EVENTS = 5000;
export const MOST_VIOLATIONS = 100;
/** Names of phases that are told apart. */
const MOST_PHASES = 64;
const OTHER_PHASES = "further phases";

/** Of engines in other threads and processes scenarios tell by themselves. */
export const NO_RESCUE = "no wake-up is lost";

interface Timed {
  /** Milliseconds since the run began. */
  readonly at: number;
}
export type TimedSample = Sample & Timed;
export type TimedEvent = TimelineEvent & Timed;
/** `phase`: what ran when it was found. */
export type TimedViolation = Violation & Timed & { readonly phase: string };

export interface Phase {
  readonly name: string;
  milliseconds: number;
}

/** The parts of a scenario that reports show. */
export type ScenarioFacts = Pick<Scenario, "name" | "describe" | "asserts" | "unit" | "takes">;

export interface Outcome {
  readonly scenario: ScenarioFacts;
  readonly settings: Omit<Settings, "modules">;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** Milliseconds that it took. */
  readonly took: number;
  readonly samples: readonly TimedSample[];
  readonly events: readonly TimedEvent[];
  readonly deaths: number;
  readonly recoveries: number;
  readonly phases: readonly Phase[];
  readonly violations: readonly TimedViolation[];
  /** Those that are not kept included. */
  readonly violationCount: number;
  /** Its signal was aborted before it ended. */
  readonly interrupted: boolean;
  /** Undefined if it threw. */
  readonly summary: Summary | undefined;
  /** What kept it from running; undefined if nothing did. */
  readonly error: unknown;
}

/** Told while it runs. */
export interface Watcher {
  sample?(sample: TimedSample): void;
  event?(event: TimedEvent): void;
  violation?(violation: TimedViolation): void;
}

/** `outcome.error` has what the scenario threw: there is something to report even then. */
export async function runScenario(
  scenario: Scenario,
  settings: Settings,
  signal: AbortSignal,
  watcher: Watcher = {},
): Promise<Outcome> {
  const log = new Log(watcher);
  subscribe("ringfold:rescued", log.rescued);
  let summary: Summary | undefined;
  let error: unknown;
  try {
    summary = await scenario.run({
      settings,
      random: new Random(settings.seed),
      signal,
      sample: (sample) => log.sample(sample),
      event: (event) => log.event(event),
      took: (milliseconds, what) => log.took(milliseconds, what),
      violation: (violation) => log.violation(violation),
    });
  } catch (thrown) {
    // Ending by the signal's own reason is ending as asked.
    if (!signal.aborted || thrown !== signal.reason) {
      error = thrown ?? new Error(`${scenario.name} threw ${String(thrown)}`);
    }
  } finally {
    unsubscribe("ringfold:rescued", log.rescued);
  }
  summary = summary && { ...summary, figures: { ...summary.figures, ...log.slowest() } };
  const { name, describe, asserts, unit, takes } = scenario;
  const { modules: _, ...asked } = settings;
  return {
    scenario: { name, describe, asserts, unit, takes },
    settings: asked,
    ...log.end(),
    interrupted: signal.aborted,
    summary,
    error,
  };
}

/** What was told, and when. */
class Log {
  readonly #watcher: Watcher;
  readonly #began = Date.now();
  readonly #start = performance.now();
  readonly #events: TimedEvent[] = [];
  readonly #violations: TimedViolation[] = [];
  readonly #phases = new Map<string, Phase>();
  readonly #counts = { death: 0, recovery: 0 };
  #samples: TimedSample[] = [];
  /** Of the samples told, one in so many is kept. */
  #stride = 1;
  #told = 0;
  #last: TimedSample | undefined;
  #violationCount = 0;
  #slowest = -1;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  #now(): number {
    return performance.now() - this.#start;
  }

  #phase(name: string): Phase {
    const isKnown = this.#phases.has(name) || this.#phases.size < MOST_PHASES;
    const key = isKnown ? name : OTHER_PHASES;
    let phase = this.#phases.get(key);
    if (phase === undefined) {
      phase = { name: key, milliseconds: 0 };
      this.#phases.set(key, phase);
    }
    return phase;
  }

  sample(sample: Sample): void {
    const timed = { ...sample, at: this.#now() };
    // A sample tells of the time up to it.
    this.#phase(sample.phase).milliseconds += timed.at - (this.#last?.at ?? 0);
    this.#last = timed;
    if (this.#told++ % this.#stride === 0) this.#samples.push(timed);
    if (this.#samples.length >= MOST_SAMPLES) {
      this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    this.#watcher.sample?.(timed);
  }

  event(event: TimelineEvent): void {
    const timed = { ...event, at: this.#now() };
    this.#counts[event.kind]++;
    if (this.#events.length < MOST_EVENTS) this.#events.push(timed);
    this.#watcher.event?.(timed);
  }

  took(milliseconds: number, what: string): void {
    if (milliseconds > this.#slowest) this.#slowest = milliseconds;
    if (milliseconds <= MOST_JOB_MS) return;
    this.violation({
      rule: `no job takes longer than ${MOST_JOB_MS / 1000} s`,
      detail: `${Math.round(milliseconds)} ms: ${what}`,
    });
  }

  /** A figure, if there were jobs. */
  slowest(): Summary["figures"] {
    return this.#slowest < 0 ? {} : { "slowest job (ms)": Number(this.#slowest.toFixed(1)) };
  }

  /** An engine of this thread had to be woken by its watch. */
  readonly rescued = (message: unknown): void => {
    const { rescued } = message as RescuedMessage;
    this.violation({ rule: NO_RESCUE, detail: `${rescued} lost wake-ups were made good` });
  };

  violation(violation: Violation): void {
    const timed = { ...violation, at: this.#now(), phase: this.#last?.phase ?? "" };
    this.#violationCount++;
    if (this.#violations.length < MOST_VIOLATIONS) this.#violations.push(timed);
    this.#watcher.violation?.(timed);
  }

  end() {
    const last = this.#last;
    if (last !== undefined && this.#samples.at(-1) !== last) this.#samples.push(last);
    return {
      began: this.#began,
      took: this.#now(),
      samples: this.#samples,
      events: this.#events,
      deaths: this.#counts.death,
      recoveries: this.#counts.recovery,
      phases: [...this.#phases.values()],
      violations: this.#violations,
      violationCount: this.#violationCount,
    };
  }
}

const SETTING_NAMES: readonly SettingName[] = [
  "producers",
  "consumers",
  "capacity",
  "batch",
  "threads",
  "rate",
  "impl",
];

/** The options of `settings` that were chosen, by name. */
export function chosen(
  settings: Readonly<Partial<Pick<Settings, SettingName>>>,
): [SettingName, number | string][] {
  return SETTING_NAMES.flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : [[name, value] as [SettingName, number | string]];
  });
}
