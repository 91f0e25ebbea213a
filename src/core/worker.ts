// What a thread does all day: claim, run, publish; spin a little, then park.
//
// `work` is a worker's loop. `help` is one step of a submitter that waits in
// `reduceSync`, in the place of one worker. Tasks that need JavaScript are left
// in the thread's line, and the call returns to have them run.
//
// How many compute. `CONTROL_THREADS` bounds workers awake plus submitters that
// help. The bound steers wake-ups and who parks; it is no lock: for an instant
// more may run, and the last thread awake never parks with work ready.

import { add32, load32, peek32, poke32 } from "./atomic";
import { foldBegin, foldBlocks, foldEnd } from "./fold";
import * as gate from "./gate";
import { answer, cellOf, deliver, firstBlock, progress, runBlocks, takeRecord } from "./job";
import {
  BLOCK,
  BLOCK_LOG2,
  CONTROL_CLOSED,
  CONTROL_CORES,
  CONTROL_HELPERS,
  CONTROL_IDLE,
  CONTROL_SPIN,
  CONTROL_THREADS,
  CONTROL_WATCHERS,
  CONTROL_WORKERS,
  JOB_EPOCH,
  JOB_KIND,
  JOB_STREAMED,
  KIND_BLOCKS,
  KIND_EMPTY,
  KIND_EXTERNAL,
  LINE_GATE,
  LINE_NOTIFIES,
  LINE_PARKS,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_TASKS,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  RETURN_ANSWER,
  RETURN_CLOSED,
  RETURN_EXTERNAL,
  RETURN_RAN,
  RETURN_TIMEOUT,
  SLOT_EPOCH,
  TASK_RING,
  WORK_GATE,
} from "./map";
import * as pairwise from "./pairwise";
import { count, jobOf, lineOf } from "./places";
import * as ring from "./ring";

/** Words of the work gate in use. */
function workWords(): i32 {
  return (peek32(CONTROL_WORKERS) + 63) >> 6;
}

/** Workers awake and submitters that help. */
function computing(): i32 {
  return peek32(CONTROL_WORKERS) - gate.waiting(WORK_GATE, workWords()) + load32(CONTROL_HELPERS);
}

/** Wakes one more worker if there is room for one. */
export function wakeOne(line: usize): void {
  if (computing() < peek32(CONTROL_THREADS) && gate.wake(WORK_GATE, workWords(), 1)) {
    count(line + LINE_NOTIFIES, 1);
  }
}

/** True while helpers take the places of awake workers: one worker too many is running. */
function isCrowded(): bool {
  return load32(CONTROL_HELPERS) > 0 && computing() > peek32(CONTROL_THREADS);
}

/** Publishes tasks first … end − 1 of a job; wakes workers. The ring holds all jobs' tasks. */
export function submit(me: i32, index: i32, first: i32, end: i32): void {
  const epoch = peek32(jobOf(index) + JOB_EPOCH);
  for (let task = first; task < end; task++) push(me, index, epoch, task, 0, 0, 0);
  wakeSome(me, end - first);
}

/** Publishes one task with data of its own. */
export function submitStreamed(
  me: i32,
  index: i32,
  task: i32,
  address: i32,
  length: i32,
  cell: i32,
): void {
  push(me, index, peek32(jobOf(index) + JOB_EPOCH), task, address, length, cell);
  wakeSome(me, 1);
}

function push(
  me: i32,
  index: i32,
  epoch: i32,
  task: i32,
  address: i32,
  length: i32,
  cell: i32,
): void {
  let ticket = ring.reserve(me, TASK_RING);
  while (ticket < 0) ticket = ring.reserve(me, TASK_RING);
  const record = ring.payloadOf(TASK_RING, ticket);
  poke32(ring.slotOf(TASK_RING, ticket) + SLOT_EPOCH, epoch);
  poke32(record + RECORD_JOB, index);
  poke32(record + RECORD_TASK, task);
  poke32(record + RECORD_ADDRESS, address);
  poke32(record + RECORD_LENGTH, length);
  poke32(record + RECORD_CELL, cell);
  ring.publish(TASK_RING, ticket);
}

/**
 * Wakes as many workers as there are tasks and room. One that looks for work needs no waking: it
 * was counted idle after the publication, so what it does next is to look, or to claim another
 * task and then look behind it. At least one must be awake, or a helper: each looks again before
 * it parks or leaves.
 */
function wakeSome(me: i32, tasks: i32): void {
  const idle = load32(CONTROL_IDLE);
  const busy = computing();
  let n = min<i32>(tasks - idle, peek32(CONTROL_THREADS) - busy);
  if (n <= 0) {
    if (busy > 0) return;
    n = 1;
  }
  if (gate.wake(WORK_GATE, workWords(), n)) count(lineOf(me) + LINE_NOTIFIES, 1);
}

