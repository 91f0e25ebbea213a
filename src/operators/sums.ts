// Sums and what is made of them: means, norms, dot products, variances. Floats have two forms,
// exact and fast; integers are always exact.

import { OP_ABS, OP_DOT, OP_MAX, OP_MIN, OP_MOMENTS, OP_SQUARES, OP_SUM } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { DtypeInfo } from "./dtype.js";
import {
  areMagnitudes,
  areMoments,
  EXACT_ABS,
  EXACT_DOT,
  EXACT_SQUARES,
  EXACT_SUM,
  finishCondition,
  finishMean,
  finishPlain,
  finishRoot,
  finishSum,
  finishVariance,
} from "./exact.js";
import { addOnce } from "./number.js";
import type { Accumulator, FinishContext, Form, Operator, StateReader, Value } from "./operator.js";
import { wordsOf } from "./sum-values.js";
import {
  type Addend,
  areExtrema,
  areIntegerMoments,
  areSumAndMagnitudes,
  isExtremum,
  isIntegerSum,
  sumAndCount,
} from "./valid.js";

export const isFloat = (d: DtypeInfo): boolean => d.kind === "float";
export const isLong = (d: DtypeInfo): boolean => d.size === 8 && d.kind !== "float";
export const everyDtype = (): undefined => undefined;

// --- states of integers, and of fast floats --------------------------------------------

/** Adds `words` words of 64 bits, of which the last is signed, and a count behind them. */
function joinWords(words: number) {
  return (into: DataView, from: DataView): void => {
    let carry = 0n;
    for (let at = 0; at < 8 * words; at += 8) {
      const sum = into.getBigUint64(at, true) + from.getBigUint64(at, true) + carry;
      into.setBigUint64(at, BigInt.asUintN(64, sum), true);
      carry = sum >> 64n;
    }
    const count = into.getBigInt64(8 * words, true) + from.getBigInt64(8 * words, true);
    into.setBigInt64(8 * words, count, true);
  };
}

/** `words`: of the sum of integers. Fast floats have f64 and a count. */
function summing(code: number, words: number, addend: Addend): Accumulator {
  return {
    code,
    bytes: (d) => (isFloat(d) ? 16 : 8 * words + 8),
    join: joinWords(words),
    isValid: isIntegerSum(words, addend),
  };
}

/** Words of 64 bits of the sums of integers, and of their products. */
const PLAIN = 2;
const PRODUCTS = 3;
const SUM = summing(OP_SUM, PLAIN, "elements");
const ABS = summing(OP_ABS, PLAIN, "magnitudes");
const SQUARES = summing(OP_SQUARES, PRODUCTS, "squares");
const DOT = summing(OP_DOT, PRODUCTS, "products");
const MOMENTS: Accumulator = { code: OP_MOMENTS, bytes: () => 24 };

/** The 128-bit sum of an integer state where it fits 53 bits, without a call; else undefined. */
function narrow(state: StateReader, at: number): number | undefined {
  const high = state.i32(at + 4);
  const sign = high >> 31;
  if (high > 0x1fffff || high < -0x200000) return undefined;
  if (state.i32(at + 8) !== sign || state.i32(at + 12) !== sign) return undefined;
  return high * 2 ** 32 + state.u32(at);
}

export function integer(name: string, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new RingfoldError(
      "ERR_OPTION",
      `initial: ${name} of integers needs an integer, got ${value}`,
    );
  }
  return BigInt(value);
}

export function fit(name: string, exact: bigint, context: FinishContext): bigint {
  if (context.overflow === undefined) return exact;
  const { dtype } = context;
  const wrapped = dtype.kind === "uint" ? BigInt.asUintN(64, exact) : BigInt.asIntN(64, exact);
  if (context.overflow === "throw" && wrapped !== exact) throw doesNotFit(name, exact, dtype);
  return wrapped;
}

export function doesNotFit(name: string, exact: bigint, dtype: DtypeInfo): RingfoldError {
  return new RingfoldError(
    "ERR_OVERFLOW",
    `${name}: ${exact} does not fit ${dtype.name}; leave \`overflow\` out, or pass "wrap"`,
  );
}

// --- forms --------------------------------------------------------------------------------

type Finish = Form["finish"];

function form(
  accumulators: readonly Accumulator[],
  finish: Finish,
  more: Pick<Form, "areValid"> = {},
): Form {
  return { accumulators, finish, ...more };
}

