// What people hand over that another program turns into what is read here: compressed files, JSON,
// addresses. A message names the command, which is to be pasted.

import { extname } from "node:path";
import { RingfoldError } from "../errors.js";
import { formatError, nameOf, STDIN } from "./bytes.js";
import type { OpenOptions } from "./source.js";

interface Packed {
  readonly magic: readonly string[];
  readonly extensions: readonly string[];
  readonly what: string;
  /** Writes the content to standard output; without a file, of standard input. */
  readonly command: string;
  readonly isArchive?: boolean;
}

/** "BZh" alone could be text. */
const BZIP2 = Array.from({ length: 9 }, (_, i) => `BZh${i + 1}1AY&SY`);

/** First bytes, names, and what unpacks them. */
const PACKED: readonly Packed[] = [
  { magic: ["\x1f\x8b\x08"], extensions: [".gz"], what: "gzip", command: "gunzip -c" },
  { magic: ["\x28\xb5\x2f\xfd"], extensions: [".zst"], what: "zstd", command: "zstd -dc" },
  { magic: ["\xfd7zXZ"], extensions: [".xz"], what: "xz", command: "xz -dc" },
  { magic: BZIP2, extensions: [".bz2"], what: "bzip2", command: "bzip2 -dc" },
  { magic: ["\x04\x22\x4d\x18"], extensions: [".lz4"], what: "lz4", command: "lz4 -dc" },
  { magic: ["\x1f\x9d"], extensions: [".Z"], what: "compress", command: "gunzip -c" },
  // Brotli has no first bytes of its own.
  { magic: [], extensions: [".br"], what: "brotli", command: "brotli -dc" },
  {
    magic: ["PK\x03\x04"],
    extensions: [".zip", ".npz"],
    what: "zip",
    command: "unzip -p",
    isArchive: true,
  },
  {
    magic: ["7z\xbc\xaf\x27\x1c"],
    extensions: [".7z"],
    what: "7-Zip",
    command: "7z x -so",
    isArchive: true,
  },
];

/** Raw binary, whose first bytes may be any. */
const RAW: readonly string[] = [".bin", ".raw", ".dat"];

const starts = (head: Uint8Array, { magic }: Packed): boolean =>
  magic.some((bytes) => [...bytes].every((char, i) => head[i] === char.charCodeAt(0)));

/** A word of a shell's command. */
const quoted = (word: string): string =>
  /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command line behind a pipe. */
const PIPED = "| ringfold reduce - …";

/** Throws ERR_FORMAT for a compressed file, by its name or its first bytes, with the command. */
function checkPacked(name: string, head: Uint8Array, { dtype }: OpenOptions): void {
  const extension = extname(name);
  const named = PACKED.find(({ extensions }) => extensions.includes(extension));
  const seen = RAW.includes(extension) ? undefined : PACKED.find((one) => starts(head, one));
  const packed = seen ?? named;
  if (packed === undefined) return;
  const { what, command, isArchive = false } = packed;
  const isStdin = name === nameOf(STDIN);
  const source = isStdin ? "" : ` ${quoted(name)}`;
  const remedy = isArchive
    ? `${command}${isStdin ? " FILE" : source} MEMBER ${PIPED}`
    : `${command}${source} ${PIPED}`;
  const found = seen === undefined ? `is named ${extension}, ` : "is ";
  throw formatError(
    name,
    `${found}${isArchive ? `an archive (${what})` : `compressed by ${what}`}: unpack it on the way, ` +
      `\`${remedy}\`${dtype === undefined ? "" : "; if it is raw binary, give --format raw"}`,
  );
}

/** One column of what `path` gives, as jq takes it. */
function member(path: "." | ".[]", column: string): string {
  if (!/^[A-Za-z_]\w*$/.test(column)) return `${path}[${JSON.stringify(column)}]`;
  return path === "." ? `.${column}` : `${path}.${column}`;
}

/** Throws ERR_FORMAT for JSON, by its name or its first bytes, with the command. */
function checkJson(name: string, head: Uint8Array, { columns, format }: OpenOptions): void {
  if (format !== undefined) return;
  const text = new TextDecoder("latin1").decode(head.subarray(0, 256)).trimStart();
  const extension = extname(name).toLowerCase();
  const isLines = [".jsonl", ".ndjson"].includes(extension);
  const isNamed = isLines || extension === ".json";
  const isRecords = /^\{\s*"/.test(text);
  const isArray = /^\[\s*([-\d{["]|null|true|false|\])/.test(text);
  if (!isNamed && !isRecords && !isArray) return;
  const column = columns[0] ?? (isArray && !/^\[\s*\{/.test(text) ? undefined : "NAME");
  const filter = column === undefined ? ".[]" : member(isArray && !isLines ? ".[]" : ".", column);
  const source = name === nameOf(STDIN) ? "" : ` ${quoted(name)}`;
  throw formatError(
    name,
    `is ${isNamed ? `named ${extension}` : "JSON"}, and tables are read as text, Parquet or Arrow: ` +
      `make it a column, \`jq -r ${quoted(filter)}${source} ${PIPED}\``,
  );
}

/** Throws ERR_FORMAT, with the command that makes it what can be read. */
export function checkContent(name: string, head: Uint8Array, options: OpenOptions): void {
  if (options.format === "raw") return;
  checkPacked(name, head, options);
  checkJson(name, head, options);
}

const FETCH: Readonly<Record<string, string>> = {
  http: "curl -sSfL",
  https: "curl -sSfL",
  ftp: "curl -sSf",
  s3: "aws s3 cp",
  gs: "gcloud storage cat",
  file: "cat",
};

/** Throws ERR_FILE for an address in place of a path, with the command that fetches it. */
export function checkPath(path: string): void {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1]?.toLowerCase();
  if (scheme === undefined) return;
  const fetch = FETCH[scheme];
  const plain = path.replace(/[?#].*$/, "");
  const packed = PACKED.find(
    ({ extensions, isArchive }) => !isArchive && extensions.includes(extname(plain)),
  );
  const unpack = packed === undefined ? "" : `| ${packed.command} `;
  const address = scheme === "file" ? decodeURI(path.replace(/^file:\/\/[^/]*/i, "")) : path;
  const target = scheme === "s3" ? " -" : "";
  const remedy =
    fetch === undefined
      ? "bring it into a file first"
      : `fetch it on the way, \`${fetch} ${quoted(address)}${target} ${unpack}${PIPED}\``;
  throw new RingfoldError("ERR_FILE", `${path}: is an address, and files are read: ${remedy}`);
}
