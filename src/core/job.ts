// What a task does: fold its blocks in tree order, put the state into the
// task's cell, then climb the tree and merge wherever this thread is the last
// of two to arrive. Any participant calls these for a task that it has claimed.
//
// The tree. Blocks are leaves. A node of level l holds the blocks
// [i·2^l, (i+1)·2^l) that exist; without a right child it is its left child. So
// the tree depends on the number of blocks only. A task is a node of level
// JOB_SHIFT; below it one thread folds, above it the last to arrive merges.

import { add64, load32, load64, or32, peek32, peek64, poke32, store64 } from "./atomic";
import * as gate from "./gate";
import { clear, ROOM_DIGITS, round, settle } from "./kernels/digits";
import { foldBlock, foldRunning, mergeState } from "./kernels/index";
import {
  ASCEND_MERGE,
  ASCEND_ROOT,
  ASCEND_STOP,
  BLOCK,
  BLOCK_LOG2,
  JOB_ARRIVALS,
  JOB_CELLS,
  JOB_DONE,
  JOB_DTYPE,
  JOB_EPOCH,
  JOB_ERROR,
  JOB_INPUT,
  JOB_LENGTH,
  JOB_OP,
  JOB_OPS,
  JOB_RUNNING,
  JOB_SECOND,
  JOB_SHIFT,
  JOB_SIZE,
  JOB_SKIP_NAN,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_SUBMITTER,
  JOB_TASKS,
  JOBS,
  LINE_BLOCKS,
  LINE_EPOCH,
  LINE_GATE,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_SCRATCH,
  LINE_SIZE,
  LINES,
  OP_CODE,
  OP_OFFSET,
  OP_RUNNING,
  OP_SIZE,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_TASK,
  SCRATCH_EXACT,
  SLOT_EPOCH,
} from "./map";
import * as ring from "./ring";

/** Blocks that running accumulators take at once: 512 KiB of float64 stay in the cache. */
const RUN_SHIFT = 3;

/** A submitter's gate has one waiter, but its bit stands where its number says. */
export const GATE_WORDS = 4;

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
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const offset = <usize>peek32(op + OP_OFFSET);
    if (offset < from) continue;
    mergeState(peek32(op + OP_CODE), dtype, into + offset, left + offset, right + offset);
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
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  const skip = peek32(job + JOB_SKIP_NAN) != 0;
  const q = p + <usize>peek32(job + JOB_SECOND);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const code = peek32(op + OP_CODE);
    if (code >= OP_RUNNING) continue;
    const state = record + <usize>peek32(op + OP_OFFSET);
    foldBlock(code, dtype, skip, p, q, n, base, state, scratch);
  }
}

/** Adds n elements at p to the running states of `record`, which are cleared first if `fresh`. */
function runRecord(job: usize, p: usize, n: i32, record: usize, scratch: usize, fresh: bool): void {
  const ops = peek32(job + JOB_OPS);
  const dtype = peek32(job + JOB_DTYPE);
  const skip = peek32(job + JOB_SKIP_NAN) != 0;
  const q = p + <usize>peek32(job + JOB_SECOND);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    const code = peek32(op + OP_CODE);
    if (code < OP_RUNNING) continue;
    const state = record + <usize>peek32(op + OP_OFFSET);
    if (fresh) clear(state);
    foldRunning(code, dtype, skip, p, q, n, state, scratch);
  }
}

// --- below a task: one thread, a stack of states ------------------------------

// The stack holds the nodes of a binary counter: after k blocks, one state for each bit set in k,
// largest first. It belongs to the task at hand. Running accumulators need no stack: their states
// stand below it, where they are in a record.
let depth: i32 = 0;
let folded: i32 = 0;

