// The header of an .npy file, versions 1.0 to 3.0, after the documentation of
// numpy.lib.format: a magic string, a version, a length, and a Python dict
// literal of exactly three keys. The literal is parsed, never evaluated, and
// nothing is allocated by what it claims.

import { RingfoldError } from "../../errors.js";
import { type DtypeInfo, dtypeInfo } from "../../operators/dtype.js";
import { formatError } from "../bytes.js";

const MAGIC = "\x93NUMPY";
/** Longer headers describe structured types, which have no sum. NumPy itself stops at 10,000. */
const MAX_HEADER = 65_536;
/** As NumPy 2 has it. */
const MAX_DIMENSIONS = 64;

export interface NpyHeader {
  readonly dtype: DtypeInfo;
  /** True if the elements' byte order is not this machine's. */
  readonly swap: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Elements; a shape of () has one. */
  readonly length: number;
  /** Bytes from the start of the file to the first element. */
  readonly offset: number;
}

/** Bytes of the file that tell where the header ends. */
export const NPY_PREFIX = 12;

/**
 * Bytes before the first element. `head`: the file's first 12 bytes, or all it has.
 * Throws ERR_FORMAT.
 */
export function npyOffset(name: string, head: Uint8Array): number {
  for (let i = 0; i < MAGIC.length; i++) {
    if (head[i] !== MAGIC.charCodeAt(i)) {
      throw formatError(name, "is not an .npy file: it does not start with \\x93NUMPY");
    }
  }
  const version = head[6];
  if (version === undefined || version < 1 || version > 3 || head[7] !== 0) {
    const found = version === undefined ? "cut off" : `${version}.${head[7]}`;
    throw formatError(name, `its .npy version is ${found}: 1.0, 2.0 and 3.0 can be read`);
  }
  const start = version === 1 ? 10 : 12;
  if (head.length < start) throw formatError(name, "truncated within its .npy header");
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER) {
    throw formatError(
      name,
      `its .npy header claims ${length} bytes: at most ${MAX_HEADER} make sense`,
    );
  }
  return start + length;
}

/** A cursor over a Python literal: strings without escapes, True, False, tuples of integers. */
class Literal {
  readonly #text: string;
  readonly #fail: (problem: string) => RingfoldError;
  #at = 0;

  constructor(text: string, fail: (problem: string) => RingfoldError) {
    this.#text = text;
    this.#fail = fail;
  }

