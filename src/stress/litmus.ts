// `ringfold stress litmus`: small programs of two to four threads on raw shared memory, many
// instances at a time (as the litmus7 tool of J. Alglave and L. Maranget does it), to see which of
// their outcomes occur. One that the memory model forbids is a violation. What shared memory the
// ring rests on is tested here, not the ring.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Counts, type Job, type LitmusThread, PLACE, type Side } from "./litmus-places.js";
import {
  keyOf,
  type Litmus,
  outcomesOf,
  sequential,
  spell,
  TESTS,
  type Variant,
} from "./litmus-tests.js";
import type { Run, Scenario, Summary } from "./scenario.js";

const PAGES = 64;
const MOST_THREADS = 4;
const TICK = 100;
/** Ticks without a batch: a process that was stopped and goes on has not waited. */
const PATIENCE = 20;
/** Tests with more outcomes than this have those that interleavings explain in one row. */
const MOST_ROWS = 4;

/** Who plays threads 0, 1, 2, 3. */
const CASTS: readonly { readonly name: string; readonly sides: readonly Side[] }[] = [
  { name: "wasm", sides: ["wasm", "wasm", "wasm", "wasm"] },
  { name: "JS", sides: ["js", "js", "js", "js"] },
  { name: "JS and wasm", sides: ["js", "wasm", "js", "wasm"] },
];

export type Grade = "allowed" | "allowed, weak" | "forbidden";

/** Whether the memory model lets an outcome happen. */
export function grade(test: Litmus, variant: Variant, key: string): Grade {
  if (sequential(test).has(key)) return "allowed";
  // A value that nobody wrote is never right.
  const isWritten = outcomesOf(test).some((outcome) => keyOf(outcome) === key);
  return variant.strict || !isWritten ? "forbidden" : "allowed, weak";
}

type Row = [
  test: string,
  accesses: string,
  by: string,
  outcome: string,
  seen: number,
  grade: Grade,
];

/** The rows of one test in one variant, and the outcomes that must not have been. */
export function tabulate(
  test: Litmus,
  variant: Variant,
  cast: string,
  counts: ReadonlyMap<string, number>,
): Row[] {
  const outcomes = outcomesOf(test);
  const keys = new Set([...outcomes.map(keyOf), ...counts.keys()]);
  const rows = [...keys].map((key): Row => {
    const outcome = spell(test, key.split(",").map(Number));
    const seen = counts.get(key) ?? 0;
    return [test.name, variant.name, cast, outcome, seen, grade(test, variant, key)];
  });
  if (outcomes.length <= MOST_ROWS) return rows;
  const plain = rows.filter((row) => row[5] === "allowed");
  const seen = plain.reduce((sum, row) => sum + row[4], 0);
  const others: Row = [test.name, variant.name, cast, `${plain.length} others`, seen, "allowed"];
  return [...rows.filter((row) => row[5] !== "allowed"), others];
}

class LitmusRun {
  readonly #run: Run;
  readonly #tests: readonly Litmus[];
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  readonly #words = new Int32Array(this.#memory.buffer);
  readonly #longs = new BigInt64Array(this.#memory.buffer);
  readonly #rows: Row[] = [];
  readonly #cores = availableParallelism();
  #threads: Worker[] = [];
  #failure: unknown;
  #phase = "starting threads";

  constructor(run: Run, tests: readonly Litmus[]) {
    this.#run = run;
    this.#tests = tests;
  }

