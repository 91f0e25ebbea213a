// Bounded multi-producer multi-consumer ring, after D. Vyukov's bounded MPMC
// queue, with 64-bit tickets and a strict full and empty as in crossbeam's
// ArrayQueue and JCTools' MpmcArrayQueue.
//
// Any participant may call anything here. A producer: reserve, or reserve n →
// fill each payload → publish each, or all. A consumer: claim n → read each
// payload → release each, or all. Between reserve and publish, and between claim
// and release, the slot belongs to the caller alone; README.md has the states of a
// slot and why that holds.
//
// Before each compare-exchange the caller's line says what it is for: its
// *intent*. If the thread dies, recover.ts finds by it which slot is orphaned.
// The intent stands until the next one: of a slot that is published, or
// released, it says nothing.

import { cas64, load32, load64, peek32, poke32, post32, store32, store64 } from "./atomic";
import { point } from "./fault";
import {
  INTENT_CLAIM,
  INTENT_RESERVE,
  LINE_INTENT,
  MOST_CLAIMED,
  POINT_CLAIM,
  POINT_CLAIMED,
  POINT_PUBLISHED,
  POINT_RESERVE,
  POINT_RESERVED,
  RING_HEAD,
  RING_MASK,
  RING_SHIFT,
  RING_SLOTS,
  RING_TAIL,
  SLOT_EPOCH,
  SLOT_PAYLOAD,
  SLOT_SEQ,
} from "./map";
import { lineOf } from "./places";
import {
  BLIND_FULL,
  CAPACITY_ONE,
  EARLY_PUBLISH,
  EARLY_RELEASE,
  FIRST_POST,
  LAST_SLOT,
  LATE_INTENT,
  LESS_THAN,
  NARROW_TICKET,
  PLAIN_CLAIM,
  PLAIN_SEQ,
  SHORT_RELEASE,
} from "./switches";

/** First ticket of this thread's last successful `claim`. A wasm global is a thread's own. */
let claimed: i64 = 0;
/** The same of `reserveMany`. */
let reserved: i64 = 0;

export function claimedTicket(): i64 {
  return claimed;
}

export function reservedTicket(): i64 {
  return reserved;
}

/**
 * Makes an empty ring of 2^capacityLog2 ≥ 2 slots of 2^slotShift bytes whose next ticket is
 * `ticket`, and whose first `used` slots are ever used. Before any other thread knows of it.
 */
export function init(
  ring: usize,
  slots: usize,
  capacityLog2: i32,
  slotShift: i32,
  ticket: i64,
  used: i32,
): void {
  poke32(ring + RING_MASK, CAPACITY_ONE ? 0 : (1 << capacityLog2) - 1);
  poke32(ring + RING_SHIFT, slotShift);
  poke32(ring + RING_SLOTS, <i32>slots);
  for (let i = 0; i < used; i++) {
    const t = ticket + <i64>i;
    poke32(slotOf(ring, t) + SLOT_SEQ, <i32>t);
    poke32(slotOf(ring, t) + SLOT_EPOCH, 0);
  }
  store64(ring + RING_HEAD, ticket);
  store64(ring + RING_TAIL, ticket);
}

export function slotOf(ring: usize, ticket: i64): usize {
  const index = <i32>ticket & peek32(ring + RING_MASK);
  return <usize>peek32(ring + RING_SLOTS) + ((<usize>index) << peek32(ring + RING_SHIFT));
}

/** The same with the ring's constants in variables, for loops: they cannot be kept over a store. */
function slotAt(slots: usize, mask: i32, shift: usize, ticket: i32): usize {
  return slots + ((<usize>(ticket & mask)) << shift);
}

export function payloadOf(ring: usize, ticket: i64): usize {
  return slotOf(ring, ticket) + SLOT_PAYLOAD;
}

/** Tickets published or reserved and not yet claimed; too many, if some are claimed meanwhile. */
export function size(ring: usize): i64 {
  const head = load64(ring + RING_HEAD);
  return load64(ring + RING_TAIL) - head;
}

/** Says before the compare-exchange what it is for; `size`: n − 1, or see INTENT_PAIRS. */
export function intend(me: i32, ring: usize, operation: i32, ticket: i64, size: i32): void {
  const what = ((<i64>ring) << 32) | ((<i64>operation) << 37) | ((<i64>size) << 32);
  store64(lineOf(me) + LINE_INTENT, what | (ticket & 0xffffffff));
}

