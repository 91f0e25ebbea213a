// A drill: a memory without an engine, rings and gates on it (core/drill-map.ts), and threads that
// drive them (drill-thread.ts). Used by the scenarios `torture`, `park` and `throughput`, on the
// thread that runs them. A drill ends within bounds whatever the core does: who makes no progress
// is terminated.

import { Worker } from "node:worker_threads";
import {
  BURST_OVER,
  BURST_TAKEN,
  DRILL_ENDED,
  DRILL_SLOTS,
  DRILL_STOP,
  DRILL_THREADS,
  LINK_GATE,
  LINK_RING,
  LINK_SIZE,
  LINKS,
  NOTE_BEGAN,
  NOTE_INDEX,
  NOTE_LAST,
  NOTE_PRODUCER,
  NOTE_RULE,
  NOTE_SIZE,
  NOTE_TICKET,
  NOTE_WRONG,
  NOTES,
  RULE_ORDER,
  RULE_TWICE,
  RULE_WHOLE,
  RULE_WOKEN,
  TIMES,
  TIMES_SIZE,
} from "../core/drill-map.js";
import {
  GATE_WAITING,
  RING_HEAD,
  RING_MASK,
  RING_SHIFT,
  RING_SLOTS,
  RING_TAIL,
  SLOT_SEQ,
  SLOT_SHIFT,
} from "../core/map.js";
import { Barrier, type BarrierObject } from "../sync/index.js";
import { type DrillCore, instantiate } from "./drill-core.js";
import { Times } from "./times.js";

/** What a thread shall do; drill-thread.ts has the programs. */
export type Task =
  | {
      program: "produce";
      at: number;
      producer: number;
      items: number;
      batch: number;
      looks: number;
    }
  | {
      program: "consume";
      at: number;
      map: number;
      part: number;
      producers: number;
      batch: number;
      looks: number;
    }
  | { program: "pass"; from: number; to: number; pause: number }
  | { program: "trickle" | "drain" | "hold"; link: number; pause: number }
  | { program: "burst"; link: number; most: number; pause: number }
  | {
      program: "send";
      link: number;
      first: number;
      items: number;
      every: number;
      batch: number;
      looks: number;
    }
  | {
      program: "sendPaced";
      link: number;
      items: number;
      /** Nanoseconds between two items of this producer. */
      period: number;
      looks: number;
    }
  | { program: "receive"; link: number; batch: number; producers: number; looks: number };

/** What the host tells a thread. */
export interface Order {
  readonly task: Task;
  /** Where all threads of the round begin; undefined for one that comes later. */
  readonly start: BarrierObject | undefined;
  readonly seed: number;
}

/** How a round ended: all threads by themselves; or they were terminated, and why. */
export type Outcome = "done" | "stalled" | "aborted" | { readonly error: Error };

export interface Watch {
  readonly signal: AbortSignal;
  /** Milliseconds after which producers are asked to end. */
  readonly limit: number;
  /** Changes as long as something gets on. */
  progress(): bigint;
  /** Called about ten times a second. */
  sample(): void;
}

/** Milliseconds without progress after which threads are taken to hang, if so many looks agree. */
export const STALL = 2000;
const STALL_LOOKS = 25;
/** Milliseconds that threads have to come to the start line. */
const START = 20_000;
const LOOK = 25;
const SAMPLE = 100;
/** Milliseconds that threads have to end by themselves after an abort. */
const GRACE = 60;

const PAGE = 65536;

class Thread {
  readonly worker: Worker;
  /** Resolves when the task that runs is over; rejects when the thread fails. */
  over: Promise<number> = Promise.resolve(0);
  #settle: { resolve(result: number): void; reject(error: Error): void } | undefined;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, me: number) {
    this.worker = new Worker(new URL("./drill-thread.js", import.meta.url), {
      workerData: { module, memory, me },
      execArgv: [],
    });
    this.worker.on("message", (result: number) => this.#settle?.resolve(result));
    this.worker.on("error", (error: Error) => this.#settle?.reject(error));
  }

  /** It was terminated: nobody shall wait for it. */
  leave(): void {
    this.#settle?.resolve(0);
  }

  start(order: Order): void {
    this.over = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // A failure before anybody awaits it must not end the process.
    this.over.catch(() => {});
    this.worker.postMessage(order);
  }
}

export class Drill {
  readonly memory = new WebAssembly.Memory({
    initial: 64,
    maximum: 65536,
    shared: true,
  });
  readonly core: DrillCore;
  readonly #module: WebAssembly.Module;
  readonly #threads: Thread[] = [];
  /** What each thread's last task returned: items put, of a producer. */
  readonly results: number[] = [];
  #links: readonly number[] = [];
  #words: Int32Array;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    this.core = instantiate(module, this.memory) as unknown as DrillCore;
    this.#words = new Int32Array(this.memory.buffer);
  }

