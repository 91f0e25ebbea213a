// What a thread does all day: claim, run, publish; spin a little, then park.
//
// `work` is a worker's loop. `help` is one step of a submitter that waits in
// `reduceSync`, in the place of one worker. Tasks that need JavaScript are left
// in the thread's line, and the call returns to have them run.
//
// How many compute. `CONTROL_THREADS` bounds workers awake plus submitters that
// help. The bound steers wake-ups and who parks; it is no lock: for an instant
// more may run, and the last thread awake never parks with work ready.

import { add32, load32, load64, peek32 } from "./atomic";
import { iAm, point } from "./fault";
import { foldBegin, foldBlocks, foldEnd } from "./fold";
import * as gate from "./gate";
import {
  cellOf,
  deliver,
  deliverCell,
  empty,
  firstBlock,
  isCellOpen,
  progress,
  runBlocks,
} from "./job";
import {
  BLOCK,
  BLOCK_LOG2,
  CONTROL_CLOSED,
  CONTROL_CORES,
  CONTROL_HELPERS,
  CONTROL_IDLE,
  CONTROL_RESCUED,
  CONTROL_SPIN,
  CONTROL_THREADS,
  CONTROL_WATCHERS,
  CONTROL_WORKERS,
  FEW_TOKENS,
  GATE_EPOCH,
  GATE_WAITING,
  HAND_EMPTY,
  JOB_EPOCH,
  JOB_KIND,
  JOB_STREAMED,
  KIND_BLOCKS,
  KIND_EMPTY,
  KIND_EXTERNAL,
  LINE_GATE,
  LINE_HAND,
  LINE_NOTIFIES,
  LINE_PARKS,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_STATE,
  LINE_TASKS,
  LINE_TOKENS,
  LISTENER,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  POINT_FOLDED,
  POINT_IDLE,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  RETURN_ANSWER,
  RETURN_ARM,
  RETURN_CLOSED,
  RETURN_EXTERNAL,
  RETURN_RAN,
  RETURN_TIMEOUT,
  STATE_READY,
  TASK_RING,
  TOMBSTONE,
  WORK_GATE,
} from "./map";
import * as pairwise from "./pairwise";
import { clearBit, count, countBits, jobOf, lineOf, setBit } from "./places";
import { giveBack, push, pushTasks, takeRecord } from "./records";
import * as ring from "./ring";
import { HASTY_RESCUE, NO_CHAIN, SHARED_BIT } from "./switches";

/** Words of the work gate in use. */
function workWords(): i32 {
  return (peek32(CONTROL_WORKERS) + 63) >> 6;
}

/** Workers awake and submitters that help. */
function computing(): i32 {
  return (
    peek32(CONTROL_WORKERS) - gate.waiting(WORK_GATE, workWords()) + countBits(CONTROL_HELPERS, 1)
  );
}

/** Wakes one more worker if there is room for one. */
export function wakeOne(line: usize): void {
  if (computing() < peek32(CONTROL_THREADS) && gate.wake(WORK_GATE, workWords(), 1)) {
    count(line + LINE_NOTIFIES, 1);
  }
}

/** True while helpers take the places of awake workers: one worker too many is running. */
function isCrowded(): bool {
  return load64(CONTROL_HELPERS) != 0 && computing() > peek32(CONTROL_THREADS);
}

/** Publishes tasks first … end − 1 of a job; wakes workers. The ring holds all jobs' tasks. */
export function submit(me: i32, index: i32, first: i32, end: i32): void {
  iAm(me);
  const epoch = peek32(jobOf(index) + JOB_EPOCH);
  for (let task = first; task < end; ) task += pushTasks(me, index, epoch, task, end - task);
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
  iAm(me);
  push(me, index, peek32(jobOf(index) + JOB_EPOCH), task, address, length, cell, 0);
  wakeSome(me, 1);
}

/**
 * Wakes as many workers as there are tasks and room. One that looks for work needs no waking: it
 * was counted idle after the publication, so what it does next is to look, or to claim another
 * task and then look behind it. At least one must be awake, or a helper: each looks again before
 * it parks or leaves.
 */
function wakeSome(me: i32, tasks: i32): void {
  if (NO_CHAIN && ring.size(TASK_RING) > <i64>tasks) return;
  const idle = countBits(CONTROL_IDLE, workWords());
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
  if (peek32(line + LINE_RECORD + RECORD_JOB) == TOMBSTONE) {
    empty(me);
    return true;
  }
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
    if (!pairwise.run(me, job)) {
      putBack(me);
      return true;
    }
  }
  deliver(me, job, task);
  return true;
}

