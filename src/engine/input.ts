// What the caller handed in: which dtype, how many elements, and where they lie.

import { RingfoldError } from "../errors.js";
import {
  bufferOf,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
  lengthOf,
  offsetOf,
  type TypedArray,
} from "../operators/dtype.js";
import type { Shared } from "./shared.js";

/** A typed array on any buffer, or a plain array of numbers (float64) or bigints (int64). */
export type Input = TypedArray | readonly number[] | readonly bigint[];
/** Two inputs of equal length and dtype, for an operator that reads them side by side. */
export type Pair = readonly [Input, Input];

export interface Located {
  readonly dtype: DtypeInfo;
  readonly length: number;
  /** Address in the engine's memory; −1 if the data lies elsewhere. */
  readonly address: number;
  readonly view: TypedArray;
  /** The second input, of the same dtype and length. */
  readonly second?: Located;
  /** A plain array's elements, which are not in `view` before `bringIn`. */
  readonly values?: PlainArray;
}

type PlainArray = readonly number[] | readonly bigint[];

/** Bytes from which a plain array goes into the engine's memory at once, which has been used before. */
const LARGE_BYTES = 64 * 1024;
const NUMBERS = new Float64Array(0);
const BIGINTS = new BigInt64Array(0);

/** The bytes of elements first … first + n − 1. */
export function bytesOf(view: TypedArray, first: number, n: number): Uint8Array {
  const { size } = dtypeOf(view) as DtypeInfo;
  return new Uint8Array(bufferOf(view), offsetOf(view) + first * size, n * size);
}

/**
 * From the first input's elements to the second's, 0 without one; undefined if not all of it lies
 * in the engine's memory.
 */
export function secondOffset({ address, second }: Located): number | undefined {
  if (address < 0) return undefined;
  if (second === undefined) return 0;
  return second.address < 0 ? undefined : second.address - address;
}

function bad(what: string): RingfoldError {
  return new RingfoldError("ERR_INPUT", `input: ${what}`);
}

/** @internal @throws RingfoldError ERR_INPUT, ERR_DTYPE */
export function locate(shared: Shared, input: Input): Located {
  const dtype = dtypeOf(input);
  if (dtype === undefined) return fromArray(input);
  const view = input as TypedArray;
  const length = lengthOf(view);
  if (length === 0) assertAttached(view);
  if (!shared.owns(bufferOf(view))) return { dtype, length, address: -1, view };
  const address = offsetOf(view);
  if (!shared.arena.isLive(address, length * dtype.size)) {
    throw bad(
      `${length} ${dtype.name} at byte ${address} of the engine's memory are not in an array that ` +
        "`alloc` or `share` gave and that is still in use: it was freed, or reaches beyond its end",
    );
  }
  return { dtype, length, address, view };
}

/** @internal @throws RingfoldError ERR_INPUT, ERR_DTYPE */
export function locatePair(shared: Shared, input: unknown, operator: string): Located {
  const isPair = Array.isArray(input) && input.length === 2;
  if (!isPair || typeof input[0] !== "object" || typeof input[1] !== "object") {
    throw bad(`${operator} takes two arrays of equal length: pass [x, y]`);
  }
  const x = locate(shared, input[0] as Input);
  const y = locate(shared, input[1] as Input);
  if (x.length !== y.length) {
    throw bad(
      `${operator} of ${x.length} and ${y.length} elements: the two arrays must have equal lengths`,
    );
  }
  if (x.dtype !== y.dtype && x.length > 0) {
    throw new RingfoldError(
      "ERR_DTYPE",
      `${operator} of ${x.dtype.name} and ${y.dtype.name}: convert one, so that both are the same`,
    );
  }
  const { dtype, length, address, view, values } = x;
  const both = { dtype, length, address, view, second: y };
  return values === undefined ? both : { ...both, values };
}

