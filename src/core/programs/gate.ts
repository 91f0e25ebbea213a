// Threads that take from a ring and park at a gate, used as worker.ts uses them.

import { load32, store32 } from "../atomic";
import * as gate from "../gate";
import * as ring from "../ring";

const RING: usize = 1048576;
const SLOTS: usize = 1052672;
const GATE: usize = 1056768;
const CLOSED: usize = 1060864;
const WORDS: i32 = 1;

export function gateInit(capacityLog2: i32): void {
  ring.init(RING, SLOTS, capacityLog2, 6, 0, 1 << capacityLog2);
}

function take(me: i32): bool {
  if (ring.claim(me, RING, 1) == 0) return false;
  const ticket = ring.claimedTicket();
  ring.release(RING, ticket);
  if (ring.isPublished(RING, ticket + 1)) gate.wake(GATE, WORDS, 1);
  return true;
}

/** Takes n items, asleep while there is none. */
export function takeAll(me: i32, n: i32, _: i32): void {
  for (let i = 0; i < n; ) {
    if (take(me)) {
      i++;
      continue;
    }
    if (load32(CLOSED) != 0) return;
    const epoch = gate.announce(GATE, me);
    if (take(me)) {
      gate.cancel(GATE, me);
      i++;
      continue;
    }
    if (load32(CLOSED) != 0) {
      gate.cancel(GATE, me);
      return;
    }
    gate.park(GATE, me, epoch, -1);
  }
}

/** Puts n items, each with its wake-up: for one waiter; `bursts`: all items first. */
export function giveAll(me: i32, n: i32, bursts: i32): void {
  for (let i = 0; i < n; i++) {
    let ticket = ring.reserve(me, RING);
    while (ticket < 0) ticket = ring.reserve(me, RING);
    ring.publish(RING, ticket);
    if (bursts == 0) gate.wake(GATE, WORDS, 1);
  }
  if (bursts != 0) gate.wake(GATE, WORDS, 1);
}

/** Puts n items, then ends all who wait, as an engine does when it is closed. */
export function giveThenClose(me: i32, n: i32, _: i32): void {
  giveAll(me, n, 0);
  store32(CLOSED, 1);
  gate.wakeAny(GATE, i32.MAX_VALUE);
}
