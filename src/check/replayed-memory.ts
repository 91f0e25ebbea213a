// The shared memory of replayed.ts: where a program's words lie, and who waits at them.
//
// A word that one thread uses, or that none writes once threads have begun, is no other thread's
// business: accesses to it are no steps. Nor are notifications where nobody ever waits. What is so
// is found out while exploring: a word that turns out to be used by two is added to `shared`, and
// the search begins anew.

import { RecordedMemory } from "./recorded.js";
import {
  AWAIT,
  Broken,
  IS_PLAIN,
  IS_WRITE,
  NOTIFY,
  PLAIN,
  READS,
  Restart,
  type SharedMemory,
  WAIT,
  WIDE,
  WRITES,
} from "./step.js";

export type View = Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

/** Where a program's setup puts what threads share. */
export interface Layout {
  /** A copy of a view, or of an object of views, in the machine's memory. */
  place<T>(name: string, value: T): T;
}

const BYTES = 4096;
const MOST_THREADS = 8;
/** Where the clock is; programs' own words come behind it. */
export const CLOCK = 0;
const FIRST = 8;
/** In `shared`: threads wait at this word. */
const awaited = (word: number) => -1 - word;

// Asynchronous waiters. A thread that is listed at a word has a word of its own for that: 0, or
// LISTED, or WOKEN by a notification. Being listed twice at one word is no more than once, since
// a notification wakes all of them; one that counts whom it wakes is refused there.
export const LISTED = 1;
export const WOKEN = 2;
/** Beyond the accesses of machine.ts: lists the thread. */
export const LISTS = 1024;
/** The word of a thread that is listed at this one. */
const listOf = (thread: number, word: number) => (BYTES >> 2) * (thread + 1) + word;

export class ReplayedMemory extends RecordedMemory implements Layout, SharedMemory {
  readonly clock: Int32Array;
  readonly #buffer: SharedArrayBuffer;
  readonly #names = new Map<number, string>([[CLOCK, "clock"]]);
  readonly #bases = new Map<ArrayBufferLike, number>();
  #end = FIRST;

  constructor(shared: Set<number>) {
    const buffer = new SharedArrayBuffer(BYTES * (1 + MOST_THREADS));
    super(new Int32Array(buffer), shared);
    this.#buffer = buffer;
    this.clock = new Int32Array(buffer, CLOCK, 1);
  }

  protected describeWidths(word: number): string {
    return this.name(word << 2);
  }

  place<T>(name: string, value: T): T {
    if (ArrayBuffer.isView(value)) return this.#placeView(name, value as unknown as View) as T;
    if (typeof value !== "object" || value === null) return value;
    const parts = Object.entries(value).map(([key, part]) => [
      key,
      this.place(name === "" ? key : `${name}.${key}`, part),
    ]);
    return Object.fromEntries(parts);
  }

  #placeView(name: string, view: View): View {
    const { buffer, byteOffset, length } = view;
    let base = this.#bases.get(buffer);
    if (base === undefined) {
      base = this.#end;
      this.#end = (base + buffer.byteLength + 7) & ~7;
      if (this.#end > BYTES) throw new RangeError(`what threads share is above ${BYTES} bytes`);
      this.#bases.set(buffer, base);
      new Uint8Array(this.#buffer, base).set(new Uint8Array(buffer));
    }
    const at = base + byteOffset;
    for (let i = 0; i < length; i++) {
      this.#names.set(at + i * view.BYTES_PER_ELEMENT, length === 1 ? name : `${name}[${i}]`);
    }
    const Kind = view.constructor as Int32ArrayConstructor;
    return new Kind(this.#buffer, at, length);
  }

  name(address: number): string {
    if (address >= BYTES) return `the list of ${this.name(address % BYTES)}`;
    return this.#names.get(address) ?? this.#names.get(address & ~7) ?? `byte ${address}`;
  }

  locate(view: View, index: number): { address: number; wide: boolean } {
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = view;
    if (buffer !== this.#buffer || BYTES_PER_ELEMENT < 4 || !(index in view)) {
      throw new Broken("memory", "an access to what the program did not place, or outside of it");
    }
    return { address: byteOffset + index * BYTES_PER_ELEMENT, wide: BYTES_PER_ELEMENT === 8 };
  }

  read(address: number, wide: boolean): number | bigint {
    if (!wide) return this.words[address >> 2] as number;
    return new BigInt64Array(this.#buffer, address, 1)[0] as bigint;
  }

  // Plain accesses are made for exclusion; none is a racing store.
  readonly mostPosts = 0;
  isPosted(): boolean {
    return false;
  }
  hasPosts(): boolean {
    return false;
  }
  flush(): void {}

  // --- steps ------------------------------------------------------------------------

  /** Words written and what they hold now; puts back what they held. */
  takeBack(): number[] {
    const writes: number[] = [];
    this.putBack((word, value) => writes.push(word, value));
    return writes;
  }

  isFused(access: number, address: number): boolean {
    if ((access & (WAIT | AWAIT | LISTS)) !== 0) return false;
    const word = address >> 2;
    if ((access & NOTIFY) !== 0) return !this.shared.has(awaited(word));
    return (access & PLAIN) !== 0 || !this.shared.has(word);
  }

  /** A thread is about to do it. */
  expect(access: number, address: number): void {
    const word = address >> 2;
    if ((access & (WAIT | LISTS)) !== 0) this.#share(awaited(word));
    if ((access & LISTS) !== 0) this.#share(awaited(listOf(this.thread, word)));
  }

  /** Lists the thread at a word; returns the address of its own word. */
  list(address: number): number {
    const word = listOf(this.thread, address >> 2);
    this.note(WRITES, word << 2);
    this.words[word] = LISTED;
    return word << 2;
  }

  listOf(address: number): number {
    return listOf(this.thread, address >> 2) << 2;
  }

  /** Wakes all that are listed at a word; returns how many. */
  wakeListed(address: number, isAll: boolean): number {
    let woken = 0;
    for (let thread = 0; thread < MOST_THREADS; thread++) {
      const word = listOf(thread, address >> 2);
      if (!this.shared.has(awaited(word))) continue;
      if (!isAll) {
        throw new Broken("memory", "asynchronous waiters at a word where some are notified");
      }
      this.note(READS, word << 2);
      if (this.words[word] !== LISTED) continue;
      this.note(WRITES, word << 2);
      this.words[word] = WOKEN;
      woken++;
    }
    return woken;
  }

  /** Before the access is done. */
  note(access: number, address: number): void {
    if ((access & (WAIT | NOTIFY)) !== 0) return;
    const isWrite = (access & WRITES) !== 0;
    const width = (access & WIDE) !== 0 ? 2 : 1;
    const first = address >> 2;
    for (let word = first; word < first + width; word++) {
      this.use(word, width, isWrite);
      const isPlain = (access & PLAIN) !== 0;
      this.record(access, word, (word << 3) | (isWrite ? IS_WRITE : 0) | (isPlain ? IS_PLAIN : 0));
    }
  }

  /** Accesses to it are steps from now on. */
  share(address: number): void {
    this.#share(address >> 2);
  }

  #share(key: number): void {
    if (this.shared.has(key)) return;
    this.shared.add(key);
    throw new Restart();
  }
}
