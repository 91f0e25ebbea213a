// Rounds of the pairwise schedule: numbers in two rings, workers that claim pairs.

import { peek32, poke32, poke64 } from "../atomic";
import { JOB_BATCH, JOB_ERROR, JOB_LENGTH, JOB_RING_A, JOB_RING_B } from "../map";
import * as pairwise from "../pairwise";
import { jobOf } from "../places";
import * as ring from "../ring";
import { expect } from "./history";
import { concatenate, digitsTo } from "./tree";

const A: usize = 1048576;
const B: usize = 1052672;
const A_SLOTS: usize = 1056768;
const B_SLOTS: usize = 1064960;
const CAPACITY_LOG2: i32 = 4;
const RULE_ORDER: i32 = 6;

export function pairsInit(n: i32, batch: i32): void {
  const job = jobOf(0);
  ring.init(A, A_SLOTS, CAPACITY_LOG2, 6, 0, 1 << CAPACITY_LOG2);
  ring.init(B, B_SLOTS, CAPACITY_LOG2, 6, 0, 1 << CAPACITY_LOG2);
  poke32(job + JOB_RING_A, <i32>A);
  poke32(job + JOB_RING_B, <i32>B);
  poke32(job + JOB_BATCH, batch);
  poke64(job + JOB_LENGTH, n);
  poke64(job + JOB_ERROR, -1);
  for (let i = 0; i < n; i++) {
    const p = ring.payloadOf(A, i);
    poke32(p, i + 1);
    poke32(p + 4, 1);
    ring.publish(A, i);
  }
}

export function pair(me: i32, _: i32, __: i32): void {
  const job = jobOf(0);
  pairwise.begin(me, job);
  while (pairwise.claimPairs(me, job)) {
    for (let ticket = pairwise.pairTarget(); ticket >= 0; ticket = pairwise.pairTarget()) {
      concatenate(pairwise.pairInto(ticket), pairwise.pairLeft(), pairwise.pairRight());
      pairwise.pairDone(ticket);
    }
  }
}

/** The one number left holds all, in order. `ring`, `ticket`: where. */
export function pairsEnd(n: i32, isInB: i32, ticket: i32): void {
  const last = ring.payloadOf(isInB != 0 ? B : A, ticket);
  expect(peek32(last) == digitsTo(n) ? 1 : 0, RULE_ORDER);
}
