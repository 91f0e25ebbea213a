// What an operator is. It describes: which states the core keeps, how large
// they are, and how states become a value. It runs nothing.
//
// An operator has two halves, so that several of one pass share work: its
// *accumulators* (what the core does to the data) and a *finish* (what the host
// makes of the final states). sum and mean share one accumulator; variance has
// two, one of which is the sum's.

import { RingfoldError } from "../errors.js";
import type { DtypeInfo } from "./dtype.js";
import type { Origin } from "./valid.js";

export type Value = number | bigint | boolean;

/** How floats are summed: correctly rounded, or plainly in a fixed tree. */
export type Accuracy = "exact" | "fast";

/** Reads the words of a state at its address. Addresses are multiples of 8. */
export interface WordReader {
  f64(address: number): number;
  i64(address: number): bigint;
  u64(address: number): bigint;
  i32(address: number): number;
  u32(address: number): number;
}

/**
 * What becomes of sums, each rounded once, to the nearest float64 or the nearest float32. `form`
 * says what lies at an address: negative, the exact sum of floats whose digit 0 weighs 2^form; else
 * how many words of 64 bits the sum of integers has.
 */
export interface SumValues {
  round(sum: number, form: number, single: boolean): number;
  /** NaN of nothing. */
  mean(sum: number, form: number, single: boolean): number;
  /** The root of a sum of squares. */
  root(squares: number, form: number, single: boolean): number;
  /** Σ|x| / |Σx|. */
  condition(sum: number, magnitudes: number, form: number, single: boolean): number;
  /** (n · Σx² − (Σx)²) / (n · (n − ddof)), or the root of it; NaN of ddof numbers or fewer. */
  spread(
    sum: number,
    squares: number,
    form: number,
    squaresForm: number,
    ddof: number,
    isRoot: boolean,
    single: boolean,
  ): number;
}

export interface StateReader extends WordReader, SumValues {
  /** A copy of `length` bytes. */
  copy(address: number, length: number): Uint8Array;
}

/**
 * What the core keeps for one or more operators.
 *
 * A state is a run of bytes without pointers: it can be moved, merged by any thread, kept in a
 * ring's slot or in a file. Its size may depend on the dtype and may be large (a
 * superaccumulator): the engine asks, and takes room where it finds it. An identity is what the
 * core's kernel makes of no elements.
 */
export interface Accumulator {
  /** The core's code (core/map.ts, OP_…). */
  readonly code: number;
  /** Bytes of the state, a multiple of 8. */
  bytes(dtype: DtypeInfo): number;
  /**
   * Merges two states in files (state.ts). Undefined if results depend on how the data was cut:
   * then there are no such states.
   */
  readonly join?: (into: DataView, from: DataView, dtype: DtypeInfo) => void;
  /** Gives equal states equal bytes, before they go into a file. */
  readonly tidy?: (state: DataView, dtype: DtypeInfo) => void;
  /** Whether a state of a file is one that an input can give. There is one if there is a `join`. */
  readonly isValid?: (state: DataView, origin: Origin) => boolean;
}

export interface FinishContext {
  readonly dtype: DtypeInfo;
  readonly initial: number | bigint | undefined;
  readonly overflow: "wrap" | "throw" | undefined;
  /** Floats are rounded to float32, once. */
  readonly single: boolean;
}

/** What a caller says of a result; `roundTo` is for floats. */
export interface FinishOptions {
  readonly roundTo?: "float64" | "float32";
  readonly overflow?: "wrap" | "throw";
}

/** @throws RingfoldError ERR_OPTION */
export function assertRoundTo(dtype: DtypeInfo, roundTo: FinishOptions["roundTo"]): void {
  if (roundTo !== "float32" || dtype.kind === "float") return;
  throw new RingfoldError(
    "ERR_OPTION",
    `roundTo: "float32" is for floats, not for ${dtype.name}; leave it out`,
  );
}

export function contextOf(
  dtype: DtypeInfo,
  { initial, overflow, roundTo }: FinishOptions & { readonly initial?: number | bigint },
): FinishContext {
  return { dtype, initial, overflow, single: roundTo === "float32" };
}

/** One bit pattern for NaN. */
export function canonical(value: Value): Value {
  return typeof value === "number" && Number.isNaN(value) ? Number.NaN : value;
}

/** One way to compute an operator. */
export interface Form {
  readonly accumulators: readonly Accumulator[];
  /** Whether states of a file, each valid by itself, can be of the same elements. */
  readonly areValid?: (states: readonly DataView[], origin: Origin) => boolean;
  /**
   * Reads the final states, one address an accumulator.
   * @throws RingfoldError ERR_EMPTY, ERR_OVERFLOW, ERR_OPTION
   */
  finish(state: StateReader, at: readonly number[], context: FinishContext): Value;
}

export interface Operator {
  readonly name: string;
  /** Inputs of equal length that are read side by side. */
  readonly inputs: 1 | 2;
  /** Whether `initial` has a meaning. */
  readonly takesInitial: boolean;
  /** Why a dtype is not accepted, or undefined if it is. */
  rejects(dtype: DtypeInfo): string | undefined;
  /** Undefined if the operator cannot be computed so. */
  form(dtype: DtypeInfo, accuracy: Accuracy): Form | undefined;
}
