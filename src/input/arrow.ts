// Arrow's IPC formats, stream and file (of which Feather version 2 is another
// name), by flechette. It decodes a file whole, so the file has to fit in memory.

import type { Column as ArrowColumn, DataType, Field } from "@uwdata/flechette";
import { swapBytes } from "../engine/fetch.js";
import { integerAt } from "../operators/decimal.js";
import { type DtypeInfo, dtypeInfo } from "../operators/dtype.js";
import { type Bytes, decodeError, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { arrowCodecs } from "./codec.js";
import { selectColumns } from "./columns.js";
import { decodeFloat16 } from "./float16.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";
import { batchOf, checkScale, type Kind, partsOf } from "./values.js";

type Flechette = typeof import("@uwdata/flechette");
/** What the types of numbers have in addition: flechette's union has them type by type. */
type NumberType = DataType & {
  readonly bitWidth?: number;
  readonly signed?: boolean;
  /** Of floats: half, single, double. */
  readonly precision?: number;
  readonly scale?: number;
  readonly dictionary?: DataType;
};

const MAGIC = "ARROW1";
const FLOATS = ["float32", "float32", "float64"] as const;

/** For messages: what Arrow calls the type. */
function typeName(flechette: Flechette, type: NumberType): string {
  const dtype = dtypeOf(flechette, type);
  if (dtype !== undefined) return dtype.name;
  const { Type } = flechette;
  if (type.typeId === Type.Dictionary)
    return `a dictionary of ${typeName(flechette, type.dictionary!)}`;
  const name = Object.entries(Type).find(([, id]) => id === type.typeId)?.[0];
  return (name ?? `type ${type.typeId}`).toLowerCase();
}

function dtypeOf({ Type }: Flechette, type: NumberType): DtypeInfo | undefined {
  const { typeId, bitWidth, signed, precision } = type;
  if (typeId === Type.Int) return dtypeInfo(`${signed ? "" : "u"}int${bitWidth}`);
  // flechette makes numbers of float16: a float32 holds them all.
  if (typeId === Type.Float) return dtypeInfo(FLOATS[precision ?? 0]!);
  if (typeId === Type.Bool) return dtypeInfo("uint8");
  return typeId === Type.Decimal ? dtypeInfo("float64") : undefined;
}

/** What a record batch has of a column: buffers as they lie in the file. */
type RecordBatch = ArrowColumn<unknown>["data"][number];

interface Column extends Kind {
  readonly name: string;
  /** Bits of an element in its buffer. */
  readonly bits: number;
  /** The n elements in these bytes. */
  readonly decode: (bytes: Uint8Array, n: number) => ArrayLike<unknown>;
  readonly data: readonly RecordBatch[];
}

function unpackBits(bytes: Uint8Array, n: number): Uint8Array {
  const values = new Uint8Array(n);
  for (let i = 0; i < values.length; i++) values[i] = (bytes[i >> 3]! >> (i & 7)) & 1;
  return values;
}

function decimals(bytes: Uint8Array, width: number, bigEndian: boolean): (number | bigint)[] {
  const values: (number | bigint)[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    values.push(integerAt(bytes, at, width, bigEndian));
  }
  return values;
}

/** How a column is decoded: flechette itself takes every buffer for little-endian. */
function columnOf(flechette: Flechette, file: string, field: Field, bigEndian: boolean) {
  const { Type } = flechette;
  const type: NumberType = field.type;
  const dtype = dtypeOf(flechette, type)!;
  if (type.typeId === Type.Bool) return { dtype, bits: 1, decode: unpackBits };
  if (type.typeId === Type.Decimal) {
    const { scale = 0, bitWidth = 128 } = type;
    const decode = (bytes: Uint8Array) => decimals(bytes, bitWidth / 8, bigEndian);
    return { dtype, scale: checkScale(file, field.name, scale), bits: bitWidth, decode };
  }
  const isHalf = type.typeId === Type.Float && type.precision === 0;
  const size = isHalf ? 2 : dtype.size;
  const decode = (bytes: Uint8Array, n: number) => {
    const own = bigEndian ? bytes.slice() : bytes;
    if (bigEndian) swapBytes(own, size);
    const { buffer, byteOffset } = own;
    if (isHalf) return decodeFloat16(new Uint16Array(buffer, byteOffset, n));
    return new dtype.array!(buffer as ArrayBuffer, byteOffset, n);
  };
  return { dtype, bits: 8 * size, decode };
}

/** The column's values in order, nulls among them. */
function* chunks({ data, bits, decode }: Column): Generator<ArrayLike<unknown>> {
  for (const batch of data) {
    const { buffer, byteOffset } = batch.values as Uint8Array;
    for (let at = 0; at < batch.length; at += BATCH_ROWS) {
      const end = Math.min(at + BATCH_ROWS, batch.length);
      const length = end - at;
      const bytes = Math.ceil((length * bits) / 8);
      const found = decode(new Uint8Array(buffer, byteOffset + (at * bits) / 8, bytes), length);
      if (batch.nullCount === 0 || batch.validity === undefined) {
        yield found;
        continue;
      }
      const values = new Array<unknown>(length);
      for (let i = 0; i < length; i++) values[i] = batch.isValid(at + i) ? found[i] : null;
      yield values;
    }
  }
}

function* readBatches(columns: readonly Column[], rows: number): Generator<Batch> {
  const cursors = columns.map((column) => partsOf(column, chunks(column)));
  for (let at = 0; at < rows; at += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - at);
    const parts = cursors.map((next) => next(n));
    yield batchOf(n, parts);
  }
}

