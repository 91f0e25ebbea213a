// The allocator of the shared memory: inputs, states that do not fit a job's
// own cells, scratch, rings of pairwise jobs. Any thread may call it; a lock
// word in the memory orders them. It is never called on the way of a task.
//
// Blocks lie one behind the other, next fit, boundary tags (D. Knuth, The Art
// of Computer Programming, vol. 1, 2.5): a header of 128 bytes before each
// payload holds its size and its left neighbour's, in units of 128 bytes, so
// that payloads are aligned to 128 and a freed block joins both neighbours.
//
// A thread may die at any instruction here. So a block's header names its
// owner, whose blocks can be found when it is dead; and a change is first
// written to a journal, as words and values, then made: whoever finds the lock
// held by a dead thread makes the change of the journal once more (redo
// logging), or none if the journal was not complete.

import { CONTROL_ARENA } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { forgetRings } from "./intents.js";
import type { Shared } from "./shared.js";

const UNIT = 128;
const PAGE_UNITS = 65536 / UNIT;

// Words of the control block behind the lock (u32 indices; all but LIMIT change under the lock).
const LOCK = CONTROL_ARENA >> 2;
const FIRST = LOCK + 1;
const END = LOCK + 2;
const CURSOR = LOCK + 3;
/** One more at every free: a range found live stays live while it has not moved. */
const GENERATION = LOCK + 4;
const LIMIT = LOCK + 5;
const USED = LOCK + 6;
/** Words of the journal that count, and behind it those words: where to, what. */
const JOURNAL = LOCK + 8;

// Words of a header.
const STATE = 0;
const SIZE = 1;
const LEFT = 2;
/** Participant + 1; 0: the engine, until somebody frees it; others as their users say. */
const OWNER = 3;
/** Looks at a lock that is taken, before somebody asks whether its holder lives. */
const STUCK = 100_000;
const LIVE = 0x4556494c;
const FREE = 0x45455246;

export class Arena {
  readonly #shared: Shared;
  #liveStart = 0;
  #liveEnd = 0;
  #liveGeneration = -1;
  /** The change that is being put together: words and values. */
  readonly #change: number[] = [];
  /** Called now and then while the lock stays taken. */
  onStuck: (holder: number) => void = () => {};

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Makes one free block of [start, end); the memory may grow to `limit` bytes. */
  format(start: number, end: number, limit: number): void {
    const words = this.#shared.u32s;
    const first = Math.ceil(start / UNIT);
    const last = Math.floor(end / UNIT);
    words[FIRST] = first;
    words[END] = last;
    words[CURSOR] = first;
    words[LIMIT] = Math.floor(limit / UNIT);
    words[USED] = 0;
    if (last > first) this.#header(first, FREE, last - first, 0);
    this.#commit();
  }

