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

  /** The first of `states` states from which none of `ends` can be reached; −1 if there is none. */
  unreaching(ends: readonly number[], states: number): number {
    // Edges by where they lead, so that they can be followed backwards.
    const begin = new Int32Array(states + 1);
    for (let i = 0; i < this.#n; i++)
      begin[(this.#to[i] as number) + 1] = (begin[(this.#to[i] as number) + 1] as number) + 1;
    for (let s = 0; s < states; s++) begin[s + 1] = (begin[s + 1] as number) + (begin[s] as number);
    const back = new Int32Array(this.#n);
    const next = begin.slice();
    for (let i = 0; i < this.#n; i++) {
      const to = this.#to[i] as number;
      back[next[to] as number] = this.#from[i] as number;
      next[to] = (next[to] as number) + 1;
    }
    const reaches = new Uint8Array(states);
    const pending = [...ends];
    for (const end of ends) reaches[end] = 1;
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      for (let i = begin[state] as number; i < (begin[state + 1] as number); i++) {
        const from = back[i] as number;
        if (reaches[from] === 1) continue;
        reaches[from] = 1;
        pending.push(from);
      }
    }
    return reaches.indexOf(0);
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
