// "Did you mean …?": for operators, options, columns, whatever has a name.

import { RingfoldError, show } from "../errors.js";

/** Edits (insert, delete, replace a character) from one string to the other: Levenshtein's. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}

/**
 * The candidate that `name` most likely meant, the first of those equally near; undefined
 * if more than a third of it, or all of it, would have to change. Case does not count.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.ceil(wanted.length / 3) + 1;
  for (const candidate of candidates) {
    // The lengths alone rule most out; the product bounds the work on absurd names.
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    if (candidate.length * wanted.length > 1_000_000) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least && edits < Math.max(wanted.length, candidate.length)) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

/** The names of options: an object with the keys of an interface, so that the compiler misses none. */
export type Names<T> = Readonly<Record<keyof T, true>>;

/**
 * Refuses an option that nobody reads, with the nearest name; `what` has those in `names`. Undefined is as
 * good as absent.
 * @throws RingfoldError ERR_OPTION
 */
export function checkNames(options: object, names: Names<never>, what: string): void {
  if (typeof options !== "object" || options === null) {
    throw new RingfoldError("ERR_OPTION", `options: ${show(options)} is not an object`);
  }
  // Calls for a small array come by the million: for-in makes no array of names.
  for (const name in options) {
    if ((names as Record<string, true>)[name] !== true) refuseName(options, name, names, what);
  }
}

function refuseName(options: object, name: string, names: Names<never>, what: string): void {
  // What is inherited, nobody gave to this call.
  if (!Object.hasOwn(options, name)) return;
  if ((options as Record<string, unknown>)[name] === undefined) return;
  const guess = nearest(name, Object.keys(names));
  throw new RingfoldError(
    "ERR_OPTION",
    `${name}: ${what} has no such option; ` +
      (guess === undefined ? "" : `did you mean "${guess}"? `) +
      `There are ${Object.keys(names).join(", ")}`,
  );
}
