// What a ring is, one step at a time: the model against which stress/linear.ts checks histories.
//
// The object that core/ring.ts linearizes to is not a queue of push and pop, but this one. Its
// state is two tickets, head and tail, and for the tickets around them whether they are published,
// and whether they are claimed and not yet released.
//
//   reserve → t        if t = tail and the ticket a lap before t is released: tail += 1
//   reserve → full     if tail − head ≥ capacity
//   publish t          if t is reserved
//   claim m → h, n     if h = head and the n ≤ m tickets from h on are published: head += n; and at
//                      an instant before, with head at h, no more than n were, unless n = m
//   claim → 0          if the ticket at head is not published: free, or its producer is not through
//   release t          if t is claimed
//   isEmpty            tail = head, true as well as false
//   isReady → true     if the ticket at head is published; false says nothing: head may move in its
//                      midst
//   size → s           if tail is s above what head was at an earlier instant of the same call
//
// So a reserve that finds neither a free slot nor a full ring (the consumer of the last lap stands
// before its release) has no answer and waits. A claim takes two instants, one at which it sees
// that the next ticket is not published, and one at which it takes those before. So does size:
// pushes and pops between the two make it larger than the ring ever was.

import type { Model, Timed } from "./linearizability.js";

/** As recorded; tickets count from the ring's first. */
export type RingOperation =
  | { readonly kind: "reserve"; readonly ticket: number | "full" }
  | { readonly kind: "publish"; readonly ticket: number; readonly value: number }
  | {
      readonly kind: "claim";
      readonly most: number;
      readonly first: number;
      /** What the claimed slots held; undefined: not read. */
      readonly values: readonly (number | undefined)[];
    }
  | { readonly kind: "release"; readonly ticket: number }
  | { readonly kind: "isEmpty" | "isReady"; readonly result: boolean }
  | { readonly kind: "size"; readonly result: number };

/** What takes effect at one instant. `of`: the operation's place in the history. */
export type RingStep =
  | Exclude<RingOperation, { kind: "size" }>
  | { readonly kind: "seen"; readonly first: number; readonly n: number }
  | { readonly kind: "head"; readonly of: number }
  | { readonly kind: "tail"; readonly of: number; readonly result: number };

export interface RingState {
  readonly head: number;
  readonly tail: number;
  /** Bits of slots: published and not claimed; claimed and not released. */
  readonly published: number;
  readonly claimed: number;
  /** Of each size that is half-way, its place in the history and the head that it saw. */
  readonly sizes: readonly (readonly [number, number])[];
}

/** True if the operation never changes the state. */
export function observes(operation: RingOperation): boolean {
  switch (operation.kind) {
    case "reserve":
      return operation.ticket === "full";
    case "claim":
      return operation.values.length === 0;
    case "publish":
    case "release":
      return false;
    default:
      return true;
  }
}

/** The same history in steps, and of each step the operation that it is of. */
export function stepsOf(history: readonly Timed<RingOperation>[]): {
  steps: Timed<RingStep>[];
  of: number[];
} {
  const steps: Timed<RingStep>[] = [];
  const of: number[] = [];
  for (const [i, timed] of history.entries()) {
    const { operation, returned } = timed;
    const add = (step: RingStep) => {
      steps.push({ ...timed, operation: step });
      of.push(i);
    };
    if (returned === undefined && operation.kind !== "claim" && observes(operation)) continue;
    if (operation.kind === "size") {
      add({ kind: "head", of: i });
      add({ kind: "tail", of: i, result: operation.result });
      continue;
    }
    add(operation);
    if (operation.kind === "claim" && returned !== undefined) {
      const n = operation.values.length;
      if (n > 0 && n < operation.most) add({ kind: "seen", first: operation.first, n });
    }
  }
  return { steps, of };
}

export class RingModel implements Model<RingState, RingStep> {
  readonly initial: RingState = { head: 0, tail: 0, published: 0, claimed: 0, sizes: [] };
  readonly #capacity: number;
  /** What was published, by ticket. */
  readonly #values = new Map<number, number>();

  /** `capacity`: a power of two up to 32. */
  constructor(capacity: number, history: readonly Timed<RingOperation>[]) {
    this.#capacity = capacity;
    for (const { operation } of history) {
      if (operation.kind === "publish") this.#values.set(operation.ticket, operation.value);
    }
  }

