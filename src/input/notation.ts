// How numbers are written in a text table: decimal marks, groups of digits, words for no value. It
// brings a cell to the notation that JavaScript reads.

import type { TextOptions } from "./source.js";

/** `\N` is that of MySQL and PostgreSQL, None Python's, <NA> pandas', #N/A that of spreadsheets. */
const NULLS: ReadonlySet<string> = new Set([
  ...["", "NA", "N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "Null", "None", "\\N"],
]);
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const NON_FINITE = /^([+-]?)(nan|inf|infinity)$/i;
const PARTS = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
/** Decimal digits of the largest integer of 64 bits. */
const MOST_DIGITS = 20;

export interface Notation {
  /** Words for no value, beside the usual ones. */
  readonly nulls: ReadonlySet<string>;
  /** A number in this notation in that of JavaScript; undefined if it is none. */
  readonly toPlain: ((cell: string) => string | undefined) | undefined;
}

/** With a point, no groups, and the usual words. */
export const PLAIN: Notation = { nulls: new Set(), toPlain: undefined };

const escaped = (mark: string): string => mark.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

export function notationOf({ nulls = [], decimal = ".", thousands }: TextOptions): Notation {
  const isPlain = decimal === "." && thousands === undefined;
  if (nulls.length === 0 && isPlain) return PLAIN;
  const groups = thousands === undefined ? "" : `\\d{1,3}(?:${escaped(thousands)}\\d{3})+|`;
  const shape = new RegExp(
    `^[+-]?(?:${groups}\\d*)(?:${escaped(decimal)}\\d*)?(?:e[+-]?\\d+)?$`,
    "i",
  );
  const toPlain = (cell: string) => {
    if (!shape.test(cell)) return undefined;
    const joined = thousands === undefined ? cell : cell.replaceAll(thousands, "");
    return joined.replace(decimal, ".");
  };
  return {
    nulls: new Set(nulls.map((word) => word.trim())),
    toPlain: isPlain ? undefined : toPlain,
  };
}

/** A cell as JavaScript writes its number; null if it stands for none, undefined if it is none. */
export function plainOf(text: string, notation: Notation): string | null | undefined {
  if (notation === PLAIN && NUMBER.test(text)) return text;
  const cell = text.trim();
  if (NULLS.has(cell) || notation.nulls.has(cell)) return null;
  const plain = notation.toPlain === undefined ? cell : notation.toPlain(cell);
  if (plain !== undefined && NUMBER.test(plain)) return plain;
  const [, sign, word] = NON_FINITE.exec(cell) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === "nan") return "NaN";
  return sign === "-" ? "-Infinity" : "Infinity";
}

/**
 * The integer that a plain number is, exact, whether it is written as 1000, 1000.0 or 1e3; undefined
 * if it has a fraction, however small, or more digits than 64 bits hold.
 */
export function integerOf(plain: string): bigint | undefined {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = PARTS.exec(plain) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  if (end === 0) return whole + fraction === "" ? undefined : 0n;
  const zeros = digits.length - end + Number(exponent) - fraction.length;
  if (zeros < 0 || end + zeros > MOST_DIGITS) return undefined;
  return BigInt(`${sign === "-" ? "-" : ""}${digits.slice(0, end)}${"0".repeat(zeros)}`);
}

const GROUPED = /^[+-]?\d{1,3}(?:([.,' _])\d{3})(?:\1\d{3})*(?:([.,])\d+)?$/;
const COMMA = /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i;
const DATE = String.raw`(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{2,4})`;
const CLOCK = String.raw`\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?`;
const TIME = new RegExp(
  `^(?:${DATE}(?:[T ]${CLOCK} ?(?:Z|UTC|[+-]\\d\\d:?\\d\\d)?)?|${CLOCK})$`,
  "i",
);

export const isTime = (text: string): boolean => TIME.test(text.trim());

/** A number in whatever notation: for telling what separates cells. */
export const looksNumeric = (text: string): boolean => {
  const cell = text.trim();
  return typeof plainOf(cell, PLAIN) === "string" || COMMA.test(cell) || GROUPED.test(cell);
};

/** What would make a cell readable that is no number in the notation at hand; "" if nothing does. */
export function remedyOf(text: string): string {
  const cell = text.trim();
  if (isTime(cell)) {
    return "dates and times are not reduced: write them as numbers, such as seconds since 1970";
  }
  const [grouped, mark, point] = GROUPED.exec(cell) ?? [];
  // 1,234 may be either: whoever wrote it knows.
  if (COMMA.test(cell)) {
    return grouped === undefined
      ? "if its comma is a decimal mark, give --decimal ,"
      : "give --decimal , or --thousands , by what its comma is";
  }
  if (mark !== undefined) {
    const decimal = point === "," || mark === "." ? "--decimal , " : "";
    return `give ${decimal}--thousands ${/[ ']/.test(mark) ? `"${mark}"` : mark}`;
  }
  if (cell.length > 20 || cell.includes("'")) return "";
  return `if it stands for no value, give --null '${cell}'`;
}
