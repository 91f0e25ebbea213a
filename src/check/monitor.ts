// Whether what the operations of a ring return is linearizable, told while a program is explored: a
// state of the monitor holds every way in which the operations so far may have taken effect, one
// after the other, each between its call and its return. A return that fits none of them breaks the
// check. States are numbered, so that one of them is a number in the checker's state.
//
// The sequential ring is that of stress/linear-model.ts: tickets, and for each slot whether it is
// published, or claimed and not released.

import {
  CALLED_CLAIM,
  CALLED_PUBLISH,
  CALLED_RELEASE,
  CALLED_RESERVE,
} from "../core/record-map.js";
import { Broken, type Outcome } from "./step.js";

/** One way: the ring, and of each thread's operation under way what it will have returned. */
interface Way {
  readonly head: number;
  readonly tail: number;
  /** Bits of slots. */
  readonly published: number;
  readonly claimed: number;
  /** By thread: undefined, it took no effect yet; else its result. */
  readonly results: readonly (number | undefined)[];
  /** By thread: what a claim or a reservation saw at an earlier instant, first << 8 | n; −1: none. */
  readonly seen: readonly number[];
}

interface State {
  readonly ways: readonly Way[];
  /** By thread: the operation called, and whether its first step is taken. */
  readonly calls: readonly (readonly [what: number, argument: number] | undefined)[];
  readonly begun: readonly boolean[];
}

const NAMES = new Map([
  [CALLED_RESERVE, "reserve"],
  [CALLED_PUBLISH, "publish"],
  [CALLED_CLAIM, "claim"],
  [CALLED_RELEASE, "release"],
]);

export class Monitor {
  readonly #capacity: number;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #next = new Map<number, number>();

  constructor(capacity: number, threads: number) {
    this.#capacity = capacity;
    const none = Array.from({ length: threads }, () => undefined);
    const way: Way = {
      head: 0,
      tail: 0,
      published: 0,
      claimed: 0,
      results: none,
      seen: none.map(() => -1),
    };
    this.#number({ ways: [way], calls: none, begun: none.map(() => false) });
  }

  /** What a step told: an operation under way takes its first step with it, if not before. */
  step(state: number, thread: number, { id, events }: Outcome): number {
    const s = this.#states[state] as State;
    const begins = s.calls[thread] !== undefined && !s.begun[thread];
    if (!begins && events.length === 0) return state;
    // Outcomes are of one thread each.
    const key = state * 2 ** 24 + id;
    let next = this.#next.get(key);
    if (next === undefined) {
      let now = begins ? this.#begin(s, thread) : s;
      for (const { what, value } of events) {
        now =
          what === undefined ? this.#return(now, thread, value) : call(now, thread, what, value);
      }
      next = this.#number(now);
      this.#next.set(key, next);
    }
    return next;
  }

  #begin(s: State, thread: number): State {
    const begun = s.begun.with(thread, true);
    return { ...s, begun, ways: this.#close(s.ways, s.calls, begun) };
  }

  #return(before: State, thread: number, result: number): State {
    // It may have had no step that others see.
    const s = before.begun[thread] ? before : this.#begin(before, thread);
    const ways = s.ways
      .filter((way) => way.results[thread] === result)
      .map((way) => ({
        ...way,
        results: way.results.with(thread, undefined),
        seen: way.seen.with(thread, -1),
      }));
    if (ways.length === 0) {
      const [what, argument] = s.calls[thread] as readonly [number, number];
      const results = [...new Set(s.ways.map((way) => way.results[thread]))];
      const may = results
        .sort((a, b) => Number(a) - Number(b)) // undefined comes last
        .map((one) => (one === undefined ? "have no effect yet" : `return ${one}`));
      throw new Broken(
        "not linearizable",
        `${NAMES.get(what)}(${argument}) returned ${result}; it could ${may.join(" or ")}`,
      );
    }
    const calls = s.calls.with(thread, undefined);
    return { ways: unique(ways), calls, begun: s.begun.with(thread, false) };
  }

  #number(state: State): number {
    const key = JSON.stringify(state);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** All that may have taken effect by now. */
  #close(ways: readonly Way[], calls: State["calls"], begun: readonly boolean[]): Way[] {
    const all = new Map(ways.map((way) => [JSON.stringify(way), way]));
    for (const way of all.values()) {
      for (let thread = 0; thread < calls.length; thread++) {
        const call = calls[thread];
        if (call === undefined || !begun[thread] || way.results[thread] !== undefined) continue;
        for (const next of this.#effects(way, thread, call[0], call[1])) {
          const key = JSON.stringify(next);
          if (!all.has(key)) all.set(key, next);
        }
      }
    }
    return [...all.values()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  #bit(ticket: number): number {
    return 1 << (ticket & (this.#capacity - 1));
  }

  #bits(first: number, n: number): number {
    let bits = 0;
    for (let i = 0; i < n; i++) bits |= this.#bit(first + i);
    return bits;
  }

  /**
   * Takes a prefix of the n tickets that are there from `first` on: all that it may take, or those
   * that were all at an earlier instant of the call. More may be there by now.
   */
  #prefixes(
    way: Way,
    thread: number,
    first: number,
    n: number,
    most: number,
    take: (n: number) => Partial<Way>,
  ): Way[] {
    const { results, seen } = way;
    const next: Way[] = [];
    const now = (first << 8) | n;
    if (n < most && seen[thread] !== now) next.push({ ...way, seen: seen.with(thread, now) });
    for (let k = 1; k <= Math.min(n, most); k++) {
      if (k < most && k !== n && seen[thread] !== ((first << 8) | k)) continue;
      next.push({ ...way, ...take(k), results: results.with(thread, (first << 8) | k) });
    }
    return next;
  }

  /** What a thread's operation may do to the ring now. */
  #effects(way: Way, thread: number, what: number, argument: number): Way[] {
    const { head, tail, published, claimed, results } = way;
    const with_ = (result: number, change: Partial<Way> = {}): Way => ({
      ...way,
      ...change,
      results: results.with(thread, result),
    });
    switch (what) {
      case CALLED_RESERVE: {
        const isFree = (n: number) =>
          tail + n - head < this.#capacity && (claimed & this.#bit(tail + n)) === 0;
        let free = 0;
        while (isFree(free)) free++;
        if (free === 0) return tail - head >= this.#capacity ? [with_(-1)] : [];
        return this.#prefixes(way, thread, tail, free, argument, (n) => ({ tail: tail + n }));
      }
      case CALLED_PUBLISH:
        return [with_(0, { published: published | this.#bits(argument >> 8, argument & 255) })];
      case CALLED_RELEASE:
        return [with_(0, { claimed: claimed & ~this.#bits(argument >> 8, argument & 255) })];
      case CALLED_CLAIM: {
        let ready = 0;
        while (head + ready < tail && (published & this.#bit(head + ready)) !== 0) ready++;
        if (ready === 0) return [with_(-1)];
        return this.#prefixes(way, thread, head, ready, argument, (n) => {
          const bits = this.#bits(head, n);
          return { head: head + n, published: published & ~bits, claimed: claimed | bits };
        });
      }
      default:
        return [];
    }
  }
}

function call(s: State, thread: number, what: number, argument: number): State {
  const calls = s.calls.with(thread, [what, argument] as const);
  return { ways: s.ways, calls, begun: s.begun.with(thread, false) };
}

function unique(ways: readonly Way[]): Way[] {
  return [...new Map(ways.map((way) => [JSON.stringify(way), way])).values()];
}
