// `ringfold stress linear`: threads push, pop and look at a small ring and write down when; each
// history must be one of the sequential object that linear-model.ts describes.

import { MOST_CAPACITY, MOST_THREADS } from "../core/record-map.js";
import { RingfoldError } from "../errors.js";
import { HISTORIES_A_BATCH, Recorders, type Script } from "./linear-batch.js";
import { observes, RingModel, type RingOperation, stepsOf } from "./linear-model.js";
import { describe, explain } from "./linear-report.js";
import { check, smallest, type Timed, type Verdict } from "./linearizability.js";
import type { Random } from "./random.js";
import type { Run, Scenario, Settings, Summary } from "./scenario.js";

/** Steps of the model that a history may take; one that needs more is undecided. */
const BUDGET = 1_000_000;
/** Milliseconds between two batches in which a thread is killed. */
const BETWEEN_DEATHS = 1500;
const BETWEEN_SAMPLES = 100;
const RULE = "every history of ring operations is linearizable";

/** Where tickets begin: 0 and next to every wrap; 2^63 with room for all that a history takes. */
const STARTS = [0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 4096n];

interface Shape {
  readonly producers: number;
  readonly consumers: number;
}

/** Histories of one shape and capacity. */
interface Tally {
  histories: number;
  operations: number;
  full: number;
  nothing: number;
  undecided: number;
}

const NONE: Tally = { histories: 0, operations: 0, full: 0, nothing: 0, undecided: 0 };

function integerOption(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = `an integer from ${least} to ${most}`;
  throw new RingfoldError("ERR_OPTION", `${name} must be ${range} in linear, not ${value}`);
}

/** Two and two, and now and then more than there may be processors. */
function shapesOf({ producers, consumers, threads }: Settings): Shape[] {
  if (producers === undefined && consumers === undefined) {
    if (threads === undefined) {
      return [
        { producers: 2, consumers: 2 },
        { producers: 2, consumers: 2 },
        { producers: 1, consumers: 2 },
        { producers: 2, consumers: 1 },
        { producers: 3, consumers: 3 },
      ];
    }
    integerOption("threads", threads, 2, MOST_THREADS);
    return [{ producers: threads >> 1, consumers: threads - (threads >> 1) }];
  }
  const shape = {
    producers: producers ?? Math.max(1, (threads ?? 4) - (consumers as number)),
    consumers: consumers ?? Math.max(1, (threads ?? 4) - (producers as number)),
  };
  integerOption("producers", shape.producers, 1, MOST_THREADS - 1);
  integerOption("consumers", shape.consumers, 1, MOST_THREADS - shape.producers);
  return [shape];
}

function capacitiesOf({ capacity }: Settings): number[] {
  if (capacity === undefined) return [1, 1, 2, 3];
  const log2 = Math.log2(capacity);
  if (Number.isInteger(log2) && log2 >= 1 && capacity <= MOST_CAPACITY) return [log2];
  const range = `a power of two from 2 to ${MOST_CAPACITY}`;
  throw new RingfoldError("ERR_OPTION", `capacity must be ${range} in linear, not ${capacity}`);
}

function draw(random: Random, shapes: readonly Shape[], capacities: readonly number[]): Script {
  const start = random.pick(STARTS) - BigInt(random.integer(0, 12));
  return {
    ...random.pick(shapes),
    capacityLog2: random.pick(capacities),
    start: start < 0n ? 0n : start,
    mixed: random.pick([0, 0, 3, 8]),
    operations: random.integer(20, 60),
    most: random.integer(1, 6),
    seed: random.u32(),
    pace: random.pick([0, 0, 1, 3, 6]),
  };
}

export function judge(
  capacity: number,
  history: readonly Timed<RingOperation>[],
): Verdict<unknown>["kind"] {
  return check(new RingModel(capacity, history), stepsOf(history).steps, BUDGET).kind;
}

/** A history that is not linearizable, made small and readable. */
export function counterexample(
  capacity: number,
  history: readonly Timed<RingOperation>[],
  producers: number,
): string {
  const isWrong = (part: readonly Timed<RingOperation>[]) => judge(capacity, part) === "violation";
  const small = smallest(history, isWrong, observes);
  return explain(capacity, small, (thread) => nameOf(thread, producers));
}

function nameOf(thread: number, producers: number): string {
  return thread < producers ? `producer ${thread}` : `consumer ${thread - producers}`;
}

/** Operations with one of another thread between their call and their return, at least in part. */
function overlapping(history: readonly Timed<unknown>[]): number {
  // The clock ticks at every call and return: alone, an operation takes one tick.
  return history.filter((o) => o.returned === undefined || o.returned - o.call > 1).length;
}

