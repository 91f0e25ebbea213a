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
import { copyPlain, type Input, locate } from "./input.js";
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
  const address = shared.arena.alloc(Math.max(1, length * info.size), shared.arrayOwner);
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
    const { dtype: own, length, view, values: plain } = locate(shared, values);
    return fill(shared, own, length, (into) => {
      if (plain === undefined) (into as Float64Array).set(view as Float64Array);
      else copyPlain(plain, into);
    });
  }
  const info = dtypeInfo(dtype);
  const kind = kindOf(info);
  const own = dtypeOf(values);
  if (own === undefined && !Array.isArray(values)) {
    throw new RingfoldError("ERR_INPUT", `share: ${show(values)} is not an array`);
  }
  const length = own === undefined ? values.length : lengthOf(values as TypedArray);
  return fill(shared, info, length, (into) => {
    if (own !== undefined && (kindOf(own) === kind || length === 0)) {
      (into as Float64Array).set(values as Float64Array);
      return;
    }
    for (let i = 0; i < into.length; i++) {
      const x = values[i];
      if (typeof x !== kind) {
        throw new RingfoldError(
          "ERR_DTYPE",
          `share: element ${i} is a ${typeof x}; ${dtype} takes ${kind}s`,
        );
      }
      into[i] = x as number;
    }
  });
}

const kindOf = ({ size, kind }: DtypeInfo): "bigint" | "number" =>
  size === 8 && kind !== "float" ? "bigint" : "number";

function fill(
  shared: Shared,
  info: DtypeInfo,
  length: number,
  copy: (into: TypedArray) => void,
): TypedArray<SharedArrayBuffer> {
  const view = allocArray(shared, info, length);
  try {
    copy(view);
  } catch (error) {
    shared.arena.free(view.byteOffset);
    throw error;
  }
  return view;
}
