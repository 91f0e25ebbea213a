// Which window of exponents the next block of an exact sum is tried with. A kernel reports the
// exponents that it met; a wrong guess costs a second pass over a block in the cache.
//
// Level l takes numbers apart into l parts. It holds all numbers of exponents top − span … top:
// the wider, the more it costs. Above the levels are the cells, which take anything.
//
// A guess covers what recent blocks had, so that data which straddles two windows settles in one
// that holds both. After `patience` blocks it narrows to what these blocks needed; each wrong
// guess doubles the patience, so that a narrow window is tried ever less often where it fails.
// The guess steers speed only: sums are exact whatever it is.

import { SCRATCH_EXACT } from "../map";

/** The level beyond all windows. */
export const CELLS = 5;
/** Above, a window's anchor, 1.5 · 2^(top + 3), would overflow. */
const MOST_TOP = 1019;
const MIN_PATIENCE = 4;
const MAX_PATIENCE = 64;
/** Exponents that a window leaves free above what was met, if it has room. */
const HEADROOM = 8;

// A thread's guesses: one for each kind of sum.
const GUESS_SIZE: usize = 32;
const GUESS_LEVEL: usize = 0;
const GUESS_TOP: usize = 4;
const GUESS_ZEROS: usize = 8;
const GUESS_LEAST: usize = 12;
const GUESS_MOST: usize = 16;
const GUESS_BLOCKS: usize = 20;
const GUESS_PATIENCE: usize = 24;

/** The smallest and the largest exponent of a block's numbers; NONE and −NONE if all are zeros. */
export let least: i32 = 0;
export let most: i32 = 0;
/** In `most`: something is infinite or not a number. */
export const SPECIAL = 1024;
/** In `least`: there are zeros, or numbers so small that they look alike. */
export const ZERO = -2000;
export const NONE = 3000;

export function setRange(lo: i32, hi: i32): void {
  least = lo;
  most = hi;
}

/** Bits from one part's unit to the next. */
export const PART_BITS = 51;

/**
 * Exponents below the top that level `level` holds: its last unit, 2^(top − 49) and PART_BITS less
 * for each further part, must not exceed the last of the least number's 24 or 53 bits.
 */
export function spanOf(level: i32, single: bool): i32 {
  return PART_BITS * (level - 1) + (single ? 26 : -3);
}

/** The last unit must not lie below 2^-1074. */
function floorOf(level: i32): i32 {
  return -1025 + PART_BITS * (level - 1);
}

export function guessOf(kind: i32, scratch: usize): usize {
  return scratch + SCRATCH_EXACT + <usize>kind * GUESS_SIZE;
}

export function levelOf(guess: usize): i32 {
  return load<i32>(guess + GUESS_LEVEL);
}

export function topOf(guess: usize): i32 {
  return load<i32>(guess + GUESS_TOP);
}

/** Whether zeros are allowed for. */
export function hasZeros(guess: usize): bool {
  return load<i32>(guess + GUESS_ZEROS) != 0;
}

function forget(guess: usize): void {
  store<i32>(guess + GUESS_LEAST, NONE);
  store<i32>(guess + GUESS_MOST, -NONE);
  store<i32>(guess + GUESS_BLOCKS, 0);
}

/** A first guess, around 1. */
export function begin(guess: usize, single: bool): void {
  if (load<i32>(guess + GUESS_PATIENCE) != 0) return;
  store<i32>(guess + GUESS_LEVEL, leastLevel(single));
  store<i32>(guess + GUESS_TOP, HEADROOM);
  store<i32>(guess + GUESS_PATIENCE, MIN_PATIENCE);
  forget(guess);
}

/** 53 bits and a window of any use take two parts. */
export function leastLevel(single: bool): i32 {
  return single ? 1 : 2;
}

/** The narrowest level that holds exponents lo … hi. */
export function levelFor(lo: i32, hi: i32, single: bool): i32 {
  if (hi > MOST_TOP) return CELLS;
  let level = leastLevel(single);
  while (level < CELLS && hi - lo > spanOf(level, single)) level++;
  return level;
}

function choose(guess: usize, lo: i32, hi: i32, single: bool): void {
  const level = levelFor(lo, hi, single);
  store<i32>(guess + GUESS_LEVEL, level);
  if (level == CELLS) return;
  const slack = spanOf(level, single) - (hi - lo);
  const top = min<i32>(MOST_TOP, hi + min<i32>(HEADROOM, slack >> 1));
  store<i32>(guess + GUESS_TOP, max<i32>(top, floorOf(level)));
}

/** Whether a block with exponents least … most was summed exactly. */
export function fits(level: i32, top: i32, single: bool): bool {
  return most <= top && least >= top - spanOf(level, single);
}

/** After a block that did not fit. The next try fits, or the one after it if zeros hid the least. */
export function refit(guess: usize, single: bool): void {
  const patience = load<i32>(guess + GUESS_PATIENCE);
  store<i32>(guess + GUESS_PATIENCE, min<i32>(MAX_PATIENCE, patience << 1));
  if (least == ZERO && !hasZeros(guess) && most <= MOST_TOP) {
    store<i32>(guess + GUESS_ZEROS, 1);
    if (most > topOf(guess)) choose(guess, most, most, single);
    return;
  }
  const lo = min<i32>(least, load<i32>(guess + GUESS_LEAST));
  const hi = max<i32>(most, load<i32>(guess + GUESS_MOST));
  if (levelFor(lo, hi, single) != CELLS) choose(guess, lo, hi, single);
  else choose(guess, least, most, single);
}

/** After a block that was summed: takes note, and narrows in time. */
export function learn(guess: usize, single: bool): void {
  let lo = min<i32>(least, load<i32>(guess + GUESS_LEAST));
  let hi = max<i32>(most, load<i32>(guess + GUESS_MOST));
  const blocks = load<i32>(guess + GUESS_BLOCKS) + 1;
  store<i32>(guess + GUESS_LEAST, lo);
  store<i32>(guess + GUESS_MOST, hi);
  store<i32>(guess + GUESS_BLOCKS, blocks);
  if (blocks < load<i32>(guess + GUESS_PATIENCE)) return;
  if (lo > hi) {
    lo = 0;
    hi = 0;
  }
  const level = levelOf(guess);
  if (levelFor(lo, hi, single) < level) choose(guess, lo, hi, single);
  else if (!hasZeros(guess) && level == leastLevel(single)) {
    store<i32>(guess + GUESS_PATIENCE, MIN_PATIENCE);
  }
  store<i32>(guess + GUESS_ZEROS, 0);
  forget(guess);
}
