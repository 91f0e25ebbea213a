// Arrow's IPC formats, stream and file (of which Feather version 2 is another
// name), by flechette. It decodes a file whole, so the file has to fit in memory.

import type { Column as ArrowColumn, DataType } from "@uwdata/flechette";
import { type DtypeInfo, dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { type Bytes, decodeError, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { arrowCodecs } from "./codec.js";
import { selectColumns } from "./columns.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";
import { compact, roundDecimals } from "./values.js";

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

interface Column {
  readonly name: string;
  readonly dtype: DtypeInfo;
  /** Digits behind the point of a decimal, else 0. */
  readonly scale: number;
  readonly data: ArrowColumn<unknown>["data"];
}

/** Values as flechette decodes them: buffers themselves where there is nothing to decode. */
function* chunks(data: Column["data"]): Generator<ArrayLike<unknown>> {
  for (const batch of data) {
    for (let at = 0; at < batch.length; at += BATCH_ROWS) {
      yield batch.slice(at, Math.min(at + BATCH_ROWS, batch.length));
    }
  }
}

function* readBatches(columns: readonly Column[], rows: number): Generator<Batch> {
  const cursors = columns.map(({ dtype, data }) => compact(dtype, chunks(data)));
  for (let at = 0; at < rows; at += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - at);
    const values: TypedArray[] = cursors.map((next) => next(n));
    for (const [i, { scale }] of columns.entries()) {
      if (scale > 0) roundDecimals(values[i] as Float64Array, scale);
    }
    yield { rows: n, values, nulls: values.map((array) => n - array.length) };
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

async function openTable(bytes: Bytes, wanted: readonly string[]): Promise<BatchSource> {
  const { name, size } = bytes;
  const flechette = await import("@uwdata/flechette");
  await arrowCodecs(flechette);
  const data = await readBytes(bytes, 0, size);
  checkEnd(name, data);
  const table = flechette.tableFromIPC(data, { useBigInt: true });
  const { fields } = table.schema;
  if (fields.length === 0) throw formatError(name, "its Arrow data has no schema: it is truncated");
  const candidates = fields.map(({ name: field, type }) => ({
    name: String(field),
    type: typeName(flechette, type),
    numeric: dtypeOf(flechette, type) !== undefined,
  }));
  const columns = selectColumns(name, candidates, wanted).map((place): Column => {
    const type: NumberType = fields[place]!.type;
    return {
      name: candidates[place]!.name,
      dtype: dtypeOf(flechette, type)!,
      scale: type.typeId === flechette.Type.Decimal ? type.scale! : 0,
      data: table.getChildAt(place).data,
    };
  });
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
 * The numeric columns of an Arrow stream or file, nulls left out: bools as uint8, decimals as
 * float64, float16 as float32. Throws ERR_FORMAT, ERR_COLUMN.
 */
export async function openArrow(bytes: Bytes, options: OpenOptions): Promise<BatchSource> {
  try {
    return await openTable(bytes, options.columns);
  } catch (error) {
    throw decodeError(bytes.name, "Arrow", error);
  }
}
