// Where bytes come from: a place that can be read anywhere (`Bytes`: a file, a
// buffer) or a stream that can be read once (`ByteStream`: a pipe, standard
// input). Whatever goes wrong below is given its code here.
//
// Lengths that a file claims are checked against its size, or against what has
// arrived, before anything of that length is allocated.

import * as fs from "node:fs";
import { promisify } from "node:util";
import { RingfoldError } from "../errors.js";

const openAsync = promisify(fs.open);
const fstatAsync = promisify(fs.fstat);
const readAsync = promisify(fs.read);

/** Bytes read from a file at once where it is read from end to end. */
const CHUNK = 1 << 20;

const REMEDY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; check the spelling and the folder",
  EACCES: "reading it is not permitted; check its permissions",
  EISDIR: "it is a folder; name the files in it",
  EMFILE: "too many files are open; give fewer at once, or raise the limit, as by `ulimit -n 1024`",
};

/** ERR_FILE for what the operating system said, with the remedy where there is one. */
export function fileError(name: string, cause: unknown): RingfoldError {
  if (cause instanceof RingfoldError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const told = REMEDY[code ?? ""] ?? message;
  return new RingfoldError("ERR_FILE", `${name}: cannot be read: ${told}`, { cause });
}

export function formatError(name: string, problem: string, cause?: unknown): RingfoldError {
  return new RingfoldError(
    "ERR_FORMAT",
    `${name}: ${problem}`,
    cause === undefined ? {} : { cause },
  );
}

/** What a decoder threw: passed on if it has a code, else the file's bytes are to blame. */
export function decodeError(name: string, format: string, cause: unknown): RingfoldError {
  if (cause instanceof RingfoldError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return formatError(name, `its ${format} data is damaged, or not supported: ${why}`, cause);
}

export function closedError(name: string): RingfoldError {
  return new RingfoldError("ERR_CLOSED", `${name}: was closed while it was being read`);
}

/** Bytes that can be read at any place, any number of times. */
export interface Bytes {
  readonly name: string;
  readonly size: number;
  /**
   * Fills `dest` from `position` on. Throws ERR_FORMAT if the bytes end before, ERR_FILE,
   * ERR_INPUT_CHANGED if the file has shrunk, ERR_CLOSED.
   */
  readInto(dest: Uint8Array, position: number): Promise<void>;
  close(): void;
}

function checkRange({ name, size }: Bytes, position: number, length: number): void {
  if (position >= 0 && length >= 0 && position + length <= size) return;
  throw formatError(
    name,
    `truncated: ${length} bytes are expected at byte ${position}, but it ends at ${size}`,
  );
}

/** `length` bytes at `position`, in a buffer of their own; nothing is allocated beyond the end. */
export async function readBytes(bytes: Bytes, position: number, length: number) {
  checkRange(bytes, position, length);
  const dest = new Uint8Array(length);
  await bytes.readInto(dest, position);
  return dest;
}

export class BufferBytes implements Bytes {
  readonly name: string;
  readonly #buffer: Uint8Array;
  readonly #onClose: () => void;
  #closed = false;

  constructor(name: string, buffer: Uint8Array, onClose: () => void = () => {}) {
    this.name = name;
    this.#buffer = buffer;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#buffer.length;
  }

  async readInto(dest: Uint8Array, position: number): Promise<void> {
    if (this.#closed) throw closedError(this.name);
    checkRange(this, position, dest.length);
    dest.set(this.#buffer.subarray(position, position + dest.length));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}

export class FileBytes implements Bytes {
  readonly name: string;
  readonly fd: number;
  readonly size: number;
  #closed = false;
  /** Reads under way: the descriptor must outlive them, since its number is soon another's. */
  #reading = 0;

  constructor(name: string, fd: number, size: number) {
    this.name = name;
    this.fd = fd;
    this.size = size;
  }

  async readInto(dest: Uint8Array, position: number): Promise<void> {
    checkRange(this, position, dest.length);
    let done = 0;
    while (done < dest.length) {
      const read = await this.#read(dest, done, position + done);
      if (read === 0) {
        throw new RingfoldError(
          "ERR_INPUT_CHANGED",
          `${this.name}: shrank while it was being read: it had ${this.size} bytes, ` +
            `now it ends at ${position + done}`,
        );
      }
      done += read;
    }
  }

  #read(dest: Uint8Array, offset: number, position: number): Promise<number> {
    if (this.#closed) return Promise.reject(closedError(this.name));
    const length = Math.min(dest.length - offset, 1 << 30);
    this.#reading++;
    return new Promise((resolve, reject) => {
      fs.read(this.fd, dest, offset, length, position, (error, read) => {
        this.#reading--;
        if (this.#closed) this.#release();
        if (error === null) resolve(read);
        else reject(fileError(this.name, error));
      });
    });
  }

  #release(): void {
    if (this.#reading === 0) fs.closeSync(this.fd);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  /** The file from start to end; the next chunk is read while the last is in use. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const chunkAt = (position: number) => {
      const chunk = readBytes(this, position, Math.min(CHUNK, this.size - position));
      chunk.catch(() => {}); // Reported where it is awaited, if it ever is.
      return chunk;
    };
    let next = chunkAt(0);
    for (let position = 0; position < this.size; ) {
      const chunk = await next;
      position += chunk.length;
      next = chunkAt(position);
      yield chunk;
    }
  }
}

/** Joins chunks; the one chunk itself if there is only one. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Bytes that arrive in order and can be read once. */
export class ByteStream {
  readonly name: string;
  readonly #source: AsyncIterator<Uint8Array>;
  /** Arrived, not yet given out. */
  #held: Uint8Array[] = [];
  #ended = false;
  #closed = false;
  readonly #onClose: () => void;

  constructor(name: string, source: AsyncIterable<Uint8Array>, onClose: () => void = () => {}) {
    this.name = name;
    this.#source = source[Symbol.asyncIterator]();
    this.#onClose = onClose;
  }

  /** The next chunk from below; false at the end. */
  async #pull(): Promise<boolean> {
    if (this.#closed) throw closedError(this.name);
    if (this.#ended) return false;
    try {
      const { done, value } = await this.#source.next();
      this.#ended = done === true;
      if (!this.#ended && value !== undefined) this.#held.push(value);
    } catch (error) {
      throw this.#closed ? closedError(this.name) : fileError(this.name, error);
    }
    return !this.#ended;
  }

  /** The first `length` bytes that are left, fewer only at the end; they stay. */
  async peek(length: number): Promise<Uint8Array> {
    let held = this.#held.reduce((sum, chunk) => sum + chunk.length, 0);
    while (held < length && (await this.#pull())) held += this.#held.at(-1)!.length;
    const whole = concat(this.#held);
    this.#held = whole.length > 0 ? [whole] : [];
    return whole.subarray(0, length);
  }

  /** Exactly `length` bytes, or ERR_FORMAT; memory is taken as they arrive, not before. */
  async take(length: number): Promise<Uint8Array> {
    const whole = await this.peek(length);
    if (whole.length < length) {
      throw formatError(
        this.name,
        `truncated: ${length} bytes are expected, but it ends after ${whole.length}`,
      );
    }
    const rest = this.#held[0]?.subarray(length);
    this.#held = rest !== undefined && rest.length > 0 ? [rest] : [];
    return whole;
  }

  /** What is left, chunk by chunk. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    do {
      for (let chunk = this.#held.shift(); chunk !== undefined; chunk = this.#held.shift()) {
        yield chunk;
      }
    } while (await this.#pull());
  }

  /** What is left, in one buffer. */
  async rest(): Promise<Uint8Array> {
    while (await this.#pull());
    const whole = concat(this.#held);
    this.#held = [];
    return whole;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}

/** All of a stream, for formats that are read from their end; closing it closes the stream. */
export async function seekable(input: FileBytes | ByteStream): Promise<Bytes> {
  if ("readInto" in input) return input;
  return new BufferBytes(input.name, await input.rest(), () => input.close());
}

export const STDIN = "-";

/** A path as messages name it. */
export const nameOf = (path: string): string => (path === STDIN ? "standard input" : path);

/** Files of the kernel claim a size that they do not have: none below /proc, a page below /sys. */
const PAGE = 4096;
const MOST_CLAIMED = 65_536;

/** Whether a file's size is that of its content. */
async function holds(fd: number, size: number): Promise<boolean> {
  if (size > MOST_CLAIMED || size % PAGE !== 0) return true;
  const { bytesRead } = await readAsync(fd, new Uint8Array(size + 1), 0, size + 1, 0);
  return bytesRead === size;
}

/**
 * Opens a regular file as `FileBytes`, anything else that can be read as a `ByteStream`: pipes,
 * devices, and files whose size is not what they hold.
 */
export async function openBytes(path: string): Promise<FileBytes | ByteStream> {
  const name = nameOf(path);
  let fd: number | undefined;
  try {
    if (path !== STDIN) fd = await openAsync(path, "r");
    const stat = await fstatAsync(fd ?? 0);
    if (stat.isDirectory()) {
      const error = new Error("EISDIR: illegal operation on a directory, read");
      throw Object.assign(error, { code: "EISDIR", syscall: "read" });
    }
    if (fd === undefined) {
      const { stdin } = process;
      return new ByteStream(name, stdin, () => stdin.destroy());
    }
    if (stat.isFile() && (await holds(fd, stat.size))) return new FileBytes(name, fd, stat.size);
    const stream = fs.createReadStream(path, { fd, highWaterMark: CHUNK });
    return new ByteStream(name, stream, () => stream.destroy());
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    throw fileError(name, error);
  }
}
