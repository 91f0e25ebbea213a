// Parquet columns by hyparquet, row group by row group. A selected column's row
// group is decoded whole, so memory is bounded by the largest row group.

import type { AsyncBuffer, FileMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { integerAt, narrow } from "../operators/decimal.js";
import { type Dtype, type DtypeInfo, dtypeInfo } from "../operators/dtype.js";
import { type Bytes, decodeError, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { parquetCodecs } from "./codec.js";
import { selectColumns } from "./columns.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";
import { readUint32 } from "./uint32.js";
import { batchOf, checkScale, type Kind, partsOf } from "./values.js";

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

/** Digits behind the point, by the newer of two annotations. */
const scaleOf = ({ logical_type: logical, scale = 0 }: SchemaElement): number =>
  logical?.type === "DECIMAL" ? logical.scale : scale;

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

interface Column extends Kind {
  readonly name: string;
  /** The file's root, and the column. */
  readonly path: readonly [SchemaTree, SchemaTree];
}

/** hyparquet would make floats of decimals: without their annotation they stay what is stored. */
function stripDecimals({ schema }: FileMetaData): void {
  for (const element of schema) {
    if (annotation(element) !== "decimal") continue;
    delete element.logical_type;
    delete element.converted_type;
  }
}

/** The integers of decimals, however they are stored; nulls stay. */
function unscaled(values: ArrayLike<unknown>): (number | bigint | null)[] {
  const found = new Array<number | bigint | null>(values.length);
  for (let i = 0; i < found.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) found[i] = null;
    else if (value instanceof Uint8Array) found[i] = integerAt(value, 0, value.length, true);
    else found[i] = narrow(value as number | bigint);
  }
  return found;
}

/** The values of one column in a row group, nulls among them, in order. */
async function readGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  { name, dtype, scale, path }: Column,
  group: number,
  start: number,
): Promise<ArrayLike<unknown>[]> {
  const compressors = await parquetCodecs();
  const { columns, num_rows } = metadata.row_groups[group]!;
  if (dtype.name === "uint32") {
    const found = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
    if (!found?.meta_data || found.file_path) throw new Error("its columns lie in other files");
    return readUint32(file, path, found.meta_data, compressors);
  }
  const { parquetRead } = await import("hyparquet");
  const chunks: { rowStart: number; data: ArrayLike<unknown> }[] = [];
  await parquetRead({
    file,
    metadata,
    columns: [name],
    rowStart: start,
    rowEnd: start + Number(num_rows),
    compressors,
    // Bytes of decimals are no text.
    utf8: false,
    // Chunks come in whatever order their pages were decoded.
    onChunk: ({ rowStart, columnData }) => chunks.push({ rowStart, data: columnData }),
  });
  const found = chunks.sort((a, b) => a.rowStart - b.rowStart).map(({ data }) => data);
  return scale === undefined ? found : found.map(unscaled);
}

async function* readBatches(
  name: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly Column[],
): AsyncGenerator<Batch> {
  let start = 0;
  for (const [i, group] of metadata.row_groups.entries()) {
    const end = start + Number(group.num_rows);
    try {
      const cursors = [];
      for (const column of columns) {
        cursors.push(partsOf(column, await readGroup(file, metadata, column, i, start)));
      }
      for (let at = start; at < end; at += BATCH_ROWS) {
        const rows = Math.min(BATCH_ROWS, end - at);
        const parts = cursors.map((next) => next(rows));
        yield batchOf(rows, parts);
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
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows)) {
    throw formatError(name, `its footer says ${metadata.num_rows} rows, its row groups ${rows}`);
  }
  const root = parquetSchema(metadata);
  const fields = root.children.map((field) => ({
    path: [root, field] as const,
    name: field.element.name,
    type: typeName(field),
    dtype: dtypeOf(field),
    scale: annotation(field.element) === "decimal" ? scaleOf(field.element) : undefined,
    numeric: dtypeOf(field) !== undefined,
  }));
  const columns = selectColumns(name, fields, wanted).map((place) => {
    const { dtype, ...field } = fields[place]!;
    if (field.scale !== undefined) checkScale(name, field.name, field.scale);
    return { ...field, dtype: dtype! };
  });
  stripDecimals(metadata);
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
