// The `sync` scenario: threads drive the primitives of src/sync, or of another implementation with the
// names of atomics-sync, through short rounds of programs whose outcome is known (sync-locks.ts,
// sync-signals.ts). Rounds are short because a wake-up that is lost shows when nobody wakes another
// time, which is at the end. All waiting is done by those threads, so this one always sees the clock.

import { availableParallelism } from "node:os";
import { RingfoldError } from "../errors.js";
import {
  type FUNCTIONS,
  type Loaded,
  loadPrimitives,
  OUR_NAME,
  PRIMITIVE_NAMES,
} from "../primitives.js";
import type { Run, Scenario, Summary } from "./scenario.js";
import { ASYNC_FORMS, CALL_NAMES, type Shape } from "./sync-board.js";
import { Crew, type Played, type Round } from "./sync-crew.js";
import { BrokenRule } from "./sync-hands.js";
import type { AnyProgram } from "./sync-program.js";
import { PROGRAMS } from "./sync-programs.js";
import { TIME_COLUMNS, Times, timeCells } from "./times.js";

const LEAST_THREADS = 2;
const MOST_THREADS = 64;
/** Asynchronous parties of a thread. */
const MOST_TASKS = 3;
const BETWEEN_SAMPLES = 100;
/** Milliseconds that a round takes, about. */
const ROUND = 40;
const PACES = [3, 30, 300, 1000, 3000];
const NOISES = [0, 0, 100, 1000];
const FIRST_TURNS = 100;
const MOST_TURNS = 20_000;

type Form = "blocking" | "mixed" | "asynchronous";

/** Rounds of a program in a form. */
interface Seen {
  rounds: number;
  calls: number;
  milliseconds: number;
  /** Of the next round. */
  turns: number;
  readonly times: Times;
}

const newSeen = (): Seen => ({
  rounds: 0,
  calls: 0,
  milliseconds: 0,
  turns: FIRST_TURNS,
  times: new Times(),
});

/** What an implementation has not, of what ours has. */
function lacking({ primitives, isOurs }: Loaded): string[] {
  if (isOurs) return [];
  const missing = PRIMITIVE_NAMES.filter((name) => !(name in primitives));
  const forms = Object.entries(ASYNC_FORMS).flatMap(([of, form]) => {
    const [name] = of.split(".") as [keyof typeof FUNCTIONS];
    return name in primitives ? [`${name}.${form}`] : [];
  });
  return [...missing, ...forms];
}

class Sync {
  readonly #run: Run;
  readonly #impl: Loaded;
  readonly #crew: Crew;
  readonly #programs: readonly AnyProgram[];
  readonly #seen = new Map<string, Seen>();
  readonly #handOver = new Times();
  readonly #counts = CALL_NAMES.map(() => 0);
  #operations = 0;
  #sampled = 0;
  #failed = false;

  constructor(run: Run, impl: Loaded) {
    this.#run = run;
    this.#impl = impl;
    this.#crew = new Crew(run.settings.impl ?? OUR_NAME, MOST_THREADS * MOST_TASKS);
    this.#programs = PROGRAMS.filter(({ needs }) => needs.every((name) => name in impl.primitives));
  }

  async run(): Promise<Summary> {
    const { settings, random, signal } = this.#run;
    const end = performance.now() + settings.duration;
    const isOver = () => this.#failed || signal.aborted || performance.now() >= end;
    try {
      while (!isOver()) {
        for (const program of random.shuffle(this.#programs)) {
          await this.#round(program);
          if (isOver()) break;
        }
      }
    } finally {
      await this.#crew.close();
    }
    this.#tell("at the end", 0);
    return this.#summary();
  }

  /** The same random numbers are drawn whatever comes of them. */
  #draw(program: AnyProgram): { form: Form; threads: Round["threads"]; parties: number } {
    const { random, settings } = this.#run;
    const drawn = random.pick([2, 2, 3, 4, 4, 6]);
    const form: Form = random.pick(["blocking", "blocking", "blocking", "mixed", "asynchronous"]);
    const most = program.spins ? Math.max(2, availableParallelism()) : MOST_THREADS;
    const least = program.leastThreads ?? LEAST_THREADS;
    const count = Math.max(least, Math.min(most, settings.threads ?? drawn));
    const isBlocking = program.spins || !this.#impl.isOurs || form === "blocking";
    const tasks = Array.from({ length: count }, (_, i) => {
      const isAsync = !isBlocking && (form === "asynchronous" || i % 2 === 1);
      return { isAsync, parties: random.integer(1, MOST_TASKS) };
    }).map(({ isAsync, parties }) => ({ isAsync, parties: isAsync ? parties : 1 }));
    const parties = tasks.reduce((sum, one) => sum + one.parties, 0);
    const deal = random.shuffle(Array.from({ length: parties }, (_, i) => i));
    return {
      form: isBlocking ? "blocking" : form,
      parties,
      threads: tasks.map((one) => ({ isAsync: one.isAsync, parties: deal.splice(0, one.parties) })),
    };
  }

