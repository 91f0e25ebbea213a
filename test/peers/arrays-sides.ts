// The sides of the benchmarks of arrays: ours, the pure read, and the peers in other languages, on the
// same values. Each result is compared with ours before any is timed.
//
// A measurement lasts some 25 ms, a large array's a single run. libgomp's threads go on spinning for
// 4.3 ms after a region of two threads, oneTBB's and Rayon's for less than 0.1 ms: after each such
// region the machine rests, so that nobody pays for who ran before.

import {
  createEngine,
  type Engine,
  type OperatorName,
  type ReduceOptions,
} from "../../src/index.js";
import { type ArrayDtype, fillSigned, type Numbers } from "./arrays-data.js";
import { FAST, interleave, type Side, same, type Times } from "./measure.js";
import { type Child, type NativeName, startNative } from "./native.js";
import { Reader } from "./reader.js";

/** Those that everybody does, and those that only NumPy has a function for. */
export const JOBS = ["sum", "min", "max", "dot"] as const;
export const NUMPY_JOBS = [...JOBS, "mean", "var"] as const;
export type Job = (typeof NUMPY_JOBS)[number];
export type Threads = 1 | 2;

interface Contender {
  readonly who: string;
  readonly peer: NativeName;
  readonly method: string;
}

export const OPENMP = "OpenMP";
export const TBB = ["oneTBB parallel_reduce", "oneTBB parallel_deterministic_reduce"] as const;
export const NUMPY = "NumPy";
export const OURS = "reduceSync";
const READ = "pure read";
const CONTENDERS: readonly Contender[] = [
  { who: OPENMP, peer: "openmp", method: "simd" },
  { who: TBB[0], peer: "tbb", method: "reduce" },
  { who: TBB[1], peer: "tbb", method: "deterministic" },
  { who: "Rayon par_iter", peer: "rayon", method: "iter" },
  { who: "Rayon par_chunks", peer: "rayon", method: "chunks" },
  { who: NUMPY, peer: "numpy", method: "numpy" },
];
/** Those with threads. */
export const RIVALS = CONTENDERS.map(({ who }) => who).filter((who) => who !== NUMPY);

export const nameOf = (job: string, who: string, threads: Threads): string =>
  `${job}, ${who}, ${threads} thread${threads === 1 ? "" : "s"}`;

export const readBy = (threads: Threads): string => nameOf(READ, "every byte", threads);

/** One pass over the data for all of these. */
export const TOGETHER = ["sum", "min", "max", "mean"] as const;
export const IN_ONE_PASS = "all four in one pass";
export const IN_ONE_PASS_EXACT = "all four in one pass, exact";
export const exactly = (job: string): string => `${job}, exact`;

/** Milliseconds that a measurement is to last, and that the machine rests after two threads. */
const MEASURED_MS = 25;
const REST_MS = 8;
/** Milliseconds that an array waits for other programs to come to rest: there are many. */
const LONGEST_CALM = 10_000;
/** Arrays from here on are reduced once a measurement. */
const LARGE = 2 ** 29;
const MOST_REPEATS = 100_000;
/** The pure read takes so many bytes at once. */
const PIECE = 2 ** 20;

interface Candidate {
  readonly name: string;
  readonly job: string;
  /** Runs it so often; milliseconds a run, and the result where there is one. */
  readonly run: (times: number) => Promise<readonly [ms: number, result: number | undefined]>;
}

const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));

/** NumPy's means and variances are rounded on the way: a variance of 2^23 float64 by 240 units. */
const tolerance = (dtype: ArrayDtype) => 2 ** 10 * (dtype === "float32" ? 2 ** -24 : 2 ** -53);

function compare(name: string, job: string, got: number, ours: number, dtype: ArrayDtype): void {
  const near = job === "mean" || job === "var";
  if (near && Math.abs(got - ours) <= tolerance(dtype) * Math.abs(ours)) return;
  same(name, got, ours);
}

const SPELLED: { readonly [job: string]: OperatorName } = { var: "variance" };

/** `job` on an array; a dot product is that of its halves, as the peers have it. */
function reduction(engine: Engine, x: Numbers, job: string, options: ReduceOptions): () => number {
  const half = Math.floor(x.length / 2);
  const operator = SPELLED[job] ?? (job as OperatorName);
  if (job !== "dot") return () => engine.reduceSync(x, operator, options) as number;
  const pair = [x.subarray(0, half), x.subarray(half, 2 * half)] as const;
  return () => engine.reduceSync(pair, operator, options) as number;
}

/** So many runs last as long as a measurement shall; also warms the side up. */
async function repeats({ run }: Candidate): Promise<number> {
  let [ms] = await run(1);
  for (let i = 0; i < 2; i++) {
    const times = Math.min(MOST_REPEATS, Math.ceil(MEASURED_MS / 2 / ms));
    ms = Math.min(ms, (await run(times))[0]);
  }
  return Math.min(MOST_REPEATS, Math.ceil(MEASURED_MS / ms));
}

