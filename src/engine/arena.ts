// The allocator of the shared memory: inputs, states that do not fit a job's
// own cells, scratch, rings of pairwise jobs. Any thread may call it; a lock
// word in the memory orders them. It is never called on the way of a task.
//
// Blocks lie one behind the other, next fit, boundary tags (D. Knuth, The Art
// of Computer Programming, vol. 1, 2.5): a header of 128 bytes before each
// payload holds its size and its left neighbour's, in units of 128 bytes, so
// that payloads are aligned to 128 and a freed block joins both neighbours.

import { CONTROL_ARENA } from "../core/map.js";
import { RingfoldError } from "../errors.js";
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

// Words of a header.
const STATE = 0;
const SIZE = 1;
const LEFT = 2;
const LIVE = 0x4556494c;
const FREE = 0x45455246;

export class Arena {
  readonly #shared: Shared;
  #liveStart = 0;
  #liveEnd = 0;
  #liveGeneration = -1;

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
  }

  /** Bytes in live blocks, headers included. */
  get used(): number {
    return (this.#shared.u32s[USED] as number) * UNIT;
  }

  /** The address of `bytes` bytes, not cleared. @throws RingfoldError ERR_MEMORY */
  alloc(bytes: number): number {
    const units = Math.ceil(bytes / UNIT) + 1;
    return this.#locked(() => {
      const at = this.#find(units) ?? this.#grow(units, bytes);
      this.#split(at, units);
      const words = this.#shared.u32s;
      words[USED] = (words[USED] as number) + units;
      return (at + 1) * UNIT;
    });
  }

  /** Gives a block back. False if `address` is not that of a live block. */
  free(address: number): boolean {
    const at = address / UNIT - 1;
    return this.#locked(() => {
      if (!Number.isInteger(at) || this.#blockAt(address) !== at) return false;
      const words = this.#shared.u32s;
      words[USED] = (words[USED] as number) - this.#word(at, SIZE);
      Atomics.add(words, GENERATION, 1);
      let start = at;
      let size = this.#word(at, SIZE);
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
      words[CURSOR] = start;
      return true;
    });
  }

  /** True if [address, address + bytes) lies inside one live block. */
  isLive(address: number, bytes: number): boolean {
    if (bytes === 0) return true;
    const generation = Atomics.load(this.#shared.u32s, GENERATION);
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
      this.#shared.memory.grow(pages);
    } catch (cause) {
      throw new RingfoldError(
        "ERR_MEMORY",
        `the runtime does not grant ${pages * 65536} more bytes of shared memory`,
        { cause },
      );
    }
    this.#shared.refresh();
    const grown = this.#shared.u32s;
    grown[END] = end + pages * PAGE_UNITS;
    const start = end - tail;
    this.#header(
      start,
      FREE,
      tail + pages * PAGE_UNITS,
      tail === 0 ? left : this.#word(start, LEFT),
    );
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

  #split(at: number, units: number): void {
    const size = this.#word(at, SIZE);
    const left = this.#word(at, LEFT);
    this.#header(at, LIVE, units, left);
    const words = this.#shared.u32s;
    if (size > units) {
      this.#header(at + units, FREE, size - units, units);
      this.#tellRight(at + units, size - units);
      words[CURSOR] = at + units;
    } else {
      const next = at + size;
      words[CURSOR] = next < (words[END] as number) ? next : (words[FIRST] as number);
    }
  }

  /** Tells the block behind [at, at + size) how far its left neighbour reaches. */
  #tellRight(at: number, size: number): void {
    const next = at + size;
    const words = this.#shared.u32s;
    if (next < (words[END] as number)) words[(next * UNIT) / 4 + LEFT] = size;
  }

  #header(at: number, state: number, size: number, left: number): void {
    const words = this.#shared.u32s;
    const word = (at * UNIT) / 4;
    words[word + STATE] = state;
    words[word + SIZE] = size;
    words[word + LEFT] = left;
  }

  #word(at: number, field: number): number {
    return this.#shared.u32s[(at * UNIT) / 4 + field] as number;
  }

  #locked<T>(body: () => T): T {
    const locks = this.#shared.i32s;
    // Held for a few loads; a thread that finds it taken looks again.
    while (Atomics.compareExchange(locks, LOCK, 0, 1) !== 0);
    try {
      // Another thread may have lengthened the memory.
      this.#shared.reach((this.#shared.u32s[END] as number) * UNIT);
      return body();
    } finally {
      Atomics.store(locks, LOCK, 0);
    }
  }
}
