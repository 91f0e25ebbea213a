// Below a task: one thread folds blocks into records of states, in tree order. Any participant
// calls these for data that it alone reads.

import { copy, load32, peek32, peek64 } from "./atomic";
import { clear, settle } from "./kernels/digits";
import { extent } from "./kernels/extent";
import { FLOAT64, foldBlock, foldRunning, foldTwo, mergeState, takesTwo } from "./kernels/index";
import { foldNeighbours, mergeNeighbours } from "./kernels/pairs";
import {
  BLOCK,
  BLOCK_LOG2,
  JOB_CELLS,
  JOB_DTYPE,
  JOB_INPUT,
  JOB_LENGTH,
  JOB_OP,
  JOB_OPS,
  JOB_RUNNING,
  JOB_SECOND,
  JOB_SKIP_NAN,
  JOB_STATE_BYTES,
  JOB_STOP,
  OP_CODE,
  OP_MAX,
  OP_MIN,
  OP_OFFSET,
  OP_RUNNING,
  OP_SIZE,
  OP_SUM,
} from "./map";
import { scratchOf } from "./places";
import { STEPPED } from "./switches";

/** Blocks that running accumulators take at once: 512 KiB of float64 stay in the cache. */
const RUN_SHIFT = 3;

/**
 * Blocks of a stretch that is read in two places at once, its halves, since a processor reads ahead
 * in each: the further apart, the more it gains. native-notes.md has the figures.
 */
const LEAST_STRETCH = 2;
const MOST_STRETCH = 6;

/** Kernels reach memory by themselves, where no scheduler sees it: a stepped core has none. */
function unseen(): void {
  unreachable();
}

/** Bytes of an element of the dtype with this code. */
export function elementShift(dtype: i32): i32 {
  if (dtype < 2) return 0;
  if (dtype < 4 || dtype == 8) return 1;
  return dtype < 6 || dtype == 9 ? 2 : 3;
}

/** into = left ⊕ right for every accumulator of the pass; `into` may be `left`. */
export function mergeRecord(job: usize, into: usize, left: usize, right: usize): void {
  mergeOps(job, 0, into, left, right);
}

/** The same for the accumulators whose states lie at `from` and behind. */
function mergeOps(job: usize, from: usize, into: usize, left: usize, right: usize): void {
  if (STEPPED) return unseen();
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const offset = <usize>peek32(op + OP_OFFSET);
    if (offset < from) continue;
    mergeState(peek32(op + OP_CODE), dtype, into + offset, left + offset, right + offset);
  }
}

/**
 * `mergeRecord` of n records side by side at p, two and two, to `into` and behind; n is even, or 1: the
 * record moves.
 */
export function mergePairs(job: usize, p: usize, n: i32, into: usize): void {
  if (STEPPED) return unseen();
  const bytes = <usize>peek32(job + JOB_STATE_BYTES);
  if (n == 1) return copy(into, p, bytes);
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const offset = <usize>peek32(op + OP_OFFSET);
    mergeNeighbours(peek32(op + OP_CODE), dtype, p + offset, n, into + offset, bytes);
  }
}

/** The same of the records that n elements at p have, each by itself; the first has index `base`. */
export function foldPairs(
  job: usize,
  p: usize,
  n: i32,
  base: i64,
  into: usize,
  scratch: usize,
): void {
  if (STEPPED) return unseen();
  if (n == 1) return foldRecord(job, p, 1, base, into, scratch);
  const bytes = <usize>peek32(job + JOB_STATE_BYTES);
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  const skip = peek32(job + JOB_SKIP_NAN) != 0;
  const size = (<usize>1) << (<usize>elementShift(dtype));
  for (let k = 0; k < ops; k++) {
    const op = job + JOB_OP + <usize>k * OP_SIZE;
    const code = peek32(op + OP_CODE);
    let state = into + <usize>peek32(op + OP_OFFSET);
    if (!skip && foldNeighbours(code, dtype, p, n, state, bytes)) continue;
    let at = p;
    for (let i = 0; i < n; i += 2) {
      foldBlock(code, dtype, skip, at, at, 1, base + i, state, scratch);
      at += size;
      foldBlock(code, dtype, skip, at, at, 1, base + i + 1, scratch, scratch);
      at += size;
      mergeState(code, dtype, state, state, scratch);
      state += bytes;
    }
  }
}

/** The record of n elements at p, of which the first has index `base`; running states aside. */
export function foldRecord(
  job: usize,
  p: usize,
  n: i32,
  base: i64,
  record: usize,
  scratch: usize,
): void {
  foldOps(job, false, p, secondOf(job), n, base, record, scratch);
}

/** From an element to that of the second input; 0 if there is one input. */
function secondOf(job: usize): usize {
  return <usize>peek32(job + JOB_SECOND);
}