/** A form whose float64 is rounded to float32 if asked. */
function rounded(
  accumulators: readonly Accumulator[],
  value: Finish,
  more: Pick<Form, "areValid"> = {},
): Form {
  return {
    ...more,
    accumulators,
    finish(state, at, context) {
      const result = value(state, at, context);
      return context.single ? Math.fround(result as number) : result;
    },
  };
}

interface Forms {
  readonly exact: Form;
  readonly fast: Form;
  readonly integer: Form;
}

function operator(
  name: string,
  { exact, fast, integer }: Forms,
  more: Partial<Operator> = {},
): Operator {
  return {
    name,
    inputs: 1,
    takesInitial: false,
    rejects: everyDtype,
    form: (dtype, accuracy) => {
      if (!isFloat(dtype)) return integer;
      return accuracy === "exact" ? exact : fast;
    },
    ...more,
  };
}

const first = (at: readonly number[]): number => at[0] as number;

// --- sum, mean ------------------------------------------------------------------------------

function sumOfFast(
  state: StateReader,
  at: readonly number[],
  { initial, single }: FinishContext,
): Value {
  const sum = state.f64(first(at));
  return initial === undefined ? sum : addOnce(sum, initial, single);
}

function sumOfIntegers(state: StateReader, at: readonly number[], context: FinishContext): Value {
  const { dtype, initial } = context;
  if (!isLong(dtype) && initial === undefined) {
    const sum = narrow(state, first(at));
    if (sum !== undefined) return sum;
  }
  if (!isLong(dtype) && initial === undefined) return state.round(first(at), PLAIN, false);
  const start = initial === undefined ? 0n : integer("sum", initial);
  const exact = wordsOf(state, first(at), PLAIN) + start;
  return isLong(dtype) ? fit("sum", exact, context) : Number(exact);
}

function meanOfFast(state: StateReader, at: readonly number[]): Value {
  const count = state.i64(first(at) + 8);
  return count === 0n ? Number.NaN : state.f64(first(at)) / Number(count);
}

const meanOfIntegers: Finish = (state, at) => state.mean(first(at), PLAIN, false);

// --- magnitudes, products -----------------------------------------------------------------

const zeroPlus: Finish = (state, at) => state.f64(first(at)) + 0;

function bigOrNumber(name: string, words: number): Finish {
  return (state, at, context) =>
    isLong(context.dtype)
      ? fit(name, wordsOf(state, first(at), words), context)
      : state.round(first(at), words, false);
}

const abs = (name: string): Operator =>
  operator(name, {
    exact: form([EXACT_ABS], finishPlain(false)),
    fast: rounded([ABS], zeroPlus),
    integer: form([ABS], bigOrNumber(name, PLAIN)),
  });

// --- variances ----------------------------------------------------------------------------

function spread(name: string, ddof: 0 | 1, isRoot: boolean): Operator {
  return operator(name, {
    exact: form([EXACT_SUM, EXACT_SQUARES], finishVariance(ddof, isRoot), {
      areValid: areMoments,
    }),
    fast: rounded([MOMENTS], (state, at) => {
      const n = Number(state.i64(first(at)));
      if (n <= ddof) return Number.NaN;
      const value = state.f64(first(at) + 16) / (n - ddof);
      return isRoot ? Math.sqrt(value) : value;
    }),
    integer: form(
      [SUM, SQUARES],
      (state, at, { single }) => {
        const [sum, squares] = at as [number, number];
        return state.spread(sum, squares, PLAIN, PRODUCTS, ddof, isRoot, single);
      },
      {
        areValid: ([sum, squares], origin) =>
          areIntegerMoments(
            sumAndCount(sum as DataView, PLAIN),
            sumAndCount(squares as DataView, PRODUCTS),
            origin,
          ),
      },
    ),
  });
}

// --- max norm -----------------------------------------------------------------------------

/** From min and max, whose states are a value and whether there was one. */
function largest(state: StateReader, at: readonly number[], context: FinishContext): Value {
  const [least, most] = at as [number, number];
  const { dtype } = context;
  const seen = state.i64(least + 8) !== 0n;
  if (isFloat(dtype)) {
    return seen ? Math.max(Math.abs(state.f64(least)), Math.abs(state.f64(most))) : 0;
  }
  if (!seen) return isLong(dtype) ? 0n : 0;
  const read = (place: number) => (dtype.kind === "uint" ? state.u64(place) : state.i64(place));
  const sides = [-read(least), read(most)] as const;
  const value = sides[sides[0] > sides[1] ? 0 : 1];
  return isLong(dtype) ? fit("maxNorm", value, context) : Number(value);
}