/** flechette believes that a file ends as it begins. Throws ERR_FORMAT. */
function checkEnd(name: string, data: Uint8Array): void {
  const magicAt = (at: number) =>
    String.fromCharCode(...data.subarray(at, at + MAGIC.length)) === MAGIC;
  if (!magicAt(0)) return;
  const tail = data.length - MAGIC.length - 4;
  if (tail < 8 || !magicAt(tail + 4)) {
    throw formatError(name, "truncated: it does not end with ARROW1");
  }
  const length = new DataView(data.buffer, data.byteOffset).getUint32(tail, true);
  if (length > tail - 8) {
    throw formatError(name, `its footer claims ${length} bytes, the file has ${data.length}`);
  }
}

function tableOf(flechette: Flechette, name: string, data: Uint8Array) {
  try {
    return flechette.tableFromIPC(data, { useBigInt: true });
  } catch (error) {
    // Of 10n ** scale: flechette tells no schema without its columns.
    if (!(error instanceof RangeError && /must be (positive|non-?negative)/.test(error.message))) {
      throw error;
    }
    throw formatError(name, "has decimals of a scale below 0: cast them to a scale of 0", error);
  }
}

async function openTable(bytes: Bytes, wanted: readonly string[]): Promise<BatchSource> {
  const { name, size } = bytes;
  const flechette = await import("@uwdata/flechette");
  await arrowCodecs(flechette);
  const data = await readBytes(bytes, 0, size);
  checkEnd(name, data);
  const table = tableOf(flechette, name, data);
  const { fields } = table.schema;
  if (fields.length === 0) throw formatError(name, "its Arrow data has no schema: it is truncated");
  const candidates = fields.map(({ name: field, type }) => ({
    name: String(field),
    type: typeName(flechette, type),
    numeric: dtypeOf(flechette, type) !== undefined,
  }));
  const bigEndian = table.schema.endianness === flechette.Endianness.Big;
  const columns = selectColumns(name, candidates, wanted).map(
    (place): Column => ({
      name: candidates[place]!.name,
      ...columnOf(flechette, name, fields[place]!, bigEndian),
      data: table.getChildAt(place).data,
    }),
  );
  const batches = async function* () {
    try {
      yield* readBatches(columns, table.numRows);
    } catch (error) {
      throw decodeError(name, "Arrow", error);
    }
  };
  return batchSource(name, { columns, rows: table.numRows }, batches, () => bytes.close());
}

/**
 * The numeric columns of an Arrow stream or file, of either byte order, nulls left out: bools as
 * uint8, decimals as float64, float16 as float32. Throws ERR_FORMAT, ERR_COLUMN.
 */
export async function openArrow(bytes: Bytes, options: OpenOptions): Promise<BatchSource> {
  try {
    return await openTable(bytes, options.columns);
  } catch (error) {
    throw decodeError(bytes.name, "Arrow", error);
  }
}
