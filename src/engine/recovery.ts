// After a death: the owner of an engine puts right what a dead worker or a dead submitting thread
// left, and has another worker join. core/recover.ts knows what a thread can leave in the rings;
// here is the rest: who is dead, what was theirs, and the new thread.
//
// Runs in the thread that created the engine. A worker's death is known by its `exit` event, or,
// while this thread waits in `reduceSync` and gets no events, by its tokens (liveness.ts).

import { channel } from "node:diagnostics_channel";
import {
  BLOCK_LOG2,
  CONTROL_CLOSED,
  CONTROL_RECOVERING,
  CONTROL_SUBMITTERS,
  CONTROL_WORKERS,
  JOB_KIND,
  JOB_OWNER,
  JOB_SHIFT,
  JOB_STOP,
  KIND_EXTERNAL_PAIRWISE,
  KIND_PAIRWISE,
  LINE_INCARNATION,
  LINE_RECORD,
  LINE_SCRATCH,
  LINE_STATE,
  LINE_TOKENS,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  MOST_NUMBERS,
  OWES_TASK,
  RECORD_JOB,
  RECORD_TASK,
  RECORD_TRIES,
  RECOVER_AGAIN,
  STATE_DEAD,
  STATE_READY,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { isRead } from "./entry.js";
import { reportError } from "./failure.js";
import type { Liveness } from "./liveness.js";
import { Overdue } from "./overdue.js";
import type { Shared } from "./shared.js";
import { giveEntry, giveLine } from "./submitter.js";
import type { Threads } from "./threads.js";
import { clearTimeout, now, setTimeout } from "./timers.js";

/** Threads that may die of one task before its job is given up. */
const MOST_TRIES = 8;
/** The same for want of memory: a new thread has an empty heap, but filling it takes seconds. */
const MOST_TRIES_OF_MEMORY = 2;
const OUT_OF_MEMORY = "ERR_WORKER_OUT_OF_MEMORY";
/** Starts in a row that may fail before a worker's place is given up for the time being. */
const MOST_STARTS = 3;
/** Until it is tried again while others have theirs: twice as long each time. */
const LATER_MS = 1000;
const MOST_LATER_MS = 60_000;
/** Until a living thread that stands between two steps is looked at again. */
const AGAIN_MS = 1;

const died = channel("ringfold:died");
const recovered = channel("ringfold:recovered");

/** What is published to the channels `ringfold:died` and `ringfold:recovered`. */
export interface DeathMessage {
  /** Participant: a worker's number, or 256 and more for a submitting thread. */
  readonly participant: number;
  /** How many came before in this place. */
  readonly incarnation: number;
  readonly cause: unknown;
  /** Milliseconds from the news of the death until a new worker was ready; `recovered` only. */
  readonly took: number;
}

interface Death {
  readonly participant: number;
  readonly cause: unknown;
  readonly since: number;
  /** Of a submitting thread: where the task ring has to get to before its jobs are over. */
  mark?: bigint;
}

export class Recovery {
  /** Threads that died, and of those the workers whose place was taken. */
  deaths = 0;
  replaced = 0;
  /** Milliseconds of the slowest of these. */
  slowest = 0;
  readonly #shared: Shared;
  readonly #threads: Threads;
  readonly #liveness: Liveness;
  readonly #overdue: Overdue;
  /** Noticed, and not yet put right. */
  readonly #dead = new Map<number, Death>();
  readonly #starts = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** A worker that died had been ready before. */
  #hasRun = false;
  #isProceeding = false;
  /** Called when no worker is left and none can be started. */
  onLost: (error: RingfoldError) => void = () => {};

  constructor(shared: Shared, threads: Threads, liveness: Liveness) {
    this.#shared = shared;
    this.#threads = threads;
    this.#liveness = liveness;
    this.#overdue = new Overdue(shared, threads.stuckAfter);
    threads.onDeath = (me, cause) => this.#notice(me, cause);
    shared.arena.onStuck = (holder) => {
      if (holder < MAX_WORKERS + MAX_SUBMITTERS && this.#liveness.isDead(holder)) {
        shared.arena.recover(holder);
        this.#notice(holder, undefined);
      }
    };
  }

  /** Workers whose place is empty, or whose replacement is not ready. */
  get absent(): number {
    return this.#dead.size + this.#starts.size;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Looks for dead threads that no event told of, and ends those that will not stop. */
  watch(): void {
    const { i32s } = this.#shared;
    this.#overdue.look((me, cause) => void this.#threads.terminate(me, cause));
    for (let me = 0; me < this.#shared.i32(CONTROL_WORKERS); me++) {
      if (this.#threads.isReady(me)) this.#look(me);
    }
    for (let s = 0; s < MAX_SUBMITTERS; s++) {
      const used = Atomics.load(i32s, (CONTROL_SUBMITTERS >> 2) + (s >> 5)) & (1 << (s & 31));
      if (used !== 0 && MAX_WORKERS + s !== this.#shared.me) this.#look(MAX_WORKERS + s);
    }
    this.#proceed();
  }

  #look(participant: number): void {
    if (this.#dead.has(participant) || !this.#liveness.isDead(participant)) return;
    this.#notice(participant, new Error("the thread ended while nobody could be told"));
  }

  /** A death that is certain. */
  #notice(participant: number, cause: unknown): void {
    if (this.#closed || this.#dead.has(participant)) return;
    this.deaths++;
    const { i32s } = this.#shared;
    const line = this.#shared.line(participant);
    const state = Atomics.exchange(i32s, (line + LINE_STATE) >> 2, STATE_DEAD);
    // It had started well, also if this thread waits and was not told.
    if (state === STATE_READY) {
      this.#starts.delete(participant);
      this.#hasRun ||= participant < MAX_WORKERS;
    }
    Atomics.store(i32s, (line + LINE_TOKENS) >> 2, 0);
    const incarnation = Atomics.add(i32s, (line + LINE_INCARNATION) >> 2, 1);
    this.#dead.set(participant, { participant, cause, since: now() });
    if (died.hasSubscribers) died.publish({ participant, incarnation, cause, took: 0 });
    this.#proceed();
  }

  /** Goes on with every death as far as it goes now. */
  #proceed(): void {
    // On its way it may come to what another dead thread holds, and notice that one: see `onStuck`.
    if (this.#isProceeding) return;
    this.#isProceeding = true;
    try {
      for (const death of this.#dead.values()) {
        if (!this.#putRight(death)) continue;
        this.#dead.delete(death.participant);
        if (death.participant < MAX_WORKERS) this.#replace(death);
        else this.#told(death);
      }
    } finally {
      this.#isProceeding = false;
    }
    clearTimeout(this.#timer);
    if (this.#dead.size === 0) return;
    this.#timer = setTimeout(() => this.#proceed(), AGAIN_MS);
  }

  /** False if somebody living has to take a step first. */
  #putRight(death: Death): boolean {
    const { participant } = death;
    const { i32s, arena, core, me } = this.#shared;
    arena.recover(participant);
    if (death.mark === undefined) {
      Atomics.store(i32s, CONTROL_RECOVERING >> 2, 1);
      try {
        this.#giveUpAfter(participant, death.cause);
        if (core.recover(me, participant) === RECOVER_AGAIN) return false;
      } finally {
        Atomics.store(i32s, CONTROL_RECOVERING >> 2, 0);
      }
    }
    if (participant >= MAX_WORKERS) return this.#endJobs(death);
    arena.freeAll(participant + 1);
    return true;
  }

  /** Ends the job of a task that threads keep dying of. */
  #giveUpAfter(participant: number, cause: unknown): void {
    const shared = this.#shared;
    if (shared.core.owes(participant) !== OWES_TASK) return;
    const record = shared.line(participant) + LINE_RECORD;
    const tries = shared.i32(record + RECORD_TRIES) + 1;
    const isOfMemory = (cause as { code?: unknown } | undefined)?.code === OUT_OF_MEMORY;
    if (tries < (isOfMemory ? MOST_TRIES_OF_MEMORY : MOST_TRIES)) return;
    const job = shared.job(shared.i32(record + RECORD_JOB));
    const task = shared.i32(record + RECORD_TASK);
    const kind = shared.i32(job + JOB_KIND);
    const isPairwise = kind === KIND_PAIRWISE || kind === KIND_EXTERNAL_PAIRWISE;
    const block = task * 2 ** shared.i32(job + JOB_SHIFT);
    const what = isPairwise
      ? "took part in pairwise rounds"
      : `ran the blocks from ${block} on (element ${block * 2 ** BLOCK_LOG2})`;
    const error = new RingfoldError(
      "ERR_WORKER_DIED",
      `${tries} worker threads ended while they ${what}, the last by ${String(cause)}: look at what ` +
        "the operator does there, or give the process more memory",
    );
    // What numbers told comes before.
    reportError(shared, job, isPairwise ? MOST_NUMBERS : block, error);
    Atomics.store(shared.i32s, (job + JOB_STOP) >> 2, 1);
  }

  // --- workers ----------------------------------------------------------------------

  #replace(death: Death): void {
    const shared = this.#shared;
    const me = death.participant;
    const line = shared.line(me);
    shared.clearScratch(shared.u32(line + LINE_SCRATCH));
    Atomics.store(shared.i32s, (line + LINE_STATE) >> 2, 0);
    const starts = this.#starts.get(me) ?? 0;
    if (starts < MOST_STARTS) {
      this.#start(death);
    } else if (!this.#isLost(death.cause)) {
      const later = Math.min(MOST_LATER_MS, LATER_MS * 2 ** (starts - MOST_STARTS));
      setTimeout(() => this.#start(death), later).unref();
    }
  }

  #start(death: Death): void {
    const shared = this.#shared;
    if (this.#closed || shared.i32(CONTROL_CLOSED) !== 0) return;
    const me = death.participant;
    const line = shared.line(me);
    this.#starts.set(me, (this.#starts.get(me) ?? 0) + 1);
    const incarnation = shared.i32(line + LINE_INCARNATION);
    this.#threads.startOne(me).then(
      () => {
        if (shared.i32(line + LINE_INCARNATION) === incarnation) this.#starts.delete(me);
        this.replaced++;
        this.slowest = Math.max(this.slowest, now() - death.since);
        this.#told(death);
      },
      // It ended before it was ready: that is a death like others.
      () => {},
    );
  }

  #told({ participant, cause, since }: Death): void {
    if (!recovered.hasSubscribers) return;
    const incarnation = this.#shared.i32(this.#shared.line(participant) + LINE_INCARNATION);
    recovered.publish({ participant, incarnation, cause, took: now() - since });
  }

  /** True, and all is over, if no place has a worker. */
  #isLost(cause: unknown): boolean {
    const workers = this.#shared.i32(CONTROL_WORKERS);
    for (let me = 0; me < workers; me++) {
      if ((this.#starts.get(me) ?? 0) < MOST_STARTS) return false;
    }
    this.onLost(
      new RingfoldError(
        this.#hasRun ? "ERR_WORKER_DIED" : "ERR_START",
        "all worker threads ended and none can be started: close the engine and create another",
        { cause },
      ),
    );
    return true;
  }

  // --- submitting threads ---------------------------------------------------------------

  /** Gives all that a dead submitting thread had back, once no worker can touch it any more. */
  #endJobs(death: Death): boolean {
    const shared = this.#shared;
    const { core, i32s } = shared;
    const owner = death.participant + 1;
    const jobs = [...Array(MAX_JOBS).keys()].filter(
      (index) => Atomics.load(i32s, (shared.job(index) + JOB_OWNER) >> 2) === owner,
    );
    for (const index of jobs) {
      const word = (shared.job(index) + JOB_STOP) >> 2;
      Atomics.store(i32s, word, 1);
      Atomics.notify(i32s, word);
    }
    if (death.mark === undefined) {
      death.mark = core.pushMark(shared.me);
      core.wakeAll();
    }
    const { mark } = death;
    if (!jobs.every((index) => core.isQuiet(index, mark) !== 0)) return false;
    // What it owned is freed by owner, not by job.
    for (const index of jobs) giveEntry(shared, index, () => {});
    Atomics.store(i32s, (shared.line(death.participant) + LINE_STATE) >> 2, 0);
    shared.arena.freeAll(owner, isRead(shared, owner));
    giveLine(shared, death.participant);
    return true;
  }
}