function runStreamed(me: i32, job: usize, record: usize): void {
  const task = peek32(record + RECORD_TASK);
  const cell = peek32(record + RECORD_CELL);
  const elements = <i64>peek32(record + RECORD_LENGTH);
  const p = <usize>peek32(record + RECORD_ADDRESS);
  foldBegin();
  // Closed if a thread died between the end of this task and its answer.
  if (isCellOpen(job, task, cell) && foldBlocks(me, job, p, firstBlock(job, task), elements)) {
    foldEnd(me, job, cellOf(job, cell));
    progress(me, job, (elements + BLOCK - 1) >> BLOCK_LOG2);
  }
  point(POINT_FOLDED);
  deliverCell(me, job, task, cell);
}

/** Gives the task in this thread's line to somebody else: it needs what this thread has not. */
export function putBack(me: i32): void {
  giveBack(me);
  empty(me);
  wakeSome(me, 1);
}

/** Takes a task into this thread's line. */
function take(me: i32): bool {
  if (!takeRecord(me, TASK_RING, true)) return false;
  wakeNext(me);
  return true;
}

/** Whoever has taken a task looks behind it: a wake-up of one brings the next. */
function wakeNext(me: i32): void {
  if (!NO_CHAIN && ring.isPublished(TASK_RING, ring.claimedTicket() + 1)) wakeOne(lineOf(me));
}

/** Returns RETURN_EXTERNAL, RETURN_ARM, or RETURN_CLOSED when the thread shall end. */
export function work(me: i32): i32 {
  const line = lineOf(me);
  iAm(me);
  // Absent until now.
  gate.cancel(WORK_GATE, me);
  while (true) {
    if (load32(CONTROL_CLOSED) != 0) return RETURN_CLOSED;
    if (!isCrowded() && (take(me) || (spins(me) && take(me)))) {
      if (!runTask(me)) return RETURN_EXTERNAL;
      continue;
    }
    const epoch = gate.announce(WORK_GATE, me);
    // Crowded still: a helper runs, and it wakes us when it leaves work behind.
    if (!isCrowded() && takeRecord(me, TASK_RING, true)) {
      // Before it looks behind the task: it would find its own bit, and notify nobody.
      gate.cancel(WORK_GATE, me);
      wakeNext(me);
      if (!runTask(me)) return RETURN_EXTERNAL;
      continue;
    }
    if (load32(CONTROL_CLOSED) != 0) {
      gate.cancel(WORK_GATE, me);
      return RETURN_CLOSED;
    }
    if (hasFewTokens(line)) {
      gate.cancel(WORK_GATE, me);
      return RETURN_ARM;
    }
    count(line + LINE_PARKS, 1);
    gate.park(WORK_GATE, me, epoch, -1);
  }
}

/** None at all: this runtime has no such tokens. */
function hasFewTokens(line: usize): bool {
  const tokens = load32(line + LINE_TOKENS);
  return tokens > 0 && tokens < FEW_TOKENS;
}

/** Looks for work for a while, if a processor is idle anyway; true once something is there. */
function spins(me: i32): bool {
  const turns = peek32(CONTROL_SPIN);
  const limit = peek32(CONTROL_CORES);
  let found = false;
  setBit(CONTROL_IDLE, me);
  point(POINT_IDLE);
  for (let i = 0; i < turns; i++) {
    // Ready, not only reserved: a look between the two would find nothing to take, and park.
    if (ring.isReady(TASK_RING)) {
      found = true;
      break;
    }
    if ((i & 63) != 0) continue;
    if (computing() + countBits(CONTROL_WATCHERS, 1) > limit || load32(CONTROL_CLOSED) != 0) break;
  }
  // Before the next look at the ring: see wakeSome.
  clearBit(CONTROL_IDLE, me);
  return found;
}

/** Joins the threads that compute. */
export function helpBegin(me: i32): void {
  setBit(CONTROL_HELPERS, me & 63);
}

/** Leaves them; what is still in the ring needs a worker awake. */
export function helpEnd(me: i32): void {
  clearBit(CONTROL_HELPERS, me & 63);
  if (!ring.isEmpty(TASK_RING)) wakeOne(lineOf(me));
}

