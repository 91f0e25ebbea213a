// Runs a function once, whichever thread comes first; the others wait until it has run. Semantics of
// C++ `std::call_once`, which says what POSIX `pthread_once` leaves open: a function that throws
// has not run, and the next caller tries again. Any thread may call any of these.
//
// | STATE     | means                   | left by                                                |
// | --------- | ----------------------- | ------------------------------------------------------ |
// | 0 NEW     | has not run             | `execute`: compare-exchange to 2                       |
// | 1 DONE    | has run, for good       |                                                        |
// | 2 RUNNING | runs in some thread     | that thread: to 1 if it returned, to 0 if it threw     |
//
// In atomics-sync there is no 2: the word says done before the function has run.
//
// Once, and before anyone returns. One thread moves STATE from 0 to 2 and runs; 1 is stored by such a
// thread, after the function returned, and calls return on 1 only (or by throwing what it threw). ∎
//
// Nobody sleeps for ever. Threads sleep while STATE is 2. Whoever set it changes it and then notifies
// all: a sleeper that compared before the change is listed and woken, one that compares after it
// does not sleep, or sleeps on a second try by another thread, whose end notifies as well. ∎ That
// rests on the function's end: one that waits for a thread that waits here never comes to it, and a
// thread that dies in it leaves the others waiting.
//
// All are notified, so blocked and asynchronous waiters may share the list (enlist.ts).

import { atomics } from "./atomics.js";
import { requireBlocking, requireFunction, requireView, type Words } from "./check.js";
import { awake, lineAt, requireAsync } from "./enlist.js";
import { DeadlockError } from "./errors.js";

const STATE = 0;
const NEW = 0;
const DONE = 1;
const RUNNING = 2;

/** What this thread runs at the moment; only there to turn a wait for itself into an error. */
const underWay: Words[] = [];

/** Not executed. */
export function init(): Words {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

function requireOnce(once: Words): void {
  requireView(once, "Int32Array", 1, "Once");
}

/** True if this thread is to run the function. */
function begin(once: Words): boolean {
  return atomics.compareExchange(once, STATE, NEW, RUNNING) === NEW;
}

function end(once: Words, state: number): void {
  atomics.store(once, STATE, state);
  atomics.notify(once, STATE);
}

function refuseOwn(once: Words): void {
  const isOwn = underWay.some(
    ({ buffer, byteOffset }) => buffer === once.buffer && byteOffset === once.byteOffset,
  );
  if (!isOwn) return;
  throw new DeadlockError(
    "this Once is being executed by this very thread, which would wait for itself: " +
      "do not call execute from its function; beside executeAsync, call executeAsync",
  );
}

function forget(once: Words): void {
  underWay.splice(underWay.lastIndexOf(once), 1);
}

/**
 * Runs `fn` unless it has run; returns when it has, here or in another thread. What `fn` throws is
 * thrown, and `fn` counts as not run: another thread, or a later call, tries again. Throws
 * DeadlockError if called from `fn` itself (told by the memory's object: not if `once` was posted to
 * this thread a second time), ERR_RUNTIME where a thread may not block. What `fn` does after it
 * returned is not waited for: use `executeAsync` for a function that returns a promise.
 */
export function execute(once: Words, fn: () => void): void {
  requireOnce(once);
  requireFunction(fn);
  while (atomics.load(once, STATE) !== DONE) {
    if (begin(once)) {
      run(once, fn);
      return;
    }
    refuseOwn(once);
    requireBlocking();
    atomics.wait(once, STATE, RUNNING);
  }
}

function run(once: Words, fn: () => void): void {
  let state = NEW;
  underWay.push(once);
  try {
    fn();
    state = DONE;
  } finally {
    forget(once);
    end(once, state);
  }
}

/**
 * As `execute`, without blocking the thread, and `fn` has run when the promise that it returns has
 * resolved; if that rejects, it has not. An `fn` that awaits `executeAsync` on its own `once` waits
 * for ever.
 */
export async function executeAsync(once: Words, fn: () => void | Promise<void>): Promise<void> {
  requireOnce(once);
  requireFunction(fn);
  const listen = requireAsync();
  const line = lineAt(once);
  if (atomics.load(once, STATE) === DONE) return;
  const { turn, leave } = line.join();
  if (turn !== undefined) await turn;
  while (atomics.load(once, STATE) !== DONE) {
    if (begin(once)) {
      // The next one lists itself meanwhile, and looks when this is over.
      leave();
      return runAsync(once, fn);
    }
    const listed = listen(once, STATE, RUNNING);
    if (listed.async) await awake(listed.value);
  }
  leave();
}

async function runAsync(once: Words, fn: () => void | Promise<void>): Promise<void> {
  let state = NEW;
  underWay.push(once);
  try {
    await fn();
    state = DONE;
  } finally {
    forget(once);
    end(once, state);
  }
}

/** True if `fn` has run to its end. */
export function isExecuted(once: Words): boolean {
  requireOnce(once);
  return atomics.load(once, STATE) === DONE;
}
