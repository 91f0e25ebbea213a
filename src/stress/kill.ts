// The `kill` scenario: threads of a real engine, on the checked core, die at every named fault
// point in turn and at random times, while jobs run. Each result has to have the bits that it has
// without a death, and afterwards nothing of the dead may be left.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { MAX_WORKERS } from "../core/map.js";
import type { DeathMessage } from "../engine/recovery.js";
import { Bout } from "./kill-bout.js";
import { SUBMITTER_POINTS, WORKER_POINTS } from "./kill-points.js";
import type { Run, Scenario, Summary } from "./scenario.js";

/** Strikes at one engine. */
const STRIKES = 32;
/** Threads that compute; a run takes them in turn. */
const THREADS = [3, 2, 1];

interface Strike {
  readonly name: string;
  /** False: the point was not passed. */
  strike(bout: Bout): Promise<boolean>;
}

const STRIKES_OF_ALL_KINDS: readonly Strike[] = [
  ...WORKER_POINTS.flatMap((point) =>
    point.kinds.map((kind) => ({
      name: point.name,
      strike: (bout: Bout) => bout.worker(point, kind),
    })),
  ),
  ...SUBMITTER_POINTS.flatMap((point) =>
    point.kinds.map((kind) => ({
      name: point.name,
      strike: (bout: Bout) => bout.submitter(point, kind),
    })),
  ),
  ...(["blocks", "pairwise", "stream", "operator"] as const).flatMap((kind) =>
    Array.from({ length: 8 }, () => ({
      name: "at random times",
      strike: (bout: Bout) => bout.atRandom(kind),
    })),
  ),
  ...Array.from({ length: 4 }, () => ({
    name: "reserve: overtaken",
    strike: (bout: Bout) => bout.overtaken(),
  })),
];

/** Threads of this process, where the system tells. */
function countThreads(): number {
  try {
    return readdirSync("/proc/self/task").length;
  } catch {
    return 0;
  }
}

class Killing {
  readonly #run: Run;
  readonly #deaths = new Map<string, number>();
  /** Milliseconds from the news of a death until all was put right, a new worker included. */
  readonly #took = { workers: [] as number[], submitters: [] as number[] };
  #name = "";
  #jobs = 0;
  #bouts = 0;
  #dead = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async play(): Promise<Summary> {
    const { settings, signal, random } = this.#run;
    const end = performance.now() + settings.duration;
    let deck: Strike[] = [];
    const draw = () => {
      if (deck.length === 0) deck = random.shuffle(STRIKES_OF_ALL_KINDS);
      return deck.pop() as Strike;
    };
    subscribe("ringfold:died", this.#died);
    subscribe("ringfold:recovered", this.#recovered);
    let isBroken = false;
    let threads = 0;
    try {
      while (!isBroken && !signal.aborted && performance.now() < end) {
        isBroken = await this.#bout(draw, end);
        // The first one has started what the runtime starts once.
        if (this.#bouts === 1) threads = countThreads();
        else if (!isBroken) isBroken = this.#assertNoThread(threads);
      }
    } finally {
      unsubscribe("ringfold:died", this.#died);
      unsubscribe("ringfold:recovered", this.#recovered);
    }
    return this.#summary();
  }

  /** Plays with one engine; true if a rule was broken. */
  async #bout(draw: () => Strike, end: number): Promise<boolean> {
    const { settings, signal } = this.#run;
    const threads = settings.threads ?? (THREADS[this.#bouts % THREADS.length] as number);
    this.#bouts++;
    const bout = await Bout.open(this.#run, threads);
    const before = this.#jobs;
    try {
      for (let i = 0; i < STRIKES && !bout.isBroken; i++) {
        if (signal.aborted || (i > 0 && performance.now() > end)) break;
        const { name, strike } = draw();
        this.#name = name;
        if (await strike(bout)) this.#deaths.set(name, (this.#deaths.get(name) ?? 0) + 1);
        this.#jobs = before + bout.jobs;
        this.#run.sample({ phase: name, operations: this.#jobs });
      }
    } finally {
      await bout.close();
    }
    return bout.isBroken;
  }

  #assertNoThread(before: number): boolean {
    const now = countThreads();
    if (now <= before) return false;
    this.#run.violation({
      rule: "no thread is left",
      detail: `${now} threads after the engine was closed, ${before} after the first one was`,
    });
    return true;
  }

  readonly #died = (_: unknown): void => {
    this.#dead++;
    this.#run.event({ kind: "death", text: this.#name });
  };

  readonly #recovered = (message: unknown): void => {
    const { participant, took } = message as DeathMessage;
    const times = participant < MAX_WORKERS ? this.#took.workers : this.#took.submitters;
    times.push(took);
    this.#run.event({ kind: "recovery", text: this.#name, took });
  };

  #summary(): Summary {
    const names = [...new Set(STRIKES_OF_ALL_KINDS.map(({ name }) => name))];
    const missed = names.filter((name) => !this.#deaths.has(name));
    const { workers, submitters } = this.#took;
    const slowest = (times: readonly number[]) => Number(Math.max(0, ...times).toFixed(1));
    const sorted = [...workers].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    return {
      operations: this.#jobs,
      figures: {
        deaths: this.#dead,
        "replaced workers": workers.length,
        "median replacement (ms)": Number(median.toFixed(1)),
        "slowest replacement (ms)": slowest(workers),
        "dead submitting threads": submitters.length,
        "slowest clean-up of their jobs (ms)": slowest(submitters),
        engines: this.#bouts,
        "fault points hit": `${names.length - missed.length} of ${names.length}`,
        ...(missed.length > 0 ? { "not hit": missed.join(", ") } : {}),
      },
      tables: [
        {
          title: "Deaths by fault point",
          columns: ["point", "deaths"],
          rows: [...this.#deaths].sort(([a], [b]) => (a < b ? -1 : 1)),
        },
      ],
    };
  }
}

export const kill: Scenario = {
  name: "kill",
  describe: "terminate, trap, process.exit and out of memory, at named points and random times",
  asserts: "the same bits; no slot, no intent, no thread, no byte left of the dead",
  unit: "jobs",
  takes: ["threads"],
  run: (run) => new Killing(run).play(),
};
