// One run of a thread's function for replayed.ts, from its start to the operation where it stands:
// what is recorded is handed out again, then what the step may do is done.

import type { ReplayedMemory } from "./replayed-memory.js";
import { Operations, type Run } from "./replayed-operations.js";
import {
  type End,
  type Entry,
  type Frame,
  NOWHERE,
  type Pending,
  type Script,
  type Value,
} from "./replayed-types.js";
import { Broken, Restart } from "./step.js";

/** Accesses of one step: more are a loop. */
const MOST_FUSED = 1_000;
/** Ends a run. */
class Suspended extends Error {}
const SUSPENDED = new Suspended("suspended by the checker: let this error through");

export class Runner<S> implements Run {
  readonly #memory: ReplayedMemory;
  readonly #script: Script<S>;
  readonly #shared: S;
  readonly #operations: Operations;
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
  isFree = true;

  constructor(script: Script<S>, memory: ReplayedMemory) {
    this.#script = script;
    this.#memory = memory;
    this.#operations = new Operations(this, memory);
    this.#shared = script.setup(memory);
  }

  /** Looks at what is left. @throws Broken */
  end(): void {
    this.isFree = true;
    this.#script.under(this.#operations.atomics, () =>
      this.#script.end(this.#shared, this.#operations.hands),
    );
  }

  /**
   * Hands out what is recorded, then does `granted` if there is one, and all up to the next step.
   * `peeks`: does nothing, and says what would come next.
   */
  run(thread: number, frames: readonly Frame[], granted?: string, result = 0, peeks = false): End {
    this.isFree = false;
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
    this.#script.under(this.#operations.atomics, () => {
      try {
        body(this.#shared, this.#operations.hands);
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

  assertGoesOn(): void {
    if (this.#isOver) throw SUSPENDED;
  }

  tell(text: string): void {
    this.#texts.push(text);
  }

  // --- what threads call ------------------------------------------------------------

  /** The recorded entry; undefined if this is not recorded. Throws if the run is over. */
  recorded(asked: string, isCall: boolean): Entry | undefined {
    this.assertGoesOn();
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

  record(asked: string, value: Value, thrown?: Error): void {
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
  mayDo(asked: string, access: number, address: number, more?: Partial<Pending>): number {
    const granted = this.#granted;
    this.#granted = undefined;
    if (granted !== undefined) {
      if (granted !== asked) {
        this.#strayed = true;
        throw SUSPENDED;
      }
    } else if (this.#peeks || !this.#memory.isFused(access, address)) {
      this.#pending = { access, ...NOWHERE, address, asked, ...more };
      if (!this.#peeks) this.guard(() => this.#memory.expect(access, address));
      throw SUSPENDED;
    } else if (++this.#fused > MOST_FUSED) {
      // It may wait for a thread that has not come to that word yet.
      this.guard(() => this.#memory.share(address));
      this.fail("livelock", `${MOST_FUSED} accesses without one that others see`);
    }
    this.guard(() => this.#memory.note(access, address));
    return granted === undefined ? 0 : this.#result;
  }

  /** Keeps what a function may catch. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof Restart) this.#restart = error;
      if (error instanceof Broken) this.#broken = error;
      throw error;
    }
  }

  fail(rule: string, detail: string): never {
    this.#broken = new Broken(rule, detail);
    throw this.#broken;
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

  call<T>(name: string, work: () => T): T {
    const recorded = this.recorded(name, true);
    if (recorded?.thrown !== undefined) throw recorded.thrown;
    if (recorded !== undefined) return recorded.value as T;
    const result = this.#within(name, true, work);
    if ("thrown" in result) {
      this.record(name, undefined, result.thrown);
      throw result.thrown;
    }
    this.record(name, result.value as Value);
    return result.value;
  }

  until(attempt: () => boolean): void {
    if (this.recorded("until", true) !== undefined) return;
    for (let tries = 0; ; tries++) {
      if (tries > MOST_FUSED) this.fail("livelock", `${MOST_FUSED} tries that nobody sees`);
      const result = this.#within("until", false, attempt);
      if ("thrown" in result) throw result.thrown;
      if (result.value) break;
    }
    this.record("until", undefined);
  }
}
