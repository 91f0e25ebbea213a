// Plays random operations on a ring and writes down when each was called and returned and what it
// said: the histories that stress/linear.ts checks. Never part of the shipped core. Any number of
// threads up to MOST_THREADS, each with its own number, play one history at a time together.
//
// Between operations, and between the two halves of a push or a pop, it pauses at random, so that
// on few processors, too, threads stand in each other's midst.

import { add32, add64, load32, peek32, poke32, poke64, wait32 } from "./atomic";
import {
  CALLED_CLAIM,
  CALLED_IS_EMPTY,
  CALLED_IS_READY,
  CALLED_PUBLISH,
  CALLED_RELEASE,
  CALLED_RESERVE,
  CALLED_SIZE,
  HISTORIES,
  HISTORY_ARRIVED,
  HISTORY_MIXED,
  HISTORY_MOST,
  HISTORY_OPERATIONS,
  HISTORY_PACE,
  HISTORY_PRODUCERS,
  HISTORY_RECORDS,
  HISTORY_RING,
  HISTORY_SEED,
  HISTORY_SIZE,
  HISTORY_SLOTS,
  HISTORY_THREADS,
  MOST_VALUES,
  RECORD_ARGUMENT,
  RECORD_BYTES,
  RECORD_CALL,
  RECORD_CALLED,
  RECORD_CLOCK,
  RECORD_NAP,
  RECORD_RESULT,
  RECORD_RETURN,
  RECORD_TICKET,
  RECORD_VALUES,
  THREAD_RECORDS,
  TORN,
} from "./record-map";
import * as ring from "./ring";

/** The second copy of a value, in the last word of a slot. */
const SECOND_COPY: usize = 52;

// A wasm global is a thread's own.
let random: i32 = 1;
let pace: i32 = 0;
/** The record in hand. */
let at: usize = 0;
/** Values that this thread published: no two are equal, in any history. */
let values: i32 = 0;

/** Makes the ring of a history; the host does this before any thread plays. */
export function recordInit(index: i32, capacityLog2: i32, ticket: i64): void {
  const history = historyOf(index);
  ring.init(
    history + HISTORY_RING,
    history + HISTORY_SLOTS,
    capacityLog2,
    6,
    ticket,
    1 << capacityLog2,
  );
}

function historyOf(index: i32): usize {
  return <usize>(HISTORIES + index * HISTORY_SIZE);
}

/** xorshift32 (G. Marsaglia, 2003). */
function next(): i32 {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return random;
}

/**
 * Lets another thread have the processor. build.mjs sees to it that this stays a function of its
 * own: V8 11.3 (Node 20), in baseline code, loses locals over a wait that stands in a branch.
 */
function nap(): void {
  wait32(RECORD_NAP, 0, 1000);
}

/** Nothing at all, some looks, or a nap; at pace 0, never anything. */
function pause(): void {
  if (pace == 0) return;
  const r = next();
  const kind = r & 31;
  if (kind < pace) {
    nap();
  } else if (kind >= 16) {
    for (let i = (r >>> 8) & 127; i > 0; i--) load32(RECORD_NAP);
  }
}

function call(what: i32, argument: i32): void {
  poke32(at + RECORD_CALLED, what);
  poke32(at + RECORD_ARGUMENT, argument);
  poke64(at + RECORD_CALL, add64(RECORD_CLOCK, 1) + 1);
}

function returned(): void {
  poke64(at + RECORD_RETURN, add64(RECORD_CLOCK, 1) + 1);
  at += RECORD_BYTES;
}

/** Plays one history as thread `me`, if it has that many; together with its other threads. */
export function record(me: i32, index: i32): void {
  const history = historyOf(index);
  const threads = peek32(history + HISTORY_THREADS);
  if (me >= threads) return;
  random = peek32(history + HISTORY_SEED) ^ ((me + 1) * <i32>0x9e3779b9);
  if (random == 0) random = 1;
  for (let i = 0; i < 8; i++) next();
  pace = peek32(history + HISTORY_PACE);
  at = history + HISTORY_RECORDS + <usize>(me * THREAD_RECORDS) * RECORD_BYTES;
  // Room for what one more step writes: a claim and its releases, say.
  const last = at + (THREAD_RECORDS - 2 - MOST_VALUES) * RECORD_BYTES;
  const producer = me < peek32(history + HISTORY_PRODUCERS);
  const mixed = peek32(history + HISTORY_MIXED);
  const most = peek32(history + HISTORY_MOST);
  meet(history, threads);
  for (let i = peek32(history + HISTORY_OPERATIONS); i > 0 && at < last; i--) {
    pause();
    const r = next() >>> 4;
    if ((r & 7) == 0) {
      look(history + HISTORY_RING, (r >>> 8) % 3);
    } else if (producer != ((r >>> 3) & 15) < mixed) {
      push(me, history + HISTORY_RING, 1 + ((r >>> 8) % most));
    } else {
      pop(me, history + HISTORY_RING, 1 + ((r >>> 8) % most));
    }
  }
}

