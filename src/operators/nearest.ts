// "Did you mean …?": for operators, options, columns, whatever has a name.

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
