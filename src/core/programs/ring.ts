// Producers and consumers on one ring.

import { peek32, poke32 } from "../atomic";
import { CALLED_CLAIM, CALLED_PUBLISH, CALLED_RELEASE, CALLED_RESERVE } from "../record-map";
import * as ring from "../ring";
import { called, expect, returned } from "./history";

const RING: usize = 1048576;
const SLOTS: usize = 1052672;
/** Rule: what a claimed slot holds is what was put there for its ticket. */
const RULE_PAYLOAD: i32 = 1;

let start: i64 = 0;

function putAt(ticket: i64): i32 {
  return <i32>(ticket - start) + 77;
}

export function ringInit(capacityLog2: i32, ticket: i64): void {
  start = ticket;
  ring.init(RING, SLOTS, capacityLog2, 6, ticket, 1 << capacityLog2);
}

/** Pushes n times; a full ring is an answer too. */
export function push(me: i32, n: i32, _: i32): void {
  for (let i = 0; i < n; i++) {
    called(CALLED_RESERVE, 0);
    const ticket = ring.reserve(me, RING);
    returned(ticket < 0 ? -1 : <i32>(ticket - start));
    if (ticket < 0) continue;
    poke32(ring.payloadOf(RING, ticket), putAt(ticket));
    called(CALLED_PUBLISH, <i32>(ticket - start));
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
      called(CALLED_RELEASE, <i32>(first + k - start));
      ring.release(RING, first + k);
      returned(0);
    }
  }
}
