// What a ring is, one step at a time: the model against which stress/linear.ts checks histories.
//
// The object that core/ring.ts linearizes to is not a queue of push and pop, but this one. Its
// state is two tickets, head and tail, and for the tickets around them whether they are published,
// and whether they are claimed and not yet released.
//
//   reserve m → t, n   if t = tail and the n ≤ m tickets a lap before those from t on are released:
//                      tail += n; and at an instant before, with tail at t, no more than n were,
//                      unless n = m
//   reserve → full     if tail − head ≥ capacity
//   publish t, n       if the n tickets from t on are reserved; all at one instant
//   claim m → h, n     if h = head and the n ≤ m tickets from h on are published: head += n; and at
//                      an instant before, with head at h, no more than n were, unless n = m
//   claim → 0          if the ticket at head is not published: free, or its producer is not through
//   release t, n       if the n tickets from t on are claimed; all at one instant
//   isEmpty            tail = head, true as well as false
//   isReady → true     if the ticket at head is published; false says nothing: head may move in its
//                      midst
//   size → s           if tail is s above what head was at an earlier instant of the same call
//
// So a reserve that finds neither a free slot nor a full ring (the consumer of the last lap stands
// before its release) has no answer and waits. A claim takes two instants, one at which it sees
// that the next ticket is not published, and one at which it takes those before. So does a reserve
// of many, and so does size: pushes and pops between the two make it larger than the ring ever was.

import type { Model, Timed } from "./linearizability.js";

/** As recorded; tickets count from the ring's first. */
export type RingOperation =
  /** `n` 0: full. */
  | { readonly kind: "reserve"; readonly most: number; readonly first: number; readonly n: number }
  | { readonly kind: "publish"; readonly first: number; readonly values: readonly number[] }
  | {
      readonly kind: "claim";
      readonly most: number;
      readonly first: number;
      /** What the claimed slots held; undefined: not read. */
      readonly values: readonly (number | undefined)[];
    }
  | { readonly kind: "release"; readonly first: number; readonly n: number }
  | { readonly kind: "isEmpty" | "isReady"; readonly result: boolean }
  | { readonly kind: "size"; readonly result: number };

/** What takes effect at one instant. `of`: the operation's place in the history. */
export type RingStep =
  | Exclude<RingOperation, { kind: "size" }>
  | { readonly kind: "seen" | "seenFree"; readonly first: number; readonly n: number }
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
      return operation.n === 0;
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
    const takes = operation.kind === "claim" || operation.kind === "reserve";
    if (returned === undefined && !takes && observes(operation)) continue;
    if (operation.kind === "size") {
      add({ kind: "head", of: i });
      add({ kind: "tail", of: i, result: operation.result });
      continue;
    }
    add(operation);
    if (!takes || returned === undefined) continue;
    const { first, most } = operation;
    const n = operation.kind === "claim" ? operation.values.length : operation.n;
    const kind = operation.kind === "claim" ? "seen" : "seenFree";
    if (n > 0 && n < most) add({ kind, first, n });
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
      if (operation.kind !== "publish") continue;
      for (const [i, v] of operation.values.entries()) this.#values.set(operation.first + i, v);
    }
  }

  step(state: RingState, step: RingStep, pending: boolean): readonly RingState[] {
    const { head, tail, published, claimed, sizes } = state;
    const only = (holds: boolean) => (holds ? [state] : []);
    switch (step.kind) {
      case "reserve": {
        const free = this.free(state);
        const reserved = (n: number) => ({ ...state, tail: tail + n });
        if (pending) {
          const most = Math.min(step.most, free);
          return Array.from({ length: most }, (_, i) => reserved(i + 1));
        }
        if (step.n === 0) return only(this.isFull(state));
        const isNext = step.first === tail && step.n <= Math.min(free, step.most);
        return isNext ? [reserved(step.n)] : [];
      }
      case "publish": {
        const bits = this.#bits(step.first, step.values.length);
        const isReserved = step.first >= head && step.first + step.values.length <= tail;
        return isReserved && (published & bits) === 0
          ? [{ ...state, published: published | bits }]
          : [];
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
      case "seenFree":
        return only(step.first === tail && step.n === this.free(state));
      case "release": {
        const { first, n } = step;
        const bits = this.#bits(first, n);
        const isPast = first + n <= head && first >= head - this.#capacity;
        return isPast && (claimed & bits) === bits ? [{ ...state, claimed: claimed & ~bits }] : [];
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

  #bits(first: number, n: number): number {
    let bits = 0;
    for (let i = 0; i < n; i++) bits |= this.#bit(first + i);
    return bits;
  }

  #claim(state: RingState, n: number): RingState {
    const bits = this.#bits(state.head, n);
    const { published, claimed } = state;
    const after = { published: published & ~bits, claimed: claimed | bits };
    return { ...state, ...after, head: state.head + n };
  }

  isFull({ head, tail }: RingState): boolean {
    return tail - head >= this.#capacity;
  }

  /** Tickets from tail on whose slots are released. */
  free({ head, tail, claimed }: RingState): number {
    let n = 0;
    while (tail + n - head < this.#capacity && (claimed & this.#bit(tail + n)) === 0) n++;
    return n;
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
