// Cuts text into records and cells, after RFC 4180, without making strings of
// them: a cell is a pair of places in the bytes. A record ends with LF, CRLF or
// CR; blank lines are skipped; a quoted cell may hold delimiters, line ends and
// doubled quotes. UTF-8 needs no decoding here, since none of its longer
// sequences contains a byte below 128.
//
// Why no library does this: see csv.ts.

import { formatError } from "../bytes.js";

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** A record that does not end within this many bytes is taken for a quote left open. */
export const MAX_RECORD = 1 << 24;

export class Records {
  readonly name: string;
  readonly delimiter: number;
  /** The line on which the last record begins: from 1, as an editor counts. */
  line = 0;
  /** Where the cells of the last record lie: cell i from `bounds[2i]` to `bounds[2i + 1]`. */
  bounds = new Int32Array(64);
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next record begins, and on which line. */
  #at = 0;
  #nextLine = 1;
  #final = false;

  constructor(name: string, delimiter: number) {
    this.name = name;
    this.delimiter = delimiter;
  }

  /** Bytes of records that were not complete yet: the next `feed` has to begin with them. */
  get rest(): Uint8Array {
    return this.bytes.subarray(this.#at);
  }

  /** `final`: no more follow, so that the last record may lack its line end. */
  feed(bytes: Uint8Array, final: boolean): void {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#final = final;
  }

  /** How many cells the next record has; 0 if none is complete. Throws ERR_FORMAT. */
  next(): number {
    const { bytes, delimiter } = this;
    const end = bytes.length;
    this.#skipBlankLines();
    let at = this.#at;
    let line = this.#nextLine;
    this.line = line;
    if (at === end) return 0;
    for (let cells = 0; ; ) {
      let start = at;
      let stop: number;
      if (bytes[at] === QUOTE) {
        start++;
        stop = this.#closingQuote(start);
        if (stop < 0) return 0;
        if (this.#sawLineEnd) line += countLines(bytes, start, stop);
        at = stop + 1;
        const after = bytes[at];
        if (at < end && after !== delimiter && after !== LF && after !== CR) {
          throw formatError(this.name, `line ${line}: text follows a closing quote`);
        }
      } else {
        for (; at < end; at++) {
          const byte = bytes[at]!;
          if (byte === delimiter || byte === LF || byte === CR) break;
        }
        stop = at;
      }
      if (2 * cells === this.bounds.length) this.#grow();
      this.bounds[2 * cells] = start;
      this.bounds[2 * cells + 1] = stop;
      cells++;
      if (at < end && bytes[at] === delimiter) {
        at++;
        continue;
      }
      const next = this.#afterLineEnd(at);
      if (next < 0) return 0;
      this.#at = next;
      this.#nextLine = line + 1;
      return cells;
    }
  }

  /** The line of cell `cell` of the last record. */
  lineOf(cell: number): number {
    return this.line + countLines(this.bytes, this.bounds[0]!, this.bounds[2 * cell]!);
  }

  /** The text of cell `cell` of the last record. */
  text(cell: number): string {
    const start = this.bounds[2 * cell]!;
    const text = this.bytes.toString("utf8", start, this.bounds[2 * cell + 1]);
    const quoted = start > 0 && this.bytes[start - 1] === QUOTE;
    return quoted ? text.replaceAll('""', '"') : text;
  }

  /** The place behind the line end at `at`; −1 if it cannot be told before more bytes are there. */
  #afterLineEnd(at: number): number {
    const { bytes } = this;
    if (at === bytes.length) return this.#final ? at : -1;
    if (bytes[at] === LF) return at + 1;
    if (at + 1 === bytes.length && !this.#final) return -1;
    return bytes[at + 1] === LF ? at + 2 : at + 1;
  }

  #skipBlankLines(): void {
    for (;;) {
      const byte = this.bytes[this.#at];
      if (this.#at === this.bytes.length || (byte !== LF && byte !== CR)) return;
      const next = this.#afterLineEnd(this.#at);
      if (next < 0) return;
      this.#at = next;
      this.#nextLine++;
    }
  }

  /** Whether the last quoted cell holds a line end. */
  #sawLineEnd = false;

  /** Where the quote is that closes the cell from `at` on; −1 if more bytes are needed. */
  #closingQuote(at: number): number {
    const { bytes } = this;
    this.#sawLineEnd = false;
    for (let i = at; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        if (bytes[i + 1] === QUOTE) i++;
        else if (i + 1 < bytes.length || this.#final) return i;
        else return -1;
      } else if (byte === LF || byte === CR) {
        this.#sawLineEnd = true;
      }
    }
    if (!this.#final) return -1;
    throw formatError(this.name, `line ${this.#lineAt(at)}: a quote opens that is never closed`);
  }

  /** The line of a place in the record that is being read. */
  #lineAt(at: number): number {
    return this.#nextLine + countLines(this.bytes, this.#at, at);
  }

  #grow(): void {
    const { bounds } = this;
    this.bounds = new Int32Array(2 * bounds.length);
    this.bounds.set(bounds);
  }
}

function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] !== LF)) lines++;
  }
  return lines;
}
