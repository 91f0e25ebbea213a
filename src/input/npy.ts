// NumPy's .npy files. A whole array is reduced in the order in which its
// elements are stored: for a Fortran-ordered array that is column by column, so
// argmin and argmax give places in the file, not places in C order.

import { type ByteStream, type FileBytes, formatError, readBytes } from "./bytes.js";
import { NPY_PREFIX, npyOffset, parseNpyHeader } from "./npy/header.js";
import { streamSource } from "./raw.js";
import type { Source } from "./source.js";

/**
 * The array in a file, as one segment; in a stream, as batches. What follows the array is
 * left alone, as NumPy leaves it. Throws ERR_FORMAT, ERR_DTYPE.
 */
export async function openNpy(input: FileBytes | ByteStream): Promise<Source> {
  const { name } = input;
  if (!("fd" in input)) {
    const offset = npyOffset(name, await input.peek(NPY_PREFIX));
    const { dtype, swap, length } = parseNpyHeader(name, await input.peek(offset));
    await input.take(offset);
    return streamSource(input, dtype, swap, length);
  }
  const { fd, size } = input;
  const offset = npyOffset(name, await readBytes(input, 0, Math.min(NPY_PREFIX, size)));
  const head = await readBytes(input, 0, Math.min(offset, size));
  const { dtype, swap, length, shape } = parseNpyHeader(name, head);
  const claimed = length * dtype.size;
  if (claimed > size - offset) {
    throw formatError(
      name,
      `truncated: its header claims ${length} elements of ${dtype.name}, shape ` +
        `(${shape.join(", ")}), which take ${claimed} bytes; it has ${size - offset} of them`,
    );
  }
  const segment = { path: name, fd, offset, length, swap };
  return { kind: "segments", dtype, segments: [segment], length, close: () => input.close() };
}
