// One numeric column of one record batch, read in pieces: what is stored as it
// lies in memory goes from the file into the batch without a stop.

import { BufferBytes, formatError, readBytes } from "../bytes.js";
import { loadCodec } from "../codec.js";
import { decimalToNumber, integerOf } from "../decimal.js";
import type { Elements } from "../elements.js";
import { decodeFloat16 } from "../float16.js";
import { type Structs, safeInt64 } from "./flatbuffer.js";
import type { Body, RecordBatch } from "./messages.js";
import type { Layout, Place } from "./schema.js";

/** Codecs of a BodyCompression, by number. */
const CODECS = ["LZ4_FRAME", "ZSTD"];

/** A record batch, and what all its columns need of it. */
export class BatchReader {
  readonly rows: number;
  readonly #body: Body;
  readonly #nodes: Structs;
  readonly #buffers: Structs;
  readonly #codec: string | undefined;
  /** Data buffers of each view. */
  readonly views: readonly number[];

  constructor({ table, body }: RecordBatch) {
    this.rows = table.int64(0);
    this.#body = body;
    this.#nodes = table.structs(1, 16);
    this.#buffers = table.structs(2, 16);
    const { view, at, count } = table.structs(4, 8);
    this.views = Array.from({ length: count }, (_, i) => safeInt64(view, at + 8 * i));
    const compression = table.table(3);
    if (compression === undefined) return;
    const codec = compression.uint8(0);
    this.#codec = CODECS[codec] ?? `number ${codec}`;
  }

  /** Where a buffer lies within the body's bytes. */
  #region(index: number): { at: number; length: number } {
    const { view, at, count } = this.#buffers;
    if (index >= count) throw new RangeError("a record batch has too few buffers");
    const offset = safeInt64(view, at + 16 * index);
    const length = safeInt64(view, at + 16 * index + 8);
    if (offset + length > this.#body.length) throw new RangeError("a buffer lies past its message");
    return { at: this.#body.at + offset, length };
  }

  /** Decompressed, if need be: uncompressed length i64, −1 if it is stored as it is · data. */
  async #open(index: number): Promise<Body> {
    const { bytes } = this.#body;
    const { at, length } = this.#region(index);
    if (this.#codec === undefined || length === 0) return { bytes, at, length };
    const stored = await readBytes(bytes, at, length);
    const size = new DataView(stored.buffer).getBigInt64(0, true);
    if (size === -1n) return { bytes, at: at + 8, length: length - 8 };
    const decode = await loadCodec(this.#codec);
    if (decode === undefined || !CODECS.includes(this.#codec)) {
      throw formatError(bytes.name, `its codec ${this.#codec} is not supported`);
    }
    if (size < 0n) throw new RangeError(`a buffer claims ${size} bytes`);
    const decoded = decode(stored.subarray(8), Number(size));
    return { bytes: new BufferBytes(bytes.name, decoded), at: 0, length: decoded.length };
  }

  async column(place: Place, layout: Layout): Promise<ColumnReader> {
    const { view, at, count } = this.#nodes;
    if (place.node >= count) throw new RangeError("a record batch has too few columns");
    if (safeInt64(view, at + 16 * place.node) !== this.rows) {
      throw new RangeError("a column has not as many rows as its record batch");
    }
    const nulls = view.getBigInt64(at + 16 * place.node + 8, true);
    const validity = nulls === 0n ? undefined : await this.#open(place.buffer);
    const values = await this.#open(place.buffer + 1);
    return new ColumnReader(layout, validity?.length === 0 ? undefined : validity, values);
  }
}

export class ColumnReader {
  readonly #layout: Layout;
  readonly #validity: Body | undefined;
  readonly #values: Body;

  constructor(layout: Layout, validity: Body | undefined, values: Body) {
    this.#layout = layout;
    this.#validity = validity;
    this.#values = values;
  }

  /**
   * Puts the values of `rows` rows from row `first` on into `out` from element `at` on,
   * nulls left out; returns how many. Throws ERR_FORMAT, RangeError.
   */
  async read(first: number, rows: number, out: Elements, at: number): Promise<number> {
    const { stored, bits } = this.#layout;
    if (stored !== undefined && stored.size === out.width) {
      const dest = out.bytes.subarray(at * out.width, (at + rows) * out.width);
      await readPart(this.#values, first * out.width, dest);
    } else {
      const start = Math.floor((first * bits) / 8);
      const end = Math.ceil(((first + rows) * bits) / 8);
      const part = new Uint8Array(end - start);
      await readPart(this.#values, start, part);
      convert(part, (first * bits) % 8, rows, this.#layout, out, at);
    }
    if (this.#validity === undefined) return rows;
    const start = Math.floor(first / 8);
    const valid = new Uint8Array(Math.ceil((first + rows) / 8) - start);
    await readPart(this.#validity, start, valid);
    return compact(out, at, rows, valid, first % 8);
  }
}

async function readPart({ bytes, at, length }: Body, from: number, dest: Uint8Array) {
  if (from + dest.length > length) throw new RangeError("a buffer is shorter than its column");
  await bytes.readInto(dest, at + from);
}

const bitAt = (bits: Uint8Array, index: number): number => (bits[index >>> 3]! >>> (index & 7)) & 1;

/** Elements that are not stored as they are to be: bools, decimals, float16 as float32. */
function convert(
  part: Uint8Array,
  bit: number,
  rows: number,
  { stored, bits, scale }: Layout,
  out: Elements,
  at: number,
): void {
  if (bits === 1) {
    for (let i = 0; i < rows; i++) out.bytes[at + i] = bitAt(part, bit + i);
  } else if (stored !== undefined) {
    const singles = decodeFloat16(new Uint16Array(part.buffer, 0, rows));
    out.words.set(new Uint32Array(singles.buffer), at);
  } else {
    const size = bits / 8;
    const numbers = new Float64Array(out.bytes.buffer, 8 * at, rows);
    for (let i = 0; i < rows; i++) {
      numbers[i] = decimalToNumber(integerOf(part.subarray(i * size, (i + 1) * size)), scale);
    }
  }
}

/** Moves the elements whose bit is set to the front; returns how many they are. */
function compact(out: Elements, at: number, rows: number, valid: Uint8Array, bit: number): number {
  const { bytes, words, width } = out;
  let to = at;
  for (let i = 0; i < rows; i++) {
    if (bitAt(valid, bit + i) === 0) continue;
    const from = at + i;
    if (width === 8) {
      words[2 * to] = words[2 * from]!;
      words[2 * to + 1] = words[2 * from + 1]!;
    } else if (width === 4) {
      words[to] = words[from]!;
    } else {
      for (let k = 0; k < width; k++) bytes[to * width + k] = bytes[from * width + k]!;
    }
    to++;
  }
  return to - at;
}
