// IEEE 754 binary16, for runtimes without a Float16Array (Node before 24).

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The float32 of each float16; exact, since float32 holds them all. NaNs keep their payload. */
export function decodeFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(halves.length);
  const bits = new Uint32Array(result.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = widen(halves[i]!);
  return result;
}

/** sign 15 · exponent 14–10, bias 15 · fraction 9–0 → sign 31 · exponent 30–23, bias 127 · 22–0 */
function widen(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  single[0] = fraction * 2 ** -24; // Zero, or subnormal: normal as a float32.
  return sign | word[0]!;
}
