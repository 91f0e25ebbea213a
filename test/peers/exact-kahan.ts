// Compensated sums in plain JavaScript: nearly exact, and what many take for exact. W. Kahan,
// "Further remarks on reducing truncation errors", 1965; A. Neumaier's variant of 1974, which also
// minds terms larger than the sum so far.

import type { Loop } from "./loops.js";

export const compensated: { readonly [name: string]: Loop } = {
  Kahan(a) {
    let sum = 0;
    let lost = 0;
    for (let i = 0; i < a.length; i++) {
      const y = (a[i] as number) - lost;
      const next = sum + y;
      lost = next - sum - y;
      sum = next;
    }
    return sum;
  },
  Neumaier(a) {
    let sum = 0;
    let lost = 0;
    for (let i = 0; i < a.length; i++) {
      const x = a[i] as number;
      const next = sum + x;
      lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
      sum = next;
    }
    return sum + lost;
  },
};

/**
 * What the author of xsum publishes: R. M. Neal, "Fast exact summation using small and large
 * superaccumulators", arXiv:1505.05571; the times are those of `paper-results` in his repository,
 * file results-dell-T1600-gcc-4.9.2, sums of 10,000,000 numbers. Not measured here, and of a slower
 * machine: what can be held beside ours is a share of the inexact sum of the same machine.
 */
export const XSUM = {
  machine: "Intel Xeon E3-1225 (2011), 3.1 GHz, gcc 4.9.2",
  /** Nanoseconds a term. */
  large: 1.62,
  small: 3.53,
  ordered: 1.02,
  unordered: 0.63,
} as const;