/** All who take part, started. */
export class Field {
  readonly #engines: readonly [Engine, Engine];
  readonly #reader: Reader;
  readonly #children: ReadonlyMap<NativeName, Child>;

  private constructor(
    engines: readonly [Engine, Engine],
    reader: Reader,
    children: ReadonlyMap<NativeName, Child>,
  ) {
    this.#engines = engines;
    this.#reader = reader;
    this.#children = children;
  }

  static async start(peers: readonly NativeName[]): Promise<Field> {
    const engines = [
      await createEngine({ threads: 1 }),
      await createEngine({ threads: 2 }),
    ] as const;
    const children = new Map<NativeName, Child>();
    for (const peer of peers) {
      const child = await startNative(peer);
      if (typeof child !== "string") children.set(peer, child);
    }
    return new Field(engines, await Reader.start(engines[1]), children);
  }

  async close(): Promise<void> {
    await this.#reader.close();
    for (const child of this.#children.values()) await child.close();
    for (const engine of this.#engines) await engine.close();
  }

  /** Measures the wanted sides on one array. */
  async measure(
    dtype: ArrayDtype,
    bytes: number,
    rounds: number,
    wants: (side: string) => boolean,
  ): Promise<Times> {
    const count = bytes / (dtype === "float64" ? 8 : 4);
    const arrays = this.#engines.map((engine) => {
      const x = engine.alloc(dtype as "float64", count) as Numbers;
      fillSigned(x);
      return x;
    }) as [Numbers, Numbers];
    for (const child of this.#children.values()) await child.ask("prepare", dtype, count);
    try {
      const ours = this.#ours(arrays).filter(({ name }) => wants(name));
      const theirs = this.#theirs().filter(({ name }) => wants(name));
      const truth = this.#truth(arrays[1], theirs);
      const sides: Side[] = [];
      for (const candidate of [...ours, ...theirs]) {
        const { name, job, run } = candidate;
        const [, result] = await run(1);
        const expected = truth.get(job);
        if (result !== undefined && expected !== undefined) {
          compare(`${dtype}, ${bytes} bytes, ${name}`, job, result, expected, dtype);
        }
        const times = bytes >= LARGE ? 1 : await repeats(candidate);
        sides.push({ name, run: async () => (await run(times))[0] });
      }
      return await interleave(sides, rounds, bytes >= LARGE ? 1 : 0, LONGEST_CALM);
    } finally {
      for (const child of this.#children.values()) await child.ask("drop");
      for (const [t, x] of arrays.entries()) this.#engines[t]?.free(x);
    }
  }

  /** What our engine gives for each job, by its exact sums. */
  #truth(x: Numbers, asked: readonly Candidate[]): ReadonlyMap<string, number> {
    const jobs = new Set(["sum", ...asked.map(({ job }) => job)]);
    return new Map([...jobs].map((job) => [job, reduction(this.#engines[1], x, job, {})()]));
  }

  #ours(arrays: readonly [Numbers, Numbers]): Candidate[] {
    const all: Candidate[] = [];
    const add = (job: string, threads: Threads, run: () => unknown, unchecked?: "unchecked") => {
      const repeat = async (times: number) => {
        let last: unknown;
        const start = performance.now();
        for (let i = 0; i < times; i++) last = run();
        return [(performance.now() - start) / times, unchecked ? undefined : Number(last)] as const;
      };
      all.push({
        name: job === READ ? readBy(threads) : nameOf(job, OURS, threads),
        job,
        run: repeat,
      });
    };
    for (const [t, x] of arrays.entries()) {
      const threads = (t + 1) as Threads;
      const engine = this.#engines[t] as Engine;
      for (const job of NUMPY_JOBS) add(job, threads, reduction(engine, x, job, FAST));
      if (x.byteLength % PIECE === 0)
        add(READ, threads, () => this.#reader.read(x, threads), "unchecked");
      if (threads === 1) continue;
      for (const job of ["sum", "mean"] as const)
        add(exactly(job), threads, reduction(engine, x, job, {}), "unchecked");
      add(IN_ONE_PASS, threads, () => engine.reduceSync(x, TOGETHER, FAST), "unchecked");
      add(IN_ONE_PASS_EXACT, threads, () => engine.reduceSync(x, TOGETHER), "unchecked");
    }
    return all;
  }

  #theirs(): Candidate[] {
    const all: Candidate[] = [];
    for (const { who, peer, method } of CONTENDERS) {
      const child = this.#children.get(peer);
      if (child === undefined) continue;
      for (const job of who === NUMPY ? NUMPY_JOBS : JOBS) {
        for (const threads of (who === NUMPY ? [1] : [1, 2]) as readonly Threads[]) {
          const run = async (times: number) => {
            const [ns, result] = await child.ask("run", method, job, threads, times);
            if (threads > 1) await rest();
            return [Number(ns) / 1e6, Number(result)] as const;
          };
          all.push({ name: nameOf(job, who, threads), job, run });
        }
      }
    }
    return all;
  }
}
