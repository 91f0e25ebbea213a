// Exact sums of floats, at about the cost of plain ones: a run of blocks is taken apart as parts.ts
// does it, for a window of exponents that is a guess (window.ts). What tells that the guess was
// wrong comes with the parts: then the state stays as it was, and the run is done again, wider, and
// last in cells, which take anything (cells.ts). The result does not depend on the guesses.

import { BLOCK, EXACT_SOME, SCRATCH_EXACT } from "../map";
import { cells, takeOne } from "./cells";
import { No, Yes } from "./common";
import { addFloat, hasSome, setFlags } from "./digits";
import {
  anchor,
  clearHalves,
  collect,
  extract,
  FEW,
  Four,
  HALVES,
  maxLane,
  minLane,
  One,
  partsOf,
  prepare,
  ROOM_LEAST,
  ROOM_MOST,
  ROOM_SUMS,
  Three,
  Two,
  takeFew,
  takeHalves,
} from "./parts";
import {
  begin,
  CELLS,
  fits,
  guessOf,
  hasZeros,
  learn,
  least,
  levelOf,
  most,
  NONE,
  PART_BITS,
  refit,
  SPECIAL,
  setRange,
  topOf,
  ZERO,
} from "./window";

/**
 * Tries after which a run goes into cells, which take anything. A run that nobody writes to fits by the
 * third (`refit`); one that changes between tries might never.
 */
const MOST_TRIES = 4;

/** Room for constants, behind the guesses. */
export const ROOM_CONSTANT: usize = 512;

/** The exponent of a number in whose upper word (a float32: only word) `bits` is. */
function exponentOf(bits: i32, raw: bool): i32 {
  return raw ? max<i32>(bits >> 23, 1) - 127 : max<i32>(bits >> 20, 1) - 1023;
}

/**
 * From the words with the least and greatest magnitude to the range of exponents. If `zeros`,
 * they are not in `lo`; else a word of 0 may be a zero.
 */
function noteRange(lo: i32, hi: i32, raw: bool, single: bool, zeros: bool): void {
  if (hi == 0 && lo != 0) return setRange(NONE, -NONE);
  let lowest = lo == 0 && !zeros ? ZERO : exponentOf(lo, raw);
  if (single && lowest != ZERO) lowest = max<i32>(lowest, -126);
  const special = raw ? 0x7f800000 : 0x7ff00000;
  setRange(lowest, hi >= special ? SPECIAL : exponentOf(hi, raw));
}

/**
 * One try at n numbers, or products. False, and the state as it was, if they did not fit. Numbers
 * with q ≠ p are two runs of whole blocks, half of them at p and half at q.
 */
function attempt<T, ABS, PRODUCT, LEVEL, ZEROS, SKIP>(
  p: usize,
  q: usize,
  n: i32,
  top: i32,
  state: usize,
  origin: i32,
  room: usize,
): bool {
  const isRaw = sizeof<T>() == 4 && !isSigned<PRODUCT>() && !isSigned<ZEROS>();
  const isSingle = sizeof<T>() == 4 && !isSigned<PRODUCT>();
  const level = partsOf<LEVEL>();
  prepare(room, top, level);
  const isFew = n <= FEW;
  for (let part = 0; !isFew && part < level; part++) {
    clearHalves(room + ROOM_SUMS + <usize>part * HALVES);
  }
  // Of one run, the second half of each turn's numbers lies behind the first.
  const isTwo = !isSigned<PRODUCT>() && q != p;
  const step: usize = (isTwo ? 4 : 8) * sizeof<T>();
  if (!isSigned<PRODUCT>() && !isTwo) q += 4 * sizeof<T>();
  for (; n >= BLOCK; n -= BLOCK) {
    extract<T, ABS, PRODUCT, LEVEL, ZEROS, SKIP>(p, q, step, BLOCK, room);
    collect(room, BLOCK, top, level);
    p += <usize>(BLOCK >> 3) * step;
    q += <usize>(BLOCK >> 3) * step;
  }
  const some = n & ~7;
  if (some != 0) {
    extract<T, ABS, PRODUCT, LEVEL, ZEROS, SKIP>(p, q, step, some, room);
    if (!isFew) collect(room, some, top, level);
  }
  // What is left: of two runs nothing.
  p += <usize>some * sizeof<T>();
  q += <usize>some * sizeof<T>();
  const last = p + <usize>(n - some) * sizeof<T>();
  let low = minLane(v128.load(room + ROOM_LEAST));
  let high = maxLane(v128.load(room + ROOM_MOST));
  for (let at = p, to = q; at < last; at += sizeof<T>(), to += sizeof<T>()) {
    const x = takeOne<T, ABS, PRODUCT, SKIP>(at, to);
    const word = isRaw
      ? reinterpret<i32>(<f32>x) & 0x7fffffff
      : <i32>(reinterpret<i64>(x) >> 32) & 0x7fffffff;
    high = max<u32>(high, word);
    if (!isSigned<ZEROS>() || x != 0) low = min<u32>(low, word);
  }
  noteRange(low, high, isRaw, isSingle, isSigned<ZEROS>());
  if (!fits(level, top, isSingle)) return false;
  for (let at = p, to = q; at < last; at += sizeof<T>(), to += sizeof<T>()) {
    const x = takeOne<T, ABS, PRODUCT, SKIP>(at, to);
    addFloat(state, x, origin);
  }
  const at = top - 49 + 1074 + origin;
  for (let part = 0; part < level; part++) {
    if (isFew) takeFew(state, room, some, anchor(top, part), part, at - part * PART_BITS);
    else takeHalves(state, room + ROOM_SUMS + <usize>part * HALVES, at - part * PART_BITS);
  }
  return true;
}

