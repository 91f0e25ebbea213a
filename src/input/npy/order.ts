// Elements of an .npy file in another order than that in which they are stored: one column of two
// dimensions, or all in C order (the last index runs fastest) where the file has Fortran's (the
// first does). NumPy numbers elements in C order, and its flat views have it.

import { RingfoldError } from "../../errors.js";
import type { DtypeInfo } from "../../operators/dtype.js";
import { toArray } from "../raw.js";
import { BATCH_ROWS, type Batch, NO_NULLS } from "../source.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** `count` elements as they are stored, from the one at `first` on, in this machine's byte order. */
export type Elements = (first: number, count: number) => Promise<Bytes>;

/** Bytes that are read at once where they lie together. */
const READ = 1 << 20;
/** Bytes of one panel of rows, unless those are so long that it has fewer than 64. */
const PANEL = 1 << 28;
const LEAST_ROWS = 64;

/** Copies elements by their bits: four bytes at a time, or fewer. */
function copier(size: number) {
  const unit = Math.min(size, 4);
  const Words = unit === 4 ? Uint32Array : unit === 2 ? Uint16Array : Uint8Array;
  const words = size / unit;
  const wordsOf = (bytes: Bytes) =>
    new Words(bytes.buffer, bytes.byteOffset, bytes.byteLength / unit);
  /** n elements from `at` on, `step` apart, to `to` and so on, `stride` apart. */
  return (
    source: Bytes,
    at: number,
    step: number,
    n: number,
    dest: Bytes,
    to: number,
    stride: number,
  ) => {
    const from = wordsOf(source);
    const into = wordsOf(dest);
    for (let i = 0; i < n; i++) {
      const s = (at + i * step) * words;
      const d = (to + i * stride) * words;
      for (let w = 0; w < words; w++) into[d + w] = from[s + w]!;
    }
  };
}

function allocate(bytes: number): Bytes {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new RingfoldError(
      "ERR_MEMORY",
      `${bytes} bytes cannot be had at once, which bring elements into C order: save the array in ` +
        "that order, np.ascontiguousarray(x)",
      { cause },
    );
  }
}

const batchOf = (dtype: DtypeInfo, columns: readonly Bytes[]): Batch => ({
  rows: columns[0]!.length / dtype.size,
  values: columns.map((bytes) => toArray(bytes, dtype)),
  nulls: columns.map(() => NO_NULLS),
});

/** Columns of two dimensions, by their places, side by side. */
export async function* columnBatches(
  elements: Elements,
  dtype: DtypeInfo,
  [rows, width]: readonly [number, number],
  fortran: boolean,
  places: readonly number[],
): AsyncGenerator<Batch> {
  const { size } = dtype;
  const copy = copier(size);
  const most = Math.max(1, Math.floor(READ / (width * size)));
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const n = Math.min(BATCH_ROWS, rows - first);
    const columns: Bytes[] = [];
    if (fortran) {
      for (const place of places) columns.push(await elements(place * rows + first, n));
    } else {
      for (const _ of places) columns.push(allocate(n * size));
      for (let done = 0; done < n; done += most) {
        const some = Math.min(most, n - done);
        const read = await elements((first + done) * width, some * width);
        for (const [c, place] of places.entries()) {
          copy(read, place, width, some, columns[c]!, done, 1);
        }
      }
    }
    yield batchOf(dtype, columns);
  }
}

/**
 * All elements in C order, of an array that is stored in Fortran's: panel by panel of its first
 * dimension, along which elements lie together.
 */
export async function* inCOrder(
  elements: Elements,
  dtype: DtypeInfo,
  shape: readonly number[],
): AsyncGenerator<Batch> {
  const { size } = dtype;
  const copy = copier(size);
  const [rows, ...others] = shape as [number, ...number[]];
  const width = others.reduce((product, length) => product * length, 1);
  const most = Math.max(LEAST_ROWS, Math.floor(PANEL / (width * size)));
  for (let first = 0; first < rows && width > 0; first += most) {
    const n = Math.min(most, rows - first);
    const panel = allocate(n * width * size);
    // Whole columns lie one behind the other.
    const together = n === rows ? Math.max(1, Math.floor(READ / (n * size))) : 1;
    const index = others.map(() => 0);
    for (let column = 0; column < width; column += together) {
      const some = Math.min(together, width - column);
      const read = await elements(column * rows + first, n === rows ? some * n : n);
      for (let k = 0; k < some; k++) {
        const place = index.reduce((at, i, axis) => at * others[axis]! + i, 0);
        copy(read, k * n, 1, n, panel, place, width);
        advance(index, others);
      }
    }
    for (let at = 0; at < panel.length; at += BATCH_ROWS * size) {
      yield batchOf(dtype, [panel.subarray(at, at + BATCH_ROWS * size)]);
    }
  }
}

/** The next index, the first of which runs fastest. */
function advance(index: number[], shape: readonly number[]): void {
  for (let axis = 0; axis < index.length; axis++) {
    index[axis]!++;
    if (index[axis]! < shape[axis]!) return;
    index[axis] = 0;
  }
}
