// The naive oracle's fast floats, in the documented order: lanes, leaves, the tree over the leaves.
// Any thread may call it.

import type { Question } from "./question.js";

interface Fold {
  readonly unit: number;
  readonly combine: (a: number, b: number) => number;
  /** Whether float64 meet in pairs before they meet a lane, as narrower floats always do. */
  readonly inPairs: boolean;
}

const SUM: Fold = { unit: -0, combine: (a, b) => a + b, inPairs: true };
const PRODUCT: Fold = { unit: 1, combine: (a, b) => a * b, inPairs: false };

/** Pairs of neighbours, round by round; an odd one is carried over. */
function tree<T>(leaves: readonly T[], merge: (a: T, b: T) => T): T {
  let level = leaves;
  while (level.length > 1) {
    const up: T[] = [];
    for (let i = 0; i < level.length; i += 2) {
      up.push(i + 1 < level.length ? merge(level[i] as T, level[i + 1] as T) : (level[i] as T));
    }
    level = up;
  }
  return level[0] as T;
}

/** Where each leaf begins; nothing has one leaf. */
function leavesOf<T>(length: number, leaf: number, make: (from: number, to: number) => T): T[] {
  const leaves: T[] = [];
  for (let from = 0; from === 0 || from < length; from += leaf) {
    leaves.push(make(from, Math.min(length, from + leaf)));
  }
  return leaves;
}

/** One leaf: eight lanes, of which a turn of elements feeds each once, then the rest in order. */
function lanes(t: Float64Array, from: number, to: number, pairs: boolean, fold: Fold): number {
  const { unit, combine: f } = fold;
  const perTurn = pairs ? 16 : 8;
  const lane = new Float64Array(8).fill(unit);
  const whole = from + Math.floor((to - from) / perTurn) * perTurn;
  for (let turn = from; turn < whole; turn += perTurn) {
    for (let k = 0; k < 8; k++) {
      // In pairs: 0 meets 2 first, 1 meets 3.
      const at = turn + (pairs ? 4 * (k >> 1) + (k & 1) : k);
      const value = pairs ? f(t[at] as number, t[at + 2] as number) : (t[at] as number);
      lane[k] = f(lane[k] as number, value);
    }
  }
  const side = (s: number) => {
    const [a, b, c, d] = [lane[s], lane[2 + s], lane[4 + s], lane[6 + s]] as number[];
    return f(f(a as number, b as number), f(c as number, d as number));
  };
  let result = f(side(0), side(1));
  for (let i = whole; i < to; i++) result = f(result, t[i] as number);
  return result;
}

export function fastProduct(x: Float64Array, q: Question): number {
  return folded(x, q, PRODUCT);
}

function folded(t: Float64Array, q: Question, fold: Fold): number {
  const terms = q.skip ? t.map((v) => (Number.isNaN(v) ? fold.unit : v)) : t;
  const pairs = fold.inPairs || q.dtype !== "float64";
  const leaves = leavesOf(t.length, q.leaf, (from, to) => lanes(terms, from, to, pairs, fold));
  return tree(leaves, fold.combine);
}

function products(x: Float64Array, y: Float64Array, skip: boolean): Float64Array {
  const isOut = (i: number) => skip && (Number.isNaN(x[i]) || Number.isNaN(y[i]));
  return x.map((v, i) => (isOut(i) ? -0 : v * (y[i] as number)));
}

export function fastSum(operator: string, x: Float64Array, y: Float64Array, q: Question): number {
  const all = { ...q, skip: false };
  const abs = () => folded(x.map(Math.abs), q, SUM) + 0;
  const squares = () => folded(products(x, x, q.skip), all, SUM) + 0;
  switch (operator) {
    case "sum": {
      const sum = folded(x, q, SUM);
      return q.initial === undefined ? sum : Number(q.initial) + sum;
    }
    case "mean": {
      const count = q.skip ? x.filter((v) => !Number.isNaN(v)).length : x.length;
      return count === 0 ? Number.NaN : folded(x, q, SUM) / count;
    }
    case "dot":
      return folded(products(x, y, q.skip), all, SUM) + 0;
    case "sumSquares":
      return squares();
    case "l2":
      return Math.sqrt(squares());
    case "sumAbs":
    case "l1":
      return abs();
    case "conditionNumber":
      return abs() / Math.abs(folded(x, q, SUM));
    default: {
      const { count, squares: deviations } = moments(x, q);
      const free = count - (operator.startsWith("sample") ? 1 : 0);
      if (free <= 0) return Number.NaN;
      const variance = deviations / free;
      return /std/i.test(operator) ? Math.sqrt(variance) : variance;
    }
  }
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

/** Deviations from each leaf's mean; leaves merge as Chan, Golub and LeVeque have it. */
function moments(x: Float64Array, q: Question): Moments {
  const terms = q.skip ? x.map((v) => (Number.isNaN(v) ? -0 : v)) : x;
  const leaves = leavesOf(x.length, q.leaf, (from, to): Moments => {
    let count = 0;
    for (let i = from; i < to; i++) if (!q.skip || !Number.isNaN(x[i])) count++;
    const mean = count === 0 ? 0 : lanes(terms, from, to, SUM.inPairs, SUM) / count;
    const at = (i: number) => {
      const d = (x[i] as number) - mean;
      return q.skip && Number.isNaN(d) ? 0 : d;
    };
    const perTurn = q.dtype === "float64" ? 8 : 16;
    const whole = from + Math.floor((to - from) / perTurn) * perTurn;
    const square = new Float64Array(4);
    const rest = new Float64Array(4);
    for (let i = from; i < whole; i++) {
      const d = at(i);
      square[(i - from) & 3]! += d * d;
      rest[(i - from) & 3]! += d;
    }
    const total = ([a, b, c, d]: Float64Array) => a! + c! + (b! + d!);
    let squares = total(square);
    let off = total(rest);
    for (let i = whole; i < to; i++) {
      const d = (x[i] as number) - mean;
      if (q.skip && Number.isNaN(d)) continue;
      squares += d * d;
      off += d;
    }
    return { count, mean, squares: count === 0 ? squares : squares - off * (off / count) };
  });
  return tree(leaves, (left, right) => {
    if (left.count === 0) return right;
    if (right.count === 0) return left;
    const count = left.count + right.count;
    const apart = right.mean - left.mean;
    const share = right.count / count;
    return {
      count,
      mean: left.mean + apart * share,
      squares: left.squares + right.squares + apart * apart * (left.count * share),
    };
  });
}