function tryLevel<T, ABS, PRODUCT>(
  level: i32,
  zeros: bool,
  skip: bool,
  p: usize,
  q: usize,
  n: i32,
  top: i32,
  state: usize,
  origin: i32,
  room: usize,
): bool {
  if (skip) {
    switch (level) {
      case 1:
        return attempt<T, ABS, PRODUCT, One, Yes, Yes>(p, q, n, top, state, origin, room);
      case 2:
        return attempt<T, ABS, PRODUCT, Two, Yes, Yes>(p, q, n, top, state, origin, room);
      case 3:
        return attempt<T, ABS, PRODUCT, Three, Yes, Yes>(p, q, n, top, state, origin, room);
      default:
        return attempt<T, ABS, PRODUCT, Four, Yes, Yes>(p, q, n, top, state, origin, room);
    }
  }
  switch (level) {
    case 1:
      if (zeros) return attempt<T, ABS, PRODUCT, One, Yes, No>(p, q, n, top, state, origin, room);
      return attempt<T, ABS, PRODUCT, One, No, No>(p, q, n, top, state, origin, room);
    case 2:
      if (zeros) return attempt<T, ABS, PRODUCT, Two, Yes, No>(p, q, n, top, state, origin, room);
      return attempt<T, ABS, PRODUCT, Two, No, No>(p, q, n, top, state, origin, room);
    case 3:
      return attempt<T, ABS, PRODUCT, Three, Yes, No>(p, q, n, top, state, origin, room);
    default:
      return attempt<T, ABS, PRODUCT, Four, Yes, No>(p, q, n, top, state, origin, room);
  }
}

/**
 * Adds n elements at p (of n products with those at q) to `state`, exactly. Elements may also lie
 * in two runs of n / 2, whole blocks: then q is the second, else it is p. `kind` numbers the
 * guesses; `origin` is the bit of the state that weighs 2^-1074, a multiple of 32. Products must be
 * exact in float64: those of float32 are.
 */
export function foldExact<T, ABS, PRODUCT>(
  kind: i32,
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  state: usize,
  origin: i32,
  scratch: usize,
): void {
  const single = sizeof<T>() == 4 && !isSigned<PRODUCT>();
  const guess = guessOf(kind, scratch);
  const room = scratch + SCRATCH_EXACT + ROOM_CONSTANT;
  begin(guess, single);
  for (let tries = 0; ; tries++) {
    const level = tries < MOST_TRIES ? levelOf(guess) : CELLS;
    if (level == CELLS) {
      if (isSigned<PRODUCT>() || q == p) {
        cells<T, ABS, PRODUCT>(p, q, n, skip, state, origin, scratch);
      } else {
        cellsOfTwo<T, ABS>(p, q, n >> 1, skip, state, origin, scratch);
      }
      break;
    }
    const zeros = hasZeros(guess);
    const top = topOf(guess);
    if (tryLevel<T, ABS, PRODUCT>(level, zeros, skip, p, q, n, top, state, origin, room)) break;
    refit(guess, single);
  }
  learn(guess, single);
  if (isSigned<PRODUCT>() || q == p) return noteSome<T, ABS, PRODUCT>(p, q, n, skip, state);
  noteSome<T, ABS, No>(p, p, n >> 1, skip, state);
  noteSome<T, ABS, No>(q, q, n >> 1, skip, state);
}

/** The last resort, for n numbers at p and n at q. */
function cellsOfTwo<T, ABS>(
  p: usize,
  q: usize,
  n: i32,
  skip: bool,
  state: usize,
  origin: i32,
  scratch: usize,
): void {
  cells<T, ABS, No>(p, p, n, skip, state, origin, scratch);
  const lo = least;
  const hi = most;
  cells<T, ABS, No>(q, q, n, skip, state, origin, scratch);
  setRange(min<i32>(lo, least), max<i32>(hi, most));
}

/**
 * Flags a state to which something else than −0 was added: only then is a sum of zero +0. Of
 * products every zero is +0.
 */
function noteSome<T, ABS, PRODUCT>(p: usize, q: usize, n: i32, skip: bool, state: usize): void {
  if (hasSome(state)) return;
  if (most != -NONE || isSigned<PRODUCT>()) return setFlags(state, EXACT_SOME);
  const last = p + <usize>n * sizeof<T>();
  for (; p < last; p += sizeof<T>(), q += sizeof<T>()) {
    const x = <f64>load<T>(p);
    if (!(skip && x != x) && (isSigned<ABS>() || reinterpret<i64>(x) != i64.MIN_VALUE)) {
      return setFlags(state, EXACT_SOME);
    }
  }
}
