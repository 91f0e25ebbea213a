// Changes of several words of the shared memory that happen all or not at all, though the thread
// that makes them may die at any instruction (redo logging). Words and values are collected first, in
// this thread; written to the journal; counted there by one store, which is the moment when the
// change is decided; then made. Making it twice does no harm, so whoever finds a journal with a count
// makes the change once more. Whoever has the arena's lock may call any of this.

import type { Shared } from "./shared.js";

export class Journal {
  readonly #shared: Shared;
  /** The word with the count; behind it, in turns: which word, what value. */
  readonly #at: number;
  /** Pairs that there is room for. */
  readonly #room: number;
  readonly #words: number[] = [];
  readonly #values: number[] = [];

  constructor(shared: Shared, at: number, end: number) {
    this.#shared = shared;
    this.#at = at;
    this.#room = (end - at - 1) >> 1;
  }

  /** What the word holds once the change is made. */
  get(word: number): number {
    const i = this.#find(word);
    return (i < 0 ? this.#shared.u32s[word] : this.#values[i]) as number;
  }

  set(word: number, value: number): void {
    const i = this.#find(word);
    if (i >= 0) {
      this.#values[i] = value;
      return;
    }
    this.#words.push(word);
    this.#values.push(value);
  }

  /** A loop: the lists are short, and a builtin that searches takes longer. */
  #find(word: number): number {
    const words = this.#words;
    let i = words.length - 1;
    while (i >= 0 && words[i] !== word) i--;
    return i;
  }

  /** Makes the change. */
  commit(): void {
    const n = this.#words.length;
    if (n > this.#room) throw new Error(`${n} words do not fit the journal's ${this.#room}`);
    const words = this.#shared.u32s;
    for (let i = 0; i < n; i++) {
      words[this.#at + 1 + 2 * i] = this.#words[i] as number;
      words[this.#at + 2 + 2 * i] = this.#values[i] as number;
    }
    Atomics.store(words, this.#at, n);
    this.discard();
    this.redo();
  }

  /** Forgets what was not committed. */
  discard(): void {
    this.#words.length = 0;
    this.#values.length = 0;
  }

  /** Makes the change that the memory's journal holds, if it holds one. */
  redo(): void {
    const words = this.#shared.u32s;
    const end = this.#at + 2 * Atomics.load(words, this.#at);
    for (let i = this.#at + 1; i < end; i += 2) {
      words[words[i] as number] = words[i + 1] as number;
    }
    Atomics.store(words, this.#at, 0);
  }
}
