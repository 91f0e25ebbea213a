// Exact numbers, as bigints, to the nearest float: rounded once, ties to even.

interface Format {
  readonly precision: number;
  /** Exponents of the least and the greatest normal number. */
  readonly least: number;
  readonly most: number;
}

const FLOAT64: Format = { precision: 53, least: -1022, most: 1023 };
const FLOAT32: Format = { precision: 24, least: -126, most: 127 };

/** Bits of a quotient or root that are computed; what follows sticks to the last. */
const ENOUGH = 66;

function bitLength(x: bigint): number {
  const hex = x.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex.charAt(0), 16)) + 28;
}

/** x · 2^k, for an exact result or one that overflows. */
function scale(x: number, k: number): number {
  if (k < -1022) return x * 2 ** -1022 * 2 ** (k + 1022);
  return k > 1023 ? x * 2 ** 1023 * 2 ** (k - 1023) : x * 2 ** k;
}

/**
 * value · 2^exponent to the nearest float. A value that was cut off has its last bit set for what
 * was lost, and more bits than the format by two or more.
 */
export function roundScaled(value: bigint, exponent: number, single: boolean): number {
  if (value === 0n) return 0;
  const { precision, least, most } = single ? FLOAT32 : FLOAT64;
  const magnitude = value < 0n ? -value : value;
  const top = bitLength(magnitude) - 1 + exponent;
  // Below the least normal number there are fewer bits.
  const unit = Math.max(top, least) - precision + 1;
  const drop = unit - exponent;
  let mantissa = magnitude;
  let last = exponent;
  if (drop > 0) {
    const shift = BigInt(drop);
    mantissa = magnitude >> shift;
    const rest = magnitude - (mantissa << shift);
    const half = 1n << (shift - 1n);
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    last = unit;
  }
  const isOver = mantissa !== 0n && bitLength(mantissa) - 1 + last > most;
  const result = isOver ? Number.POSITIVE_INFINITY : scale(Number(mantissa), last);
  return value < 0n ? -result : result;
}

/** num / den · 2^exponent (den > 0) to the nearest float. */
export function ratio(num: bigint, den: bigint, exponent = 0, single = false): number {
  if (num === 0n) return 0;
  const magnitude = num < 0n ? -num : num;
  const shift = Math.max(0, ENOUGH - bitLength(magnitude) + bitLength(den));
  const scaled = magnitude << BigInt(shift);
  let quotient = scaled / den;
  if (quotient * den !== scaled) quotient = (quotient << 1n) | 1n;
  else quotient <<= 1n;
  const value = roundScaled(quotient, exponent - shift - 1, single);
  return num < 0n ? -value : value;
}

/** ⌊√x⌋, by Newton's method from above. */
function floorSqrt(x: bigint): bigint {
  let root = 1n << BigInt((bitLength(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** √(num / den · 2^exponent) to the nearest float; num ≥ 0, den > 0. */
export function rootOfRatio(num: bigint, den: bigint, exponent = 0, single = false): number {
  if (num === 0n) return 0;
  let shift = Math.max(0, 2 * ENOUGH - bitLength(num) + bitLength(den));
  // The exponent that is left must be even.
  if ((exponent - shift) % 2 !== 0) shift++;
  const scaled = num << BigInt(shift);
  const square = scaled / den;
  const root = floorSqrt(square);
  const isExact = root * root === square && square * den === scaled;
  const sticky = (root << 1n) | (isExact ? 0n : 1n);
  return roundScaled(sticky, (exponent - shift) / 2 - 1, single);
}

/** A finite float64 as an integer times 2^-1074. */
export function scaledOf(x: number): bigint {
  const bits = new BigUint64Array(new Float64Array([x]).buffer)[0] as bigint;
  const field = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = field === 0n ? fraction : (fraction | (1n << 52n)) << (field - 1n);
  return bits >> 63n === 1n ? -magnitude : magnitude;
}

/** A number or bigint to the nearest float, rounded once. */
export function toFloat(x: number | bigint, single: boolean): number {
  if (typeof x === "bigint") return roundScaled(x, 0, single);
  return single ? Math.fround(x) : x;
}

/** x + y, rounded once: as IEEE 754 adds, of a bigint the exact value. */
export function addOnce(x: number, y: number | bigint, single: boolean): number {
  if (typeof y === "number" && !single) return x + y;
  if (!Number.isFinite(x)) return typeof y === "bigint" ? x : x + y;
  if (typeof y === "number" && !Number.isFinite(y)) return y;
  const total = scaledOf(x) + (typeof y === "bigint" ? y << 1074n : scaledOf(y));
  // Two that cancel, or zeros with signs.
  return total === 0n ? x + Number(y) : roundScaled(total, -1074, single);
}

/** x · y, likewise. */
export function multiplyOnce(x: number, y: number | bigint, single: boolean): number {
  if (typeof y === "number" && !single) return x * y;
  const isDecided = x === 0 || !Number.isFinite(x);
  // A bigint may be beyond all floats, but is finite: of it the sign is enough.
  if (typeof y === "bigint" && (isDecided || y === 0n)) return x * Math.sign(Number(y));
  if (typeof y === "number" && (isDecided || y === 0 || !Number.isFinite(y))) return x * y;
  return typeof y === "bigint"
    ? roundScaled(scaledOf(x) * y, -1074, single)
    : roundScaled(scaledOf(x) * scaledOf(y), -2148, single);
}

/** Floats from a to b, counted as steps from one to the next; Infinity if one is not finite. */
export function ulpsApart(a: number, b: number, single: boolean): number {
  if (Object.is(a, b) || a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
  const place = (x: number): bigint => {
    const magnitude = single
      ? BigInt(new Uint32Array(new Float32Array([Math.abs(x)]).buffer)[0] as number)
      : (new BigUint64Array(new Float64Array([Math.abs(x)]).buffer)[0] as bigint);
    return x < 0 ? -magnitude : magnitude;
  };
  const apart = place(a) - place(b);
  return Number(apart < 0n ? -apart : apart);
}
