// DELTA_BINARY_PACKED: integers as differences, packed in miniblocks of one bit
// width each; after "Encodings" in the Parquet format's documentation, and D.
// Lemire and L. Boytsov, "Decoding billions of integers per second" (2015).
//
// Header: values a block · miniblocks a block · values in all (varints) · first
// value (zigzag). A block: least difference (zigzag) · a width u8 for each
// miniblock · the miniblocks: difference − least, lowest bits first.
//
// Sums wrap as in two's complement. They are kept as two words, since a bigint
// for each value would take ten times as long.

import type { Elements } from "../elements.js";
import type { Values } from "./values.js";

const cutOff = () => new RangeError("a page ends within its values");

/** More than any writer uses: 128 or 256 values in 4 miniblocks are usual. */
const MAX_BLOCK = 1 << 20;

export class DeltaValues implements Values {
  readonly #bytes: Uint8Array;
  #at = 0;
  readonly #miniblocks: number;
  /** Values of a miniblock. */
  readonly #size: number;
  /** The last value. */
  #low: number;
  #high: number;
  /** The value in #low and #high is the header's, and was not read yet. */
  #first = true;
  #leastLow = 0;
  #leastHigh = 0;
  #widths: Uint8Array = new Uint8Array(0);
  /** Of the block: the current miniblock, and of that: its start, and the next value. */
  #miniblock = 0;
  #start = 0;
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const block = this.#count();
    this.#miniblocks = this.#count();
    this.#count();
    this.#size = block / this.#miniblocks;
    if (block > MAX_BLOCK || !Number.isInteger(this.#size) || this.#size % 8 !== 0 || block === 0) {
      throw new RangeError(
        `a page has blocks of ${block} values in ${this.#miniblocks} miniblocks`,
      );
    }
    [this.#low, this.#high] = this.#zigzag();
    this.#miniblock = this.#miniblocks;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw cutOff();
    return byte;
  }

  /** A varint of up to 64 bits, as words. */
  #varint(): [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift >= 28) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
      if (byte < 128) return [low, high];
    }
    throw new RangeError("an integer of a page is too long");
  }

  #count(): number {
    const [low, high] = this.#varint();
    if (high !== 0) throw new RangeError("a page claims more values than there can be");
    return low >>> 0;
  }

  #zigzag(): [low: number, high: number] {
    const [low, high] = this.#varint();
    const sign = -(low & 1);
    return [((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign];
  }

  #nextBlock(): void {
    [this.#leastLow, this.#leastHigh] = this.#zigzag();
    this.#widths = this.#bytes.subarray(this.#at, this.#at + this.#miniblocks);
    if (this.#widths.length < this.#miniblocks) throw cutOff();
    this.#at += this.#miniblocks;
    this.#miniblock = 0;
    this.#start = this.#at;
    this.#index = 0;
  }

  #nextMiniblock(): void {
    this.#start += (this.#size / 8) * (this.#widths[this.#miniblock] ?? 0);
    this.#index = 0;
    this.#miniblock++;
    if (this.#miniblock < this.#miniblocks) return;
    this.#at = this.#start;
    this.#nextBlock();
  }

  /** `width` ≤ 32 bits of the current miniblock, from `bit` on. */
  #bits(bit: number, width: number): number {
    if (width === 0) return 0;
    const byte = this.#start + Math.floor(bit / 8);
    const shift = bit % 8;
    if (byte + (shift + width + 7) / 8 >= this.#bytes.length + 1) throw cutOff();
    const bytes = this.#bytes;
    let word =
      (bytes[byte]! |
        (bytes[byte + 1]! << 8) |
        (bytes[byte + 2]! << 16) |
        (bytes[byte + 3]! << 24)) >>>
      shift;
    if (shift + width > 32) word |= bytes[byte + 4]! << (32 - shift);
    return width === 32 ? word : word & ((1 << width) - 1);
  }

  #add(low: number, high: number): void {
    const sum = (this.#low >>> 0) + (low >>> 0);
    this.#high = (this.#high + high + (sum >= 2 ** 32 ? 1 : 0)) | 0;
    this.#low = sum | 0;
  }

  #advance(): void {
    if (this.#first) {
      this.#first = false;
      return;
    }
    if (this.#miniblock === this.#miniblocks) this.#nextBlock();
    else if (this.#index === this.#size) this.#nextMiniblock();
    const width = this.#widths[this.#miniblock]!;
    if (width > 64) throw new RangeError(`a page packs values into ${width} bits`);
    const bit = this.#index * width;
    this.#add(this.#leastLow, this.#leastHigh);
    this.#add(
      this.#bits(bit, Math.min(width, 32)),
      width > 32 ? this.#bits(bit + 32, width - 32) : 0,
    );
    this.#index++;
  }

  read(count: number, { words, width }: Elements, at: number): void {
    for (let i = at; i < at + count; i++) {
      this.#advance();
      if (width === 8) {
        words[2 * i] = this.#low;
        words[2 * i + 1] = this.#high;
      } else {
        words[i] = this.#low;
      }
    }
  }
}
