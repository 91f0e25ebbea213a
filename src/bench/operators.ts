// The roofline and the operators: at every size, the pure read and each operator by each number of
// threads stand in one group, so that shares and speed-ups are taken within a round.

import type { Engine, OperatorName, ReduceOptions, TypedArray } from "../index.js";
import { dtypeInfo } from "../operators/dtype.js";
import { fillOrdinary } from "./data.js";
import type { Engines } from "./engines.js";
import { time } from "./measure.js";
import type { Case, Plan } from "./plan.js";
import { Reader } from "./reader.js";
import {
  type ExactResult,
  type Figure,
  figure,
  type OperatorResult,
  type ReadResult,
} from "./result.js";
import { Group, type Repeated, runRounds, type Watch } from "./rounds.js";

export interface OperatorResults {
  readonly roofline: ReadResult[];
  readonly operators: OperatorResult[];
  readonly exact: ExactResult[];
}

/** An engine of some threads, with an array as large as the largest size. */
class Stand {
  readonly threads: number;
  readonly #engine: Engine;
  readonly #reader: Reader;
  readonly #array: Float64Array<SharedArrayBuffer>;

  private constructor(
    threads: number,
    engine: Engine,
    reader: Reader,
    array: Float64Array<SharedArrayBuffer>,
  ) {
    this.threads = threads;
    this.#engine = engine;
    this.#reader = reader;
    this.#array = array;
  }

  static async set(threads: number, engine: Engine, bytes: number): Promise<Stand> {
    const array = engine.alloc("float64", bytes / 8);
    fillOrdinary(array);
    return new Stand(threads, engine, await Reader.start(engine, threads), array);
  }

  read(bytes: number): Repeated {
    const view = this.#view("float64", 0, bytes);
    const { threads } = this;
    return {
      name: readName(threads),
      run: (times) => this.#reader.read(view, threads, times),
    };
  }

  #view(dtype: Case["dtype"], from: number, bytes: number): TypedArray {
    const { array, size } = dtypeInfo(dtype);
    const { buffer, byteOffset } = this.#array;
    return new (array as NonNullable<typeof array>)(buffer, byteOffset + from, bytes / size);
  }

  reduce(one: Case, bytes: number): Repeated {
    const operator = one.operator as OperatorName;
    const { dtype, accuracy } = one;
    const options: ReduceOptions = {
      ...(accuracy === null ? {} : { accuracy }),
      // So many factors fit no 64 bits.
      ...(operator === "product" && dtype.endsWith("int64") ? { overflow: "wrap" } : {}),
    };
    const half = bytes / 2;
    // Two inputs are read side by side, each of half the size.
    const input =
      one.inputs === 2
        ? ([this.#view(dtype, 0, half), this.#view(dtype, half, half)] as const)
        : this.#view(dtype, 0, bytes);
    const engine = this.#engine;
    return {
      name: caseName(one, this.threads),
      run: (times) =>
        time(() => {
          for (let i = 0; i < times; i++) engine.reduceSync(input as TypedArray, operator, options);
        }),
    };
  }

  async close(): Promise<void> {
    await this.#reader.close();
    this.#engine.free(this.#array);
  }
}

const readName = (threads: number): string => `read ${threads}`;
const caseName = ({ operator, dtype, accuracy }: Case, threads: number): string =>
  `${operator} ${dtype} ${accuracy} ${threads}`;

/** Of times, the speeds. */
const speeds = (bytes: number, seconds: readonly number[]): Figure =>
  figure(seconds.map((s) => bytes / s));
const inverse = (values: readonly number[]): number[] => values.map((value) => 1 / value);
const digits = (seconds: readonly number[]): number[] =>
  seconds.map((s) => Number(s.toPrecision(6)));

function resultsOf(plan: Plan, groups: ReadonlyMap<number, Group>): OperatorResults {
  const results: OperatorResults = { roofline: [], operators: [], exact: [] };
  const hasOne = plan.threads.includes(1);
  for (const [bytes, group] of groups) {
    if (!group.isMeasured) continue;
    for (const threads of plan.threads) {
      const common = (nameOf: (threads: number) => string) => {
        const seconds = group.times(nameOf(threads));
        const speedup = hasOne ? figure(group.ratios(nameOf(threads), nameOf(1))) : null;
        return {
          ...{ bytes, threads, speedup },
          ...{ bytesPerSecond: speeds(bytes, seconds), seconds: digits(seconds) },
        };
      };
      results.roofline.push(common(readName));
      for (const one of plan.cases) {
        const { operator, dtype, accuracy } = one;
        const name = caseName(one, threads);
        const share = figure(inverse(group.ratios(readName(threads), name)));
        results.operators.push({
          ...{ operator, dtype, accuracy },
          ...common((n) => caseName(one, n)),
          share,
        });
        if (accuracy !== "exact") continue;
        const fast = caseName({ ...one, accuracy: "fast" }, threads);
        const ofFast = figure(group.ratios(name, fast));
        results.exact.push({ operator, dtype, bytes, threads, share: ofFast });
      }
    }
  }
  return results;
}

/** The pure read, and the operators of the plan. */
export async function measureOperators(
  plan: Plan,
  engines: Engines,
  watch: Watch,
): Promise<OperatorResults> {
  const largest = Math.max(0, ...plan.sizes);
  const stands: Stand[] = [];
  const groups = new Map<number, Group>();
  try {
    if (largest > 0) {
      for (const threads of plan.threads) {
        stands.push(await Stand.set(threads, await engines.get(threads), largest));
      }
    }
    for (const bytes of plan.sizes) {
      const sides = stands.flatMap((stand) => [
        stand.read(bytes),
        ...plan.cases.map((one) => stand.reduce(one, bytes)),
      ]);
      groups.set(bytes, new Group(sides));
    }
    const part = plan.cases.length > 0 ? "operators" : "roofline";
    await runRounds(part, [...groups.values()], plan.rounds, watch);
  } finally {
    for (const stand of stands) await stand.close();
  }
  return resultsOf(plan, groups);
}
