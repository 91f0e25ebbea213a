// What functions that are replayed call (replayed-run.ts): in the place of `Atomics`, and the hands that
// programs use. Each looks first for what is recorded of it.

import type { ReplayedMemory, View } from "./replayed-memory.js";
import { LISTED, LISTS } from "./replayed-memory.js";
import {
  type Entry,
  type Hands,
  LATE,
  type Pending,
  type ReplayedOperations,
  type Value,
} from "./replayed-types.js";
import { AWAIT, NOTIFY, PLAIN, READS, WAIT, WIDE, WRITES } from "./step.js";

const WAIT_RESULTS = ["ok", "not-equal", "timed-out"];

/** What stands for the promise of `waitAsync`. */
class Promised {
  readonly address: number;
  constructor(address: number) {
    this.address = address;
  }
}

type Compute = (old: number | bigint) => number | bigint;

/** The run under way. */
export interface Run {
  /** No thread runs. */
  readonly isFree: boolean;
  /** Throws if nothing more may be done. */
  assertGoesOn(): void;
  /** The recorded entry; undefined if this is not recorded. Throws if the run is over. */
  recorded(asked: string, isCall: boolean): Entry | undefined;
  record(asked: string, value: Value): void;
  /** Does it, or ends the run. @returns the result of a wait or a notify, 0 else. */
  mayDo(asked: string, access: number, address: number, more?: Partial<Pending>): number;
  /** Keeps what a function may catch. */
  guard(work: () => void): void;
  fail(rule: string, detail: string): never;
  /** What was done, in words. */
  tell(text: string): void;
  call<T>(name: string, work: () => T): T;
  until(attempt: () => boolean): void;
}

export class Operations {
  readonly atomics: ReplayedOperations;
  readonly hands: Hands;
  readonly #run: Run;
  readonly #memory: ReplayedMemory;

  constructor(run: Run, memory: ReplayedMemory) {
    this.#run = run;
    this.#memory = memory;
    this.atomics = this.#makeAtomics();
    this.hands = this.#makeHands();
  }

