// What a caller may ask for, and whether it is well-formed.

import { RingfoldError, show, textOf } from "../errors.js";
import type { Global } from "../operators/dtype.js";
import { checkNames, type Names } from "../operators/nearest.js";
import type { Accuracy } from "../operators/operator.js";

export type OperatorName =
  | "sum"
  | "mean"
  | "dot"
  | "sumSquares"
  | "sumAbs"
  | "l1"
  | "l2"
  | "maxNorm"
  | "variance"
  | "std"
  | "sampleVariance"
  | "sampleStd"
  | "conditionNumber"
  | "product"
  | "min"
  | "max"
  | "argmin"
  | "argmax"
  | "count"
  | "countNonZero"
  | "any"
  | "all"
  | "and"
  | "or"
  | "xor";

/** One operator's name, several of them for one pass, or the URL of a user operator's module. */
export type Operators = OperatorName | readonly OperatorName[] | Global<"URL", { href: string }>;

export interface Round {
  /** From 0. */
  readonly round: number;
  /** Numbers in the task ring when the round begins. */
  readonly length: number;
}

export interface ReduceOptions {
  /**
   * How floats are summed: "exact" (default), correctly rounded; "fast", plain SIMD in a fixed
   * tree. Both give the same bits on any number of threads. The pairwise schedule is "fast".
   */
  accuracy?: Accuracy;
  /** What results that are floats are rounded to, once (default: "float64"). For inputs of floats. */
  roundTo?: "float64" | "float32";
  /** Returns `{ value, receipt }`: what the input held, and what a naive sum would have given. */
  receipt?: boolean;
  /** "blocks" (default), or "pairwise": the textbook's rounds through two rings. */
  schedule?: "blocks" | "pairwise";
  /**
   * Folded in before the first element, by user operators as an element; also what an empty input gives.
   * A bigint is exact until the result is rounded.
   */
  initial?: number | bigint;
  /** "propagate" (default), or "skip" to leave NaN out. */
  nan?: "propagate" | "skip";
  /** For 64-bit integers: the final value wrapped, or an error if it does not fit. */
  overflow?: "wrap" | "throw";
  /** Ends the call with `signal.reason`; one of any realm or library. */
  signal?: Global<"AbortSignal", object>;
  /** Milliseconds from the call on, after which it ends with ERR_TIMEOUT. */
  timeout?: number;
  /**
   * Called now and then with blocks done and blocks in all, the last time with both equal. What it
   * throws ends the call; so does a promise that rejects, if the call awaits and has no result yet.
   */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Pairwise: called for every round, in order; as `onProgress`. */
  onRound?: (round: Round) => void;
}

/** Whose result has a receipt beside it, and whose has none. */
export type WithReceipt = ReduceOptions & { receipt: true };
export type WithoutReceipt = ReduceOptions & { receipt?: false };

/** @internal */
export const REDUCE_OPTIONS: Names<ReduceOptions> = {
  accuracy: true,
  roundTo: true,
  receipt: true,
  schedule: true,
  initial: true,
  nan: true,
  overflow: true,
  signal: true,
  timeout: true,
  onProgress: true,
  onRound: true,
};

// Made once: calls for a small array come by the million.
const ACCURACIES = ["exact", "fast"];
const ROUNDINGS = ["float64", "float32"];
const YES_OR_NO = [true, false];
const SCHEDULES = ["blocks", "pairwise"];
const NANS = ["propagate", "skip"];
const OVERFLOWS = ["wrap", "throw"];

function option(name: string, value: unknown, choices: readonly unknown[]): void {
  if (value !== undefined && !choices.includes(value)) {
    throw new RingfoldError(
      "ERR_OPTION",
      `${name}: ${show(value)} is not one of ${choices.map(show).join(", ")}`,
    );
  }
}

function callback(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new RingfoldError("ERR_OPTION", `${name}: ${typeof value}, not a function`);
  }
}

/** An AbortSignal of whatever realm or library: a page's in a test is not the runtime's own. */
function isSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === "boolean" &&
    typeof addEventListener === "function" &&
    typeof removeEventListener === "function"
  );
}

/** @throws RingfoldError ERR_OPTION */
export function checkOptions(
  options: ReduceOptions,
  names: Names<never> = REDUCE_OPTIONS,
  what = "a reduction",
): void {
  checkNames(options, names, what);
  option("accuracy", options.accuracy, ACCURACIES);
  option("roundTo", options.roundTo, ROUNDINGS);
  option("receipt", options.receipt, YES_OR_NO);
  option("schedule", options.schedule, SCHEDULES);
  option("nan", options.nan, NANS);
  option("overflow", options.overflow, OVERFLOWS);
  const { timeout, initial, signal } = options;
  if (signal !== undefined && !isSignal(signal)) {
    throw new RingfoldError("ERR_OPTION", "signal: not an AbortSignal; pass `controller.signal`");
  }
  callback("onProgress", options.onProgress);
  callback("onRound", options.onRound);
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw new RingfoldError("ERR_OPTION", `timeout: ${textOf(timeout)} is not milliseconds ≥ 0`);
  }
  if (initial !== undefined && typeof initial !== "number" && typeof initial !== "bigint") {
    throw new RingfoldError(
      "ERR_OPTION",
      `initial: ${textOf(initial)} is ${typeof initial}, not a number or bigint`,
    );
  }
}
