// Rows that hold the engine against others: on one thread and on two, every result checked before
// its time is taken.

import { cpus } from "node:os";
import type { Engine } from "../../src/index.js";
import type { Floats } from "./exact-data.js";
import { freshLoops } from "./loops.js";
import { interleave, type Side, spread, type Times, time, timesOf } from "./measure.js";
import { digits, least, type Row, ratioRow, type Show } from "./row.js";

type Accuracy = "exact" | "fast";
type Reduce = (input: unknown, operator: string, options: object) => unknown;
/** The same elements on the memory of either engine. */
export type Pair = readonly [Floats, Floats];
/** A result on the engine with one thread, and on that with two. */
export type Runs = readonly [
  run: (accuracy: Accuracy) => number,
  run: (accuracy: Accuracy) => number,
];

export interface Comparison {
  readonly name: string;
  readonly what: string;
  readonly show: Show;
  readonly ours: Side;
  readonly theirs: readonly Side[];
  readonly goal?: number | undefined;
}

export const THREADS = ["1 thread", "2 threads"] as const;

/** Milliseconds of the benchmark's own children. */
let childrenSpent = 0;

/** Counts the processor time of a child as the benchmark's own. */
export function spentByChild(ms: number): void {
  childrenSpent += ms;
}

/** Milliseconds of processor time that the machine has spent on others so far. */
function spentByOthers(): number {
  const own = process.cpuUsage();
  const all = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq);
  return all.reduce((a, b) => a + b) - (own.user + own.system) / 1000 - childrenSpent;
}

export class Section {
  readonly rows: Row[] = [];
  readonly times = new Map<string, readonly number[]>();
  readonly wants: (name: string) => boolean;
  readonly #engines: readonly [Engine, Engine];
  readonly #rounds: number;

  constructor(
    engines: readonly [Engine, Engine],
    rounds: number,
    wants: (name: string) => boolean,
  ) {
    this.#engines = engines;
    this.#rounds = rounds;
    this.wants = wants;
  }

  /** True if the row for one or for two threads is wanted. */
  wantsEither(name: string): boolean {
    return this.wants(`${name}-1`) || this.wants(`${name}-2`);
  }

  /** An array that `fill` fills, on the memory of both engines. */
  alloc(dtype: "float64" | "float32", bytes: number, fill: (x: Floats) => void): Pair {
    const [one, two] = this.#engines.map((engine) => {
      const size = dtype === "float64" ? 8 : 4;
      return engine.alloc(dtype as "float64", bytes / size);
    }) as [Floats, Floats];
    fill(one);
    two.set(one);
    return [one, two];
  }

  free(...pairs: readonly Pair[]): void {
    for (const [x, y] of pairs) {
      this.#engines[0].free(x);
      this.#engines[1].free(y);
    }
  }

  /** `operator` on both engines. */
  runs(input: (t: 0 | 1) => unknown, operator: string, options: object = {}): Runs {
    const run = (t: 0 | 1) => {
      const engine = this.#engines[t];
      const reduce = engine.reduceSync.bind(engine) as unknown as Reduce;
      const [of, exact, fast] = [
        input(t),
        { ...options, accuracy: "exact" },
        { ...options, accuracy: "fast" },
      ];
      return (accuracy: Accuracy) =>
        reduce(of, operator, accuracy === "exact" ? exact : fast) as number;
    };
    return [run(0), run(1)];
  }

  /** Measures the wanted ones of `all` in one run. */
  async compare(group: string, all: readonly Comparison[]): Promise<void> {
    const wanted = all.filter(({ name }) => this.wants(name));
    if (wanted.length === 0) return;
    const sides = new Map(wanted.flatMap((c) => [c.ours, ...c.theirs]).map((s) => [s.name, s]));
    const [start, before] = [performance.now(), spentByOthers()];
    const times = await interleave([...sides.values()], this.#rounds, 1);
    const had = (spentByOthers() - before) / (performance.now() - start) / cpus().length;
    for (const [name, list] of times) this.times.set(`${group}: ${name}`, list);
    for (const { name, what, show, ours, theirs, goal } of wanted) {
      const names = theirs.map((s) => s.name);
      const limit = goal === undefined ? undefined : least(goal);
      const row = ratioRow(name, what, times, [ours.name], names, show, limit);
      if (names.length > 1) row.notes.push(...listed(times, names, show));
      const percent = Math.max(0, had * 100);
      row.notes.push(
        `others had ${digits(percent)}% of the machine (${percent > 5 ? "busy" : "quiet"}), ` +
          "in waits and rounds thrown away too",
      );
      this.rows.push(row);
    }
  }
}

export const rate =
  (bytes: number): Show =>
  (ms) =>
    `${digits(ms)} ms ${digits(bytes / ms / 1e6)} GB/s`;

function listed(times: Times, names: readonly string[], show: Show): string[] {
  return names.map((name) => `  ${show(spread(timesOf(times, name)).median).padEnd(24)} ${name}`);
}

/** Fails unless two sums agree as far as rounding lets them. */
export function close(what: string, got: number, truth: number, error = 0): void {
  if (error > 0 && Math.abs(got - truth) <= error) return;
  if (!Object.is(got, truth)) throw new Error(`wrong result: ${what} gives ${got}, not ${truth}`);
}

/** What was computed goes here, so that none can be left out. */
const sink = { last: 0 };

/** The time of one `run`, of `repeat` of them at a stretch. */
export function side(name: string, run: () => number, repeat = 1): Side {
  const all = () => {
    for (let i = 0; i < repeat; i++) sink.last = run();
  };
  return { name, run: () => time(all) / repeat };
}

/**
 * Runs at a stretch on so many bytes. Of a single short one, much is the worker that wakes up, and
 * who comes first in a round pays for it.
 */
export const repeats = (bytes: number): number => Math.ceil(2 ** 29 / bytes);

/** Exact against fast on the same threads; checks the exact results, if need be within `error`. */
export function againstFast(
  name: string,
  what: string,
  [one, two]: Runs,
  bytes: number,
  truth: number,
  goal?: number,
  error = 0,
): [Comparison, Comparison] {
  const on = (t: 0 | 1, run: Runs[0]): Comparison => {
    const threads = THREADS[t];
    const repeat = repeats(bytes);
    close(`${what}, ${threads}`, run("exact"), truth, error);
    return {
      name: `${name}-${t + 1}`,
      what: `${what}, ${threads}, exact against fast`,
      show: rate(bytes),
      ours: side(`exact, ${what}, ${threads}`, () => run("exact"), repeat),
      theirs: [side(`fast, ${what}, ${threads}`, () => run("fast"), repeat)],
      goal,
    };
  };
  return [on(0, one), on(1, two)];
}

/** The loops in plain JavaScript, on an array of each kind. */
export async function javaScript(x: Floats, truth: number, repeat = 1): Promise<Side[]> {
  const sides: Side[] = [];
  for (const [kind, a] of [
    ["SharedArrayBuffer", x],
    ["ArrayBuffer", x.slice()],
  ] as const) {
    const loops = await freshLoops(`exact ${kind} ${x.constructor.name}`);
    for (const [name, loop] of Object.entries(loops) as [string, (a: Floats) => number][]) {
      close(name, loop(a), truth, 1e-12 * x.length);
      sides.push(side(`JavaScript, ${name}, ${kind}`, () => loop(a), repeat));
    }
  }
  return sides;
}
