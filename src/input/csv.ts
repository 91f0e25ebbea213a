// Text tables, CSV, TSV and their like, by Papa Parse. Its parser takes a text
// piece by piece and says where the last whole record ended: memory is bounded
// by a chunk and its records.
//
// Papa Parse does not tell `""` alone on a line from a blank line: in a file of
// one column, both are skipped. It knows one line end: LF, under which CRLF is
// read too, or CR.

import type { ParseError } from "papaparse";
import { RingfoldError } from "../errors.js";
import { type DtypeInfo, dtypeInfo } from "../operators/dtype.js";
import { type ByteStream, type FileBytes, formatError, readBytes } from "./bytes.js";
import { CellColumn, checkCellDtype, numberOf } from "./cell.js";
import { batchSource } from "./closable.js";
import { type Dialect, isBlank, loadPapa, noRows, type Papa, readDialect } from "./dialect.js";
import { remedyOf } from "./notation.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";

/** Bytes whose records tell the dialect; more, if they hold no whole record. */
const SAMPLE_BYTES = 1 << 16;
/** Bytes that are parsed at once: so few that their cells die young, in the collector's nursery. */
const PIECE_BYTES = 1 << 16;
/** A record that does not end within so many characters is taken for a quote left open. */
const MAX_RECORD = 1 << 24;

/** What is wrong where Papa Parse reports an error in quotes. */
const QUOTES: Readonly<Record<string, string>> = {
  MissingQuotes: "a quote opens that is never closed",
  InvalidQuotes: "text follows a closing quote",
};

const countLineEnds = (text: string): number => text.match(/\r\n|\r|\n/g)?.length ?? 0;

function tooLong(name: string, line: number): RingfoldError {
  return formatError(
    name,
    `line ${line}: its row has more than ${MAX_RECORD >> 20} MiB; is a quote not closed there?`,
  );
}

/** The dialect, from as many of the first bytes as hold a record. */
async function findDialect(papa: Papa, input: FileBytes | ByteStream, options: OpenOptions) {
  const { name } = input;
  for (let length = SAMPLE_BYTES; ; length *= 4) {
    const head = await ("fd" in input
      ? readBytes(input, 0, Math.min(length, input.size))
      : input.peek(length));
    const final = head.length < length;
    const dialect = readDialect(papa, name, new TextDecoder().decode(head), final, options);
    if (dialect !== undefined) return dialect;
    if (final) throw formatError(name, "has neither a header nor rows, only blank lines");
    if (length > MAX_RECORD) throw tooLong(name, 1);
  }
}

/** The columns of one file, filled from its records. Exported for the tests. */
export class Table {
  readonly #papa: Papa;
  readonly #name: string;
  readonly #dialect: Dialect;
  /** Places in a record, each once, and what collects them. */
  readonly #places: readonly number[];
  readonly #columns: readonly CellColumn[];
  #header: boolean;
  #rows = 0;
  /** Rows were seen, in this piece or before. */
  #any = false;
  /** Text behind the last whole record, and the line on which it begins. */
  #rest = "";
  #line = 1;
  /** Characters before which it is not parsed again, so that a long record takes linear time. */
  #due = 0;

