// The shared memory of machine.ts: beyond what is recorded, racing stores under way, and which
// accesses are no steps.

import { RecordedMemory } from "./recorded.js";
import {
  IS_PLAIN,
  IS_RACING,
  IS_WRITE,
  JOIN,
  MOST_POSTS,
  NOTIFY,
  type Outcome,
  PLAIN,
  RACES,
  Restart,
  type SharedMemory,
  WAIT,
  WIDE,
  WRITES,
} from "./step.js";

export class Memory extends RecordedMemory implements SharedMemory {
  /** Racing stores of a thread under way at a time; 0 until one was made. */
  mostPosts = 0;
  readonly #posted = new Set<number>();
  /** Racing stores lie below this word. */
  readonly #end: number;

  /** `end`: the first byte that is none of the core's. Words that turn out to be shared are added. */
  constructor(words: Int32Array, end: number, shared: Set<number>) {
    super(words, shared);
    this.#end = end >> 2;
  }

  protected describeWidths(word: number, known: number, width: number): string {
    return `address ${word << 2}: of ${4 * known} bytes and of ${4 * width}`;
  }

  /** Does what a step does. */
  apply(thread: number, { writes, posts }: Outcome): void {
    this.writeAll(writes);
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
    this.write(this.#postAt(thread, k), word);
    this.write(this.#postAt(thread, k) + 1, value);
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
    this.write(this.words[at] as number, this.words[at + 1] as number);
    this.write(at, 0);
    this.write(at + 1, 0);
  }

  // --- steps ------------------------------------------------------------------------

  override begin(thread: number, tail: readonly number[] = []): void {
    super.begin(thread, tail);
    this.#posted.clear();
  }

  /** Words written and what they hold now; puts back what they held. */
  takeBack(): Pick<Outcome, "writes" | "posts"> {
    const writes: number[] = [];
    const posts: number[] = [];
    this.putBack((word, value) => (this.#posted.has(word) ? posts : writes).push(word, value));
    return { writes, posts };
  }

  /** True if an access is no step of its own. `isMortal`: its thread may die. */
  isFused(access: number, address: number, timed: boolean, isMortal: boolean): boolean {
    // Nobody moves nor notifies a word that is not shared: a wait that is timed just ends there.
    if ((access & (NOTIFY | JOIN)) !== 0 || ((access & WAIT) !== 0 && !timed)) return false;
    if (!this.shared.has(address >> 2)) return true;
    if ((access & PLAIN) === 0) return false;
    // When it died shows in what it wrote, so it may die before that.
    return (access & WRITES) === 0 || !isMortal;
  }

  /** Accesses to it are steps from now on. */
  share(address: number): void {
    // Of two halves one may be wide.
    this.shared.add(address >> 2).add((address >> 2) ^ 1);
    throw new Restart();
  }

  /** Before the access is done. */
  note(access: number, address: number): void {
    const width = (access & WIDE) !== 0 ? 2 : 1;
    const isWrite = (access & WRITES) !== 0;
    const first = address >> 2;
    for (let word = first; word < first + width; word++) {
      this.use(word, width, isWrite || (access & NOTIFY) !== 0);
      const entry =
        (word << 3) |
        (isWrite ? IS_WRITE : 0) |
        ((access & RACES) !== 0 ? IS_RACING : 0) |
        ((access & PLAIN) !== 0 ? IS_PLAIN : 0);
      if ((access & RACES) !== 0) this.#posted.add(word);
      this.record(access, word, entry);
    }
  }
}
