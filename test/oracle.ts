// What results should be, computed the slow and obvious way: BigInt for
// integers, plain loops for floats, and the documented order for fast sums.

import type { Dtype, TypedArray } from "../src/operators/dtype.js";
import type { Random } from "./harness.js";

const BLOCK = 8192;

type Elements = ArrayLike<number | bigint>;

const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const dtypes = Object.keys(arrays) as (keyof typeof arrays)[];
export const isFloat = (dtype: Dtype): boolean => dtype.startsWith("float");
export const isLong = (dtype: Dtype): boolean => dtype === "int64" || dtype === "uint64";

/** An ordinary array of random elements: all bit patterns, or small and with many zeros. */
export function randomArray(dtype: Dtype, n: number, random: Random, tame: boolean): TypedArray {
  const array = new arrays[dtype as keyof typeof arrays](n) as TypedArray;
  for (let i = 0; i < n; i++) {
    if (tame) {
      const x = random.int(9) - (dtype.startsWith("u") ? 0 : 4);
      (array as Float64Array)[i] = (isLong(dtype) ? BigInt(x) : x) as number;
    } else if (isFloat(dtype)) {
      (array as Float64Array)[i] = (random.next() - 0.5) * 2 ** (random.int(40) - 20);
    } else {
      (array as Float64Array)[i] = (isLong(dtype) ? random.bits64() : random.u32()) as number;
    }
  }
  return array;
}

// --- the fixed tree of fast floats ---------------------------------------------

/** One block of a sum: sixteen elements a turn, in lanes of even and odd places, then the tail. */
function blockSum(x: readonly number[]): number {
  const [a, b]: [[number, number], [number, number]] = [
    [-0, -0],
    [-0, -0],
  ];
  const whole = x.length - (x.length % 16);
  const eight = (i: number) =>
    (x[i] as number) + (x[i + 2] as number) + ((x[i + 4] as number) + (x[i + 6] as number));
  for (let turn = 0; turn < whole; turn += 16) {
    for (const side of [0, 1] as const) {
      a[side] += eight(turn + side);
      b[side] += eight(turn + side + 8);
    }
  }
  return x.slice(whole).reduce((sum, y) => sum + y, a[0] + b[0] + (a[1] + b[1]));
}

/** One block of a product: lanes of two float64 in four accumulators, then the tail in order. */
function blockProduct(x: readonly number[], dtype: Dtype): number {
  const at = (i: number) => x[i] as number;
  const perTurn = dtype === "float64" ? 8 : 16;
  const lanes = new Array<number>(8).fill(1);
  const whole = x.length - (x.length % perTurn);
  for (let turn = 0; turn < whole; turn += perTurn) {
    for (let lane = 0; lane < 8; lane++) {
      const [vector, side] = [lane >> 1, lane & 1];
      // float32: a vector of 16 bytes holds elements 0, 1 | 2, 3, which meet in pairs 0, 2 and 1, 3.
      const value =
        dtype === "float64"
          ? at(turn + lane)
          : at(turn + 4 * vector + side) * at(turn + 4 * vector + 2 + side);
      lanes[lane] = (lanes[lane] as number) * value;
    }
  }
  const side = (s: number) => {
    const [a, b, c, d] = [lanes[s], lanes[2 + s], lanes[4 + s], lanes[6 + s]] as number[];
    return (a as number) * (b as number) * ((c as number) * (d as number));
  };
  return x.slice(whole).reduce((product, y) => product * y, side(0) * side(1));
}

function blockFloat(x: Elements, dtype: Dtype, op: "sum" | "product", skip: boolean): number {
  const unit = op === "sum" ? -0 : 1;
  const numbers = Array.from(x as Float64Array, (v) => (skip && Number.isNaN(v) ? unit : v));
  return op === "sum" ? blockSum(numbers) : blockProduct(numbers, dtype);
}

/** The tree over blocks: a node of level l holds blocks [i·2^l, (i + 1)·2^l) that exist. */
export function tree<T>(leaves: readonly T[], merge: (a: T, b: T) => T): T {
  let nodes = leaves;
  while (nodes.length > 1) {
    const up: T[] = [];
    for (let i = 0; i < nodes.length; i += 2) {
      up.push(i + 1 < nodes.length ? merge(nodes[i] as T, nodes[i + 1] as T) : (nodes[i] as T));
    }
    nodes = up;
  }
  return nodes[0] as T;
}

export function fastFloat(
  x: TypedArray,
  dtype: Dtype,
  op: "sum" | "product",
  skip = false,
): number {
  const leaves: number[] = [];
  for (let at = 0; at === 0 || at < x.length; at += BLOCK) {
    leaves.push(blockFloat(x.subarray(at, at + BLOCK), dtype, op, skip));
  }
  return tree(leaves, (a, b) => (op === "sum" ? a + b : a * b));
}

