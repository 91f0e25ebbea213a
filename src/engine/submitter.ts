// One submitting thread: its line, its result ring, the jobs it has under way.
// Answers come through the ring; a thread that may wait helps (`wait`), one
// that may not is woken by `Atomics.waitAsync` on its gate.

import {
  BLOCK,
  CELLS_SIZE,
  CONTROL_CLOSED,
  CONTROL_JOBS,
  CONTROL_MAX_TASKS,
  CONTROL_SUBMITTERS,
  CONTROL_THREADS,
  GATE_EPOCH,
  JOB_ARRIVALS,
  JOB_BATCH,
  JOB_BLOCKS,
  JOB_CELLS,
  JOB_DONE,
  JOB_DTYPE,
  JOB_EPOCH,
  JOB_ERROR,
  JOB_EXTRA,
  JOB_EXTRA_BYTES,
  JOB_INPUT,
  JOB_KIND,
  JOB_LENGTH,
  JOB_OP,
  JOB_OPS,
  JOB_RING_A,
  JOB_RING_B,
  JOB_ROUNDS,
  JOB_SHIFT,
  JOB_SKIP_NAN,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_STREAMED,
  JOB_SUBMITTER,
  JOB_TASKS,
  LINE_EPOCH,
  LINE_GATE,
  LINE_RECORD,
  LINE_RESULTS,
  LINE_SCRATCH,
  MAX_JOBS,
  MAX_OPS,
  MAX_ROUNDS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  OP_CODE,
  OP_OFFSET,
  OP_SIZE,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
  RETURN_ANSWER,
  RETURN_EXTERNAL,
  RING_SIZE,
  SCRATCH_SIZE,
  SLOT_SHIFT,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { DtypeInfo } from "../operators/dtype.js";
import { External, type Extra } from "./external.js";
import { dropError } from "./failure.js";
import type { Shared } from "./shared.js";

/** log2 of the result ring's slots: all jobs and STREAM_SLOTS streamed tasks of each. */
const RESULTS_LOG2 = 12;
/** Streamed tasks of one job that may be outstanding. */
export const STREAM_SLOTS = (1 << RESULTS_LOG2) / MAX_JOBS - 1;

const TASK_BLOCKS = 8;
const TASKS_A_THREAD = 8;

/** What the accumulators of one pass are, and where their states lie in a record. */
export interface Pass {
  readonly dtype: DtypeInfo;
  readonly codes: readonly number[];
  readonly offsets: readonly number[];
  readonly stateBytes: number;
  readonly skipNaN: boolean;
}

export interface JobSpec {
  readonly kind: number;
  readonly pass: Pass;
  /** Elements; 0 while a stream does not know. */
  readonly length: number;
  /** Address of the first element, or 0. */
  readonly input: number;
  readonly extra?: Extra;
  /** Addresses that the job holds: given back when no worker can touch them any more. */
  readonly owns?: readonly number[];
  /** Streamed: blocks a task and cells to use. */
  readonly stream?: { readonly shift: number; readonly cells: number };
  /** Pairwise: header addresses of the rings, pairs a claim, participants. */
  readonly pairwise?: {
    readonly a: number;
    readonly b: number;
    readonly batch: number;
    readonly participants: number;
  };
}

export interface Running {
  readonly index: number;
  /** Address of the job's entry. */
  readonly job: number;
  readonly tasks: number;
  readonly blocks: number;
  /** Address of the record that holds the job's value once it is answered. */
  readonly root: number;
  done: boolean;
  /** The job is answered: read what is wanted, then `release`. */
  onAnswer: () => void;
  /** A streamed task is answered. */
  onTask: (task: number, cell: number) => void;
}

interface Entry extends Running {
  readonly epoch: number;
  readonly owned: number[];
}

/** Writes what kernels read: the accumulators of the pass. */
export function writePass(shared: Shared, job: number, pass: Pass): void {
  const { i32s } = shared;
  i32s[(job + JOB_DTYPE) >>> 2] = pass.dtype.code;
  i32s[(job + JOB_SKIP_NAN) >>> 2] = pass.skipNaN ? 1 : 0;
  i32s[(job + JOB_OPS) >>> 2] = pass.codes.length;
  i32s[(job + JOB_STATE_BYTES) >>> 2] = pass.stateBytes;
  for (let i = 0; i < pass.codes.length && i < MAX_OPS; i++) {
    const op = job + JOB_OP + i * OP_SIZE;
    i32s[(op + OP_CODE) >>> 2] = pass.codes[i] as number;
    i32s[(op + OP_OFFSET) >>> 2] = pass.offsets[i] as number;
  }
}

/** Takes a clear bit of the 64 at `address`; −1 if all are set. */
function takeBit(shared: Shared, address: number, count: number): number {
  for (let bit = 0; bit < count; bit++) {
    const word = (address >> 2) + (bit >> 5);
    const mask = 1 << (bit & 31);
    if ((Atomics.load(shared.i32s, word) & mask) !== 0) continue;
    if ((Atomics.or(shared.i32s, word, mask) & mask) === 0) return bit;
  }
  return -1;
}

function giveBit(shared: Shared, address: number, bit: number): void {
  Atomics.and(shared.i32s, (address >> 2) + (bit >> 5), ~(1 << (bit & 31)));
}

/** Nodes of the tree over `tasks`, the tasks included. */
function nodes(tasks: number): number {
  let sum = tasks;
  for (let width = tasks; width > 1; sum += width) width = (width + 1) >> 1;
  return sum;
}

export class Submitter {
  readonly me: number;
  readonly external: External;
  readonly #shared: Shared;
  readonly #owned: number[] = [];
  readonly #entries = new Map<number, Entry>();
  /** Keeps this thread's event loop alive while a job is pending; `waitAsync` does not. */
  readonly #alive: NodeJS.Timeout;
  readonly #onRelease: (() => void)[] = [];
  #retained = 0;
  #armed = false;
  #closed = false;
  /** Called when the engine was closed, by whatever thread, while jobs are pending. */
  onClosed: () => void = () => {};

  /** @throws RingfoldError ERR_OPTION if 64 threads are attached already. */
  constructor(shared: Shared) {
    this.#shared = shared;
    const bit = takeBit(shared, CONTROL_SUBMITTERS, MAX_SUBMITTERS);
    if (bit < 0) {
      throw new RingfoldError(
        "ERR_OPTION",
        `attachEngine: ${MAX_SUBMITTERS} threads submit to this engine already; close one`,
      );
    }
    this.me = MAX_WORKERS + bit;
    const line = shared.line(this.me);
    let scratch: number;
    let ring: number;
    let slots: number;
    try {
      scratch = this.#alloc(SCRATCH_SIZE);
      ring = this.#alloc(RING_SIZE);
      slots = this.#alloc(1 << (RESULTS_LOG2 + SLOT_SHIFT));
    } catch (error) {
      for (const address of this.#owned) shared.arena.free(address);
      giveBit(shared, CONTROL_SUBMITTERS, bit);
      throw error;
    }
    shared.core.ringInit(ring, slots, RESULTS_LOG2, SLOT_SHIFT, 0n, 1 << RESULTS_LOG2);
    shared.i32s[(line + LINE_SCRATCH) >> 2] = scratch;
    shared.i32s[(line + LINE_RESULTS) >> 2] = ring;
    this.external = new External(shared, this.me);
    this.#alive = setInterval(() => {}, 2 ** 30);
    this.#alive.unref();
  }

  #alloc(bytes: number): number {
    const address = this.#shared.arena.alloc(bytes);
    this.#shared.reach(address + bytes);
    this.#owned.push(address);
    return address;
  }

  get pending(): number {
    return this.#entries.size;
  }

  /** All entries are this thread's own streams, and none of them is being worked on. */
  get isStuck(): boolean {
    return this.#entries.size === MAX_JOBS && this.#retained === 0;
  }

  get isEngineClosed(): boolean {
    return Atomics.load(this.#shared.i32s, CONTROL_CLOSED >> 2) !== 0;
  }

  /** Gives line and memory back. No job may be pending. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#alive);
    this.external.close();
    for (const address of this.#owned) this.#shared.arena.free(address);
    giveBit(this.#shared, CONTROL_SUBMITTERS, this.me - MAX_WORKERS);
  }

  /** Takes and fills a job entry; undefined if all 64 are in use. Publishes nothing yet. */
  prepare(spec: JobSpec): Running | undefined {
    const shared = this.#shared;
    const index = takeBit(shared, CONTROL_JOBS, MAX_JOBS);
    if (index < 0) return undefined;
    const owned: number[] = [];
    try {
      const entry = this.#fill(index, spec, owned);
      owned.push(...(spec.owns ?? []));
      return entry;
    } catch (error) {
      for (const address of owned) shared.arena.free(address);
      giveBit(shared, CONTROL_JOBS, index);
      throw error;
    }
  }

  #fill(index: number, spec: JobSpec, owned: number[]): Entry {
    const shared = this.#shared;
    const { stateBytes } = spec.pass;
    const job = shared.job(index);
    const blocks = Math.max(1, Math.ceil(spec.length / BLOCK));
    const { shift, tasks } = this.#cut(spec, blocks);
    const cells = spec.stream?.cells ?? nodes(tasks);
    // One arrival word an inner node; an uneven tree can have more of them than tasks.
    const inner = spec.stream === undefined ? cells - tasks : 0;
    const bytes = cells * stateBytes + inner * 4;
    let at = shared.cells(index);
    if (bytes > CELLS_SIZE) {
      at = shared.arena.alloc(bytes);
      owned.push(at);
      shared.reach(at + bytes);
    }
    const arrivals = at + cells * stateBytes;
    const { i32s } = shared;
    const epoch = ((i32s[(job + JOB_EPOCH) >> 2] as number) + 1) | 0;
    i32s[(job + JOB_EPOCH) >> 2] = epoch;
    i32s[(job + JOB_KIND) >> 2] = spec.kind;
    i32s[(job + JOB_SUBMITTER) >> 2] = this.me;
    i32s[(job + JOB_STREAMED) >> 2] = spec.stream === undefined ? 0 : 1;
    shared.i64s[(job + JOB_LENGTH) >> 3] = BigInt(spec.length);
    i32s[(job + JOB_BLOCKS) >> 2] = blocks;
    i32s[(job + JOB_SHIFT) >> 2] = shift;
    i32s[(job + JOB_TASKS) >> 2] = tasks;
    i32s[(job + JOB_INPUT) >> 2] = spec.input;
    i32s[(job + JOB_CELLS) >> 2] = at;
    i32s[(job + JOB_ARRIVALS) >> 2] = arrivals;
    writePass(shared, job, spec.pass);
    i32s.fill(0, arrivals >>> 2, (arrivals >>> 2) + inner);
    if (spec.extra !== undefined) owned.push(this.#writeExtra(job, spec.extra));
    if (spec.pairwise !== undefined) {
      i32s[(job + JOB_RING_A) >> 2] = spec.pairwise.a;
      i32s[(job + JOB_RING_B) >> 2] = spec.pairwise.b;
      i32s[(job + JOB_BATCH) >> 2] = spec.pairwise.batch;
      i32s.fill(0, (job + JOB_ROUNDS) >> 2, ((job + JOB_ROUNDS) >> 2) + MAX_ROUNDS);
    }
    i32s[(job + JOB_STOP) >> 2] = 0;
    shared.i64s[(job + JOB_ERROR) >> 3] = -1n;
    shared.i64s[(job + JOB_DONE) >> 3] = 0n;
    const root = spec.pairwise !== undefined ? at : at + (cells - 1) * stateBytes;
    const entry: Entry = {
      index,
      job,
      tasks,
      blocks,
      root,
      epoch,
      owned,
      done: false,
      onAnswer: () => {},
      onTask: () => {},
    };
    this.#entries.set(index, entry);
    if (spec.stream === undefined) this.#retain();
    return entry;
  }

  /** How many tasks; the shape of the tree does not depend on it. */
  #cut(spec: JobSpec, blocks: number): { shift: number; tasks: number } {
    if (spec.stream !== undefined) return { shift: spec.stream.shift, tasks: 1 };
    if (spec.pairwise !== undefined) return { shift: 0, tasks: spec.pairwise.participants };
    // A task of a few blocks costs little beside its work; more tasks than that share out better.
    const threads = this.#shared.i32(CONTROL_THREADS);
    const wanted = Math.max(blocks / TASK_BLOCKS, TASKS_A_THREAD * threads);
    // Large states: fewer cells, down to what keeps every thread busy.
    const room = Math.max(64, Math.floor(CELLS_SIZE / 2 / (spec.pass.stateBytes + 4)));
    const most = Math.min(this.#shared.i32(CONTROL_MAX_TASKS), room, wanted);
    let shift = 0;
    while (Math.ceil(blocks / 2 ** shift) > most) shift++;
    return { shift, tasks: Math.ceil(blocks / 2 ** shift) };
  }

  #writeExtra(job: number, extra: Extra): number {
    const bytes = new TextEncoder().encode(JSON.stringify(extra));
    const address = this.#shared.arena.alloc(bytes.length);
    this.#shared.reach(address + bytes.length);
    this.#shared.bytes.set(bytes, address);
    this.#shared.i32s[(job + JOB_EXTRA) >> 2] = address;
    this.#shared.i32s[(job + JOB_EXTRA_BYTES) >> 2] = bytes.length;
    return address;
  }

  /** Publishes all tasks of a job that is not streamed. */
  publish(running: Running): void {
    this.#shared.core.submit(this.me, running.index, 0, running.tasks);
  }

  /** Publishes one task with its own data. */
  publishTask(running: Running, task: number, address: number, length: number, cell: number): void {
    this.#retain();
    this.#shared.core.submitStreamed(this.me, running.index, task, address, length, cell);
  }

  /** A job, or a task of a stream, is pending: the process must not end. */
  #retain(): void {
    if (this.#retained++ === 0) this.#alive.ref();
  }

  #letGo(): void {
    if (--this.#retained === 0) this.#alive.unref();
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
    dropError(this.#shared, entry.job);
    for (const address of entry.owned) this.#shared.arena.free(address);
    giveBit(this.#shared, CONTROL_JOBS, entry.index);
    for (const resolve of this.#onRelease.splice(0)) resolve();
  }

  /** Settles when a job of this thread was released, or soon: another thread's may have been. */
  released(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 2);
      this.#onRelease.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Forgets all jobs; only once the engine is closed. */
  abandon(): void {
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
      this.#letGo();
      entry.onTask(this.#shared.i32(record + RECORD_TASK), this.#shared.i32(record + RECORD_CELL));
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
    if (this.#armed) return;
    const { core, i32s } = this.#shared;
    const gate = this.#shared.line(this.me) + LINE_GATE;
    for (;;) {
      this.drain();
      if (this.#entries.size === 0) return;
      if (this.isEngineClosed) {
        this.onClosed();
        return;
      }
      const epoch = core.gateAnnounce(gate, this.me & 63);
      if (this.drain()) {
        core.gateCancel(gate, this.me & 63);
        continue;
      }
      const wait = Atomics.waitAsync(i32s, (gate + GATE_EPOCH) >> 2, epoch);
      if (!wait.async) continue;
      this.#armed = true;
      void wait.value.then(() => {
        this.#armed = false;
        if (this.#closed) return;
        core.gateCancel(gate, this.me & 63);
        this.listen();
      });
      return;
    }
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
    if (runs === 1) core.helpBegin();
    try {
      if (job !== undefined) this.publish(job);
      while (!isDone()) {
        const why = core.help(this.me, runs, timeout());
        if (why === RETURN_ANSWER) this.#dispatch();
        else if (why === RETURN_EXTERNAL && !this.external.runNow()) {
          // Not for this thread: put it back for a worker, and compute no more.
          if (runs === 1) core.helpEnd(this.me);
          runs = 0;
          this.#putBack();
        }
        if (this.isEngineClosed) {
          throw new RingfoldError("ERR_CLOSED", "the engine was closed while a job was under way");
        }
        tick();
      }
    } finally {
      if (runs === 1) core.helpEnd(this.me);
      this.#relisten();
    }
  }

  #putBack(): void {
    const record = this.#shared.line(this.me) + LINE_RECORD;
    this.#shared.core.submitStreamed(
      this.me,
      this.#shared.i32(record + RECORD_JOB),
      this.#shared.i32(record + RECORD_TASK),
      this.#shared.i32(record + RECORD_ADDRESS),
      this.#shared.i32(record + RECORD_LENGTH),
      this.#shared.i32(record + RECORD_CELL),
    );
  }

  /** `wait` parked at the same gate and took the announcement of `listen` back. */
  #relisten(): void {
    if (!this.#armed) {
      if (this.#entries.size > 0) queueMicrotask(() => this.listen());
      return;
    }
    this.#shared.core.gateAnnounce(this.#shared.line(this.me) + LINE_GATE, this.me & 63);
    this.drain();
  }
}
