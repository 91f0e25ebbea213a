// What exact (correctly rounded) operators should give, by BigInt and rationals. Every finite float is
// an integer times a power of two, so all is exact until the one rounding at the end. Nothing here
// comes from the engine.

import type { TypedArray } from "../src/operators/dtype.js";

export type Format = "float64" | "float32";
export type Elements = TypedArray | readonly number[];

/** Digits of the significand, and the exponent of the last digit of the smallest number. */
const formats = { float64: { digits: 53, least: -1074 }, float32: { digits: 24, least: -149 } };
const view = new DataView(new ArrayBuffer(8));

export function bitsOf(x: number): bigint {
  view.setFloat64(0, x);
  return view.getBigUint64(0);
}

export function fromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** The exponent field, less its bias: 0 for 1, −1023 for subnormals and 0, 1024 for NaN. */
export function exponentOf(x: number): number {
  view.setFloat64(0, x);
  return ((view.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

/** 2^k, for k beyond the ends that of the end. */
export function pow2(k: number): number {
  if (k >= -1022) return fromBits(BigInt(Math.min(k, 1023) + 1023) << 52n);
  return fromBits(1n << BigInt(Math.max(k, -1074) + 1074));
}

const isFloat = (x: Elements): boolean =>
  Array.isArray(x) || x instanceof Float64Array || x instanceof Float32Array;
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

/** Binary digits of a natural number. */
function digitsOf(x: bigint): number {
  const hex = x.toString(16);
  return 4 * hex.length + 28 - Math.clz32(Number.parseInt(hex.charAt(0), 16));
}

/** The float nearest num / den, ties to even; den > 0. */
export function roundRational(num: bigint, den: bigint, format: Format = "float64"): number {
  const { digits, least } = formats[format];
  const n = abs(num);
  if (n === 0n) return 0;
  const divide = (unit: number): [quotient: bigint, rest: bigint, divisor: bigint] => {
    const dividend = n << BigInt(Math.max(-unit, 0));
    const divisor = den << BigInt(Math.max(unit, 0));
    return [dividend / divisor, dividend % divisor, divisor];
  };
  // Over 2^unit the quotient has `digits` digits or one more, or few if the unit is the least.
  let unit = Math.max(digitsOf(n) - digitsOf(den) - digits, least);
  if (divide(unit)[0] >> BigInt(digits) !== 0n) unit++;
  const [quotient, rest, divisor] = divide(unit);
  const up = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  // The significand's leading digit adds one to the exponent field; a carry does so again.
  const bits = (BigInt(unit - least) << BigInt(digits - 1)) + quotient + (up ? 1n : 0n);
  const infinity = format === "float64" ? 0x7ff0000000000000n : 0x7f800000n;
  const field = bits < infinity ? bits : infinity;
  view.setUint32(0, Number(field & 0xffffffffn));
  const magnitude = format === "float64" ? fromBits(field) : view.getFloat32(0);
  return num < 0n ? -magnitude : magnitude;
}

function integerRoot(x: bigint): bigint {
  let root = 1n << BigInt((digitsOf(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The float nearest the square root of num / den. */
export function roundRoot(num: bigint, den: bigint, format: Format = "float64"): number {
  if (num === 0n) return 0;
  // A root of 64 digits at least; whatever lies below them becomes one more digit, which is set.
  const shift = 64 - ((digitsOf(num) - digitsOf(den)) >> 1);
  const n = num << BigInt(Math.max(2 * shift, 0));
  const d = den << BigInt(Math.max(-2 * shift, 0));
  const root = integerRoot(n / d);
  const sticky = 2n * root + (root * root * d === n ? 0n : 1n);
  const up = BigInt(Math.max(-shift, 0));
  return roundRational(sticky << up, 1n << BigInt(Math.max(shift, 0) + 1), format);
}

/** Finite elements as integers over one power of two, 2^scale, and what adds up exactly of them. */
class Exact {
  readonly x: Elements;
  readonly roundTo: Format;
  readonly n: bigint;
  readonly integers: bigint[];
  readonly scale: number;

  constructor(x: Elements, roundTo: Format) {
    this.x = x;
    this.roundTo = roundTo;
    const exponents = Array.from(x as Float64Array, (v) =>
      isFloat(x) ? Math.max(exponentOf(v), -1022) - 52 : 0,
    );
    this.n = BigInt(x.length);
    this.scale = exponents.reduce((least, e) => Math.min(least, e), 1024);
    this.integers = exponents.map((e, i) => {
      const v = x[i] as number;
      if (v === 0 || !isFloat(x)) return BigInt(v);
      const digits = BigInt.asUintN(52, bitsOf(v)) | (exponentOf(v) === -1023 ? 0n : 1n << 52n);
      return (v < 0 ? -digits : digits) << BigInt(e - this.scale);
    });
  }

  #total(term: (v: bigint) => bigint): bigint {
    let total = 0n;
    for (const v of this.integers) total += term(v);
    return total;
  }

  sum = (): bigint => this.#total((v) => v);
  sumAbs = (): bigint => this.#total(abs);
  squares = (): bigint => this.#total((v) => v * v);
  spread = (): bigint => this.n * this.squares() - this.sum() ** 2n;
  isMinusZero = (): boolean =>
    isFloat(this.x) && Array.from(this.x as number[]).every((v) => Object.is(v, -0));

  largest(): bigint {
    let most = 0n;
    for (const v of this.integers) if (abs(v) > most) most = abs(v);
    return most;
  }

  times(y: Exact): bigint {
    return this.integers.reduce((total, v, i) => total + v * (y.integers[i] as bigint), 0n);
  }

  /** Of num / den, times 2^power. */
  ratio(num: bigint, den: bigint, power: number, round = roundRational): number {
    if (den === 0n) return num === 0n ? Number.NaN : Infinity;
    const up = BigInt(Math.max(power, 0));
    return round(num << up, den << BigInt(Math.max(-power, 0)), this.roundTo);
  }

  whole(num: bigint, power = this.scale): number | bigint {
    const isLong = this.x instanceof BigInt64Array || this.x instanceof BigUint64Array;
    return isLong ? num : this.ratio(num, 1n, power);
  }
}

const operators = {
  sum: (x: Exact) => (x.isMinusZero() ? -0 : x.whole(x.sum())),
  mean: (x: Exact) => (x.n > 0n && x.isMinusZero() ? -0 : x.ratio(x.sum(), x.n, x.scale)),
  dot: (x: Exact, y: Exact) => x.whole(x.times(y), x.scale + y.scale),
  sumSquares: (x: Exact) => x.whole(x.squares(), 2 * x.scale),
  l2: (x: Exact) => x.ratio(x.squares(), 1n, 2 * x.scale, roundRoot),
  sumAbs: (x: Exact) => x.whole(x.sumAbs()),
  l1: (x: Exact) => x.whole(x.sumAbs()),
  maxNorm: (x: Exact) => x.whole(x.largest()),
  variance: (x: Exact) => x.ratio(x.spread(), x.n ** 2n, 2 * x.scale),
  std: (x: Exact) => x.ratio(x.spread(), x.n ** 2n, 2 * x.scale, roundRoot),
  sampleVariance: (x: Exact) => x.ratio(x.spread(), x.n * (x.n - 1n), 2 * x.scale),
  sampleStd: (x: Exact) => x.ratio(x.spread(), x.n * (x.n - 1n), 2 * x.scale, roundRoot),
  conditionNumber: (x: Exact) => x.ratio(x.sumAbs(), abs(x.sum()), 0),
};
export type ExactName = keyof typeof operators;
export const exactNames = Object.keys(operators) as ExactName[];
/** Those that take one array. */
export const unaryNames = exactNames.filter((name) => name !== "dot");

/** NaN or an infinity if elements that are no finite numbers decide; else 0. */
function special(op: ExactName, x: Elements, y: Elements): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i] as number, y[i] as number];
    if (Number.isFinite(a) && Number.isFinite(b)) continue;
    if (op === "sum" || op === "mean") total += a;
    else if (op === "dot") total += a * b;
    else if (/var|std|cond/i.test(op)) return Number.NaN;
    else total += Math.abs(a);
  }
  return total;
}

export interface ExactOptions {
  skip?: boolean;
  roundTo?: Format;
}

/** What operator `op` has to give. With `skip` a pair with a NaN in it is left out. */
export function exactly(
  op: ExactName,
  x: Elements,
  y: Elements = x,
  { skip = false, roundTo = "float64" }: ExactOptions = {},
): number | bigint {
  if (isFloat(x)) {
    if (skip) {
      const holds = (_: number, i: number) => !Number.isNaN(x[i]) && !Number.isNaN(y[i]);
      const kept = (z: Elements) => Array.from(z as number[]).filter(holds);
      return exactly(op, kept(x), kept(y), { roundTo });
    }
    const decided = special(op, x, y);
    if (decided !== 0) return decided;
  }
  return operators[op](new Exact(x, roundTo), new Exact(op === "dot" ? y : [], roundTo));
}

/** A value for comparison: the sign of a zero dot is nobody's business. */
export const settled = (op: string, value: unknown): unknown =>
  op === "dot" && value === 0 ? 0 : value;
