// Is a history of timed operations linearizable: is there one order of them in which each takes
// effect at an instant between its call and its return, and all results are those of a sequential
// model? A pure function; any thread.
//
// J. Wing and C. Gong, Testing and Verifying Concurrent Objects (1993): take any operation that no
// other had to precede, try it on the model, go on, come back if stuck. G. Lowe, Testing for
// Linearizability (2017): never look twice at the same set of operations done in the same state.
// As in A. Athalye's Porcupine, calls and returns stand in one linked list, from which the two of
// an operation are lifted while it counts as done.

export interface Timed<Operation> {
  readonly operation: Operation;
  readonly thread: number;
  readonly call: number;
  /**
   * Undefined: it never returned, and may have taken effect at any time after its call, or not
   * at all. An operation that returned at the instant at which another was called overlaps it.
   */
  readonly returned: number | undefined;
}

export interface Model<State, Operation> {
  readonly initial: State;
  /**
   * What the state may become if `operation` takes effect in it; nothing if it cannot, with the
   * result that it has. Of a pending one the result does not count. Changes nothing.
   */
  step(state: State, operation: Operation, pending: boolean): readonly State[];
  equal(a: State, b: State): boolean;
  /** 32 bits. */
  hash(state: State): number;
}

export type Verdict<State> =
  | { readonly kind: "linearizable"; readonly steps: number; readonly order: readonly number[] }
  | { readonly kind: "undecided"; readonly steps: number }
  | {
      readonly kind: "violation";
      readonly steps: number;
      /** The longest order found, as indices of the history, and the state that it leads to. */
      readonly order: readonly number[];
      readonly state: State;
      /** The operation that had to take effect next at the latest, and could not. */
      readonly stuck: number;
    };

/** Calls and returns in the order of time: the call of operation i is entry i, its return n + i. */
class Entries {
  /** The entry before the first and behind the last. */
  readonly ends: number;
  readonly #next: Int32Array;
  readonly #before: Int32Array;
  readonly #n: number;
  readonly #returns: Uint8Array;

  constructor(history: readonly Timed<unknown>[]) {
    const n = history.length;
    this.#n = n;
    this.ends = 2 * n;
    this.#returns = Uint8Array.from(history, (o) => (o.returned === undefined ? 0 : 1));
    const order: number[] = [];
    for (let i = 0; i < n; i++) {
      order.push(i);
      if (this.#returns[i] === 1) order.push(n + i);
    }
    const time = (entry: number) =>
      (entry < n ? history[entry]?.call : history[entry - n]?.returned) as number;
    // Calls before returns where the times are equal.
    order.sort((a, b) => time(a) - time(b) || Number(a >= n) - Number(b >= n));
    this.#next = new Int32Array(2 * n + 1);
    this.#before = new Int32Array(2 * n + 1);
    let last = this.ends;
    for (const entry of order) {
      this.#link(last, entry);
      last = entry;
    }
    this.#link(last, this.ends);
  }

  #link(a: number, b: number): void {
    this.#next[a] = b;
    this.#before[b] = a;
  }

  next(entry: number): number {
    return this.#next[entry] as number;
  }

  lift(operation: number): void {
    this.#unlink(operation);
    if (this.#returns[operation] === 1) this.#unlink(this.#n + operation);
  }

  /** Undoes the last lift that was not undone. */
  put(operation: number): void {
    if (this.#returns[operation] === 1) this.#relink(this.#n + operation);
    this.#relink(operation);
  }

  #unlink(entry: number): void {
    this.#link(this.#before[entry] as number, this.#next[entry] as number);
  }

  #relink(entry: number): void {
    this.#next[this.#before[entry] as number] = entry;
    this.#before[this.#next[entry] as number] = entry;
  }
}

/** A set of operations that is compared and hashed fast. */
class Done {
  readonly #bits: Uint32Array;
  hash = 0;

  constructor(n: number) {
    this.#bits = new Uint32Array((n + 31) >> 5);
  }

  flip(i: number): void {
    this.#bits[i >> 5] = (this.#bits[i >> 5] as number) ^ (1 << (i & 31));
    let z = Math.imul(i + 1, 0x9e3779b9);
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    this.hash ^= z ^ (z >>> 15);
  }

  copy(): Uint32Array {
    return this.#bits.slice();
  }

