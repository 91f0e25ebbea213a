// Interleaved measuring on a machine that others use too. Every round runs each side once, in an
// order that rotates; a ratio is taken within a round, so that what slows a round slows both sides
// of it; what is shown are medians and quartiles over the rounds. `ringfold bench` and the
// benchmarks in test/peers measure with it, on the thread that calls.

/** One way to do the work. */
export interface Side {
  readonly name: string;
  /** Does the work; returns its time, in the unit of the row. */
  readonly run: () => number | Promise<number>;
}

export interface Spread {
  readonly median: number;
  /** The lower and the upper quartile. */
  readonly low: number;
  readonly high: number;
  /** The least. */
  readonly best: number;
}

/** Times by the name of the side, one a round. */
export type Times = ReadonlyMap<string, readonly number[]>;

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.round((sorted.length - 1) * q)] as number;
  return { median: at(0.5), low: at(0.25), high: at(0.75), best: at(0) };
}

export function timesOf(times: Times, name: string): readonly number[] {
  const values = times.get(name);
  if (values === undefined) throw new Error(`no side is named ${name}`);
  return values;
}

/** How many times faster `ours` is than `theirs`, round by round. */
export function ratios(times: Times, ours: string, theirs: string): number[] {
  const a = timesOf(times, ours);
  return timesOf(times, theirs).map((t, round) => t / (a[round] as number));
}

/** The one of `names` with the lowest median. */
export function fastest(times: Times, names: readonly string[]): string {
  const median = (name: string) => spread(timesOf(times, name)).median;
  return names.reduce((best, name) => (median(name) < median(best) ? name : best));
}

/** One round: every side once, beginning with another one each time. */
export async function takeTurns(
  sides: readonly Side[],
  round: number,
): Promise<Map<string, number>> {
  const got = new Map<string, number>();
  for (let i = 0; i < sides.length; i++) {
    const side = sides[(i + round) % sides.length] as Side;
    got.set(side.name, await side.run());
  }
  return got;
}

/** Milliseconds of `body`. */
export function time(body: () => void): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}
