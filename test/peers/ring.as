// Loops over the ring of the core, in WebAssembly, so that what is timed are its own
// instructions and not calls from JavaScript. Records are one i32, as large as it gets busy.

import { add32, load32, peek32, poke32, wait32 } from "../../src/core/atomic";
import * as ring from "../../src/core/ring";

/** Looks before a thread gives its processor away: there may be fewer processors than threads. */
const LOOKS = 2000;
const NAP: i64 = 20000;
/** Word 0 never changes, word 1 counts producers done. */
export const CONTROL: usize = 1024;

export function init(at: usize, slots: usize, capacityLog2: i32): void {
  ring.init(at, slots, capacityLog2, 6, 0, 1 << capacityLog2);
}

// `me` is the participant that this thread is: nobody else may have its line.

/** n times: push, then pop what was pushed. Returns the sum of what came out. */
export function alone(me: i32, at: usize, n: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) {
    const ticket = ring.reserve(me, at);
    poke32(ring.payloadOf(at, ticket), i);
    ring.publish(at, ticket);
    if (ring.claim(me, at, 1) == 0) return -1;
    const claimed = ring.claimedTicket();
    sum += peek32(ring.payloadOf(at, claimed));
    ring.release(at, claimed);
  }
  return sum;
}

/** Pushes `batch` records, then pops them with one claim; n times. */
export function aloneBatched(me: i32, at: usize, n: i32, batch: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < batch; k++) {
      const ticket = ring.reserve(me, at);
      poke32(ring.payloadOf(at, ticket), i);
      ring.publish(at, ticket);
    }
    if (ring.claim(me, at, batch) != batch) return -1;
    sum += takeClaimed(at, batch);
  }
  return sum;
}

function takeClaimed(at: usize, n: i32): i64 {
  const first = ring.claimedTicket();
  let sum: i64 = 0;
  for (let k: i64 = 0; k < <i64>n; k++) {
    sum += peek32(ring.payloadOf(at, first + k));
    ring.release(at, first + k);
  }
  return sum;
}

/** Pushes first … first + n − 1. */
export function produce(me: i32, at: usize, first: i32, n: i32): void {
  for (let i = first; i < first + n; i++) {
    let ticket = ring.reserve(me, at);
    for (let looks = 0; ticket < 0; ticket = ring.reserve(me, at)) {
      if (++looks > LOOKS) wait32(CONTROL, 0, NAP);
    }
    poke32(ring.payloadOf(at, ticket), i);
    ring.publish(at, ticket);
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
      sum += takeClaimed(at, n);
      count += n;
      looks = 0;
    } else if (load32(CONTROL + 4) == producers && ring.isEmpty(at)) {
      return sum;
    } else if (++looks > LOOKS) {
      wait32(CONTROL, 0, NAP);
    }
  }
}
