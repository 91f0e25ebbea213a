// What an operator is. It describes: which state the core keeps, how large it
// is, and how a state becomes a value. It runs nothing.
//
// An operator has two halves, so that several of one pass share work: an
// *accumulator* (what the core does to the data) and a *finish* (what the host
// makes of the final state). sum and mean share one accumulator; so do
// countNonZero, any and all.

import type { DtypeInfo } from "./dtype.js";

export type Value = number | bigint | boolean;

/** Reads a state at its absolute address in shared memory. Addresses are multiples of 8. */
export interface StateReader {
  f64(address: number): number;
  i64(address: number): bigint;
  u64(address: number): bigint;
  i32(address: number): number;
  u32(address: number): number;
}

/**
 * What the core keeps for one or more operators.
 *
 * A state is a run of bytes without pointers: it can be moved, merged by any thread, kept in a
 * ring's slot or in a file. Its size may depend on the dtype and on parameters of the call, and
 * may be large (a histogram, a superaccumulator): the engine asks, and takes room where it finds
 * it. An identity is what the core's kernel makes of no elements.
 */
export interface Accumulator {
  /** The core's code (core/map.ts, OP_…). */
  readonly code: number;
  /** Inputs of equal length that the kernel reads side by side. */
  readonly inputs: 1 | 2;
  /** Bytes of the state, a multiple of 8. */
  bytes(dtype: DtypeInfo): number;
}

export interface FinishContext {
  readonly dtype: DtypeInfo;
  readonly initial: number | bigint | undefined;
  readonly overflow: "wrap" | "throw" | undefined;
}

export interface Operator {
  readonly name: string;
  readonly accumulator: Accumulator;
  /** Why a dtype is not accepted, or undefined if it is. */
  rejects(dtype: DtypeInfo): string | undefined;
  /** Reads the final state at `address`. @throws RingfoldError ERR_EMPTY, ERR_OVERFLOW */
  finish(state: StateReader, address: number, context: FinishContext): Value;
}
