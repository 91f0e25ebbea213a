// Producers and consumers on one ring.

import { peek32, poke32 } from "../atomic";
import { CALLED_CLAIM, CALLED_PUBLISH, CALLED_RELEASE, CALLED_RESERVE } from "../record-map";
import * as ring from "../ring";
import { called, expect, returned } from "./history";
import { RING_AT, RING_SLOTS_AT } from "./places";

const RING: usize = RING_AT;
const SLOTS: usize = RING_SLOTS_AT;
/** Rule: what a claimed slot holds is what was put there for its ticket. */
const RULE_PAYLOAD: i32 = 1;

let start: i64 = 0;

function putAt(ticket: i64): i32 {
  return <i32>(ticket - start) + 77;
}

/** Tickets as the monitor is told of them. */
function told(first: i64, n: i32): i32 {
  return ((<i32>(first - start)) << 8) | n;
}

export function ringInit(capacityLog2: i32, ticket: i64): void {
  start = ticket;
  ring.init(RING, SLOTS, capacityLog2, 6, ticket, 1 << capacityLog2);
}

/** Pushes n times; a full ring is an answer too. */
export function push(me: i32, n: i32, _: i32): void {
  for (let i = 0; i < n; i++) {
    called(CALLED_RESERVE, 1);
    const ticket = ring.reserve(me, RING);
    returned(ticket < 0 ? -1 : told(ticket, 1));
    if (ticket < 0) continue;
    poke32(ring.payloadOf(RING, ticket), putAt(ticket));
    called(CALLED_PUBLISH, told(ticket, 1));
    ring.publish(RING, ticket);
    returned(0);
  }
}

/** Claims n times at most `most` tickets. */
export function pop(me: i32, n: i32, most: i32): void {
  for (let i = 0; i < n; i++) {
    called(CALLED_CLAIM, most);
    const got = ring.claim(me, RING, most);
    const first = ring.claimedTicket();
    returned(got == 0 ? -1 : ((<i32>(first - start)) << 8) | got);
    for (let k: i64 = 0; k < <i64>got; k++) {
      const value = peek32(ring.payloadOf(RING, first + k));
      expect(value == putAt(first + k) ? 1 : 0, RULE_PAYLOAD);
      called(CALLED_RELEASE, told(first + k, 1));
      ring.release(RING, first + k);
      returned(0);
    }
  }
}

/** Pushes up to `most` at a time, n times, published at one instant. */
export function pushMany(me: i32, n: i32, most: i32): void {
  for (let i = 0; i < n; i++) {
    called(CALLED_RESERVE, most);
    const got = ring.reserveMany(me, RING, most);
    const first = ring.reservedTicket();
    returned(got == 0 ? -1 : told(first, got));
    if (got == 0) continue;
    for (let k: i64 = 0; k < <i64>got; k++) {
      poke32(ring.payloadOf(RING, first + k), putAt(first + k));
    }
    called(CALLED_PUBLISH, told(first, got));
    ring.publishMany(RING, first, got);
    returned(0);
  }
}

/** Claims up to `most` at a time, n times, released at one instant. */
export function popMany(me: i32, n: i32, most: i32): void {
  for (let i = 0; i < n; i++) {
    called(CALLED_CLAIM, most);
    const got = ring.claim(me, RING, most);
    const first = ring.claimedTicket();
    returned(got == 0 ? -1 : told(first, got));
    if (got == 0) continue;
    for (let k: i64 = 0; k < <i64>got; k++) {
      const value = peek32(ring.payloadOf(RING, first + k));
      expect(value == putAt(first + k) ? 1 : 0, RULE_PAYLOAD);
    }
    called(CALLED_RELEASE, told(first, got));
    ring.releaseMany(RING, first, got);
    returned(0);
  }
}
