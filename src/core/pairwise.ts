// The textbook's schedule: every number is a task; a worker claims two and
// pushes their combination; the result ring is the next round's task ring.
//
// Role: a participant that has claimed a task of a pairwise job. Rounds have
// lengths n, ⌈n/2⌉, …, 1, known to all, and claims of a round are even but for
// the last. So the pair (2k, 2k + 1) of a round has its result's ticket, k, from
// the claim itself: one compare-exchange takes the tasks and the places of
// their results. The result ring needs no second compare-exchange, nobody waits
// at the end of a round, and numbers stay in order, so that an operator need
// not be commutative and floats have the same bits on any number of threads.
//
// A claim takes what is published, a power of two, and never waits for a slow peer; the last number
// of an odd round is claimed alone and carried over as it is.
//
// The first round's task ring is the input where it lies: nothing is copied or published. The
// other two have a bit and a state for every ticket of a job, and so none is used twice: nothing is
// released, nobody waits for a free slot. What a claim combined is published at once, a word of bits at
// a time, the first of them last: whoever looks at a later one has seen the first.

import {
  cas32,
  copy,
  load32,
  load64,
  or32,
  peek32,
  peek64,
  poke32,
  post32,
  wait32,
} from "./atomic";
import { point } from "./fault";
import { elementShift, foldPairs, mergePairs } from "./fold";
import { isWanted } from "./job";
import {
  INTENT_PAIRS,
  JOB_BATCH,
  JOB_CELLS,
  JOB_DTYPE,
  JOB_ERROR,
  JOB_INPUT,
  JOB_KIND,
  JOB_LENGTH,
  JOB_RINGS,
  JOB_STATE_BYTES,
  JOB_STOP,
  KIND_PAIRWISE,
  LINE_COMBINES,
  LINE_RECORD,
  MAX_WORKERS,
  NUMBERS_GIVEN,
  NUMBERS_HEAD,
  NUMBERS_SIZE,
  NUMBERS_STATES,
  NUMBERS_WHOLE,
  POINT_PAIR_CLAIM,
  POINT_PAIR_CLAIMED,
  POINT_PAIR_MERGED,
  POINT_PAIR_PUBLISHED,
  POINT_ROUND,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_LENGTH,
} from "./map";
import { count, lineOf, scratchOf } from "./places";
import * as ring from "./ring";
import { EARLY_RESULT, NO_GIVEN, ODD_EARLY, STEPPED } from "./switches";

/** Looks at an unpublished number before this thread gives its processor away for a moment. */
const LOOKS = STEPPED ? 1 : 20000;
const NAP: i64 = 20000;
/**
 * Looks after which a thread leaves off: what it looks for may be a dead thread's, whose task waits
 * behind it in the ring for anyone; or this thread is the one that has to see to the death.
 */
const MOST_LOOKS = STEPPED ? LOOKS + 1 : LOOKS + 200;
/** Claims after which a submitter leaves off, to look at its calls' limits; of user code, one. */
const MOST_HELPED = STEPPED ? 1 : 64;
/** Of what is left of a round, this is claimed at once, if that is neither little nor more than a batch. */
const SHARE_SHIFT = 3;
const LEAST_SHARE = 256;
/** log2 of the bits of a word that are used: fewer where a check has only few numbers. */
const WORD_LOG2 = STEPPED ? 1 : 5;
const WORD_BITS = 1 << WORD_LOG2;
const ALL_BITS: i32 = STEPPED ? 3 : -1;

// The round this thread is in, and what it claimed in it.
let input: usize = 0;
let bytes: i32 = 0;
let from: usize = 0;
let to: usize = 0;
let length: i32 = 0;
let fromBase: i32 = 0;
let toBase: i32 = 0;
let first: i32 = 0;
let taken: i32 = 0;
let takenEnd: i32 = 0;
/** Claims since this thread, a submitter's, took its task. */
let claims: i32 = 0;
/** True if this thread left off, helped enough or looked in vain: the task is not done. */
let isStuck: bool = false;
/** True if a dead thread had claimed them, and may have finished some. */
let isLeft: bool = false;

function rewind(job: usize): void {
  input = <usize>peek32(job + JOB_RINGS);
  bytes = peek32(job + JOB_STATE_BYTES);
  from = input;
  to = input + NUMBERS_SIZE;
  length = <i32>peek64(job + JOB_LENGTH);
  fromBase = 0;
  toBase = 0;
  taken = 0;
  takenEnd = 0;
  isLeft = false;
  isStuck = false;
}

/** Goes to the round in which `ticket` of `ring` is claimed. Each ticket is used once. */
export function find(job: usize, ring: usize, ticket: i32): void {
  rewind(job);
  while (from != ring || ticket >= fromBase + length) nextRound();
}