/** Keeps the lesser or the greater of two values, as the core's kernels do. */
function joinExtrema(isMax: boolean) {
  return (into: DataView, from: DataView, dtype: DtypeInfo): void => {
    if (from.getBigInt64(8, true) === 0n) return;
    const isTaken = into.getBigInt64(8, true) === 0n || isBetter(into, from, dtype, isMax);
    if (isTaken) into.setBigInt64(0, from.getBigInt64(0, true), true);
    into.setBigInt64(8, from.getBigInt64(8, true), true);
  };
}

function isBetter(into: DataView, from: DataView, dtype: DtypeInfo, isMax: boolean): boolean {
  if (!isFloat(dtype)) {
    const [a, b] =
      dtype.kind === "uint"
        ? [into.getBigUint64(0, true), from.getBigUint64(0, true)]
        : [into.getBigInt64(0, true), from.getBigInt64(0, true)];
    return isMax ? b > a : b < a;
  }
  const [a, b] = [into.getFloat64(0, true), from.getFloat64(0, true)];
  if (Number.isNaN(a) || Number.isNaN(b)) return !Number.isNaN(a);
  if (a === b) return Object.is(b, isMax ? 0 : -0);
  return isMax ? b > a : b < a;
}

/** One NaN for all, and 0 where there is no value. */
function tidyExtrema(state: DataView, dtype: DtypeInfo): void {
  if (state.getBigInt64(8, true) === 0n) state.setBigInt64(0, 0n, true);
  if (!isFloat(dtype) || !Number.isNaN(state.getFloat64(0, true))) return;
  state.setFloat64(0, Number.NaN, true);
}

function extremum(code: number): Accumulator {
  const join = joinExtrema(code === OP_MAX);
  return { code, bytes: () => 16, join, tidy: tidyExtrema, isValid: isExtremum };
}

export const MIN = extremum(OP_MIN);
export const MAX = extremum(OP_MAX);
const ofExtrema = rounded([MIN, MAX], largest, {
  areValid: ([low, high], origin) => areExtrema(low as DataView, high as DataView, origin),
});

export const SUMS: readonly Operator[] = [
  operator(
    "sum",
    {
      exact: form([EXACT_SUM], finishSum),
      fast: rounded([SUM], sumOfFast),
      integer: form([SUM], sumOfIntegers),
    },
    { takesInitial: true },
  ),
  operator("mean", {
    exact: form([EXACT_SUM], finishMean),
    fast: rounded([SUM], meanOfFast),
    integer: form([SUM], meanOfIntegers),
  }),
  operator(
    "dot",
    {
      exact: form([EXACT_DOT], finishPlain(true)),
      fast: rounded([DOT], zeroPlus),
      integer: form([DOT], bigOrNumber("dot", PRODUCTS)),
    },
    { inputs: 2 },
  ),
  operator("sumSquares", {
    exact: form([EXACT_SQUARES], finishPlain(true)),
    fast: rounded([SQUARES], zeroPlus),
    integer: form([SQUARES], bigOrNumber("sumSquares", PRODUCTS)),
  }),
  abs("sumAbs"),
  abs("l1"),
  operator("l2", {
    exact: form([EXACT_SQUARES], finishRoot),
    fast: rounded([SQUARES], (state, at) => Math.sqrt(state.f64(first(at)) + 0)),
    integer: form([SQUARES], (state, at, { single }) => state.root(first(at), PRODUCTS, single)),
  }),
  operator("maxNorm", { exact: ofExtrema, fast: ofExtrema, integer: ofExtrema }),
  spread("variance", 0, false),
  spread("std", 0, true),
  spread("sampleVariance", 1, false),
  spread("sampleStd", 1, true),
  operator("conditionNumber", {
    exact: form([EXACT_SUM, EXACT_ABS], finishCondition, { areValid: areMagnitudes }),
    fast: rounded([SUM, ABS], (state, at) => {
      const [sum, magnitudes] = at as [number, number];
      return (state.f64(magnitudes) + 0) / Math.abs(state.f64(sum));
    }),
    integer: form(
      [SUM, ABS],
      (state, at, { single }) => {
        const [sum, magnitudes] = at as [number, number];
        return state.condition(sum, magnitudes, PLAIN, single);
      },
      {
        areValid: ([sum, magnitudes]) =>
          areSumAndMagnitudes(
            sumAndCount(sum as DataView, PLAIN),
            sumAndCount(magnitudes as DataView, PLAIN),
          ),
      },
    ),
  }),
];
