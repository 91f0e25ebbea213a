// The encodings in which Parquet stores numbers, after "Encodings" in the
// Parquet format's documentation. Each is a reader that can stop anywhere, so
// that a page of any length is read in pieces of bounded size.

import { decimalToNumber, integerOf } from "../decimal.js";
import type { Elements } from "../elements.js";
import { Runs } from "./runs.js";

/** The values of a page, nulls left out. */
export interface Values {
  /** Puts the next `count` of them into `out` from element `at` on. Throws RangeError. */
  read(count: number, out: Elements, at: number): void;
}

const cutOff = () => new RangeError("a page ends within its values");

/** PLAIN numbers: as they lie in memory. */
export class PlainValues implements Values {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number, { bytes, width }: Elements, at: number): void {
    const end = this.#at + count * width;
    if (end > this.#bytes.length) throw cutOff();
    bytes.set(this.#bytes.subarray(this.#at, end), at * width);
    this.#at = end;
  }
}

/** PLAIN booleans: bits, the lowest first. */
export class BitValues implements Values {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number, { bytes }: Elements, at: number): void {
    if (this.#at + count > 8 * this.#bytes.length) throw cutOff();
    for (let i = 0; i < count; i++, this.#at++) {
      bytes[at + i] = (this.#bytes[this.#at >>> 3]! >>> (this.#at & 7)) & 1;
    }
  }
}

const SCRATCH = new Uint32Array(4096);

/** RLE booleans: length u32, then runs of one bit. */
export class RunValues implements Values {
  readonly #runs: Runs;

  constructor(bytes: Uint8Array) {
    if (bytes.length < 4) throw cutOff();
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    this.#runs = new Runs(bytes, 4, 4 + length, 1);
  }

  read(count: number, { bytes }: Elements, at: number): void {
    for (let done = 0; done < count; ) {
      const n = Math.min(count - done, SCRATCH.length);
      this.#runs.read(n, SCRATCH);
      bytes.set(SCRATCH.subarray(0, n), at + done);
      done += n;
    }
  }
}

/** RLE_DICTIONARY: bit width u8, then runs of indices into a dictionary. */
export class DictionaryValues implements Values {
  readonly #runs: Runs;
  readonly #dictionary: Elements;

  constructor(bytes: Uint8Array, dictionary: Elements) {
    const [width] = bytes;
    if (width === undefined) throw cutOff();
    this.#runs = new Runs(bytes, 1, bytes.length, width);
    this.#dictionary = dictionary;
  }

  read(count: number, out: Elements, at: number): void {
    for (let done = 0; done < count; ) {
      const n = Math.min(count - done, SCRATCH.length);
      this.#runs.read(n, SCRATCH);
      const largest = gather(SCRATCH, n, this.#dictionary, out, at + done);
      if (largest * out.width >= this.#dictionary.bytes.length) {
        throw new RangeError(`a page refers to entry ${largest}, past the end of its dictionary`);
      }
      done += n;
    }
  }
}

/** Copies the entries; returns the largest index. Words keep the bits of a NaN, floats may not. */
function gather(
  indices: Uint32Array,
  count: number,
  from: Elements,
  to: Elements,
  at: number,
): number {
  let largest = 0;
  for (let i = 0; i < count; i++) if (indices[i]! > largest) largest = indices[i]!;
  if (to.width === 8) {
    for (let i = 0; i < count; i++) {
      to.words[2 * (at + i)] = from.words[2 * indices[i]!]!;
      to.words[2 * (at + i) + 1] = from.words[2 * indices[i]! + 1]!;
    }
  } else if (to.width === 4) {
    for (let i = 0; i < count; i++) to.words[at + i] = from.words[indices[i]!]!;
  } else {
    const { width } = to;
    for (let i = 0; i < count * width; i++) {
      const entry = indices[Math.floor(i / width)]! * width;
      to.bytes[at * width + i] = from.bytes[entry + (i % width)]!;
    }
  }
  return largest;
}

/** BYTE_STREAM_SPLIT: all first bytes, then all second bytes, and so on. */
export class SplitValues implements Values {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number, { bytes, width }: Elements, at: number): void {
    const stride = Math.floor(this.#bytes.length / width);
    if (this.#at + count > stride) throw cutOff();
    for (let k = 0; k < width; k++) {
      const from = k * stride + this.#at;
      for (let i = 0; i < count; i++) bytes[(at + i) * width + k] = this.#bytes[from + i]!;
    }
    this.#at += count;
  }
}

/** PLAIN decimals as bytes, most significant first, into float64. `length`: of each, or none. */
export class DecimalValues implements Values {
  readonly #bytes: Uint8Array;
  readonly #scale: number;
  readonly #length: number | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, scale: number, length: number | undefined) {
    this.#bytes = bytes;
    this.#scale = scale;
    this.#length = length;
  }

  read(count: number, { bytes }: Elements, at: number): void {
    const out = new Float64Array(bytes.buffer, 8 * at, count);
    for (let i = 0; i < count; i++) {
      const length = this.#length ?? this.#lengthPrefix();
      const end = this.#at + length;
      if (end > this.#bytes.length) throw cutOff();
      const unscaled = integerOf(this.#bytes.slice(this.#at, end).reverse());
      out[i] = decimalToNumber(unscaled, this.#scale);
      this.#at = end;
    }
  }

  #lengthPrefix(): number {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    if (this.#at + 4 > byteLength) throw cutOff();
    this.#at += 4;
    return new DataView(buffer, byteOffset).getUint32(this.#at - 4, true);
  }
}
