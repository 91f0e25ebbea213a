// The naive oracle's fast floats, in the documented order: lanes, leaves, the tree over the leaves.
// Any thread may call it.

import type { Question } from "./question.js";

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

/** One leaf of a sum: even and odd places apart, eight of them to an accumulator, then the rest. */
function leafSum(t: Float64Array, from: number, to: number): number {
  const first = new Float64Array(2).fill(-0);
  const second = new Float64Array(2).fill(-0);
  const whole = from + Math.floor((to - from) / 16) * 16;
  const four = (i: number) => t[i]! + t[i + 2]! + (t[i + 4]! + t[i + 6]!);
  for (let turn = from; turn < whole; turn += 16) {
    for (let k = 0; k < 2; k++) {
      first[k]! += four(turn + k);
      second[k]! += four(turn + 8 + k);
    }
  }
  let sum = first[0]! + second[0]! + (first[1]! + second[1]!);
  for (let i = whole; i < to; i++) sum += t[i]!;
  return sum;
}

/** One leaf of a product: eight lanes, of which a turn of 64 bytes feeds each once, then the rest. */
function leafProduct(t: Float64Array, from: number, to: number, isWide: boolean): number {
  const perTurn = isWide ? 8 : 16;
  const lane = new Float64Array(8).fill(1);
  const whole = from + Math.floor((to - from) / perTurn) * perTurn;
  for (let turn = from; turn < whole; turn += perTurn) {
    for (let k = 0; k < 8; k++) {
      // Of narrower floats 16 bytes hold 0, 1, 2, 3, and 0 meets 2 first, 1 meets 3.
      const at = turn + (isWide ? k : 4 * (k >> 1) + (k & 1));
      lane[k]! *= isWide ? t[at]! : t[at]! * t[at + 2]!;
    }
  }
  const side = (s: number) => lane[s]! * lane[2 + s]! * (lane[4 + s]! * lane[6 + s]!);
  let product = side(0) * side(1);
  for (let i = whole; i < to; i++) product *= t[i]!;
  return product;
}

export function fastProduct(x: Float64Array, q: Question): number {
  const terms = q.skip ? x.map((v) => (Number.isNaN(v) ? 1 : v)) : x;
  const isWide = q.dtype === "float64";
  const leaves = leavesOf(x.length, q.leaf, (from, to) => leafProduct(terms, from, to, isWide));
  return tree(leaves, (a, b) => a * b);
}

function summed(t: Float64Array, q: Question): number {
  const terms = q.skip ? t.map((v) => (Number.isNaN(v) ? -0 : v)) : t;
  return tree(
    leavesOf(t.length, q.leaf, (from, to) => leafSum(terms, from, to)),
    (a, b) => a + b,
  );
}

function products(x: Float64Array, y: Float64Array, skip: boolean): Float64Array {
  const isOut = (i: number) => skip && (Number.isNaN(x[i]) || Number.isNaN(y[i]));
  return x.map((v, i) => (isOut(i) ? -0 : v * (y[i] as number)));
}

export function fastSum(operator: string, x: Float64Array, y: Float64Array, q: Question): number {
  const all = { ...q, skip: false };
  const abs = () => summed(x.map(Math.abs), q) + 0;
  const squares = () => summed(products(x, x, q.skip), all) + 0;
  switch (operator) {
    case "sum": {
      const sum = summed(x, q);
      return q.initial === undefined ? sum : Number(q.initial) + sum;
    }
    case "mean": {
      const count = q.skip ? x.filter((v) => !Number.isNaN(v)).length : x.length;
      return count === 0 ? Number.NaN : summed(x, q) / count;
    }
    case "dot":
      return summed(products(x, y, q.skip), all) + 0;
    case "sumSquares":
      return squares();
    case "l2":
      return Math.sqrt(squares());
    case "sumAbs":
    case "l1":
      return abs();
    case "conditionNumber":
      return abs() / Math.abs(summed(x, q));
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
    const mean = count === 0 ? 0 : leafSum(terms, from, to) / count;
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
