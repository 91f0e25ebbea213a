// Interleaved measuring as src/bench/measure.ts has it, by rounds that are run again where other
// programs disturbed them.

import type { ChildProcess } from "node:child_process";
import { type Side, spread, type Times, takeTurns } from "../../src/bench/measure.js";
import { watchOthers } from "../../src/bench/others.js";

/** For sums that are measured against sums that are not exact. */
export const FAST = { accuracy: "fast" } as const;

export {
  fastest,
  ratios,
  type Side,
  type Spread,
  spread,
  type Times,
  time,
  timesOf,
} from "../../src/bench/measure.js";

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
    const foreign = watchOthers(children);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (foreign() <= FOREIGN) return left;
  }
  return 0;
}

/** Milliseconds that one run of a side takes at most. */
const LONGEST_RUN = 60_000;

/** A side that gives up: pools of threads were seen to lose a task. */
const bounded = ({ name, run }: Side): Side => ({
  name,
  run: () => {
    const took = run();
    if (typeof took === "number") return took;
    let timer: NodeJS.Timeout;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`${name} has not answered for ${LONGEST_RUN / 1000} s`);
      timer = setTimeout(() => reject(error), LONGEST_RUN);
    });
    return Promise.race([took, late]).finally(() => clearTimeout(timer));
  },
});

/** Runs every side `warm` times untimed, then once a round. */
export async function interleave(
  unbounded: readonly Side[],
  rounds: number,
  warm: number,
  longestCalm = LONGEST_CALM,
): Promise<Times> {
  const sides = unbounded.map(bounded);
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
    const foreign = watchOthers(children);
    const got = await takeTurns(sides, round);
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

/** Children that run: the time of those that have ended counts as their parent's by itself. */
const children = new Set<number>();

/** Counts the time of a child process as the benchmark's own, not as another program's. */
export function countChild(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  children.add(pid);
  child.once("exit", () => children.delete(pid));
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

export async function timeAsync(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}