/**
 * This submitter's event loop is about to wait for answers (`Atomics.waitAsync`); returns the epoch
 * to wait at. Collect once more after it.
 */
export function listenBegin(me: i32): i32 {
  return gate.announce(lineOf(me) + LINE_GATE, listenerBit(me));
}

/** It does not wait any more. Also for a thread that died. */
export function listenEnd(me: i32): void {
  gate.cancel(lineOf(me) + LINE_GATE, listenerBit(me));
}

/** Not that of `help`, which takes its own back whenever it returns. */
function listenerBit(me: i32): i32 {
  return SHARED_BIT ? me & 63 : LISTENER + (me & 63);
}

/** Takes an answer into this thread's line. */
export function collect(me: i32): bool {
  const line = lineOf(me);
  return takeRecord(me, <usize>peek32(line + LINE_RESULTS), false);
}

/**
 * True if an answer lies in a result ring whose owner is announced at its gate since `epoch`, and
 * whoever published it is done without having woken anybody. Who answers has a task in hand from
 * before the publication until after the wake-up; so if all hands are empty after the look at the
 * ring, and the epoch is still the same behind that, the wake-up was lost.
 */
export function isAnswerLost(at: usize, results: usize, epoch: i32): bool {
  if (!ring.isReady(results)) return false;
  return (HASTY_RESCUE || areHandsEmpty()) && load32(at + GATE_EPOCH) == epoch;
}

function areHandsEmpty(): bool {
  const workers = peek32(CONTROL_WORKERS);
  for (let p = 0; p < workers; p++) {
    if (load32(lineOf(p) + LINE_HAND) != HAND_EMPTY) return false;
  }
  for (let s = 0; s < MAX_SUBMITTERS; s++) {
    if (load32(lineOf(MAX_WORKERS + s) + LINE_HAND) != HAND_EMPTY) return false;
  }
  return true;
}

/**
 * True if a task is published, fewer threads compute than may, and a worker is parked that could
 * take it. If that stays so while neither the task's ticket nor the epoch moves, nobody was woken.
 */
export function isTaskIdle(): bool {
  if (!ring.isReady(TASK_RING) || computing() >= peek32(CONTROL_THREADS)) return false;
  const workers = peek32(CONTROL_WORKERS);
  for (let p = 0; p < workers; p++) {
    const word = load64(WORK_GATE + GATE_WAITING + ((<usize>p >> 6) << 3));
    if (((word >> ((p & 63) as i64)) & 1) == 0) continue;
    // A bit of a worker that has not come yet means that it is absent.
    if (load32(lineOf(p) + LINE_STATE) == STATE_READY) return true;
  }
  return false;
}

/**
 * One step of a submitter that waits: an answer if there is one, else a task, else spin and
 * park until an answer comes or `timeout` ns pass. `runs` = 1: between helpBegin and helpEnd;
 * 0: outside, and no task is run.
 */
export function help(me: i32, runs: i32, timeout: i64): i32 {
  const line = lineOf(me);
  iAm(me);
  const results = <usize>peek32(line + LINE_RESULTS);
  const turns = peek32(CONTROL_SPIN);
  if (runs == 0) setBit(CONTROL_WATCHERS, me & 63);
  for (let i = 0; i <= turns; i++) {
    if (collect(me)) {
      if (runs == 0) clearBit(CONTROL_WATCHERS, me & 63);
      return RETURN_ANSWER;
    }
    if (runs != 0 && take(me)) return runTask(me) ? RETURN_RAN : RETURN_EXTERNAL;
  }
  if (runs == 0) clearBit(CONTROL_WATCHERS, me & 63);
  const epoch = gate.announce(line + LINE_GATE, me & 63);
  if (!ring.isEmpty(results)) {
    gate.cancel(line + LINE_GATE, me & 63);
    return RETURN_RAN;
  }
  if (runs != 0) helpEnd(me);
  count(line + LINE_PARKS, 1);
  const why = gate.sleep(line + LINE_GATE, me & 63, epoch, timeout);
  if (why == 2 && isAnswerLost(line + LINE_GATE, results, epoch)) add32(CONTROL_RESCUED, 1);
  gate.cancel(line + LINE_GATE, me & 63);
  if (runs != 0) helpBegin(me);
  return why == 2 ? RETURN_TIMEOUT : RETURN_RAN;
}
