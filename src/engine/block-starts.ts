// Where the arena's blocks begin: a bit a unit of the memory, in words of 32, and above them a bit a
// word that is not 0, level by level, up to a single word (P. van Emde Boas's idea with a fan-out of
// 32). The last start at or before a unit is found in two words a level, five levels for 4 GiB.
//
// Users write into their arrays what they like, also what looks like a block's header. They do not
// write here: so a bit proves that a header is one, whatever the address was that somebody asked about.

import type { Journal } from "./journal.js";

const LOG2 = 5;
const FAN = 1 << LOG2;

/** Words for `units` units. */
export function startWords(units: number): number {
  return levelsOf(units).reduce((sum, n) => sum + n, 0);
}

/** Words of each level, the lowest first. */
function levelsOf(units: number): number[] {
  const levels: number[] = [];
  let n = units;
  do {
    n = Math.ceil(n / FAN);
    levels.push(n);
  } while (n > 1);
  return levels;
}

export class BlockStarts {
  readonly #journal: Journal;
  /** First word of each level. */
  readonly #levels: number[];

  /** `word`: the first of `startWords(units)`, 0 when the memory is new. */
  constructor(journal: Journal, word: number, units: number) {
    this.#journal = journal;
    let at = word;
    this.#levels = levelsOf(units).map((n) => {
      at += n;
      return at - n;
    });
  }

  add(unit: number): void {
    let i = unit;
    for (const level of this.#levels) {
      const word = level + (i >>> LOG2);
      const before = this.#journal.get(word);
      this.#journal.set(word, (before | (1 << (i & (FAN - 1)))) >>> 0);
      if (before !== 0) return;
      i >>>= LOG2;
    }
  }

  remove(unit: number): void {
    let i = unit;
    for (const level of this.#levels) {
      const word = level + (i >>> LOG2);
      const after = this.#journal.get(word) & ~(1 << (i & (FAN - 1)));
      this.#journal.set(word, after >>> 0);
      if (after !== 0) return;
      i >>>= LOG2;
    }
  }

  /** The greatest start at or before `unit`; undefined if there is none. */
  before(unit: number): number | undefined {
    let i = unit;
    // At the unit itself in the lowest level; above, what is below i has been looked at.
    let mask = (2 << (i & (FAN - 1))) - 1;
    for (let up = 0; up < this.#levels.length; up++) {
      const found = this.#journal.get((this.#levels[up] as number) + (i >>> LOG2)) & mask;
      if (found !== 0) return this.#last(up, (i & -FAN) + highest(found));
      i >>>= LOG2;
      mask = (1 << (i & (FAN - 1))) - 1;
    }
    return undefined;
  }

  /** The last start below bit i of a level. */
  #last(up: number, bit: number): number {
    let i = bit;
    for (let down = up - 1; down >= 0; down--) {
      const word = this.#journal.get((this.#levels[down] as number) + i);
      i = i * FAN + highest(word);
    }
    return i;
  }
}

const highest = (word: number): number => 31 - Math.clz32(word);
