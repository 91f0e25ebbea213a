// Arrays on the engine's memory that users hold.

import { RingfoldError, show, textOf } from "../errors.js";
import {
  bufferOf,
  type Dtype,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
  lengthOf,
  offsetOf,
  type TypedArray,
} from "../operators/dtype.js";
import { type Input, locate } from "./input.js";
import type { Shared } from "./shared.js";

/** Undefined content. @throws RingfoldError ERR_OPTION, ERR_MEMORY */
export function allocArray(
  shared: Shared,
  info: DtypeInfo,
  length: number,
): TypedArray<SharedArrayBuffer> {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RingfoldError("ERR_OPTION", `length: ${textOf(length)} is not an integer ≥ 0`);
  }
  const address = shared.arena.alloc(Math.max(1, length * info.size));
  try {
    return shared.view(info, address, length);
  } catch (error) {
    shared.arena.free(address);
    throw error;
  }
}

/** @throws RingfoldError ERR_INPUT */
export function freeArray(shared: Shared, view: TypedArray): void {
  const owned = dtypeOf(view) !== undefined && shared.owns(bufferOf(view));
  if (!owned || !shared.arena.free(offsetOf(view))) {
    throw new RingfoldError(
      "ERR_INPUT",
      "free: not an array that `alloc` or `share` of this engine gave, or freed before",
    );
  }
}

/** Converts as assignment to a typed array does. @throws RingfoldError ERR_DTYPE, ERR_MEMORY */
export function shareArray(
  shared: Shared,
  values: Input,
  dtype: Dtype | undefined,
): TypedArray<SharedArrayBuffer> {
  if (dtype === undefined) {
    const { dtype: own, length, view } = locate(shared, values);
    return fill(shared, own, length, view);
  }
  const info = dtypeInfo(dtype);
  const kind = kindOf(info);
  const own = dtypeOf(values);
  if (own === undefined && !Array.isArray(values)) {
    throw new RingfoldError("ERR_INPUT", `share: ${show(values)} is not an array`);
  }
  const length = own === undefined ? values.length : lengthOf(values as TypedArray);
  const isOdd = (x: unknown) => typeof x !== kind;
  const odd =
    own === undefined
      ? Array.prototype.findIndex.call(values, isOdd)
      : kindOf(own) === kind || length === 0
        ? -1
        : 0;
  if (odd >= 0) {
    throw new RingfoldError(
      "ERR_DTYPE",
      `share: element ${odd} is a ${own === undefined ? typeof values[odd] : kindOf(own)}; ` +
        `${dtype} takes ${kind}s`,
    );
  }
  return fill(shared, info, length, values);
}

const kindOf = ({ size, kind }: DtypeInfo): "bigint" | "number" =>
  size === 8 && kind !== "float" ? "bigint" : "number";

function fill(shared: Shared, info: DtypeInfo, length: number, values: Input) {
  const view = allocArray(shared, info, length);
  (view as Float64Array).set(values as Float64Array);
  return view;
}
