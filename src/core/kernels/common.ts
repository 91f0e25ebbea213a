// What every kernel family shares. A kernel folds n elements at `p` into a
// fresh state; it reads nothing else and never allocates.
//
// A loop takes 64 bytes a turn, in order, into four accumulators a to d, which
// hides the latency of the operation:
//
//      | a a | b b | c c | d d | a a | …        lanes of 16 bytes
//
// Float sums take sixteen elements a turn (sum.ts). What is left behind the last whole
// turn goes one element at a time. The order is part of the tree's version (map.ts, TREE):
// it decides a float's bits.
//
// Compile-time switches are types: pass Yes or No and ask `isSigned<Switch>()`,
// which the compiler folds.

export type Yes = i8;
export type No = u8;

/** The part of `bytes` that whole turns of 64 bytes cover. */
export function turns(bytes: usize): usize {
  return bytes & ~63;
}

/**
 * A constant for all lanes that stays in a register. V8 builds a literal vector anew in every
 * turn of a loop; what was loaded from memory it keeps. `at` is 8 bytes to load it from.
 */
export function constant(at: usize, bits: i64): v128 {
  store<i64>(at, bits);
  return v128.load64_splat(at);
}