/** Runs the task in this thread's line; false if it needs JavaScript. */
function runTask(me: i32): bool {
  const line = lineOf(me);
  const job = jobOf(peek32(line + LINE_RECORD + RECORD_JOB));
  const task = peek32(line + LINE_RECORD + RECORD_TASK);
  const kind = peek32(job + JOB_KIND);
  count(line + LINE_TASKS, 1);
  if (kind >= KIND_EXTERNAL) return false;
  if (kind == KIND_BLOCKS) {
    if (peek32(job + JOB_STREAMED) != 0) {
      runStreamed(me, job, line + LINE_RECORD);
      return true;
    }
    runBlocks(me, job, task);
  } else if (kind != KIND_EMPTY) {
    pairwise.run(me, job);
  }
  deliver(me, job, task);
  return true;
}

function runStreamed(me: i32, job: usize, record: usize): void {
  const task = peek32(record + RECORD_TASK);
  const cell = peek32(record + RECORD_CELL);
  const elements = <i64>peek32(record + RECORD_LENGTH);
  foldBegin();
  const p = <usize>peek32(record + RECORD_ADDRESS);
  if (foldBlocks(me, job, p, firstBlock(job, task), elements)) {
    foldEnd(me, job, cellOf(job, cell));
    progress(me, job, (elements + BLOCK - 1) >> BLOCK_LOG2);
  }
  answer(me, job, task, cell);
}

/** Takes a task into this thread's line. */
function take(me: i32): bool {
  if (!takeRecord(me, TASK_RING)) return false;
  // Whoever takes a task looks behind it: a wake-up of one brings the next.
  if (ring.isPublished(TASK_RING, ring.claimedTicket() + 1)) wakeOne(lineOf(me));
  return true;
}

/** Returns RETURN_EXTERNAL, or RETURN_CLOSED when the thread shall end. */
export function work(me: i32): i32 {
  const line = lineOf(me);
  while (true) {
    if (load32(CONTROL_CLOSED) != 0) return RETURN_CLOSED;
    if (!isCrowded() && (take(me) || (spins() && take(me)))) {
      if (!runTask(me)) return RETURN_EXTERNAL;
      continue;
    }
    const epoch = gate.announce(WORK_GATE, me);
    // Crowded still: a helper runs, and it wakes us when it leaves work behind.
    if (!isCrowded() && take(me)) {
      gate.cancel(WORK_GATE, me);
      if (!runTask(me)) return RETURN_EXTERNAL;
      continue;
    }
    if (load32(CONTROL_CLOSED) != 0) {
      gate.cancel(WORK_GATE, me);
      return RETURN_CLOSED;
    }
    count(line + LINE_PARKS, 1);
    gate.park(WORK_GATE, me, epoch, -1);
  }
}

/** Looks for work for a while, if a processor is idle anyway; true once something is there. */
function spins(): bool {
  const turns = peek32(CONTROL_SPIN);
  const limit = peek32(CONTROL_CORES);
  let found = false;
  add32(CONTROL_IDLE, 1);
  for (let i = 0; i < turns; i++) {
    // Ready, not only reserved: a look between the two would find nothing to take, and park.
    if (ring.isReady(TASK_RING)) {
      found = true;
      break;
    }
    if ((i & 63) != 0) continue;
    if (computing() + load32(CONTROL_WATCHERS) > limit || load32(CONTROL_CLOSED) != 0) break;
  }
  // Before the next look at the ring: see wakeSome.
  add32(CONTROL_IDLE, -1);
  return found;
}

/** Joins the threads that compute. */
export function helpBegin(): void {
  add32(CONTROL_HELPERS, 1);
}

/** Leaves them; what is still in the ring needs a worker awake. */
export function helpEnd(me: i32): void {
  add32(CONTROL_HELPERS, -1);
  if (!ring.isEmpty(TASK_RING)) wakeOne(lineOf(me));
}

/** Takes an answer into this thread's line. */
export function collect(me: i32): bool {
  const line = lineOf(me);
  return takeRecord(me, <usize>peek32(line + LINE_RESULTS));
}

/**
 * One step of a submitter that waits: an answer if there is one, else a task, else spin and
 * park until an answer comes or `timeout` ns pass. `runs` = 1: between helpBegin and helpEnd;
 * 0: outside, and no task is run.
 */
export function help(me: i32, runs: i32, timeout: i64): i32 {
  const line = lineOf(me);
  const results = <usize>peek32(line + LINE_RESULTS);
  const turns = peek32(CONTROL_SPIN);
  if (runs == 0) add32(CONTROL_WATCHERS, 1);
  for (let i = 0; i <= turns; i++) {
    if (collect(me)) {
      if (runs == 0) add32(CONTROL_WATCHERS, -1);
      return RETURN_ANSWER;
    }
    if (runs != 0 && take(me)) return runTask(me) ? RETURN_RAN : RETURN_EXTERNAL;
  }
  if (runs == 0) add32(CONTROL_WATCHERS, -1);
  const epoch = gate.announce(line + LINE_GATE, me & 63);
  if (!ring.isEmpty(results)) {
    gate.cancel(line + LINE_GATE, me & 63);
    return RETURN_RAN;
  }
  if (runs != 0) helpEnd(me);
  count(line + LINE_PARKS, 1);
  const why = gate.park(line + LINE_GATE, me & 63, epoch, timeout);
  if (runs != 0) helpBegin();
  return why == 2 ? RETURN_TIMEOUT : RETURN_RAN;
}
