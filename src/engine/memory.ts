// Arrays on the engine's memory that users hold.

import { RingfoldError } from "../errors.js";
import {
  type Dtype,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
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
    throw new RingfoldError("ERR_OPTION", `length: ${String(length)} is not an integer ≥ 0`);
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
  const owned = dtypeOf(view) !== undefined && shared.owns(view.buffer);
  if (!owned || !shared.arena.free(view.byteOffset)) {
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
  const kind = info.size === 8 && info.kind !== "float" ? "bigint" : "number";
  const odd = Array.prototype.findIndex.call(values, (x) => typeof x !== kind);
  if (odd >= 0) {
    throw new RingfoldError(
      "ERR_DTYPE",
      `share: element ${odd} is a ${typeof values[odd]}; ${dtype} takes ${kind}s`,
    );
  }
  return fill(shared, info, values.length, values);
}

function fill(shared: Shared, info: DtypeInfo, length: number, values: Input) {
  const view = allocArray(shared, info, length);
  (view as Float64Array).set(values as Float64Array);
  return view;
}
