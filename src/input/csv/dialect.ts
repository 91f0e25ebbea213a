// What a text file says of itself in its first bytes: its delimiter, whether it
// has a header, what its columns are called and which of them are numeric.

import { extname } from "node:path";
import { type Candidate, selectColumns } from "../columns.js";
import { numberOf } from "./cell.js";
import { Records } from "./records.js";

/** Bytes, lines and records that are looked at. */
export const SAMPLE_BYTES = 1 << 16;
const SAMPLE_LINES = 20;
const SAMPLE_RECORDS = 100;

/** In the order of preference among equals. */
const DELIMITERS = [",", "\t", ";", "|"].map((text) => text.charCodeAt(0));
const [COMMA, TAB] = DELIMITERS as [number, number];
const LF = 10;
const CR = 13;
const QUOTE = 34;

/** How often each delimiter stands, outside of quotes, on each of the first lines. */
function countDelimiters(bytes: Uint8Array): number[][] {
  const lines: number[][] = [];
  let counts = DELIMITERS.map(() => 0);
  let quoted = false;
  let empty = true;
  for (const byte of bytes.subarray(0, SAMPLE_BYTES)) {
    if (byte === QUOTE) quoted = !quoted;
    const delimiter = quoted ? -1 : DELIMITERS.indexOf(byte);
    if (delimiter >= 0) counts[delimiter]!++;
    if (quoted || (byte !== LF && byte !== CR)) {
      empty = false;
    } else if (!empty) {
      lines.push(counts);
      if (lines.length === SAMPLE_LINES) return lines;
      counts = DELIMITERS.map(() => 0);
      empty = true;
    }
  }
  // The last line may be cut off: it counts only if there is no other.
  return lines.length > 0 ? lines : [counts];
}

/** The delimiter that stands equally often on each line, and most often; else on the first. */
export function sniffDelimiter(name: string, bytes: Uint8Array): number {
  if (extname(name).toLowerCase() === ".tsv") return TAB;
  const lines = countDelimiters(bytes);
  const [first] = lines as [number[]];
  let best = COMMA;
  let score = 0;
  for (const [i, delimiter] of DELIMITERS.entries()) {
    const count = first[i]!;
    const steady = lines.every((counts) => counts[i] === count);
    const points = count === 0 ? 0 : steady ? count + SAMPLE_BYTES : count;
    if (points > score) {
      score = points;
      best = delimiter;
    }
  }
  return best;
}

export interface Dialect {
  readonly delimiter: number;
  readonly header: boolean;
  /** Columns of the file: their names or, without a header, their indices. */
  readonly names: readonly string[];
  /** Places of the columns that were chosen. */
  readonly selected: readonly number[];
}

/**
 * A first record of nothing but numbers is data. Unless a column is asked for by what stands
 * there and cannot be an index: headers of years are common.
 */
function isHeader(first: readonly string[], wanted: readonly string[]): boolean {
  const values = first.map(numberOf);
  if (values.includes(undefined) || !values.some((value) => value !== null)) return true;
  const isIndex = (name: string) => /^\d{1,3}$/.test(name) || Number(name) < first.length;
  return wanted.some((name) => first.includes(name) && !isIndex(name));
}

/** The texts of the next records, some of them, as long as they are `width` cells wide. */
function* sample(records: Records, width: number): Generator<string[]> {
  // A record of another length is an error, but not one to report from here.
  for (let row = 0; row < SAMPLE_RECORDS && records.next() === width; row++) {
    yield texts(records, width);
  }
}

const texts = (records: Records, width: number): string[] =>
  Array.from({ length: width }, (_, cell) => records.text(cell));

/** The columns: numeric if each cell of the rows is a number or a null, and one is a number. */
function candidates(names: readonly string[], rows: Iterable<readonly string[]>): Candidate[] {
  const seen = names.map(() => ({ numbers: 0, texts: 0 }));
  for (const row of rows) {
    for (const [i, text] of row.entries()) {
      const value = numberOf(text);
      if (value === undefined) seen[i]!.texts++;
      else if (value !== null) seen[i]!.numbers++;
    }
  }
  return names.map((name, i) => {
    const { numbers, texts } = seen[i]!;
    const numeric = numbers > 0 && texts === 0;
    const type = numeric ? "numbers" : texts > 0 ? "text" : "no values in its first rows";
    return { name, type, numeric };
  });
}

/**
 * The dialect of a file that starts with `head`; undefined if that holds no whole record.
 * `final`: it is the whole file. Throws ERR_FORMAT, ERR_COLUMN.
 */
export function readDialect(
  name: string,
  head: Uint8Array,
  final: boolean,
  wanted: readonly string[],
): Dialect | undefined {
  const delimiter = sniffDelimiter(name, head);
  const records = new Records(name, delimiter);
  records.feed(head, final);
  const cells = records.next();
  if (cells === 0) return undefined;
  const first = texts(records, cells).map((text) => text.trim());
  const header = isHeader(first, wanted);
  const names = header ? first : first.map((_, i) => String(i));
  const rows = [...(header ? [] : [first]), ...sample(records, cells)];
  const sampled = candidates(names, rows);
  // The one column there is, or one that was named, is meant whatever it holds: then the
  // cell that is no number is what has to be reported.
  const meant = cells === 1 || wanted.length > 0;
  const choice = meant ? sampled.map((column) => ({ ...column, numeric: true })) : sampled;
  return { delimiter, header, names, selected: selectColumns(name, choice, wanted) };
}
