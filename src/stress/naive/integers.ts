// The naive oracle's integers: everything is exact, as BigInt. Any thread may call it.

import type { Dtype } from "../../operators/dtype.js";
import {
  type Answer,
  census,
  condition,
  extremum,
  type Failure,
  isLong,
  type Numbers,
  type Question,
  spread,
} from "./question.js";
import { roundRatio, roundRoot } from "./rounding.js";

const OVERFLOW: Failure = { code: "ERR_OVERFLOW" };
/** Products beyond are infinite, or do not fit: they need not grow further. */
const LIMIT = 1n << 2100n;

function total(x: Numbers, term: (v: bigint, i: number) => bigint = (v) => v): bigint {
  let sum = 0n;
  for (let i = 0; i < x.length; i++) sum += term(BigInt(x[i] as number), i);
  return sum;
}

const abs = (v: bigint): bigint => (v < 0n ? -v : v);

/** A 64-bit dtype's result as the option has it, any other's as a number. */
function settle(value: bigint, { dtype, overflow }: Question): Answer {
  if (!isLong(dtype)) return Number(value);
  if (overflow === undefined) return value;
  const wrapped = dtype === "int64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  return overflow === "throw" && wrapped !== value ? OVERFLOW : wrapped;
}

export function integers(operator: string, q: Question): Answer {
  const x = q.x as unknown as Numbers;
  const y = q.y as unknown as Numbers;
  const n = BigInt(x.length);
  const squares = () => total(x, (v) => v * v);
  switch (operator) {
    case "sum":
      return settle(total(x) + BigInt(q.initial ?? 0), q);
    case "mean":
      return n === 0n ? Number.NaN : roundRatio(total(x), n, 0);
    case "dot":
      return settle(
        total(x, (v, i) => v * BigInt(y[i] as number)),
        q,
      );
    case "sumSquares":
      return settle(squares(), q);
    case "l2":
      return roundRoot(squares(), 1n, 0);
    case "sumAbs":
    case "l1":
      return settle(total(x, abs), q);
    case "maxNorm": {
      let most = 0n;
      for (let i = 0; i < x.length; i++) {
        const v = abs(BigInt(x[i] as number));
        if (v > most) most = v;
      }
      return settle(most, q);
    }
    case "conditionNumber":
      return condition(total(x, abs), total(x));
    case "product":
      return product(x, q);
    case "min":
    case "max":
    case "argmin":
    case "argmax":
      return extremum(operator, x, false, q.initial);
    case "count":
    case "countNonZero":
    case "any":
    case "all":
      return census(operator, x);
    case "and":
    case "or":
    case "xor":
      return bits(operator, x, q.dtype);
    default:
      return spread(operator, n, total(x), squares(), 0);
  }
}

function product(x: Numbers, q: Question): Answer {
  const start = BigInt(q.initial ?? 1);
  let exact = 1n;
  let wrapped = 1n;
  for (let i = 0; i < x.length; i++) {
    const v = BigInt(x[i] as number);
    wrapped = BigInt.asUintN(64, wrapped * v);
    if (exact > LIMIT || exact < -LIMIT) exact = v === 0n ? 0n : v < 0n ? -exact : exact;
    else exact *= v;
  }
  if (!isLong(q.dtype)) return Number(exact * start);
  if (q.overflow === "wrap") return settle(wrapped * start, q);
  // The state holds 128 bits of the elements' product.
  if (start !== 0n && abs(exact) >> 128n !== 0n) return OVERFLOW;
  return settle(exact * start, q);
}

function bits(operator: string, x: Numbers, dtype: Dtype): number | bigint {
  let value = operator === "and" ? -1n : 0n;
  for (let i = 0; i < x.length; i++) {
    const v = BigInt(x[i] as number);
    if (operator === "and") value &= v;
    else if (operator === "or") value |= v;
    else value ^= v;
  }
  const width = Number(dtype.replace(/\D/g, ""));
  const cut = dtype.startsWith("u") ? BigInt.asUintN(width, value) : BigInt.asIntN(width, value);
  return isLong(dtype) ? cut : Number(cut);
}