  step(state: RingState, step: RingStep, pending: boolean): readonly RingState[] {
    const { head, tail, published, claimed, sizes } = state;
    const only = (holds: boolean) => (holds ? [state] : []);
    switch (step.kind) {
      case "reserve": {
        if (step.ticket === "full" && !pending) return only(this.isFull(state));
        const isNext = pending || step.ticket === tail;
        return isNext && this.isFree(state) ? [{ ...state, tail: tail + 1 }] : [];
      }
      case "publish": {
        const bit = this.#bit(step.ticket);
        const isReserved = step.ticket >= head && step.ticket < tail && (published & bit) === 0;
        return isReserved ? [{ ...state, published: published | bit }] : [];
      }
      case "claim": {
        const ready = this.ready(state);
        if (pending) {
          const most = Math.min(step.most, ready);
          return Array.from({ length: most }, (_, i) => this.#claim(state, i + 1));
        }
        const n = step.values.length;
        if (n === 0) return only(ready === 0);
        return step.first === head && n <= Math.min(ready, step.most) && this.isAsPublished(step)
          ? [this.#claim(state, n)]
          : [];
      }
      case "seen":
        return only(step.first === head && step.n === this.ready(state));
      case "release": {
        const bit = this.#bit(step.ticket);
        const { ticket } = step;
        const isClaimed = ticket < head && ticket >= head - this.#capacity && (claimed & bit) !== 0;
        return isClaimed ? [{ ...state, claimed: claimed & ~bit }] : [];
      }
      case "isEmpty":
        return only((tail === head) === step.result);
      case "isReady":
        return only(!step.result || this.ready(state) > 0);
      case "head":
        return [{ ...state, sizes: [...sizes, [step.of, head] as const] }];
      case "tail": {
        const seen = sizes.find(([of]) => of === step.of);
        if (seen === undefined || tail - seen[1] !== step.result) return [];
        return [{ ...state, sizes: sizes.filter((s) => s !== seen) }];
      }
    }
  }

  #bit(ticket: number): number {
    return 1 << (ticket & (this.#capacity - 1));
  }

  #claim(state: RingState, n: number): RingState {
    let bits = 0;
    for (let i = 0; i < n; i++) bits |= this.#bit(state.head + i);
    const { published, claimed } = state;
    const after = { published: published & ~bits, claimed: claimed | bits };
    return { ...state, ...after, head: state.head + n };
  }

  isFull({ head, tail }: RingState): boolean {
    return tail - head >= this.#capacity;
  }

  /** True if the slot of the next ticket to reserve is released. */
  isFree(state: RingState): boolean {
    return !this.isFull(state) && (state.claimed & this.#bit(state.tail)) === 0;
  }

  /** Published tickets from head on. */
  ready({ head, tail, published }: RingState): number {
    let n = 0;
    while (head + n < tail && (published & this.#bit(head + n)) !== 0) n++;
    return n;
  }

  /** True if each value is what was published at its ticket. */
  isAsPublished({ first, values }: Extract<RingStep, { kind: "claim" }>): boolean {
    return values.every((v, i) => v === undefined || v === this.#values.get(first + i));
  }

  equal(a: RingState, b: RingState): boolean {
    return (
      a.head === b.head &&
      a.tail === b.tail &&
      a.published === b.published &&
      a.claimed === b.claimed &&
      a.sizes.length === b.sizes.length &&
      // Half-way sizes are few, and a different order of them is another state at no harm.
      a.sizes.every(([of, head], i) => of === b.sizes[i]?.[0] && head === b.sizes[i]?.[1])
    );
  }

  hash(state: RingState): number {
    const { head, tail, published, claimed, sizes } = state;
    let hash = Math.imul(head, 0x85ebca6b) ^ Math.imul(tail, 0xc2b2ae35);
    hash ^= Math.imul(published, 0x27d4eb2f) ^ Math.imul(claimed, 0x165667b1);
    for (const [of, seen] of sizes) hash = Math.imul(hash ^ (of + 1), 0x9e3779b1) ^ seen;
    return hash ^ (hash >>> 15);
  }
}