/** An empty view may be one whose buffer was transferred, or shrank under it. */
function assertAttached(view: TypedArray): void {
  try {
    // Every method of a typed array throws if its buffer is detached or it is out of bounds.
    Uint8Array.prototype.at.call(view, 0);
  } catch (cause) {
    throw new RingfoldError(
      "ERR_INPUT",
      "input: the typed array's buffer was detached (transferred) or shrank under it; pass one " +
        "that still holds its elements",
      { cause },
    );
  }
}

function fromArray(input: unknown): Located {
  if (!Array.isArray(input)) {
    const what = input instanceof DataView ? "a DataView" : Object.prototype.toString.call(input);
    throw bad(`${what} is not a typed array or an array of numbers or bigints`);
  }
  const { length } = input;
  const kind = length === 0 ? "number" : typeof input[0];
  if (kind !== "number" && kind !== "bigint") {
    throw bad(`element 0 is a ${kind}, not a number or bigint`);
  }
  const isNumber = kind === "number";
  return {
    dtype: dtypeInfo(isNumber ? "float64" : "int64"),
    length,
    address: -1,
    view: isNumber ? NUMBERS : BIGINTS,
    values: input as PlainArray,
  };
}

// --- plain arrays -----------------------------------------------------------------------------

/**
 * Copies what is in plain arrays to where it can be reduced. A large one goes into memory of the
 * engine if there is some; that belongs to `me`, and its address is added to `owns`, also if this
 * throws.
 * @internal
 * @throws RingfoldError ERR_DTYPE, ERR_INPUT
 */
export function bringIn(shared: Shared, me: number, located: Located, owns: number[]): Located {
  const { dtype, length, values, second } = located;
  const other = second && bringIn(shared, me, second, owns);
  let { address, view } = located;
  if (values !== undefined) {
    address = roomFor(shared, me, length * dtype.size);
    if (address >= 0) owns.push(address);
    view = address < 0 ? newArray(dtype, length) : shared.view(dtype, address, length);
    copyPlain(values, view);
  }
  const here = { dtype, length, address, view };
  return other === undefined ? here : { ...here, second: other };
}

/** −1 if the data is small, or so large that little would be left for what else a call needs. */
function roomFor(shared: Shared, me: number, bytes: number): number {
  if (bytes < LARGE_BYTES || bytes > shared.arena.spare / 4) return -1;
  try {
    const address = shared.arena.alloc(bytes, me + 1);
    shared.reach(address + bytes);
    return address;
  } catch (error) {
    if (error instanceof RingfoldError && error.code === "ERR_MEMORY") return -1;
    throw error;
  }
}

function newArray({ kind }: DtypeInfo, length: number): Float64Array | BigInt64Array {
  return kind === "float" ? new Float64Array(length) : new BigInt64Array(length);
}

/**
 * Element by element, by index: what iterators and `from` do may have been changed, and they take
 * several times as long. @throws RingfoldError ERR_DTYPE, ERR_INPUT
 */
export function copyPlain(values: PlainArray, view: TypedArray): void {
  if (view instanceof Float64Array) copyNumbers(values, view);
  else copyBigints(values, view as BigInt64Array);
}

function copyNumbers(values: PlainArray, view: Float64Array): void {
  const { length } = view;
  for (let i = 0; i < length; i++) {
    const x = values[i];
    if (typeof x !== "number") throw mixed("number", i, x);
    view[i] = x;
  }
}

function copyBigints(values: PlainArray, view: BigInt64Array): void {
  const { length } = view;
  for (let i = 0; i < length; i++) {
    const x = values[i];
    if (typeof x !== "bigint") throw mixed("bigint", i, x);
    view[i] = x;
    if (view[i] !== x) throw bad(`element ${i}, ${x}, does not fit int64; pass a BigUint64Array`);
  }
}

function mixed(kind: string, i: number, x: unknown): RingfoldError {
  return new RingfoldError(
    "ERR_DTYPE",
    `input: mixed dtypes: element 0 is a ${kind}, element ${i} is ${typeof x}`,
  );
}
