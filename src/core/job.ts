// What a task does: fold its blocks in tree order, put the state into the
// task's cell, then climb the tree and merge wherever this thread is the last
// of two to arrive. Any participant calls these for a task that it has claimed.
//
// The tree. Blocks are leaves. A node of level l holds the blocks
// [i·2^l, (i+1)·2^l) that exist; without a right child it is its left child. So
// the tree depends on the number of blocks only. A task is a node of level
// JOB_SHIFT; below it one thread folds, above it the last to arrive merges.

import { add64, cas32, copy, load32, load64, peek32, peek64, store32 } from "./atomic";
import { point } from "./fault";
import { elementShift, foldBegin, foldBlocks, foldEnd, mergeRecord } from "./fold";
import {
  ASCEND_MERGE,
  ASCEND_ROOT,
  ASCEND_STOP,
  BLOCK,
  BLOCK_LOG2,
  HAND_EMPTY,
  JOB_ARRIVALS,
  JOB_CELLS,
  JOB_COMPLETE,
  JOB_DONE,
  JOB_DTYPE,
  JOB_ERROR,
  JOB_INPUT,
  JOB_KIND,
  JOB_LENGTH,
  JOB_SHIFT,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_TASKS,
  KIND_BLOCKS,
  LINE_BLOCKS,
  LINE_HAND,
  OWES_ANSWER,
  OWES_NOTHING,
  OWES_TASK,
  POINT_ARRIVED,
  POINT_CELL_DONE,
  POINT_COMPLETE,
  POINT_DONE,
  POINT_FOLDED,
  POINT_MERGED,
} from "./map";
import { count, lineOf } from "./places";
import { answer } from "./records";
import { FIRST_MERGES, FORGOTTEN_LAST } from "./switches";

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

/** Folds the task's blocks into its cell, unless another thread did before it died. */
export function runBlocks(me: i32, job: usize, task: i32): void {
  if (isWhole(job, task)) return;
  const block = firstBlock(job, task);
  const elements = taskElements(job, task);
  const shift = BLOCK_LOG2 + elementShift(peek32(job + JOB_DTYPE));
  const p = <usize>peek32(job + JOB_INPUT) + ((<usize>block) << shift);
  foldBegin();
  if (foldBlocks(me, job, p, block, elements)) {
    foldEnd(me, job, cellOf(job, task));
    progress(me, job, (elements + BLOCK - 1) >> BLOCK_LOG2);
  }
  point(POINT_FOLDED);
}

export function progress(me: i32, job: usize, blocks: i64): void {
  add64(job + JOB_DONE, blocks);
  count(lineOf(me) + LINE_BLOCKS, blocks);
}

// --- above a task: the last to arrive merges -------------------------------------

// A task that its thread died with is run again, so each step asks what is done already. The rule:
// a node's cell is written only while the node has not arrived at its parent, so nobody reads it.
// The second run has just the duties of the first one: `arrive` tells the same who was last.

// Where this thread stands in the tree: node `index` of the `width` of its
// level, whose first node is `level`.
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

function rise(): void {
  level += width;
  width = (width + 1) >> 1;
  index >>= 1;
}

function isAlone(): bool {
  return (index | 1) == width;
}

/** The word at which this node and its sibling arrive. */
function arrivals(job: usize): usize {
  const inner = level + width + (index >> 1) - peek32(job + JOB_TASKS);
  return <usize>peek32(job + JOB_ARRIVALS) + ((<usize>inner) << 2);
}

/** Says that this node is whole; true if its sibling was before, so that the rest is up to us. */
function arrive(word: usize): bool {
  const side = index & 1;
  while (true) {
    const before = load32(word);
    if ((before & (1 << side)) != 0) return (before & (4 << side)) != 0;
    const isLast = (before & (2 >> side)) != 0;
    const after = before | (1 << side) | (isLast && !FORGOTTEN_LAST ? 4 << side : 0);
    if (cas32(word, before, after) == before) return FIRST_MERGES ? !isLast : isLast;
  }
}