/**
 * Adds n elements at p to the running states of `record`, or has the others fold them; `apart` bytes
 * behind is the second input, or for running states that take two places the second half of them.
 */
function foldOps(
  job: usize,
  running: bool,
  p: usize,
  apart: usize,
  n: i32,
  base: i64,
  record: usize,
  scratch: usize,
): void {
  if (STEPPED) return unseen();
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  const skip = peek32(job + JOB_SKIP_NAN) != 0;
  const q = p + apart;
  const isTogether = !running && ops > 1 && dtype == FLOAT64 && !skip;
  const done = isTogether ? foldExtent(job, ops, p, n, record) : 0;
  for (let i = 0; i < ops; i++) {
    if ((done & (1 << i)) != 0) continue;
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const code = peek32(op + OP_CODE);
    if (code >= OP_RUNNING != running) continue;
    const state = record + <usize>peek32(op + OP_OFFSET);
    if (running) foldRunning(code, dtype, skip, p, q, n, state, scratch);
    else foldBlock(code, dtype, skip, p, q, n, base, state, scratch);
  }
}

/** Folds minimum, maximum and plain sum at once, if both extrema are wanted; a bit an operator. */
function foldExtent(job: usize, ops: i32, p: usize, n: i32, record: usize): i32 {
  let done = 0;
  let sum: usize = 0;
  let low: usize = 0;
  let high: usize = 0;
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const code = peek32(op + OP_CODE);
    const state = record + <usize>peek32(op + OP_OFFSET);
    if (code == OP_SUM) sum = state;
    else if (code == OP_MIN) low = state;
    else if (code == OP_MAX) high = state;
    else continue;
    done |= 1 << i;
  }
  if (low == 0 || high == 0) return 0;
  extent(p, n, sum, low, high);
  return done;
}

/** Clears the running states of a record at a task's begin, or settles them at its end. */
function turnRunning(job: usize, record: usize, isEnd: bool): void {
  if (STEPPED) return unseen();
  const ops = peek32(job + JOB_OPS);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    if (peek32(op + OP_CODE) < OP_RUNNING) continue;
    const state = record + <usize>peek32(op + OP_OFFSET);
    if (isEnd) settle(state);
    else clear(state);
  }
}

// The stack holds the nodes of a binary counter: after k blocks, one state for each bit set in k,
// largest first. It belongs to the task at hand. Running accumulators need no stack: their states
// stand below it, where they are in a record.
let depth: i32 = 0;
let folded: i32 = 0;

export function foldBegin(): void {
  depth = 0;
  folded = 0;
}

/** Whether all that the pass reads first may come from two places at once. */
function takesTwoPlaces(job: usize, running: usize): bool {
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  if (peek32(job + JOB_SKIP_NAN) != 0 || (running == 0 && ops != 1)) return false;
  for (let i = 0; i < ops; i++) {
    const code = peek32(job + JOB_OP + <usize>i * OP_SIZE + OP_CODE);
    if ((running == 0 || code >= OP_RUNNING) && !takesTwo(code, dtype)) return false;
  }
  return true;
}

/** log2 of the blocks of the next stretch: a whole node of the tree; 0 if there is none. */
function stretch(before: i32, left: i64): i32 {
  let level = MOST_STRETCH;
  while (level >= LEAST_STRETCH) {
    const blocks = 1 << level;
    if ((before & (blocks - 1)) == 0 && left >= blocks << BLOCK_LOG2) return level;
    level--;
  }
  return 0;
}

/** Folds block `block` at p into `record`, and `other`, behind it by `bytes`, at q. */
function foldBoth(
  job: usize,
  running: usize,
  p: usize,
  q: usize,
  block: i64,
  other: i64,
  record: usize,
  bytes: usize,
  scratch: usize,
): void {
  if (STEPPED) return unseen();
  if (running == 0) {
    const state = record + <usize>peek32(job + JOB_OP + OP_OFFSET);
    const dtype = peek32(job + JOB_DTYPE);
    const code = peek32(job + JOB_OP + OP_CODE);
    return foldTwo(code, dtype, p, q, secondOf(job), BLOCK, state, state + bytes);
  }
  foldOps(job, false, p, 0, BLOCK, block << BLOCK_LOG2, record, scratch);
  foldOps(job, false, q, 0, BLOCK, other << BLOCK_LOG2, record + bytes, scratch);
}

/**
 * Folds 2^level blocks at p into `top`, half by half, each a binary counter as below whose states
 * lie side by side. The room suffices: there are at most 2^19 blocks in 4 GiB. False if stopped.
 */
