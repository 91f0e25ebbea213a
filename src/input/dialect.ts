// What a text file says of itself in its first bytes: its delimiter and line
// end, whether it has a header, what its columns are called and which of them
// are numeric.

import { extname } from "node:path";
import { numberOf } from "./cell.js";
import { type Candidate, selectColumns } from "./columns.js";

export type Papa = typeof import("papaparse");

/** Papa Parse, which is loaded when the first text table is opened. */
export const loadPapa = async (): Promise<Papa> => (await import("papaparse")).default;

const SAMPLE_RECORDS = 100;
/** In the order of preference among equals. */
const DELIMITERS = [",", "\t", ";", "|"];

/** A record of a blank line: CR is left over where lines end with CRLF. */
export const isBlank = (record: readonly string[]): boolean =>
  record.length === 1 && (record[0] === "" || record[0] === "\r");

export interface Dialect {
  readonly delimiter: string;
  readonly newline: "\n" | "\r";
  readonly header: boolean;
  /** Columns of the file: their names or, without a header, their indices. */
  readonly names: readonly string[];
  /** Places of the columns that were chosen. */
  readonly selected: readonly number[];
}

/** LF, and with it CRLF, wherever one stands outside of quotes; CR only where that is all. */
function sniffNewline(head: string): "\n" | "\r" {
  const plain = head.replace(/"[^"]*("|$)/g, "");
  return plain.includes("\r") && !plain.includes("\n") ? "\r" : "\n";
}

function sniffDelimiter(papa: Papa, name: string, head: string, newline: "\n" | "\r"): string {
  if (extname(name).toLowerCase() === ".tsv") return "\t";
  const { meta } = papa.parse(head, {
    delimitersToGuess: DELIMITERS,
    newline,
    preview: 1,
    skipEmptyLines: true,
  });
  return meta.delimiter;
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

/** The columns: numeric if each cell of the rows is a number or a null, and one is a number. */
function candidates(names: readonly string[], rows: readonly (readonly string[])[]): Candidate[] {
  return names.map((name, i) => {
    const values = rows.map((row) => numberOf(row[i]!));
    const texts = values.includes(undefined);
    const numeric = !texts && values.some((value) => value !== null);
    const type = numeric ? "numbers" : texts ? "text" : "no values in its first rows";
    return { name, type, numeric };
  });
}

/**
 * The dialect of a file that starts with `head`; undefined if that holds no whole record.
 * `final`: it is the whole file. Throws ERR_COLUMN.
 */
export function readDialect(
  papa: Papa,
  name: string,
  head: string,
  final: boolean,
  wanted: readonly string[],
): Dialect | undefined {
  const newline = sniffNewline(head);
  const delimiter = sniffDelimiter(papa, name, head, newline);
  const parser = new papa.Parser({ delimiter, newline, preview: SAMPLE_RECORDS });
  const { data } = parser.parse(head, 0, !final);
  const records = (data as string[][]).filter((record) => !isBlank(record));
  const first = records[0]?.map((text) => text.trim());
  if (first === undefined) return undefined;
  const header = isHeader(first, wanted);
  const names = header ? first : first.map((_, i) => String(i));
  // A record of another length is an error, but not one to report from here.
  const end = records.findIndex((record) => record.length !== first.length);
  const rows = records.slice(header ? 1 : 0, end < 0 ? undefined : end);
  const sampled = candidates(names, rows);
  // The one column there is, or one that was named, is meant whatever it holds: then the
  // cell that is no number is what has to be reported.
  const meant = first.length === 1 || wanted.length > 0;
  const choice = meant ? sampled.map((column) => ({ ...column, numeric: true })) : sampled;
  return { delimiter, newline, header, names, selected: selectColumns(name, choice, wanted) };
}
