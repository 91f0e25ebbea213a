// Records histories for stress/linear.ts: threads that play core/record.ts, and what they wrote.
// Host thread only.

import { Worker } from "node:worker_threads";
import {
  CALLED_CLAIM,
  CALLED_IS_EMPTY,
  CALLED_IS_READY,
  CALLED_PUBLISH,
  CALLED_RELEASE,
  CALLED_RESERVE,
  CALLED_SIZE,
  HISTORIES,
  HISTORY_MIXED,
  HISTORY_MOST,
  HISTORY_OPERATIONS,
  HISTORY_PACE,
  HISTORY_PRODUCERS,
  HISTORY_RECORDS,
  HISTORY_SEED,
  HISTORY_SIZE,
  HISTORY_THREADS,
  MOST_VALUES,
  RECORD_ARGUMENT,
  RECORD_BEGUN,
  RECORD_BYTES,
  RECORD_CALL,
  RECORD_CALLED,
  RECORD_CLOCK,
  RECORD_DONE,
  RECORD_RESULT,
  RECORD_RETURN,
  RECORD_TICKET,
  RECORD_VALUES,
  THREAD_RECORDS,
} from "../core/record-map.js";
import type { RingOperation } from "./linear-model.js";
import type { Recorder, RecordModule } from "./linear-thread.js";
import type { Timed } from "./linearizability.js";

/** Histories that are recorded in one go. */
export const HISTORIES_A_BATCH = 16;
/** What modules compiled by core/compile.mjs ask for; HISTORIES_A_BATCH take a third of it. */
const PAGES = 64;
const TICK = 100;
/** Ticks, not milliseconds: a process that was stopped and goes on has not waited. */
const PATIENCE = 20;
/** When a thread was killed, the others are through, or stand still, after this many. */
const CUT_TICK = 5;
const CUT_PATIENCE = 4;

/** What the threads of a history do. */
export interface Script {
  readonly producers: number;
  readonly consumers: number;
  readonly capacityLog2: number;
  /** The ring's first ticket. */
  readonly start: bigint;
  /** Of 16 operations, how many are the other role's. */
  readonly mixed: number;
  /** Pushes, pops and looks a thread. */
  readonly operations: number;
  /** Most tickets of one claim, and of one reservation. */
  readonly most: number;
  readonly seed: number;
  /** Naps a pause, in 32nds; 0: no pauses at all. */
  readonly pace: number;
}

export type Outcome = "done" | "stuck" | { readonly failed: unknown };

const LOOKS = { [CALLED_IS_EMPTY]: "isEmpty", [CALLED_IS_READY]: "isReady" } as const;

export class Recorders {
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  readonly #words = new Int32Array(this.#memory.buffer);
  readonly #longs = new BigInt64Array(this.#memory.buffer);
  readonly #module: WebAssembly.Module;
  readonly #init: RecordModule["recordInit"];
  readonly #count: number;
  #threads: Worker[] = [];
  #ready: Promise<unknown> = Promise.resolve();
  #failure: { readonly failed: unknown } | undefined;

  constructor(module: WebAssembly.Module, threads: number) {
    this.#module = module;
    this.#count = threads;
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#init = (instance.exports as unknown as RecordModule).recordInit;
  }

