// Randomness that can be replayed. The harness draws one seed a run, hands it to each
// process as RINGFOLD_SEED, and prints it beside what failed.

const root = Number(process.env["RINGFOLD_SEED"] || Math.floor(Math.random() * 2 ** 32)) >>> 0;

/** The seed of this run, and `numRuns`, for fast-check's `assert`. */
export function fcOptions(numRuns = 100): { seed: number; numRuns: number } {
  return { seed: root | 0, numRuns };
}

export interface Random {
  /** Of the run, not of this stream: what RINGFOLD_SEED has to be to get it again. */
  readonly seed: number;
  /** A float in [0, 1), a multiple of 2^-53. */
  next(): number;
  /** An integer in [0, n), for n up to 2^53. */
  int(n: number): number;
  u32(): number;
  bits64(): bigint;
  pick<T>(from: ArrayLike<T>): T;
}

/**
 * A pseudo-random stream that depends on the run's seed and the label alone, not on what
 * ran before. xoshiro128** (Blackman and Vigna), its state filled by splitmix32.
 */
export function seeded(label = ""): Random {
  let mix = root;
  for (const char of label) mix = Math.imul(mix ^ (char.codePointAt(0) ?? 0), 0x01000193);
  const fill = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [fill(), fill(), fill(), fill()];
  const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  const u32 = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11);
    return result;
  };
  const next = (): number => ((u32() >>> 5) * 2 ** 26 + (u32() >>> 6)) / 2 ** 53;
  const int = (n: number): number => Math.floor(next() * n);
  return {
    seed: root,
    next,
    int,
    u32,
    bits64: () => (BigInt(u32()) << 32n) | BigInt(u32()),
    pick: <T>(from: ArrayLike<T>): T => {
      if (from.length === 0) throw new Error("pick from nothing");
      return from[int(from.length)] as T;
    },
  };
}
