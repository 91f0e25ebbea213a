// One submitting thread: its line, its result ring, the jobs it has under way.
// Answers come through the ring; a thread that may wait helps (`wait`), one
// that may not is woken by `Atomics.waitAsync` on its gate.

import {
  CONTROL_CLOSED,
  CONTROL_OWNER,
  CONTROL_RECOVERING,
  CONTROL_SUBMITTERS,
  GATE_EPOCH,
  JOB_ARRIVALS,
  JOB_EPOCH,
  JOB_OWNER,
  JOB_STOP,
  JOB_STREAMED,
  LINE_EPOCH,
  LINE_GATE,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_SCRATCH,
  LINE_STATE,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_TASK,
  RETURN_ANSWER,
  RETURN_EXTERNAL,
  RETURN_TIMEOUT,
  RING_SIZE,
  SCRATCH_SIZE,
  SLOT_SHIFT,
  STATE_READY,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { type Entry, fillEntry, isRead, type JobSpec, type Running } from "./entry.js";
import { External } from "./external.js";
import { dropErrors } from "./failure.js";
import { Listener } from "./listener.js";
import { Liveness } from "./liveness.js";
import type { Shared } from "./shared.js";
import { clearInterval, now, setInterval, soon } from "./timers.js";
import { leaveQueue, passEntry, Turns, takeEntry } from "./turns.js";
import { Watch } from "./watch.js";

/** log2 of the result ring's slots: all jobs and STREAM_SLOTS streamed tasks of each. */
const RESULTS_LOG2 = 12;
/** Streamed tasks of one job that may be outstanding. */
export const STREAM_SLOTS = (1 << RESULTS_LOG2) / MAX_JOBS - 1;

/** How often a thread looks whether those live on whom it depends. */
const WATCH_MS = 500;
/** Looks at somebody's recovery before somebody asks whether it goes on. */
const STUCK = 100_000;
/** How often a thread that waits does the same at most, and how long it sleeps. */
const STALL_MS = 50;
const STALL_NS = 50_000_000n;

/** Takes a line of a submitter; −1 if all are in use. */
function takeLine(shared: Shared): number {
  for (let bit = 0; bit < MAX_SUBMITTERS; bit++) {
    const word = (CONTROL_SUBMITTERS >> 2) + (bit >> 5);
    const mask = 1 << (bit & 31);
    if ((Atomics.load(shared.i32s, word) & mask) !== 0) continue;
    if ((Atomics.or(shared.i32s, word, mask) & mask) === 0) return MAX_WORKERS + bit;
  }
  return -1;
}

/** Gives it back. */
export function giveLine(shared: Shared, participant: number): void {
  leaveQueue(shared, participant);
  const bit = participant - MAX_WORKERS;
  Atomics.and(shared.i32s, (CONTROL_SUBMITTERS >> 2) + (bit >> 5), ~(1 << (bit & 31)));
}

/**
 * Gives an entry back whose job is over. Its epoch moves before anything of it can be used again;
 * and if somebody was reading it then, to put right what a dead thread left, that is waited for.
 */
export function giveEntry(
  shared: Shared,
  index: number,
  free: () => void,
  onStuck: () => void = () => {},
): void {
  const { i32s } = shared;
  const job = shared.job(index);
  Atomics.add(i32s, (job + JOB_EPOCH) >> 2, 1);
  awaitRecovery(shared, onStuck);
  free();
  dropErrors(shared, job);
  passEntry(shared, index);
}

/** Until nobody reads jobs of others: for microseconds, after a death. */
function awaitRecovery({ i32s }: Shared, onStuck: () => void): void {
  for (let looks = 1; Atomics.load(i32s, CONTROL_RECOVERING >> 2) !== 0; looks++) {
    if (Atomics.load(i32s, CONTROL_CLOSED >> 2) !== 0) return;
    if (looks % STUCK === 0) onStuck();
  }
}

export class Submitter {
  readonly me: number;
  readonly external: External;
  readonly liveness: Liveness;
  readonly #shared: Shared;
  readonly #entries = new Map<number, Entry>();
  /** Keeps this thread's event loop alive while a job is pending; `waitAsync` does not. */
  readonly #alive: NodeJS.Timeout;
  readonly #listener: Listener;
  readonly #watch: Watch;
  readonly #turns: Turns;
  #retained = 0;
  #watched = 0;
  #failure: RingfoldError | undefined;
  #closed = false;
  /** Called when the engine was closed, by whatever thread, while jobs are pending. */
  onClosed: () => void = () => {};
  /** Called twice a second, and more often while this thread waits in vain. */
  onWatch: () => void = () => {};

  /**
   * `isOwner`: of the thread that created the engine, on which all others depend.
   * @throws RingfoldError ERR_OPTION if 64 threads are attached already.
   */
  constructor(shared: Shared, isOwner = true) {
    this.#shared = shared;
    this.me = takeLine(shared);
    if (this.me < 0) {
      throw new RingfoldError(
        "ERR_OPTION",
        `attachEngine: ${MAX_SUBMITTERS} threads submit to this engine already; close one`,
      );
    }
    shared.me = this.me;
    this.liveness = new Liveness(shared);
    this.liveness.begin();
    if (!isOwner) {
      shared.arena.onStuck = (holder) => this.#free(holder);
      shared.arrayOwner = this.me + 1;
    }
    const line = shared.line(this.me);
    let scratch: number;
    let ring: number;
    let slots: number;
    try {
      scratch = this.#alloc(SCRATCH_SIZE);
      ring = this.#alloc(RING_SIZE);
      slots = this.#alloc(1 << (RESULTS_LOG2 + SLOT_SHIFT));
    } catch (error) {
      this.#leave();
      throw error;
    }
    shared.core.ringInit(ring, slots, RESULTS_LOG2, SLOT_SHIFT, 0n, 1 << RESULTS_LOG2);
    shared.clearScratch(scratch);
    shared.i32s[(line + LINE_SCRATCH) >> 2] = scratch;
    shared.i32s[(line + LINE_RESULTS) >> 2] = ring;
    this.external = new External(shared, this.me);
    this.#listener = this.#makeListener();
    this.#watch = new Watch(shared, this.me);
    Atomics.store(shared.i32s, (line + LINE_STATE) >> 2, STATE_READY);
    this.#alive = setInterval(() => this.#watchOver(), WATCH_MS);
    this.#alive.unref();
    this.#turns = new Turns(shared, (by) => (by > 0 ? this.#retain() : this.#letGo()));
  }

  /** Twice a second. */
  #watchOver(): void {
    if (this.#watch.isAnswerLeft(this.#listener.epoch)) {
      this.drain();
      this.listen();
    }
    if (this.#entries.size > 0) this.#watch.wakeIdle();
    this.#watch.tell();
    this.onWatch();
  }

  /** The engine ends with the thread that owns it, which may have been killed. */
  watchOwner(): void {
    const shared = this.#shared;
    const owner = shared.i32(CONTROL_OWNER);
    if (!this.isEngineClosed && this.liveness.isDead(owner)) this.end();
  }

  /** Closes the engine to all threads: nobody is left who would answer. */
  end(): void {
    Atomics.store(this.#shared.i32s, CONTROL_CLOSED >> 2, 1);
    this.#shared.core.wakeAll();
  }

  /** Has the arena go on after a death; as long as there is an owner, that is the owner's. */
  #free(holder: number): void {
    this.watchOwner();
    if (!this.isEngineClosed || !this.liveness.isDead(holder)) return;
    this.#shared.arena.recover(holder);
  }

  #leave(): void {
    // First, so that a recovery that begins later lets this thread's ring be.
    Atomics.store(this.#shared.i32s, (this.#shared.line(this.me) + LINE_STATE) >> 2, 0);
    awaitRecovery(this.#shared, () => this.onWatch());
    const owner = this.me + 1;
    this.#shared.arena.freeAll(owner, isRead(this.#shared, owner));
    this.liveness.end();
    giveLine(this.#shared, this.me);
  }

  #alloc(bytes: number): number {
    const address = this.#shared.arena.alloc(bytes, this.me + 1);
    this.#shared.reach(address + bytes);
    return address;
  }

  get pending(): number {
    return this.#entries.size;
  }

  /** Some thread has a job under way. */
  get isAnyJob(): boolean {
    const shared = this.#shared;
    for (let index = 0; index < MAX_JOBS; index++) {
      if (Atomics.load(shared.i32s, (shared.job(index) + JOB_OWNER) >> 2) !== 0) return true;
    }
    return false;
  }

  /** Lost wake-ups of the engine that were found and made good. */
  get rescued(): number {
    return this.#watch.rescued;
  }

  get isEngineClosed(): boolean {
    return Atomics.load(this.#shared.i32s, CONTROL_CLOSED >> 2) !== 0;
  }

  /** Gives line and memory back. No job may be pending. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#alive);
    this.#listener.close();
    this.#watch.tell();
    this.#turns.close();
    this.external.close();
    this.#leave();
  }

  /** Takes and fills a job entry; undefined if none is free. Publishes nothing yet. */
  prepare(spec: JobSpec): Running | undefined {
    const index = takeEntry(this.#shared, this.me);
    return index < 0 ? undefined : this.#fill(index, spec);
  }

  /**
   * Has `begin` called with an entry, which it publishes: at once if one is free and nobody waits,
   * else when the calls before have theirs. `fail` gets what keeps an entry from being filled.
   * Returns what gives the turn up.
   */
  enter(spec: JobSpec, begin: (running: Running) => void, fail: (error: unknown) => void) {
    const serve = (index: number) => {
      let running: Running;
      try {
        running = this.#fill(index, spec);
      } catch (error) {
        fail(error);
        return;
      }
      begin(running);
    };
    const index = this.#turns.takeNow();
    if (index < 0) return this.#turns.wait(serve);
    serve(index);
    return () => {};
  }

  /**
   * The same for a thread that waits: looks, and has `wait` called between two looks. It comes
   * before the calls that await.
   */
  enterNow(spec: JobSpec, wait: () => void): Running {
    let running = this.prepare(spec);
    if (running !== undefined) return running;
    this.#turns.join();
    try {
      while (running === undefined) {
        wait();
        running = this.prepare(spec);
      }
      return running;
    } finally {
      this.#turns.quit();
    }
  }

  #fill(index: number, spec: JobSpec): Running {
    const owned: number[] = [];
    try {
      const entry = fillEntry(this.#shared, this.me, index, spec, owned);
      this.#entries.set(index, entry);
      if (spec.stream === undefined) this.#retain();
      owned.push(...(spec.owns ?? []));
      return entry;
    } catch (error) {
      this.#give(index, owned);
      throw error;
    }
  }

  /** Publishes all tasks of a job that is not streamed. */
  publish(running: Running): void {
    this.#shared.core.submit(this.me, running.index, 0, running.tasks);
  }

  /** Publishes one task with its own data. */
  publishTask(running: Running, task: number, address: number, length: number, cell: number): void {
    this.#retain();
    Atomics.store(this.#shared.i32s, this.#cellWord(running, cell), task << 1);
    this.#shared.core.submitStreamed(this.me, running.index, task, address, length, cell);
  }

  /** The word that tells which task a cell of a stream is for, and whether it is done. */
  #cellWord(running: Running, cell: number): number {
    return (this.#shared.u32(running.job + JOB_ARRIVALS) >>> 2) + cell;
  }

  /** A job, or a task of a stream, is pending: the process must not end. */
  #retain(): void {
    if (this.#retained++ === 0) this.#alive.ref();
  }

  #letGo(): void {
    if (this.#retained > 0 && --this.#retained === 0) this.#alive.unref();
  }

  /** Asks the workers to let a job be: they look before every block. */
  stop(running: Running): void {
    const word = (running.job + JOB_STOP) >> 2;
    Atomics.store(this.#shared.i32s, word, 1);
    Atomics.notify(this.#shared.i32s, word);
  }

  /** Ends a job that is answered, or that was never published. */
  release(running: Running): void {
    const entry = running as Entry;
    if (this.#entries.get(entry.index) !== entry) return;
    this.#entries.delete(entry.index);
    if (this.#shared.i32(entry.job + JOB_STREAMED) === 0) this.#letGo();
    this.#give(entry.index, entry.owned);
  }

  #give(index: number, owned: readonly number[]): void {
    const free = () => {
      for (const address of owned) this.#shared.arena.free(address);
    };
    giveEntry(this.#shared, index, free, () => this.onWatch());
    this.#turns.freed();
  }

  /** Forgets all jobs; only once the engine is closed, or failed: then calls that wait end so. */
  abandon(failure?: RingfoldError): void {
    this.#failure ??= failure;
    this.#entries.clear();
    this.#retained = 0;
    this.#alive.unref();
  }

  // --- answers ------------------------------------------------------------------

  /** Hands on the answer in this thread's line. */
  #dispatch(): void {
    const line = this.#shared.line(this.me);
    const record = line + LINE_RECORD;
    const entry = this.#entries.get(this.#shared.i32(record + RECORD_JOB));
    if (entry === undefined || entry.epoch !== this.#shared.i32(line + LINE_EPOCH)) return;
    if (this.#shared.i32(entry.job + JOB_STREAMED) !== 0) {
      const task = this.#shared.i32(record + RECORD_TASK);
      const cell = this.#shared.i32(record + RECORD_CELL);
      // After a death an answer may come twice.
      const word = this.#cellWord(entry, cell);
      const done = (task << 1) | 1;
      if (Atomics.compareExchange(this.#shared.i32s, word, done, -1) !== done) return;
      this.#letGo();
      entry.onTask(task, cell);
    } else {
      entry.done = true;
      entry.onAnswer();
    }
  }

  /** Takes every answer that is there; true if there was one. */
  drain(): boolean {
    let any = false;
    while (this.#shared.core.collect(this.me) !== 0) {
      this.#dispatch();
      any = true;
    }
    return any;
  }

  /** Has answers handed on from now on without this thread waiting. */
  listen(): void {
    // An answer would overwrite the task that is in hand.
    if (this.#shared.isInOperator) soon(() => this.listen());
    else this.#follow(this.#listener.listen());
  }

  #follow(promise: PromiseLike<unknown> | undefined): void {
    void promise?.then(() => this.#follow(this.#listener.woken()));
  }

  #makeListener(): Listener {
    const shared = this.#shared;
    const { core } = shared;
    const gate = shared.line(this.me) + LINE_GATE;
    return new Listener({
      announce: () => core.listenBegin(this.me),
      cancel: () => core.listenEnd(this.me),
      enlist: (epoch) => {
        const wait = Atomics.waitAsync(shared.i32s, (gate + GATE_EPOCH) >> 2, epoch);
        return wait.async ? wait.value : undefined;
      },
      drain: () => this.drain(),
      isAwaited: () => {
        if (this.#entries.size === 0) return false;
        if (!this.isEngineClosed) return true;
        this.onClosed();
        return false;
      },
    });
  }

  /**
   * One look for an answer, at the cost of the spin loop: for measurements.
   * @internal
   */
  look(): void {
    if (this.#shared.core.help(this.me, 0, 1n) === RETURN_ANSWER) this.#dispatch();
  }

  /**
   * Waits in place of a worker until `isDone`: runs tasks, hands answers on. `tick` is called
   * between tasks and may throw to end the wait. `runs` = 0: runs no task. `job` is published
   * first, when this thread already counts as computing, so that one worker fewer is woken.
   */
  wait(
    isDone: () => boolean,
    tick: () => void,
    timeout: () => bigint,
    mayRun: 0 | 1 = 1,
    job?: Running,
  ): void {
    const { core } = this.#shared;
    let runs: number = mayRun;
    if (runs === 1) core.helpBegin(this.me);
    try {
      if (job !== undefined) this.publish(job);
      while (!isDone()) {
        const left = timeout();
        const isLong = left < 0n || left > STALL_NS;
        const why = core.help(this.me, runs, isLong ? STALL_NS : left);
        this.#watchNow();
        if (why === RETURN_ANSWER) this.#dispatch();
        else if (why === RETURN_EXTERNAL && !this.external.runNow()) {
          // Not for this thread: put it back for a worker, and compute no more.
          if (runs === 1) core.helpEnd(this.me);
          runs = 0;
          core.putBack(this.me);
        } else if (why === RETURN_TIMEOUT && runs < mayRun) {
          // No worker may be there to take it, nor to run what is behind it.
          core.helpBegin(this.me);
          runs = 1;
        }
        if (this.#failure !== undefined) throw this.#failure;
        if (this.isEngineClosed) {
          throw new RingfoldError("ERR_CLOSED", "the engine was closed while a job was under way");
        }
        tick();
      }
    } finally {
      if (runs === 1) core.helpEnd(this.me);
      // Jobs of calls that do not wait may have begun meanwhile, or be left.
      if (this.#entries.size > 0) soon(() => this.listen());
    }
  }

  /**
   * Between tasks of calls that wait, of short ones as well: while one follows another, no event
   * tells of a death. And `help` does not even park while a dead thread has a ticket of the result
   * ring.
   */
  #watchNow(): void {
    const time = now();
    if (time - this.#watched < STALL_MS) return;
    this.#watched = time;
    this.liveness.layOut();
    this.onWatch();
  }
}
