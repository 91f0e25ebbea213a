// Reads one column of a Parquet file from its first page to its last, a page in
// memory at a time, whatever the size of its row groups.

import type { ColumnMetaData } from "hyparquet";
import { type Bytes, formatError, readBytes } from "../bytes.js";
import { type Decode, loadCodec } from "../codec.js";
import type { Elements } from "../elements.js";
import { openPage, type Page, type PageHeader, pageHeader, readDictionary } from "./page.js";
import { CompactReader, OutOfBytes } from "./thrift.js";
import type { NumericType } from "./type.js";

/** Bytes read ahead. */
const WINDOW = 1 << 20;
/** A header is some 30 bytes, unless it holds statistics; this is damage. */
const MAX_HEADER = 1 << 24;

export class ColumnReader {
  readonly #bytes: Bytes;
  readonly #type: NumericType;
  readonly #chunks: readonly ColumnMetaData[];
  /** No page lies behind this: the footer begins. */
  readonly #end: number;
  #nextChunk = 0;
  /** Of the current chunk: values without a page yet, codec, dictionary, next page. */
  #left = 0;
  #decode: Decode | undefined;
  #dictionary: Elements | undefined;
  #at = 0;
  #page: Page | undefined;
  #window = new Uint8Array(0);
  #windowAt = 0;

  constructor(bytes: Bytes, type: NumericType, chunks: readonly ColumnMetaData[], end: number) {
    this.#bytes = bytes;
    this.#type = type;
    this.#chunks = chunks;
    this.#end = end;
  }

  /**
   * Puts the values of the next `rows` rows at the start of `out`, nulls left out, and
   * returns how many. Throws ERR_FORMAT, or a RangeError for damaged data.
   */
  async fill(rows: number, out: Elements): Promise<number> {
    let count = 0;
    for (let done = 0; done < rows; ) {
      const page =
        this.#page !== undefined && this.#page.rows > 0 ? this.#page : await this.#next();
      const n = Math.min(rows - done, page.rows);
      count += page.read(n, out, count);
      done += n;
    }
    return count;
  }

  async #openChunk(): Promise<void> {
    const chunk = this.#chunks[this.#nextChunk++];
    if (chunk === undefined) throw new RangeError("there are fewer rows than the footer says");
    const first = Number(chunk.data_page_offset);
    // Some writers leave out the dictionary's place, and mean it by the first page's.
    const dictionary = Number(chunk.dictionary_page_offset ?? 0);
    this.#at = dictionary > 0 && dictionary < first ? dictionary : first;
    this.#left = Number(chunk.num_values);
    this.#dictionary = undefined;
    this.#decode = await loadCodec(chunk.codec);
    if (this.#decode === undefined) {
      throw formatError(this.#bytes.name, `its codec ${chunk.codec} is not supported`);
    }
  }

  /** The next data page that has rows. */
  async #next(): Promise<Page> {
    for (;;) {
      while (this.#left === 0) await this.#openChunk();
      const header = await this.#readHeader();
      const stored = await this.#view(this.#at, header.stored);
      this.#at += header.stored;
      const decode = this.#decode!;
      if (header.kind === "dictionary") {
        this.#dictionary = readDictionary(header, stored, this.#type, decode);
      } else if (header.kind !== "other") {
        if (header.values > this.#left) throw new RangeError("a page has more rows than its group");
        this.#left -= header.values;
        this.#page = openPage(header, stored, this.#type, decode, this.#dictionary);
        if (header.values > 0) return this.#page;
      }
    }
  }

  async #readHeader(): Promise<PageHeader> {
    for (let length = 1024; ; length *= 8) {
      const there = Math.min(length, Math.max(0, this.#end - this.#at));
      const reader = new CompactReader(await this.#view(this.#at, there));
      try {
        const header = pageHeader(reader.struct());
        this.#at += reader.at;
        return header;
      } catch (error) {
        if (!(error instanceof OutOfBytes) || there < length || length > MAX_HEADER) throw error;
      }
    }
  }

  /** `length` bytes of the file. A window is never written again: pages may keep views of it. */
  async #view(position: number, length: number): Promise<Uint8Array> {
    const start = position - this.#windowAt;
    if (start >= 0 && start + length <= this.#window.length) {
      return this.#window.subarray(start, start + length);
    }
    if (!(position >= 0 && position + length <= this.#end)) {
      throw new RangeError(`a page is to lie at byte ${position}, past the end of the data`);
    }
    this.#window = await readBytes(
      this.#bytes,
      position,
      Math.min(Math.max(length, WINDOW), this.#end - position),
    );
    this.#windowAt = position;
    return this.#window.subarray(0, length);
  }
}