  #access(access: number, asked: string, view: View, index: number, compute: Compute): Value {
    const { address, wide } = this.#memory.locate(view, index);
    const full = access | (wide ? WIDE : 0);
    if (this.#run.isFree) {
      const old = view[index] as number;
      this.#memory.remember(full, address);
      if ((access & WRITES) !== 0) view[index] = compute(old) as number;
      return old;
    }
    const recorded = this.#run.recorded(asked, false);
    if (recorded !== undefined) return recorded.value;
    this.#run.mayDo(asked, full, address);
    const old = view[index] as number;
    if ((access & WRITES) !== 0) view[index] = compute(old) as number;
    const after = view[index] as number;
    const change = (access & WRITES) !== 0 && after !== old ? `: ${old} → ${after}` : ` → ${old}`;
    this.#run.tell(`${asked}${access === WRITES ? "" : change}`);
    // What a store overwrites the thread does not see.
    const value = (access & READS) !== 0 ? old : undefined;
    this.#run.record(asked, value);
    return value;
  }

  #asked(what: string, view: View, index: number, ...operands: (number | bigint)[]): string {
    const { address } = this.#memory.locate(view, index);
    return `${what} ${[this.#memory.name(address), ...operands].join(", ")}`;
  }

  #makeAtomics(): ReplayedOperations {
    const change =
      (what: string, by: (old: never, value: never) => number | bigint) =>
      (view: View, index: number, value: number | bigint) => {
        const asked = this.#asked(what, view, index, value);
        const compute = (old: number | bigint) => by(old as never, value as never);
        return this.#access(READS | WRITES, asked, view, index, compute) as number;
      };
    return {
      load: (view, index) => {
        const asked = this.#asked("load", view, index);
        return this.#access(READS, asked, view, index, (old) => old) as number;
      },
      store: (view, index, value) => {
        const asked = this.#asked("store", view, index, value);
        this.#access(WRITES, asked, view, index, () => value);
        return value;
      },
      exchange: change("exchange", (_, value) => value),
      add: change("add", (old: number, value: number) => old + value),
      sub: change("sub", (old: number, value: number) => old - value),
      and: change("and", (old: number, value: number) => old & value),
      or: change("or", (old: number, value: number) => old | value),
      xor: change("xor", (old: number, value: number) => old ^ value),
      compareExchange: (view, index, expected, value) => {
        const asked = this.#asked("compareExchange", view, index, expected, value);
        const compute = (old: number | bigint) => (old === expected ? value : old);
        return this.#access(READS | WRITES, asked, view, index, compute) as number;
      },
      wait: (view, index, value, timeout) => this.#wait(view, index, value, timeout),
      notify: (view, index, count) => this.#notify(view, index, count),
      waitAsync: (view, index, value) => this.#list(view, index, value),
      pause: () => {
        this.#run.assertGoesOn();
      },
      now: () => {
        const asked = this.#asked("load", this.#memory.clock, 0);
        return this.#access(READS, asked, this.#memory.clock, 0, (old) => old) as number;
      },
      mayBlock: () => true,
    };
  }

  #wait(view: View, index: number, expected: number | bigint, timeout = Infinity): string {
    if (this.#run.isFree) throw new Error("wait outside of threads");
    const asked = this.#asked("wait", view, index, expected);
    const { address, wide } = this.#memory.locate(view, index);
    if (timeout <= 0) {
      // Over before it begins: compares, and does not sleep.
      const found = this.#access(READS, `${asked}, 0 ms`, view, index, (old) => old);
      return found === expected ? "timed-out" : "not-equal";
    }
    const timed = timeout !== Infinity && !Number.isNaN(timeout);
    const full = timed ? `${asked}, timed` : asked;
    const recorded = this.#run.recorded(full, false);
    if (recorded !== undefined) return recorded.value as string;
    const argument = Number(expected) | 0;
    const access = WAIT | (wide ? WIDE : 0);
    const result = this.#run.mayDo(full, access, address, { argument, timed, expected });
    const value = WAIT_RESULTS[result] as string;
    this.#run.tell(`${full} → ${value}`);
    this.#run.record(full, value);
    return value;
  }

  #notify(view: View, index: number, count = Infinity): number {
    if (this.#run.isFree) return 0;
    const asked = this.#asked("notify", view, index, ...(count === Infinity ? [] : [count]));
    const recorded = this.#run.recorded(asked, false);
    if (recorded !== undefined) return recorded.value as number;
    const { address, wide } = this.#memory.locate(view, index);
    const argument = count === Infinity ? -1 : count;
    const woken = this.#run.mayDo(asked, NOTIFY | (wide ? WIDE : 0), address, { argument });
    let total = woken;
    this.#run.guard(() => {
      total += this.#memory.wakeListed(address, count === Infinity);
    });
    this.#run.tell(`${asked} → ${total}`);
    this.#run.record(asked, total);
    return total;
  }

  #list(view: View, index: number, expected: number | bigint) {
    const asked = this.#asked("waitAsync", view, index, expected);
    const { address, wide } = this.#memory.locate(view, index);
    const promise = { async: true, value: new Promised(this.#memory.listOf(address)) };
    const recorded = this.#run.recorded(asked, false);
    const refused = { async: false, value: "not-equal" };
    if (recorded !== undefined) return recorded.value === true ? promise : refused;
    this.#run.mayDo(asked, READS | LISTS | (wide ? WIDE : 0), address);
    const isStill = view[index] === expected;
    if (isStill) this.#run.guard(() => void this.#memory.list(address));
    this.#run.tell(`${asked} → ${isStill ? "listed" : "not-equal"}`);
    this.#run.record(asked, isStill);
    return isStill ? promise : refused;
  }

  #await({ address }: Promised): void {
    const asked = `await ${this.#memory.name(address)}`;
    if (this.#run.recorded(asked, false) !== undefined) return;
    this.#run.mayDo(asked, READS | WRITES | AWAIT, address, { expected: LISTED });
    this.#memory.words[address >> 2] = 0;
    this.#run.tell(asked);
    this.#run.record(asked, undefined);
  }

  #settle(value: unknown): unknown {
    if (value instanceof Promised) return this.#await(value);
    if (Object.prototype.toString.call(value) !== "[object Generator]") return value;
    const generator = value as Generator;
    let step = generator.next();
    while (step.done !== true) {
      try {
        step = generator.next(this.#settle(step.value));
      } catch (error) {
        // Its `finally` clauses run; where it is over, this throws the error again.
        step = generator.throw(error);
      }
    }
    return step.value;
  }

  #makeHands(): Hands {
    return {
      read: (view, index) => {
        const asked = this.#asked("read", view, index);
        return this.#access(READS | PLAIN, asked, view, index, (old) => old) as number;
      },
      write: (view, index, value) => {
        const asked = this.#asked("write", view, index, value);
        this.#access(WRITES | PLAIN, asked, view, index, () => value);
      },
      check: (holds, rule) => {
        if (!this.#run.isFree) this.#run.assertGoesOn();
        if (!holds) this.#run.fail("assertion", rule);
      },
      until: (attempt) => this.#run.until(attempt),
      call: (name, work) => (this.#run.isFree ? work() : this.#run.call(name, work)),
      settle: (value) => this.#settle(value),
      tick: () => void this.atomics.store(this.#memory.clock, 0, LATE),
    };
  }
}
