// A link of a drill: one ring, and the gate at which those park who take from it, used as
// worker.ts uses them: look, announce, look again, park; whoever takes looks behind and wakes one
// more. Every park is timed, and one that timed out with work ready is looked into (`audit`).

import {
  add32,
  load32,
  load64,
  peek32,
  peek64,
  poke32,
  poke64,
  store32,
  store64,
  wait32,
} from "./atomic";
import {
  DRILL_ENDED,
  DRILL_NAP,
  DRILL_STOP,
  ITEM_CHECK,
  ITEM_INDEX,
  ITEM_PRODUCER,
  ITEM_STAMP,
  LINK_GATE,
  LINK_OVER,
  LINK_RING,
  LINK_WORDS,
  NOTE_INDEX,
  NOTE_LATE,
  NOTE_MOST,
  NOTE_NOTIFIES,
  NOTE_PARKS,
  NOTE_PRODUCER,
  NOTE_RULE,
  NOTE_SIZE,
  NOTE_STATE,
  NOTE_SWALLOWS,
  NOTE_TICKET,
  NOTE_TIMEOUTS,
  NOTE_VICTIM,
  NOTE_WRONG,
  NOTES,
  RULE_WHOLE,
  RULE_WOKEN,
  STATE_PARKED,
  STATE_RUNS,
  STATE_SWALLOWED,
  TIMES,
  TIMES_SIZE,
} from "./drill-map";
import * as gate from "./gate";
import { RING_HEAD } from "./map";
import { count } from "./places";
import * as ring from "./ring";
import { NO_CHAIN } from "./switches";

/** Nanoseconds of a clock that all threads share. */
export declare function now(): i64;

/** A park lasts at most so long (ns); naps of an audit, and how long each is. */
const PARK_TIME: i64 = 60000000;
const AUDIT_NAPS = 100;
const AUDIT_NAP: i64 = 1000000;
/** A thread that finds nothing gives its processor away for so long (ns). */
const NAP: i64 = 20000;

/** The item that this thread took last. */
let index: i32 = 0;
let stamp: i64 = 0;

export function takenIndex(): i32 {
  return index;
}

export function noteOf(me: i32): usize {
  return <usize>(NOTES + me * NOTE_SIZE);
}

export function nap(): void {
  wait32(DRILL_NAP, 0, NAP);
}

export function stops(): bool {
  return load32(DRILL_STOP) != 0;
}

/** All producers have ended, and nothing is left. */
export function isOver(at: usize, producers: i32): bool {
  return load32(DRILL_ENDED) == producers && ring.isEmpty(at);
}

/** A broken rule; the first of a thread is kept with what it saw. */
export function complain(me: i32, rule: i32, ticket: i64, producer: i32, item: i32): void {
  const note = noteOf(me);
  if (add32(note + NOTE_WRONG, 1) != 0) return;
  store32(note + NOTE_RULE, rule);
  store64(note + NOTE_TICKET, ticket);
  store32(note + NOTE_PRODUCER, producer);
  store32(note + NOTE_INDEX, item);
}

/** Counts a time in nanoseconds: buckets as wide as 1/64 of their power of two. */
export function record(me: i32, time: i64): void {
  const v = max<i64>(time, 0);
  const e = 63 - <i32>clz<i64>(v | 1);
  const bucket = e < 6 ? <i32>v : ((e - 5) << 6) + (<i32>(v >> <i64>(e - 6)) & 63);
  const counter = <usize>(TIMES + me * TIMES_SIZE) + ((<usize>bucket) << 2);
  poke32(counter, peek32(counter) + 1);
  const most = noteOf(me) + NOTE_MOST;
  if (v > peek64(most)) poke64(most, v);
}

/** Tells an item from what an earlier lap left in its slot, and from one half written. */
function checkOf(ticket: i64, producer: i32, item: i32): i64 {
  const mixed = (ticket ^ ((<i64>producer) << 40)) * 0x9e3779b97f4a7c15 + <i64>item;
  return (mixed ^ (mixed >>> 29)) * 0x3f58476d1ce4e5b9;
}

export function fill(at: usize, ticket: i64, producer: i32, item: i32, since: i64): void {
  const p = ring.payloadOf(at, ticket);
  poke32(p + ITEM_PRODUCER, producer);
  poke32(p + ITEM_INDEX, item);
  poke64(p + ITEM_CHECK, checkOf(ticket, producer, item));
  poke64(p + ITEM_STAMP, since);
}

/** 0 if the item at p is what its producer put there. */
export function differenceOf(p: usize, ticket: i64): i64 {
  const producer = peek32(p + ITEM_PRODUCER);
  return peek64(p + ITEM_CHECK) ^ checkOf(ticket, producer, peek32(p + ITEM_INDEX));
}

