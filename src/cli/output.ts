// How results look: a table for people, an object for programs. Writes without the stream
// objects of the process, which take longer to load than most results take to compute.

import { fstatSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import type { Round } from "../engine/options.js";
import { RingfoldError } from "../errors.js";
import type { Dtype } from "../operators/dtype.js";
import type { Naive, Receipt } from "../operators/receipt.js";
import { UsageError } from "./usage.js";

/** Of every object that `--json` prints. */
export const JSON_VERSION = 1;

export interface ColumnReport {
  /** Undefined where the input has no names: an array, raw numbers. */
  readonly name: string | undefined;
  readonly dtype: Dtype;
  readonly nulls: number;
  readonly results: Readonly<Record<string, unknown>>;
  /** These two only if they were asked for. */
  readonly receipt: Receipt | undefined;
  readonly rounds: readonly Round[] | undefined;
}

export interface Report {
  readonly columns: readonly ColumnReport[];
  readonly rows: number;
  /** Of the numbers that were reduced, nulls excluded. */
  readonly bytes: number;
  readonly seconds: number;
  /** How long it took to make the numbers before, if they were generated. */
  readonly generateSeconds?: number;
  readonly threads: number;
}

/** Ends of output that nobody reads any more, or that take no more. */
const closed = new Set<number>();

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: "there is no space left",
  EDQUOT: "its quota is used up",
  EFBIG: "it would be larger than is allowed",
};

/**
 * Writes all of it. A reader that has gone is no error: there is nobody to tell.
 * @throws RingfoldError ERR_FILE, once, if standard output takes no more
 */
export function write(fd: 1 | 2, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let done = 0; done < bytes.length && !closed.has(fd); ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Somebody made the pipe non-blocking and is slow to read.
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else closed.add(fd);
      if (code === "EAGAIN" || code === "EPIPE" || fd === 2) continue;
      const why = FULL[code ?? ""] ?? (error as Error).message;
      throw new RingfoldError("ERR_FILE", `standard output: cannot be written: ${why}`, {
        cause: error,
      });
    }
  }
}

/** True for a terminal. Modules for terminals are loaded only where there may be one. */
export function isTerminal(fd: 1 | 2): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && (fd === 1 ? process.stdout : process.stderr).isTTY;
  } catch {
    return false;
  }
}

/** @throws UsageError if what --partial writes would go to a terminal. */
export function assertTakesBytes(): void {
  if (!isTerminal(1)) return;
  throw new UsageError(
    "--partial: a state is bytes, not text, and standard output is a terminal: send it to a file, " +
      "as in > x.state",
  );
}

type Style = "bold" | "dim" | "red";
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39] } as const;

/** Colours text for a terminal that shows them, and unless NO_COLOR is set. */
export function styler(fd: 1 | 2): (style: Style, text: string) => string {
  const stream = () => (fd === 1 ? process.stdout : process.stderr);
  const hasColor = isTerminal(fd) && !process.env["NO_COLOR"] && stream().hasColors();
  return (style, text) => {
    const [on, off] = CODES[style];
    return hasColor ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  };
}

/** For what no terminal shows. */
export const silent = (_: Style, text: string): string => text;

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

export const plural = (n: number, one: string): string =>
  `${grouped(n)} ${one}${n === 1 ? "" : "s"}`;

/** In decimal units, as rates are. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(bytes) / 3));
  const unit = ["B", "kB", "MB", "GB", "TB", "PB"][power];
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${unit}`;
}

/** For people: the value as JavaScript writes it. */
export function formatValue(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  const { inspect } = createRequire(import.meta.url)("node:util") as typeof import("node:util");
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 8 });
}

