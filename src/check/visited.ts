// A set of 64-bit hashes, in the order of their coming. States that are explored are known by their
// hashes alone (G. Holzmann's hash compaction): two of n states collide with probability n² / 2^65.

export class Visited {
  #slots = new Int32Array(1 << 17);
  #mask = (1 << 17) - 1;
  #low = new Int32Array(1 << 16);
  #high = new Int32Array(1 << 16);
  size = 0;

  /** The number of a hash, from 0, in the order of their coming; −1 − number if it was there. */
  add(low: number, high: number): number {
    let at = (low ^ Math.imul(high, 0x9e3779b1)) & this.#mask;
    for (let i = this.#slots[at] as number; i !== 0; i = this.#slots[at] as number) {
      if (this.#low[i - 1] === low && this.#high[i - 1] === high) return -i;
      at = (at + 1) & this.#mask;
    }
    const n = this.size++;
    this.#slots[at] = n + 1;
    if (n === this.#low.length) {
      this.#low = longer(this.#low);
      this.#high = longer(this.#high);
    }
    this.#low[n] = low;
    this.#high[n] = high;
    if (2 * this.size > this.#slots.length) this.#rehash();
    return n;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    this.#mask = this.#slots.length - 1;
    for (let n = 0; n < this.size; n++) {
      let at =
        ((this.#low[n] as number) ^ Math.imul(this.#high[n] as number, 0x9e3779b1)) & this.#mask;
      while (this.#slots[at] !== 0) at = (at + 1) & this.#mask;
      this.#slots[at] = n + 1;
    }
  }
}

/** Steps between states. */
export class Edges {
  #from = new Int32Array(1 << 16);
  #to = new Int32Array(1 << 16);
  #n = 0;

  add(from: number, to: number): void {
    if (this.#n === this.#from.length) {
      this.#from = longer(this.#from);
      this.#to = longer(this.#to);
    }
    this.#from[this.#n] = from;
    this.#to[this.#n++] = to;
  }

  get size(): number {
    return this.#n;
  }

  fromOf(i: number): number {
    return this.#from[i] as number;
  }

  toOf(i: number): number {
    return this.#to[i] as number;
  }
}

function longer(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const result = new Int32Array(2 * array.length);
  result.set(array);
  return result;
}

/** Two independent 32-bit mixes of two words (after the finalizer of MurmurHash3, A. Appleby). */
export function mixLow(a: number, b: number): number {
  let h = Math.imul(a ^ 0x2545f491, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 13), 0x165667b1);
  return h ^ (h >>> 16);
}

export function mixHigh(a: number, b: number): number {
  let h = Math.imul(a ^ 0x7f4a7c15, 0x9e3779b1) ^ Math.imul(b ^ 0x6a09e667, 0xbb67ae85);
  h = Math.imul(h ^ (h >>> 16), 0x3c6ef372);
  h = Math.imul(h ^ (h >>> 15), 0x1b873593);
  return h ^ (h >>> 14);
}