/** True once this node's state is whole and may be read by others. */
function hasArrived(job: usize): bool {
  const l = level;
  const w = width;
  const i = index;
  // A node without a sibling arrives where the first node above it that has one does.
  while (width > 1 && isAlone()) rise();
  const bit = 1 << (index & 1);
  const arrived = width == 1 ? load32(job + JOB_COMPLETE) != 0 : (load32(arrivals(job)) & bit) != 0;
  level = l;
  width = w;
  index = i;
  return arrived;
}

/** True once a task's state is in its cell for good. */
export function isWhole(job: usize, task: i32): bool {
  climbFrom(job, task);
  return hasArrived(job);
}

/**
 * What is left of a task of a job that is not streamed: OWES_… It is stable while its thread is
 * dead: nobody else can do what it owes.
 */
export function owesClimb(job: usize, task: i32): i32 {
  climbFrom(job, task);
  while (width > 1) {
    if (!isAlone()) {
      const side = index & 1;
      const word = load32(arrivals(job));
      if ((word & (1 << side)) == 0) return OWES_TASK;
      // The sibling came last, or is yet to come and will be.
      if ((word & (4 << side)) == 0) return OWES_NOTHING;
    }
    rise();
  }
  return load32(job + JOB_COMPLETE) != 0 ? OWES_ANSWER : OWES_TASK;
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
    const left = level + (index & ~1);
    const alone = isAlone();
    if (!alone && !arrive(arrivals(job))) return ASCEND_STOP;
    point(POINT_ARRIVED);
    rise();
    mergeInto = cellOf(job, level + index);
    mergeLeft = cellOf(job, left);
    mergeRight = cellOf(job, left + 1);
    if (hasArrived(job)) continue;
    if (!alone) return ASCEND_MERGE;
    copy(mergeInto, mergeLeft, <usize>peek32(job + JOB_STATE_BYTES));
  }
  store32(job + JOB_COMPLETE, 1);
  point(POINT_COMPLETE);
  return ASCEND_ROOT;
}

/** Climbs from a task's cell; answers the submitter if this thread reaches the root. */
export function deliver(me: i32, job: usize, task: i32): void {
  // Tasks of a pairwise job leave nothing in their cells: they only meet.
  const merges = peek32(job + JOB_KIND) == KIND_BLOCKS;
  climbFrom(job, task);
  while (true) {
    const step = ascend(job);
    if (step == ASCEND_STOP) break;
    if (step == ASCEND_ROOT) {
      answer(me, job, task, 0);
      break;
    }
    if (merges && isWanted(job)) mergeRecord(job, mergeInto, mergeLeft, mergeRight);
    point(POINT_MERGED);
  }
  empty(me);
}

/** The task in this thread's line is no duty of it any more. */
export function empty(me: i32): void {
  point(POINT_DONE);
  store32(lineOf(me) + LINE_HAND, HAND_EMPTY);
}

// --- streamed jobs: each task is answered by itself ---------------------------------

function cellWord(job: usize, cell: i32): usize {
  return <usize>peek32(job + JOB_ARRIVALS) + ((<usize>cell) << 2);
}

/** True while the state of a streamed task is still to be made. */
export function isCellOpen(job: usize, task: i32, cell: i32): bool {
  return load32(cellWord(job, cell)) == task << 1;
}

/** Says that the task's state is in the cell, and answers. */
export function deliverCell(me: i32, job: usize, task: i32, cell: i32): void {
  store32(cellWord(job, cell), (task << 1) | 1);
  point(POINT_CELL_DONE);
  answer(me, job, task, cell);
  empty(me);
}

export function owesCell(job: usize, task: i32, cell: i32): i32 {
  const word = load32(cellWord(job, cell));
  if (word == task << 1) return OWES_TASK;
  return word == ((task << 1) | 1) ? OWES_ANSWER : OWES_NOTHING;
}
