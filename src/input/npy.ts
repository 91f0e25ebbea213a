// NumPy's .npy files. A whole array is reduced in the order in which its
// elements are stored, which for a Fortran-ordered one is column by column, unless
// the order matters: then in NumPy's, C order.

import { readRun, swapBytes } from "../engine/fetch.js";
import { RingfoldError } from "../errors.js";
import { type ByteStream, type FileBytes, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { selectColumns } from "./columns.js";
import { NPY_PREFIX, type NpyHeader, npyOffset, parseNpyHeader } from "./npy/header.js";
import { columnBatches, type Elements, inCOrder } from "./npy/order.js";
import { batchDtype, streamSource } from "./raw.js";
import type { OpenOptions, Source } from "./source.js";

/** Columns that are told apart by name and place: more are not a table's. */
const MOST_COLUMNS = 65_536;

const shown = ({ shape }: NpyHeader): string => `(${shape.join(", ")})`;

async function readHeader(input: FileBytes | ByteStream): Promise<NpyHeader> {
  const { name } = input;
  if (!("fd" in input)) {
    const offset = npyOffset(name, await input.peek(NPY_PREFIX));
    const header = parseNpyHeader(name, await input.peek(offset));
    await input.take(offset);
    return header;
  }
  const { size } = input;
  const offset = npyOffset(name, await readBytes(input, 0, Math.min(NPY_PREFIX, size)));
  const header = parseNpyHeader(name, await readBytes(input, 0, Math.min(offset, size)));
  const { length, dtype } = header;
  const claimed = length * dtype.size;
  if (claimed > size - offset) {
    throw formatError(
      name,
      `truncated: its header claims ${length} elements of ${dtype.name}, shape ` +
        `${shown(header)}, which take ${claimed} bytes; it has ${size - offset} of them`,
    );
  }
  return header;
}

const segmentOf = ({ name, fd }: FileBytes, { offset, length, swap }: NpyHeader) => ({
  path: name,
  fd,
  offset,
  length,
  swap,
});

/** From a stream, in order only, unless it is Fortran's: then all of it is read first. */
function elementsOf(input: FileBytes | ByteStream, header: NpyHeader): Elements {
  const { dtype, swap, fortran, length } = header;
  const { size } = dtype;
  if ("fd" in input) {
    const segment = segmentOf(input, header);
    return async (first, count) => {
      const bytes = new Uint8Array(count * size);
      readRun(segment, first, count, size, bytes);
      return bytes;
    };
  }
  const take = async (count: number) => {
    const bytes = new Uint8Array(await input.take(count * size));
    if (swap) swapBytes(bytes, size);
    return bytes;
  };
  if (!fortran) return (_, count) => take(count);
  let whole: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return async (first, count) => {
    whole ??= take(length);
    return (await whole).slice(first * size, (first + count) * size);
  };
}

function placesOf(name: string, header: NpyHeader, columns: readonly string[]): number[] {
  const { shape, dtype } = header;
  const [, width = 0] = shape;
  const fail = (problem: string) =>
    new RingfoldError("ERR_COLUMN", `${name}: is one array, ${problem}`);
  if (shape.length < 2) {
    throw fail(`without columns: leave out the column ${JSON.stringify(columns[0])}`);
  }
  if (shape.length > 2 || width > MOST_COLUMNS) {
    throw fail(
      `of shape ${shown(header)}: columns are of two dimensions, at most ${MOST_COLUMNS}; save ` +
        "what is meant, as x[:, 0]",
    );
  }
  const type = dtype.name;
  const candidates = Array.from({ length: width }, (_, i) => ({
    name: `${i}`,
    type,
    numeric: true,
  }));
  return selectColumns(name, candidates, columns);
}

/**
 * The array in a file, as one segment; in a stream, as batches. Columns of two dimensions, by their
 * places from 0, and what has to be put in order, are batches. What follows the array is left alone,
 * as NumPy leaves it. Throws ERR_FORMAT, ERR_DTYPE, ERR_COLUMN; batches, ERR_MEMORY.
 */
export async function openNpy(
  input: FileBytes | ByteStream,
  { columns, ordered, note }: OpenOptions,
): Promise<Source> {
  const { name } = input;
  const header = await readHeader(input);
  const { dtype, swap, fortran, shape, length } = header;
  const close = () => input.close();
  if (columns.length > 0) {
    const places = placesOf(name, header, columns);
    const found = places.map((place) => ({ name: `${place}`, dtype: batchDtype(dtype) }));
    const size = shape as unknown as readonly [number, number];
    const batches = () => columnBatches(elementsOf(input, header), dtype, size, fortran, places);
    return batchSource(name, { columns: found, rows: size[0] }, batches, close);
  }
  const isFlat = shape.filter((dimension) => dimension > 1).length < 2;
  if (!isFlat && length > 0) {
    const hint = shape.length === 2 ? "; --column picks a column of it" : "";
    note?.(`${name}: all ${length} elements of shape ${shown(header)} are reduced as one${hint}`);
  }
  if (fortran && ordered === true && !isFlat) {
    const batches = () => inCOrder(elementsOf(input, header), dtype, shape);
    const found = [{ name: "", dtype: batchDtype(dtype) }];
    return batchSource(name, { columns: found, rows: length }, batches, close);
  }
  if (!("fd" in input)) return streamSource(input, dtype, swap, length);
  return { kind: "segments", dtype, segments: [segmentOf(input, header)], length, close };
}