  /** `dtype`: of all columns; if none was asked for, float64, and uint8 of booleans. */
  constructor(papa: Papa, name: string, dtype: DtypeInfo | undefined, dialect: Dialect) {
    this.#papa = papa;
    this.#name = name;
    this.#dialect = dialect;
    this.#header = dialect.header;
    this.#places = [...new Set(dialect.selected)];
    this.#columns = this.#places.map((place) => {
      const isBoolean = dialect.booleans.has(place);
      return new CellColumn(cellDtype(dtype, isBoolean), dialect.notation, isBoolean);
    });
  }

  /** Notes on what has been read: whole numbers that an integer type would have held. */
  notes(): string[] {
    return this.#columns.flatMap(({ rounded, firstRounded, exact }, k) => {
      if (rounded === 0) return [];
      const name = JSON.stringify(this.#dialect.names[this.#places[k]!]);
      const what = rounded === 1 ? "a whole number" : `${rounded} whole numbers`;
      return [
        `${this.#name}: column ${name}: ${what} beyond 2^53 ${rounded === 1 ? "was" : "were"} rounded ` +
          `to float64, the first ${firstRounded}; give --dtype ${exact} to keep them exact`,
      ];
    });
  }

  /** Reads the next piece of the text; `final`: it is the last. */
  *read(piece: string, final: boolean): Generator<Batch> {
    const { delimiter, newline, comments, names } = this.#dialect;
    const text = this.#rest + piece;
    this.#rest = text;
    if (!final && text.length < this.#due) return;
    const parser = new this.#papa.Parser({ delimiter, newline, comments });
    const { data, errors, meta } = parser.parse(text, 0, !final);
    const records = data as string[][];
    // Errors in a record that is not complete yet may go away with the next piece.
    const wrong = (errors as ParseError[]).find(
      ({ row }) => row !== undefined && (final || row < records.length),
    );
    const good = wrong === undefined ? records.length : wrong.row!;
    const returns = text.includes("\r");
    for (let i = 0; i < good; i++) {
      const record = records[i]!;
      if (isBlank(record)) continue;
      if (record.length !== names.length) throw this.#ragged(text, records, i);
      if (returns) this.#trimReturn(record);
      if (this.#header) this.#header = false;
      else this.#row(text, records, i);
      if (this.#rows === BATCH_ROWS) yield this.#take();
    }
    if (wrong !== undefined) {
      const line = this.#line + countLineEnds(text.slice(0, wrong.index));
      throw formatError(this.#name, `line ${line}: ${QUOTES[wrong.code] ?? wrong.message}`);
    }
    this.#rest = text.slice(meta.cursor);
    this.#due = Math.min(2 * this.#rest.length, MAX_RECORD + 1);
    // Without quotes and comments, each record is a line.
    const isPlain = comments === false && !text.includes('"');
    this.#line += isPlain ? records.length : countLineEnds(text.slice(0, meta.cursor));
    if (this.#rest.length > MAX_RECORD) throw tooLong(this.#name, this.#line);
    if (!final) return;
    if (!this.#any && this.#dialect.isGuess) throw noRows(this.#name, names);
    if (this.#rows > 0) yield this.#take();
  }

  /** Takes the CR of a CRLF off the last cell. */
  #trimReturn(record: string[]): void {
    const last = record[record.length - 1]!;
    if (last.endsWith("\r")) record[record.length - 1] = last.slice(0, -1);
  }

  #row(text: string, records: readonly string[][], i: number): void {
    const record = records[i]!;
    for (let k = 0; k < this.#places.length; k++) {
      const place = this.#places[k]!;
      if (!this.#columns[k]!.put(record[place]!)) throw this.#badCell(text, records, i, k);
    }
    this.#rows++;
    this.#any = true;
  }

  #take(): Batch {
    const rows = this.#rows;
    this.#rows = 0;
    const taken = this.#columns.map((column) => column.take());
    const chosen = this.#dialect.selected.map((place) => taken[this.#places.indexOf(place)]!);
    return {
      rows,
      values: chosen.map(({ values }) => values),
      nulls: chosen.map(({ nulls }) => nulls),
    };
  }

  /** The line of a cell of record `i`: Papa Parse, stopped before it, tells where it begins. */
  #lineOf(text: string, records: readonly string[][], i: number, cell: number): number {
    const { delimiter, newline, comments } = this.#dialect;
    const config = { delimiter, newline, comments, preview: i, fastMode: false };
    const parser = new this.#papa.Parser(config);
    let start = i === 0 ? 0 : parser.parse(text, 0, false).meta.cursor;
    while (comments !== false && text.startsWith(comments, start)) {
      start = text.indexOf(newline, start) + 1;
    }
    const before = records[i]!.slice(0, cell).join(" ");
    return this.#line + countLineEnds(text.slice(0, start)) + countLineEnds(before);
  }

  #ragged(text: string, records: readonly string[][], i: number): RingfoldError {
    const { comments, names } = this.#dialect;
    const isComment = (cell: string) => comments === false && cell.startsWith("#");
    const hint =
      isComment(records[i]![0]!) || (this.#dialect.header && isComment(names[0]!))
        ? "are lines that begin with # comments? Then give --comment '#'"
        : "is a cell with a delimiter in it not quoted?";
    return formatError(
      this.#name,
      `line ${this.#lineOf(text, records, i, 0)} has ${records[i]!.length} cells, the first has ` +
        `${names.length}; ${hint}`,
    );
  }

  #badCell(text: string, records: readonly string[][], i: number, k: number): RingfoldError {
    const place = this.#places[k]!;
    const cell = records[i]![place]!;
    const shown = JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell);
    const { wanted, dtype } = this.#columns[k]!;
    const isFloat = typeof numberOf(cell, this.#dialect.notation) === "number";
    const isWide = isFloat && dtype.kind !== "float" && /\d/.test(cell);
    const remedy = isWide ? "give --dtype float64 to read it as a float" : remedyOf(cell);
    return new RingfoldError(
      "ERR_CELL",
      `${this.#name}: line ${this.#lineOf(text, records, i, place)}, column ` +
        `${JSON.stringify(this.#dialect.names[place])}: ${shown} is not ${wanted}` +
        (remedy === "" ? "" : `; ${remedy}`),
    );
  }
}

async function* readBatches(
  input: FileBytes | ByteStream,
  table: Table,
  note: (text: string) => void,
): AsyncGenerator<Batch> {
  // Takes the byte order mark away, too.
  const decoder = new TextDecoder();
  for await (const chunk of input.chunks()) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const bytes = chunk.subarray(at, at + PIECE_BYTES);
      yield* table.read(decoder.decode(bytes, { stream: true }), false);
    }
  }
  yield* table.read(decoder.decode(), true);
  table.notes().forEach(note);
}

const cellDtype = (asked: DtypeInfo | undefined, isBoolean: boolean): DtypeInfo =>
  asked ?? dtypeInfo(isBoolean ? "uint8" : "float64");

/**
 * A text table whose cells are parsed as the dtype that is asked for, float64 by default:
 * to the nearest float64, then to the nearest of a smaller type. A column of true and false is
 * read as 1 and 0, uint8 by default. Empty cells and the usual words (notation.ts) are nulls; nan,
 * inf and infinity are floats, in any case. A note tells of whole numbers that float64 rounded
 * because no dtype was asked for.
 *
 * Throws ERR_FORMAT, ERR_COLUMN, ERR_DTYPE; its batches, ERR_CELL for a cell that is not a
 * value of the dtype and ERR_FORMAT for a row of another length, both with the line.
 */
export async function openCsv(
  input: FileBytes | ByteStream,
  options: OpenOptions,
): Promise<BatchSource> {
  const { name } = input;
  const asked = options.dtype === undefined ? undefined : dtypeInfo(options.dtype);
  if (asked !== undefined) checkCellDtype(name, asked);
  const papa = await loadPapa();
  const dialect = await findDialect(papa, input, options);
  const columns = dialect.selected.map((place) => ({
    name: dialect.names[place]!,
    dtype: cellDtype(asked, dialect.booleans.has(place)),
  }));
  const note = (asked === undefined && options.note) || (() => {});
  return batchSource(
    name,
    { columns, rows: undefined },
    () => readBatches(input, new Table(papa, name, asked, dialect), note),
    () => input.close(),
  );
}