/** Starts on the task in this thread's line: first on what a dead thread left, if it says so. */
export function begin(me: i32, job: usize): void {
  const record = lineOf(me) + LINE_RECORD;
  const left = <usize>peek32(record + RECORD_ADDRESS);
  rewind(job);
  claims = 0;
  if (left == 0) return;
  first = peek32(record + RECORD_LENGTH);
  find(job, left, first);
  taken = first;
  takenEnd = first + peek32(record + RECORD_CELL);
  isLeft = true;
}

/** The word with a ticket's bit, among those whose address is in `field` of a ring. */
function wordOf(ring: usize, field: usize, ticket: i32): usize {
  return <usize>peek32(ring + field) + ((<usize>(ticket >> WORD_LOG2)) << 2);
}

/** The bits of n ≤ WORD_BITS tickets from `ticket` on, in the word of the first. */
function bitsOf(ticket: i32, n: i32): i32 {
  return (ALL_BITS >>> (WORD_BITS - n)) << (ticket & (WORD_BITS - 1));
}

function isWhole(ring: usize, ticket: i32): bool {
  return (load32(wordOf(ring, NUMBERS_WHOLE, ticket)) & bitsOf(ticket, 1)) != 0;
}

function stateOf(ring: usize, ticket: i32): usize {
  return <usize>peek32(ring + NUMBERS_STATES) + <usize>ticket * <usize>bytes;
}

/** Ticket of the result of the pair that begins with `ticket`, in the round at hand. */
function resultOf(ticket: i32): i32 {
  return toBase + ((ticket - fromBase) >> 1);
}

/** True if that pair was claimed, is not combined, and no task was given it by recovery. */
export function isUnfinished(ticket: i32): bool {
  if (load32(from + NUMBERS_HEAD) <= ticket) return false;
  const result = resultOf(ticket);
  const given = peek32(wordOf(to, NUMBERS_GIVEN, result)) & bitsOf(result, 1);
  return given == 0 && !isWhole(to, result);
}

/** True if the job failed, and a pair of numbers of the input from `ticket` on may fail before that. */
export function mayFailFirst(job: usize, ticket: i32): bool {
  if (from != input || load32(job + JOB_STOP) != 0) return false;
  return <i64>ticket < load64(job + JOB_ERROR) >> 32;
}

/** Recovery gives the pair to a task. */
export function give(ticket: i32): void {
  const result = resultOf(ticket);
  const word = wordOf(to, NUMBERS_GIVEN, result);
  if (!NO_GIVEN) poke32(word, peek32(word) | bitsOf(result, 1));
}

function nextRound(): void {
  point(POINT_ROUND);
  // The ring just emptied goes on where its round ended; the other where it began.
  const wasInput = from == input;
  const ring = wasInput ? to + NUMBERS_SIZE : from;
  const base = wasInput ? 0 : fromBase + length;
  from = to;
  to = ring;
  fromBase = toBase;
  toBase = base;
  length = (length + 1) >> 1;
}

/** Rounded down. */
function log2(n: i32): i32 {
  return 31 - clz(n);
}

/** Numbers that can be claimed from `ticket` on, at most `most`. */
function ready(ticket: i32, most: i32): i32 {
  if (from == input) return most;
  let n = 0;
  while (n < most) {
    const at = ticket + n;
    const behind = WORD_BITS - (at & (WORD_BITS - 1));
    const open = (~load32(wordOf(from, NUMBERS_WHOLE, at)) & ALL_BITS) >>> (WORD_BITS - behind);
    if (open != 0) return min<i32>(n + ctz(open), most);
    n += behind;
  }
  return most;
}

/** Takes the next published pairs; false when one number is left, the job was stopped, or stuck. */
export function claimPairs(me: i32, job: usize): bool {
  if (isLeft && taken != takenEnd) return load32(job + JOB_STOP) == 0;
  if (isLeft) rewind(job);
  const batch = peek32(job + JOB_BATCH) << 1;
  const mostHelped = peek32(job + JOB_KIND) == KIND_PAIRWISE ? MOST_HELPED : 1;
  let looks = 0;
  while (length > 1) {
    if (!isWanted(job)) return false;
    if (me >= MAX_WORKERS && claims == mostHelped) {
      isStuck = true;
      return false;
    }
    const head = load32(from + NUMBERS_HEAD);
    const left = fromBase + length - head;
    if (left <= 0) {
      nextRound();
      continue;
    }
    // Less towards the end of a round, so that no thread is left with much of it.
    const share = min<i32>(batch, max<i32>(left >> SHARE_SHIFT, LEAST_SHARE));
    const published = ready(head, min<i32>(left, share));
    // One alone is taken only as the last of its round.
    if (published > 1 || (published == 1 && (left == 1 || ODD_EARLY))) {
      const size = log2(published);
      const n = 1 << size;
      ring.intend(me, from, INTENT_PAIRS, head, size);
      point(POINT_PAIR_CLAIM);
      if (cas32(from + NUMBERS_HEAD, head, head + n) != head) {
        ring.retract(me);
        continue;
      }
      point(POINT_PAIR_CLAIMED);
      first = head;
      taken = head;
      takenEnd = head + n;
      if (me >= MAX_WORKERS) claims++;
      if (EARLY_RESULT) {
        pairsDone();
        taken = first;
      }
      return true;
    }
    if (looks < LOOKS) {
      looks++;
      continue;
    }
    if (++looks > MOST_LOOKS) {
      isStuck = true;
      return false;
    }
    wait32(job + JOB_STOP, 0, NAP);
  }
  return false;
}

