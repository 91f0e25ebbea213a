// Exact integers to the nearest float64.

/** num / den (den > 0), rounded once, ties to even. */
export function ratio(num: bigint, den: bigint): number {
  if (num === 0n) return 0;
  const negative = num < 0n;
  let top = negative ? -num : num;
  // Scale so that the quotient has 64 bits or more; a remainder sticks to its last bit, so that
  // the rounding of Number(bigint), to nearest with ties to even, sees which side it is on.
  const shift = Math.max(0, 64 - (bitLength(top) - bitLength(den)));
  top <<= BigInt(shift);
  let quotient = top / den;
  if (quotient * den !== top) quotient |= 1n;
  const value = Number(quotient) * 2 ** -shift;
  return negative ? -value : value;
}

function bitLength(x: bigint): number {
  return x.toString(16).length * 4;
}
