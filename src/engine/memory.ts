// Arrays on the engine's memory that users hold.

import { RingfoldError } from "../errors.js";
import {
  type Dtype,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
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
    const { dtype: own, length, view, values: plain } = locate(shared, values);
    return fill(shared, own, length, (into) => {
      if (plain === undefined) (into as Float64Array).set(view as Float64Array);
      else copyPlain(plain, into);
    });
  }
  const info = dtypeInfo(dtype);
  const kind = info.size === 8 && info.kind !== "float" ? "bigint" : "number";
  return fill(shared, info, values.length, (into) => {
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