export function foldBegin(): void {
  depth = 0;
  folded = 0;
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
  do {
    if (load32(job + JOB_STOP) != 0) return false;
    if (running != 0 && run == left) {
      const most = <i32>min<i64>(left, BLOCK << RUN_SHIFT);
      runRecord(job, p, most, scratch, scratch, folded == 0);
      run = left - most;
      if (bytes == 0) {
        p += (<usize>1) << (shift + RUN_SHIFT);
        block += 1 << RUN_SHIFT;
        folded = 1;
        depth = 1;
        left = run;
        continue;
      }
    }
    const n = <i32>min<i64>(left, BLOCK);
    let top = scratch + <usize>depth * bytes;
    foldRecord(job, p, n, block << BLOCK_LOG2, top, scratch);
    for (let k = ++folded; (k & 1) == 0; k >>= 1) {
      top -= bytes;
      depth--;
      mergeOps(job, running, top, top, top + bytes);
    }
    depth++;
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
  if (running != 0) settleRunning(job, record);
  if (into != record) memory.copy(into, record, size);
}

function settleRunning(job: usize, record: usize): void {
  const ops = peek32(job + JOB_OPS);
  for (let i = 0; i < ops; i++) {
    const op = job + JOB_OP + <usize>i * OP_SIZE;
    if (peek32(op + OP_CODE) >= OP_RUNNING) settle(record + <usize>peek32(op + OP_OFFSET));
  }
}

/** Folds a whole job on the calling thread. */
export function foldAll(me: i32, job: usize): void {
  foldBegin();
  foldBlocks(me, job, <usize>peek32(job + JOB_INPUT), 0, peek64(job + JOB_LENGTH));
  foldEnd(me, job, <usize>peek32(job + JOB_CELLS));
}

/** The value of a settled exact sum at `state`, whose digit 0 weighs 2^scale. */
export function roundExact(me: i32, state: usize, scale: i32, single: bool): f64 {
  return round(state, scale, single, scratchOf(me) + SCRATCH_EXACT + ROOM_DIGITS);
}

// --- a task ---------------------------------------------------------------------

export function firstBlock(job: usize, task: i32): i64 {
  return (<i64>task) << (<i64>peek32(job + JOB_SHIFT));
}

/** Elements of the task's blocks. */
export function taskElements(job: usize, task: i32): i64 {
  const first = firstBlock(job, task) << BLOCK_LOG2;
  const whole = (<i64>BLOCK) << (<i64>peek32(job + JOB_SHIFT));
  return min<i64>(whole, peek64(job + JOB_LENGTH) - first);
}

export function cellOf(job: usize, node: i32): usize {
  return <usize>peek32(job + JOB_CELLS) + <usize>node * <usize>peek32(job + JOB_STATE_BYTES);
}

/** False once nobody wants the job's value: it was stopped, or a task of it failed. */
export function isWanted(job: usize): bool {
  return load32(job + JOB_STOP) == 0 && load64(job + JOB_ERROR) == -1;
}

export function runBlocks(me: i32, job: usize, task: i32): void {
  const block = firstBlock(job, task);
  const elements = taskElements(job, task);
  const shift = BLOCK_LOG2 + elementShift(peek32(job + JOB_DTYPE));
  const p = <usize>peek32(job + JOB_INPUT) + ((<usize>block) << shift);
  foldBegin();
  if (foldBlocks(me, job, p, block, elements)) {
    foldEnd(me, job, cellOf(job, task));
    progress(me, job, (elements + BLOCK - 1) >> BLOCK_LOG2);
  }
}

export function progress(me: i32, job: usize, blocks: i64): void {
  add64(job + JOB_DONE, blocks);
  count(lineOf(me) + LINE_BLOCKS, blocks);
}

// --- above a task: the last to arrive merges -------------------------------------

// Where this thread stands in the tree: node `index` of the `width` of its
// level, whose first node is `level`. Inner nodes have one arrival word each, a
// bit a child: setting a bit twice does no harm.
let level: i32 = 0;
let width: i32 = 0;
let index: i32 = 0;
let mergeInto: usize = 0;
let mergeLeft: usize = 0;
let mergeRight: usize = 0;

export function climbFrom(job: usize, task: i32): void {
  level = 0;
  width = peek32(job + JOB_TASKS);
  index = task;
}

/** The operands of the merge that `ascend` asked for. */
export function mergeTarget(): usize {
  return mergeInto;
}

export function mergeLeftOf(): usize {
  return mergeLeft;
}

export function mergeRightOf(): usize {
  return mergeRight;
}

/** One step up from a node whose state is complete. A merged state has a cell of its own. */
export function ascend(job: usize): i32 {
  while (width > 1) {
    const from = level;
    const parent = from + width + (index >> 1);
    const left = from + (index & ~1);
    const alone = (index | 1) == width;
    if (!alone) {
      const word = (<usize>(parent - peek32(job + JOB_TASKS))) << 2;
      const before = or32(<usize>peek32(job + JOB_ARRIVALS) + word, 1 << (index & 1));
      if (before == 0) return ASCEND_STOP;
    }
    level += width;
    width = (width + 1) >> 1;
    index >>= 1;
    mergeInto = cellOf(job, parent);
    mergeLeft = cellOf(job, left);
    mergeRight = cellOf(job, left + 1);
    if (alone) memory.copy(mergeInto, mergeLeft, <usize>peek32(job + JOB_STATE_BYTES));
    else return ASCEND_MERGE;
  }
  return ASCEND_ROOT;
}

/** Climbs from a task's cell; answers the submitter if this thread reaches the root. */
export function deliver(job: usize, task: i32): void {
  climbFrom(job, task);
  while (true) {
    const step = ascend(job);
    if (step == ASCEND_STOP) return;
    if (step == ASCEND_ROOT) return answer(job, task, 0);
    if (isWanted(job)) mergeRecord(job, mergeInto, mergeLeft, mergeRight);
  }
}

/**
 * Publishes an answer and wakes the submitter. The result ring holds an answer of every job
 * and of every streamed task that can be outstanding, so it is never full. After the answer
 * that completes a job its entry may be used again: touch it no more.
 */
export function answer(job: usize, task: i32, cell: i32): void {
  const submitter = peek32(job + JOB_SUBMITTER);
  const line = lineOf(submitter);
  const results = <usize>peek32(line + LINE_RESULTS);
  let ticket = ring.reserve(results);
  while (ticket < 0) ticket = ring.reserve(results);
  const record = ring.payloadOf(results, ticket);
  poke32(ring.slotOf(results, ticket) + SLOT_EPOCH, peek32(job + JOB_EPOCH));
  poke32(record + RECORD_JOB, <i32>((job - JOBS) / JOB_SIZE));
  poke32(record + RECORD_TASK, task);
  poke32(record + RECORD_CELL, cell);
  ring.publish(results, ticket);
  // All: the submitter may wait twice at its gate, asleep and by `Atomics.waitAsync`.
  gate.wake(line + LINE_GATE, GATE_WORDS, i32.MAX_VALUE);
}

/** Moves the record at the head of `from` into this thread's line, if one is published. */
export function takeRecord(line: usize, from: usize): bool {
  if (ring.claim(from, 1) == 0) return false;
  const ticket = ring.claimedTicket();
  const slot = ring.slotOf(from, ticket);
  poke32(line + LINE_EPOCH, peek32(slot + SLOT_EPOCH));
  memory.copy(line + LINE_RECORD, ring.payloadOf(from, ticket), 24);
  ring.release(from, ticket);
  return true;
}
