// What a receipt tells of a block of floats, or of its products with a second input: how many are
// not finite, and which mode the exact sum of the block needs. The mode depends on the block alone,
// not on what was guessed (window.ts) when it was summed.
//
// State, i64 each: NaN, +∞, −∞, then blocks by mode: one window; one window and zeros; a window of
// one part more; of two more; cells.

import { LEAST, MOST } from "./exact-products";
import { CELLS, leastLevel, levelFor } from "./window";

export const CENSUS_BYTES: usize = 64;
const MODES: usize = 24;

export function census<T, PRODUCT>(p: usize, q: usize, n: i32, skip: bool, state: usize): void {
  memory.fill(state, 0, CENSUS_BYTES);
  const single = sizeof<T>() == 4 && !isSigned<PRODUCT>();
  let least = 2048;
  let most = -1;
  let zeros = false;
  let nan = false;
  let lost = false;
  const last = p + <usize>n * sizeof<T>();
  for (; p < last; p += sizeof<T>(), q += sizeof<T>()) {
    let x = <f64>load<T>(p);
    if (isSigned<PRODUCT>()) {
      const y = <f64>load<T>(q);
      const product = x * y;
      const areFinite = abs<f64>(x) < Infinity && abs<f64>(y) < Infinity;
      // Of finite factors, but out of the bounds within which a product is taken apart.
      if (areFinite && x != 0 && y != 0) {
        const word = <u32>(reinterpret<u64>(product) >> 32) & 0x7fffffff;
        if (word < LEAST || word >= MOST) {
          lost = true;
          continue;
        }
      }
      x = product;
    }
    if (x != x) {
      add(state);
      nan = true;
    } else if (abs<f64>(x) == Infinity) {
      add(state + (x > 0 ? 8 : 16));
      lost = true;
    } else if (x == 0) zeros = true;
    else {
      const field = max<i32>(<i32>(reinterpret<i64>(x) >> 52) & 0x7ff, 1);
      least = min<i32>(least, field);
      most = max<i32>(most, field);
    }
  }
  if (n == 0) return;
  let level = CELLS;
  // A NaN that is left out is as good as a zero.
  if (nan && skip) zeros = true;
  if (!lost && (skip || !nan))
    level = most < 0 ? leastLevel(single) : levelFor(least - 1023, most - 1023, single);
  const extra = level - leastLevel(single);
  let mode = 0;
  if (level == CELLS) mode = 4;
  else if (extra > 1) mode = 3;
  else if (extra > 0) mode = 2;
  else if (zeros) mode = 1;
  add(state + MODES + ((<usize>mode) << 3));
}

function add(at: usize): void {
  store<i64>(at, load<i64>(at) + 1);
}

export function mergeCensus(into: usize, left: usize, right: usize): void {
  for (let i: usize = 0; i < CENSUS_BYTES; i += 8) {
    store<i64>(into + i, load<i64>(left + i) + load<i64>(right + i));
  }
}
