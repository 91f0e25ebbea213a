// Makes a counter-example short: few preemptions first, then few steps.

import { Explorer, settled } from "./explorer.js";
import { type Choice, type Finding, type MakeMachine, type Program, RUN } from "./program.js";
import { Broken, Restart } from "./step.js";
import { Walker } from "./walker.js";

interface Options {
  /** The least bound at which there is a finding; undefined: not known. */
  readonly preemptions: number | undefined;
  readonly stop: () => boolean;
}

/** States among which the nearest finding is looked for. */
const MOST_STATES = 1_000_000;
const MOST_ATTEMPTS = 5_000;

/** `shared` may grow. */
export function minimise(
  make: MakeMachine,
  program: Program,
  shared: Set<number>,
  finding: Finding,
  { preemptions, stop }: Options,
): Finding {
  // Found as the nearest already; and it must still lead into its loop.
  if (finding.loop !== undefined) return finding;
  const limits = { nearest: true, mostStates: MOST_STATES, stop };
  const bounded = preemptions === undefined ? limits : { ...limits, preemptions };
  const words = new Set(shared);
  const near = settled((found) => new Explorer(make(found), program, bounded).run(), words);
  const isNearer = near.finding !== undefined && near.finding.path.length < finding.path.length;
  // A path is of the words that it was found with.
  if (isNearer) for (const word of words) shared.add(word);
  const best = isNearer ? (near.finding as Finding) : finding;
  return simplify(new Walker(make(new Set(shared)), program), best, stop);
}

/** Leaves steps out, and swaps what two threads do in a row, as long as something still breaks. */
function simplify(walker: Walker, finding: Finding, stop: () => boolean): Finding {
  let left = MOST_ATTEMPTS;
  walker.begin();
  let best = attempt(walker, finding.path);
  if (best === undefined) return finding;
  try {
    for (let isBetter = true; isBetter; ) {
      isBetter = false;
      for (const path of candidates(best.finding.path)) {
        if (left-- <= 0 || stop()) return best.finding;
        const next = attempt(walker, path);
        if (next?.finding.verdict !== finding.verdict || cost(next) >= cost(best)) continue;
        best = next;
        isBetter = true;
        break;
      }
    }
  } catch (error) {
    // In words that are new, the same path may be another one.
    if (!(error instanceof Restart)) throw error;
  }
  return best.finding;
}

interface Attempt {
  readonly finding: Finding;
  readonly preemptions: number;
}

const cost = ({ finding, preemptions }: Attempt): number =>
  preemptions * 2 ** 20 + finding.path.length;

/** What happens when steps that are not possible are left out; undefined if nothing breaks. */
function attempt(walker: Walker, path: readonly Choice[]): Attempt | undefined {
  walker.rewind();
  const taken: Choice[] = [];
  let preemptions = 0;
  for (const choice of path) {
    const choices = walker.choices();
    if (!choices.some((one) => one.thread === choice.thread && one.what === choice.what)) continue;
    const last = taken.at(-1)?.thread;
    const couldGoOn = choices.some(({ thread, what }) => thread === last && what === RUN);
    if (last !== choice.thread && couldGoOn) preemptions++;
    taken.push(choice);
    try {
      walker.go(choice);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      return { finding: walker.finding(error), preemptions };
    }
  }
  return undefined;
}

function* candidates(path: readonly Choice[]): Generator<Choice[]> {
  const begins = path.flatMap(({ thread }, i) => (thread === path[i - 1]?.thread ? [] : [i]));
  const blocks = begins.map((begin, i) => path.slice(begin, begins[i + 1]));
  for (let i = 0; i + 1 < blocks.length; i++) {
    const [a = [], b = []] = blocks.slice(i, i + 2);
    yield [...blocks.slice(0, i), b, a, ...blocks.slice(i + 2)].flat();
  }
  for (let i = 0; i < blocks.length; i++) yield blocks.toSpliced(i, 1).flat();
  for (let i = path.length - 1; i >= 0; i--) yield path.toSpliced(i, 1);
}
