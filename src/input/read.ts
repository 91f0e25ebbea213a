// Reads elements of a segment into memory. Synchronous, and called by worker
// threads: file descriptors belong to the process, so any thread may read from
// any of them at any place. `fs` is handed in, so that this module also loads
// where there is none.

import { RingfoldError } from "../errors.js";
import type { Segment } from "./source.js";

/** As much of node:fs as is needed. */
export interface ReadSync {
  readSync(
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
}

/** One call to the system reads less than 2 GiB. */
const MAX_READ = 1 << 30;

/**
 * Reverses the bytes of each element, in place. A Buffer over the same memory, shared or
 * not, does it at 25 to 50 GB/s; a loop over words, at 4.
 */
export function swapBytes(bytes: Uint8Array, itemSize: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (itemSize === 2) buffer.swap16();
  else if (itemSize === 4) buffer.swap32();
  else if (itemSize === 8) buffer.swap64();
}

/**
 * Fills the start of `dest`, which may be shared memory, with `count` elements of the
 * segment from `firstElement` on, in this machine's byte order. Throws ERR_INPUT_CHANGED if
 * the file has become too short for that, ERR_FILE if it cannot be read.
 */
export function readSegmentInto(
  segment: Segment,
  firstElement: number,
  count: number,
  itemSize: number,
  dest: Uint8Array,
  fs: ReadSync,
): void {
  const { path, fd, offset, swap } = segment;
  const start = offset + firstElement * itemSize;
  const bytes = count * itemSize;
  for (let done = 0; done < bytes; ) {
    let read: number;
    try {
      read = fs.readSync(fd, dest, done, Math.min(bytes - done, MAX_READ), start + done);
    } catch (cause) {
      throw new RingfoldError("ERR_FILE", `${path}: cannot be read: ${String(cause)}`, { cause });
    }
    if (read === 0) {
      throw new RingfoldError(
        "ERR_INPUT_CHANGED",
        `${path}: shrank while it was being read: expected ${bytes} bytes at ${start}, got ${done}`,
      );
    }
    done += read;
  }
  if (swap) swapBytes(dest.subarray(0, bytes), itemSize);
}
