// Decoded values, nulls among them, into the columns of a batch, without them.

import { type Decimals, nearestOf } from "../operators/decimal.js";
import type { DtypeInfo, TypedArray } from "../operators/dtype.js";
import { formatError } from "./bytes.js";
import { type Batch, NO_NULLS } from "./source.js";

/** How the values of a column become numbers. */
export interface Kind {
  readonly dtype: DtypeInfo;
  /** Of decimals, whose values are integers: digits behind the point. */
  readonly scale?: number | undefined;
}

/** Beyond it, every decimal that a file can hold is 0. */
const MOST_SCALE = 1000;

/** Throws ERR_FORMAT for a scale that no decimal has. */
export function checkScale(file: string, column: string, scale: number): number {
  if (Number.isInteger(scale) && scale >= 0 && scale <= MOST_SCALE) return scale;
  throw formatError(
    file,
    `column ${JSON.stringify(column)} has decimals of scale ${scale}, and those from 0 to ` +
      `${MOST_SCALE} can be read: cast it`,
  );
}

/** A column's part of a batch. */
interface Part {
  readonly values: TypedArray;
  readonly nulls: Uint32Array;
  readonly decimals: Decimals | undefined;
}

/**
 * Walks through chunks of values in order: each call puts the next `rows` of them into `out`, nulls
 * left out, and tells how many it put and which rows were null. A typed array has no nulls.
 */
export function compact(chunks: Iterable<ArrayLike<unknown>>) {
  const iterator = chunks[Symbol.iterator]();
  let values: ArrayLike<unknown> = [];
  let at = 0;
  return (rows: number, out: { [place: number]: unknown }): { n: number; nulls: Uint32Array } => {
    const nulls: number[] = [];
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
      if (ArrayBuffer.isView(values) && ArrayBuffer.isView(out)) {
        // Of one type: what a column is decoded to is what its dtype has.
        (out as Float64Array).set((values as Float64Array).subarray(at, end), n);
        n += end - at;
        at = end;
      }
      for (; at < end; at++) {
        const value = values[at];
        if (value !== null && value !== undefined) out[n++] = value;
        else nulls.push(n + nulls.length);
      }
    }
    return { n, nulls: nulls.length === 0 ? NO_NULLS : Uint32Array.from(nulls) };
  };
}

/** Reads a column from its chunks, the next `rows` a call; arrays are the receiver's. */
export function partsOf({ dtype, scale }: Kind, chunks: Iterable<ArrayLike<unknown>>) {
  const next = compact(chunks);
  return (rows: number): Part => {
    if (scale !== undefined) {
      const unscaled: (number | bigint)[] = [];
      const { nulls } = next(rows, unscaled);
      return { values: nearestOf(unscaled, scale), nulls, decimals: { unscaled, scale } };
    }
    const out = new dtype.array!(new ArrayBuffer(rows * dtype.size));
    const { n, nulls } = next(rows, out as { [place: number]: unknown });
    return { values: out.subarray(0, n) as TypedArray, nulls, decimals: undefined };
  };
}

export function batchOf(rows: number, parts: readonly Part[]): Batch {
  return {
    rows,
    values: parts.map(({ values }) => values),
    nulls: parts.map(({ nulls }) => nulls),
    decimals: parts.map(({ decimals }) => decimals),
  };
}
