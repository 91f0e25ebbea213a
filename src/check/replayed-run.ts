// One run of a thread's function for replayed.ts, from its start to the operation where it stands:
// what is recorded is handed out again, then what the step may do is done.

import { LISTED, LISTS, type ReplayedMemory, type View } from "./replayed-memory.js";
import {
  type End,
  type Entry,
  type Frame,
  type Hands,
  LATE,
  NOWHERE,
  type Pending,
  type ReplayedOperations,
  type Script,
  type Value,
} from "./replayed-types.js";
import { AWAIT, Broken, NOTIFY, PLAIN, READS, Restart, WAIT, WIDE, WRITES } from "./step.js";

/** Accesses of one step: more are a loop. */
const MOST_FUSED = 1_000;
const WAIT_RESULTS = ["ok", "not-equal", "timed-out"];
/** Ends a run. */
class Suspended extends Error {}
const SUSPENDED = new Suspended("suspended by the checker: let this error through");

/** What stands for the promise of `waitAsync`. */
class Promised {
  readonly address: number;
  constructor(address: number) {
    this.address = address;
  }
}

type Compute = (old: number | bigint) => number | bigint;

export class Runner<S> {
  readonly #memory: ReplayedMemory;
  readonly #script: Script<S>;
  readonly #shared: S;
  readonly #hands: Hands;
  readonly #operations: ReplayedOperations;
  readonly #entries = new Map<string, Entry>();
  // Of the run under way.
  #frames: { name: string; isCall: boolean; entries: Entry[] }[] = [];
  #cursors: number[] = [];
  #depth = 0;
  /** The operation that the step may do, and what its wait or notify returns. */
  #granted: string | undefined;
  #result = 0;
  #pending: Pending | undefined;
  #broken: Broken | undefined;
  #restart: Restart | undefined;
  #strayed = false;
  /** Nothing is done: only what comes next is looked at. */
  #peeks = false;
  #fused = 0;
  #texts: string[] = [];
  /** No thread runs. */
  #free = true;

  constructor(script: Script<S>, memory: ReplayedMemory) {
    this.#script = script;
    this.#memory = memory;
    this.#hands = this.#makeHands();
    this.#operations = this.#makeOperations();
    this.#shared = script.setup(memory);
  }

  /** Looks at what is left. @throws Broken */
  end(): void {
    this.#free = true;
    this.#script.under(this.#operations, () => this.#script.end(this.#shared, this.#hands));
  }

