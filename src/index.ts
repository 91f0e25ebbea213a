// The public face: exports only.

export { attachEngine, createEngine, type EngineOptions } from "./engine/create.js";
export {
  all,
  any,
  argmax,
  argmin,
  count,
  countNonZero,
  max,
  mean,
  min,
  product,
  sum,
} from "./engine/default.js";
export type {
  Engine,
  EngineHandle,
  EngineStats,
  LineStats,
  Result,
} from "./engine/engine.js";
export type { Input } from "./engine/input.js";
export type { OperatorName, Operators, ReduceOptions, Round } from "./engine/plan.js";
export type { ReductionStream } from "./engine/reduction.js";
export { type ErrorCode, RingfoldError } from "./errors.js";
export type { Dtype, TypedArray } from "./operators/dtype.js";
export type { Value } from "./operators/operator.js";
