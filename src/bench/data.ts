// Numbers to be measured on: the same bytes are ordinary numbers as every element type.

/** Where a float64 has its sign and exponent: they are in [0.5, 2) then, with either sign. */
const TOP = 0x3fe0;
/** The same for the other halves of it: as float16 they are in [1, 2), as float32 in [0.0078, 2). */
const REST = 0x3c00;

/** Fills with numbers that are the same every time. xorshift32, after G. Marsaglia. */
export function fillOrdinary({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
  const halves = new Uint16Array(buffer, byteOffset, byteLength >> 1);
  // A period that no power of two divides, copied on.
  const period = Math.min(halves.length, 4 * 16_381);
  let x = 0x9e3779b9;
  for (let i = 0; i < period; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const bits = x >>> 16;
    const sign = bits & 0x8000;
    halves[i] = sign | ((i & 3) === 3 ? TOP | (bits & 0x1f) : REST | (bits & 0x3ff));
  }
  for (let done = period; done < halves.length; done *= 2) {
    halves.copyWithin(done, 0, Math.min(done, halves.length - done));
  }
}