/** Name and value in two columns. */
export function formatTable(entries: readonly (readonly [string, string])[], indent = ""): string {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}\n`).join("");
}

export function formatReport({ columns }: Report): string {
  const style = styler(1);
  return columns
    .map(({ name, dtype, results, receipt }) => {
      const entries = Object.entries(results).map(
        ([op, value]) => [op, formatValue(value)] as const,
      );
      const indent = name === undefined ? "" : "  ";
      const lines = formatTable(entries, indent) + formatReceipt(receipt, `${indent}  `);
      if (name === undefined) return lines;
      return `${style("bold", name)} ${style("dim", `(${dtype})`)}\n${lines}`;
    })
    .join("");
}

function formatNaive({ value, differs, ulps }: Naive): string {
  if (!differs) return "same bits";
  // From a number to an infinity or NaN there is no distance.
  const far = Number.isFinite(ulps) ? `: ${plural(ulps, "ulp")}` : "";
  return `naive differs${far} (${formatValue(value)})`;
}

function formatReceipt(receipt: Receipt | undefined, indent: string): string {
  if (receipt === undefined) return "";
  const { elements, nans, positiveInfinities, negativeInfinities, nulls, naive, modes } = receipt;
  const entries: [string, string][] = [
    ["elements", grouped(elements)],
    ["NaN", grouped(nans)],
    [
      "infinities",
      `${grouped(positiveInfinities)} positive, ${grouped(negativeInfinities)} negative`,
    ],
    ["nulls", grouped(nulls)],
  ];
  for (const [op, one] of Object.entries(naive)) entries.push([op, formatNaive(one)]);
  if (modes !== undefined) {
    const { window, zeros, wide, wider, cells } = modes;
    const all = { window, "window and zeros": zeros, wide, wider, cells };
    const some = Object.entries(all).filter(([, n]) => n > 0);
    entries.push(["blocks", some.map(([mode, n]) => `${grouped(n)} ${mode}`).join(", ") || "none"]);
  }
  entries.push(["tree", `version ${receipt.tree}`]);
  return formatTable(entries, indent);
}

/** The line about the work itself. */
export function formatSummary(report: Report): string {
  const { columns, rows, bytes, seconds, generateSeconds, threads } = report;
  const nulls = columns.reduce((sum, column) => sum + column.nulls, 0);
  const rate = seconds > 0 ? bytes / seconds / 1e9 : 0;
  const parts = [
    plural(rows, "row"),
    `${plural(nulls, "null")} skipped`,
    formatBytes(bytes),
    `${seconds.toPrecision(3)} s`,
    `${rate < 0.01 ? rate.toFixed(3) : rate.toPrecision(3)} GB/s`,
    plural(threads, "thread"),
    ...(generateSeconds === undefined
      ? []
      : [`without the ${generateSeconds.toPrecision(3)} s of generating`]),
  ];
  return `${styler(2)("dim", parts.join(", "))}\n`;
}

export function formatRounds({ columns }: Report): string {
  const lines: string[] = [];
  for (const { name, rounds } of columns) {
    for (const { round, length } of rounds ?? []) {
      lines.push(`${name === undefined ? "" : `${name}: `}round ${round}: ${length}\n`);
    }
  }
  return lines.join("");
}

/** What JSON cannot hold becomes a string: NaN, infinities, −0, integers beyond 2^53. */
export function jsonValue(value: unknown): unknown {
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : formatValue(value);
  }
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value === undefined || value === null) return null;
  if (typeof value === "function" || typeof value === "symbol") return String(value);
  if (typeof value !== "object") return value;
  if (value instanceof Map) return [...value].map(jsonValue);
  if (value instanceof Set || Array.isArray(value)) return [...value].map(jsonValue);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<unknown>, jsonValue);
  }
  if ("toJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonValue(inner)]));
}

export function jsonReport(report: Report): string {
  const { columns, rows, bytes, seconds, generateSeconds, threads } = report;
  return formatJson({
    columns: columns.map(({ name, dtype, nulls, results, receipt, rounds }) => ({
      name: name ?? null,
      dtype,
      nulls,
      results: jsonValue(results),
      ...(receipt === undefined ? {} : { receipt: jsonValue(receipt) }),
      ...(rounds === undefined ? {} : { rounds: rounds.map(({ length }) => length) }),
    })),
    rows,
    bytes,
    seconds,
    ...(generateSeconds === undefined ? {} : { generateSeconds }),
    threads,
  });
}

export function formatJson(members: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: JSON_VERSION, ...members })}\n`;
}
