// An input that arrives piece by piece, of unknown length: files that must be
// decoded, standard input, arrays that are not in shared memory. The caller
// fills one buffer while workers reduce others; each task brings its buffer
// and is answered by itself, and the states are merged here, in order.
//
// It has a job entry only while workers have something of it to do: what waits for its user holds
// nothing that others wait for.
//
// A task is TASK_BLOCKS blocks, so its state is a node of the same tree that
// an input in memory has, and the bits of the result are the same.

import { BLOCK, JOB_SIZE, KIND_BLOCKS, KIND_EXTERNAL, STACK_LEVELS } from "../core/map.js";
import { RingfoldError, textOf } from "../errors.js";
import { type DtypeInfo, dtypeOf, lengthOf, type TypedArray } from "../operators/dtype.js";
import { decodeState, mergeValues, NOTHING, settle } from "../operators/user.js";
import { type JobSpec, type Running, writePass } from "./entry.js";
import { failedBlock, readError, userError } from "./failure.js";
import { bytesOf } from "./input.js";
import type { Plan } from "./plan.js";
import type { Shared } from "./shared.js";
import { STREAM_SLOTS, type Submitter } from "./submitter.js";

const TASK_SHIFT = 4;
/** Elements of a buffer. */
export const TASK_ELEMENTS = BLOCK << TASK_SHIFT;

export interface StreamResult {
  /** Address of the final record (operators of the core). */
  readonly root: number;
  /** Final state (user operators). */
  readonly state: unknown;
  /** Elements. */
  readonly length: number;
}

/** The memory of a stream: its buffers, and the stack that merges its states. */
export class StreamBuffers {
  readonly addresses: number[] = [];
  readonly stack: number;
  /** A job entry that no table holds: which accumulators are merged. */
  readonly job: number;
  readonly spec: JobSpec;
  readonly #shared: Shared;

  /** @throws RingfoldError ERR_MEMORY */
  constructor(shared: Shared, { pass, user, inputs }: Plan, threads: number) {
    this.#shared = shared;
    this.job = shared.arena.alloc(JOB_SIZE + (STACK_LEVELS + 1) * pass.stateBytes, shared.me + 1);
    this.stack = this.job + JOB_SIZE;
    shared.reach(this.stack);
    writePass(shared, this.job, pass);
    const wanted = Math.min(2 * threads + 2, STREAM_SLOTS);
    while (this.addresses.length < wanted) {
      try {
        const bytes = inputs * TASK_ELEMENTS * pass.dtype.size;
        this.addresses.push(shared.arena.alloc(bytes, shared.me + 1));
      } catch (error) {
        // Two are enough to overlap filling with reducing.
        if (this.addresses.length >= 2) break;
        this.free();
        throw error;
      }
    }
    this.spec = {
      kind: user === undefined ? KIND_BLOCKS : KIND_EXTERNAL,
      pass,
      length: 0,
      input: 0,
      // Behind a buffer's first input is its second.
      second: inputs === 2 ? TASK_ELEMENTS * pass.dtype.size : 0,
      ...(user === undefined ? {} : { extra: { operator: user.url } }),
      stream: { shift: TASK_SHIFT, cells: this.addresses.length },
    };
  }

  free(): void {
    this.#shared.arena.free(this.job);
    for (const address of this.addresses) this.#shared.arena.free(address);
  }
}

export class Stream {
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  readonly #plan: Plan;
  readonly #dtype: DtypeInfo;
  readonly #buffers: StreamBuffers;
  /** While tasks are under way, or for a thread that waits: always. */
  #running: Running | undefined;
  readonly #keeps: boolean;
  readonly #free: number[];
  /** Buffers that are full and not published yet. */
  readonly #full: { cell: number; length: number }[] = [];
  /** While it waits for an entry: gives that up. */
  #leave: (() => void) | undefined;
  readonly #answered = new Map<number, number>();
  /** States of the nodes of a binary counter over the tasks merged so far. */
  readonly #stack: number;
  readonly #states: unknown[] = [];
  #depth = 0;
  #merged = 0;
  #published = 0;
  /** Tasks that are full, or published and not answered. */
  #outstanding = 0;
  #cell = -1;
  #filled = 0;
  #length = 0;
  #failed: unknown;
  #hasFailed = false;
  #closed = false;
  /** Those who wait for `changed`. */
  readonly #waiters: (() => void)[] = [];