  /** Throws if a thread cannot start. */
  async start(): Promise<void> {
    const begun = this.#word(RECORD_BEGUN);
    this.#failure = undefined;
    this.#threads = Array.from({ length: this.#count }, (_, me) => {
      const workerData: Recorder = {
        memory: this.#memory,
        module: this.#module,
        me,
        begun,
        histories: HISTORIES_A_BATCH,
      };
      const url = new URL("./linear-thread.js", import.meta.url);
      return new Worker(url, { workerData, execArgv: [] });
    });
    this.#ready = Promise.all(
      this.#threads.map(
        (thread) =>
          new Promise<void>((resolve, reject) => {
            thread.once("online", resolve);
            thread.on("error", (error) => {
              this.#failure ??= { failed: error };
              reject(error);
            });
          }),
      ),
    );
    await this.#ready;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #word(address: number): number {
    return Atomics.load(this.#words, address >> 2);
  }

  #begin(scripts: readonly Script[]): void {
    this.#words.fill(0, HISTORIES >> 2);
    for (const [i, script] of scripts.entries()) {
      const set = (field: number, value: number) => {
        this.#words[(HISTORIES + i * HISTORY_SIZE + field) >> 2] = value;
      };
      this.#init(i, script.capacityLog2, script.start);
      set(HISTORY_THREADS, script.producers + script.consumers);
      set(HISTORY_PRODUCERS, script.producers);
      set(HISTORY_MIXED, script.mixed);
      set(HISTORY_OPERATIONS, script.operations);
      set(HISTORY_MOST, script.most);
      set(HISTORY_SEED, script.seed);
      set(HISTORY_PACE, script.pace);
    }
    Atomics.store(this.#words, RECORD_DONE >> 2, 0);
    Atomics.add(this.#words, RECORD_BEGUN >> 2, 1);
    Atomics.notify(this.#words, RECORD_BEGUN >> 2);
  }

  /** Waits until all threads are through, or for `patience` ticks nothing was called or returned. */
  async #wait(tick: number, patience: number): Promise<Outcome> {
    let clock = Atomics.load(this.#longs, RECORD_CLOCK >> 3);
    for (let still = 0; still < patience; ) {
      const done = this.#word(RECORD_DONE);
      if (done === this.#count) return "done";
      if (this.#failure !== undefined) return this.#failure;
      const woken = Atomics.waitAsync(this.#words, RECORD_DONE >> 2, done, tick);
      const late = woken.async && (await woken.value) === "timed-out";
      const now = Atomics.load(this.#longs, RECORD_CLOCK >> 3);
      if (now !== clock) still = 0;
      else if (late) still++;
      clock = now;
    }
    return "stuck";
  }

  /** Plays all scripts. Unless "done", the threads are to be stopped. */
  play(scripts: readonly Script[]): Promise<Outcome> {
    this.#begin(scripts);
    return this.#wait(TICK, PATIENCE);
  }

  /** The same, but one thread is killed after `delay` ms, and then all the others; starts anew. */
  async playAndKill(scripts: readonly Script[], victim: number, delay: number): Promise<void> {
    this.#begin(scripts);
    await new Promise((resolve) => setTimeout(resolve, delay));
    await this.#threads[victim]?.terminate();
    await this.#wait(CUT_TICK, CUT_PATIENCE);
    await this.stop();
    await this.start();
  }

  /** What the threads of the i-th script wrote. */
  read(i: number, script: Script): Timed<RingOperation>[] {
    const history: Timed<RingOperation>[] = [];
    const records = HISTORIES + i * HISTORY_SIZE + HISTORY_RECORDS;
    for (let thread = 0; thread < script.producers + script.consumers; thread++) {
      const first = records + thread * THREAD_RECORDS * RECORD_BYTES;
      for (let k = 0; k < THREAD_RECORDS; k++) {
        const at = first + k * RECORD_BYTES;
        const call = Number(this.#longs[(at + RECORD_CALL) >> 3]);
        // No time yet: the thread was killed just before the call.
        if (call === 0) break;
        const returned = Number(this.#longs[(at + RECORD_RETURN) >> 3]) || undefined;
        history.push({ thread, call, returned, operation: this.#operation(at, script.start) });
      }
    }
    return history;
  }

  #operation(at: number, start: bigint): RingOperation {
    const word = (field: number) => this.#words[(at + field) >> 2] as number;
    const long = this.#longs[(at + RECORD_TICKET) >> 3] as bigint;
    const first = Number(long - start);
    const result = word(RECORD_RESULT);
    // More than it asked for is wrong whatever they are.
    const count = Math.max(0, Math.min(result, MOST_VALUES));
    const called = word(RECORD_CALLED);
    switch (called) {
      case CALLED_RESERVE:
        return { kind: "reserve", most: word(RECORD_ARGUMENT), first, n: count };
      case CALLED_PUBLISH: {
        const value = word(RECORD_ARGUMENT);
        return {
          kind: "publish",
          first,
          values: Array.from({ length: count }, (_, k) => value + k),
        };
      }
      case CALLED_CLAIM: {
        const values = Array.from(
          { length: count },
          (_, k) => word(RECORD_VALUES + 4 * k) || undefined,
        );
        return { kind: "claim", most: word(RECORD_ARGUMENT), first, values };
      }
      case CALLED_RELEASE:
        return { kind: "release", first, n: word(RECORD_ARGUMENT) };
      case CALLED_SIZE:
        return { kind: "size", result: Number(long) };
      case CALLED_IS_EMPTY:
      case CALLED_IS_READY:
        return { kind: LOOKS[called], result: result !== 0 };
      default:
        throw new Error(`${called} is no operation`);
    }
  }
}
