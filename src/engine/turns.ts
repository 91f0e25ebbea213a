// Whose turn it is when all 64 job entries are taken: first come, first served, and one is woken for
// each that is let go.
//
// Entries belong to all threads. An entry's owner is 0 (free), p + 1 (participant p has it) or
// −p − 1: it is *offered* to p, which waits for one. Who gives an entry back offers it to the next
// thread in the circle that waits, so no thread starves behind one that has many calls. A thread has
// one offer at most: else one that is busy elsewhere would gather them all.
//
// No entry lies free while somebody waits for long:
//
// - A thread says that it waits (QUEUED), then looks for an entry. Who frees one stores 0, then
//   looks at QUEUED. One of the two sees the other. ∎
// - A thread that has an offer gets no second: the entry stays free. The thread takes its offer,
//   then looks for more. Who frees stores 0, then looks for offers. Suppose the thread's look missed
//   the 0: then it had taken its offer before, so the other sees no offer and makes one. ∎
// - A thread that waits no more says so, then takes offers back. Who offers does so, then looks
//   whether it still waits, and takes the offer back if not. One of the two sees the other. ∎
// - A thread may die between the 0 and its look: recovery looks again (`leaveQueue`).

import {
  CONTROL_QUEUED,
  JOB_OWNER,
  LINE_TURN,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
} from "../core/map.js";
import type { Shared } from "./shared.js";
import { soon } from "./timers.js";
import { Waiters } from "./waiters.js";

const ownerWord = (shared: Shared, index: number) => (shared.job(index) + JOB_OWNER) >> 2;
const queuedWord = (bit: number) => (CONTROL_QUEUED >> 2) + (bit >> 5);
const offerTo = (participant: number) => -participant - 1;

/** The entry that is offered to a participant; −1 if none is. */
function offered(shared: Shared, participant: number): number {
  const offer = offerTo(participant);
  for (let index = 0; index < MAX_JOBS; index++) {
    if (Atomics.load(shared.i32s, ownerWord(shared, index)) === offer) return index;
  }
  return -1;
}

/** Changes an entry's owner; false if it was another. */
function pass(shared: Shared, index: number, from: number, to: number): boolean {
  return Atomics.compareExchange(shared.i32s, ownerWord(shared, index), from, to) === from;
}

function isQueued({ i32s }: Shared, bit: number): boolean {
  return (Atomics.load(i32s, queuedWord(bit)) & (1 << (bit & 31))) !== 0;
}

/** Takes an entry that is free or, if this thread waits, offered; −1 if there is none. */
export function takeEntry(shared: Shared, me: number): number {
  if (isQueued(shared, me - MAX_WORKERS)) {
    const index = offered(shared, me);
    if (index >= 0 && pass(shared, index, offerTo(me), me + 1)) return index;
  }
  for (let index = 0; index < MAX_JOBS; index++) {
    if (pass(shared, index, 0, me + 1)) return index;
  }
  return -1;
}

/** The next thread behind this one, itself last, that waits and has no offer; −1 if none does. */
function nextQueued(shared: Shared): number {
  const word = CONTROL_QUEUED >> 2;
  const { i32s } = shared;
  if (Atomics.load(i32s, word) === 0 && Atomics.load(i32s, word + 1) === 0) return -1;
  for (let step = 1; step <= MAX_SUBMITTERS; step++) {
    const bit = (shared.me - MAX_WORKERS + step) % MAX_SUBMITTERS;
    const participant = MAX_WORKERS + bit;
    if (isQueued(shared, bit) && offered(shared, participant) < 0) return participant;
  }
  return -1;
}

/** Lets an entry go that this thread has, to whom it is the turn of, or to nobody. */
export function passEntry(shared: Shared, index: number): void {
  const { i32s, me } = shared;
  for (;;) {
    const next = nextQueued(shared);
    if (next < 0) {
      Atomics.store(i32s, ownerWord(shared, index), 0);
      if (nextQueued(shared) < 0 || !pass(shared, index, 0, me + 1)) return;
      continue;
    }
    Atomics.store(i32s, ownerWord(shared, index), offerTo(next));
    if (isQueued(shared, next - MAX_WORKERS)) {
      if (next === me) return;
      const turn = (shared.line(next) + LINE_TURN) >> 2;
      Atomics.add(i32s, turn, 1);
      Atomics.notify(i32s, turn);
      return;
    }
    if (!pass(shared, index, offerTo(next), me + 1)) return;
  }
}