  async run(): Promise<Summary> {
    const { settings, signal, random } = this.#run;
    const parts = this.#tests.flatMap((test, t) =>
      test.variants.flatMap((variant, v) => CASTS.map((cast) => ({ test, t, variant, v, cast }))),
    );
    const sampling = setInterval(() => this.#sample(), TICK);
    const stop = () => Atomics.store(this.#words, PLACE.stop >> 2, 1);
    signal.addEventListener("abort", stop);
    try {
      await this.#start();
      this.#sample();
      const begun = performance.now();
      for (const [i, { test, t, variant, v, cast }] of parts.entries()) {
        if (signal.aborted) break;
        this.#phase = `${test.name}, ${variant.name}, ${cast.name}`;
        const left = begun + settings.duration - performance.now();
        const time = Math.max(1, left / (parts.length - i));
        const jobs = test.threads.map(
          (_, thread): Job => ({
            test: t,
            variant: v,
            side: cast.sides[thread] as Side,
            seed: random.u32(),
          }),
        );
        const counts = await this.#play(jobs, time);
        if (counts === undefined) break;
        const rows = tabulate(test, variant, cast.name, counts);
        this.#rows.push(...rows);
        if (!this.#judge(rows)) break;
      }
    } finally {
      clearInterval(sampling);
      signal.removeEventListener("abort", stop);
      await Promise.all(this.#threads.map((thread) => thread.terminate()));
    }
    return this.#summary();
  }

  async #start(): Promise<void> {
    const wasm = await readFile(new URL("litmus.wasm", import.meta.url));
    const module = await WebAssembly.compile(wasm);
    this.#threads = Array.from({ length: MOST_THREADS }, (_, me) => {
      const workerData: LitmusThread = { memory: this.#memory, module, me, cores: this.#cores };
      const url = new URL("./litmus-thread.js", import.meta.url);
      const thread = new Worker(url, { workerData, execArgv: [] });
      thread.on("error", (error) => {
        this.#failure ??= error;
      });
      return thread;
    });
    await Promise.all(this.#threads.map((thread) => once(thread, "online")));
  }

  /** Undefined if the threads did not come to an end. */
  async #play(jobs: readonly Job[], time: number): Promise<Counts | undefined> {
    Atomics.store(this.#words, PLACE.arrived >> 2, 0);
    Atomics.store(this.#words, PLACE.stop >> 2, this.#run.signal.aborted ? 1 : 0);
    let answers: Counts[] | undefined;
    const all = Promise.all(
      jobs.map(
        (job, i) =>
          new Promise<Counts>((resolve) => {
            this.#threads[i]?.once("message", resolve);
            this.#threads[i]?.postMessage(job);
          }),
      ),
    ).then((counts) => {
      answers = counts;
    });
    const timer = setTimeout(() => Atomics.store(this.#words, PLACE.stop >> 2, 1), time);
    let instances = this.#instances();
    for (let still = 0; answers === undefined && still < PATIENCE; ) {
      let tick: NodeJS.Timeout | undefined;
      const ticked = new Promise<void>((resolve) => {
        tick = setTimeout(resolve, TICK);
      });
      await Promise.race([all, ticked]);
      clearTimeout(tick);
      if (this.#failure !== undefined) throw this.#failure;
      const now = this.#instances();
      still = now === instances ? still + 1 : 0;
      instances = now;
    }
    clearTimeout(timer);
    if (answers === undefined) {
      const detail = `no batch came to its end for two seconds: ${this.#phase}`;
      this.#run.violation({ rule: "threads come to an end", detail });
    }
    return answers?.[0];
  }

  /** False if an outcome was forbidden. */
  #judge(rows: readonly Row[]): boolean {
    const wrong = rows.filter((row) => row[5] === "forbidden" && row[4] > 0);
    if (wrong.length === 0) return true;
    const all = rows.reduce((sum, row) => sum + row[4], 0);
    this.#run.violation({
      rule: "no outcome that the memory model forbids",
      detail: wrong
        .map(([test, accesses, by, outcome, seen]) => {
          return `${test}, ${accesses}, ${by}: ${outcome}, ${seen} of ${all} times`;
        })
        .join("\n"),
    });
    return false;
  }

  #instances(): number {
    return Number(Atomics.load(this.#longs, PLACE.instances >> 3));
  }

  #sample(): void {
    this.#run.sample({ phase: this.#phase, operations: this.#instances() });
  }

  #summary(): Summary {
    const sum = (rows: readonly Row[]) => rows.reduce((n, row) => n + row[4], 0);
    const weak = this.#rows.filter((row) => row[5] === "allowed, weak");
    const overtaken = weak.filter((row) => row[0] === "SB" && row[1] === "plain");
    const kinds = new Set(weak.filter((row) => row[4] > 0).map(([test, how]) => `${test} ${how}`));
    return {
      operations: this.#instances(),
      figures: {
        // If none is ever seen, then this machine cannot show what the scenario looks for.
        "loads that overtook stores (SB, plain)":
          this.#cores === 1 ? "one processor: none can be seen" : sum(overtaken),
        "weak outcomes seen": [...kinds].join(", ") || "none",
        "forbidden outcomes": sum(this.#rows.filter((row) => row[5] === "forbidden")),
      },
      tables: [
        {
          title: "Outcomes",
          columns: ["test", "accesses", "by", "outcome", "seen", "memory model"],
          rows: this.#rows,
        },
      ],
    };
  }
}

/** `tests`: TESTS, but what they say of the memory model may differ: a test of this program does. */
export function runTests(run: Run, tests: readonly Litmus[]): Promise<Summary> {
  return new LitmusRun(run, tests).run();
}

export const litmus: Scenario = {
  name: "litmus",
  describe: "small programs on raw shared memory, in JavaScript and wasm, atomic and plain",
  asserts: "no outcome that the memory model forbids",
  unit: "instances",
  takes: [],
  run: (run) => runTests(run, TESTS),
};
