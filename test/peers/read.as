// The limit of any reduction: loads and nothing else. The bits are ORed together, one operation
// a load, so that no compiler may leave the loads out.

import { add32 } from "../../src/core/atomic";

const PIECE: usize = 1 << 20;

function readPiece(p: usize, end: usize): v128 {
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; p < end; p += 64) {
    a = v128.or(a, v128.load(p));
    b = v128.or(b, v128.load(p, 16));
    c = v128.or(c, v128.load(p, 32));
    d = v128.or(d, v128.load(p, 48));
  }
  return v128.or(v128.or(a, b), v128.or(c, d));
}

/** Reads one MiB of `pieces` that no other thread has taken from `counter`; −1 if none is left. */
export function read(p: usize, pieces: i32, counter: usize): i64 {
  const piece = add32(counter, 1);
  if (piece >= pieces) return -1;
  const from = p + (<usize>piece) * PIECE;
  const v = readPiece(from, from + PIECE);
  return (i64x2.extract_lane(v, 0) | i64x2.extract_lane(v, 1)) & i64.MAX_VALUE;
}
