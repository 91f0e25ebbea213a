// The allocator of the shared memory: inputs, states that do not fit a job's
// own cells, scratch, rings of pairwise jobs. Any thread may call it; a lock
// word in the memory orders them. It is never called on the way of a task.
//
// Blocks lie one behind the other, with boundary tags (D. Knuth, The Art of
// Computer Programming, vol. 1, 2.5): a header of 128 bytes before each
// payload (header.ts) holds its size and its left neighbour's, in units of 128
// bytes, so that payloads are aligned to 128 and a freed block joins both
// neighbours. Free blocks are found by size (free-lists.ts), blocks by an
// address inside them (block-starts.ts), in a number of steps that does not
// depend on how many there are. Only what is asked of all blocks of an owner
// walks over all blocks.
//
// A thread may die at any instruction here. So a block's header names its
// owner, whose blocks can be found when it is dead; and a change is put
// together as words and values, and made by a journal (journal.ts): all of it
// or nothing. Whoever finds the lock held by a dead thread makes the change
// that the journal has decided once more. Headers, links, bits of starts and
// counts change in one such change, so whoever has the lock finds:
//
// - blocks lie without gaps from FIRST to END, and LEFT is the size of the left one;
// - a bit of starts is set for each block, free or live, and for nothing else;
// - free blocks are in the list of their class, live ones in none;
// - no two free blocks are neighbours.
//
// The longest change, a block that joins both neighbours, has 26 words: 1 of
// USED, 3 to unlink each neighbour, 3 of the header, 1 of the right neighbour,
// 5 to link, 5 to clear each of two bits. The memory grows before END does: if
// the thread dies in between, the next one that needs pages has them already.

import { CONTROL_ARENA, CONTROL_SUBMITTERS } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { BlockStarts, startWords } from "./block-starts.js";
import { FreeLists, LIST_WORDS } from "./free-lists.js";
import { FREE, LEFT, LIVE, OWNER, SIZE, STATE, UNIT, wordOf } from "./header.js";
import { forgetRings } from "./intents.js";
import { Journal } from "./journal.js";
import type { Shared } from "./shared.js";

const PAGE_UNITS = 65536 / UNIT;

// Words of the control block behind the lock (u32 indices; all but LIMIT and TABLES change under the lock).
const LOCK = CONTROL_ARENA >> 2;
const FIRST = LOCK + 1;
const END = LOCK + 2;
/** Constant: the first word of the lists, and behind them the starts. */
const TABLES = LOCK + 3;
/** One more at every free: a range found live stays live while it has not moved. */
const GENERATION = LOCK + 4;
const LIMIT = LOCK + 5;
const USED = LOCK + 6;
/** The unit from which on nobody has written since the memory has it: there it is all 0. */
const FRESH = LOCK + 7;
const JOURNAL = LOCK + 8;

/** Looks at a lock that is taken, before somebody asks whether its holder lives. */
const STUCK = 100_000;

/** Bytes of the arena's tables in a memory of up to `limit` bytes: a 1,024th of it and some more. */
export function tableBytes(limit: number): number {
  return UNIT * Math.ceil((4 * (LIST_WORDS + startWords(Math.floor(limit / UNIT)))) / UNIT);
}

