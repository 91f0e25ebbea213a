// Decimals: an integer and a power of ten, as Parquet and Arrow store them.

/** The float64 nearest to unscaled · 10^−scale. */
export function decimalToNumber(unscaled: bigint, scale: number): number {
  const small = Number(unscaled);
  // Both exact: one division, rounded correctly. Otherwise the runtime parses all digits.
  if (scale >= 0 && scale <= 22 && Number.isSafeInteger(small)) return small / 10 ** scale;
  return Number(`${unscaled}e${-scale}`);
}

/** A two's complement integer of any length, least significant byte first. */
export function integerOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).reverse();
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex.join("")}`));
}
