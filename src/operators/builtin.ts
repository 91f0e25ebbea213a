// The built-in operators. State layouts are those of core/kernels/*.ts.

import {
  FLAG_NEGATIVE,
  FLAG_OVERFLOW,
  FLAG_ZERO,
  OP_AND,
  OP_ARGMAX,
  OP_ARGMIN,
  OP_COUNT,
  OP_NONZERO,
  OP_OR,
  OP_PRODUCT,
  OP_XOR,
  PRODUCT_BYTES,
  PRODUCT_FLAGS,
  PRODUCT_MAGNITUDE,
  PRODUCT_USED,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { DtypeInfo } from "./dtype.js";
import { nearest } from "./nearest.js";
import { multiplyOnce, toFloat } from "./number.js";
import type { Accumulator, FinishContext, Form, Operator, StateReader, Value } from "./operator.js";
import { doesNotFit, everyDtype, fit, integer, isFloat, isLong, MAX, MIN, SUMS } from "./sums.js";
import { isCount, isElement, isPartOfCount } from "./valid.js";

/** An operator with one state, computed in one way. */
function single(
  name: string,
  accumulator: Accumulator,
  finish: (state: StateReader, at: number, context: FinishContext) => Value,
  rejects: Operator["rejects"] = everyDtype,
): Operator {
  const form: Form = {
    accumulators: [accumulator],
    finish: (state, [at], context) => finish(state, at as number, context),
  };
  return { name, inputs: 1, takesInitial: true, rejects, form: () => form };
}

/** Adds words of 64 bits, each by itself. */
function joinCounts(words: number): NonNullable<Accumulator["join"]> {
  return (into, from) => {
    for (let at = 0; at < 8 * words; at += 8) {
      into.setBigInt64(at, into.getBigInt64(at, true) + from.getBigInt64(at, true), true);
    }
  };
}

const PRODUCT: Accumulator = {
  code: OP_PRODUCT,
  bytes: (d) => (isFloat(d) ? 8 : isLong(d) ? 24 : PRODUCT_BYTES),
};
const NONZERO: Accumulator = {
  code: OP_NONZERO,
  bytes: () => 16,
  join: joinCounts(2),
  isValid: isPartOfCount,
};
const COUNT: Accumulator = {
  code: OP_COUNT,
  bytes: () => 8,
  join: joinCounts(1),
  isValid: isCount,
};

// --- product ---------------------------------------------------------------------

function finishProduct(state: StateReader, at: number, context: FinishContext): Value {
  const { dtype, initial, single } = context;
  if (isFloat(dtype)) {
    const product = state.f64(at);
    return initial === undefined
      ? toFloat(product, single)
      : multiplyOnce(product, initial, single);
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

function extremum(name: "min" | "max", accumulator: Accumulator): Operator {
  return single(name, accumulator, (state, at, context) => {
    const { dtype, initial, single } = context;
    const isSeen = state.i64(at + 8) !== 0n;
    if (!isSeen && initial === undefined) return empty(name);
    if (isLong(dtype)) {
      const own = isSeen ? (read(state, at, dtype) as bigint) : undefined;
      const other = initial === undefined ? own : integer(name, initial);
      const [a, b] = [own ?? other, other] as [bigint, bigint];
      return fit(name, (name === "min" ? b < a : b > a) ? b : a, context);
    }
    // Rounding keeps order, so it may come first.
    const own = isSeen ? toFloat(read(state, at, dtype) as number, single) : undefined;
    if (initial === undefined) return own as number;
    const other = toFloat(initial, single);
    return own === undefined ? other : Math[name](own, other);
  });
}

function arg(name: "argmin" | "argmax", code: number): Operator {
  return single(name, { code, bytes: () => 16 }, (state, at, { initial }) => {
    const index = state.i64(at + 8);
    return index < 0n ? Number(initial ?? empty(name)) : Number(index);
  });
}

// --- counting and bits -------------------------------------------------------------

function bitwise(name: string, code: number, combine: (a: bigint, b: bigint) => bigint): Operator {
  const accumulator: Accumulator = {
    code,
    bytes: () => 8,
    join: (into, from) => {
      into.setBigInt64(0, combine(into.getBigInt64(0, true), from.getBigInt64(0, true)), true);
    },
    isValid: isElement,
  };
  return single(
    name,
    accumulator,
    (state, at, { dtype, initial, overflow }) => {
      const own = dtype.kind === "uint" ? state.u64(at) : state.i64(at);
      const exact = initial === undefined ? own : combine(integer(name, initial), own);
      const width = 8 * dtype.size;
      const bits =
        dtype.kind === "uint" ? BigInt.asUintN(width, exact) : BigInt.asIntN(width, exact);
      if (overflow === "throw" && bits !== exact) throw doesNotFit(name, exact, dtype);
      return isLong(dtype) ? bits : Number(bits);
    },
    (d: DtypeInfo) => (isFloat(d) ? "bitwise operators need an integer dtype" : undefined),
  );
}

function product(): Operator {
  const operator = single("product", PRODUCT, finishProduct);
  return {
    ...operator,
    form: (dtype, accuracy) =>
      isFloat(dtype) && accuracy === "exact" ? undefined : operator.form(dtype, accuracy),
  };
}

const counted = (state: StateReader, at: number, { initial = 0 }: FinishContext): Value =>
  typeof initial === "bigint" ? Number(state.i64(at) + initial) : Number(state.i64(at)) + initial;

const list: readonly Operator[] = [
  ...SUMS,
  product(),
  extremum("min", MIN),
  extremum("max", MAX),
  arg("argmin", OP_ARGMIN),
  arg("argmax", OP_ARGMAX),
  single("count", COUNT, counted),
  single("countNonZero", NONZERO, counted),
  single("any", NONZERO, (state, at, { initial }) => state.i64(at) !== 0n || Boolean(initial)),
  single(
    "all",
    NONZERO,
    (state, at, { initial }) => state.i64(at) === state.i64(at + 8) && Boolean(initial ?? true),
  ),
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
