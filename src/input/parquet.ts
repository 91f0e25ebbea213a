// Parquet files. hyparquet reads the footer and the schema; the pages of the
// selected columns are read here, page by page, straight into typed arrays.
//
// hyparquet 1.31.5 has a column reader too, but it makes a bigint of each int64
// (0.42 s for a column of 3 million that takes 0.09 s here), keeps a row group
// in memory, and lets a wrong run length in a page grow an array until the
// process dies, which cannot be caught.

import type { FileMetaData, RowGroup, SchemaTree } from "hyparquet";
import type { TypedArray } from "../operators/dtype.js";
import { type Bytes, decodeError, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { selectColumns } from "./columns.js";
import { Elements } from "./elements.js";
import { ColumnReader } from "./parquet/column.js";
import { type NumericType, numericType, typeName } from "./parquet/type.js";

import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";

const MAGIC = 0x31524150;
const ENCRYPTED = 0x45524150;
/** Behind the footer: its length u32, and the magic. */
const TAIL = 8;

async function checkTail(bytes: Bytes): Promise<void> {
  const { name, size } = bytes;
  if (size < TAIL + 4) throw formatError(name, `is no Parquet file: it has ${size} bytes`);
  const tail = new DataView((await readBytes(bytes, size - TAIL, TAIL)).buffer);
  const magic = tail.getUint32(4, true);
  if (magic === ENCRYPTED) throw formatError(name, "its footer is encrypted: decrypt it first");
  if (magic !== MAGIC) {
    throw formatError(name, "truncated, or no Parquet file: it does not end with PAR1");
  }
  const length = tail.getUint32(0, true);
  if (length > size - TAIL - 4) {
    throw formatError(name, `its footer claims ${length} bytes, the file has ${size}`);
  }
}

async function readMetadata(bytes: Bytes): Promise<{ metadata: FileMetaData; schema: SchemaTree }> {
  const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
  const { size } = bytes;
  const slice = async (start: number, end = size) =>
    (await readBytes(bytes, start, end - start)).buffer;
  const metadata = await parquetMetadataAsync({ byteLength: size, slice }, { geoparquet: false });
  return { metadata, schema: parquetSchema(metadata) };
}

/** Leaves of the schema: as many column chunks does a row group have for it. */
const leaves = ({ children }: SchemaTree): number =>
  children.length === 0 ? 1 : children.reduce((sum, child) => sum + leaves(child), 0);

/** The chunk of a column in each row group that has rows. Throws ERR_FORMAT. */
function chunksOf(name: string, groups: readonly RowGroup[], column: string, leaf: number) {
  return groups
    .filter((group) => group.num_rows > 0n)
    .map((group) => {
      const chunk = group.columns[leaf];
      const meta = chunk?.meta_data;
      const quoted = JSON.stringify(column);
      if (chunk?.crypto_metadata !== undefined) {
        throw formatError(name, `its column ${quoted} is encrypted`);
      }
      if (chunk?.file_path) {
        throw formatError(name, `its column ${quoted} lies in another file, ${chunk.file_path}`);
      }
      if (meta?.path_in_schema[0] !== column || meta.num_values !== group.num_rows) {
        throw formatError(
          name,
          `a row group does not have the column ${quoted} as the schema says`,
        );
      }
      return meta;
    });
}

/** A selected column. */
interface Selected {
  readonly type: NumericType;
  readonly reader: ColumnReader;
}

async function* readBatches(
  name: string,
  rows: number,
  columns: readonly Selected[],
  order: readonly number[],
): AsyncGenerator<Batch> {
  for (let done = 0; done < rows; done += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - done);
    const taken: TypedArray[] = [];
    try {
      for (const { type, reader } of columns) {
        const elements = new Elements(n, type.width);
        const count = await reader.fill(n, elements);
        taken.push(type.finish(elements, count));
      }
    } catch (error) {
      throw decodeError(name, "Parquet", error);
    }
    const values = order.map((i) => taken[i]!);
    yield { rows: n, values, nulls: values.map((array) => n - array.length) };
  }
}

/** Rows of the file. Throws ERR_FORMAT if its row groups have others in sum. */
function countRows(name: string, { num_rows, row_groups }: FileMetaData): number {
  const sum = row_groups.reduce((rows, group) => rows + group.num_rows, 0n);
  const negative = row_groups.some((group) => group.num_rows < 0n);
  if (sum === num_rows && !negative && sum <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(sum);
  throw formatError(name, `its footer says ${num_rows} rows, its row groups have ${sum}`);
}

async function openColumns(bytes: Bytes, wanted: readonly string[]): Promise<BatchSource> {
  const { name, size } = bytes;
  await checkTail(bytes);
  const { metadata, schema } = await readMetadata(bytes);
  const rows = countRows(name, metadata);
  const fields = schema.children.map((field) => ({
    name: field.element.name,
    type: typeName(field),
    numeric: numericType(field) !== undefined,
    field,
  }));
  const selected = selectColumns(name, fields, wanted);
  const places = [...new Set(selected)];
  const end = size - TAIL - metadata.metadata_length;
  const columns = places.map((place): Selected => {
    const column = fields[place]!;
    const type = numericType(column.field)!;
    const leaf = schema.children.slice(0, place).reduce((sum, field) => sum + leaves(field), 0);
    const chunks = chunksOf(name, metadata.row_groups, column.name, leaf);
    return { type, reader: new ColumnReader(bytes, type, chunks, end) };
  });
  const order = selected.map((place) => places.indexOf(place));
  const told = order.map((i, k) => ({
    name: fields[selected[k]!]!.name,
    dtype: columns[i]!.type.dtype,
  }));
  return batchSource(
    name,
    { columns: told, rows },
    () => readBatches(name, rows, columns, order),
    () => bytes.close(),
  );
}

/**
 * The numeric columns of a Parquet file, nulls left out: integers to their exact type,
 * booleans as uint8, decimals to the nearest float64. Throws ERR_FORMAT, ERR_COLUMN; its
 * batches, ERR_FORMAT for damaged pages.
 */
export async function openParquet(bytes: Bytes, options: OpenOptions): Promise<BatchSource> {
  try {
    return await openColumns(bytes, options.columns);
  } catch (error) {
    // hyparquet throws plain errors, and what it makes of damage may lack any part.
    throw decodeError(bytes.name, "Parquet", error);
  }
}
