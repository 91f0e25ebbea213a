// A thread that steps.ts drives.

import { parentPort, workerData } from "node:worker_threads";
import { type Operations, replaceAtomics } from "../../src/sync/atomics.js";
import {
  ASLEEP,
  DONE,
  LINE,
  NEXT,
  NOTIFIED,
  OPERATIONS,
  type Operation,
  READY,
  REASON,
  RESULT,
  RUNS,
  SLEEPERS,
  STATUS,
  THREW,
  type ThreadData,
  TURN,
  unlist,
} from "./steps.js";
import { programs } from "./steps-programs.js";

const { control, memory, me, program } = workerData as ThreadData;
const line = me * LINE;
type View = Int32Array | BigInt64Array;
const addressOf = (view: View, index: number) => view.byteOffset + index * view.BYTES_PER_ELEMENT;

function say(status: number): void {
  Atomics.store(control, line + STATUS, status);
  Atomics.notify(control, line + STATUS);
}

function awaitTurn(): void {
  while (Atomics.exchange(control, line + TURN, 0) === 0) Atomics.wait(control, line + TURN, 0);
}

/** Announces an operation; returns when it may begin. */
function before(operation: Operation): void {
  Atomics.store(control, line + NEXT, OPERATIONS.indexOf(operation));
  say(READY);
  awaitTurn();
}

function wait(view: View, index: number, value: number | bigint, timeout = Infinity) {
  before("wait");
  if (Atomics.load(view as Int32Array, index) !== value) return "not-equal";
  if (timeout <= 0) return "timed-out";
  const sleepers = Atomics.load(control, SLEEPERS);
  const at = SLEEPERS + 1 + 2 * sleepers;
  control[at] = me;
  control[at + 1] = addressOf(view, index);
  Atomics.store(control, SLEEPERS, sleepers + 1);
  Atomics.store(control, line + REASON, 0);
  say(ASLEEP);
  Atomics.wait(control, line + REASON, 0);
  return Atomics.load(control, line + REASON) === NOTIFIED ? "ok" : "timed-out";
}

function notify(view: View, index: number, count = Infinity): number {
  before("notify");
  let left = count;
  const wanted = addressOf(view, index);
  const woken = unlist(
    control,
    Atomics.load(control, SLEEPERS),
    (_, address) => address === wanted && left-- > 0,
  );
  for (const thread of woken) {
    Atomics.store(control, thread * LINE + STATUS, RUNS);
    Atomics.store(control, thread * LINE + REASON, NOTIFIED);
    Atomics.notify(control, thread * LINE + REASON);
  }
  return woken.length;
}

const inTurn = (operation: "load" | "store" | "add" | "exchange" | "compareExchange") => {
  const native = Atomics[operation] as (...operands: unknown[]) => unknown;
  return (...operands: unknown[]) => {
    before(operation);
    return native(...operands);
  };
};

replaceAtomics({
  load: inTurn("load"),
  store: inTurn("store"),
  add: inTurn("add"),
  exchange: inTurn("exchange"),
  compareExchange: inTurn("compareExchange"),
  wait,
  notify,
  waitAsync: undefined,
  pause: () => {},
  now: () => 0,
  mayBlock: () => true,
} as Operations);

const run = programs[program]?.[me];
if (run === undefined) throw new Error(`no thread ${me} in program ${program}`);
say(DONE);
parentPort?.postMessage("started");
while (true) {
  awaitTurn();
  try {
    Atomics.store(control, line + RESULT, run(memory) ?? 0);
    say(DONE);
  } catch (error) {
    console.error(error);
    say(THREW);
  }
}