// --- every operator ------------------------------------------------------------------

/** num / den to the nearest float64, ties to even, by comparing candidates exactly. */
export function divide(num: bigint, den: bigint): number {
  const guess = Number(num) / Number(den);
  const buffer = new DataView(new ArrayBuffer(8));
  buffer.setFloat64(0, guess);
  const bits = buffer.getBigInt64(0);
  let best = guess;
  let bestError: bigint | undefined;
  for (let step = -2n; step <= 2n; step++) {
    buffer.setBigInt64(0, bits + step);
    const candidate = buffer.getFloat64(0);
    if (!Number.isFinite(candidate)) continue;
    // |candidate − num/den| · den · 2^1100, an integer.
    const scaled = exact(candidate, 1100) * den - (num << 1100n);
    const error = scaled < 0n ? -scaled : scaled;
    const even = ((bits + step) & 1n) === 0n;
    if (bestError === undefined || error < bestError || (error === bestError && even)) {
      [best, bestError] = [candidate, error];
    }
  }
  return best;
}

/** x · 2^scale as an integer. */
export function exact(x: number, scale: number): bigint {
  const buffer = new DataView(new ArrayBuffer(8));
  buffer.setFloat64(0, x);
  const bits = buffer.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : fraction | (1n << 52n);
  const value = magnitude << BigInt(Math.max(exponent, 1) - 1075 + scale);
  return bits >> 63n === 1n ? -value : value;
}

const key = (x: number | bigint): number | bigint => x;

/** −0 before +0, as the extrema have it. */
function before(a: number | bigint, b: number | bigint): boolean {
  return a < b || (a === b && Object.is(a, -0) && !Object.is(b, -0));
}

/** Undefined where there is nothing to take an extremum of. */
export function expected(
  op: string,
  x: TypedArray,
  dtype: Dtype,
  skip = false,
): number | bigint | boolean | undefined {
  const all = Array.from(x as Float64Array) as (number | bigint)[];
  const notNumber = (v: number | bigint) => typeof v === "number" && Number.isNaN(v);
  const values = skip ? all.filter((v) => !notNumber(v)) : all;
  const big = () => values.map((v) => BigInt(v)).reduce((a, b) => a + b, 0n);
  switch (op) {
    case "sum":
      if (isFloat(dtype)) return fastFloat(x, dtype, "sum", skip);
      return isLong(dtype) ? big() : Number(big());
    case "mean":
      if (values.length === 0) return Number.NaN;
      if (isFloat(dtype)) return fastFloat(x, dtype, "sum", skip) / values.length;
      return divide(big(), BigInt(values.length));
    case "product": {
      if (isFloat(dtype)) return fastFloat(x, dtype, "product", skip);
      let product = 1n;
      // What outgrows every float64 can stop growing.
      for (const v of values) {
        if (product === 0n || v === 0n || v === 0) product = 0n;
        else if (product > 1n << 2000n || product < -(1n << 2000n)) {
          product = BigInt(v) < 0n ? -product : product;
        } else product *= BigInt(v);
      }
      return isLong(dtype) ? product : Number(product);
    }
    case "min":
    case "max":
    case "argmin":
    case "argmax": {
      let at = -1;
      for (let i = 0; i < all.length; i++) {
        const v = all[i] as number | bigint;
        if (notNumber(v)) {
          if (skip) continue;
          at = i;
          break;
        }
        const best = all[at] as number | bigint;
        if (at < 0 || (op.endsWith("min") ? before(key(v), best) : before(best, key(v)))) at = i;
      }
      if (at < 0) return undefined;
      return op.startsWith("arg") ? at : (all[at] as number | bigint);
    }
    case "count":
      return values.length;
    case "countNonZero":
      return values.filter((v) => Number(v) !== 0).length;
    case "any":
      return values.some((v) => Number(v) !== 0);
    case "all":
      return values.every((v) => Number(v) !== 0);
    default: {
      const wide = values.map((v) => BigInt(v));
      const bits =
        op === "and"
          ? wide.reduce((a, b) => a & b, -1n)
          : wide.reduce((a, b) => (op === "or" ? a | b : a ^ b), 0n);
      const width = 8 * x.BYTES_PER_ELEMENT;
      const cut = dtype.startsWith("u") ? BigInt.asUintN(width, bits) : BigInt.asIntN(width, bits);
      return isLong(dtype) ? cut : Number(cut);
    }
  }
}

export const operators = [
  "sum",
  "mean",
  "product",
  "min",
  "max",
  "argmin",
  "argmax",
  "count",
  "countNonZero",
  "any",
  "all",
  "and",
  "or",
  "xor",
] as const;
