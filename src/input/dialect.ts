// What a text file says of itself in its first bytes: its delimiter and line
// end, whether it has a header, what its columns are called and which of them
// are numeric. What the caller says is not guessed.

import { extname } from "node:path";
import type { RingfoldError } from "../errors.js";
import { formatError } from "./bytes.js";
import { booleanOf, numberOf } from "./cell.js";
import { type Candidate, selectColumns } from "./columns.js";
import { isTime, looksNumeric, type Notation, notationOf } from "./notation.js";
import type { OpenOptions } from "./source.js";

export type Papa = typeof import("papaparse");

/** Papa Parse, which is loaded when the first text table is opened. */
export const loadPapa = async (): Promise<Papa> => (await import("papaparse")).default;

const SAMPLE_RECORDS = 100;
/** In the order of preference among equals. */
const DELIMITERS = [",", "\t", ";", "|"];

/** A record of a line without anything to read: CR is left over where lines end with CRLF. */
export const isBlank = (record: readonly string[]): boolean =>
  record.length === 1 && (record[0] === "" || record[0]!.trim() === "");

export interface Dialect {
  readonly delimiter: string;
  readonly newline: "\n" | "\r";
  /** What comments begin with; false: no line is one. */
  readonly comments: string | false;
  readonly header: boolean;
  /** The header was guessed, and no column that was asked for confirms it. */
  readonly isGuess: boolean;
  readonly notation: Notation;
  /** Columns of the file: their names or, without a header, their indices. */
  readonly names: readonly string[];
  /** Places of the columns that were chosen. */
  readonly selected: readonly number[];
  /** Places of the columns whose cells are true and false. */
  readonly booleans: ReadonlySet<number>;
}

type Wanted = Pick<OpenOptions, "columns" | "text" | "note">;
type Records = readonly (readonly string[])[];

/** LF, and with it CRLF, wherever one stands outside of quotes; CR only where that is all. */
function sniffNewline(head: string): "\n" | "\r" {
  const plain = head.replace(/"[^"]*("|$)/g, "");
  return plain.includes("\r") && !plain.includes("\n") ? "\r" : "\n";
}

/**
 * How well records stand in columns: the share of them that have as many cells as most have, then
 * the share of cells that are numbers, then how many columns there are. A delimiter that leaves
 * one column only separates nothing.
 */
function fitness(records: Records): readonly number[] {
  const counts = new Map<number, number>();
  for (const { length } of records) counts.set(length, (counts.get(length) ?? 0) + 1);
  const [width, count] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [0, 0];
  if (width < 2) return [0, 0, 0];
  const cells = records.filter(({ length }) => length === width).flat();
  return [count / records.length, cells.filter(looksNumeric).length / cells.length, width];
}

function isFitter(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, k) => value !== b[k]);
  return i >= 0 && a[i]! > b[i]!;
}

function sniffDelimiter(
  name: string,
  recordsBy: (delimiter: string) => Records,
  decimal: string | undefined,
): string {
  if (extname(name).toLowerCase() === ".tsv") return "\t";
  const candidates = DELIMITERS.filter((delimiter) => delimiter !== decimal);
  let best = candidates[0]!;
  let most: readonly number[] = [0, 0, 0];
  for (const delimiter of candidates) {
    const found = fitness(recordsBy(delimiter));
    if (isFitter(found, most)) [best, most] = [delimiter, found];
  }
  return best;
}

type Kind = "nothing" | "numbers" | "booleans" | "times" | "text";

function kindOf(cell: string, notation: Notation): Kind {
  const value = numberOf(cell, notation);
  if (value === null) return "nothing";
  // Written in another way, too: then it is the reading of the cell that has to tell.
  if (value !== undefined || looksNumeric(cell)) return "numbers";
  if (booleanOf(cell, notation) !== undefined) return "booleans";
  return isTime(cell) ? "times" : "text";
}

interface ColumnKind {
  /** Of at least half of the cells that hold anything. */
  readonly kind: Kind;
  /** True if all have it. */
  readonly isPure: boolean;
  /** The first that has another. */
  readonly other: string | undefined;
}

function columnKind(cells: readonly string[], notation: Notation): ColumnKind {
  const all = cells.map((cell) => kindOf(cell, notation));
  const count = (kind: Kind) => all.filter((one) => one === kind).length;
  const held = all.length - count("nothing");
  const most = (["numbers", "booleans", "times"] as const).find((kind) => 2 * count(kind) >= held);
  const kind = held === 0 ? "nothing" : (most ?? "text");
  const other = all.findIndex((one) => one !== "nothing" && one !== kind);
  return { kind, isPure: other < 0, other: cells[other] };
}

/** The first line, compared with the columns below it. */
function compareFirst(
  first: readonly string[],
  below: readonly ColumnKind[],
  notation: Notation,
  hasRows: boolean,
): { header: boolean; isDoubtful: boolean } {
  const kinds = first.map((cell) => kindOf(cell, notation));
  const isOdd = (kind: Kind, i: number) =>
    kind !== "nothing" && below[i]!.kind !== kind && !["nothing", "text"].includes(below[i]!.kind);
  const isSame = (kind: Kind, i: number) =>
    kind !== "nothing" &&
    kind !== "text" &&
    (below[i]!.kind === kind || (kind === "numbers" && below[i]!.kind === "nothing"));
  const names = kinds.some(isOdd);
  const values = hasRows && kinds.some(isSame);
  const texts = kinds.includes("text");
  return { header: names || (texts && !values), isDoubtful: values && (names || texts) };
}

