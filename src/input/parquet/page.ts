// One page of a column: its header, its levels, its values. After "Data pages"
// and "Encodings" in the Parquet format's documentation, and parquet.thrift.

import type { Decode } from "../codec.js";
import { Elements } from "../elements.js";
import { DeltaValues } from "./delta.js";
import { Runs } from "./runs.js";
import type { Struct } from "./thrift.js";
import type { NumericType } from "./type.js";
import {
  BitValues,
  DecimalValues,
  DictionaryValues,
  PlainValues,
  RunValues,
  SplitValues,
  type Values,
} from "./values.js";

const ENCODINGS = [
  "PLAIN",
  "GROUP_VAR_INT",
  "PLAIN_DICTIONARY",
  "RLE",
  "BIT_PACKED",
  "DELTA_BINARY_PACKED",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
  "RLE_DICTIONARY",
  "BYTE_STREAM_SPLIT",
];

export interface PageHeader {
  readonly kind: "data" | "data-v2" | "dictionary" | "other";
  /** Bytes of the page in the file, behind its header, and once decompressed. */
  readonly stored: number;
  readonly size: number;
  /** Values, nulls included; entries of a dictionary. */
  readonly values: number;
  readonly encoding: string;
  /** Version 1: how the definition levels are encoded. */
  readonly levelEncoding: string;
  /** Version 2: bytes of the repetition and of the definition levels, never compressed. */
  readonly repetitionBytes: number;
  readonly definitionBytes: number;
  readonly compressed: boolean;
}

/** By page type: what it is, and which field of the header tells more. */
const KINDS: Readonly<Record<number, readonly [kind: PageHeader["kind"], field: number]>> = {
  0: ["data", 5],
  2: ["dictionary", 7],
  3: ["data-v2", 8],
};

function numberAt(fields: Struct, id: number): number {
  const value = fields.get(id);
  if (typeof value === "number" && value >= 0 && value < 2 ** 31) return value;
  throw new RangeError(`field ${id} of a page header is ${String(value)}`);
}

function encodingAt(fields: Struct, id: number): string {
  const code = numberAt(fields, id);
  return ENCODINGS[code] ?? `number ${code}`;
}

/** A PageHeader of parquet.thrift. Throws RangeError. */
export function pageHeader(fields: Struct): PageHeader {
  const [kind, field] = KINDS[numberAt(fields, 1)] ?? ["other", 0];
  const own = fields.get(field);
  const header = {
    kind,
    size: numberAt(fields, 2),
    stored: numberAt(fields, 3),
    values: 0,
    encoding: "",
    levelEncoding: "RLE",
    repetitionBytes: 0,
    definitionBytes: 0,
    compressed: true,
  };
  if (kind === "other") return header;
  if (!(own instanceof Map)) throw new RangeError("a page header is incomplete");
  header.values = numberAt(own, 1);
  header.encoding = encodingAt(own, kind === "data-v2" ? 4 : 2);
  if (kind === "data") header.levelEncoding = encodingAt(own, 3);
  if (kind === "data-v2") {
    header.definitionBytes = numberAt(own, 5);
    header.repetitionBytes = numberAt(own, 6);
    header.compressed = own.get(7) !== false;
  }
  return header;
}

function plainValues(bytes: Uint8Array, type: NumericType): Values {
  const { bytes: decimals, physical } = type;
  if (decimals !== undefined) return new DecimalValues(bytes, decimals.scale, decimals.length);
  return physical === "BOOLEAN" ? new BitValues(bytes) : new PlainValues(bytes);
}

function encodedValues(
  bytes: Uint8Array,
  encoding: string,
  type: NumericType,
  dictionary: Elements | undefined,
): Values {
  const { physical } = type;
  switch (encoding) {
    case "PLAIN":
      return plainValues(bytes, type);
    case "PLAIN_DICTIONARY":
    case "RLE_DICTIONARY":
      if (dictionary === undefined) throw new RangeError("a page lacks its dictionary");
      return new DictionaryValues(bytes, dictionary);
    case "RLE":
      if (physical === "BOOLEAN") return new RunValues(bytes);
      break;
    case "DELTA_BINARY_PACKED":
      if (physical === "INT32" || physical === "INT64") return new DeltaValues(bytes);
      break;
    case "BYTE_STREAM_SPLIT":
      if (type.bytes === undefined && physical !== "BOOLEAN") return new SplitValues(bytes);
      break;
  }
  throw new RangeError(`a page of ${physical} is encoded as ${encoding}, which is not supported`);
}

/** A data page that is read in pieces. */
export class Page {
  /** Rows that are left of it. */
  rows: number;
  readonly #levels: Runs | undefined;
  /** Opened by the first value that is not null: without any, there may be no bytes. */
  #values: Values | undefined;
  readonly #open: () => Values;

  constructor(rows: number, levels: Runs | undefined, open: () => Values) {
    this.rows = rows;
    this.#levels = levels;
    this.#open = open;
  }

  /** Puts the values of the next `rows` rows into `out` from `at` on; returns how many. */
  read(rows: number, out: Elements, at: number): number {
    const count = this.#levels === undefined ? rows : this.#levels.ones(rows);
    if (count > 0) {
      this.#values ??= this.#open();
      this.#values.read(count, out, at);
    }
    this.rows -= rows;
    return count;
  }
}

const decoded = (bytes: Uint8Array, size: number, decode: Decode): Uint8Array =>
  size === 0 ? new Uint8Array(0) : decode(bytes, size);

/** The entries of a dictionary page. */
export function readDictionary(
  header: PageHeader,
  stored: Uint8Array,
  type: NumericType,
  decode: Decode,
): Elements {
  const bytes = decoded(stored, header.size, decode);
  const least = type.bytes === undefined ? type.width : (type.bytes.length ?? 4);
  if (header.values * least > bytes.length) {
    throw new RangeError(`a dictionary claims ${header.values} entries, in ${bytes.length} bytes`);
  }
  const entries = new Elements(header.values, type.width);
  plainValues(bytes, type).read(header.values, entries, 0);
  return entries;
}

/** A data page; throws RangeError for an encoding that numbers do not have. */
export function openPage(
  header: PageHeader,
  stored: Uint8Array,
  type: NumericType,
  decode: Decode,
  dictionary: Elements | undefined,
): Page {
  const { values, encoding } = header;
  const page = (levels: Runs | undefined, bytes: Uint8Array) =>
    new Page(values, levels, () => encodedValues(bytes, encoding, type, dictionary));
  if (header.kind === "data-v2") {
    const start = header.repetitionBytes + header.definitionBytes;
    if (start > stored.length || start > header.size) throw new RangeError("a page is cut off");
    const leveled = type.optional && header.definitionBytes > 0;
    const levels = leveled ? new Runs(stored, header.repetitionBytes, start, 1) : undefined;
    const rest = stored.subarray(start);
    return page(levels, header.compressed ? decoded(rest, header.size - start, decode) : rest);
  }
  const bytes = decoded(stored, header.size, decode);
  if (!type.optional) return page(undefined, bytes);
  if (header.levelEncoding !== "RLE") {
    throw new RangeError(`levels are encoded as ${header.levelEncoding}, which is not supported`);
  }
  if (bytes.length < 4) throw new RangeError("a page is cut off");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return page(new Runs(bytes, 4, 4 + length, 1), bytes.subarray(4 + length));
}
