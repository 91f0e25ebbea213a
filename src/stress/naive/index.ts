// What a reduction has to give, the slow and obvious way: the oracle of the `reduce` scenario.
// Exact values are integers times a power of two, as BigInt, rounded once; fast floats are folded
// in the documented order: lanes, blocks, the tree over the blocks. Nothing here is the core's, nor
// the operators': it is written from what is promised of them. Any thread may call it.

import type { Dtype, TypedArray } from "../../operators/dtype.js";
import { exactSum } from "./exact.js";
import { fastProduct, fastSum } from "./fast.js";
import { integers } from "./integers.js";
import { type Answer, census, extremum, isFloat, type Question } from "./question.js";

export type { Answer, Failure, Question } from "./question.js";

export function naive(operator: string, question: Question): Answer {
  if (!isFloat(question.dtype)) return integers(operator, question);
  const x = floats(question.x, question.dtype);
  const y = operator === "dot" ? floats(question.y, question.dtype) : x;
  return ofFloats(operator, x, y, question);
}

function floats(x: TypedArray, dtype: Dtype): Float64Array {
  if (dtype === "float64") return x as Float64Array;
  return dtype === "float32" ? Float64Array.from(x as Float32Array) : halves(x as Uint16Array);
}

function halves(bits: Uint16Array): Float64Array {
  return Float64Array.from(bits, (half) => {
    const sign = half >> 15 === 1 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (exponent === 0 ? fraction : fraction + 1024) * 2 ** (Math.max(exponent, 1) - 25);
  });
}

function ofFloats(operator: string, x: Float64Array, y: Float64Array, q: Question): Answer {
  switch (operator) {
    case "product":
      return (q.initial === undefined ? 1 : Number(q.initial)) * fastProduct(x, q);
    case "min":
    case "max":
    case "argmin":
    case "argmax":
      return extremum(operator, x, q.skip, q.initial);
    case "maxNorm": {
      const kept = q.skip ? x.filter((v) => !Number.isNaN(v)) : x;
      const most = kept.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
      return q.single ? Math.fround(most) : most;
    }
    case "count":
    case "countNonZero":
    case "any":
    case "all":
      return census(operator, q.skip ? x.filter((v) => !Number.isNaN(v)) : x);
    default: {
      const value = q.fast ? fastSum(operator, x, y, q) : exactSum(operator, x, y, q);
      return q.single && q.fast ? Math.fround(value) : value;
    }
  }
}

/** Whether a value is what the oracle says: all bits, but NaN is NaN. */
export function isSame(operator: string, got: unknown, want: unknown): boolean {
  // Which zero a dot product is when its products cancel is nobody's business.
  if (operator === "dot" && got === 0 && want === 0) return true;
  return Object.is(got, want);
}
