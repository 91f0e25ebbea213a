// A receipt: what the input of a reduction held, and what a naive sum would have made of it.

import { OP_CENSUS, TREE } from "../core/map.js";
import { ulpsApart } from "./number.js";
import type { Accumulator, FinishContext, StateReader, Value } from "./operator.js";

/** i64 each: NaN, +∞, −∞, then blocks by mode. */
export const CENSUS: Accumulator = { code: OP_CENSUS, bytes: () => 64 };

/**
 * What exact sums need for a block of 8,192: all its numbers within one window of exponents; zeros
 * besides; a wider window (100 exponents), a still wider one (150); or a cell for each exponent, as
 * numbers of 2^1020 and more do, and what is not finite.
 */
export interface Modes {
  readonly window: number;
  readonly zeros: number;
  readonly wide: number;
  readonly wider: number;
  readonly cells: number;
}

/** The result of `accuracy: "fast"`, beside the one that was returned. */
export interface Naive {
  readonly value: Value;
  readonly differs: boolean;
  /** Units in the last place: floats from one value to the other. */
  readonly ulps: number;
}

export interface Receipt {
  /** Elements, or pairs of them. */
  readonly elements: number;
  readonly nans: number;
  readonly positiveInfinities: number;
  readonly negativeInfinities: number;
  /** Missing values of a file, which were left out before; 0 for arrays. */
  readonly nulls: number;
  /** By operator name. */
  readonly naive: Readonly<Record<string, Naive>>;
  /** Blocks by what they need; undefined for integers, and pairwise, where there are none. */
  readonly modes: Modes | undefined;
  /** Version of the blocks and the tree over them. */
  readonly tree: number;
}

/** What `receipt: true` makes of a result. */
export interface Receipted<R> {
  readonly value: R;
  readonly receipt: Receipt;
}

/** A naive value beside the one that was returned; `single`: both are float32. */
export function compareNaive(value: Value, naive: Value, single: boolean): Naive {
  const isSame = Object.is(value, naive);
  const areNumbers = typeof value === "number" && typeof naive === "number";
  return {
    value: naive,
    differs: !isSame,
    ulps: areNumbers && !isSame ? ulpsApart(value, naive, single) : 0,
  };
}

/** `census`: address of that state; undefined for integers. `hasBlocks`: not pairwise. */
export function makeReceipt(
  state: StateReader,
  census: number | undefined,
  length: number,
  names: readonly string[],
  values: readonly Value[],
  naive: readonly Value[],
  hasBlocks: boolean,
  { single }: FinishContext,
): Receipt {
  const at = (i: number) => (census === undefined ? 0 : Number(state.i64(census + 8 * i)));
  return {
    elements: length,
    nans: at(0),
    positiveInfinities: at(1),
    negativeInfinities: at(2),
    nulls: 0,
    naive: Object.fromEntries(
      names.map((name, i) => [name, compareNaive(values[i] as Value, naive[i] as Value, single)]),
    ),
    modes:
      census === undefined || !hasBlocks
        ? undefined
        : { window: at(3), zeros: at(4), wide: at(5), wider: at(6), cells: at(7) },
    tree: TREE,
  };
}
