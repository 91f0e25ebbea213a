// Parquet's hybrid of run lengths and packed bits, after "Encodings" in the
// Parquet format's documentation. Definition levels, dictionary indices and
// booleans come this way.
//
// A run: varint header · run of one value: (count << 1), the value in
// ⌈width / 8⌉ bytes · packed: (groups << 1 | 1), groups of 8 values, each group
// `width` bytes, lowest bits first.

const cutOff = () => new RangeError("a page ends within its values");

export class Runs {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  readonly #mask: number;
  /** The next byte behind the current run. */
  #at: number;
  readonly #end: number;
  /** Values left of the current run. */
  #left = 0;
  #packed = false;
  /** The value of a run of one value. */
  #value = 0;
  /** Of a packed run: where its groups start, and values taken of it. */
  #start = 0;
  #taken = 0;

  /** Values of `width` ≤ 32 bits, in the bytes from `at` to `end`. */
  constructor(bytes: Uint8Array, at: number, end: number, width: number) {
    if (width > 32) throw new RangeError(`a page packs values into ${width} bits`);
    if (at > end || end > bytes.length) throw cutOff();
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#width = width;
    this.#mask = width === 32 ? -1 : (1 << width) - 1;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (this.#at >= this.#end || scale > 2 ** 35) throw cutOff();
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #nextRun(): void {
    const header = this.#varint();
    const count = Math.floor(header / 2);
    this.#packed = header % 2 === 1;
    if (this.#packed) {
      // Writers cut the padding of the last group: what is there has to do.
      const there = (this.#end - this.#at) * 8;
      this.#left =
        this.#width === 0 ? count * 8 : Math.min(count * 8, Math.floor(there / this.#width));
      this.#start = this.#at;
      this.#taken = 0;
      this.#at = Math.min(this.#end, this.#at + count * this.#width);
    } else {
      this.#left = count;
      this.#value = 0;
      for (let shift = 0; shift < this.#width; shift += 8) {
        if (this.#at >= this.#end) throw cutOff();
        this.#value |= this.#bytes[this.#at++]! << shift;
      }
      this.#value = (this.#value & this.#mask) >>> 0;
    }
  }

  /** Makes the current run one with values left, and says how many of `count` it has. */
  #available(count: number): number {
    while (this.#left === 0) this.#nextRun();
    return Math.min(count, this.#left);
  }

  /** Puts the next `count` values at the start of `out`. */
  read(count: number, out: Uint32Array): void {
    for (let at = 0; at < count; ) {
      const n = this.#available(count - at);
      if (this.#packed) this.#unpack(out, at, n);
      else out.fill(this.#value, at, at + n);
      this.#left -= n;
      at += n;
    }
  }

  /** How many of the next `count` values, of one bit, are 1. */
  ones(count: number): number {
    let ones = 0;
    for (let done = 0; done < count; ) {
      const n = this.#available(count - done);
      if (!this.#packed) {
        ones += this.#value * n;
      } else {
        const { start, end } = { start: this.#taken, end: this.#taken + n };
        for (let i = start; i < end; i++) {
          ones += (this.#bytes[this.#start + (i >>> 3)]! >>> (i & 7)) & 1;
        }
        this.#taken = end;
      }
      this.#left -= n;
      done += n;
    }
    return ones;
  }

  /** Value j of a group starts at bit j · width of the group, which is less than 256. */
  #unpack(out: Uint32Array, at: number, count: number): void {
    const width = this.#width;
    const mask = this.#mask;
    const bytes = this.#bytes;
    for (let k = 0; k < count; k++) {
      const index = this.#taken++;
      const bit = (index & 7) * width;
      const byte = this.#start + (index >>> 3) * width + (bit >>> 3);
      const shift = bit & 7;
      let word =
        (bytes[byte]! |
          (bytes[byte + 1]! << 8) |
          (bytes[byte + 2]! << 16) |
          (bytes[byte + 3]! << 24)) >>>
        shift;
      if (shift + width > 32) word |= bytes[byte + 4]! << (32 - shift);
      out[at + k] = word & mask;
    }
  }
}