  equals(bits: Uint32Array): boolean {
    return this.#bits.every((word, i) => word === bits[i]);
  }
}

/** What was looked at before: a set of operations done and the state that they led to. */
class Seen<State, Operation> {
  readonly #model: Model<State, Operation>;
  readonly #configurations = new Map<number, { bits: Uint32Array; state: State }[]>();

  constructor(model: Model<State, Operation>) {
    this.#model = model;
  }

  /** False if it was there already. */
  add(done: Done, state: State): boolean {
    const hash = done.hash ^ this.#model.hash(state);
    const found = this.#configurations.get(hash);
    if (found === undefined) {
      this.#configurations.set(hash, [{ bits: done.copy(), state }]);
      return true;
    }
    if (found.some((c) => done.equals(c.bits) && this.#model.equal(c.state, state))) return false;
    found.push({ bits: done.copy(), state });
    return true;
  }
}

/** `budget`: steps of the model after which it gives up: "undecided". */
export function check<State, Operation>(
  model: Model<State, Operation>,
  history: readonly Timed<Operation>[],
  budget = 1e6,
): Verdict<State> {
  const n = history.length;
  const entries = new Entries(history);
  const done = new Done(n);
  const seen = new Seen(model);
  /** What was done so far: the operation, the state before it, which of its outcomes was taken. */
  const path: { operation: number; state: State; outcome: number }[] = [];
  const order = () => path.map((p) => p.operation);
  let longest: { order: number[]; state: State; stuck: number } | undefined;
  let state = model.initial;
  let left = history.filter((o) => o.returned !== undefined).length;
  let steps = 0;
  let entry = entries.next(entries.ends);
  let outcome = 0;

  while (left > 0) {
    if (entry < n) {
      const { operation, returned } = history[entry] as Timed<Operation>;
      const outcomes = model.step(state, operation, returned === undefined);
      if (++steps > budget) return { kind: "undecided", steps };
      done.flip(entry);
      while (outcome < outcomes.length && !seen.add(done, outcomes[outcome] as State)) outcome++;
      if (outcome < outcomes.length) {
        path.push({ operation: entry, state, outcome });
        state = outcomes[outcome] as State;
        entries.lift(entry);
        if (returned !== undefined) left--;
        entry = entries.next(entries.ends);
      } else {
        done.flip(entry);
        entry = entries.next(entry);
      }
      outcome = 0;
    } else {
      // A return that nothing can stand behind before its operation took effect.
      if (longest === undefined || path.length > longest.order.length) {
        longest = { order: order(), state, stuck: entry - n };
      }
      const last = path.pop();
      if (last === undefined) return { kind: "violation", steps, ...longest };
      entries.put(last.operation);
      done.flip(last.operation);
      if (history[last.operation]?.returned !== undefined) left++;
      ({ operation: entry, state } = last);
      outcome = last.outcome + 1;
    }
  }
  return { kind: "linearizable", steps, order: order() };
}

/** What had happened by `time`: what was still going on then is pending. */
export function prefix<Operation>(
  history: readonly Timed<Operation>[],
  time: number,
): Timed<Operation>[] {
  return history
    .filter((o) => o.call <= time)
    .map((o) =>
      o.returned !== undefined && o.returned > time ? { ...o, returned: undefined } : o,
    );
}

/**
 * A smaller history that is still wrong, given one that is. Two cuts are sound. Linearizability is
 * closed under prefixes, so the shortest wrong prefix is found by bisection, and its last return
 * is the first that nothing explains. And an operation that changes no state can be left out of any
 * linearizable history, so if it is wrong without, that one is not to blame.
 */
export function smallest<Operation>(
  history: readonly Timed<Operation>[],
  isWrong: (history: readonly Timed<Operation>[]) => boolean,
  observes: (operation: Operation) => boolean,
): Timed<Operation>[] {
  const times = history.flatMap((o) => (o.returned === undefined ? [] : [o.returned]));
  times.sort((a, b) => a - b);
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isWrong(prefix(history, times[middle] as number))) high = middle;
    else low = middle + 1;
  }
  let small = prefix(history, times[low] as number);
  // A prefix too hard to decide counts as right, and then the bisection may end beside its aim.
  if (!isWrong(small)) small = [...history];
  for (const each of small.filter((o) => observes(o.operation))) {
    const without = small.filter((o) => o !== each);
    if (isWrong(without)) small = without;
  }
  return small;
}