function foldStretch(
  job: usize,
  p: usize,
  block: i64,
  level: i32,
  top: usize,
  bytes: usize,
  scratch: usize,
): bool {
  const running = <usize>peek32(job + JOB_RUNNING);
  const shift = <usize>(BLOCK_LOG2 + elementShift(peek32(job + JOB_DTYPE)));
  const half = 1 << (level - 1);
  const across = (<usize>half) << shift;
  const run = min<i32>(1 << (RUN_SHIFT - 1), half);
  let at = top;
  for (let i = 0; i < half; i++) {
    if (load32(job + JOB_STOP) != 0) return false;
    if (running != 0 && (i & (run - 1)) == 0) {
      foldOps(job, true, p, across, run << (BLOCK_LOG2 + 1), 0, scratch, scratch);
    }
    if (bytes != 0) {
      foldBoth(job, running, p, p + across, block, block + half, at, bytes, scratch);
      for (let k = i + 1; (k & 1) == 0; k >>= 1) {
        at -= 2 * bytes;
        mergeOps(job, running, at, at, at + 2 * bytes);
        mergeOps(job, running, at + bytes, at + bytes, at + 3 * bytes);
      }
      at += 2 * bytes;
    }
    block++;
    p += (<usize>1) << shift;
  }
  if (bytes != 0) mergeOps(job, running, top, top, top + bytes);
  return true;
}

/** Running states are all that a pass has: they take the stack's only place. */
function settleRun(): void {
  folded = 1;
  depth = 1;
}

/** A node of 2^level blocks is on top of the stack: merges it with those that it completes. */
function settleTop(job: usize, running: usize, bytes: usize, level: i32, scratch: usize): void {
  let top = scratch + <usize>depth * bytes;
  folded += 1 << level;
  for (let k = folded >> level; (k & 1) == 0; k >>= 1) {
    top -= bytes;
    depth--;
    mergeOps(job, running, top, top, top + bytes);
  }
  depth++;
}

/**
 * Folds `elements` at `p`, whole blocks but for the job's last, the first of them block
 * `block`. False if the job was stopped, which is looked at before every block.
 */
export function foldBlocks(me: i32, job: usize, p: usize, block: i64, elements: i64): bool {
  const scratch = scratchOf(me);
  const running = <usize>peek32(job + JOB_RUNNING);
  const bytes = <usize>peek32(job + JOB_STATE_BYTES) - running;
  const shift = <usize>(BLOCK_LOG2 + elementShift(peek32(job + JOB_DTYPE)));
  let left = elements;
  // Where the running states are at.
  let run = left;
  if (running != 0 && folded == 0) turnRunning(job, scratch, false);
  const second = secondOf(job);
  const isTwo = takesTwoPlaces(job, running);
  do {
    if (load32(job + JOB_STOP) != 0) return false;
    const isAtRun = running == 0 || run == left;
    const level = isTwo && isAtRun ? stretch(bytes == 0 ? 0 : folded, left) : 0;
    if (level != 0) {
      const top = scratch + <usize>depth * bytes;
      if (!foldStretch(job, p, block, level, top, bytes, scratch)) return false;
      if (bytes != 0) settleTop(job, running, bytes, level, scratch);
      else settleRun();
      block += 1 << level;
      p += (<usize>1) << (shift + level);
      left -= 1 << (level + BLOCK_LOG2);
      run = left;
      continue;
    }
    if (running != 0 && run == left) {
      const most = <i32>min<i64>(left, BLOCK << RUN_SHIFT);
      foldOps(job, true, p, second, most, block << BLOCK_LOG2, scratch, scratch);
      run = left - most;
      if (bytes == 0) {
        p += (<usize>1) << (shift + RUN_SHIFT);
        block += 1 << RUN_SHIFT;
        settleRun();
        left = run;
        continue;
      }
    }
    const n = <i32>min<i64>(left, BLOCK);
    const top = scratch + <usize>depth * bytes;
    foldOps(job, false, p, second, n, block << BLOCK_LOG2, top, scratch);
    settleTop(job, running, bytes, 0, scratch);
    block++;
    p += (<usize>1) << shift;
    left -= n;
  } while (left > 0);
  return true;
}

/** Merges what is left on the stack, smallest first, into `into`. */
export function foldEnd(me: i32, job: usize, into: usize): void {
  const running = <usize>peek32(job + JOB_RUNNING);
  const size = <usize>peek32(job + JOB_STATE_BYTES);
  const bytes = size - running;
  const record = scratchOf(me);
  let top = record + <usize>(depth - 1) * bytes;
  for (; depth > 1; depth--) {
    top -= bytes;
    mergeOps(job, running, top, top, top + bytes);
  }
  if (running != 0) turnRunning(job, record, true);
  if (into != record) memory.copy(into, record, size);
}

/** Folds a whole job on the calling thread. */
export function foldAll(me: i32, job: usize): void {
  foldBegin();
  foldBlocks(me, job, <usize>peek32(job + JOB_INPUT), 0, peek64(job + JOB_LENGTH));
  foldEnd(me, job, <usize>peek32(job + JOB_CELLS));
}
