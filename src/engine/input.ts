// What the caller handed in: which dtype, how many elements, and where they lie.

import { RingfoldError } from "../errors.js";
import { type DtypeInfo, dtypeInfo, dtypeOf, type TypedArray } from "../operators/dtype.js";
import type { Shared } from "./shared.js";

/** A typed array on any buffer, or a plain array of numbers (float64) or bigints (int64). */
export type Input = TypedArray | readonly number[] | readonly bigint[];

export interface Located {
  readonly dtype: DtypeInfo;
  readonly length: number;
  /** Address in the engine's memory; −1 if the data lies elsewhere. */
  readonly address: number;
  readonly view: TypedArray;
}

function bad(what: string): RingfoldError {
  return new RingfoldError("ERR_INPUT", `input: ${what}`);
}

/** @throws RingfoldError ERR_INPUT, ERR_DTYPE */
export function locate(shared: Shared, input: Input): Located {
  const dtype = dtypeOf(input);
  if (dtype === undefined) return fromArray(input);
  const view = input as TypedArray;
  const { length, buffer } = view;
  if (length === 0) assertAttached(view);
  if (!shared.owns(buffer)) return { dtype, length, address: -1, view };
  const address = view.byteOffset;
  if (!shared.arena.isLive(address, length * dtype.size)) {
    throw bad(
      `${length} ${dtype.name} at byte ${address} of the engine's memory are not in an array that ` +
        "`alloc` or `share` gave and that is still in use: it was freed, or reaches beyond its end",
    );
  }
  return { dtype, length, address, view };
}

/** An empty view may be one whose buffer was transferred, or shrank under it. */
function assertAttached(view: TypedArray): void {
  try {
    // Every method of a typed array throws if its buffer is detached or it is out of bounds.
    (view as Uint8Array).at(0);
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