function meet(history: usize, threads: i32): void {
  add32(history + HISTORY_ARRIVED, 1);
  for (let i = 0; load32(history + HISTORY_ARRIVED) < threads; i++) {
    if (i > 500) nap();
  }
}

/** Reserves one, or many with one call; publishes each in some order, or all with one call. */
function push(me: i32, q: usize, most: i32): void {
  call(CALLED_RESERVE, most);
  const n = reserve(me, q, most);
  returned();
  // A defective ring may say anything.
  if (n <= 0 || n > MOST_VALUES) return;
  const first = taken;
  const value = ((me + 1) << 24) | ((values + 1) & 0xffffff);
  values += n;
  const together = n > 1 && (next() & 1) != 0;
  const backwards = (next() & 3) == 0;
  for (let i = 0; i < n; i++) {
    const k = backwards ? n - 1 - i : i;
    const ticket = first + <i64>k;
    pause();
    fill(ring.payloadOf(q, ticket), value + k);
    if (together) continue;
    poke64(at + RECORD_TICKET, ticket);
    poke32(at + RECORD_RESULT, 1);
    call(CALLED_PUBLISH, value + k);
    ring.publish(q, ticket);
    returned();
  }
  if (!together) return;
  poke64(at + RECORD_TICKET, first);
  poke32(at + RECORD_RESULT, n);
  call(CALLED_PUBLISH, value);
  ring.publishMany(q, first, n);
  returned();
}

/** First ticket of the last `reserve`. */
let taken: i64 = 0;

function reserve(me: i32, q: usize, most: i32): i32 {
  let n = 1;
  if (most == 1) {
    taken = ring.reserve(me, q);
    if (taken < 0) n = 0;
  } else {
    n = ring.reserveMany(me, q, most);
    taken = ring.reservedTicket();
  }
  poke64(at + RECORD_TICKET, taken);
  poke32(at + RECORD_RESULT, n);
  return n;
}

function fill(payload: usize, value: i32): void {
  poke32(payload, value);
  if ((next() & 3) == 0) pause();
  poke32(payload + SECOND_COPY, value);
}

function pop(me: i32, q: usize, most: i32): void {
  const claim = at;
  call(CALLED_CLAIM, most);
  const n = ring.claim(me, q, most);
  const first = ring.claimedTicket();
  poke64(at + RECORD_TICKET, first);
  poke32(at + RECORD_RESULT, n);
  returned();
  if (n <= 0 || n > MOST_VALUES) return;
  const together = n > 1 && (next() & 1) != 0;
  const backwards = (next() & 3) == 0;
  for (let i = 0; i < n; i++) {
    const k = backwards ? n - 1 - i : i;
    const ticket = first + <i64>k;
    pause();
    const payload = ring.payloadOf(q, ticket);
    const value = peek32(payload);
    if ((next() & 3) == 0) pause();
    const whole = peek32(payload + SECOND_COPY) == value;
    poke32(claim + RECORD_VALUES + ((<usize>k) << 2), whole ? value : TORN);
    if (together) continue;
    poke64(at + RECORD_TICKET, ticket);
    call(CALLED_RELEASE, 1);
    ring.release(q, ticket);
    returned();
  }
  if (!together) return;
  poke64(at + RECORD_TICKET, first);
  call(CALLED_RELEASE, n);
  ring.releaseMany(q, first, n);
  returned();
}

function look(q: usize, which: i32): void {
  if (which == 0) {
    call(CALLED_IS_EMPTY, 0);
    poke32(at + RECORD_RESULT, ring.isEmpty(q) ? 1 : 0);
  } else if (which == 1) {
    call(CALLED_IS_READY, 0);
    poke32(at + RECORD_RESULT, ring.isReady(q) ? 1 : 0);
  } else {
    call(CALLED_SIZE, 0);
    poke64(at + RECORD_TICKET, ring.size(q));
  }
  returned();
}