  /** The match of a sticky pattern here, after blanks; then the cursor is behind it. */
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[1];
  }

  skip(token: "{" | "}" | "(" | ")" | "," | ":" | "["): boolean {
    this.#match(/([ \t\r\n]*)/y);
    if (this.#text[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: "{" | "}" | "(" | ":"): void {
    if (!this.skip(token)) throw this.unexpected(`"${token}"`);
  }

  unexpected(wanted: string): RingfoldError {
    const found = JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    return this.#fail(`has ${found} where ${wanted} is expected`);
  }

  string(wanted: string): string {
    const found = this.#match(/[ \t\r\n]*('[^'\\\n]*'|"[^"\\\n]*")/y);
    if (found === undefined) throw this.unexpected(wanted);
    return found.slice(1, -1);
  }

  bool(): boolean {
    const found = this.#match(/[ \t\r\n]*(True|False)\b/y);
    if (found === undefined) throw this.unexpected("True or False");
    return found === "True";
  }

  /** A dimension: Python 2 wrote an L behind it. */
  integer(): bigint {
    const found = this.#match(/[ \t\r\n]*([+-]?[0-9]{1,40})L?/y);
    if (found === undefined) throw this.unexpected("a dimension");
    return BigInt(found);
  }

  end(): void {
    this.#match(/([ \t\r\n]*)/y);
    if (this.#at !== this.#text.length) throw this.unexpected("the end");
  }
}

/** What numpy.dtype.str says of types that have no sum, and what would help. */
const REFUSED: readonly (readonly [pattern: RegExp, what: string, remedy: string])[] = [
  [/^\|?O/, "Python objects (a pickle)", "save a numeric array: x.astype('float64')"],
  [/^[<>]?[SUa]/, "strings", "save a numeric array"],
  [/^[<>=|]?[cG]/, "complex numbers", "save x.real and x.imag"],
  [/^[<>=|]?[mM]/, "dates or time spans", "save x.astype('int64')"],
  [/^[<>=|]?V[12]$/, "a type without a name, as bfloat16 and float8", "save x.astype('float32')"],
  [/^[<>=|]?V/, "records", "save one field: x['name']"],
  [/^[<>=|]?T/, "strings", "save a numeric array"],
  [/^[<>=|]?[fg](12|16)$/, "long doubles", "save x.astype('float64')"],
];

function parseDescr(name: string, descr: string): Pick<NpyHeader, "dtype" | "swap"> {
  const found = /^([<>=|]?)([biuf])([1248])$/.exec(descr);
  const [, order, letter, size] = found ?? [];
  const kind = { b: "bool", i: "int", u: "uint", f: "float" }[letter ?? ""];
  const known =
    size !== undefined && (kind === "bool" ? size === "1" : kind !== "float" || size !== "1");
  if (kind === undefined || !known) {
    const refused = REFUSED.find(([pattern]) => pattern.test(descr.replace(/^\|/, "")));
    const [, what, remedy] = refused ?? ["", "an unknown type", "save x.astype('float64')"];
    throw new RingfoldError(
      "ERR_DTYPE",
      `${name}: its elements are ${JSON.stringify(descr)}, ${what}, which cannot be reduced: ${remedy}`,
    );
  }
  const dtype = dtypeInfo(kind === "bool" ? "uint8" : `${kind}${8 * Number(size)}`);
  // This machine is little-endian, as WebAssembly's memory is everywhere.
  return { dtype, swap: order === ">" && dtype.size > 1 };
}

function parseShape(literal: Literal, fail: (problem: string) => RingfoldError): bigint[] {
  const shape: bigint[] = [];
  literal.expect("(");
  while (!literal.skip(")")) {
    const dimension = literal.integer();
    if (dimension < 0n) throw fail(`has a negative dimension, ${dimension}`);
    shape.push(dimension);
    if (shape.length > MAX_DIMENSIONS) throw fail(`has more than ${MAX_DIMENSIONS} dimensions`);
    if (literal.skip(",")) continue;
    // (3) is an integer in Python, not a tuple.
    if (shape.length === 1 || !literal.skip(")")) throw literal.unexpected('","');
    break;
  }
  return shape;
}

/**
 * The header of a file that starts with `head`, which reaches at least to `npyOffset`.
 * Throws ERR_FORMAT for a malformed header, ERR_DTYPE for elements that are not numbers.
 */
export function parseNpyHeader(name: string, head: Uint8Array): NpyHeader {
  const fail = (problem: string) => formatError(name, `its .npy header ${problem}`);
  const offset = npyOffset(name, head);
  if (head.length < offset) {
    throw formatError(
      name,
      `truncated: its .npy header ends at byte ${offset}, the file at ${head.length}`,
    );
  }
  const [version] = head.subarray(6);
  const bytes = head.subarray(version === 1 ? 10 : 12, offset);
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes);
  const literal = new Literal(text, fail);
  let descr: string | undefined;
  let fortran: boolean | undefined;
  let shape: bigint[] | undefined;
  literal.expect("{");
  while (!literal.skip("}")) {
    const key = literal.string("a key");
    literal.expect(":");
    if (key === "descr" && descr === undefined) {
      if (literal.skip("[")) {
        throw new RingfoldError(
          "ERR_DTYPE",
          `${name}: its elements are records, which cannot be reduced: save one field, x['name']`,
        );
      }
      descr = literal.string("a type");
    } else if (key === "fortran_order" && fortran === undefined) {
      fortran = literal.bool();
    } else if (key === "shape" && shape === undefined) {
      shape = parseShape(literal, fail);
    } else {
      throw fail(`has the key ${JSON.stringify(key)} too many`);
    }
    if (literal.skip(",")) continue;
    literal.expect("}");
    break;
  }
  literal.end();
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw fail("lacks one of descr, fortran_order and shape");
  }
  const elements = shape.reduce((product, dimension) => product * dimension, 1n);
  const { dtype, swap } = parseDescr(name, descr);
  if (elements * BigInt(dtype.size) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw fail(`claims ${elements} elements of ${dtype.name}, which no file can hold`);
  }
  return { dtype, swap, fortran, shape: shape.map(Number), length: Number(elements), offset };
}