/** Ticket of the result of the pair at hand; −1 if none is left of what was claimed. */
export function pairTarget(): i32 {
  while (taken != takenEnd) {
    const result = resultOf(taken);
    if (!isLeft || !isWhole(to, result)) return result;
    pairNext();
  }
  return -1;
}

/** Goes on to the next pair. */
export function pairNext(): void {
  taken = min<i32>(taken + 2, takenEnd);
}

export function pairInto(ticket: i32): usize {
  return stateOf(to, ticket);
}

/** Index of the pair's first element in the input; −1 if it is a pair of states. */
export function pairElement(): i32 {
  return from == input ? taken : -1;
}

export function pairLeft(): usize {
  return stateOf(from, taken);
}

/** 1 or 2. */
export function pairSize(): i32 {
  return min<i32>(takenEnd - taken, 2);
}

/** Publishes the result of the pair at hand and goes on to the next. */
export function pairDone(ticket: i32): void {
  pairNext();
  point(POINT_PAIR_MERGED);
  or32(wordOf(to, NUMBERS_WHOLE, ticket), bitsOf(ticket, 1));
  point(POINT_PAIR_PUBLISHED);
}

/** True if all that was claimed is this thread's to combine, and can be published at once. */
export function isAll(): bool {
  return !isLeft;
}

/** Publishes the results of all that was claimed, each of which is in its place. */
export function pairsDone(): void {
  const start = resultOf(first);
  const end = start + ((takenEnd - first + 1) >> 1);
  const head = min<i32>(end - start, WORD_BITS - (start & (WORD_BITS - 1)));
  taken = takenEnd;
  point(POINT_PAIR_MERGED);
  // Words in the middle are of this claim alone.
  let at = end;
  if (at > start + head) {
    const tail = ((at - 1) & (WORD_BITS - 1)) + 1;
    at -= tail;
    or32(wordOf(to, NUMBERS_WHOLE, at), bitsOf(at, tail));
    point(POINT_PAIR_PUBLISHED);
  }
  while (at > start + head) {
    at -= WORD_BITS;
    post32(wordOf(to, NUMBERS_WHOLE, at), ALL_BITS);
    point(POINT_PAIR_PUBLISHED);
  }
  or32(wordOf(to, NUMBERS_WHOLE, start), bitsOf(start, head));
  point(POINT_PAIR_PUBLISHED);
}

/** After `claimPairs` said false: true if the task has to be put back, for it is not done. */
export function stuck(): bool {
  return isStuck;
}

/** Combines n claimed numbers from `ticket` on, two and two. */
function combine(me: i32, job: usize, ticket: i32, n: i32): void {
  const into = stateOf(to, resultOf(ticket));
  if (from != input) return mergePairs(job, stateOf(from, ticket), n, into);
  const shift = <usize>elementShift(peek32(job + JOB_DTYPE));
  const p = <usize>peek32(job + JOB_INPUT) + ((<usize>ticket) << shift);
  foldPairs(job, p, n, ticket, into, scratchOf(me));
}

/** False if the task has to be put back. */
export function run(me: i32, job: usize): bool {
  let combines: i64 = 0;
  begin(me, job);
  while (claimPairs(me, job)) {
    if (isAll()) {
      combine(me, job, first, takenEnd - first);
      combines += (takenEnd - first) >> 1;
      pairsDone();
      continue;
    }
    for (let ticket = pairTarget(); ticket >= 0; ticket = pairTarget()) {
      combine(me, job, taken, pairSize());
      combines += pairSize() >> 1;
      pairDone(ticket);
    }
  }
  count(lineOf(me) + LINE_COMBINES, combines);
  return !isStuck;
}

/** Moves the one number left into the job's first cell. After every participant arrived. */
export function settle(job: usize): void {
  rewind(job);
  while (length > 1) nextRound();
  copy(<usize>peek32(job + JOB_CELLS), stateOf(from, fromBase), <usize>bytes);
}
