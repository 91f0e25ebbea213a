// A submitter that awaits its answers (`Atomics.waitAsync`), and waits at the same gate itself in
// between, as `reduceSync` and the measurement of the crossover do. The listener's own states are
// explored in TypeScript (check/listener.ts); here it is the core's part that matters.
//
// The runtime is a thread: it waits in the event loop's place and then has the loop turn. That it
// comes to its wait later than `waitAsync` would makes no difference: whoever wakes moves the epoch first.

import { add32, load32, notify, store32, wait32 } from "../atomic";
import * as gate from "../gate";
import {
  CONTROL_CLOSED,
  CONTROL_RESCUED,
  GATE_EPOCH,
  LINE_GATE,
  LINE_RECORD,
  MAX_WORKERS,
  RECORD_JOB,
  RETURN_ANSWER,
  WORK_GATE,
} from "../map";
import { lineOf } from "../places";
import { collect, help, helpBegin, helpEnd, listenBegin, listenEnd, submit } from "../worker";
import { expect } from "./history";
import { prepareJob, setUp } from "./jobs";
import { ENLISTED_AT, ENLISTED_EPOCH_AT, TURNS_AT } from "./places";

const ENLISTED: usize = ENLISTED_AT;
const EPOCH: usize = ENLISTED_EPOCH_AT;
const TURNS: usize = TURNS_AT;
const RULE_LOST: i32 = 11;
const ME: i32 = MAX_WORKERS;
/** Jobs: the awaited one, and one that is waited for. */
const AWAITED: i32 = 0;
const WAITED: i32 = 1;

export function listenerInit(workers: i32): void {
  setUp(workers, workers, 1, 0);
  prepareJob(AWAITED, 0);
  prepareJob(WAITED, 0);
}

/** The thread's own answers, a bit a job. */
function take(answered: i32): i32 {
  return answered | (1 << load32(lineOf(ME) + LINE_RECORD + RECORD_JOB));
}

/**
 * Awaits a job. `mode`: 1, looks for an instant meanwhile; 2, submits another job and waits for it,
 * helping; 4, the same without helping.
 */
export function eventLoop(mode: i32, _: i32, __: i32): void {
  const at = lineOf(ME) + LINE_GATE;
  submit(ME, AWAITED, 0, 1);
  let answered = 0;
  let turns = 0;
  let isListening = false;
  let isFirst = true;
  while ((answered & (1 << AWAITED)) == 0) {
    if (!isListening) {
      const epoch = listenBegin(ME);
      if (collect(ME)) {
        answered = take(answered);
        listenEnd(ME);
        continue;
      }
      store32(EPOCH, epoch);
      add32(ENLISTED, 1);
      notify(ENLISTED, 1);
      isListening = true;
    }
    if (isFirst) answered = waitHere(mode, answered);
    isFirst = false;
    if ((answered & (1 << AWAITED)) != 0) break;
    while (load32(TURNS) == turns) wait32(TURNS, turns, -1);
    turns++;
    listenEnd(ME);
    isListening = false;
    while (collect(ME)) answered = take(answered);
  }
  if (isListening) listenEnd(ME);
  store32(CONTROL_CLOSED, 1);
  gate.wakeAny(WORK_GATE, i32.MAX_VALUE);
  add32(ENLISTED, 1);
  notify(ENLISTED, 1);
  gate.wakeAny(at, i32.MAX_VALUE);
}

function waitHere(mode: i32, before: i32): i32 {
  let answered = before;
  if ((mode & 1) != 0 && help(ME, 0, 1) == RETURN_ANSWER) answered = take(answered);
  if ((mode & 6) == 0) return answered;
  const runs = (mode & 2) != 0 ? 1 : 0;
  if (runs != 0) helpBegin(ME);
  submit(ME, WAITED, 0, 1);
  while ((answered & (1 << WAITED)) == 0) {
    if (help(ME, runs, -1) == RETURN_ANSWER) answered = take(answered);
  }
  if (runs != 0) helpEnd(ME);
  return answered;
}

/** `Atomics.waitAsync`, as often as it is called. */
export function runtime(_: i32, __: i32, ___: i32): void {
  const at = lineOf(ME) + LINE_GATE;
  for (let done = 0; ; done++) {
    while (load32(ENLISTED) == done) wait32(ENLISTED, done, -1);
    if (load32(CONTROL_CLOSED) != 0) return;
    wait32(at + GATE_EPOCH, load32(EPOCH), -1);
    add32(TURNS, 1);
    notify(TURNS, 1);
  }
}

/** No wait was taken for one whose wake-up was lost. */
export function listenerEnd(_: i32, __: i32, ___: i32): void {
  expect(load32(CONTROL_RESCUED) == 0 ? 1 : 0, RULE_LOST);
}
