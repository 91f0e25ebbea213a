// What a task does: fold its blocks in tree order, put the state into the
// task's cell, then climb the tree and merge wherever this thread is the last
// of two to arrive. Any participant calls these for a task that it has claimed.
//
// The tree. Blocks are leaves. A node of level l holds the blocks
// [i·2^l, (i+1)·2^l) that exist; without a right child it is its left child. So
// the tree depends on the number of blocks only. A task is a node of level
// JOB_SHIFT; below it one thread folds, above it the last to arrive merges.

import { add64, load32, load64, or32, peek32, peek64, poke32 } from "./atomic";
import { elementShift, foldBegin, foldBlocks, foldEnd, mergeRecord } from "./fold";
import * as gate from "./gate";
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
  JOB_SHIFT,
  JOB_SIZE,
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
  RECORD_CELL,
  RECORD_JOB,
  RECORD_TASK,
  SLOT_EPOCH,
} from "./map";
import { count, lineOf } from "./places";
import * as ring from "./ring";
/** A submitter's gate has one waiter, but its bit stands where its number says. */
export const GATE_WORDS = 4;

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
export function deliver(me: i32, job: usize, task: i32): void {
  climbFrom(job, task);
  while (true) {
    const step = ascend(job);
    if (step == ASCEND_STOP) return;
    if (step == ASCEND_ROOT) return answer(me, job, task, 0);
    if (isWanted(job)) mergeRecord(job, mergeInto, mergeLeft, mergeRight);
  }
}

/**
 * Publishes an answer and wakes the submitter. The result ring holds an answer of every job
 * and of every streamed task that can be outstanding, so it is never full. After the answer
 * that completes a job its entry may be used again: touch it no more.
 */
export function answer(me: i32, job: usize, task: i32, cell: i32): void {
  const submitter = peek32(job + JOB_SUBMITTER);
  const line = lineOf(submitter);
  const results = <usize>peek32(line + LINE_RESULTS);
  let ticket = ring.reserve(me, results);
  while (ticket < 0) ticket = ring.reserve(me, results);
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
export function takeRecord(me: i32, from: usize): bool {
  if (ring.claim(me, from, 1) == 0) return false;
  const line = lineOf(me);
  const ticket = ring.claimedTicket();
  const slot = ring.slotOf(from, ticket);
  poke32(line + LINE_EPOCH, peek32(slot + SLOT_EPOCH));
  memory.copy(line + LINE_RECORD, ring.payloadOf(from, ticket), 24);
  ring.release(from, ticket);
  return true;
}
