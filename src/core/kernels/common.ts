// What every kernel family shares. A kernel folds n elements at `p` into a
// fresh state; it reads nothing else and never allocates.
//
// Four streams: the n elements are read as four runs of equal length, side by
// side, which keeps more cache misses in flight than one run. Behind them
// comes a tail of fewer than four steps.
//
//      p            p + q          p + 2q         p + 3q        p + 4q
//      | a0 a1 …    | b0 b1 …      | c0 c1 …      | d0 d1 …     | tail |
//
// Compile-time switches are types: pass Yes or No and ask `isSigned<Switch>()`,
// which the compiler folds.

export type Yes = i8;
export type No = u8;

/** Bytes of one of the four streams: a multiple of `step`, which is a power of two. */
export function streamBytes(bytes: usize, step: usize): usize {
  return (bytes >> 2) & ~(step - 1);
}
