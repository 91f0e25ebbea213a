// The naive oracle's exact floats: each an integer times a power of two, added as BigInt, rounded
// once. Any thread may call it.

import { condition, type Question, spread } from "./question.js";
import { DOUBLE, roundRatio, roundRoot, SINGLE } from "./rounding.js";

const one = new Float64Array(1);
const halvesOf = new Uint32Array(one.buffer);

/** A finite float as m · 2^(e − 1075), |m| < 2^53, e from 1. */
function take(v: number): { m: number; e: number } {
  one[0] = v;
  const [low, high] = halvesOf as unknown as [number, number];
  const e = (high >>> 20) & 0x7ff;
  const m = ((high & 0xfffff) | (e === 0 ? 0 : 0x100000)) * 2 ** 32 + low;
  return { m: v < 0 ? -m : m, e: Math.max(e, 1) };
}

/** The finite elements of an array as an exact sum, times 2^1074; and what the others make of it. */
function sumOf(x: Float64Array, abs: boolean): { total: bigint; special: number } {
  const high = new Float64Array(2048);
  const low = new Float64Array(2048);
  let special = 0;
  for (let i = 0; i < x.length; i++) {
    const v = abs ? Math.abs(x[i] as number) : (x[i] as number);
    if (!Number.isFinite(v)) {
      special += v;
      continue;
    }
    const { m, e } = take(v);
    // Halves, so that a few million of them add up exactly.
    const top = Math.trunc(m / 2 ** 26);
    high[e]! += top;
    low[e]! += m - top * 2 ** 26;
  }
  let total = 0n;
  for (let e = 1; e < 2048; e++) {
    if (high[e] === 0 && low[e] === 0) continue;
    total += ((BigInt(high[e] as number) << 26n) + BigInt(low[e] as number)) << BigInt(e - 1);
  }
  return { total, special };
}

/** The same of products, times 2^2148. */
function productsOf(x: Float64Array, y: Float64Array): { total: bigint; special: number } {
  const sums = new Map<number, bigint>();
  let special = 0;
  for (let i = 0; i < x.length; i++) {
    const [v, w] = [x[i] as number, y[i] as number];
    if (!Number.isFinite(v) || !Number.isFinite(w)) {
      special += v * w;
      continue;
    }
    if (v === 0 || w === 0) continue;
    const a = take(v);
    const b = take(w);
    const product = BigInt(a.m) * BigInt(b.m);
    sums.set(a.e + b.e, (sums.get(a.e + b.e) ?? 0n) + product);
  }
  let total = 0n;
  for (const [e, sum] of sums) total += sum << BigInt(e - 2);
  return { total, special };
}

export function exactSum(
  operator: string,
  xs: Float64Array,
  ys: Float64Array,
  q: Question,
): number {
  const format = q.single ? SINGLE : DOUBLE;
  const isNumber = (i: number) => !Number.isNaN(xs[i]) && !Number.isNaN(ys[i]);
  const x = q.skip ? xs.filter((_, i) => isNumber(i)) : xs;
  const y = q.skip ? ys.filter((_, i) => isNumber(i)) : ys;
  const n = BigInt(x.length);
  switch (operator) {
    case "sum":
    case "mean": {
      const { total, special } = sumOf(x, false);
      const start = take(Number(q.initial ?? 0));
      const isStart = operator === "sum" && q.initial !== undefined;
      const all = isStart ? total + (BigInt(start.m) << BigInt(start.e - 1)) : total;
      if (operator === "mean" && n === 0n) return Number.NaN;
      if (special !== 0) return special;
      const isMinus = x.every((v) => Object.is(v, -0)) && (!isStart || Object.is(q.initial, -0));
      if (all === 0n) return isMinus ? -0 : 0;
      return roundRatio(all, operator === "mean" ? n : 1n, -1074, format);
    }
    case "sumAbs":
    case "l1": {
      const { total, special } = sumOf(x, true);
      return special !== 0 ? special : roundRatio(total, 1n, -1074, format);
    }
    case "dot":
    case "sumSquares":
    case "l2": {
      const { total, special } = productsOf(x, operator === "dot" ? y : x);
      if (special !== 0) return special;
      return (operator === "l2" ? roundRoot : roundRatio)(total, 1n, -2148, format);
    }
    case "conditionNumber": {
      const { total, special } = sumOf(x, false);
      if (special !== 0) return Number.NaN;
      return condition(sumOf(x, true).total, total, format);
    }
    default: {
      const { total, special } = sumOf(x, false);
      const squares = productsOf(x, x);
      if (special !== 0 || squares.special !== 0) return Number.NaN;
      return spread(operator, n, total, squares.total, -2148, format);
    }
  }
}
