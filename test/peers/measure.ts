// Interleaved measuring on a machine that others use too. Every round runs each side once, in
// an order that rotates; a ratio is taken within a round, so that what slows a round slows both
// sides of it; what is shown are medians and quartiles over the rounds.

import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** For sums that are measured against sums that are not exact. */
export const FAST = { accuracy: "fast" } as const;

/** One way to do the work. */
export interface Side {
  readonly name: string;
  /** Does the work; returns its time, in the unit of the row. */
  readonly run: () => number | Promise<number>;
}

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
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

/** A round in which other programs used more than this share of the machine is run again. */
const FOREIGN = 0.05;
/** So many rounds more, at most. */
const PATIENCE = 2;
/** Milliseconds that a benchmark waits in all for other programs to come to rest. */
const LONGEST_CALM = 60_000;
const LOOK_MS = 250;

/** Waits until the others rest, for as long as `left` milliseconds; returns what is left. */
async function calm(left: number): Promise<number> {
  for (; left > 0; left -= LOOK_MS) {
    const foreign = watchOthers();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (foreign() <= FOREIGN) return left;
  }
  return 0;
}

/** Runs every side `warm` times untimed, then once a round. */
export async function interleave(
  sides: readonly Side[],
  rounds: number,
  warm: number,
  longestCalm = LONGEST_CALM,
): Promise<Times> {
  const times = new Map<string, number[]>(sides.map((s) => [s.name, []]));
  const disturbed = new Map<string, number[]>(sides.map((s) => [s.name, []]));
  for (let i = 0; i < warm; i++) {
    for (const side of sides) await side.run();
  }
  const shares: number[] = [];
  let quiet = 0;
  let patience = longestCalm;
  for (let round = 0; quiet < rounds && round < rounds * (1 + PATIENCE); round++) {
    patience = await calm(patience);
    const foreign = watchOthers();
    const got = new Map<string, number>();
    for (let i = 0; i < sides.length; i++) {
      const side = sides[(i + round) % sides.length] as Side;
      got.set(side.name, await side.run());
    }
    const share = foreign();
    const isQuiet = share <= FOREIGN;
    shares.push(share);
    if (isQuiet) quiet++;
    for (const [name, time] of got) (isQuiet ? times : disturbed).get(name)?.push(time);
    say(`round ${quiet} of ${rounds}`);
    // Nobody rests: a few rounds among others are as good as many.
    if (patience === 0 && round >= rounds) break;
  }
  say("");
  if (quiet < Math.min(rounds, 5)) {
    const percent = (spread(shares).median * 100).toFixed(0);
    note(
      `only ${quiet} of ${shares.length} rounds were undisturbed, so all are used: other programs ` +
        `had ${percent}% of the machine`,
    );
    for (const [name, more] of disturbed) times.get(name)?.push(...more);
  }
  return times;
}

/** Starts watching; the function it returns gives the share of the machine that others used. */
function watchOthers(): () => number {
  const before = processorTicks();
  if (before === undefined) return () => 0;
  const start = performance.now();
  return () => {
    const after = processorTicks();
    if (after === undefined) return 0;
    const ticks = after.all - before.all - (after.own - before.own);
    // A tick is 10 ms; below a few of them there is nothing to be told.
    const seconds = (performance.now() - start) / 1000;
    return ticks < 3 ? 0 : ticks / 100 / seconds / availableParallelism();
  };
}

/** Children that run: the time of those that have ended counts as their parent's by itself. */
const children = new Set<number>();

/** Counts the time of a child process as the benchmark's own, not as another program's. */
export function countChild(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  children.add(pid);
  child.once("exit", () => children.delete(pid));
}

/** Processor time of the machine and of this process with its children; Linux only. */
function processorTicks(): { all: number; own: number } | undefined {
  try {
    const all = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.trim().split(/\s+/) ?? [];
    const sum = (from: readonly string[], places: readonly number[]) =>
      places.reduce((n, place) => n + Number(from[place]), 0);
    // user nice system irq softirq steal; utime stime cutime cstime.
    const own = ["self", ...children].map((process) => {
      const stat = readFileSync(`/proc/${process}/stat`, "utf8").replace(/^.*\) /, "");
      return sum(stat.split(" "), [11, 12, 13, 14]);
    });
    return { all: sum(all, [1, 2, 3, 6, 7, 8]), own: own.reduce((a, b) => a + b) };
  } catch {
    return undefined;
  }
}

/** Progress on a terminal. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Fails the benchmark if two results differ: what is wrong is not worth timing. */
export function same(what: string, theirs: unknown, ours: unknown): void {
  if (!Object.is(theirs, ours)) {
    throw new Error(`wrong result: ${what} gives ${String(theirs)}, ours is ${String(ours)}`);
  }
}

/** Milliseconds of `body`. */
export function time(body: () => void): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}

export async function timeAsync(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}
