// Where a participant's line, a job's entry and a thread's scratch are; and masks of one bit a
// participant, which can be cleared for a dead thread as often as one likes.

import { and64, load64, or64, peek32, peek64, store64 } from "./atomic";
import { JOB_SIZE, JOBS, LINE_SCRATCH, LINE_SIZE, LINES } from "./map";

export function lineOf(participant: i32): usize {
  return <usize>(LINES + participant * LINE_SIZE);
}

export function jobOf(index: i32): usize {
  return <usize>(JOBS + index * JOB_SIZE);
}

export function scratchOf(participant: i32): usize {
  return <usize>peek32(lineOf(participant) + LINE_SCRATCH);
}

/** One more in a counter of this thread's own line. */
export function count(counter: usize, by: i64): void {
  store64(counter, peek64(counter) + by);
}

function bitOf(participant: i32): i64 {
  return (1 as i64) << ((participant & 63) as i64);
}

/** Bit p mod 64 of word p / 64 of the mask at `words`. */
export function setBit(words: usize, participant: i32): void {
  or64(words + ((<usize>participant >> 6) << 3), bitOf(participant));
}

export function clearBit(words: usize, participant: i32): void {
  and64(words + ((<usize>participant >> 6) << 3), ~bitOf(participant));
}

/** Bits set in the first n words. */
export function countBits(words: usize, n: i32): i32 {
  let bits: i64 = 0;
  for (let w = 0; w < n; w++) bits += popcnt<i64>(load64(words + ((<usize>w) << 3)));
  return <i32>bits;
}