/** The compare-exchange failed: another thread has the slot, so no intent may cover it. */
export function retract(me: i32): void {
  store64(lineOf(me) + LINE_INTENT, 0);
}

/** Moves an end of the ring on from `ticket` by `n`; false if it is not there any more. */
function advance(end: usize, ticket: i64, n: i32): bool {
  const next = NARROW_TICKET ? (ticket + <i64>n) & 0xffffffff : ticket + <i64>n;
  if (PLAIN_CLAIM) {
    if (load64(end) != ticket) return false;
    store64(end, next);
    return true;
  }
  return cas64(end, ticket, next) == ticket;
}

/** Takes the next ticket to publish at; −1 if the ring is full. */
export function reserve(me: i32, ring: usize): i64 {
  while (true) {
    const t = load64(ring + RING_TAIL);
    if (isFree(ring, t)) {
      if (!LATE_INTENT) intend(me, ring, INTENT_RESERVE, t, 0);
      point(POINT_RESERVE);
      if (advance(ring + RING_TAIL, t, 1)) {
        if (EARLY_PUBLISH) setPublished(ring, t);
        point(POINT_RESERVED);
        if (LATE_INTENT) intend(me, ring, INTENT_RESERVE, t, 0);
        return t;
      }
      retract(me);
    } else if (BLIND_FULL || t - load64(ring + RING_HEAD) > <i64>peek32(ring + RING_MASK)) {
      // `head` was read after `tail`, and neither falls: at that read the ring was full.
      return -1;
    }
    // Otherwise `tail` moved, or the consumer of the last lap is between claim and release.
  }
}

/**
 * Takes a free prefix of at most `max` (and MOST_CLAIMED) tickets with one compare-exchange and
 * returns its length; its first is `reservedTicket`. At an instant before the compare-exchange it
 * was the longest. 0 if the ring is full, as strictly as `reserve`.
 */
export function reserveMany(me: i32, ring: usize, max: i32): i32 {
  const most = min<i32>(max, MOST_CLAIMED);
  while (true) {
    const t = load64(ring + RING_TAIL);
    const n = isFree(ring, t) ? countAt(ring, t, most, 0) : 0;
    if (n > 0) {
      if (!LATE_INTENT) intend(me, ring, INTENT_RESERVE, t, n - 1);
      point(POINT_RESERVE);
      if (advance(ring + RING_TAIL, t, n)) {
        reserved = t;
        for (let i = 0; EARLY_PUBLISH && i < n; i++) setPublished(ring, t + <i64>i);
        point(POINT_RESERVED);
        if (LATE_INTENT) intend(me, ring, INTENT_RESERVE, t, n - 1);
        return n;
      }
      retract(me);
    } else if (BLIND_FULL || t - load64(ring + RING_HEAD) > <i64>peek32(ring + RING_MASK)) {
      return 0;
    }
  }
}

/**
 * Tickets from `first` on, which is one, at most `most`, whose slots are at `ahead` more than the
 * ticket: 0, free; 1, published.
 */
function countAt(ring: usize, first: i64, most: i32, ahead: i32): i32 {
  if (LAST_SLOT && ahead == 1 && isPublished(ring, first + <i64>most - 1)) return most;
  const slots = <usize>peek32(ring + RING_SLOTS);
  const mask = peek32(ring + RING_MASK);
  const shift = <usize>peek32(ring + RING_SHIFT);
  let n = 1;
  for (; n < most; n++) {
    const t = <i32>first + n + ahead;
    const seq = load32(slotAt(slots, mask, shift, <i32>first + n) + SLOT_SEQ);
    if (LESS_THAN && ahead == 1 ? seq < t : seq != t) break;
  }
  return n;
}

/** True if the slot was given back by whoever had the ticket a lap before. */
function isFree(ring: usize, ticket: i64): bool {
  return load32(slotOf(ring, ticket) + SLOT_SEQ) == <i32>ticket;
}

export function isPublished(ring: usize, ticket: i64): bool {
  if (LESS_THAN) return load32(slotOf(ring, ticket) + SLOT_SEQ) >= <i32>ticket + 1;
  return load32(slotOf(ring, ticket) + SLOT_SEQ) == <i32>ticket + 1;
}

