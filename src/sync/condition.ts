// A condition variable: wait, with a mutex given back meanwhile, until somebody says that something
// has changed. Semantics of POSIX `pthread_cond_wait`; the algorithm is a futex on a sequence number
// that every signal moves (U. Drepper, "Futexes are tricky"; Android's bionic). Any thread may call
// any of these.
//
// | word | what     |                                                                            |
// | ---- | -------- | -------------------------------------------------------------------------- |
// | 0    | SEQUENCE | moved by each signal and broadcast; blocked threads sleep here             |
// | 1    | ASYNC    | broadcasts; asynchronous waiters are listed here. atomics-sync has no such word |
//
// No signal is lost. A waiter reads SEQUENCE while it holds the mutex, gives the mutex back, and sleeps
// only if SEQUENCE is still what it read. A signal moves SEQUENCE, then notifies. Let a signal come after
// the waiter read: if it moves SEQUENCE before the waiter's comparison, the waiter does not sleep;
// else the waiter is listed when the signal notifies. Had SEQUENCE stood still, a signal between the
// unlock and the sleep would have found nobody and left nothing.
//
// A signal wakes at least one that waited before it. Take a waiter that read SEQUENCE before the signal
// moved it. If it is not listed by then, it does not sleep. If it is, and still is at the
// notification, then that wakes the first of the list, which is first come, first served: one that was
// listed no later. If it is listed no more, then another notification or its time has woken it; and two
// notifications wake two threads, if two are there. A broadcast wakes all that are listed. ∎
//
// A time-out swallows no signal: the runtime takes a waiter off its list by the notification or by the
// time-out, never by both.
//
// A wait may end without a signal for it (a spurious wake-up, as in POSIX): a signal between the unlock
// and the sleep wakes this thread, and perhaps one that sleeps as well; of asynchronous waiters each
// signal wakes one in every thread. So ask again what was waited for: `while (!ready()) …wait(…)`.
//
// SEQUENCE has 32 bits. A waiter that stands between its reading and its comparison while exactly a
// multiple of 2^32 signals goes by would sleep; that is minutes of nothing but signals.
//
// Asynchronous waiters join their thread's line (enlist.ts) before the mutex is given back, and the
// first of it is listed by then. `seen` is how far of SEQUENCE the line has come: it begins where
// SEQUENCE was when the first one joined, and whoever leaves for a signal moves it by one. The first
// sleeps only while `seen` is SEQUENCE, being listed before it looks. So each signal has one of the
// line leave, the one that came first of those that are left: if a waiter joined before a signal,
// then at that signal's turn it has left, or it or one that came earlier leaves. ∎ A broadcast moves
// ASYNC: whoever joined before that leaves when it is the first. The line does not count it, so later
// ones may wake without a signal, one for each broadcast.

import { atomics } from "./atomics.js";
import { requireBlocking, requireTimestamp, requireView, timeLeft, type Words } from "./check.js";
import { awake, enlist, type Line, lineAt, requireAsync } from "./enlist.js";
import { lock, lockAsync, unlock } from "./mutex.js";
import { requireOwner } from "./owner.js";

const SEQUENCE = 0;
const ASYNC = 1;
const WORDS = 2;

/** A condition with nobody waiting. */
export function init(): Words {
  return new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
}

function requireCondition(cond: Words): void {
  requireView(cond, "Int32Array", WORDS, "Condition");
}

function sleep(cond: Words, mutex: Words, threadId: number, timestamp: number): boolean {
  requireCondition(cond);
  requireBlocking();
  const sequence = atomics.load(cond, SEQUENCE);
  unlock(mutex, threadId);
  const why = atomics.wait(cond, SEQUENCE, sequence, Math.max(0, timeLeft(timestamp)));
  lock(mutex, threadId);
  return why !== "timed-out";
}

/**
 * Gives `mutex` back, sleeps until there is a signal or a broadcast, and locks `mutex` again. May
 * return without a signal: ask again what was waited for. Throws PermissionError unless `threadId`
 * holds `mutex`, ERR_RUNTIME where a thread may not block; then the mutex is as it was.
 */
export function wait(cond: Words, mutex: Words, threadId: number): void {
  sleep(cond, mutex, threadId, Infinity);
}

/**
 * As `wait`, but no longer than until `timestamp`, in milliseconds since 1970 as `Date.now()` has
 * them: false if that ended it. Either way `mutex` is locked again first, which may take longer.
 */
export function timedWait(cond: Words, mutex: Words, threadId: number, timestamp: number): boolean {
  requireTimestamp(timestamp);
  return sleep(cond, mutex, threadId, timestamp);
}

/** As `wait`, without blocking the thread: `mutex` is locked again when the promise resolves. */
export async function waitAsync(cond: Words, mutex: Words, threadId: number): Promise<void> {
  requireCondition(cond);
  requireOwner(mutex, threadId, "Mutex");
  requireAsync();
  const line = lineAt(cond);
  const broadcasts = atomics.load(cond, ASYNC);
  if (line.isEmpty) line.seen = atomics.load(cond, SEQUENCE);
  const { turn, leave } = line.join();
  const wakeUp = turn === undefined ? enlist(cond, ASYNC) : undefined;
  unlock(mutex, threadId);
  await (turn ?? awake(wakeUp));
  while (!isTold(cond, line, broadcasts)) {
    const wakeUp = enlist(cond, ASYNC);
    if (isTold(cond, line, broadcasts)) break;
    await awake(wakeUp);
  }
  leave();
  await lockAsync(mutex, threadId);
}

/** Whether the first of a line may leave: for a signal, which it takes, or a broadcast. */
function isTold(cond: Words, line: Line, broadcasts: number): boolean {
  if (atomics.load(cond, ASYNC) !== broadcasts) return true;
  if (atomics.load(cond, SEQUENCE) === line.seen) return false;
  line.seen = (line.seen + 1) | 0;
  return true;
}

function wake(cond: Words, count: number): void {
  requireCondition(cond);
  if (count > 1) atomics.add(cond, ASYNC, 1);
  atomics.add(cond, SEQUENCE, 1);
  atomics.notify(cond, SEQUENCE, count);
  atomics.notify(cond, ASYNC);
}

/**
 * Wakes at least one thread that waits, if any does. What the waiters ask about is changed under
 * the mutex; the signal may come inside or behind.
 */
export function signal(cond: Words): void {
  wake(cond, 1);
}

/** Wakes all that wait. */
export function broadcast(cond: Words): void {
  wake(cond, Infinity);
}