function joinQueue({ i32s, me }: Shared): void {
  const bit = me - MAX_WORKERS;
  Atomics.or(i32s, queuedWord(bit), 1 << (bit & 31));
}

/** A participant, which may be a dead one, waits no more: what it was offered goes to others. */
export function leaveQueue(shared: Shared, participant: number): void {
  const { i32s, me } = shared;
  const bit = participant - MAX_WORKERS;
  Atomics.and(i32s, queuedWord(bit), ~(1 << (bit & 31)));
  for (;;) {
    const index = offered(shared, participant);
    if (index < 0) break;
    if (pass(shared, index, offerTo(participant), me + 1)) passEntry(shared, index);
  }
  if (participant === me) return;
  // It may have died between an entry that it freed and its look for who waits.
  for (let index = 0; index < MAX_JOBS && nextQueued(shared) >= 0; index++) {
    if (pass(shared, index, 0, me + 1)) passEntry(shared, index);
  }
}

/** The calls of this thread that wait for a job entry. */
export class Turns {
  readonly #shared: Shared;
  readonly #calls = new Waiters<number>();
  /** Keeps this thread's event loop alive meanwhile. */
  readonly #hold: (by: 1 | -1) => void;
  /** Calls that wait, and loops that do (`join`). */
  #waiting = 0;
  #isArmed = false;
  #isServing = false;
  #isClosed = false;

  constructor(shared: Shared, hold: (by: 1 | -1) => void) {
    this.#shared = shared;
    this.#hold = hold;
  }

  /** An entry for a new call; −1 if none is free, or others were first. */
  takeNow(): number {
    return this.#calls.size > 0 ? -1 : takeEntry(this.#shared, this.#shared.me);
  }

  /** Has `serve` called with an entry when it is its turn; returns what gives the turn up. */
  wait(serve: (index: number) => void): () => void {
    this.join();
    const leave = this.#calls.wait((index) => {
      this.quit();
      serve(index);
    });
    this.#listen();
    return () => {
      if (leave()) this.quit();
    };
  }

  /** For a thread that looks for an entry again and again, and gets no events. It comes first. */
  join(): void {
    if (this.#waiting++ > 0) return;
    this.#hold(1);
    joinQueue(this.#shared);
  }

  quit(): void {
    if (--this.#waiting > 0) return;
    leaveQueue(this.#shared, this.#shared.me);
    this.#hold(-1);
  }

  /** No call waits any more. */
  close(): void {
    this.#isClosed = true;
    Atomics.notify(this.#shared.i32s, this.#word);
  }

  get #word(): number {
    return (this.#shared.line(this.#shared.me) + LINE_TURN) >> 2;
  }

  /** An entry of this thread was let go. */
  freed(): void {
    if (this.#calls.size === 0 || this.#isServing) return;
    this.#isServing = true;
    // Not at once: a loop of this thread that looks for one comes first.
    soon(() => {
      this.#isServing = false;
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#calls.size > 0) {
      const index = takeEntry(this.#shared, this.#shared.me);
      if (index < 0) return;
      this.#calls.serve(index);
    }
  }

  /** Serves what other threads let go. */
  #listen(): void {
    const word = this.#word;
    while (!this.#isArmed && !this.#isClosed) {
      const { i32s } = this.#shared;
      const seen = Atomics.load(i32s, word);
      this.#serve();
      if (this.#calls.size === 0) return;
      const wait = Atomics.waitAsync(i32s, word, seen);
      if (!wait.async) continue;
      this.#isArmed = true;
      void wait.value.then(() => {
        this.#isArmed = false;
        this.#listen();
      });
    }
  }
}
