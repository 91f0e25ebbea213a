// Headerless binary: the elements, one after the other, in this machine's byte
// order. From a file they are one segment; from a stream, batches.

import { swapBytes } from "../engine/fetch.js";
import { type DtypeInfo, dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { type ByteStream, type FileBytes, formatError } from "./bytes.js";
import { batchSource } from "./closable.js";
import { decodeFloat16 } from "./float16.js";
import { BATCH_ROWS, type Batch, type BatchSource, NO_NULLS, type Source } from "./source.js";

/**
 * The dtype of a batch whose elements are `dtype` in the file: float16 becomes float32
 * where the runtime has no array for it.
 */
export function batchDtype(dtype: DtypeInfo): DtypeInfo {
  return dtype.array === undefined ? dtypeInfo("float32") : dtype;
}

/** Elements as they lie in a file, as an array of `batchDtype(dtype)`. */
export function toArray(bytes: Uint8Array<ArrayBuffer>, dtype: DtypeInfo): TypedArray {
  const { buffer, byteOffset, byteLength } = bytes;
  const length = byteLength / dtype.size;
  if (dtype.array !== undefined) return new dtype.array(buffer, byteOffset, length);
  return decodeFloat16(new Uint16Array(buffer, byteOffset, length));
}

function checkRemainder(name: string, bytes: number, { name: dtype, size }: DtypeInfo): void {
  const remainder = bytes % size;
  if (remainder === 0) return;
  throw formatError(
    name,
    `${bytes} bytes are not a whole number of ${dtype}: ${remainder} are left over; ` +
      "check --dtype, and that the file is complete",
  );
}

async function* streamBatches(
  stream: ByteStream,
  dtype: DtypeInfo,
  swap: boolean,
  length: number | undefined,
): AsyncGenerator<Batch> {
  const { size } = dtype;
  const limit = length === undefined ? Infinity : length * size;
  let total = 0;
  while (total < limit) {
    const want = Math.min(BATCH_ROWS * size, limit - total);
    const got = (await stream.peek(want)).length;
    if (got === 0) break;
    total += got;
    if (got < want) checkRemainder(stream.name, total, dtype);
    // A copy: aligned, and the receiver's own. (A Buffer's `slice` would be a view.)
    const bytes = new Uint8Array(await stream.take(got));
    if (swap) swapBytes(bytes, size);
    yield { rows: got / size, values: [toArray(bytes, dtype)], nulls: [NO_NULLS] };
  }
  if (length !== undefined && total < limit) {
    throw formatError(
      stream.name,
      `truncated: its header claims ${length} elements of ${dtype.name}, it has ${total / size}`,
    );
  }
}

/** The elements of a stream: `length` of them, or as many as there are. */
export function streamSource(
  stream: ByteStream,
  dtype: DtypeInfo,
  swap: boolean,
  length: number | undefined,
): BatchSource {
  return batchSource(
    stream.name,
    { columns: [{ name: "", dtype: batchDtype(dtype) }], rows: length },
    () => streamBatches(stream, dtype, swap, length),
    () => stream.close(),
  );
}

/** Throws ERR_FORMAT if a file's size is not a multiple of the element's. */
export function openRaw(input: FileBytes | ByteStream, dtype: DtypeInfo): Source {
  if (!("fd" in input)) return streamSource(input, dtype, false, undefined);
  const { name, fd, size } = input;
  checkRemainder(name, size, dtype);
  const length = size / dtype.size;
  const segment = { path: name, fd, offset: 0, length, swap: false };
  return { kind: "segments", dtype, segments: [segment], length, close: () => input.close() };
}
