// What `ringfold bench` found. `--json` prints this, and a baseline is read back as this; times are
// in seconds, sizes in bytes.

import type { Dtype } from "../operators/dtype.js";
import type { Accuracy } from "../operators/operator.js";
import type { Machine } from "./machine.js";
import { spread } from "./measure.js";

/** Over the rounds: the median and the quartiles. */
export interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Six digits: more are noise. */
const rounded = (value: number): number => Number(value.toPrecision(6));

export function figure(values: readonly number[]): Figure {
  const { median, low, high } = spread(values);
  return { median: rounded(median), low: rounded(low), high: rounded(high) };
}

export interface ReadResult {
  readonly bytes: number;
  readonly threads: number;
  readonly bytesPerSecond: Figure;
  /** Against 1 thread; null if that was not measured. */
  readonly speedup: Figure | null;
  /** Of one read, a round. */
  readonly seconds: readonly number[];
}

export interface OperatorResult {
  readonly operator: string;
  readonly dtype: Dtype;
  /** Null: it can be computed in one way only. */
  readonly accuracy: Accuracy | null;
  readonly bytes: number;
  readonly threads: number;
  readonly bytesPerSecond: Figure;
  /** Of the pure read of as many bytes by as many threads. */
  readonly share: Figure;
  /** Against 1 thread; null if that was not measured. */
  readonly speedup: Figure | null;
  /** Of one reduction, a round. */
  readonly seconds: readonly number[];
}

/** How fast an exact operator is, as a share of its fast form. */
export interface ExactResult {
  readonly operator: string;
  readonly dtype: Dtype;
  readonly bytes: number;
  readonly threads: number;
  readonly share: Figure;
}

export interface CrossoverResult {
  /** Against one. */
  readonly threads: number;
  /** From here on more threads are faster; null if they never are. */
  readonly fromBytes: number | null;
  readonly points: readonly { readonly bytes: number; readonly speedup: Figure }[];
  /** Where the engine shares out, as it measured itself: workers awake, and parked. */
  readonly engine: { readonly awake: number; readonly parked: number };
}

export interface LatencyResult {
  /** "empty job", or "sum". */
  readonly job: string;
  /** Float64 that are summed. */
  readonly elements: number;
  readonly workers: "spinning" | "parked";
  readonly threads: number;
  /** Over the rounds; each has so many jobs. */
  readonly jobs: number;
  readonly p50: Figure;
  readonly p99: Figure;
}

export interface RingResult {
  readonly producers: number;
  readonly consumers: number;
  readonly batch: number;
  readonly itemsPerSecond: Figure;
}

export interface BenchResult {
  readonly machine: Machine;
  /** Of ringfold. */
  readonly ringfold: string;
  /** ISO 8601. */
  readonly began: string;
  readonly took: number;
  readonly interrupted: boolean;
  /** Asked for. */
  readonly rounds: number;
  /** Share of the machine that other programs used meanwhile. */
  readonly others: number;
  readonly leftOut: readonly { readonly bytes: number; readonly why: string }[];
  readonly roofline: readonly ReadResult[];
  readonly operators: readonly OperatorResult[];
  readonly exact: readonly ExactResult[];
  /** Null: not measured. */
  readonly crossover: CrossoverResult | null;
  readonly latency: readonly LatencyResult[];
  readonly ring: readonly RingResult[];
}
