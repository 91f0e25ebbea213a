// argmin and argmax of a column tell its row among all rows, nulls counted. The engine knows no
// nulls: where there is one, it gets the value before once more, which is never the first of its
// kind. The nulls before the first value are left out, and counted here.

import type { OperatorName } from "../engine/options.js";
import type { TypedArray } from "../operators/dtype.js";

export const isPlace = (name: OperatorName): boolean => name === "argmin" || name === "argmax";

/** The rows of one column, batch by batch. */
export class Places {
  #before: number | bigint | undefined;
  #leading = 0;

  /** `values` with nulls filled; the same array where there are none. */
  fill(values: TypedArray, nulls: Uint32Array): TypedArray {
    let done = 0;
    if (this.#before === undefined) {
      while (nulls[done] === done) done++;
      this.#leading += done;
    }
    const rows = nulls.subarray(done);
    const offset = done;
    const filled = rows.length === 0 ? values : filledWith(values, rows, offset, this.#before);
    this.#before = filled.at(-1) ?? this.#before;
    return filled;
  }

  /** The row at a place among what was filled; anything else stays. */
  rowOf(place: unknown): unknown {
    return this.#before === undefined ? place : Number(place) + this.#leading;
  }
}

/** `nulls` are rows from `offset` on. */
function filledWith(
  values: TypedArray,
  nulls: Uint32Array,
  offset: number,
  before: number | bigint | undefined,
): TypedArray {
  const given = values as Float64Array;
  const filled = new (given.constructor as Float64ArrayConstructor)(given.length + nulls.length);
  let from = 0;
  let at = 0;
  for (const row of nulls) {
    const place = row - offset;
    filled.set(given.subarray(from, from + place - at), at);
    from += place - at;
    filled[place] = place === 0 ? (before as number) : filled[place - 1]!;
    at = place + 1;
  }
  filled.set(given.subarray(from), at);
  return filled as TypedArray;
}
