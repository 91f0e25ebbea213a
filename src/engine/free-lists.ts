// The arena's free blocks by size: two-level segregated fit (M. Masmano et al., "TLSF: a new dynamic
// memory allocator for real-time systems", 2004). A class has the sizes of a sixteenth of a power of
// two, and a doubly linked list, newest first; a word of bits a power says which of its lists have
// blocks, and one word which powers have. Finding, linking and unlinking look at a few words.

import { NEXT, PREVIOUS, SIZE, wordOf } from "./header.js";
import type { Journal } from "./journal.js";

const LOG2 = 4;
const FINE = 1 << LOG2;
/** Sizes are below 2^26 units; those below 16 are a class each. */
const POWERS = 26 - LOG2 + 1;
/** The word of powers, a word of classes a power, a head a class. */
export const LIST_WORDS = 1 + POWERS + POWERS * FINE;
/** Blocks of the wanted class, of which some are too small, that are looked at. */
const LOOKS = 16;

/** 16 · power + sixteenth. */
function classOf(size: number): number {
  if (size < FINE) return size;
  const power = 31 - Math.clz32(size) - LOG2;
  return ((power + 1) << LOG2) + ((size >>> power) & (FINE - 1));
}

const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

export class FreeLists {
  readonly #journal: Journal;
  readonly #powers: number;
  readonly #classes: number;
  readonly #heads: number;

  /** `word`: the first of `LIST_WORDS`, 0 when the memory is new. */
  constructor(journal: Journal, word: number) {
    this.#journal = journal;
    this.#powers = word;
    this.#classes = word + 1;
    this.#heads = word + 1 + POWERS;
  }

  link(block: number, size: number): void {
    const journal = this.#journal;
    const place = classOf(size);
    const head = journal.get(this.#heads + place);
    journal.set(wordOf(block, NEXT), head);
    journal.set(wordOf(block, PREVIOUS), 0);
    journal.set(this.#heads + place, block);
    if (head !== 0) {
      journal.set(wordOf(head, PREVIOUS), block);
      return;
    }
    const power = place >> LOG2;
    const classes = this.#classes + power;
    journal.set(classes, journal.get(classes) | (1 << (place & (FINE - 1))));
    journal.set(this.#powers, journal.get(this.#powers) | (1 << power));
  }

  unlink(block: number, size: number): void {
    const journal = this.#journal;
    const place = classOf(size);
    const next = journal.get(wordOf(block, NEXT));
    const previous = journal.get(wordOf(block, PREVIOUS));
    if (next !== 0) journal.set(wordOf(next, PREVIOUS), previous);
    if (previous !== 0) {
      journal.set(wordOf(previous, NEXT), next);
      return;
    }
    journal.set(this.#heads + place, next);
    if (next !== 0) return;
    const power = place >> LOG2;
    const classes = journal.get(this.#classes + power) & ~(1 << (place & (FINE - 1)));
    journal.set(this.#classes + power, classes);
    if (classes === 0) journal.set(this.#powers, journal.get(this.#powers) & ~(1 << power));
  }

  /**
   * A block of `size` units or more. A class above the wanted one has no smaller blocks; of the
   * wanted one, `looks` blocks are looked at first.
   */
  find(size: number, looks = LOOKS): number | undefined {
    const journal = this.#journal;
    const place = classOf(size);
    let block = journal.get(this.#heads + place);
    for (let i = 0; i < looks && block !== 0; i++) {
      if (journal.get(wordOf(block, SIZE)) >= size) return block;
      block = journal.get(wordOf(block, NEXT));
    }
    const power = place >> LOG2;
    const above = journal.get(this.#classes + power) & -(2 << (place & (FINE - 1)));
    if (above !== 0) return this.#first(power, above);
    const powers = journal.get(this.#powers) & -(2 << power);
    if (powers === 0) return undefined;
    return this.#first(lowest(powers), journal.get(this.#classes + lowest(powers)));
  }

  #first(power: number, classes: number): number {
    return this.#journal.get(this.#heads + (power << LOG2) + lowest(classes));
  }
}
