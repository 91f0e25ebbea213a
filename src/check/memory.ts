// The shared memory of machine.ts: words, their hash, what was changed, racing stores under way, and
// which words are shared.

import {
  Broken,
  IS_PLAIN,
  IS_RACING,
  IS_WRITE,
  JOIN,
  MOST_POSTS,
  NOTIFY,
  type Outcome,
  PLAIN,
  RACES,
  READS,
  Restart,
  type SharedMemory,
  WAIT,
  WIDE,
  WRITES,
} from "./step.js";
import { mixHigh, mixLow } from "./visited.js";

const SOMEBODY = -1;

export class Memory implements SharedMemory {
  readonly words: Int32Array;
  /** Hash of all that steps wrote; changed with it. */
  low = 0;
  high = 0;
  /** Racing stores of a thread under way at a time; 0 until one was made. */
  mostPosts = 0;
  // Of the step under way: what it accessed plainly, and what else an outcome says of it.
  tail: number[] = [];
  reads: number[] = [];
  accesses: number[] = [];
  /** Words and what they held before. */
  #written: number[] = [];
  readonly #posted = new Set<number>();
  #thread = 0;
  readonly #shared: Set<number>;
  /** By word: the only thread that used it so far, or SOMEBODY, and whether any wrote; its width. */
  readonly #users = new Map<number, { thread: number; isWritten: boolean }>();
  readonly #widths = new Map<number, number>();
  /** Word and value before, for each write. */
  #log = new Int32Array(1 << 12);
  #logged = 0;
  /** Racing stores lie below this word. */
  readonly #end: number;

  /** `end`: the first byte that is none of the core's. Words that turn out to be shared are added. */
  constructor(words: Int32Array, end: number, shared: Set<number>) {
    this.words = words;
    this.#end = end >> 2;
    this.#shared = shared;
  }

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

