// Threads that take from a ring and park at a gate, used as worker.ts uses them.

import { load32, store32 } from "../atomic";
import * as gate from "../gate";
import { WORK_GATE } from "../map";
import { wakeAll } from "../recover";
import * as ring from "../ring";
import { NO_CHAIN } from "../switches";
import { expect, joined } from "./history";
import { CLOSED_AT, RING_AT, RING_SLOTS_AT } from "./places";

const RING: usize = RING_AT;
const SLOTS: usize = RING_SLOTS_AT;
const GATE: usize = WORK_GATE;
const CLOSED: usize = CLOSED_AT;
const WORDS: i32 = 1;
const RULE_NOBODY: i32 = 9;

export function gateInit(capacityLog2: i32): void {
  ring.init(RING, SLOTS, capacityLog2, 6, 0, 1 << capacityLog2);
}

function take(me: i32): bool {
  if (ring.claim(me, RING, 1) == 0) return false;
  const ticket = ring.claimedTicket();
  ring.release(RING, ticket);
  if (!NO_CHAIN && ring.isPublished(RING, ticket + 1)) gate.wake(GATE, WORDS, 1);
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
    if (bursts == 0) wakeOne();
  }
  if (bursts != 0) wakeOne();
}

function wakeOne(): void {
  if (!NO_CHAIN || ring.size(RING) <= 1) gate.wake(GATE, WORDS, 1);
}

/** Puts n items, then ends all who wait, as an engine does when it is closed. */
export function giveThenClose(me: i32, n: i32, _: i32): void {
  giveAll(me, n, 0);
  store32(CLOSED, 1);
  gate.wakeAny(GATE, i32.MAX_VALUE);
}

/** If thread `mortal` dies, takes its bit back and wakes all: it may have had a wake-up in hand. */
export function gateMourner(mortal: i32, _: i32, __: i32): void {
  if (joined(mortal) == 0) return;
  gate.cancel(GATE, mortal);
  wakeAll();
}

export function gateEnd(_: i32, __: i32, ___: i32): void {
  expect(gate.waiting(GATE, WORDS) == 0 ? 1 : 0, RULE_NOBODY);
}
