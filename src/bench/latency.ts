// How long tiny jobs take, one by one: an empty one to a worker and back, and sums of few numbers on
// the thread that calls, while workers look for work and while they are parked.

import { CONTROL_WORKERS, GATE_WAITING, WORK_GATE } from "../core/map.js";
import type { Engine } from "../index.js";
import { fillOrdinary } from "./data.js";
import type { Engines } from "./engines.js";
import { figure, type LatencyResult } from "./result.js";
import { Group, type Repeated, runRounds, type Watch } from "./rounds.js";

/** Float64 that are summed; 0: an empty job. */
const ELEMENTS = [0, 8, 1000, 65_536];
/** Jobs of one round. */
const SPINNING_JOBS = 1000;
const PARKED_JOBS = 100;
/** Microseconds: from one job to the next, workers do not park; and they park at once. */
const LONG_SPIN = 2000;
const NO_SPIN = 0;
/** Milliseconds after which a thread that has said so is asleep, and at most until it says so. */
const LULL = 0.3;
const PATIENCE = 50;

function pass(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Returns when all workers are parked, or have had the time to. */
function rest(engine: Engine): void {
  const { buffer } = engine.handle().memory as WebAssembly.Memory;
  const workers = Atomics.load(new Int32Array(buffer), CONTROL_WORKERS >> 2);
  const words = new BigInt64Array(buffer, WORK_GATE + GATE_WAITING, Math.ceil(workers / 64));
  const isParked = () => {
    let left = workers;
    for (let i = 0; i < words.length; i++) {
      const bits = BigInt.asUintN(64, Atomics.load(words, i));
      left -= bits.toString(2).replaceAll("0", "").length;
    }
    return left <= 0;
  };
  const end = performance.now() + PATIENCE;
  while (!isParked() && performance.now() < end);
  pass(LULL);
}

/** The value that so many of 100 do not exceed. */
export function percentile(values: Float64Array, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

interface Job extends Pick<LatencyResult, "job" | "elements" | "workers" | "jobs"> {
  readonly name: string;
  readonly side: Repeated;
  /** Seconds, one a round. */
  readonly p50: number[];
  readonly p99: number[];
}

function jobOf(
  engine: Engine,
  elements: number,
  workers: LatencyResult["workers"],
  call: () => unknown,
): Job {
  const jobs = workers === "parked" ? PARKED_JOBS : SPINNING_JOBS;
  const name = `${elements} ${workers}`;
  const p50: number[] = [];
  const p99: number[] = [];
  const times = new Float64Array(jobs);
  let isWarm = false;
  const run = () => {
    for (let i = 0; i < jobs; i++) {
      if (workers === "parked") rest(engine);
      const start = performance.now();
      call();
      times[i] = performance.now() - start;
    }
    // No worker of this engine is in the way of what comes next.
    rest(engine);
    if (isWarm) {
      p50.push(percentile(times, 50) / 1000);
      p99.push(percentile(times, 99) / 1000);
    }
    isWarm = true;
    return percentile(times, 50);
  };
  const job = elements === 0 ? "empty job" : "sum";
  return { name, job, elements, workers, jobs, p50, p99, side: { name, run, repeats: 1 } };
}

async function jobsOf(engine: Engine, workers: LatencyResult["workers"]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const elements of ELEMENTS) {
    if (elements === 0) {
      jobs.push(jobOf(engine, elements, workers, () => engine.roundTrip()));
      continue;
    }
    const values = engine.alloc("float64", elements);
    fillOrdinary(values);
    jobs.push(jobOf(engine, elements, workers, () => engine.reduceSync(values, "sum")));
  }
  return jobs;
}

/** The latency part, by engines of so many threads. */
export async function measureLatency(
  threads: number,
  rounds: number,
  engines: Engines,
  watch: Watch,
): Promise<LatencyResult[]> {
  const jobs = [
    ...(await jobsOf(await engines.get(threads, LONG_SPIN), "spinning")),
    ...(await jobsOf(await engines.get(threads, NO_SPIN), "parked")),
  ];
  await runRounds("latency", [new Group(jobs.map(({ side }) => side))], rounds, watch);
  return jobs
    .filter(({ p50 }) => p50.length > 0)
    .map(({ job, elements, workers, jobs: count, p50, p99 }) => ({
      ...{ job, elements, workers, threads, jobs: count },
      ...{ p50: figure(p50), p99: figure(p99) },
    }));
}