export class Arena {
  readonly #shared: Shared;
  readonly #journal: Journal;
  #lists: FreeLists | undefined;
  #starts: BlockStarts | undefined;
  #liveStart = 0;
  #liveEnd = 0;
  #liveGeneration = -1;
  /** Of this thread's last `alloc`: the address from which on its memory was all 0. */
  fresh = 0;
  /** Called now and then while the lock stays taken. */
  onStuck: (holder: number) => void = () => {};

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#journal = new Journal(shared, JOURNAL, CONTROL_SUBMITTERS >> 2);
  }

  /**
   * Puts the tables at `start`, and makes one free block of what follows up to `end`; the memory,
   * which is all 0 from `start` on, may grow to `limit` bytes.
   */
  format(start: number, end: number, limit: number): void {
    const words = this.#shared.u32s;
    const tables = Math.ceil(start / UNIT);
    const first = tables + tableBytes(limit) / UNIT;
    const last = Math.floor(end / UNIT);
    words[FIRST] = first;
    words[END] = last;
    words[TABLES] = wordOf(tables, 0);
    words[LIMIT] = Math.floor(limit / UNIT);
    words[USED] = 0;
    words[FRESH] = first + 1;
    if (last > first) this.#free(first, last - first, 0);
    this.#journal.commit();
  }

  /** Bytes in live blocks, headers included. */
  get used(): number {
    return (this.#shared.u32s[USED] as number) * UNIT;
  }

  /** Bytes that are not in live blocks, also those that the memory may yet grow by. */
  get spare(): number {
    const words = this.#shared.u32s;
    const most = (words[LIMIT] as number) - (words[FIRST] as number);
    return (most - (words[USED] as number)) * UNIT;
  }

  /**
   * The address of `bytes` bytes, not cleared, of `owner`: 0, or who has them freed when it dies.
   * @throws RingfoldError ERR_MEMORY
   */
  alloc(bytes: number, owner = 0): number {
    // No payload is empty, so that its address is in its block.
    const units = Math.max(1, Math.ceil(bytes / UNIT)) + 1;
    return this.#locked(() => {
      const at = this.#tables().lists.find(units) ?? this.#grow(units, bytes);
      this.fresh = (this.#shared.u32s[FRESH] as number) * UNIT;
      this.#take(at, units, owner);
      this.#journal.commit();
      return (at + 1) * UNIT;
    });
  }

  /** Gives a block back. False if `address` is not that of a live block. */
  free(address: number): boolean {
    const at = address / UNIT - 1;
    return this.#locked(() => {
      if (this.#blockAt(address) !== at) return false;
      this.#give(at);
      return true;
    });
  }

  /**
   * Gives all blocks of an owner back, but for those that somebody reads still: they become the
   * engine's, and stay until they are freed or it ends.
   */
  freeAll(owner: number, isRead: (from: number, end: number) => boolean = () => false): void {
    this.#locked(() => {
      const words = this.#shared.u32s;
      for (let at = words[FIRST] as number; at < (words[END] as number); ) {
        const isOwned = this.#word(at, STATE) === LIVE && this.#word(at, OWNER) === owner;
        // The block may have joined its left neighbour: what is behind it stays where it was.
        const next = at + this.#word(at, SIZE);
        if (isOwned && isRead((at + 1) * UNIT, next * UNIT)) {
          this.#journal.set(wordOf(at, OWNER), 0);
          this.#journal.commit();
        } else if (isOwned) this.#give(at);
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
    this.#journal.redo();
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

  /** The live block whose payload holds `address`, which may be any number. */
  #blockAt(address: number): number | undefined {
    const unit = Math.floor(address / UNIT);
    const words = this.#shared.u32s;
    if (!(unit >= (words[FIRST] as number) && unit < (words[END] as number))) return undefined;
    const at = this.#tables().starts.before(unit) as number;
    return unit !== at && this.#word(at, STATE) === LIVE ? at : undefined;
  }

  /** Lengthens the memory so that its last block is free and has `units`. */
  #grow(units: number, bytes: number): number {
    const words = this.#shared.u32s;
    const { lists, starts } = this.#tables();
    const end = words[END] as number;
    const last = starts.before(end - 1) ?? end;
    const tail = last < end && this.#word(last, STATE) === FREE ? end - last : 0;
    const pages = Math.ceil((units - tail) / PAGE_UNITS);
    const limit = words[LIMIT] as number;
    if (end + pages * PAGE_UNITS > limit) {
      // Of its own class not all blocks were looked at.
      const found = lists.find(units, Number.POSITIVE_INFINITY);
      if (found !== undefined) return found;
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
    const left = tail === 0 ? end - last : this.#word(start, LEFT);
    if (tail !== 0) lists.unlink(start, tail);
    this.#journal.set(END, end + pages * PAGE_UNITS);
    this.#free(start, tail + pages * PAGE_UNITS, left);
    this.#journal.commit();
    return start;
  }

  // --- changes: all of one, or nothing ----------------------------------------------------

  /** Makes the free block at `at` a live one of `units`; what is left of it stays free. */
  #take(at: number, units: number, owner: number): void {
    const size = this.#word(at, SIZE);
    this.#tables().lists.unlink(at, size);
    this.#header(at, LIVE, units, this.#word(at, LEFT));
    this.#journal.set(wordOf(at, OWNER), owner);
    this.#journal.set(USED, (this.#shared.u32s[USED] as number) + units);
    // The header of what follows is written too.
    const end = at + units + 1;
    if (end > (this.#shared.u32s[FRESH] as number)) this.#journal.set(FRESH, end);
    if (size > units) this.#free(at + units, size - units, units);
  }

  /** Makes the live block at `at` free and joins it with its neighbours. */
  #give(at: number): void {
    const words = this.#shared.u32s;
    const { lists, starts } = this.#tables();
    let start = at;
    let size = this.#word(at, SIZE);
    forgetRings(this.#shared, at * UNIT, (at + size) * UNIT);
    Atomics.add(words, GENERATION, 1);
    this.#journal.set(USED, (words[USED] as number) - size);
    const next = at + size;
    if (next < (words[END] as number) && this.#word(next, STATE) === FREE) {
      const more = this.#word(next, SIZE);
      lists.unlink(next, more);
      starts.remove(next);
      size += more;
    }
    const left = this.#word(at, LEFT);
    if (left !== 0 && this.#word(at - left, STATE) === FREE) {
      lists.unlink(at - left, left);
      starts.remove(at);
      start = at - left;
      size += left;
    }
    this.#free(start, size, this.#word(start, LEFT));
    this.#journal.commit();
  }

  /** Makes [at, at + size) a free block, and tells the one behind how far it reaches. */
  #free(at: number, size: number, left: number): void {
    const { lists, starts } = this.#tables();
    this.#header(at, FREE, size, left);
    lists.link(at, size);
    starts.add(at);
    const next = at + size;
    if (next < this.#journal.get(END)) this.#journal.set(wordOf(next, LEFT), size);
  }

  #header(at: number, state: number, size: number, left: number): void {
    this.#journal.set(wordOf(at, STATE), state);
    this.#journal.set(wordOf(at, SIZE), size);
    this.#journal.set(wordOf(at, LEFT), left);
  }

  #word(at: number, field: number): number {
    return this.#shared.u32s[wordOf(at, field)] as number;
  }

  /** Once the memory is formatted. */
  #tables(): { lists: FreeLists; starts: BlockStarts } {
    const words = this.#shared.u32s;
    const at = words[TABLES] as number;
    this.#lists ??= new FreeLists(this.#journal, at);
    this.#starts ??= new BlockStarts(this.#journal, at + LIST_WORDS, words[LIMIT] as number);
    return { lists: this.#lists, starts: this.#starts };
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
      this.#journal.discard();
      Atomics.store(locks, LOCK, 0);
    }
  }
}
