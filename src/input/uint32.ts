// Parquet columns of uint32, page by page. hyparquet (1.31.5, 1.33.0) takes the first value of a
// DELTA_BINARY_PACKED page of INT32 for one of 32 bits. DuckDB writes the unsigned one, which has 33
// with its sign, so that all values of such a page were 2^31 off. The decoder of INT64 has room for
// it: these pages are read as such, and the low 32 bits are the values.

import type { AsyncBuffer, ColumnMetaData, Compressors, SchemaTree } from "hyparquet";

function low(value: unknown): number | null {
  if (typeof value === "bigint") return Number(BigInt.asUintN(32, value));
  return typeof value === "number" ? value >>> 0 : null;
}

/**
 * The values of a column in one row group, nulls among them, in order. `path`: the file's root and
 * the column.
 */
export async function readUint32(
  file: AsyncBuffer,
  path: readonly [SchemaTree, SchemaTree],
  meta: ColumnMetaData,
  compressors: Compressors,
): Promise<ArrayLike<unknown>[]> {
  const { parquetHeader, readPage } = await import("hyparquet/src/column.js");
  const { type, codec, dictionary_page_offset, data_page_offset, path_in_schema } = meta;
  const start = Number(dictionary_page_offset || data_page_offset);
  const end = start + Number(meta.total_compressed_size);
  const reader = { view: new DataView(await file.slice(start, end)), offset: 0 };
  const { converted_type: _, logical_type: __, ...element } = path[1].element;
  const plain = {
    pathInSchema: path_in_schema,
    type,
    element,
    schemaPath: [...path],
    codec,
    compressors,
    // Without an annotation, values stay what they are.
    parsers: {} as Parameters<typeof readPage>[2]["parsers"],
  };
  const pages: ArrayLike<unknown>[] = [];
  let dictionary: Parameters<typeof readPage>[3];
  for (let left = Number(meta.num_values); left > 0; ) {
    const header = parquetHeader(reader);
    const { encoding } = header.data_page_header ?? header.data_page_header_v2 ?? {};
    const decoder =
      encoding === "DELTA_BINARY_PACKED" ? { ...plain, type: "INT64" as const } : plain;
    const { data } = readPage(reader, header, decoder, dictionary, undefined, 0);
    if (header.type === "DICTIONARY_PAGE") {
      dictionary = data;
      continue;
    }
    const found = (data ?? []) as ArrayLike<unknown>;
    const values = new Array<number | null>(found.length);
    for (let i = 0; i < values.length; i++) values[i] = low(found[i]);
    left -= values.length;
    pages.push(values);
  }
  return pages;
}
