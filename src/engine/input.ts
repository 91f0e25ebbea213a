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
}

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
  if (!Array.isArray(input) || input.length !== 2 || input.some((x) => typeof x !== "object")) {
    throw bad(`${operator} takes two arrays of equal length: pass [x, y]`);
  }
  const [x, y] = input.map((one) => locate(shared, one as Input)) as [Located, Located];
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
  return { ...x, second: y };
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
  const kind = input.length === 0 ? "number" : typeof input[0];
  const odd = input.findIndex((x) => typeof x !== kind);
  if (odd >= 0) {
    throw new RingfoldError(
      "ERR_DTYPE",
      `input: mixed dtypes: element 0 is a ${kind}, element ${odd} is ${typeof input[odd]}`,
    );
  }
  if (kind === "number") {
    const view = Float64Array.from(input as number[]);
    return { dtype: dtypeInfo("float64"), length: view.length, address: -1, view };
  }
  if (kind === "bigint") {
    const wide = (input as bigint[]).findIndex((x) => BigInt.asIntN(64, x) !== x);
    if (wide >= 0) {
      throw bad(`element ${wide}, ${input[wide]}, does not fit int64; pass a BigUint64Array`);
    }
    const view = BigInt64Array.from(input as bigint[]);
    return { dtype: dtypeInfo("int64"), length: view.length, address: -1, view };
  }
  throw bad(`element 0 is a ${kind}, not a number or bigint`);
}