class Linear {
  readonly #run: Run;
  readonly #tallies = new Map<string, Tally>();
  #operations = 0;
  #overlapping = 0;
  #cut = 0;
  #pending = 0;
  #checking = 0;
  #sampled = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async run(): Promise<Summary> {
    const { settings, random, signal } = this.#run;
    const shapes = shapesOf(settings);
    const capacities = capacitiesOf(settings);
    const threads = Math.max(...shapes.map((s) => s.producers + s.consumers));
    const recorders = new Recorders(settings.modules.record, threads);
    const end = performance.now() + settings.duration;
    let death = performance.now() + Math.min(BETWEEN_DEATHS, settings.duration / 2);
    try {
      await recorders.start();
      for (let right = true; right; ) {
        const scripts = Array.from({ length: HISTORIES_A_BATCH }, () =>
          draw(random, shapes, capacities),
        );
        if (performance.now() >= death) {
          death = performance.now() + BETWEEN_DEATHS;
          await recorders.playAndKill(scripts, random.integer(0, threads - 1), random.float() * 8);
          this.#cut++;
        } else {
          const outcome = await recorders.play(scripts);
          if (outcome !== "done") {
            this.#broken(outcome, recorders, scripts);
            break;
          }
        }
        right = scripts.every((script, i) => this.#judge(recorders.read(i, script), script));
        this.#sample();
        if (signal.aborted || performance.now() >= end) break;
      }
    } finally {
      await recorders.stop();
    }
    return this.#summary();
  }

  /** The threads did not come to the end of a batch. */
  #broken(outcome: "stuck" | { failed: unknown }, recorders: Recorders, scripts: Script[]): void {
    const { violation } = this.#run;
    if (outcome !== "stuck") {
      violation({ rule: "no operation on a ring traps", detail: String(outcome.failed) });
      return;
    }
    // Two threads with one ticket, say, may end in a wait; then the history says more.
    if (!scripts.every((script, i) => this.#judge(recorders.read(i, script), script))) return;
    const pending = scripts.flatMap((script, i) =>
      recorders
        .read(i, script)
        .filter((o) => o.returned === undefined)
        .map((o) => `${nameOf(o.thread, script.producers)}: ${describe(o.operation, true)}`),
    );
    const detail = ["no operation was called or returned for two seconds; in the midst of one:"];
    const all = pending.length === 0 ? ["no thread"] : pending;
    violation({
      rule: "operations on a ring come to an end",
      detail: [...detail, ...all].join("\n"),
    });
  }

  /** False if it was not linearizable. */
  #judge(history: readonly Timed<RingOperation>[], script: Script): boolean {
    const { producers, consumers, capacityLog2 } = script;
    const capacity = 2 ** capacityLog2;
    const begun = performance.now();
    const verdict = judge(capacity, history);
    this.#checking += performance.now() - begun;
    this.#operations += history.length;
    this.#overlapping += overlapping(history);
    this.#pending += history.filter((o) => o.returned === undefined).length;
    const key = `${producers} + ${consumers}, ${capacity}`;
    const tally = this.#tallies.get(key) ?? { ...NONE };
    this.#tallies.set(key, tally);
    tally.histories++;
    tally.operations += history.length;
    for (const { operation } of history) {
      if (operation.kind === "reserve" && operation.n === 0) tally.full++;
      if (operation.kind === "claim" && operation.values.length === 0) tally.nothing++;
    }
    if (verdict === "undecided") tally.undecided++;
    if (verdict !== "violation") return true;
    this.#run.violation({
      rule: RULE,
      detail: counterexample(capacity, history, producers),
      replay: { producers, consumers, capacity },
    });
    return false;
  }

  #sample(): void {
    const now = performance.now();
    if (now - this.#sampled < BETWEEN_SAMPLES) return;
    this.#sampled = now;
    this.#run.sample({ phase: "recording and checking histories", operations: this.#operations });
  }

  #summary(): Summary {
    const rows = [...this.#tallies].sort(([a], [b]) => (a < b ? -1 : 1));
    const sum = (field: keyof Tally) => rows.reduce((n, [, tally]) => n + tally[field], 0);
    const share = this.#operations === 0 ? 0 : this.#overlapping / this.#operations;
    return {
      operations: this.#operations,
      figures: {
        "histories checked": sum("histories") - sum("undecided"),
        "histories undecided": sum("undecided"),
        "operations that overlapped others (%)": Math.round(1000 * share) / 10,
        "batches cut by a death": this.#cut,
        "operations that never returned": this.#pending,
        "operations checked a second": Math.round(
          (1000 * this.#operations) / (this.#checking || 1),
        ),
      },
      tables: [
        {
          title: "Histories",
          columns: ["threads, slots", "histories", "operations", "full", "nothing", "undecided"],
          rows: rows.map(([key, t]) => [
            key,
            t.histories,
            t.operations,
            t.full,
            t.nothing,
            t.undecided,
          ]),
        },
      ],
    };
  }
}

export const linear: Scenario = {
  name: "linear",
  describe: "random operations on a small ring, with the time of each call and return",
  asserts: "each history is linearizable; else the smallest part that is not",
  unit: "operations",
  takes: ["producers", "consumers", "capacity", "threads"],
  run: (run) => new Linear(run).run(),
};
