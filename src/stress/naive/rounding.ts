// Rationals, and roots of them, to the nearest float, ties to even: the one rounding of the naive
// oracle. Any thread may call it.

export interface Format {
  /** Digits of the significand. */
  readonly digits: number;
  /** Exponent of the last digit of the least number. */
  readonly least: number;
}

export const DOUBLE: Format = { digits: 53, least: -1074 };
export const SINGLE: Format = { digits: 24, least: -149 };

const abs = (x: bigint): bigint => (x < 0n ? -x : x);

/** Binary digits of a natural number. */
function size(x: bigint): number {
  const text = x.toString(16);
  return 4 * (text.length - 1) + Number.parseInt(text.charAt(0), 16).toString(2).length;
}

/** num / den · 2^power, den > 0; of zero, +0. */
export function roundRatio(num: bigint, den: bigint, power: number, format = DOUBLE): number {
  if (num === 0n) return 0;
  const { digits, least } = format;
  const divide = (unit: number) => {
    const shift = power - unit;
    const dividend = abs(num) << BigInt(Math.max(shift, 0));
    const divisor = den << BigInt(Math.max(-shift, 0));
    return { whole: dividend / divisor, rest: dividend % divisor, divisor };
  };
  // Counted in such units the quotient has `digits` digits or one more; fewer at the lower end.
  let unit = Math.max(size(abs(num)) - size(den) + power - digits, least);
  if (divide(unit).whole >> BigInt(digits) !== 0n) unit++;
  const { whole, rest, divisor } = divide(unit);
  const isUp = 2n * rest > divisor || (2n * rest === divisor && (whole & 1n) === 1n);
  // A whole number of units that a float64 holds, so the product is exact, or overflows.
  const value = Number(isUp ? whole + 1n : whole) * 2 ** unit;
  const result = digits === 24 && value >= 2 ** 128 ? Number.POSITIVE_INFINITY : value;
  return num < 0n ? -result : result;
}

function floorRoot(x: bigint): bigint {
  if (x < 2n) return x;
  let root = 1n << BigInt((size(x) + 1) >> 1);
  while (true) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** √(num / den · 2^power), num ≥ 0. */
export function roundRoot(num: bigint, den: bigint, power: number, format = DOUBLE): number {
  if (num === 0n) return 0;
  // 70 digits of the root at least; what lies behind them is one more digit that is set.
  let shift = Math.max(0, 140 - size(num) + size(den));
  if ((power - shift) % 2 !== 0) shift++;
  const square = (num << BigInt(shift)) / den;
  const root = floorRoot(square);
  const isExact = root * root * den === num << BigInt(shift);
  return roundRatio(2n * root + (isExact ? 0n : 1n), 1n, (power - shift) / 2 - 1, format);
}
