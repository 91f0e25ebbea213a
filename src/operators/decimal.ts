// Decimals: integers times a power of ten. Few of them are a float64, so what is said of a float64
// column would be said of their roundings. Here sums are over the decimals themselves, as bigints,
// and what is made of them is rounded once.

import { ratio, rootOfRatio, scaledOf } from "./number.js";
import { condition, spreadOf } from "./sum-values.js";

/** Numbers n · 10^−scale. An n beyond 2^53 is a bigint. */
export interface Decimals {
  readonly unscaled: readonly (number | bigint)[];
  /** From 0 on. */
  readonly scale: number;
}

/** Powers of ten up to this exponent are float64. */
const EXACT_POWER = 22;
/** Two numbers below add up exactly. */
const HALF_SAFE = 2 ** 52;

/** The nearest float64 of each. */
export function nearestOf(unscaled: readonly (number | bigint)[], scale: number): Float64Array {
  const values = new Float64Array(unscaled.length);
  const power = 10 ** scale;
  const exact = 10n ** BigInt(scale);
  for (let i = 0; i < values.length; i++) {
    const n = unscaled[i]!;
    const isSmall = scale <= EXACT_POWER && Number.isSafeInteger(Number(n));
    // The quotient of two exact numbers is rounded once.
    values[i] = isSmall ? Number(n) / power : ratio(BigInt(n), exact);
  }
  return values;
}

/**
 * The integer in `width` bytes of two's complement from `at` on: a number if it is a safe one, else
 * a bigint.
 */
export function integerAt(
  bytes: Uint8Array,
  at: number,
  width: number,
  bigEndian: boolean,
): number | bigint {
  if (width === 0) return 0;
  const step = bigEndian ? 1 : -1;
  let place = bigEndian ? at : at + width - 1;
  let left = width;
  const sign = bytes[place]! >= 128 ? 255 : 0;
  // Bytes that only repeat the sign.
  while (left > 1 && bytes[place] === sign && (bytes[place + step]! ^ sign) < 128) {
    place += step;
    left--;
  }
  let value: number | bigint = bytes[place]! - (sign === 0 ? 0 : 256);
  for (left--; left > 0; ) {
    const group = Math.min(left, 5);
    let digits = 0;
    for (let i = 0; i < group; i++) {
      place += step;
      digits = digits * 256 + bytes[place]!;
    }
    // One byte and five more are a safe integer.
    const isShort: boolean = typeof value === "number" && Math.abs(value) < 256;
    value = isShort
      ? (value as number) * 256 ** group + digits
      : (BigInt(value) << BigInt(8 * group)) + BigInt(digits);
    left -= group;
  }
  return narrow(value);
}

/** The same number, and no bigint if it is a safe integer. */
export function narrow(value: number | bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

type Value = (totals: Totals, options: { initial: number | undefined; single: boolean }) => number;

/** Sums over n decimals, as integers times a power of 1 / `den`. */
interface Totals {
  readonly n: bigint;
  readonly sum: bigint;
  readonly abs: bigint;
  readonly squares: bigint;
  readonly den: bigint;
}

const abs: Value = (t, { single }) => ratio(t.abs, t.den, 0, single);

function spread(ddof: bigint, isRoot: boolean): Value {
  return ({ n, sum, squares, den }, { single }) => {
    const parts = spreadOf(n, sum, squares, ddof);
    if (parts === undefined) return Number.NaN;
    return (isRoot ? rootOfRatio : ratio)(parts.num, parts.den * den * den, 0, single);
  };
}

const VALUES: Readonly<Record<string, Value>> = {
  sum({ sum, den }, { initial = 0, single }) {
    if (!Number.isFinite(initial)) return initial;
    const total = (sum << 1074n) + scaledOf(initial) * den;
    return ratio(total, den, -1074, single);
  },
  mean: ({ n, sum, den }, { single }) => ratio(sum, n * den, 0, single),
  sumAbs: abs,
  l1: abs,
  sumSquares: (t, { single }) => ratio(t.squares, t.den * t.den, 0, single),
  l2: (t, { single }) => rootOfRatio(t.squares, t.den * t.den, 0, single),
  variance: spread(0n, false),
  std: spread(0n, true),
  sampleVariance: spread(1n, false),
  sampleStd: spread(1n, true),
  conditionNumber: (t, { single }) => condition(t.abs, t.sum, single),
};

/** Whether an operator's exact value is that over decimals. */
export const isOfDecimals = (name: string): boolean => Object.hasOwn(VALUES, name);

/** Sums over decimals that come batch by batch. */
export class DecimalSums {
  readonly #hasSquares: boolean;
  #scale = 0;
  #n = 0;
  #sum = 0n;
  #abs = 0n;
  #squares = 0n;

  /** `names`: the operators whose values will be asked for. */
  constructor(names: readonly string[]) {
    const plain = ["sum", "mean", "sumAbs", "l1", "conditionNumber"];
    this.#hasSquares = names.some((name) => isOfDecimals(name) && !plain.includes(name));
  }

  add({ unscaled, scale }: Decimals): void {
    if (scale > this.#scale) this.#rescale(scale);
    let sum = 0n;
    let abs = 0n;
    let squares = 0n;
    // What adds up exactly as numbers, between two bigints.
    let some = 0;
    let someAbs = 0;
    for (const n of unscaled) {
      if (typeof n === "number" && Math.abs(n) < HALF_SAFE) {
        some += n;
        someAbs += Math.abs(n);
        if (someAbs >= HALF_SAFE) {
          sum += BigInt(some);
          abs += BigInt(someAbs);
          some = 0;
          someAbs = 0;
        }
      } else {
        const big = BigInt(n);
        sum += big;
        abs += big < 0n ? -big : big;
      }
      if (this.#hasSquares) squares += BigInt(n) * BigInt(n);
    }
    const factor = 10n ** BigInt(this.#scale - scale);
    this.#n += unscaled.length;
    this.#sum += (sum + BigInt(some)) * factor;
    this.#abs += (abs + BigInt(someAbs)) * factor;
    this.#squares += squares * factor * factor;
  }

  #rescale(scale: number): void {
    const factor = 10n ** BigInt(scale - this.#scale);
    this.#scale = scale;
    this.#sum *= factor;
    this.#abs *= factor;
    this.#squares *= factor * factor;
  }

  /** Undefined for what is not of decimals, and of none of them: then floats tell. */
  value(name: string, initial: number | undefined, single: boolean): number | undefined {
    if (this.#n === 0 || !isOfDecimals(name)) return undefined;
    const totals = {
      n: BigInt(this.#n),
      sum: this.#sum,
      abs: this.#abs,
      squares: this.#squares,
      den: 10n ** BigInt(this.#scale),
    };
    return VALUES[name]!(totals, { initial, single });
  }
}
