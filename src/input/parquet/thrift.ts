// Thrift's compact protocol, as far as a Parquet page header needs it, after
// the "Thrift Compact protocol encoding" page of Apache Thrift. Integers, bools
// and structs are kept, all else is skipped.

const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;

/** Parquet's headers are three structs deep. */
const MAX_DEPTH = 8;

/** Fields by their id. */
export type Struct = ReadonlyMap<number, number | boolean | Struct>;

/** The bytes ended within the struct: with more of them, it may be read. */
export class OutOfBytes extends RangeError {}

export class CompactReader {
  readonly #bytes: Uint8Array;
  /** Where the next byte is read: after a struct, behind it. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new OutOfBytes("a page header is cut off");
    return byte;
  }

  /** Exact up to 2^53. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new RangeError("an integer of a page header is too long");
    }
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #skipBytes(count: number): void {
    this.at += count;
    if (this.at > this.#bytes.length) throw new OutOfBytes("a page header is cut off");
  }

  #value(type: number, depth: number): number | boolean | Struct | undefined {
    switch (type) {
      case TRUE:
        return true;
      case FALSE:
        return false;
      case BYTE:
        return (this.#byte() << 24) >> 24;
      case STRUCT:
        return this.struct(depth + 1);
      case DOUBLE:
        this.#skipBytes(8);
        return undefined;
      case BINARY:
        this.#skipBytes(this.#varint());
        return undefined;
      case LIST:
      case SET:
        this.#skipList(depth);
        return undefined;
      case MAP:
        this.#skipMap(depth);
        return undefined;
    }
    if (type >= I16 && type <= I64) return this.#zigzag();
    throw new RangeError(`a page header has a field of the unknown type ${type}`);
  }

  /** An element of a collection: there, a bool takes a byte. */
  #skipElement(type: number, depth: number): void {
    if (type === TRUE || type === FALSE) this.#byte();
    else this.#value(type, depth);
  }

  #skipList(depth: number): void {
    const header = this.#byte();
    const count = header >> 4 === 15 ? this.#varint() : header >> 4;
    for (let i = 0; i < count; i++) this.#skipElement(header & 15, depth + 1);
  }

  #skipMap(depth: number): void {
    const count = this.#varint();
    const types = count > 0 ? this.#byte() : 0;
    for (let i = 0; i < count; i++) {
      this.#skipElement(types >> 4, depth + 1);
      this.#skipElement(types & 15, depth + 1);
    }
  }

  /** Reads a struct. Throws OutOfBytes, or RangeError if no more bytes would help. */
  struct(depth = 0): Struct {
    if (depth > MAX_DEPTH) throw new RangeError("a page header is nested too deeply");
    const fields = new Map<number, number | boolean | Struct>();
    for (let id = 0; ; ) {
      const header = this.#byte();
      const type = header & 15;
      if (type === STOP) return fields;
      id = header >> 4 === 0 ? this.#zigzag() : id + (header >> 4);
      const value = this.#value(type, depth);
      if (value !== undefined) fields.set(id, value);
    }
  }
}
