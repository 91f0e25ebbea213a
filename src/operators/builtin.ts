// The built-in operators. State layouts are those of core/kernels/*.ts.

import {
  FLAG_NEGATIVE,
  FLAG_OVERFLOW,
  FLAG_ZERO,
  OP_AND,
  OP_ARGMAX,
  OP_ARGMIN,
  OP_COUNT,
  OP_MAX,
  OP_MIN,
  OP_NONZERO,
  OP_OR,
  OP_PRODUCT,
  OP_SUM,
  OP_XOR,
  PRODUCT_BYTES,
  PRODUCT_FLAGS,
  PRODUCT_MAGNITUDE,
  PRODUCT_USED,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { DtypeInfo } from "./dtype.js";
import { nearest } from "./nearest.js";
import { ratio } from "./number.js";
import type { Accumulator, FinishContext, Operator, StateReader, Value } from "./operator.js";

const isFloat = (d: DtypeInfo) => d.kind === "float";
const isLong = (d: DtypeInfo) => d.size === 8 && d.kind !== "float";

function accumulator(code: number, bytes: (dtype: DtypeInfo) => number): Accumulator {
  return { code, inputs: 1, bytes };
}

const SUM = accumulator(OP_SUM, (d) => (isFloat(d) ? 16 : 24));
const PRODUCT = accumulator(OP_PRODUCT, (d) => (isFloat(d) ? 8 : isLong(d) ? 24 : PRODUCT_BYTES));
const NONZERO = accumulator(OP_NONZERO, () => 16);

const everyDtype = () => undefined;

// --- sum, mean -----------------------------------------------------------------

/** The 128-bit sum of an integer state. */
function wide(state: StateReader, at: number): bigint {
  return (state.i64(at + 8) << 64n) | state.u64(at);
}

/** The same as a number where it fits 53 bits, without making a bigint; else undefined. */
function narrow(state: StateReader, at: number): number | undefined {
  const high = state.i32(at + 4);
  const sign = high >> 31;
  if (high > 0x1fffff || high < -0x200000) return undefined;
  if (state.i32(at + 8) !== sign || state.i32(at + 12) !== sign) return undefined;
  return high * 2 ** 32 + state.u32(at);
}

function integer(name: string, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new RingfoldError(
      "ERR_OPTION",
      `initial: ${name} of integers needs an integer, got ${value}`,
    );
  }
  return BigInt(value);
}

function fit(name: string, exact: bigint, context: FinishContext): bigint {
  if (context.overflow === undefined) return exact;
  const { dtype } = context;
  const wrapped = dtype.kind === "uint" ? BigInt.asUintN(64, exact) : BigInt.asIntN(64, exact);
  if (context.overflow === "throw" && wrapped !== exact) {
    throw new RingfoldError(
      "ERR_OVERFLOW",
      `${name}: ${exact} does not fit ${dtype.name}; leave \`overflow\` out for the exact bigint, ` +
        'or pass "wrap"',
    );
  }
  return wrapped;
}

function finishSum(state: StateReader, at: number, context: FinishContext): Value {
  const { dtype, initial } = context;
  if (isFloat(dtype)) {
    const sum = state.f64(at);
    return initial === undefined ? sum : Number(initial) + sum;
  }
  if (!isLong(dtype) && initial === undefined) {
    const sum = narrow(state, at);
    if (sum !== undefined) return sum;
  }
  const exact = wide(state, at) + (initial === undefined ? 0n : integer("sum", initial));
  return isLong(dtype) ? fit("sum", exact, context) : Number(exact);
}

function finishMean(state: StateReader, at: number, { dtype }: FinishContext): Value {
  const count = state.i64(at + (isFloat(dtype) ? 8 : 16));
  if (count === 0n) return Number.NaN;
  return isFloat(dtype) ? state.f64(at) / Number(count) : ratio(wide(state, at), count);
}

// --- product ---------------------------------------------------------------------

function finishProduct(state: StateReader, at: number, context: FinishContext): Value {
  const { dtype, initial } = context;
  if (isFloat(dtype)) {
    const product = state.f64(at);
    return initial === undefined ? product : Number(initial) * product;
  }
  const flags = state.i32(at + PRODUCT_FLAGS);
  const sign = (flags & FLAG_NEGATIVE) !== 0 ? -1n : 1n;
  const factor = initial === undefined ? 1n : integer("product", initial);
  const zero = (flags & FLAG_ZERO) !== 0 || factor === 0n;
  const cut = (flags & FLAG_OVERFLOW) !== 0 && !zero;
  if (isLong(dtype)) {
    if (cut && context.overflow !== "wrap") {
      throw new RingfoldError(
        "ERR_OVERFLOW",
        `product: the product of these ${dtype.name} does not fit 128 bits; pass ` +
          'overflow: "wrap" for it modulo 2^64, or convert to float64',
      );
    }
    const magnitude = (state.u64(at + 16) << 64n) | state.u64(at + 8);
    return fit("product", zero ? 0n : sign * magnitude * factor, context);
  }
  if (zero) return 0;
  if (cut) return Number(sign * factor) * Number.POSITIVE_INFINITY;
  let magnitude = 0n;
  for (let i = state.i32(at + PRODUCT_USED) - 1; i >= 0; i--) {
    magnitude = (magnitude << 32n) | BigInt(state.u32(at + PRODUCT_MAGNITUDE + 4 * i));
  }
  return Number(sign * magnitude * factor);
}