  /** Bytes in live blocks, headers included. */
  get used(): number {
    return (this.#shared.u32s[USED] as number) * UNIT;
  }

  /**
   * The address of `bytes` bytes, not cleared, of `owner`: 0, or who has them freed when it dies.
   * @throws RingfoldError ERR_MEMORY
   */
  alloc(bytes: number, owner = 0): number {
    const units = Math.ceil(bytes / UNIT) + 1;
    return this.#locked(() => {
      const at = this.#find(units) ?? this.#grow(units, bytes);
      this.#take(at, units, owner);
      this.#commit();
      return (at + 1) * UNIT;
    });
  }

  /** Gives a block back. False if `address` is not that of a live block. */
  free(address: number): boolean {
    const at = address / UNIT - 1;
    return this.#locked(() => {
      if (!Number.isInteger(at) || this.#blockAt(address) !== at) return false;
      this.#give(at);
      return true;
    });
  }

  /** Gives all blocks of an owner back. */
  freeAll(owner: number): void {
    this.#locked(() => {
      const words = this.#shared.u32s;
      for (let at = words[FIRST] as number; at < (words[END] as number); ) {
        const isOwned = this.#word(at, STATE) === LIVE && this.#word(at, OWNER) === owner;
        // The block may have joined its left neighbour: what is behind it stays where it was.
        const next = at + this.#word(at, SIZE);
        if (isOwned) this.#give(at);
        at = next;
      }
    });
  }

  /** Bytes in live blocks of an owner, headers included. */
  usedBy(owner: number): number {
    return this.#locked(() => {
      const words = this.#shared.u32s;
      let units = 0;
      for (let at = words[FIRST] as number; at < (words[END] as number); ) {
        const size = this.#word(at, SIZE);
        if (this.#word(at, STATE) === LIVE && this.#word(at, OWNER) === owner) units += size;
        at += size;
      }
      return units * UNIT;
    });
  }

  /**
   * Takes the lock from a dead thread, if it had it, and ends what it had begun. Any thread may:
   * one of them gets the lock, and if it dies of it, the next does the same.
   */
  recover(dead: number): void {
    const locks = this.#shared.u32s;
    const mine = this.#shared.me + 1;
    if (Atomics.compareExchange(locks, LOCK, dead + 1, mine) !== dead + 1) return;
    this.#shared.refresh();
    this.#redo();
    Atomics.store(this.#shared.u32s, LOCK, 0);
  }

  /** True if [address, address + bytes) lies inside one live block. */
  isLive(address: number, bytes: number): boolean {
    if (bytes === 0) return true;
    // A plain load is cheaper: whoever knows by other means that an array was freed sees it here too.
    const generation = this.#shared.u32s[GENERATION];
    const end = address + bytes;
    if (generation === this.#liveGeneration && address >= this.#liveStart && end <= this.#liveEnd) {
      return true;
    }
    return this.#locked(() => {
      const at = this.#blockAt(address);
      if (at === undefined) return false;
      this.#liveGeneration = this.#shared.u32s[GENERATION] as number;
      this.#liveStart = (at + 1) * UNIT;
      this.#liveEnd = (at + this.#word(at, SIZE)) * UNIT;
      return end <= this.#liveEnd;
    });
  }

  /** The live block whose payload holds `address`. */
  #blockAt(address: number): number | undefined {
    const words = this.#shared.u32s;
    const unit = address / UNIT;
    const end = words[END] as number;
    for (let at = words[FIRST] as number; at < end && at < unit; at += this.#word(at, SIZE)) {
      if (unit < at + this.#word(at, SIZE)) {
        return unit >= at + 1 && this.#word(at, STATE) === LIVE ? at : undefined;
      }
    }
    return undefined;
  }

  #find(units: number): number | undefined {
    const words = this.#shared.u32s;
    const first = words[FIRST] as number;
    const end = words[END] as number;
    const cursor = words[CURSOR] as number;
    for (let at = cursor; at < end; at += this.#word(at, SIZE)) {
      if (this.#word(at, STATE) === FREE && this.#word(at, SIZE) >= units) return at;
    }
    for (let at = first; at < cursor; at += this.#word(at, SIZE)) {
      if (this.#word(at, STATE) === FREE && this.#word(at, SIZE) >= units) return at;
    }
    return undefined;
  }

  /** Lengthens the memory so that its last block is free and has `units`. */
  #grow(units: number, bytes: number): number {
    const words = this.#shared.u32s;
    const end = words[END] as number;
    const left = this.#lastSize();
    const last = end - left;
    const tail = left !== 0 && this.#word(last, STATE) === FREE ? left : 0;
    const pages = Math.ceil((units - tail) / PAGE_UNITS);
    const limit = words[LIMIT] as number;
    if (end + pages * PAGE_UNITS > limit) {
      throw new RingfoldError(
        "ERR_MEMORY",
        `${bytes} more bytes would take the engine's memory beyond its ${limit * UNIT}: free ` +
          "arrays that are done with, raise `maxBytes`, or stream the input",
      );
    }
    try {
      // Less than that if a thread died after it had the memory grow.
      const have = this.#shared.memory.grow(0);
      this.#shared.memory.grow(Math.max(0, end / PAGE_UNITS + pages - have));
    } catch (cause) {
      throw new RingfoldError(
        "ERR_MEMORY",
        `the runtime does not grant ${pages * 65536} more bytes of shared memory`,
        { cause },
      );
    }
    this.#shared.refresh();
    const start = end - tail;
    this.#set(END, end + pages * PAGE_UNITS);
    this.#header(
      start,
      FREE,
      tail + pages * PAGE_UNITS,
      tail === 0 ? left : this.#word(start, LEFT),
    );
    this.#commit();
    return start;
  }

  /** Size of the last block; 0 while there is none. */
  #lastSize(): number {
    const words = this.#shared.u32s;
    const end = words[END] as number;
    let size = 0;
    for (let at = words[FIRST] as number; at < end; at += size) size = this.#word(at, SIZE);
    return size;
  }

  // --- changes: all of one, or nothing ----------------------------------------------------

  /** Makes the free block at `at` a live one of `units`; what is left of it stays free. */
  #take(at: number, units: number, owner: number): void {
    const words = this.#shared.u32s;
    const size = this.#word(at, SIZE);
    this.#header(at, LIVE, units, this.#word(at, LEFT));
    this.#set((at * UNIT) / 4 + OWNER, owner);
    this.#set(USED, (words[USED] as number) + units);
    const next = at + size;
    if (size > units) {
      this.#header(at + units, FREE, size - units, units);
      this.#tellRight(at + units, size - units);
      this.#set(CURSOR, at + units);
    } else {
      this.#set(CURSOR, next < (words[END] as number) ? next : (words[FIRST] as number));
    }
  }

  /** Makes the live block at `at` free and joins it with its neighbours. */
  #give(at: number): void {
    const words = this.#shared.u32s;
    let start = at;
    let size = this.#word(at, SIZE);
    forgetRings(this.#shared, at * UNIT, (at + size) * UNIT);
    Atomics.add(words, GENERATION, 1);
    this.#set(USED, (words[USED] as number) - size);
    const next = at + size;
    if (next < (words[END] as number) && this.#word(next, STATE) === FREE) {
      size += this.#word(next, SIZE);
    }
    const left = this.#word(at, LEFT);
    if (left !== 0 && this.#word(at - left, STATE) === FREE) {
      start = at - left;
      size += left;
    }
    this.#header(start, FREE, size, this.#word(start, LEFT));
    this.#tellRight(start, size);
    this.#set(CURSOR, start);
    this.#commit();
  }

  /** Tells the block behind [at, at + size) how far its left neighbour reaches. */
  #tellRight(at: number, size: number): void {
    const next = at + size;
    if (next < (this.#shared.u32s[END] as number)) this.#set((next * UNIT) / 4 + LEFT, size);
  }

  #header(at: number, state: number, size: number, left: number): void {
    const word = (at * UNIT) / 4;
    this.#set(word + STATE, state);
    this.#set(word + SIZE, size);
    this.#set(word + LEFT, left);
  }

  #set(word: number, value: number): void {
    this.#change.push(word, value);
  }

  #commit(): void {
    const words = this.#shared.u32s;
    for (let i = 0; i < this.#change.length; i++) {
      words[JOURNAL + 1 + i] = this.#change[i] as number;
    }
    Atomics.store(words, JOURNAL, this.#change.length);
    this.#change.length = 0;
    this.#redo();
  }

  /** Makes the change that the journal holds; doing so twice does no harm. */
  #redo(): void {
    const words = this.#shared.u32s;
    const n = Atomics.load(words, JOURNAL);
    for (let i = JOURNAL + 1; i <= JOURNAL + n; i += 2) {
      words[words[i] as number] = words[i + 1] as number;
    }
    Atomics.store(words, JOURNAL, 0);
  }

  #word(at: number, field: number): number {
    return this.#shared.u32s[(at * UNIT) / 4 + field] as number;
  }

  #locked<T>(body: () => T): T {
    const locks = this.#shared.u32s;
    const mine = this.#shared.me + 1;
    // Held for a few loads; a thread that finds it taken looks again.
    for (let looks = 1; ; looks++) {
      const holder = Atomics.compareExchange(locks, LOCK, 0, mine);
      if (holder === 0) break;
      if (looks % STUCK === 0) this.onStuck(holder - 1);
    }
    try {
      // Another thread may have lengthened the memory.
      this.#shared.reach((this.#shared.u32s[END] as number) * UNIT);
      return body();
    } finally {
      this.#change.length = 0;
      Atomics.store(locks, LOCK, 0);
    }
  }
}