  async #round(program: AnyProgram): Promise<void> {
    const { random, signal } = this.#run;
    const { form, threads, parties } = this.#draw(program);
    const isTimed = random.integer(0, 1) === 0;
    const [seed, pace, noise] = [random.u32(), random.pick(PACES), random.pick(NOISES)];
    const seen = this.#seenOf(program, form);
    const turns = Math.min(seen.turns, program.mostTurns ?? MOST_TURNS);
    const shape: Shape = { parties, turns, seed, pace, noise, isTimed: isTimed && noise === 0 };
    // What it needs is there.
    const primitives = this.#impl.primitives as Required<Loaded["primitives"]>;
    const shared = program.setup(primitives, shape, random, this.#impl.isOurs);
    const phase = `${program.name}, ${form}, ${threads.length} threads`;
    const outcome = await this.#crew.run(
      { program: program.name, shape, shared, threads },
      signal,
      () => this.#sample(phase, this.#crew.calls(parties)),
    );
    if (outcome === "aborted") return;
    if ("played" in outcome) {
      this.#count(seen, outcome.played, turns);
      try {
        program.judge(shared, shape, primitives);
        return;
      } catch (error) {
        if (!(error instanceof BrokenRule)) throw error;
        this.#violate(error.rule, `${phase}: ${error.detail}`, threads.length);
      }
    } else {
      this.#violate(outcome.broken.rule, `${phase}: ${outcome.broken.detail}`, threads.length);
    }
  }

  #violate(rule: string, detail: string, threads: number): void {
    this.#failed = true;
    this.#run.violation({ rule, detail, replay: { threads } });
  }

  #seenOf({ name }: AnyProgram, form: Form): Seen {
    const key = `${name}\n${form}`;
    const seen = this.#seen.get(key) ?? newSeen();
    this.#seen.set(key, seen);
    return seen;
  }

  #count(seen: Seen, { counts, times, took }: Played, turns: number): void {
    seen.rounds++;
    seen.milliseconds += took;
    for (const of of counts) {
      for (const [code, n] of of.entries()) {
        this.#counts[code]! += n;
        this.#operations += n;
        seen.calls += n;
      }
    }
    for (const ns of times) {
      seen.times.record(ns);
      this.#handOver.record(ns);
    }
    const target = Math.min(ROUND, Math.max(2, this.#run.settings.duration / 50));
    const wanted = Math.round((turns * target) / Math.max(took, 0.1));
    seen.turns = Math.min(4 * turns, Math.max(FIRST_TURNS, wanted));
  }

  #sample(phase: string, more: number): void {
    const time = performance.now();
    if (time - this.#sampled < BETWEEN_SAMPLES) return;
    this.#sampled = time;
    this.#tell(phase, more);
  }

  #tell(phase: string, more: number): void {
    const times = this.#handOver;
    const latency =
      times.count === 0 ? {} : { p50: times.percentile(50) / 1e6, p99: times.percentile(99) / 1e6 };
    this.#run.sample({ phase, operations: this.#operations + more, ...latency });
  }

  #summary(): Summary {
    const all = [...this.#seen].map(([key, seen]) => ({ names: key.split("\n"), seen }));
    const sum = (of: (seen: Seen) => number) =>
      all.reduce((total, { seen }) => total + of(seen), 0);
    const missing = lacking(this.#impl);
    const isTimed = all.filter(({ seen }) => seen.times.count > 0);
    return {
      operations: this.#operations,
      figures: {
        "calls a second": Math.round((this.#operations / sum((s) => s.milliseconds)) * 1000) || 0,
        rounds: sum((s) => s.rounds),
        primitives: this.#impl.name,
        ...(missing.length > 0 && { "it lacks": missing.join(", ") }),
        "hand-over, p50 (µs)": timeCells(this.#handOver)[0] ?? "–",
        "hand-over, p99 (µs)": timeCells(this.#handOver)[2] ?? "–",
        processors: availableParallelism(),
      },
      tables: [
        {
          title: "rounds",
          columns: ["program", "form", "rounds", "calls", "calls a second"],
          rows: all.map(({ names, seen }) => [
            ...names,
            seen.rounds,
            seen.calls,
            Math.round((seen.calls / seen.milliseconds) * 1000) || 0,
          ]),
        },
        {
          title: "from giving back to having, for who waited",
          columns: ["program", "form", ...TIME_COLUMNS],
          rows: isTimed.map(({ names, seen }) => [...names, ...timeCells(seen.times)]),
        },
        {
          title: "calls that returned",
          columns: ["function", "calls"],
          rows: CALL_NAMES.flatMap((name, code) => {
            const n = this.#counts[code] as number;
            return n === 0 ? [] : [[name, n]];
          }),
        },
      ],
    };
  }
}

export const sync: Scenario = {
  name: "sync",
  describe: "the primitives of ringfold/sync or of another package, blocking and asynchronous",
  asserts:
    "exclusion, no permit, item or wake-up lost, nobody through too early, errors as promised",
  unit: "calls",
  takes: ["threads", "impl"],
  async run(run) {
    const { threads, impl } = run.settings;
    if (threads !== undefined && (threads < LEAST_THREADS || threads > MOST_THREADS)) {
      const range = `an integer from ${LEAST_THREADS} to ${MOST_THREADS}`;
      throw new RingfoldError("ERR_OPTION", `threads must be ${range} in sync, not ${threads}`);
    }
    return new Sync(run, await loadPrimitives(impl ?? OUR_NAME)).run();
  },
};
