// Loops over the ring of the core, in WebAssembly, so that what is timed are its own
// instructions and not calls from JavaScript. Records are one i64.

import { add32, load32, peek64, poke64, wait32 } from "../../src/core/atomic";
import * as ring from "../../src/core/ring";

/** Word 0 never changes, word 1 counts producers done. */
export const CONTROL: usize = 1024;
/** log2 of the bytes of a slot: `seq`, the epoch and the record fill it. */
const SLOT_SHIFT: i32 = 4;

export function init(at: usize, slots: usize, capacityLog2: i32): void {
  ring.init(at, slots, capacityLog2, SLOT_SHIFT, 0, 1 << capacityLog2);
}

// Who finds the ring full, or empty, backs off as crossbeam's Backoff does: 1, 2, 4 … 64 pauses.
// WebAssembly can neither pause nor give a processor away: a pause is a loop here, and where
// Backoff yields, some more looks 64 pauses apart come before a nap. A nap takes 50 µs or more: the
// time in which the other side is through with a whole ring.

/** Loads of a word that nobody writes: about as long as x86's `pause`. */
const PAUSE: i32 = 100;
const LONGEST: i32 = 6;
/** Looks in vain before a nap. */
const LOOKS: i32 = 16;
const NAP: i64 = 1000;

/** Waits; returns how many looks were in vain. */
function snooze(looks: i32): i32 {
  if (looks >= LOOKS) {
    wait32(CONTROL, 0, NAP);
    return looks;
  }
  for (let i = PAUSE << min(looks, LONGEST); i > 0; i--) load32(CONTROL);
  return looks + 1;
}

// `me` is the participant that this thread is: nobody else may have its line.

/** n times: push, then pop what was pushed. Returns the sum of what came out. */
export function alone(me: i32, at: usize, n: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) {
    const ticket = ring.reserve(me, at);
    poke64(ring.payloadOf(at, ticket), i);
    ring.publish(at, ticket);
    if (ring.claim(me, at, 1) == 0) return -1;
    sum += takeOne(at);
  }
  return sum;
}

/** Pushes `batch` records, then pops them with one claim; n times. */
export function aloneBatched(me: i32, at: usize, n: i32, batch: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) {
    if (ring.reserveMany(me, at, batch) != batch) return -1;
    put(at, i * batch, batch);
    if (ring.claim(me, at, batch) != batch) return -1;
    sum += take(at, batch);
  }
  return sum;
}

function put(at: usize, first: i32, n: i32): void {
  const ticket = ring.reservedTicket();
  for (let k = 0; k < n; k++) poke64(ring.payloadOf(at, ticket + <i64>k), first + k);
  ring.publishMany(at, ticket, n);
}

function take(at: usize, n: i32): i64 {
  const ticket = ring.claimedTicket();
  let sum: i64 = 0;
  for (let k = 0; k < n; k++) sum += peek64(ring.payloadOf(at, ticket + <i64>k));
  ring.releaseMany(at, ticket, n);
  return sum;
}

function takeOne(at: usize): i64 {
  const ticket = ring.claimedTicket();
  const record = peek64(ring.payloadOf(at, ticket));
  ring.release(at, ticket);
  return record;
}

/** Pushes first … first + n − 1, one by one. */
export function produce(me: i32, at: usize, first: i32, n: i32): void {
  for (let i = first; i < first + n; i++) {
    let ticket = ring.reserve(me, at);
    for (let looks = 0; ticket < 0; ticket = ring.reserve(me, at)) looks = snooze(looks);
    poke64(ring.payloadOf(at, ticket), i);
    ring.publish(at, ticket);
  }
  add32(CONTROL + 4, 1);
}

/** The same with as many a reservation as are free, and as an intent can say. */
export function produceMany(me: i32, at: usize, first: i32, n: i32): void {
  let looks = 0;
  for (let done = 0; done < n; ) {
    const got = ring.reserveMany(me, at, n - done);
    if (got == 0) {
      looks = snooze(looks);
      continue;
    }
    put(at, first + done, got);
    done += got;
    looks = 0;
  }
  add32(CONTROL + 4, 1);
}

let count: i32 = 0;

/** How many records the last `consume` took. */
export function consumed(): i32 {
  return count;
}

/** Pops until all producers are done and the ring is empty; the sum of what came out. */
export function consume(me: i32, at: usize, producers: i32, batch: i32): i64 {
  let sum: i64 = 0;
  let looks = 0;
  count = 0;
  while (true) {
    const n = ring.claim(me, at, batch);
    if (n > 0) {
      sum += batch == 1 ? takeOne(at) : take(at, n);
      count += n;
      looks = 0;
    } else if (load32(CONTROL + 4) == producers && ring.isEmpty(at)) {
      return sum;
    } else {
      looks = snooze(looks);
    }
  }
}
