// Which format a file has: by its first bytes, then by its name. A name that
// promises a binary format which the bytes do not keep is an error, never a guess.

import { extname } from "node:path";
import { RingfoldError } from "../errors.js";
import { formatError } from "./bytes.js";
import { checkContent } from "./elsewhere.js";
import { type Format, type OpenOptions, optionOf } from "./source.js";

/** Bytes that `sniff` wants to see, for telling text from other things. */
export const HEAD_BYTES = 4096;

const EXTENSIONS: Readonly<Record<string, Format>> = {
  ".npy": "npy",
  ".parquet": "parquet",
  ".pq": "parquet",
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".feather": "arrow",
  ".ipc": "arrow",
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".bin": "raw",
  ".raw": "raw",
  ".dat": "raw",
};

const TITLES: Readonly<Record<Format, string>> = {
  npy: "a NumPy file",
  parquet: "a Parquet file",
  arrow: "an Arrow file",
  csv: "text",
  raw: "raw binary",
};

const MAGIC: readonly (readonly [bytes: string, format: Format])[] = [
  ["\x93NUMPY", "npy"],
  ["PAR1", "parquet"],
  ["ARROW1", "arrow"],
];

const RECODE = "convert it to UTF-8, as by `iconv -f UTF-16 -t UTF-8 FILE | ringfold …`";
const DOWNLOADED = "see what its address answers; the table is elsewhere";

/** What people hand over by mistake, and what to do about it. */
const STRANGERS: readonly (readonly [bytes: string, what: string, remedy: string])[] = [
  ["PARE", "a Parquet file with an encrypted footer", "decrypt it first"],
  ["FEA1", "a Feather version 1 file", "write it again as version 2, which is an Arrow file"],
  ["\x89HDF", "an HDF5 file", "convert its array to .npy first"],
  ["\xff\xfe", "UTF-16 text", RECODE],
  ["\xfe\xff", "UTF-16 text", RECODE],
  ["<!DOCTYPE", "a page of HTML", DOWNLOADED],
  ["<!doctype", "a page of HTML", DOWNLOADED],
  ["<html", "a page of HTML", DOWNLOADED],
];

function startsWith(head: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (head[i] !== magic.charCodeAt(i)) return false;
  return true;
}

/** An Arrow stream has no magic: it starts with −1, and a message's length, a multiple of 8. */
function isArrowStream(head: Uint8Array): boolean {
  if (head.length < 16 || !startsWith(head, "\xff\xff\xff\xff")) return false;
  const length = new DataView(head.buffer, head.byteOffset).getInt32(4, true);
  return length > 8 && length % 8 === 0;
}

/** True if the bytes hold no control character that text never has. */
export function looksLikeText(head: Uint8Array): boolean {
  return head.length > 0 && !head.some((byte) => byte < 9 || (byte > 13 && byte < 32));
}

/** For messages: what the bytes seem to be. */
function describe(head: Uint8Array): string {
  const format = byContent(head);
  if (format !== undefined) return TITLES[format];
  const stranger = STRANGERS.find(([magic]) => startsWith(head, magic));
  if (stranger !== undefined) return stranger[1];
  if (head.length === 0) return "empty";
  if (looksLikeText(head)) return "text";
  const hex = Array.from(head.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0"));
  return `something that starts with the bytes ${hex.join(" ")}`;
}

function byContent(head: Uint8Array): Format | undefined {
  const known = MAGIC.find(([magic]) => startsWith(head, magic));
  if (known !== undefined) return known[1];
  return isArrowStream(head) ? "arrow" : undefined;
}

function checkNamed(name: string, format: Format, extension: string, head: Uint8Array): Format {
  // Streams from before Arrow 0.15 begin with the bare length of their first message.
  const old = format === "arrow" && head[3] === 0 && head[4] !== 0 && !looksLikeText(head);
  if (byContent(head) === format || old) return format;
  throw formatError(
    name,
    `is named ${extension}, but is not ${TITLES[format]}: it is ${describe(head)}; ` +
      `give it its own extension, or get the real file`,
  );
}

/** "LE" or "BE" if the bytes are text once every other byte is left out, which is NUL mostly. */
function wideText(head: Uint8Array): "LE" | "BE" | undefined {
  const half = (odd: number) => head.filter((_, i) => i % 2 === odd);
  const isHigh = (bytes: Uint8Array) =>
    2 * bytes.filter((byte) => byte === 0).length > bytes.length;
  const [even, odd] = [half(0), half(1)];
  if (looksLikeText(even) && isHigh(odd)) return "LE";
  return looksLikeText(odd) && isHigh(even) ? "BE" : undefined;
}

function checkText(name: string, head: Uint8Array): "csv" {
  const stranger = STRANGERS.find(([magic]) => startsWith(head, magic));
  if (stranger !== undefined) throw formatError(name, `is ${stranger[1]}: ${stranger[2]}`);
  if (head.length === 0) throw formatError(name, "is empty: it has neither a header nor rows");
  if (looksLikeText(head)) return "csv";
  const wide = wideText(head);
  if (wide !== undefined) {
    const remedy = RECODE.replace("UTF-16", `UTF-16${wide}`);
    throw formatError(
      name,
      `looks like UTF-16 text, without a byte order mark: ${remedy}; if it is raw binary, name its ` +
        "element type with --dtype",
    );
  }
  const nul = head.indexOf(0);
  const rest = head.filter((byte) => byte !== 0);
  // Raw numbers have more of them.
  if (looksLikeText(rest) && rest.length > 0.9 * head.length) {
    const line = head.subarray(0, nul).filter((byte) => byte === 10).length + 1;
    throw formatError(
      name,
      `has a NUL byte on line ${line}, which text never has: take it out, as by ` +
        "`tr -d '\\0' < FILE | ringfold …`, or name the element type of raw binary with --dtype",
    );
  }
  throw formatError(
    name,
    `is not text and of no known format: it is ${describe(head)}; ` +
      "if it is raw binary, name its element type with --dtype",
  );
}

function checkRaw(name: string, { dtype }: OpenOptions): "raw" {
  if (dtype !== undefined) return "raw";
  throw new RingfoldError(
    "ERR_DTYPE",
    `${name}: raw binary does not say what its elements are: name their type with --dtype`,
  );
}

/**
 * The format of a file whose first bytes are `head`: its first 4,096, or all it has.
 * Throws ERR_FORMAT if it is none, or another than its name promises, and ERR_DTYPE for
 * raw binary without a dtype.
 */
export function sniff(name: string, head: Uint8Array, options: OpenOptions): Format {
  const { dtype, format } = options;
  checkContent(name, head, options);
  if (format === "raw") return checkRaw(name, options);
  if (format === "csv") return checkText(name, head);
  if (format !== undefined) return format;
  const extension = extname(name).toLowerCase();
  const named = EXTENSIONS[extension];
  if (named !== undefined && named !== "csv" && named !== "raw") {
    return checkNamed(name, named, extension, head);
  }
  const isText = options.text !== undefined && optionOf(options.text) !== undefined;
  const raw = named === "raw" || (named === undefined && dtype !== undefined && !isText);
  const found = byContent(head);
  // Raw int32 that start with −1 could pass for an Arrow stream: there, name or dtype decide.
  if (found !== undefined && !(raw && isArrowStream(head))) return found;
  if (raw) return checkRaw(name, options);
  return checkText(name, head);
}
