// What a reduction gives, as types: by operator and by dtype. Types only.

import type { Dtype, TypedArray } from "../operators/dtype.js";
import type { Input, Pair } from "./input.js";
import type { OperatorName, Operators } from "./options.js";

/** Those whose value is a number, whatever the elements are. */
type NumberOperator =
  | "mean"
  | "l2"
  | "variance"
  | "std"
  | "sampleVariance"
  | "sampleStd"
  | "conditionNumber"
  | "argmin"
  | "argmax"
  | "count"
  | "countNonZero";

/** The value of an operator over elements of type E. */
export type ValueOf<O extends OperatorName, E extends number | bigint> = O extends "any" | "all"
  ? boolean
  : O extends NumberOperator
    ? number
    : E;

/** What elements of a dtype are. */
export type ElementBy<D extends Dtype> = D extends "int64" | "uint64" ? bigint : number;

/** What the elements of an input, or of a pair of inputs, are. */
export type ElementOf<I> = I extends BigInt64Array | BigUint64Array
  ? bigint
  : I extends TypedArray
    ? number
    : I extends readonly (infer E)[]
      ? ElementIn<E>
      : number | bigint;

/** The same of an array of E: a plain array, which is one of numbers if it is empty, or a pair. */
type ElementIn<E> = [E] extends [number]
  ? number
  : [E] extends [bigint]
    ? bigint
    : [E] extends [Input]
      ? ElementOf<E>
      : number | bigint;

/** One operator's value, an object with each of several, or what a user operator makes. */
export type ResultOver<
  O extends Operators,
  E extends number | bigint,
> = O extends readonly OperatorName[]
  ? { [K in O[number]]: ValueOf<K, E> }
  : O extends OperatorName
    ? ValueOf<O, E>
    : unknown;

/** The result of operators over an input: numbers, bigints (64-bit integers) or booleans. */
export type Result<O extends Operators, I = Input | Pair> = ResultOver<O, ElementOf<I>>;
