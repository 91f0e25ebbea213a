// Reads FlatBuffers, as far as Arrow's metadata needs them: tables, strings,
// vectors of tables and of structs. After the "FlatBuffers internals" page of
// the FlatBuffers documentation.
//
// Any byte may be wrong. Every access goes through a DataView, which throws a
// RangeError past the end; a vector is checked against the end before anyone
// loops over it.

/** Entries of a vector of fixed-size structs: entry i starts at `at + i * stride`. */
export interface Structs {
  readonly view: DataView;
  readonly at: number;
  readonly count: number;
}

export class Table {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableSize: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#vtable = at - view.getInt32(at, true);
    this.#vtableSize = view.getUint16(this.#vtable, true);
  }

  /** The table that `bytes` start with a pointer to. */
  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new Table(view, view.getUint32(0, true));
  }

  /** Bytes of the buffer that the table is in: a bound on what it can hold. */
  get byteLength(): number {
    return this.#view.byteLength;
  }

  /** Where field `id` is; 0 if it has its default. */
  #field(id: number): number {
    const slot = 4 + 2 * id;
    if (slot + 2 > this.#vtableSize) return 0;
    const offset = this.#view.getUint16(this.#vtable + slot, true);
    return offset === 0 ? 0 : this.#at + offset;
  }

  #target(at: number): number {
    return at + this.#view.getUint32(at, true);
  }

  uint8(id: number): number {
    const at = this.#field(id);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  bool(id: number): boolean {
    return this.uint8(id) !== 0;
  }

  int16(id: number): number {
    const at = this.#field(id);
    return at === 0 ? 0 : this.#view.getInt16(at, true);
  }

  int32(id: number, missing = 0): number {
    const at = this.#field(id);
    return at === 0 ? missing : this.#view.getInt32(at, true);
  }

  int64(id: number): number {
    const at = this.#field(id);
    return at === 0 ? 0 : safeInt64(this.#view, at);
  }

  string(id: number): string {
    const at = this.#field(id);
    if (at === 0) return "";
    const start = this.#target(at);
    const length = this.#view.getUint32(start, true);
    const { buffer, byteOffset, byteLength } = this.#view;
    if (start + 4 + length > byteLength) throw new RangeError("a string ends past its buffer");
    return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + start + 4, length));
  }

  table(id: number): Table | undefined {
    const at = this.#field(id);
    return at === 0 ? undefined : new Table(this.#view, this.#target(at));
  }

  structs(id: number, stride: number): Structs {
    const at = this.#field(id);
    if (at === 0) return { view: this.#view, at: 0, count: 0 };
    const start = this.#target(at);
    const count = this.#view.getUint32(start, true);
    if (start + 4 + count * stride > this.#view.byteLength) {
      throw new RangeError(`a vector of ${count} entries ends past its buffer`);
    }
    return { view: this.#view, at: start + 4, count };
  }

  tables(id: number): Table[] {
    const { view, at, count } = this.structs(id, 4);
    return Array.from({ length: count }, (_, i) => new Table(view, this.#target(at + 4 * i)));
  }
}

/** An int64 that has to be a length or an offset: from 0 to 2^53. */
export function safeInt64(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true));
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${value} is neither a length nor an offset`);
  }
  return value;
}
