// What the memory of a program's threads remembers, be it the core's (memory.ts) or TypeScript's
// (replayed-memory.ts): what was changed, to be undone; what the step under way read and wrote; and
// who uses which word.

import { Broken, PLAIN, READS, Restart, WIDE, WRITES } from "./step.js";
import { mixHigh, mixLow } from "./visited.js";

const SOMEBODY = -1;

export abstract class RecordedMemory {
  readonly words: Int32Array;
  /** Hash of all that steps wrote; changed with it. */
  low = 0;
  high = 0;
  // Of the step under way: what it accessed plainly, and what else an outcome says of it.
  tail: number[] = [];
  reads: number[] = [];
  accesses: number[] = [];
  /** Words and what they held before. */
  #written: number[] = [];
  protected thread = 0;
  protected readonly shared: Set<number>;
  /** By word: the only thread that used it so far, or SOMEBODY, and whether any wrote; its width. */
  readonly #users = new Map<number, { thread: number; isWritten: boolean }>();
  readonly #widths = new Map<number, number>();
  /** Word and value before, for each write. */
  #log = new Int32Array(1 << 12);
  #logged = 0;

  /** Words that turn out to be shared are added. */
  constructor(words: Int32Array, shared: Set<number>) {
    this.words = words;
    this.shared = shared;
  }

  /** What is said of a word that is used with two widths, in words. */
  protected abstract describeWidths(word: number, known: number, width: number): string;

  // --- changes ----------------------------------------------------------------------

  get mark(): number {
    return this.#logged;
  }

  undo(mark: number): void {
    const { words } = this;
    for (let i = this.#logged - 2; i >= mark; i -= 2) {
      words[this.#log[i] as number] = this.#log[i + 1] as number;
    }
    this.#logged = mark;
  }

  /** Before a write outside of all threads. */
  remember(access: number, address: number): void {
    if ((access & WRITES) === 0) return;
    this.#remember(address >> 2);
    if ((access & WIDE) !== 0) this.#remember((address >> 2) + 1);
  }

  #remember(word: number): number {
    if (this.#logged === this.#log.length) {
      const log = new Int32Array(2 * this.#log.length);
      log.set(this.#log);
      this.#log = log;
    }
    const before = this.words[word] as number;
    this.#log[this.#logged++] = word;
    this.#log[this.#logged++] = before;
    return before;
  }

  protected write(word: number, value: number): void {
    const before = this.#remember(word);
    if (before === value) return;
    this.low ^= mixLow(word, before) ^ mixLow(word, value);
    this.high ^= mixHigh(word, before) ^ mixHigh(word, value);
    this.words[word] = value;
  }

  /** Words and values, in turn. */
  writeAll(pairs: readonly number[]): void {
    for (let i = 0; i < pairs.length; i += 2)
      this.write(pairs[i] as number, pairs[i + 1] as number);
  }

  /** True if these words hold these values. */
  holds(pairs: readonly number[]): boolean {
    for (let i = 0; i < pairs.length; i += 2) {
      if (this.words[pairs[i] as number] !== pairs[i + 1]) return false;
    }
    return true;
  }

  // --- the step under way ---------------------------------------------------------------

  /** `tail`: of the step before, if it goes on. */
  begin(thread: number, tail: readonly number[] = []): void {
    this.thread = thread;
    this.tail = [...tail];
    this.reads = [];
    this.accesses = [];
    this.#written = [];
  }

  /** Puts the words back that the step wrote; tells of each what the step had left in it. */
  protected putBack(tell: (word: number, value: number) => void): void {
    const before = new Map<number, number>();
    for (let i = 0; i < this.#written.length; i += 2) {
      const word = this.#written[i] as number;
      if (!before.has(word)) before.set(word, this.#written[i + 1] as number);
    }
    for (const [word, value] of before) {
      tell(word, this.words[word] as number);
      this.words[word] = value;
    }
  }

  /** Before a word is accessed; `entry` stands for it in the search for races. */
  protected record(access: number, word: number, entry: number): void {
    if (this.shared.has(word)) {
      this.accesses.push(entry);
      if ((access & PLAIN) !== 0) this.tail.push(entry);
    }
    const value = this.words[word] as number;
    if ((access & READS) !== 0 && !this.#wrote(word)) this.reads.push(word, value);
    if ((access & WRITES) !== 0) this.#written.push(word, value);
  }

  #wrote(word: number): boolean {
    for (let i = 0; i < this.#written.length; i += 2) if (this.#written[i] === word) return true;
    return false;
  }

  /** The thread uses a word, in an access of `width` words. @throws Restart, Broken */
  protected use(word: number, width: number, isWrite: boolean): void {
    const known = this.#widths.get(word);
    if (known === undefined) this.#widths.set(word, width);
    else if (known !== width) {
      throw new Broken("mixed size", this.describeWidths(word, known, width));
    }
    const user = this.#users.get(word);
    if (user === undefined) {
      this.#users.set(word, { thread: this.thread, isWritten: isWrite });
      return;
    }
    user.isWritten ||= isWrite;
    if (user.thread !== this.thread) user.thread = SOMEBODY;
    if (user.thread === SOMEBODY && user.isWritten && !this.shared.has(word)) {
      this.shared.add(word);
      // The other half of a wide one is used alike.
      if (width === 2) this.shared.add(word ^ 1);
      throw new Restart();
    }
  }
}