/** Reads a claimed item; false, with a complaint, if it is not what its producer put there. */
export function read(me: i32, at: usize, ticket: i64): bool {
  const p = ring.payloadOf(at, ticket);
  const producer = peek32(p + ITEM_PRODUCER);
  index = peek32(p + ITEM_INDEX);
  stamp = peek64(p + ITEM_STAMP);
  if (differenceOf(p, ticket) == 0) return true;
  complain(me, RULE_WHOLE, ticket, producer, index);
  return false;
}

export function wake(me: i32, link: usize, n: i32): void {
  if (NO_CHAIN && ring.size(link + LINK_RING) > 1) return;
  if (gate.wake(link + LINK_GATE, LINK_WORDS, n)) count(noteOf(me) + NOTE_NOTIFIES, 1);
}

function overOf(link: usize, ticket: i64): usize {
  return link + LINK_OVER + ((<usize>ticket & 63) << 3);
}

/** Publishes an item; −1 if the ring is full. `wake` and `over` come behind it. */
export function put(me: i32, link: usize, item: i32): i64 {
  const ticket = ring.reserve(me, link + LINK_RING);
  if (ticket < 0) return -1;
  store64(overOf(link, ticket), 0);
  fill(link + LINK_RING, ticket, me, item, now());
  ring.publish(link + LINK_RING, ticket);
  return ticket;
}

/** The publication of this ticket is over, its wake-up included. */
export function over(link: usize, ticket: i64): void {
  store64(overOf(link, ticket), now());
}

function take(me: i32, link: usize): bool {
  const at = link + LINK_RING;
  if (ring.claim(me, at, 1) == 0) return false;
  const ticket = ring.claimedTicket();
  read(me, at, ticket);
  ring.release(at, ticket);
  if (!NO_CHAIN && ring.isPublished(at, ticket + 1)) wake(me, link, 1);
  return true;
}

/** Takes one item, asleep until there is one; false when the drill stops. */
export function get(me: i32, link: usize): bool {
  const gateAt = link + LINK_GATE;
  let looks = true;
  let parked = false;
  while (true) {
    if (looks && take(me, link)) break;
    if (stops()) return false;
    const epoch = gate.announce(gateAt, me);
    if (take(me, link)) {
      gate.cancel(gateAt, me);
      break;
    }
    if (stops()) {
      gate.cancel(gateAt, me);
      return false;
    }
    rest(me, link, epoch);
    parked = true;
    looks = load32(noteOf(me) + NOTE_SWALLOWS) == 0;
  }
  if (parked) record(me, now() - stamp);
  return true;
}

/** Parks for a bounded time. */
export function rest(me: i32, link: usize, epoch: i32): void {
  const note = noteOf(me);
  count(note + NOTE_PARKS, 1);
  const until = now() + PARK_TIME;
  store32(note + NOTE_STATE, STATE_PARKED);
  const why = gate.park(link + LINK_GATE, me, epoch, PARK_TIME);
  store32(note + NOTE_STATE, STATE_RUNS);
  // The host sets it and then reads the state, so once it has seen this thread parked, or here,
  // no more comes from it. That it died with a wake-up in hand is what the others must survive.
  if (load32(note + NOTE_VICTIM) != 0) {
    store32(note + NOTE_STATE, STATE_SWALLOWED);
    while (true) wait32(DRILL_NAP, 0, -1);
  }
  if (why == 2) audit(me, link, until);
}

/**
 * After a park that timed out. The wake-up was lost if an item is ready whose publication was
 * over, wake-up included, when the park still lasted, and nobody comes for it. By the clock: the
 * wait cannot have timed out before `until`, so such a publisher read `waiting` while our bit was set.
 * Whoever was woken in our place may need a while for a processor: hence the naps.
 */
export function audit(me: i32, link: usize, until: i64): void {
  const at = link + LINK_RING;
  const note = noteOf(me);
  count(note + NOTE_TIMEOUTS, 1);
  const ticket = load64(at + RING_HEAD);
  if (!ring.isPublished(at, ticket)) return;
  const ended = load64(overOf(link, ticket));
  if (ended == 0 || ended > until) return;
  for (let n = 0; n < AUDIT_NAPS; n++) {
    wait32(DRILL_NAP, 0, AUDIT_NAP);
    if (load64(at + RING_HEAD) != ticket || stops()) {
      count(note + NOTE_LATE, 1);
      return;
    }
  }
  complain(me, RULE_WOKEN, ticket, -1, -1);
}
