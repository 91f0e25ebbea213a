// The core's rings and gates with loops around them, for the stress scenarios that have no engine:
// `torture`, `park` and `throughput`. Compiled from the same ring.ts and gate.ts as the core, to
// drill.wasm. One thread calls one program (src/stress/drill-thread.ts) again and again: a call
// lasts for some hundred items, since WebAssembly is not replaced by its optimised code meanwhile.

import { add32, load32, notify, peek32, poke32, store32, store64, wait32 } from "./atomic";
import {
  complain,
  fill,
  get,
  isOver,
  nap,
  noteOf,
  now,
  over,
  put,
  read,
  stops,
  takenIndex,
  wake,
} from "./drill-link";
import {
  BURST_OVER,
  BURST_TAKEN,
  DRILL_ENDED,
  DRILL_NAP,
  ITEM_PRODUCER,
  LINK_GATE,
  LINK_WORDS,
  NOTE_BEGAN,
  NOTE_COUNT,
  NOTE_ENDED,
  NOTE_LAST,
  RULE_ORDER,
  RULE_TWICE,
  RULE_WHOLE,
} from "./drill-map";
import * as gate from "./gate";
import { count } from "./places";
import * as ring from "./ring";

export { receive, send, sendPaced } from "./drill-flow";
export { audit, fill, over, put, record } from "./drill-link";
export { announce, cancel, park, waiting, wake } from "./gate";
export {
  claim,
  claimedTicket,
  init,
  isEmpty,
  isReady,
  publish,
  release,
  reserve,
  size,
} from "./ring";

/** Items of one call, and looks in vain where threads never nap. */
const ITEMS = 512;
const LOOKS = 4096;
const FOREVER = -1;

let random: i32 = 1;

/** Begins this thread's random pauses. */
export function seed(value: i32): void {
  random = value | 1;
}

/** xorshift32, after G. Marsaglia. */
function next(): u32 {
  random ^= random << 13;
  random ^= <i32>(<u32>random >> 17);
  random ^= random << 5;
  return <u32>random;
}

/** Passes at most about `turns` ns, so that threads meet at ever other instructions. */
function pause(turns: i32): void {
  if (turns <= 0) return;
  for (let n = next() % <u32>turns; n > 0; n--) load32(DRILL_NAP);
}

/** This thread's work begins. */
export function begin(me: i32): void {
  store64(noteOf(me) + NOTE_BEGAN, now());
}

/** This thread's work is done; `producer`: consumers may end when the ring is empty. */
export function finish(me: i32, producer: i32): void {
  store64(noteOf(me) + NOTE_ENDED, now());
  if (producer != 0) add32(DRILL_ENDED, 1);
}

/** Wakes all who park at a link. */
export function wakeAll(link: usize): void {
  gate.wake(link + LINK_GATE, LINK_WORDS, FOREVER);
}

// --- torture -----------------------------------------------------------------

/**
 * Pushes items first … first + n − 1; returns how many, fewer when the drill stops. With a `batch` of
 * more than 1, at random: one, or as many as there is room for, published each or together. `looks` in
 * vain before each nap; negative: never naps.
 */
export function produce(
  me: i32,
  at: usize,
  producer: i32,
  first: i32,
  n: i32,
  batch: i32,
  looks: i32,
): i32 {
  for (let i = 0; i < n; ) {
    const way = batch == 1 ? 0 : next() & 7;
    const most = min<i32>(batch, n - i);
    let k = some(me, at, way == 0 ? 0 : most);
    for (let misses = 0; k == 0; k = some(me, at, way == 0 ? 0 : most)) {
      if (stops()) return i;
      if (looks >= 0 && ++misses > looks) nap();
    }
    for (let j = 0; j < k; j++) {
      fill(at, taken + <i64>j, producer, first + i + j, 0);
      if (way < 3) ring.publish(at, taken + <i64>j);
    }
    if (way >= 3) ring.publishMany(at, taken, k);
    i += k;
  }
  return n;
}

/** First ticket of the last `some`. */
let taken: i64 = 0;

/** Reserves at most `most` tickets, or 0: one, by `reserve`; returns how many. */
function some(me: i32, at: usize, most: i32): i32 {
  if (most > 0) {
    const n = ring.reserveMany(me, at, most);
    taken = ring.reservedTicket();
    return n;
  }
  taken = ring.reserve(me, at);
  return taken < 0 ? 0 : 1;
}

/** Takes items; 1 when producers have ended and the ring is empty. `part`: items of a producer. */
export function consume(
  me: i32,
  at: usize,
  map: usize,
  part: i32,
  producers: i32,
  batch: i32,
  looks: i32,
): i32 {
  let got = 0;
  let misses = 0;
  // One look more than it takes to nap: a call must not end without.
  while (got < ITEMS && misses <= (looks < 0 ? LOOKS : looks)) {
    const n = ring.claim(me, at, batch);
    if (n > 0) {
      const first = ring.claimedTicket();
      const together = n > 1 && (next() & 3) != 0;
      for (let k: i64 = 0; k < <i64>n; k++) {
        mark(me, at, first + k, map, part, producers);
        if (!together) ring.release(at, first + k);
      }
      if (together) ring.releaseMany(at, first, n);
      got += n;
      misses = 0;
    } else {
      if (isOver(at, producers)) return finishTaking(me, got, 1);
      misses++;
      if (looks >= 0 && misses > looks) nap();
    }
  }
  return finishTaking(me, got, 0);
}

