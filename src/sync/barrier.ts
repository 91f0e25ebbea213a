// Threads wait for each other: `count` have to arrive before any of them goes on; then it starts
// anew. Semantics of POSIX `pthread_barrier_wait`; a barrier of tickets and generations, without a
// lock. Any thread may call any of these; more than `count` threads may use one barrier.
//
// | 64-bit word | what       |                                                                    |
// | ----------- | ---------- | ------------------------------------------------------------------ |
// | 0           | COUNT      | constant                                                           |
// | 1           | ARRIVED    | arrivals since `init`; who arrives draws ticket t, of round t / COUNT |
// | 2           | GENERATION | rounds that are over; threads sleep here                           |
//
// In atomics-sync the second word starts from 0 each round, and a mutex and a condition guard all
// three. Both are still in the object, for its type's sake, and unused.
//
// Exactly one is last. Tickets are different and without gaps: of round r, one thread draws
// (r + 1) COUNT − 1. It adds 1 to GENERATION, notifies all, and is told so.
//
// Nobody leaves early. The others of round r leave when GENERATION > r. Then r + 1 last arrivers of
// different rounds have added, one of them of a round ≥ r. Its ticket came after all of round r. ∎
// (They may add out of order; so it is an addition and not a store.)
//
// Nobody sleeps for ever. Once round r is full so are all before it, r + 1 last arrivers add, and
// GENERATION gets above r. A thread sleeps only while GENERATION is what it read; any addition behind
// that is followed by a notification that finds it. It looks again, and the last one lets it go. ∎
//
// A thread that ends before it arrives leaves the others waiting.

import { atomics } from "./atomics.js";
import {
  requireBlocking,
  requireInteger,
  requireThreadId,
  requireView,
  type Words,
} from "./check.js";
import * as Condition from "./condition.js";
import { awake, requireAsync } from "./enlist.js";
import { InvalidError, outOfRange } from "./errors.js";
import * as Mutex from "./mutex.js";

const COUNT = 0;
const ARRIVED = 1;
const GENERATION = 2;
const WORDS = 3;

type LongWords = BigInt64Array<SharedArrayBuffer>;

export interface BarrierObject {
  /** The state. */
  barrier: LongWords;
  /** Unused; part of the type in atomics-sync. */
  mutex: Words;
  /** Unused; part of the type in atomics-sync. */
  cond: Words;
}

/** A barrier for `count` threads. Throws InvalidError if that is no integer, RangeError below 1. */
export function init(count: number): BarrierObject {
  requireInteger(count, "count");
  if (count < 1) throw outOfRange(`count is ${count}: a barrier is for 1 thread or more`);
  const barrier = new BigInt64Array(new SharedArrayBuffer(WORDS * BigInt64Array.BYTES_PER_ELEMENT));
  atomics.store(barrier, COUNT, BigInt(count));
  return { barrier, mutex: Mutex.init(), cond: Condition.init() };
}

function requireBarrier(object: BarrierObject, threadId: number): LongWords {
  if (typeof object !== "object" || object === null) {
    throw new InvalidError(`Barrier: got ${String(object)}; pass what Barrier.init made`);
  }
  requireView(object.barrier, "BigInt64Array", WORDS, "Barrier");
  requireThreadId(threadId);
  return object.barrier;
}

/** Draws a ticket; the round to wait for, or undefined if this thread is its last. */
function arrive(barrier: LongWords): bigint | undefined {
  const count = atomics.load(barrier, COUNT);
  const ticket = atomics.add(barrier, ARRIVED, 1n);
  const round = ticket / count;
  if (ticket !== (round + 1n) * count - 1n) return round;
  atomics.add(barrier, GENERATION, 1n);
  atomics.notify(barrier, GENERATION);
  return undefined;
}

/**
 * Sleeps until all have arrived; true in the thread that came last, and in that only. `threadId`
 * has to be a fit one and is not used. Throws ERR_RUNTIME where a thread may not block.
 */
export function wait(object: BarrierObject, threadId: number): boolean {
  const barrier = requireBarrier(object, threadId);
  requireBlocking();
  const round = arrive(barrier);
  if (round === undefined) return true;
  while (true) {
    const generation = atomics.load(barrier, GENERATION);
    if (generation > round) return false;
    atomics.wait(barrier, GENERATION, generation);
  }
}

/** As `wait`, without blocking the thread. It arrives at the call, not when the promise resolves. */
export async function waitAsync(object: BarrierObject, threadId: number): Promise<boolean> {
  const barrier = requireBarrier(object, threadId);
  const listen = requireAsync();
  const round = arrive(barrier);
  if (round === undefined) return true;
  while (true) {
    const generation = atomics.load(barrier, GENERATION);
    if (generation > round) return false;
    // At the same word as blocked threads: all are notified, so none uses up another's wake-up.
    const listed = listen(barrier, GENERATION, generation);
    if (listed.async) await awake(listed.value);
  }
}
