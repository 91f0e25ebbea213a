// Reads elements of a file into memory, shared or not. Synchronous, and called
// by worker threads: file descriptors belong to the process, so any thread may
// read from any of them at any place.

import { readSync } from "node:fs";
import { RingfoldError } from "../errors.js";

/** A run of numbers that lies in a seekable file as it lies in memory. */
export interface FileRun {
  readonly path: string;
  readonly fd: number;
  /** Bytes from the start of the file to the first element. */
  readonly offset: number;
  /** Elements. */
  readonly length: number;
  /** True if the file's byte order is not this machine's. */
  readonly swap: boolean;
}

/** `fs.readSync`, or what stands in for it. */
export type ReadSync = (
  fd: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => number;

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
 * Fills the start of `dest` with `count` elements of the run from element `first` on, in this
 * machine's byte order. Throws ERR_INPUT_CHANGED if the file has become too short for that,
 * ERR_FILE if it cannot be read.
 */
export function readRun(
  { path, fd, offset, swap }: FileRun,
  first: number,
  count: number,
  itemSize: number,
  dest: Uint8Array,
  read: ReadSync = readSync,
): void {
  const start = offset + first * itemSize;
  const bytes = count * itemSize;
  for (let done = 0; done < bytes; ) {
    let got: number;
    try {
      got = read(fd, dest, done, Math.min(bytes - done, MAX_READ), start + done);
    } catch (cause) {
      throw new RingfoldError("ERR_FILE", `${path}: cannot be read: ${String(cause)}`, { cause });
    }
    if (got === 0) {
      throw new RingfoldError(
        "ERR_INPUT_CHANGED",
        `${path}: shrank while it was being read: expected ${bytes} bytes at ${start}, got ${done}`,
      );
    }
    done += got;
  }
  if (swap) swapBytes(dest.subarray(0, bytes), itemSize);
}
