// What flows over a link of a drill as fast as it can, or at a rate, and how long each item takes.
// An item's index is an ordinal, so that the sum of all tells whether any is missing.

import { peek32, peek64, wait32 } from "./atomic";
import {
  differenceOf,
  fill,
  isOver,
  nap,
  noteOf,
  now,
  read,
  record,
  rest,
  stops,
  takenIndex,
  wake,
} from "./drill-link";
import {
  DRILL_NAP,
  ITEM_INDEX,
  ITEM_STAMP,
  LINK_GATE,
  LINK_RING,
  NOTE_COUNT,
  NOTE_FAILED,
  NOTE_FULL,
  NOTE_SUM,
} from "./drill-map";
import * as gate from "./gate";
import { count } from "./places";
import * as ring from "./ring";

/** Items of one call. */
const ITEMS = 512;
/** A put that finds the ring full for so long (ns) fails. */
const PATIENCE: i64 = 100000000;
/** A producer that is early by more than this (ns) sleeps until it is early by this. */
const EARLY: i64 = 150000;
/** The longest such sleep (ns): the drill may stop meanwhile. */
const LONG: i64 = 20000000;

/** Waits for room, at most `batch` items of it; −1 if the drill stops, −2 if it took too long. */
function room(me: i32, at: usize, batch: i32, looks: i32): i32 {
  let n = ring.reserveMany(me, at, batch);
  if (n > 0) return n;
  count(noteOf(me) + NOTE_FULL, 1);
  const until = now() + PATIENCE;
  for (let k = 0; n == 0; n = ring.reserveMany(me, at, batch)) {
    if (stops()) return -1;
    if (++k > looks) nap();
    if ((k & 1023) == 0 && now() > until) return -2;
  }
  return n;
}

/**
 * Closed loop: items first … first + n − 1, each `every`-th with the time at which it is sent. At
 * most `batch` are reserved and published at a time, with one wake-up: until a woken thread runs its
 * bit stands, and each item would notify again.
 */
export function send(
  me: i32,
  link: usize,
  first: i32,
  n: i32,
  every: i32,
  batch: i32,
  looks: i32,
): i32 {
  const at = link + LINK_RING;
  const end = first + n;
  for (let i = first; i < end; ) {
    const most = min<i32>(batch, end - i);
    // Items until the next one that is timed.
    const untimed = every - 1 - ((i + every - 1) % every);
    const since = untimed < most ? now() : 0;
    const k = room(me, at, most, looks);
    if (k == -1) return i - first;
    if (k < 0) {
      fail(me, i++);
      continue;
    }
    const ticket = ring.reservedTicket();
    for (let j = 0; j < k; j++) {
      fill(at, ticket + <i64>j, me, i + j, j == untimed ? since : 0);
    }
    ring.publishMany(at, ticket, k);
    wake(me, link, 1);
    i += k;
  }
  return n;
}

/** Items that failed are in none of the sums. */
function fail(me: i32, item: i32): void {
  count(noteOf(me) + NOTE_FAILED, 1);
  count(noteOf(me) + NOTE_SUM, item);
}

/**
 * Constant rate: item i is due at start + i · period (ns), and its time counts from then, also when
 * this producer comes late to it: so a stall shows in every item that it held up.
 */
export function sendPaced(
  me: i32,
  link: usize,
  first: i32,
  n: i32,
  start: i64,
  period: f64,
  looks: i32,
): i32 {
  const at = link + LINK_RING;
  for (let i = first; i < first + n; i++) {
    const due = start + <i64>(period * <f64>i);
    if (stops()) return i - first;
    for (let early = due - now(); early > 0; early = due - now()) {
      if (stops()) return i - first;
      if (early > EARLY) wait32(DRILL_NAP, 0, min<i64>(early - EARLY, LONG));
    }
    const k = room(me, at, 1, looks);
    if (k == -1) return i - first;
    if (k < 0) {
      fail(me, i);
      continue;
    }
    const ticket = ring.reservedTicket();
    fill(at, ticket, me, i, due);
    ring.publish(at, ticket);
    wake(me, link, 1);
  }
  return n;
}

/** Takes items, asleep when there are none; 1 when producers have ended and the ring is empty. */
export function receive(me: i32, link: usize, batch: i32, producers: i32, looks: i32): i32 {
  const at = link + LINK_RING;
  const gateAt = link + LINK_GATE;
  let taken = 0;
  // One look more than it takes to park: a call must not end without.
  for (let misses = 0; taken < ITEMS && misses <= looks; ) {
    const n = takeAll(me, link, batch);
    if (n == 0) {
      if (isOver(at, producers)) return settle(me, taken, 1);
      if (++misses <= looks) continue;
      const epoch = gate.announce(gateAt, me);
      // Cancelled before the item is taken: who looks behind it must not see its own bit.
      if (ring.isReady(at) || isOver(at, producers)) gate.cancel(gateAt, me);
      else rest(me, link, epoch);
    }
    if (n > 0) misses = 0;
    taken += n;
  }
  return settle(me, taken, 0);
}

let sum: i64 = 0;

/** Sums are put into the note once a call: a store there costs as much as an item. */
function settle(me: i32, taken: i32, result: i32): i32 {
  count(noteOf(me) + NOTE_COUNT, taken);
  count(noteOf(me) + NOTE_SUM, sum);
  sum = 0;
  return result;
}

function takeAll(me: i32, link: usize, batch: i32): i32 {
  const at = link + LINK_RING;
  const n = ring.claim(me, at, batch);
  if (n == 0) return 0;
  const first = ring.claimedTicket();
  let batchSum: i64 = 0;
  let wrong: i64 = 0;
  let stamps: i64 = 0;
  for (let k: i64 = 0; k < <i64>n; k++) {
    const p = ring.payloadOf(at, first + k);
    wrong |= differenceOf(p, first + k);
    batchSum += <i64>peek32(p + ITEM_INDEX);
    stamps |= peek64(p + ITEM_STAMP);
  }
  if (wrong != 0) batchSum = complainOf(me, at, first, n);
  if (stamps != 0) recordAll(me, at, first, n);
  sum += batchSum;
  ring.releaseMany(at, first, n);
  if (ring.isPublished(at, first + <i64>n)) wake(me, link, 1);
  return n;
}

/** Says which of n items are not what their producers put there; the sum of the others. */
function complainOf(me: i32, at: usize, first: i64, n: i32): i64 {
  let right: i64 = 0;
  for (let k: i64 = 0; k < <i64>n; k++) {
    if (read(me, at, first + k)) right += <i64>takenIndex();
  }
  return right;
}

/** Counts the times of those of n items that are timed. */
function recordAll(me: i32, at: usize, first: i64, n: i32): void {
  const clock = now();
  for (let k: i64 = 0; k < <i64>n; k++) {
    const since = peek64(ring.payloadOf(at, first + k) + ITEM_STAMP);
    if (since != 0) record(me, clock - since);
  }
}
