// The messages of Arrow's IPC formats, after "Serialization and Interprocess
// Communication" in the documentation of Apache Arrow. A stream is messages, one
// after the other; a file is the same between two magic strings, with a footer
// that says where they are.
//
// A message: −1 i32 · metadata length i32 · metadata (a FlatBuffer) · body.
// Before version 0.15 it began with the length.

import { BufferBytes, type ByteStream, type Bytes, formatError, readBytes } from "../bytes.js";
import { safeInt64, Table } from "./flatbuffer.js";
import { readSchema, type Schema } from "./schema.js";

const CONTINUATION = 0xffffffff;
/** The header types of a message. */
const SCHEMA = 1;
const RECORD_BATCH = 3;
/** Metadata beyond this is taken for damage. */
const MAX_METADATA = 1 << 28;
/** Version 4, counted from 0 as in Schema.fbs: older buffers have another layout. */
const OLDEST_VERSION = 3;

/** Part of a file or buffer. */
export interface Body {
  readonly bytes: Bytes;
  readonly at: number;
  readonly length: number;
}

export interface RecordBatch {
  readonly table: Table;
  readonly body: Body;
}

export interface Messages {
  readonly schema: Schema;
  /** To be called once. */
  batches(): AsyncIterable<RecordBatch>;
}

interface Message {
  readonly type: number;
  readonly version: number;
  readonly header: Table;
  readonly bodyLength: number;
}

function readMessage(name: string, metadata: Uint8Array): Message {
  const table = Table.root(metadata);
  const version = table.int16(0);
  if (version < OLDEST_VERSION) {
    throw formatError(name, `its metadata version is ${version + 1}: 4 and 5 can be read`);
  }
  const header = table.table(2);
  if (header === undefined) throw new RangeError("a message has no header");
  return { type: table.uint8(1), version, header, bodyLength: table.int64(3) };
}

function checkSchema(name: string, schema: Schema): Schema {
  if (!schema.bigEndian) return schema;
  throw formatError(name, "its numbers are big-endian: write it again on a little-endian machine");
}

/** Bytes that are read one after the other. */
interface Sequence {
  readonly name: string;
  take(length: number): Promise<Uint8Array>;
  atEnd(): Promise<boolean>;
  body(length: number): Promise<Body>;
}

class FileSequence implements Sequence {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get name(): string {
    return this.#bytes.name;
  }

  async take(length: number): Promise<Uint8Array> {
    const taken = await readBytes(this.#bytes, this.#at, length);
    this.#at += length;
    return taken;
  }

  async atEnd(): Promise<boolean> {
    return this.#at === this.#bytes.size;
  }

  /** Left where it is: only what is wanted of it will be read. */
  async body(length: number): Promise<Body> {
    const body = checkBody({ bytes: this.#bytes, at: this.#at, length });
    this.#at += length;
    return body;
  }
}

class StreamSequence implements Sequence {
  readonly #stream: ByteStream;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  get name(): string {
    return this.#stream.name;
  }

  take(length: number): Promise<Uint8Array> {
    return this.#stream.take(length);
  }

  async atEnd(): Promise<boolean> {
    return (await this.#stream.peek(1)).length === 0;
  }

  async body(length: number): Promise<Body> {
    const bytes = await this.#stream.take(length);
    return { bytes: new BufferBytes(this.name, bytes), at: 0, length };
  }
}

function checkBody(body: Body): Body {
  const { bytes, at, length } = body;
  if (at + length <= bytes.size) return body;
  throw formatError(bytes.name, `truncated: a message ends at ${at + length}, it at ${bytes.size}`);
}

const uint32 = (bytes: Uint8Array, at = 0): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

/** The next message and its body; undefined at the end of the stream. */
async function nextMessage(sequence: Sequence): Promise<[Message, Body] | undefined> {
  if (await sequence.atEnd()) return undefined;
  let length = uint32(await sequence.take(4));
  if (length === CONTINUATION) length = uint32(await sequence.take(4));
  if (length === 0) return undefined;
  if (length > MAX_METADATA) throw new RangeError(`a message claims ${length} bytes of metadata`);
  const message = readMessage(sequence.name, await sequence.take(length));
  return [message, await sequence.body(message.bodyLength)];
}

/** The messages of a stream. Throws ERR_FORMAT, RangeError. */
export async function streamMessages(input: Bytes | ByteStream): Promise<Messages> {
  const sequence = "readInto" in input ? new FileSequence(input) : new StreamSequence(input);
  const [first] = (await nextMessage(sequence)) ?? [];
  if (first?.type !== SCHEMA) throw new RangeError("it does not begin with a schema");
  return {
    schema: checkSchema(input.name, readSchema(first.header, first.version)),
    async *batches() {
      for (;;) {
        const next = await nextMessage(sequence);
        if (next === undefined) return;
        const [{ type, header }, body] = next;
        if (type === RECORD_BATCH) yield { table: header, body };
      }
    },
  };
}

const FILE_MAGIC = "ARROW1";
/** Behind the footer: its length i32, and the magic. */
const TAIL = 4 + FILE_MAGIC.length;
/** A block of the footer: offset i64 · metadata length i32 · 4 unused · body length i64. */
const BLOCK = 24;

export const isArrowFile = (head: Uint8Array): boolean =>
  Array.from(FILE_MAGIC).every((char, i) => head[i] === char.charCodeAt(0));

async function readBlock(bytes: Bytes, view: DataView, at: number): Promise<RecordBatch> {
  const offset = safeInt64(view, at);
  const length = view.getUint32(at + 8, true);
  const metadata = await readBytes(bytes, offset, Math.min(length, MAX_METADATA));
  const start = uint32(metadata) === CONTINUATION ? 8 : 4;
  const { type, header, bodyLength } = readMessage(bytes.name, metadata.subarray(start));
  if (type !== RECORD_BATCH) throw new RangeError("its footer does not point to a record batch");
  return { table: header, body: checkBody({ bytes, at: offset + length, length: bodyLength }) };
}

/** The record batches of a file, in the order of its footer. Throws ERR_FORMAT, RangeError. */
export async function fileMessages(bytes: Bytes): Promise<Messages> {
  const { name, size } = bytes;
  const cut = () => formatError(name, `truncated: it does not end with ${FILE_MAGIC}`);
  if (size < 8 + TAIL) throw cut();
  const tail = await readBytes(bytes, size - TAIL, TAIL);
  if (!isArrowFile(tail.subarray(4))) throw cut();
  const length = uint32(tail);
  if (length > Math.min(size - TAIL - 8, MAX_METADATA)) {
    throw formatError(name, `its footer claims ${length} bytes, the file has ${size}`);
  }
  const footer = Table.root(await readBytes(bytes, size - TAIL - length, length));
  const table = footer.table(1);
  if (table === undefined) throw new RangeError("its footer has no schema");
  const { view, at, count } = footer.structs(3, BLOCK);
  return {
    schema: checkSchema(name, readSchema(table, footer.int16(0))),
    async *batches() {
      for (let i = 0; i < count; i++) yield await readBlock(bytes, view, at + i * BLOCK);
    },
  };
}