  /**
   * Makes `links` empty links, their rings' next tickets `ticket` and their slots of 2^`shift` bytes;
   * returns where they are.
   */
  link(links: number, capacity: number, ticket: bigint, shift = SLOT_SHIFT): number[] {
    const end = DRILL_SLOTS + links * (capacity << shift);
    this.#grow(end);
    const at = Array.from({ length: links }, (_, i) => LINKS + i * LINK_SIZE);
    for (const [i, link] of at.entries()) {
      this.#words.fill(0, link >> 2, (link + LINK_SIZE) >> 2);
      const slots = DRILL_SLOTS + i * (capacity << shift);
      this.core.init(link + LINK_RING, slots, Math.log2(capacity), shift, ticket, capacity);
    }
    this.#links = at;
    return at;
  }

  /** A cleared map of `bytes` bytes behind the slots of one link. */
  map(capacity: number, bytes: number): number {
    const at = DRILL_SLOTS + (capacity << SLOT_SHIFT);
    this.#grow(at + bytes);
    this.core.clear(at, bytes);
    return at;
  }

  #grow(end: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
    this.#words = new Int32Array(this.memory.buffer);
  }

  /**
   * Has tasks run, thread i the i-th, from one start line, and watches them. `prepare` is called
   * before they begin, when what the last round noted is gone.
   */
  async run(
    tasks: readonly Task[],
    seed: number,
    watch: Watch,
    prepare: () => void = () => {},
  ): Promise<Outcome> {
    if (tasks.length > DRILL_THREADS) throw new RangeError("too many threads for a drill");
    const words = this.#words;
    words.fill(0, NOTES >> 2, (NOTES + DRILL_THREADS * NOTE_SIZE) >> 2);
    words.fill(0, TIMES >> 2, (TIMES + tasks.length * TIMES_SIZE) >> 2);
    for (let me = 0; me < tasks.length; me++) {
      words.fill(
        -1,
        (NOTES + me * NOTE_SIZE + NOTE_LAST) >> 2,
        (NOTES + (me + 1) * NOTE_SIZE) >> 2,
      );
    }
    for (const at of [DRILL_STOP, DRILL_ENDED, BURST_TAKEN, BURST_OVER]) {
      words[at >> 2] = 0;
    }
    prepare();
    const start = Barrier.init(tasks.length);
    for (const [me, task] of tasks.entries()) {
      this.#threads[me] ??= new Thread(this.#module, this.memory, me);
      this.#start(me, task, start, seed);
    }
    return this.#watch(tasks.length, watch);
  }

  #start(me: number, task: Task, start: BarrierObject | undefined, seed: number): void {
    const order: Order = { task, start, seed: (seed + me * 0x9e3779b9) | 1 };
    this.#threads[me]?.start(order);
  }

  async #watch(threads: number, watch: Watch): Promise<Outcome> {
    let began = performance.now();
    let starts = true;
    let over: Outcome | undefined;
    const ended = this.#allOver(threads).then((outcome) => {
      over = outcome;
    });
    let seen = watch.progress();
    let looks = 0;
    let since = began;
    let sampled = began;
    while (over === undefined) {
      await Promise.race([ended, pause(LOOK)]);
      const time = performance.now();
      if (over !== undefined) break;
      if (watch.signal.aborted) {
        this.stop();
        await Promise.race([ended, pause(GRACE)]);
        over ??= "aborted";
        break;
      }
      if (starts) {
        // Threads that start on a busy machine have longer than threads that run.
        starts = this.#isAnyAway(threads) && time - began < START;
        if (!starts) began = time;
        since = time;
        continue;
      }
      if (time - began > watch.limit) this.stop();
      if (time - sampled >= SAMPLE) {
        sampled = time;
        watch.sample();
      }
      const progress = watch.progress();
      if (progress !== seen) {
        seen = progress;
        since = time;
        looks = 0;
      } else if (++looks > STALL_LOOKS && time - since > STALL) {
        over = "stalled";
      }
    }
    if (over !== "done") await this.close();
    return over;
  }

  /** A thread has not passed the start line. */
  #isAnyAway(threads: number): boolean {
    for (let me = 0; me < threads; me++) if (this.note64(me, NOTE_BEGAN) === 0n) return true;
    return false;
  }

  async #allOver(threads: number): Promise<Outcome> {
    try {
      await Promise.all(Array.from({ length: threads }, (_, me) => this.#over(me)));
      return "done";
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** A thread may be replaced meanwhile: what counts is the task that it has at last. */
  async #over(me: number): Promise<void> {
    for (let task: Promise<number> | undefined; task !== this.#threads[me]?.over; ) {
      task = this.#threads[me]?.over;
      this.results[me] = (await task) ?? 0;
    }
  }

  /** Asks producers to end, and wakes all who sleep. */
  stop(): void {
    Atomics.store(this.#words, DRILL_STOP >> 2, 1);
    for (const link of this.#links) this.core.wakeAll(link);
    for (const at of [BURST_TAKEN, BURST_OVER]) Atomics.notify(this.#words, at >> 2);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, DRILL_STOP >> 2) !== 0;
  }

  /**
   * Terminates thread `me` while its round runs and puts another in its place, with that task;
   * `clean` is called in between. Then all are woken: the dead one may have swallowed a wake-up.
   */
  async replace(me: number, task: Task, seed: number, clean: () => void): Promise<void> {
    const old = this.#threads[me];
    if (old === undefined) return;
    await old.worker.terminate();
    // The drill was closed meanwhile.
    if (this.#threads[me] !== old) return;
    clean();
    for (const link of this.#links) {
      this.core.cancel(link + LINK_GATE, me);
      this.core.wakeAll(link);
    }
    this.#threads[me] = new Thread(this.#module, this.memory, me);
    this.#start(me, task, undefined, seed);
    old.leave();
  }

  note(me: number, field: number): number {
    return Atomics.load(this.#words, (NOTES + me * NOTE_SIZE + field) >> 2);
  }

  setNote(me: number, field: number, value: number): void {
    Atomics.store(this.#words, (NOTES + me * NOTE_SIZE + field) >> 2, value);
  }

  /** A 64-bit field of a thread's note. */
  note64(me: number, field: number): bigint {
    return Atomics.load(
      new BigInt64Array(this.memory.buffer),
      (NOTES + me * NOTE_SIZE + field) >> 3,
    );
  }

  /** Sum of a 64-bit field over threads. */
  total(field: number, threads: number): number {
    let sum = 0;
    for (let me = 0; me < threads; me++) sum += Number(this.note64(me, field));
    return sum;
  }

  head(link: number): bigint {
    return Atomics.load(new BigInt64Array(this.memory.buffer), (link + RING_HEAD) >> 3);
  }

  tail(link: number): bigint {
    return Atomics.load(new BigInt64Array(this.memory.buffer), (link + RING_TAIL) >> 3);
  }

  /** Tickets that moved at all links: it changes as long as something gets on. */
  progress(): bigint {
    return this.#links.reduce((sum, link) => sum + this.head(link) + this.tail(link), 0n);
  }

  /** Nothing is in the ring. */
  idle(link: number): boolean {
    return this.head(link) === this.tail(link);
  }

  /** Where a ring stands, for a report: its tickets, and the next slots' words. */
  describe(link: number): string {
    const head = this.head(link);
    const words = this.#words;
    const word = (field: number) => words[(link + LINK_RING + field) >> 2] as number;
    const mask = word(RING_MASK);
    const seqs = [0, 1, 2, 3].slice(0, mask + 1).map((k) => {
      const slot = Number(BigInt.asUintN(32, head + BigInt(k))) & mask;
      const at = word(RING_SLOTS) + (slot << word(RING_SHIFT));
      return (words[(at + SLOT_SEQ) >> 2] as number) >>> 0;
    });
    return `head ${head}, tail ${this.tail(link)}, capacity ${mask + 1}, seq from head on: ${seqs.join(" ")}`;
  }

  /** The bits of a gate's waiters. */
  waiting(link: number): bigint {
    const masks = new BigInt64Array(this.memory.buffer, link + LINK_GATE + GATE_WAITING, 4);
    return masks.reduce((all, mask) => all | mask, 0n);
  }

  /** The first broken rule that a thread noted, and what it saw. */
  complaint(threads: number): { rule: string; detail: string } | undefined {
    for (let me = 0; me < threads; me++) {
      const wrong = this.note(me, NOTE_WRONG);
      if (wrong === 0) continue;
      const rule = RULES[this.note(me, NOTE_RULE)] ?? "rules of this drill";
      const detail =
        `thread ${me} saw it ${wrong} times, first at ticket ${this.note64(me, NOTE_TICKET)}` +
        `, item ${this.note(me, NOTE_INDEX)} of producer ${this.note(me, NOTE_PRODUCER)}`;
      return { rule, detail };
    }
    return undefined;
  }

  /** Times that threads recorded in this round. */
  times(threads: number): Times {
    const times = new Times();
    for (let me = 0; me < threads; me++) times.add(this.memory.buffer, me);
    return times;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.worker.terminate()));
  }
}

const RULES: Readonly<Record<number, string>> = {
  [RULE_WHOLE]: "an item is taken as it was put (checksum over producer, index, ticket)",
  [RULE_ORDER]: "a consumer takes the items of a producer in their order",
  [RULE_TWICE]: "every item exactly once",
  [RULE_WOKEN]: "no wait times out with work ready",
};

/** Resolves after `ms`, or when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
