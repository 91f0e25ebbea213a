// Parquet columns by hyparquet, row group by row group. A selected column's row
// group is decoded whole, so memory is bounded by the largest row group.

import type { AsyncBuffer, FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { type Dtype, type DtypeInfo, dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { type Bytes, decodeError, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { parquetCodecs } from "./codec.js";
import { selectColumns } from "./columns.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";
import { compact, roundDecimals } from "./values.js";

const MAGIC = "PAR1";
const ENCRYPTED = "PARE";
/** Behind the footer: its length u32, and the magic. */
const TAIL = 8;

const PHYSICAL: Readonly<Record<string, Dtype>> = {
  BOOLEAN: "uint8",
  INT32: "int32",
  INT64: "int64",
  FLOAT: "float32",
  DOUBLE: "float64",
};

/** What the column's elements are beyond their physical type: "decimal", "timestamp", "int_8". */
function annotation({ logical_type, converted_type }: SchemaElement): string | undefined {
  if (logical_type?.type === "INTEGER") {
    return `${logical_type.isSigned ? "int" : "uint"}_${logical_type.bitWidth}`;
  }
  return (logical_type?.type ?? converted_type)?.toLowerCase();
}

/** The dtype of a column's numbers, after "Logical types" in the format's documentation. */
function dtypeOf({ element, children }: SchemaTree): DtypeInfo | undefined {
  if (children.length > 0 || element.repetition_type === "REPEATED") return undefined;
  const meaning = annotation(element);
  if (meaning === "decimal") return dtypeInfo("float64");
  if (meaning === "float16") return dtypeInfo("float32");
  const stored = PHYSICAL[element.type ?? ""];
  if (stored === undefined) return undefined;
  if (meaning === undefined) return dtypeInfo(stored);
  return /^u?int_(8|16|32|64)$/.test(meaning) ? dtypeInfo(meaning.replace("_", "")) : undefined;
}

/** For messages: what a column holds. */
function typeName(field: SchemaTree): string {
  const dtype = dtypeOf(field);
  if (dtype !== undefined) return dtype.name;
  const { element, children } = field;
  if (children.length > 0) return annotation(element) ?? "a struct";
  if (element.repetition_type === "REPEATED") return "a list";
  if (element.type === "INT96") return "timestamp";
  return annotation(element) ?? element.type?.toLowerCase() ?? "nothing";
}

async function checkTail(bytes: Bytes): Promise<void> {
  const { name, size } = bytes;
  if (size < TAIL + 4) throw formatError(name, `is no Parquet file: it has ${size} bytes`);
  const tail = await readBytes(bytes, size - TAIL, TAIL);
  const magic = String.fromCharCode(...tail.subarray(4));
  if (magic === ENCRYPTED) throw formatError(name, "its footer is encrypted: decrypt it first");
  if (magic !== MAGIC) {
    throw formatError(name, "truncated, or no Parquet file: it does not end with PAR1");
  }
  const length = new DataView(tail.buffer).getUint32(0, true);
  if (length > size - TAIL - 4) {
    throw formatError(name, `its footer claims ${length} bytes, the file has ${size}`);
  }
}

interface Column {
  readonly name: string;
  readonly dtype: DtypeInfo;
  /** Digits behind the point of a decimal, else 0. */
  readonly scale: number;
}

/** hyparquet knows decimals by the older of the two annotations only. */
function annotateDecimals({ schema }: FileMetaData): void {
  for (const element of schema) {
    const { logical_type: logical } = element;
    if (logical?.type !== "DECIMAL") continue;
    element.converted_type = "DECIMAL";
    element.scale = logical.scale;
  }
}

/** The values of one column in rows start … end − 1, nulls among them, in order. */
async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  start: number,
  end: number,
): Promise<ArrayLike<unknown>[]> {
  const { parquetRead } = await import("hyparquet");
  const chunks: { rowStart: number; data: ArrayLike<unknown> }[] = [];
  await parquetRead({
    file,
    metadata,
    columns: [column],
    rowStart: start,
    rowEnd: end,
    compressors: await parquetCodecs(),
    // Chunks come in whatever order their pages were decoded.
    onChunk: ({ rowStart, columnData }) => chunks.push({ rowStart, data: columnData }),
  });
  return chunks.sort((a, b) => a.rowStart - b.rowStart).map(({ data }) => data);
}

async function* readBatches(
  name: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly Column[],
): AsyncGenerator<Batch> {
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    try {
      const cursors: ((rows: number) => TypedArray)[] = [];
      for (const { name: column, dtype } of columns) {
        cursors.push(compact(dtype, await readRows(file, metadata, column, start, end)));
      }
      for (let at = start; at < end; at += BATCH_ROWS) {
        const rows = Math.min(BATCH_ROWS, end - at);
        const values = cursors.map((next) => next(rows));
        for (const [i, { scale }] of columns.entries()) {
          if (scale > 0) roundDecimals(values[i] as Float64Array, scale);
        }
        yield { rows, values, nulls: values.map((array) => rows - array.length) };
      }
    } catch (error) {
      throw decodeError(name, "Parquet", error);
    }
    start = end;
  }
}

async function openColumns(bytes: Bytes, wanted: readonly string[]): Promise<BatchSource> {
  const { name, size } = bytes;
  await checkTail(bytes);
  const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
  const file: AsyncBuffer = {
    byteLength: size,
    slice(start, end = size) {
      const read = readBytes(bytes, start, end - start).then(({ buffer }) => buffer);
      // hyparquet reads ahead, and forgets what it has asked for once another read has failed.
      read.catch(() => {});
      return read;
    },
  };
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  annotateDecimals(metadata);
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows)) {
    throw formatError(name, `its footer says ${metadata.num_rows} rows, its row groups ${rows}`);
  }
  const fields = parquetSchema(metadata).children.map((field) => ({
    name: field.element.name,
    type: typeName(field),
    dtype: dtypeOf(field),
    scale: annotation(field.element) === "decimal" ? (field.element.scale ?? 0) : 0,
    numeric: dtypeOf(field) !== undefined,
  }));
  const columns = selectColumns(name, fields, wanted).map((place) => ({
    name: fields[place]!.name,
    dtype: fields[place]!.dtype!,
    scale: fields[place]!.scale,
  }));
  return batchSource(
    name,
    { columns, rows },
    () => readBatches(name, file, metadata, columns),
    () => bytes.close(),
  );
}

/**
 * The numeric columns of a Parquet file, nulls left out: integers to their exact type,
 * booleans as uint8, decimals as float64, float16 as float32.
 * Throws ERR_FORMAT, ERR_COLUMN; its batches, ERR_FORMAT for damaged pages.
 */
export async function openParquet(bytes: Bytes, options: OpenOptions): Promise<BatchSource> {
  try {
    return await openColumns(bytes, options.columns);
  } catch (error) {
    // hyparquet throws plain errors, and what it makes of damage may lack any part.
    throw decodeError(bytes.name, "Parquet", error);
  }
}
