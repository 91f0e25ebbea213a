// Decoded values, nulls among them, into typed arrays without them.

import type { DtypeInfo, TypedArray } from "../operators/dtype.js";

/**
 * Walks through chunks of values in order: each call takes the next `rows` of them and returns
 * those that are not null, in an array of its own. A typed array has no nulls.
 */
export function compact(
  dtype: DtypeInfo,
  chunks: Iterable<ArrayLike<unknown>>,
): (rows: number) => TypedArray {
  const iterator = chunks[Symbol.iterator]();
  let values: ArrayLike<unknown> = [];
  let at = 0;
  return (rows) => {
    // Of whatever type: values are of the right one, numbers or bigints.
    const out = new dtype.array!(new ArrayBuffer(rows * dtype.size)) as Float64Array<ArrayBuffer>;
    let n = 0;
    for (let left = rows; left > 0; ) {
      if (at === values.length) {
        const { done, value } = iterator.next();
        if (done) throw new RangeError(`${rows - left} values where ${rows} rows were told`);
        values = value;
        at = 0;
      }
      const end = Math.min(values.length, at + left);
      left -= end - at;
      if (ArrayBuffer.isView(values)) {
        out.set((values as Float64Array).subarray(at, end), n);
        n += end - at;
        at = end;
      }
      for (; at < end; at++) {
        const value = values[at] as number | null | undefined;
        if (value !== null && value !== undefined) out[n++] = value;
      }
    }
    return out.subarray(0, n);
  };
}

/** Integers below this times a power of ten are told apart from what a library makes of them. */
const EXACT = 2 ** 50;

/**
 * Makes each decimal, n · 10^−scale within a few units in the last place, the nearest float64,
 * in place: libraries multiply by 10^−scale, which turns 0.3 into 0.30000000000000004. Where
 * |n| ≥ 2^50, it stays what it is.
 */
export function roundDecimals(values: Float64Array, scale: number): void {
  if (scale <= 0 || scale > 22) return;
  const power = 10 ** scale;
  for (let i = 0; i < values.length; i++) {
    const n = Math.round(values[i]! * power);
    if (Math.abs(n) < EXACT) values[i] = n / power;
  }
}