  /**
   * Hands out what is recorded, then does `granted` if there is one, and all up to the next step.
   * `peeks`: does nothing, and says what would come next.
   */
  run(thread: number, frames: readonly Frame[], granted?: string, result = 0, peeks = false): End {
    this.#free = false;
    this.#frames = frames.map((frame) => ({ ...frame, entries: [...frame.entries] }));
    if (this.#frames.length === 0) this.#frames.push({ name: "", isCall: false, entries: [] });
    this.#cursors = this.#frames.map(() => 0);
    this.#depth = 0;
    this.#granted = granted;
    this.#result = result;
    this.#peeks = peeks;
    this.#pending = undefined;
    this.#broken = undefined;
    this.#strayed = false;
    this.#fused = 0;
    this.#texts = [];
    const body = this.#script.threads[thread] as Script<S>["threads"][number];
    this.#script.under(this.#operations, () => {
      try {
        body(this.#shared, this.#hands);
      } catch (error) {
        if (this.#isOver) return;
        this.#broken = error instanceof Broken ? error : new Broken("error", String(error));
      }
    });
    if (this.#restart !== undefined) throw this.#restart;
    return {
      pending: this.#pending,
      broken: this.#broken,
      strayed: this.#strayed,
      frames: this.#frames,
      texts: this.#texts,
    };
  }

  /** True once nothing more may be done in this run. */
  get #isOver(): boolean {
    if (this.#pending !== undefined || this.#broken !== undefined) return true;
    return this.#strayed || this.#restart !== undefined;
  }

  // --- what threads call ------------------------------------------------------------

  /** The recorded entry; undefined if this is not recorded. Throws if the run is over. */
  #recorded(asked: string, isCall: boolean): Entry | undefined {
    if (this.#isOver) throw SUSPENDED;
    const frame = this.#frames[this.#depth] as Frame;
    const cursor = this.#cursors[this.#depth] as number;
    const entry = frame.entries[cursor];
    const isDeeper = entry === undefined && this.#frames.length > this.#depth + 1;
    const strays =
      entry === undefined
        ? isDeeper && (!isCall || this.#frames[this.#depth + 1]?.name !== asked)
        : entry.asked !== asked;
    if (strays) {
      this.#strayed = true;
      throw SUSPENDED;
    }
    if (entry !== undefined) this.#cursors[this.#depth] = cursor + 1;
    return entry;
  }

  #record(asked: string, value: Value, thrown?: Error): void {
    const text = `${asked} → ${typeof value === "bigint" ? `${value}n` : value}${thrown ?? ""}`;
    let entry = this.#entries.get(text);
    if (entry === undefined) {
      entry = { id: this.#entries.size, asked, value, thrown };
      this.#entries.set(text, entry);
    }
    const { entries } = this.#frames[this.#depth] as { entries: Entry[] };
    entries.push(entry);
    this.#cursors[this.#depth] = entries.length;
  }

  /** Does it, or ends the run. @returns the result of a wait or a notify, 0 else. */
  #mayDo(asked: string, access: number, address: number, more?: Partial<Pending>): number {
    const granted = this.#granted;
    this.#granted = undefined;
    if (granted !== undefined) {
      if (granted !== asked) {
        this.#strayed = true;
        throw SUSPENDED;
      }
    } else if (this.#peeks || !this.#memory.isFused(access, address)) {
      this.#pending = { access, ...NOWHERE, address, asked, ...more };
      if (!this.#peeks) this.#guard(() => this.#memory.expect(access, address));
      throw SUSPENDED;
    } else if (++this.#fused > MOST_FUSED) {
      // It may wait for a thread that has not come to that word yet.
      this.#guard(() => this.#memory.share(address));
      this.#fail("livelock", `${MOST_FUSED} accesses without one that others see`);
    }
    this.#guard(() => this.#memory.note(access, address));
    return granted === undefined ? 0 : this.#result;
  }

  /** Keeps what a function may catch. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof Restart) this.#restart = error;
      if (error instanceof Broken) this.#broken = error;
      throw error;
    }
  }

  #fail(rule: string, detail: string): never {
    this.#broken = new Broken(rule, detail);
    throw this.#broken;
  }

  #access(access: number, asked: string, view: View, index: number, compute: Compute): Value {
    const { address, wide } = this.#memory.locate(view, index);
    const full = access | (wide ? WIDE : 0);
    if (this.#free) {
      const old = view[index] as number;
      this.#memory.remember(full, address);
      if ((access & WRITES) !== 0) view[index] = compute(old) as number;
      return old;
    }
    const recorded = this.#recorded(asked, false);
    if (recorded !== undefined) return recorded.value;
    this.#mayDo(asked, full, address);
    const old = view[index] as number;
    if ((access & WRITES) !== 0) view[index] = compute(old) as number;
    const after = view[index] as number;
    const change = (access & WRITES) !== 0 && after !== old ? `: ${old} → ${after}` : ` → ${old}`;
    this.#texts.push(`${asked}${access === WRITES ? "" : change}`);
    // What a store overwrites the thread does not see.
    const value = (access & READS) !== 0 ? old : undefined;
    this.#record(asked, value);
    return value;
  }

  #asked(what: string, view: View, index: number, ...operands: (number | bigint)[]): string {
    const { address } = this.#memory.locate(view, index);
    return `${what} ${[this.#memory.name(address), ...operands].join(", ")}`;
  }

  #makeOperations(): ReplayedOperations {
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
        if (this.#isOver) throw SUSPENDED;
      },
      now: () => {
        const asked = this.#asked("load", this.#memory.clock, 0);
        return this.#access(READS, asked, this.#memory.clock, 0, (old) => old) as number;
      },
      mayBlock: () => true,
    };
  }

  #wait(view: View, index: number, expected: number | bigint, timeout = Infinity): string {
    if (this.#free) throw new Error("wait outside of threads");
    const asked = this.#asked("wait", view, index, expected);
    const { address, wide } = this.#memory.locate(view, index);
    if (timeout <= 0) {
      // Over before it begins: compares, and does not sleep.
      const found = this.#access(READS, `${asked}, 0 ms`, view, index, (old) => old);
      return found === expected ? "timed-out" : "not-equal";
    }
    const timed = timeout !== Infinity && !Number.isNaN(timeout);
    const full = timed ? `${asked}, timed` : asked;
    const recorded = this.#recorded(full, false);
    if (recorded !== undefined) return recorded.value as string;
    const argument = Number(expected) | 0;
    const access = WAIT | (wide ? WIDE : 0);
    const result = this.#mayDo(full, access, address, { argument, timed, expected });
    const value = WAIT_RESULTS[result] as string;
    this.#texts.push(`${full} → ${value}`);
    this.#record(full, value);
    return value;
  }

  #notify(view: View, index: number, count = Infinity): number {
    if (this.#free) return 0;
    const asked = this.#asked("notify", view, index, ...(count === Infinity ? [] : [count]));
    const recorded = this.#recorded(asked, false);
    if (recorded !== undefined) return recorded.value as number;
    const { address, wide } = this.#memory.locate(view, index);
    const argument = count === Infinity ? -1 : count;
    const woken = this.#mayDo(asked, NOTIFY | (wide ? WIDE : 0), address, { argument });
    let total = woken;
    this.#guard(() => {
      total += this.#memory.wakeListed(address, count === Infinity);
    });
    this.#texts.push(`${asked} → ${total}`);
    this.#record(asked, total);
    return total;
  }

  #list(view: View, index: number, expected: number | bigint) {
    const asked = this.#asked("waitAsync", view, index, expected);
    const { address, wide } = this.#memory.locate(view, index);
    const promise = { async: true, value: new Promised(this.#memory.listOf(address)) };
    const recorded = this.#recorded(asked, false);
    const refused = { async: false, value: "not-equal" };
    if (recorded !== undefined) return recorded.value === true ? promise : refused;
    this.#mayDo(asked, READS | LISTS | (wide ? WIDE : 0), address);
    const isStill = view[index] === expected;
    if (isStill) this.#guard(() => void this.#memory.list(address));
    this.#texts.push(`${asked} → ${isStill ? "listed" : "not-equal"}`);
    this.#record(asked, isStill);
    return isStill ? promise : refused;
  }

  #await({ address }: Promised): void {
    const asked = `await ${this.#memory.name(address)}`;
    if (this.#recorded(asked, false) !== undefined) return;
    this.#mayDo(asked, READS | WRITES | AWAIT, address, { expected: LISTED });
    this.#memory.words[address >> 2] = 0;
    this.#texts.push(asked);
    this.#record(asked, undefined);
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
        if (this.#isOver && !this.#free) throw SUSPENDED;
        if (!holds) this.#fail("assertion", rule);
      },
      until: (attempt) => this.#until(attempt),
      call: (name, work) => (this.#free ? work() : this.#call(name, work)),
      settle: (value) => this.#settle(value),
      tick: () => void this.#operations.store(this.#memory.clock, 0, LATE),
    };
  }

  /** Runs `work` in a frame of its own, which is gone when it returns. */
  #within<T>(name: string, isCall: boolean, work: () => T): { value: T } | { thrown: Error } {
    const depth = ++this.#depth;
    if (this.#frames.length === depth) this.#frames.push({ name, isCall, entries: [] });
    this.#cursors[depth] = 0;
    let result: { value: T } | { thrown: Error };
    try {
      result = { value: work() };
    } catch (error) {
      result = { thrown: error as Error };
    }
    // A function may have caught it.
    if (this.#isOver) throw this.#broken ?? SUSPENDED;
    this.#frames.length = depth;
    this.#depth = depth - 1;
    return result;
  }

  #call<T>(name: string, work: () => T): T {
    const recorded = this.#recorded(name, true);
    if (recorded?.thrown !== undefined) throw recorded.thrown;
    if (recorded !== undefined) return recorded.value as T;
    const result = this.#within(name, true, work);
    if ("thrown" in result) {
      this.#record(name, undefined, result.thrown);
      throw result.thrown;
    }
    this.#record(name, result.value as Value);
    return result.value;
  }

  #until(attempt: () => boolean): void {
    if (this.#recorded("until", true) !== undefined) return;
    for (let tries = 0; ; tries++) {
      if (tries > MOST_FUSED) this.#fail("livelock", `${MOST_FUSED} tries that nobody sees`);
      const result = this.#within("until", false, attempt);
      if ("thrown" in result) throw result.thrown;
      if (result.value) break;
    }
    this.#record("until", undefined);
  }
}