/** A column is asked for by what stands in the first line, and cannot be an index. */
function isNamed(first: readonly string[], wanted: readonly string[]): boolean {
  const isIndex = (name: string) => /^\d{1,3}$/.test(name) || Number(name) < first.length;
  return wanted
    .flatMap((one) => [one, ...one.split(",").map((part) => part.trim())])
    .some((one) => first.includes(one) && !isIndex(one));
}

const shown = (cells: readonly string[]): string =>
  `${cells
    .slice(0, 5)
    .map((cell) => JSON.stringify(cell.slice(0, 40)))
    .join(", ")}${cells.length > 5 ? " …" : ""}`;

/** ERR_FORMAT: a line of text that is no table would else be one without rows. */
export function noRows(name: string, names: readonly string[]): RingfoldError {
  return formatError(
    name,
    `has no rows, only a line that looks like a header: ${shown(names)}; give --no-header if it is ` +
      "data, or --header if there are none",
  );
}

/** The columns: numeric if each cell of the rows is a number or a null, and one is a number. */
function candidates(names: readonly string[], below: readonly ColumnKind[]): Candidate[] {
  return names.map((name, i) => {
    const { kind, isPure, other } = below[i] ?? { kind: "nothing", isPure: true, other: "" };
    const rest = isPure ? "" : `, but for ${JSON.stringify(other?.slice(0, 40))}`;
    const type = kind === "nothing" ? "no values in its first rows" : kind;
    return {
      name,
      type: kind === "text" ? type : type + rest,
      numeric: isPure && kind === "numbers",
    };
  });
}

/**
 * The places that are wanted. A column that was named, or is the only one, is meant whatever it
 * holds: then the cell that is no number is what has to be reported. The same if there are no
 * numeric columns, but one that would be if it were not for a few cells.
 */
function select(
  name: string,
  sampled: readonly Candidate[],
  below: readonly ColumnKind[],
  wanted: readonly string[],
): number[] {
  const any = sampled.map((column) => ({ ...column, numeric: true }));
  if (wanted.length > 0) {
    const isAll = (one: string) => one === "*" && !sampled.some((column) => column.name === one);
    return wanted.flatMap((one) => selectColumns(name, isAll(one) ? sampled : any, [one], true));
  }
  if (sampled.length === 1) return [0];
  const mixed = below.flatMap(({ kind, isPure }, i) => (kind === "numbers" && !isPure ? [i] : []));
  const isMixed = mixed.length === 1 && !sampled.some(({ numeric }) => numeric);
  return isMixed ? mixed : selectColumns(name, sampled, []);
}

/**
 * The dialect of a file that starts with `head`; undefined if that holds no whole record.
 * `final`: it is the whole file. Throws ERR_COLUMN; ERR_FORMAT if there is nothing below a header
 * that is a guess.
 */
export function readDialect(
  papa: Papa,
  name: string,
  head: string,
  final: boolean,
  { columns: wanted, text = {}, note }: Wanted,
): Dialect | undefined {
  const newline = sniffNewline(head);
  const comments: string | false = text.comment ?? false;
  const recordsBy = (delimiter: string): Records => {
    const config = { delimiter, newline, preview: SAMPLE_RECORDS, comments };
    const { data } = new papa.Parser(config).parse(head, 0, !final);
    return (data as string[][]).filter((record) => !isBlank(record));
  };
  const delimiter = text.delimiter ?? sniffDelimiter(name, recordsBy, text.decimal);
  const records = recordsBy(delimiter);
  const first = records[0]?.map((cell) => cell.trim());
  if (first === undefined) return undefined;
  const notation = notationOf(text);
  // A record of another length is an error, but not one to report from here.
  const end = records.findIndex((record) => record.length !== first.length);
  const rows = records.slice(0, end < 0 ? undefined : end);
  const kindsFrom = (from: number) => {
    const cells = (i: number) => rows.slice(from).map((row) => row[i]!);
    return first.map((_, i) => columnKind(cells(i), notation));
  };
  const isSure = text.header !== undefined || isNamed(first, wanted);
  const guess = compareFirst(first, kindsFrom(1), notation, records.length > 1);
  const header = text.header ?? (isSure || guess.header);
  const isGuess = header && !isSure;
  // A column that was asked for and is not there tells more, and is told below.
  if (isGuess && final && records.length === 1 && wanted.length === 0) throw noRows(name, first);
  if (!isSure && guess.isDoubtful) {
    note?.(
      `${name}: its first line is taken ${header ? "for a header" : "as data"}: ${shown(first)}; ` +
        `give ${header ? "--no-header if it is data" : "--header if it names the columns"}`,
    );
  }
  const below = kindsFrom(header ? 1 : 0);
  const names = header ? first : first.map((_, i) => String(i));
  const selected = select(name, candidates(names, below), below, wanted);
  const booleans = new Set(
    selected.filter((i) => below[i]!.kind === "booleans" && below[i]!.isPure),
  );
  return { delimiter, newline, comments, header, isGuess, notation, names, selected, booleans };
}
