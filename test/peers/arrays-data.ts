// What the benchmarks of arrays reduce. The peers in other languages fill theirs with the same values
// by the same rule (`native/arrays.hpp`, `native/rayon/`, `native/numpy_peer.py`), so that every
// result can be compared to the bit, whatever its order of summation.

export const ARRAY_DTYPES = ["float64", "float32", "int32"] as const;
export type ArrayDtype = (typeof ARRAY_DTYPES)[number];
export type Numbers = Float64Array | Float32Array | Int32Array;

const LEAST = -31;
const GREATEST = 31;

/**
 * Odd numbers from −15 to 15 by a hash of the index (MurmurHash3's finalizer), and once each −31 and
 * 31: their sum and the dot product of their halves wander around 0 and stay far below 2^24 for 2^28
 * of them, in any order that does not know them, so that not even a float32 rounds a partial sum.
 */
export function fillSigned(x: Numbers): void {
  for (let i = 0; i < x.length; i++) {
    let h = Math.imul(i ^ (i >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    x[i] = 2 * (h >>> 28) - 15;
  }
  x[Math.floor(x.length / 3)] = LEAST;
  x[Math.floor((2 * x.length) / 3)] = GREATEST;
}