/** Hands the filled slot to consumers: every write before it is seen after its claim. */
export function publish(ring: usize, ticket: i64): void {
  if (!EARLY_PUBLISH) setPublished(ring, ticket);
}

/**
 * Publishes n filled tickets at one instant. Nobody looks at a later one who has not seen `first`
 * published, or whom nobody told who has: so the first comes last, and the others need no atomic.
 */
export function publishMany(ring: usize, first: i64, n: i32): void {
  if (EARLY_PUBLISH || n == 0) return;
  if (FIRST_POST) setPublished(ring, first);
  const slots = <usize>peek32(ring + RING_SLOTS);
  const mask = peek32(ring + RING_MASK);
  const shift = <usize>peek32(ring + RING_SHIFT);
  for (let i = n - 1; i > 0; i--) {
    const t = <i32>first + i;
    post32(slotAt(slots, mask, shift, t) + SLOT_SEQ, t + 1);
    point(POINT_PUBLISHED);
  }
  if (!FIRST_POST) setPublished(ring, first);
}

function setPublished(ring: usize, ticket: i64): void {
  if (PLAIN_SEQ) return poke32(slotOf(ring, ticket) + SLOT_SEQ, <i32>ticket + 1);
  store32(slotOf(ring, ticket) + SLOT_SEQ, <i32>ticket + 1);
}

/**
 * Takes a published prefix of at most `max` (and MOST_CLAIMED) tickets with one compare-exchange
 * and returns its length. At an instant before the compare-exchange it was the longest; what is
 * published between the two stays. 0 if the next ticket is not published. It never waits for a
 * producer that stands between reserve and publish: for a strict answer see `isEmpty`.
 */
export function claim(me: i32, ring: usize, max: i32): i32 {
  const most = min<i32>(max, MOST_CLAIMED);
  while (true) {
    const h = load64(ring + RING_HEAD);
    const n = isPublished(ring, h) ? countAt(ring, h, most, 1) : 0;
    if (n == 0) {
      if (load64(ring + RING_HEAD) == h) return 0;
    } else {
      if (!LATE_INTENT) intend(me, ring, INTENT_CLAIM, h, n - 1);
      point(POINT_CLAIM);
      if (advance(ring + RING_HEAD, h, n)) {
        claimed = h;
        for (let i = 0; EARLY_RELEASE && i < n; i++) setReleased(ring, h + <i64>i);
        point(POINT_CLAIMED);
        if (LATE_INTENT) intend(me, ring, INTENT_CLAIM, h, n - 1);
        return n;
      }
      retract(me);
    }
  }
}

/** True if at some instant of the call a claim would have got something. */
export function isReady(ring: usize): bool {
  return isPublished(ring, load64(ring + RING_HEAD));
}

/** Gives the slot back to the producer one lap on: every read before it stays before. */
export function release(ring: usize, ticket: i64): void {
  if (!EARLY_RELEASE) setReleased(ring, ticket);
}

/**
 * Releases n tickets at one instant: `reserve` looks at slots in order, as `claim` does. The loop is
 * not that of `publishMany`, in which a thread may be killed at a point.
 */
export function releaseMany(ring: usize, first: i64, n: i32): void {
  if (EARLY_RELEASE || n == 0) return;
  const slots = <usize>peek32(ring + RING_SLOTS);
  const mask = peek32(ring + RING_MASK);
  const shift = <usize>peek32(ring + RING_SHIFT);
  for (let i = n - 1; i > 0; i--) {
    const t = <i32>first + i;
    post32(slotAt(slots, mask, shift, t) + SLOT_SEQ, t + mask + 1);
  }
  setReleased(ring, first);
}

function setReleased(ring: usize, ticket: i64): void {
  const lap = peek32(ring + RING_MASK) + (SHORT_RELEASE ? 0 : 1);
  store32(slotOf(ring, ticket) + SLOT_SEQ, <i32>ticket + lap);
}

/** True if at one instant of the call no ticket was reserved or published and unclaimed. */
export function isEmpty(ring: usize): bool {
  // `tail` is read after `head`, head ≤ tail always and neither falls: equal means empty.
  const head = load64(ring + RING_HEAD);
  return load64(ring + RING_TAIL) == head;
}
