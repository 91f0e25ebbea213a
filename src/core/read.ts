// The limit of any reduction: loads and nothing else. The bits are ORed together, one operation
// a load, so that no compiler may leave the loads out. Compiled to bench/read.wasm, which
// `ringfold bench` and the benchmarks in test/peers run, on an engine's memory; any thread may
// call. Calls are short, since WebAssembly is not replaced by its optimised code while a call runs.

import { add32 } from "./atomic";

/** Bytes of one call, and what a thread takes at once where threads share the work. */
const PIECE: usize = 1 << 20;

/**
 * ORs p … end − 1, a multiple of 128 bytes: both halves at once, a line of each. Of the loops that were
 * tried (one, two and four streams, 64 to 256 bytes a turn) none was faster at any size, and one
 * stream of 64 bytes a turn was slower by a quarter in caches and by a fifth in DRAM.
 */
function readLines(p: usize, end: usize): i64 {
  const middle = p + ((end - p) >> 1);
  let q = middle;
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  for (; p < middle; p += 64) {
    a = v128.or(a, v128.load(p));
    b = v128.or(b, v128.load(p, 16));
    c = v128.or(c, v128.load(p, 32));
    d = v128.or(d, v128.load(p, 48));
    e = v128.or(e, v128.load(q));
    f = v128.or(f, v128.load(q, 16));
    g = v128.or(g, v128.load(q, 32));
    h = v128.or(h, v128.load(q, 48));
    q += 64;
  }
  const left = v128.or(v128.or(a, b), v128.or(c, d));
  const right = v128.or(v128.or(e, f), v128.or(g, h));
  const v = v128.or(left, right);
  return i64x2.extract_lane(v, 0) | i64x2.extract_lane(v, 1);
}

/** Reads `bytes` at p, a multiple of 128 and small, `passes` times; bits that were set. */
export function readAlone(p: usize, bytes: usize, passes: i32): i64 {
  let bits: i64 = 0;
  for (let i = 0; i < passes; i++) bits |= readLines(p, p + bytes);
  return bits;
}

/**
 * Reads a piece that no other thread has taken from `counter`, of `bytes` at p, a multiple of 128, that
 * are to be read `passes` times; bits that were set, −1 if nothing is left.
 */
export function readShared(p: usize, bytes: usize, passes: i32, counter: usize): i64 {
  const pieces = <i32>((bytes + PIECE - 1) / PIECE);
  const taken = add32(counter, 1);
  if (taken >= pieces * passes) return -1;
  const from = <usize>(taken % pieces) * PIECE;
  return readLines(p + from, p + min<usize>(from + PIECE, bytes)) & i64.MAX_VALUE;
}
