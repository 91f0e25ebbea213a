// The public face: exports only.

export type { Accumulation, AccumulatorOptions } from "./engine/accumulation.js";
export { attachEngine, createEngine, type EngineOptions } from "./engine/create.js";
export {
  all,
  any,
  argmax,
  argmin,
  conditionNumber,
  count,
  countNonZero,
  dot,
  l1,
  l2,
  max,
  maxNorm,
  mean,
  min,
  product,
  sampleStd,
  sampleVariance,
  std,
  sum,
  sumAbs,
  sumSquares,
  variance,
} from "./engine/default.js";
export type {
  Engine,
  EngineHandle,
  EngineStats,
  LineStats,
} from "./engine/engine.js";
export type { Input, Pair } from "./engine/input.js";
export type { OperatorName, Operators, ReduceOptions, Round } from "./engine/options.js";
export type { PartialOptions } from "./engine/partial.js";
export type { ReductionStream } from "./engine/reduction.js";
export type { Result } from "./engine/results.js";
export { type ErrorCode, RingfoldError } from "./errors.js";
export type { Arrays, Dtype, TypedArray } from "./operators/dtype.js";
export type { Accuracy, FinishOptions, Value } from "./operators/operator.js";
export type { Modes, Naive, Receipt, Receipted } from "./operators/receipt.js";
export { finishState, mergeStates } from "./operators/state.js";