  #write(word: number, value: number): void {
    const before = this.#remember(word);
    if (before === value) return;
    this.low ^= mixLow(word, before) ^ mixLow(word, value);
    this.high ^= mixHigh(word, before) ^ mixHigh(word, value);
    this.words[word] = value;
  }

  /** True if these words hold these values. */
  holds(pairs: readonly number[]): boolean {
    for (let i = 0; i < pairs.length; i += 2) {
      if (this.words[pairs[i] as number] !== pairs[i + 1]) return false;
    }
    return true;
  }

  /** Does what a step does. */
  apply(thread: number, { writes, posts }: Outcome): void {
    for (let i = 0; i < writes.length; i += 2) {
      this.#write(writes[i] as number, writes[i + 1] as number);
    }
    for (let i = 0; i < posts.length; i += 2) {
      this.#post(thread, posts[i] as number, posts[i + 1] as number);
    }
  }

  // --- racing stores: in memory of their own until they take effect, so that they are part of the
  // state

  #postAt(thread: number, k: number): number {
    return this.#end - 2 * (MOST_POSTS * (thread + 1) - k);
  }

  #post(thread: number, word: number, value: number): void {
    let k = 0;
    this.mostPosts = MOST_POSTS;
    while (this.isPosted(thread, k)) k++;
    if (k === MOST_POSTS) throw new Error(`more than ${MOST_POSTS} racing stores at a time`);
    this.#write(this.#postAt(thread, k), word);
    this.#write(this.#postAt(thread, k) + 1, value);
  }

  /** True if racing store k of a thread is under way. */
  isPosted(thread: number, k: number): boolean {
    return this.words[this.#postAt(thread, k)] !== 0;
  }

  /** The address that it will store to. */
  postedAt(thread: number, k: number): number {
    return (this.words[this.#postAt(thread, k)] as number) << 2;
  }

  hasPosts(thread: number): boolean {
    for (let k = 0; k < this.mostPosts; k++) if (this.isPosted(thread, k)) return true;
    return false;
  }

  /** It takes effect now. */
  flush(thread: number, k: number): void {
    const at = this.#postAt(thread, k);
    this.#write(this.words[at] as number, this.words[at + 1] as number);
    this.#write(at, 0);
    this.#write(at + 1, 0);
  }

  // --- steps ------------------------------------------------------------------------

  /** `tail`: of the step before, if it goes on. */
  begin(thread: number, tail: readonly number[] = []): void {
    this.#thread = thread;
    this.tail = [...tail];
    this.reads = [];
    this.accesses = [];
    this.#written = [];
    this.#posted.clear();
  }

  /** Words written and what they hold now; puts back what they held. */
  takeBack(): Pick<Outcome, "writes" | "posts"> {
    const before = new Map<number, number>();
    for (let i = 0; i < this.#written.length; i += 2) {
      const word = this.#written[i] as number;
      if (!before.has(word)) before.set(word, this.#written[i + 1] as number);
    }
    const writes: number[] = [];
    const posts: number[] = [];
    for (const [word, value] of before) {
      (this.#posted.has(word) ? posts : writes).push(word, this.words[word] as number);
      this.words[word] = value;
    }
    return { writes, posts };
  }

  /** True if an access is no step of its own. `isMortal`: its thread may die. */
  isFused(access: number, address: number, timed: boolean, isMortal: boolean): boolean {
    // Nobody moves nor notifies a word that is not shared: a wait that is timed just ends there.
    if ((access & (NOTIFY | JOIN)) !== 0 || ((access & WAIT) !== 0 && !timed)) return false;
    if (!this.#shared.has(address >> 2)) return true;
    if ((access & PLAIN) === 0) return false;
    // When it died shows in what it wrote, so it may die before that.
    return (access & WRITES) === 0 || !isMortal;
  }

  /** Accesses to it are steps from now on. */
  share(address: number): void {
    // Of two halves one may be wide.
    this.#shared.add(address >> 2).add((address >> 2) ^ 1);
    throw new Restart();
  }

  /** Before the access is done. */
  note(access: number, address: number): void {
    const width = (access & WIDE) !== 0 ? 8 : 4;
    const isWrite = (access & WRITES) !== 0;
    for (let word = address >> 2; word < (address + width) >> 2; word++) {
      this.#use(word, width, isWrite || (access & NOTIFY) !== 0);
      const isShared = this.#shared.has(word);
      const entry =
        (word << 3) |
        (isWrite ? IS_WRITE : 0) |
        ((access & RACES) !== 0 ? IS_RACING : 0) |
        ((access & PLAIN) !== 0 ? IS_PLAIN : 0);
      if ((access & RACES) !== 0) this.#posted.add(word);
      if (isShared) this.accesses.push(entry);
      if (isShared && (access & PLAIN) !== 0) this.tail.push(entry);
      const value = this.words[word] as number;
      if ((access & READS) !== 0 && !this.#wrote(word)) this.reads.push(word, value);
      if (isWrite) this.#written.push(word, value);
    }
  }

  #wrote(word: number): boolean {
    for (let i = 0; i < this.#written.length; i += 2) if (this.#written[i] === word) return true;
    return false;
  }

  #use(word: number, width: number, isWrite: boolean): void {
    const known = this.#widths.get(word);
    if (known === undefined) this.#widths.set(word, width);
    else if (known !== width) {
      throw new Broken("mixed size", `address ${word << 2}: of ${known} bytes and of ${width}`);
    }
    const user = this.#users.get(word);
    if (user === undefined) {
      this.#users.set(word, { thread: this.#thread, isWritten: isWrite });
      return;
    }
    user.isWritten ||= isWrite;
    if (user.thread !== this.#thread) user.thread = SOMEBODY;
    if (user.thread === SOMEBODY && user.isWritten && !this.#shared.has(word)) {
      this.#shared.add(word);
      // The other half of a wide one is used alike.
      if (width === 8) this.#shared.add(word ^ 1);
      throw new Restart();
    }
  }
}