  /**
   * `running`: an entry that was prepared for `buffers.spec`, for a thread that waits; else the
   * stream has one when it needs it.
   */
  constructor(
    shared: Shared,
    submitter: Submitter,
    plan: Plan,
    buffers: StreamBuffers,
    running?: Running,
  ) {
    this.#shared = shared;
    this.#submitter = submitter;
    this.#plan = plan;
    this.#dtype = plan.pass.dtype;
    this.#buffers = buffers;
    this.#free = [...buffers.addresses.keys()];
    this.#stack = buffers.stack;
    this.#keeps = running !== undefined;
    if (running !== undefined) this.#take(running);
  }

  #take(running: Running): void {
    this.#running = running;
    running.onTask = (task, cell) => this.#onTask(task, cell);
  }

  /** Blocks handed to workers so far, and those they have done. */
  get progress(): { done: number; total: number } {
    return { done: this.#merged << TASK_SHIFT, total: this.#published << TASK_SHIFT };
  }

  /** Room to fill, of 1 to TASK_ELEMENTS elements; undefined while all buffers are in use. */
  reserve(): TypedArray<SharedArrayBuffer> | undefined {
    const array = this.#dtype.array === undefined ? Uint16Array : this.#dtype.array;
    const room = this.reserveBytes();
    return room && new array(room.buffer, room.byteOffset, room.length / this.#dtype.size);
  }

  /** @throws RingfoldError ERR_DTYPE, ERR_CLOSED */
  assertTakes(values: unknown): void {
    this.#check();
    if (dtypeOf(values) !== this.#dtype) {
      const what = dtypeOf(values)?.name ?? typeof values;
      throw new RingfoldError("ERR_DTYPE", `write: ${what} into a stream of ${this.#dtype.name}`);
    }
  }

  /**
   * Copies elements from `from` on, as many as fit what is reserved, of one or two inputs; returns
   * how many. Only while `hasRoom`.
   */
  put(view: TypedArray, second: TypedArray | undefined, from: number): number {
    const { size } = this.#dtype;
    const room = this.reserveBytes() as Uint8Array;
    const n = Math.min(room.length / size, lengthOf(view) - from);
    room.set(bytesOf(view, from, n));
    if (second !== undefined) {
      const at = room.byteOffset + TASK_ELEMENTS * size;
      this.#shared.reach(at + n * size);
      this.#shared.bytes.set(bytesOf(second, from, n), at);
    }
    this.commit(n);
    return n;
  }

  /** Elements that were committed. */
  get length(): number {
    return this.#length;
  }

  /** The same as bytes. */
  reserveBytes(): Uint8Array<SharedArrayBuffer> | undefined {
    this.#check();
    if (this.#cell < 0) {
      const cell = this.#free.pop();
      if (cell === undefined) return undefined;
      this.#cell = cell;
      this.#filled = 0;
    }
    const { size } = this.#dtype;
    const at = (this.#buffers.addresses[this.#cell] as number) + this.#filled * size;
    const bytes = (TASK_ELEMENTS - this.#filled) * size;
    this.#shared.reach(at + bytes);
    return new Uint8Array(this.#shared.buffer, at, bytes);
  }

  /**
   * Takes over the first n elements of what was reserved, of which `most` still may be.
   * @throws RingfoldError ERR_OPTION
   */
  commit(n: number, most = TASK_ELEMENTS): void {
    this.#check();
    const room = Math.min(this.#cell < 0 ? 0 : TASK_ELEMENTS - this.#filled, most);
    if (!Number.isInteger(n) || n < 0 || n > room) {
      throw new RingfoldError(
        "ERR_OPTION",
        `commit: ${textOf(n)} is not an integer from 0 to the ${room} elements that are reserved`,
      );
    }
    this.#filled += n;
    this.#length += n;
    if (this.#filled === TASK_ELEMENTS) this.#publish();
  }

  #publish(): void {
    this.#full.push({ cell: this.#cell, length: this.#filled });
    this.#outstanding++;
    this.#cell = -1;
    if (this.#running !== undefined) this.#send(this.#running);
    else if (this.#leave === undefined) this.#enter();
  }

  #enter(): void {
    let isOver = false;
    const leave = this.#submitter.enter(
      this.#buffers.spec,
      (running) => {
        isOver = true;
        this.#leave = undefined;
        this.#take(running);
        this.#send(running);
      },
      (error) => {
        isOver = true;
        this.fail(error);
      },
    );
    // It may have its entry already, and even be through with it.
    if (!isOver) this.#leave = leave;
  }

  #send(running: Running): void {
    for (const { cell, length } of this.#full.splice(0)) {
      const address = this.#buffers.addresses[cell] as number;
      this.#submitter.publishTask(running, this.#published++, address, length, cell);
    }
    // Answers are taken even if nobody asks again: an outstanding task keeps the process alive.
    this.#submitter.listen();
  }

  /** Nothing is under way: others may have the entry. */
  #rest(): void {
    if (this.#running === undefined) return;
    this.#submitter.release(this.#running);
    this.#running = undefined;
  }

  /** Publishes the rest; an empty stream has one empty task, which makes the identity. */
  flush(): void {
    this.#check();
    if (this.#cell < 0 && this.#length > 0) return;
    if (this.#cell < 0) this.reserveBytes();
    this.#publish();
  }

  /** Settles once a buffer is free or, after `flush`, all is merged. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#submitter.listen();
    });
  }

  /** No task is outstanding, or none matters any more. */
  get isSettled(): boolean {
    return this.#isIdle || this.#hasFailed;
  }

  get #isIdle(): boolean {
    return this.#outstanding === 0;
  }

  get hasRoom(): boolean {
    return this.#cell >= 0 || this.#free.length > 0 || this.#hasFailed || this.#closed;
  }

  /** Ends the stream with an error; buffers are given back once no worker reads them. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#failed = error;
    this.#leave?.();
    this.#leave = undefined;
    this.#outstanding -= this.#full.splice(0).length;
    if (this.#running !== undefined) this.#submitter.stop(this.#running);
    this.#wake();
    if (this.#isIdle) this.close();
    else this.#submitter.listen();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #check(): void {
    if (this.#hasFailed) throw this.#failed;
    if (this.#closed) throw new RingfoldError("ERR_CLOSED", "the stream has ended; open another");
    this.#shared.assertOutside();
  }

  #onTask(task: number, cell: number): void {
    this.#outstanding--;
    if (this.#hasFailed) {
      if (this.#isIdle) this.close();
      return;
    }
    this.#answered.set(task, cell);
    for (;;) {
      const next = this.#answered.get(this.#merged);
      if (next === undefined) break;
      this.#answered.delete(this.#merged);
      try {
        this.#shared.inOperator(() => this.#merge(next));
      } catch (error) {
        this.fail(userError(error));
        return;
      }
      this.#free.push(next);
    }
    if (this.#isIdle && !this.#keeps) this.#rest();
    this.#wake();
  }

  #merge(cell: number): void {
    const shared = this.#shared;
    const { job } = this.#running as Running;
    // An error behind this task does not count yet: an earlier task may still fail.
    const block = failedBlock(shared, job);
    if (block !== undefined && block < (this.#merged + 1) << TASK_SHIFT) {
      throw readError(shared, job);
    }
    const at = shared.core.cellOf(job, cell) >>> 0;
    const { stateBytes } = this.#plan.pass;
    this.#merged++;
    const { user } = this.#plan;
    if (user !== undefined) {
      this.#states.push(decodeState(shared.bytes, at));
      for (let k = this.#merged; k % 2 === 0; k /= 2) this.#mergeTop();
      return;
    }
    shared.reach(this.#stack + (this.#depth + 1) * stateBytes);
    shared.bytes.copyWithin(this.#stack + this.#depth * stateBytes, at, at + stateBytes);
    this.#depth++;
    for (let k = this.#merged; k % 2 === 0; k /= 2) this.#mergeTop();
  }

  #mergeTop(): void {
    const { user, pass } = this.#plan;
    if (user !== undefined) {
      const right = this.#states.pop();
      this.#states.push(settle(user, mergeValues(user, this.#states.pop(), right)));
      return;
    }
    this.#depth--;
    const right = this.#stack + this.#depth * pass.stateBytes;
    const left = right - pass.stateBytes;
    this.#shared.core.mergeRecord(this.#buffers.job, left, left, right);
  }

  /** The final state, after `flush` and once idle; valid until `close`. */
  result(): StreamResult {
    this.#check();
    this.#shared.inOperator(() => {
      while (this.#depth > 1 || this.#states.length > 1) this.#mergeTop();
    });
    const state = this.#states.length === 0 ? NOTHING : this.#states[0];
    return { root: this.#stack, state, length: this.#length };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest();
    this.#buffers.free();
  }
}
