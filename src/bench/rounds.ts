// The rounds of a part: groups of sides that are measured next to each other, again and again, until
// there are enough rounds or somebody stops it. What stands in a group may be set in ratio.

import { type Side, spread, takeTurns, timesOf } from "./measure.js";

/** What runs a part tells it, and is told. */
export interface Watch {
  readonly signal: AbortSignal;
  /** `done` of `total` measurements of a part are made. */
  progress(part: string, done: number, total: number): void;
}

/** What a turn of a short side takes, in milliseconds: its work is repeated as often. */
const LEAST_MS = 1;
/** A measurement of a short side is the median of so many turns: one that was interrupted is none. */
const TURNS = 5;
/** A side is run so long before it counts: its code is optimised meanwhile. */
const WARM_MS = 10;
const WARM_TURNS = 6;
const MOST_REPEATS = 1_000_000;

/** A side that does its work so many times in a row; milliseconds of all. */
export interface Repeated {
  readonly name: string;
  readonly run: (times: number) => number | Promise<number>;
  /** Of each measurement; undefined: as many as it takes to be measured well. */
  readonly repeats?: number;
  /** What that takes, in milliseconds, if not as long as others. */
  readonly lasts?: number;
}

/** Seconds of one work by the name of the side, one a round. */
export class Group {
  readonly sides: readonly Side[];
  readonly #times: ReadonlyMap<string, number[]>;

  constructor(sides: readonly Repeated[]) {
    this.#times = new Map(sides.map(({ name }) => [name, []]));
    this.sides = sides.map((side) => ({ name: side.name, run: repeated(side) }));
  }

  add(round: ReadonlyMap<string, number>): void {
    for (const [name, seconds] of round) this.#times.get(name)?.push(seconds);
  }

  times(name: string): readonly number[] {
    return timesOf(this.#times, name);
  }

  /** How many times as fast as `theirs` `ours` is, round by round. */
  ratios(ours: string, theirs: string): number[] {
    const a = this.times(ours);
    return this.times(theirs).map((t, round) => t / (a[round] as number));
  }

  /** False: it was stopped before its first round was over. */
  get isMeasured(): boolean {
    return [...this.#times.values()].every((list) => list.length > 0);
  }
}

/** Milliseconds of one work. */
async function measure(run: Repeated["run"], repeats: number): Promise<number> {
  const turns: number[] = [];
  for (let i = 0; i < (repeats > 1 ? TURNS : 1); i++) turns.push((await run(repeats)) / repeats);
  return spread(turns).median;
}

const repeatsFor = (lasts: number, each: number): number =>
  Math.min(MOST_REPEATS, Math.max(1, Math.ceil(lasts / each)));

/** The first run warms up and finds how often the work must be repeated; its time is no measurement. */
function repeated({ run, repeats, lasts = LEAST_MS }: Repeated): Side["run"] {
  let n = repeats ?? 0;
  return async () => {
    if (n === 0) {
      n = repeatsFor(lasts, await warmUp(run));
      return 0;
    }
    const each = await measure(run, n);
    // All that it was found by may have been interrupted.
    if (repeats === undefined && each * n < lasts / 2) n = repeatsFor(lasts, each);
    return each / 1000;
  };
}

/** Milliseconds of one work, at best. */
async function warmUp(run: Repeated["run"]): Promise<number> {
  const began = performance.now();
  let each = await run(1);
  for (let i = 1; i < WARM_TURNS || performance.now() - began < WARM_MS; i++) {
    const repeats = repeatsFor(LEAST_MS, each);
    each = Math.min(each, (await run(repeats)) / repeats);
    // Long work has been optimised while it ran.
    if (each > WARM_MS && i > 1) break;
  }
  return each;
}

/** In another order every round, so that nobody always comes after the same one. */
function shuffled<T>(list: readonly T[], round: number): T[] {
  const order = [...list];
  let x = (round + 1) * 0x9e3779b9;
  for (let i = order.length - 1; i > 0; i--) {
    // xorshift32, after G. Marsaglia; a shuffle after R. Durstenfeld.
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const j = (x >>> 0) % (i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/** Runs a round to warm up and `rounds` that count; ends early, and silently, when it is aborted. */
export async function runRounds(
  part: string,
  groups: readonly Group[],
  rounds: number,
  watch: Watch,
): Promise<void> {
  const total = (rounds + 1) * groups.reduce((sum, { sides }) => sum + sides.length, 0);
  let done = 0;
  const polite = groups.map(({ sides }) =>
    sides.map(({ name, run }) => ({
      name,
      run: async () => {
        // Others have a turn, signals among them.
        await new Promise<void>((resolve) => setImmediate(resolve));
        watch.signal.throwIfAborted();
        const seconds = await run();
        watch.progress(part, ++done, total);
        return seconds;
      },
    })),
  );
  try {
    for (let round = -1; round < rounds; round++) {
      for (let i = 0; i < groups.length; i++) {
        const at = (i + round + 1) % groups.length;
        const got = await takeTurns(shuffled(polite[at] ?? [], round + 1), round + 1);
        if (round >= 0) groups[at]?.add(got);
      }
    }
  } catch (error) {
    // What was begun of a round is left out.
    if (!watch.signal.aborted) throw error;
  }
}