function finishTaking(me: i32, n: i32, result: i32): i32 {
  count(noteOf(me) + NOTE_COUNT, n);
  return result;
}

/**
 * A plain byte an item, though consumers may race for it: an item taken twice at the same instant
 * is not seen here, but then more were taken than put, since each consumer counts by itself.
 */
function mark(me: i32, at: usize, ticket: i64, map: usize, part: i32, producers: i32): void {
  if (!read(me, at, ticket)) return;
  const producer = peek32(ring.payloadOf(at, ticket) + ITEM_PRODUCER);
  const item = takenIndex();
  if (<u32>producer >= <u32>producers || <u32>item >= <u32>part) {
    complain(me, RULE_WHOLE, ticket, producer, item);
    return;
  }
  const last = noteOf(me) + NOTE_LAST + ((<usize>producer) << 2);
  if (item <= peek32(last)) complain(me, RULE_ORDER, ticket, producer, item);
  poke32(last, item);
  const cell = map + <usize>(producer * part + item);
  if (load<u8>(cell) != 0) complain(me, RULE_TWICE, ticket, producer, item);
  store<u8>(cell, 1);
}

export function clear(map: usize, n: i32): void {
  memory.fill(map, 0, n);
}

/** The first item of n that nobody took; −1 if there is none. */
export function missing(map: usize, n: i32): i32 {
  let i = 0;
  while (i + 8 <= n && load<i64>(map + <usize>i) == 0x0101010101010101) i += 8;
  for (; i < n; i++) {
    if (load<u8>(map + <usize>i) == 0) return i;
  }
  return -1;
}

// --- park --------------------------------------------------------------------

/** Hands an item from one link on to the next, n times; 1 when the drill stops. */
export function pass(me: i32, from: usize, to: usize, n: i32, turns: i32): i32 {
  for (let i = 0; i < n; i++) {
    if (!get(me, from)) return 1;
    pause(turns);
    give(me, to, takenIndex() + 1);
    count(noteOf(me) + NOTE_COUNT, 1);
  }
  return 0;
}

/** Publishes one item and wakes one; waits while the ring is full. */
export function give(me: i32, link: usize, item: i32): void {
  let ticket = put(me, link, item);
  while (ticket < 0 && !stops()) {
    nap();
    ticket = put(me, link, item);
  }
  if (ticket < 0) return;
  wake(me, link, 1);
  over(link, ticket);
}

/** One producer, several who sleep: single items, with pauses. */
export function trickle(me: i32, link: usize, n: i32, turns: i32): i32 {
  for (let i = 0; i < n; i++) {
    if (stops()) return 1;
    pause(turns);
    give(me, link, 0);
  }
  return 0;
}

export function drain(me: i32, link: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    if (!get(me, link)) return 1;
    count(noteOf(me) + NOTE_COUNT, 1);
  }
  return 0;
}

/**
 * Bursts of at most `most` items, of which no consumer takes a second before all were taken: so
 * each wake-up must bring the next. Half of them are published before the first wake-up.
 */
export function burst(me: i32, link: usize, n: i32, most: i32, turns: i32): i32 {
  for (let i = 0; i < n; i++) {
    const number = load32(BURST_OVER) + 1;
    const k = 1 + <i32>(next() % <u32>most);
    const single = (next() & 1) != 0;
    pause(turns);
    let ticket: i64 = 0;
    for (let j = 0; j < k; j++) {
      ticket = put(me, link, number);
      if (!single && j < k - 1) continue;
      wake(me, link, 1);
      if (single) over(link, ticket);
    }
    for (let j: i64 = 0; !single && j < <i64>k; j++) over(link, ticket - j);
    for (let seen = load32(BURST_TAKEN); seen < k; seen = load32(BURST_TAKEN)) {
      if (stops()) return 1;
      wait32(BURST_TAKEN, seen, 10000000);
    }
    store32(BURST_TAKEN, 0);
    store32(BURST_OVER, number);
    notify(BURST_OVER, FOREVER);
  }
  return 0;
}

export function hold(me: i32, link: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    if (!get(me, link)) return 1;
    const number = takenIndex();
    count(noteOf(me) + NOTE_COUNT, 1);
    add32(BURST_TAKEN, 1);
    notify(BURST_TAKEN, 1);
    for (let seen = load32(BURST_OVER); seen < number; seen = load32(BURST_OVER)) {
      if (stops()) return 1;
      wait32(BURST_OVER, seen, 10000000);
    }
  }
  return 0;
}
