// Text tables: CSV, TSV and their like, with a header or without.
//
// The parser is ours because numbers can be had from the bytes without making a
// string of every cell, and because no library could name the line of a cell.
// The fastest of them, udsv 0.7.3, took 1.3 to 2.5 times as long for one column
// of five, drops quoted rows of a one-column file, and fills up rows that are
// too short. On what it reads right, the tests compare the two.

import { RingfoldError } from "../errors.js";
import { type DtypeInfo, dtypeInfo } from "../operators/dtype.js";
import { type ByteStream, concat, type FileBytes, formatError, readBytes } from "./bytes.js";
import { batchSource } from "./closable.js";
import { type CellColumn, cellColumn, checkCellDtype } from "./csv/cell.js";
import { type Dialect, readDialect, SAMPLE_BYTES } from "./csv/dialect.js";
import { MAX_RECORD, Records } from "./csv/records.js";
import { BATCH_ROWS, type Batch, type BatchSource, type OpenOptions } from "./source.js";

const BOM = [0xef, 0xbb, 0xbf];

function withoutBom(bytes: Uint8Array): Uint8Array {
  return BOM.every((byte, i) => bytes[i] === byte) ? bytes.subarray(BOM.length) : bytes;
}

/** The dialect, from as many of the first bytes as hold a record. */
async function findDialect(input: FileBytes | ByteStream, wanted: readonly string[]) {
  const { name } = input;
  for (let length = SAMPLE_BYTES; ; length *= 4) {
    const head = await ("fd" in input
      ? readBytes(input, 0, Math.min(length, input.size))
      : input.peek(length));
    const final = head.length < length;
    const dialect = readDialect(name, withoutBom(head), final, wanted);
    if (dialect !== undefined) return dialect;
    if (final) throw formatError(name, "has neither a header nor rows, only blank lines");
    if (length > MAX_RECORD) throw tooLong(name, 1);
  }
}

function tooLong(name: string, line: number): RingfoldError {
  return formatError(
    name,
    `line ${line}: its row has more than ${MAX_RECORD >> 20} MiB; is a quote not closed there?`,
  );
}

/** The columns of one file, filled from its records. */
class Table {
  readonly #records: Records;
  readonly #names: readonly string[];
  /** Places in a record, each once, and what collects them. */
  readonly #places: readonly number[];
  readonly #columns: readonly CellColumn[];
  /** For each selected column, which of those it is. */
  readonly #order: readonly number[];
  #header: boolean;
  #rows = 0;

  constructor(name: string, dtype: DtypeInfo, { delimiter, header, names, selected }: Dialect) {
    this.#records = new Records(name, delimiter);
    this.#names = names;
    this.#header = header;
    this.#places = [...new Set(selected)];
    this.#columns = this.#places.map(() => cellColumn(dtype));
    this.#order = selected.map((place) => this.#places.indexOf(place));
  }

  /** Takes in the next bytes of the file, none of them if they were the last. */
  feed(chunk: Uint8Array, final: boolean): void {
    const { rest, name, line } = this.#records;
    if (rest.length > MAX_RECORD) throw tooLong(name, line);
    this.#records.feed(concat([rest, chunk]), final);
  }

  /** Reads on; true if a batch is full, false if all bytes are used up. */
  read(): boolean {
    const records = this.#records;
    const width = this.#names.length;
    while (this.#rows < BATCH_ROWS) {
      const cells = records.next();
      if (cells === 0) return false;
      if (cells !== width) throw this.#ragged(cells);
      if (this.#header) this.#header = false;
      else this.#row();
    }
    return true;
  }

  #row(): void {
    const { bytes, bounds } = this.#records;
    for (let i = 0; i < this.#places.length; i++) {
      const place = this.#places[i]!;
      if (!this.#columns[i]!.put(bytes, bounds[2 * place]!, bounds[2 * place + 1]!)) {
        throw this.#badCell(i);
      }
    }
    this.#rows++;
  }

  take(): Batch | undefined {
    const rows = this.#rows;
    if (rows === 0) return undefined;
    this.#rows = 0;
    const taken = this.#columns.map((column) => column.take());
    return {
      rows,
      values: this.#order.map((i) => taken[i]!.values),
      nulls: this.#order.map((i) => taken[i]!.nulls),
    };
  }

  #ragged(cells: number): RingfoldError {
    const { name, line } = this.#records;
    return formatError(
      name,
      `line ${line} has ${cells} cells, the first has ${this.#names.length}; ` +
        "is a cell with a delimiter in it not quoted?",
    );
  }

  #badCell(column: number): RingfoldError {
    const records = this.#records;
    const place = this.#places[column]!;
    const text = records.text(place);
    const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
    return new RingfoldError(
      "ERR_CELL",
      `${records.name}: line ${records.lineOf(place)}, column ` +
        `${JSON.stringify(this.#names[place])}: ${shown} is not ${this.#columns[column]!.wanted}`,
    );
  }
}

async function* readBatches(
  input: FileBytes | ByteStream,
  dtype: DtypeInfo,
  dialect: Dialect,
): AsyncGenerator<Batch> {
  const table = new Table(input.name, dtype, dialect);
  let first = true;
  for await (const chunk of input.chunks()) {
    table.feed(first ? withoutBom(chunk) : chunk, false);
    first = false;
    while (table.read()) yield table.take()!;
  }
  table.feed(new Uint8Array(0), true);
  while (table.read()) yield table.take()!;
  const last = table.take();
  if (last !== undefined) yield last;
}

/**
 * A text table whose cells are parsed as the dtype that is asked for, float64 by default:
 * to the nearest float64, then to the nearest of a smaller type. Empty cells, NA, N/A, null
 * and NULL are nulls; nan, inf and infinity are floats, in any case.
 *
 * Throws ERR_FORMAT, ERR_COLUMN, ERR_DTYPE; its batches, ERR_CELL for a cell that is not a
 * value of the dtype and ERR_FORMAT for a row of another length, both with the line.
 */
export async function openCsv(
  input: FileBytes | ByteStream,
  options: OpenOptions,
): Promise<BatchSource> {
  const dtype = dtypeInfo(options.dtype ?? "float64");
  checkCellDtype(input.name, dtype);
  const dialect = await findDialect(input, options.columns);
  const columns = dialect.selected.map((place) => ({ name: dialect.names[place]!, dtype }));
  return batchSource(
    input.name,
    { columns, rows: undefined },
    () => readBatches(input, dtype, dialect),
    () => input.close(),
  );
}