// --- extrema ---------------------------------------------------------------------

function empty(name: string): never {
  throw new RingfoldError(
    "ERR_EMPTY",
    `${name} of nothing: there is no element; pass \`initial\` for a value to return instead`,
  );
}

function read(state: StateReader, at: number, dtype: DtypeInfo): number | bigint {
  if (isFloat(dtype)) return state.f64(at);
  const value = dtype.kind === "uint" ? state.u64(at) : state.i64(at);
  return isLong(dtype) ? value : Number(value);
}

function extremum(name: "min" | "max", code: number): Operator {
  return {
    name,
    accumulator: accumulator(code, () => 16),
    rejects: everyDtype,
    finish(state, at, { dtype, initial }) {
      const seen = state.i64(at + 8) !== 0n;
      if (!seen) {
        if (initial === undefined) return empty(name);
        return isLong(dtype) ? integer(name, initial) : Number(initial);
      }
      const value = read(state, at, dtype);
      if (initial === undefined) return value;
      if (typeof value === "number") return Math[name](value, Number(initial));
      const other = integer(name, initial);
      return (name === "min" ? other < value : other > value) ? other : value;
    },
  };
}

function arg(name: "argmin" | "argmax", code: number): Operator {
  return {
    name,
    accumulator: accumulator(code, () => 16),
    rejects: everyDtype,
    finish(state, at, { initial }) {
      const index = state.i64(at + 8);
      return index < 0n ? (initial ?? empty(name)) : Number(index);
    },
  };
}

// --- counting and bits -------------------------------------------------------------

function bitwise(name: string, code: number, combine: (a: bigint, b: bigint) => bigint): Operator {
  return {
    name,
    accumulator: accumulator(code, () => 8),
    rejects: (d) => (isFloat(d) ? "bitwise operators need an integer dtype" : undefined),
    finish(state, at, { dtype, initial }) {
      let bits = dtype.kind === "uint" ? state.u64(at) : state.i64(at);
      if (initial !== undefined) bits = combine(integer(name, initial), bits);
      const width = 8 * dtype.size;
      bits = dtype.kind === "uint" ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits);
      return isLong(dtype) ? bits : Number(bits);
    },
  };
}

const list: readonly Operator[] = [
  { name: "sum", accumulator: SUM, rejects: everyDtype, finish: finishSum },
  { name: "mean", accumulator: SUM, rejects: everyDtype, finish: finishMean },
  { name: "product", accumulator: PRODUCT, rejects: everyDtype, finish: finishProduct },
  extremum("min", OP_MIN),
  extremum("max", OP_MAX),
  arg("argmin", OP_ARGMIN),
  arg("argmax", OP_ARGMAX),
  {
    name: "count",
    accumulator: accumulator(OP_COUNT, () => 8),
    rejects: everyDtype,
    finish: (state, at, { initial }) => Number(state.i64(at)) + Number(initial ?? 0),
  },
  {
    name: "countNonZero",
    accumulator: NONZERO,
    rejects: everyDtype,
    finish: (state, at, { initial }) => Number(state.i64(at)) + Number(initial ?? 0),
  },
  {
    name: "any",
    accumulator: NONZERO,
    rejects: everyDtype,
    finish: (state, at, { initial }) => state.i64(at) !== 0n || Boolean(initial),
  },
  {
    name: "all",
    accumulator: NONZERO,
    rejects: everyDtype,
    finish: (state, at, { initial }) =>
      state.i64(at) === state.i64(at + 8) && Boolean(initial ?? true),
  },
  bitwise("and", OP_AND, (a, b) => a & b),
  bitwise("or", OP_OR, (a, b) => a | b),
  bitwise("xor", OP_XOR, (a, b) => a ^ b),
];

const byName = new Map<string, Operator>(list.map((o) => [o.name, o]));

export const OPERATOR_NAMES: readonly string[] = [...byName.keys()];

/** @throws RingfoldError ERR_OPERATOR, with the nearest name. */
export function operatorOf(name: string): Operator {
  const found = byName.get(name);
  if (found === undefined) {
    const guess = nearest(name, OPERATOR_NAMES);
    throw new RingfoldError(
      "ERR_OPERATOR",
      `unknown operator ${JSON.stringify(name)}: ` +
        (guess === undefined ? "" : `did you mean "${guess}"? `) +
        `There are ${OPERATOR_NAMES.join(", ")}, and a module given as a URL`,
    );
  }
  return found;
}
