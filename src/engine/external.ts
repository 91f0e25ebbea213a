// Tasks that need JavaScript: data that must be fetched first (a foreign
// SharedArrayBuffer, a file), operators that the user wrote. Run by workers,
// and by a submitter that helps. The tree and its order are the core's.

import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort } from "node:worker_threads";
import {
  ASCEND_ROOT,
  ASCEND_STOP,
  BLOCK,
  JOB_BLOCKS,
  JOB_CELLS,
  JOB_DTYPE,
  JOB_EPOCH,
  JOB_ERROR,
  JOB_EXTRA,
  JOB_EXTRA_BYTES,
  JOB_INPUT,
  JOB_KIND,
  JOB_LENGTH,
  JOB_SHIFT,
  JOB_SKIP_NAN,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_STREAMED,
  JOB_TASKS,
  KIND_EXTERNAL_PAIRWISE,
  LINE_RECORD,
  MOST_NUMBERS,
  RECORD_ADDRESS,
  RECORD_CELL,
  RECORD_JOB,
  RECORD_LENGTH,
  RECORD_TASK,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { DTYPES, type DtypeInfo } from "../operators/dtype.js";
import {
  decodeState,
  encodeState,
  foldValues,
  loadedOperator,
  loadOperator,
  mergeValues,
  NOTHING,
  settle,
  type UserOperator,
} from "../operators/user.js";
import { reportError } from "./failure.js";
import { type FileRun, readRun } from "./fetch.js";
import type { Shared } from "./shared.js";

/** A run of elements of an input that does not lie in the engine's memory. */
export type Piece =
  | (FileRun & { readonly kind: "file" })
  | {
      readonly kind: "buffer";
      readonly id: number;
      readonly offset: number;
      readonly length: number;
    };

/** What a task needs to know beyond the job entry; JSON in shared memory. */
export interface Extra {
  /** URL of a user operator; undefined: the core's accumulators. */
  readonly operator?: string;
  /** Where the input is; undefined: in the engine's memory. */
  readonly pieces?: readonly Piece[];
}

/**
 * Blocks that are fetched at once: 1 MiB of float64. 256 KiB stay nearer to the processor, but four
 * times the calls cost more than that saves: 1.1 times as slow from a file.
 */
const STAGE_BLOCKS = 16;

export class External {
  readonly #shared: Shared;
  readonly #me: number;
  readonly #port: MessagePort | undefined;
  /** Strong in a worker, which has no other hold on them; weak in a submitter, whose user has. */
  readonly #buffers = new Map<number, SharedArrayBuffer | WeakRef<SharedArrayBuffer>>();
  #stage = 0;
  #extra: Extra = {};
  #extraJob = -1;
  #extraEpoch = -1;

  constructor(shared: Shared, me: number, port?: MessagePort) {
    this.#shared = shared;
    this.#me = me;
    this.#port = port;
  }

  /**
   * Makes a foreign buffer known to a submitter under the number that pieces carry. Whoever runs
   * the job holds the buffer meanwhile.
   */
  learn(id: number, buffer: SharedArrayBuffer): void {
    if (!this.#buffers.has(id)) this.#buffers.set(id, new WeakRef(buffer));
  }

  /** Takes in what the owner sent: new buffers, and the numbers of those that are gone. */
  #receive(): void {
    if (this.#port === undefined) return;
    for (;;) {
      const message = receiveMessageOnPort(this.#port)?.message as
        | { id: number; buffer?: SharedArrayBuffer }
        | undefined;
      if (message === undefined) return;
      if (message.buffer === undefined) this.#buffers.delete(message.id);
      else this.#buffers.set(message.id, message.buffer);
    }
  }

  #known(id: number): SharedArrayBuffer | undefined {
    const buffer = this.#buffers.get(id);
    return buffer instanceof WeakRef ? buffer.deref() : buffer;
  }

  forget(id: number): void {
    this.#buffers.delete(id);
  }

  /** Gives the staging room back. */
  close(): void {
    if (this.#stage !== 0) this.#shared.arena.free(this.#stage);
    this.#stage = 0;
  }

  /**
   * Runs the task in this thread's line. Returns a promise only if the operator's module has to
   * be loaded first; the task then runs when it is.
   */
  run(): Promise<void> | undefined {
    this.#receive();
    const record = this.#shared.line(this.#me) + LINE_RECORD;
    const job = this.#shared.job(this.#shared.u32(record + RECORD_JOB));
    const { operator } = this.#read(job);
    const first = this.#firstBlock(job, this.#shared.i32(record + RECORD_TASK));
    // What nobody wants needs no module, which may be what threads die of.
    const isKnown = operator === undefined || loadedOperator(operator) !== undefined;
    if (isKnown || this.#isMoot(job, first)) {
      this.#runLoaded(job, record);
      return undefined;
    }
    return loadOperator(operator).then(
      () => this.#runLoaded(job, record),
      (error: unknown) => {
        reportError(this.#shared, job, first, error);
        this.#finish(job, record, undefined);
      },
    );
  }

  /** The same for a thread that may not wait; false if the task needs a module not loaded here. */
  runNow(): boolean {
    const record = this.#shared.line(this.#me) + LINE_RECORD;
    const job = this.#shared.job(this.#shared.u32(record + RECORD_JOB));
    const { operator, pieces } = this.#read(job);
    if (operator !== undefined && loadedOperator(operator) === undefined) return false;
    if (pieces?.some((p) => p.kind === "buffer" && this.#known(p.id) === undefined)) return false;
    this.#runLoaded(job, record);
    return true;
  }

  #read(job: number): Extra {
    const shared = this.#shared;
    const epoch = shared.i32(job + JOB_EPOCH);
    if (this.#extraJob !== job || this.#extraEpoch !== epoch) {
      const at = shared.u32(job + JOB_EXTRA);
      const end = at + shared.u32(job + JOB_EXTRA_BYTES);
      shared.reach(end);
      this.#extra = JSON.parse(new TextDecoder().decode(shared.bytes.slice(at, end))) as Extra;
      this.#extraJob = job;
      this.#extraEpoch = epoch;
    }
    return this.#extra;
  }

  #firstBlock(job: number, task: number): number {
    return task * 2 ** this.#shared.i32(job + JOB_SHIFT);
  }

  #runLoaded(job: number, record: number): void {
    this.#shared.inOperator(() => this.#runTask(job, record));
  }

  #runTask(job: number, record: number): void {
    const shared = this.#shared;
    const { operator: url, pieces } = this.#extra;
    const operator = url === undefined ? undefined : loadedOperator(url);
    const task = shared.i32(record + RECORD_TASK);
    const isNew = this.#isNew(job, record);
    // Its task stands for no blocks, of which an error could say that they are moot.
    if (isNew && shared.i32(job + JOB_KIND) === KIND_EXTERNAL_PAIRWISE) {
      if (this.#runPairwise(job, operator as UserOperator)) this.#finish(job, record, operator);
      else shared.core.putBack(this.#me);
      return;
    }
    if (!isNew || this.#isMoot(job, this.#firstBlock(job, task))) {
      this.#finish(job, record, operator);
      return;
    }
    const dtype = DTYPES[shared.i32(job + JOB_DTYPE)] as DtypeInfo;
    const streamed = shared.i32(job + JOB_STREAMED) !== 0;
    const first = this.#firstBlock(job, task);
    const whole = BLOCK * 2 ** shared.i32(job + JOB_SHIFT);
    const elements = streamed
      ? shared.u32(record + RECORD_LENGTH)
      : Math.min(whole, Number(shared.i64(job + JOB_LENGTH)) - first * BLOCK);
    const address = streamed
      ? shared.u32(record + RECORD_ADDRESS)
      : shared.u32(job + JOB_INPUT) + first * BLOCK * dtype.size;
    const cell = shared.core.cellOf(job, streamed ? shared.i32(record + RECORD_CELL) : task) >>> 0;
    const stack: unknown[] = [];
    let block = first;
    shared.core.foldBegin();
    try {
      for (let done = 0; done === 0 || done < elements; ) {
        if (this.#isMoot(job, block)) break;
        // User code runs block by block, so that its errors and an abort find their block.
        const blocks = operator === undefined ? STAGE_BLOCKS : 1;
        const count = Math.min(blocks * BLOCK, elements - done);
        const at =
          pieces === undefined
            ? address + done * dtype.size
            : this.#fetch(pieces, dtype, block * BLOCK, count);
        if (operator === undefined) {
          if (!shared.core.foldBlocks(this.#me, job, at, BigInt(block), BigInt(count))) break;
        } else {
          const values = shared.view(dtype, at, count);
          pushState(operator, stack, foldValues(operator, values, this.#skips(job)), block - first);
        }
        block += Math.max(1, Math.ceil(count / BLOCK));
        done += count;
        if (count === 0) break;
      }
      // An error in the block behind this task's last one leaves its state whole and wanted.
      if (!this.#isMoot(job, block - 1)) {
        if (operator === undefined) shared.core.foldEnd(this.#me, job, cell);
        else this.#encode(operator, popStates(operator, stack), cell);
        shared.core.progress(this.#me, job, BigInt(block - first));
      }
    } catch (error) {
      reportError(shared, job, block, error);
    }
    this.#finish(job, record, operator);
  }

  /** False if another thread made the task's state before it died. */
  #isNew(job: number, record: number): boolean {
    const { core } = this.#shared;
    const task = this.#shared.i32(record + RECORD_TASK);
    if (this.#shared.i32(job + JOB_STREAMED) === 0) return core.isWhole(job, task) === 0;
    return core.isCellOpen(job, task, this.#shared.i32(record + RECORD_CELL)) !== 0;
  }

  #skips(job: number): boolean {
    return this.#shared.i32(job + JOB_SKIP_NAN) !== 0;
  }

  /** True if nobody wants what this block gives: the job was stopped, or failed before it. */
  #isMoot(job: number, block: number): boolean {
    if (Atomics.load(this.#shared.i32s, (job + JOB_STOP) >> 2) !== 0) return true;
    const error = Atomics.load(this.#shared.i64s, (job + JOB_ERROR) >> 3);
    return error !== -1n && Number(error >> 32n) <= block;
  }

  #encode(operator: UserOperator, state: unknown, cell: number): void {
    this.#shared.reach(cell + operator.cellBytes);
    encodeState(operator, state, this.#shared.bytes, cell);
  }

  #decode(operator: UserOperator, cell: number): unknown {
    this.#shared.reach(cell + operator.cellBytes);
    return decodeState(this.#shared.bytes, cell);
  }

  /** Answers a streamed task; otherwise climbs the tree from the task's cell. */
  #finish(job: number, record: number, operator: UserOperator | undefined): void {
    const { core } = this.#shared;
    const task = this.#shared.i32(record + RECORD_TASK);
    if (this.#shared.i32(job + JOB_STREAMED) !== 0) {
      core.deliverCell(this.#me, job, task, this.#shared.i32(record + RECORD_CELL));
      return;
    }
    core.climbFrom(job, task);
    for (let step = core.ascend(job); step !== ASCEND_STOP; step = core.ascend(job)) {
      if (step === ASCEND_ROOT) {
        core.answer(this.#me, job, task, 0);
        break;
      }
      this.#merge(job, operator);
    }
    core.empty(this.#me);
  }

  /** Merges two siblings, if both are whole and somebody may still want them. */
  #merge(job: number, operator: UserOperator | undefined): void {
    const shared = this.#shared;
    if (shared.i32(job + JOB_KIND) === KIND_EXTERNAL_PAIRWISE) return;
    const into = shared.core.mergeTarget() >>> 0;
    const left = shared.core.mergeLeftOf() >>> 0;
    const right = shared.core.mergeRightOf() >>> 0;
    const [first, end] = this.#blocksOf(job, into);
    // An error at or before the last block of the node has made the node's value void; one behind
    // it has not, and this merge may yet raise the error that counts.
    if (this.#isMoot(job, end - 1)) return;
    if (operator === undefined) {
      shared.core.mergeRecord(job, into, left, right);
      return;
    }
    try {
      const state = mergeValues(
        operator,
        this.#decode(operator, left),
        this.#decode(operator, right),
      );
      this.#encode(operator, state, into);
    } catch (error) {
      reportError(shared, job, first, error);
    }
  }

  /** The blocks under the node whose cell is at `cell`. */
  #blocksOf(job: number, cell: number): [first: number, end: number] {
    const shared = this.#shared;
    let node = (cell - shared.u32(job + JOB_CELLS)) / shared.i32(job + JOB_STATE_BYTES);
    let width = shared.i32(job + JOB_TASKS);
    let span = 2 ** shared.i32(job + JOB_SHIFT);
    while (node >= width) {
      node -= width;
      width = (width + 1) >> 1;
      span *= 2;
    }
    return [node * span, Math.min((node + 1) * span, shared.i32(job + JOB_BLOCKS))];
  }

  /** False if the task has to be put back. */
  #runPairwise(job: number, operator: UserOperator): boolean {
    const shared = this.#shared;
    const { core } = shared;
    const dtype = DTYPES[shared.i32(job + JOB_DTYPE)] as DtypeInfo;
    const bytes = shared.i32(job + JOB_STATE_BYTES);
    const length = Number(shared.i64(job + JOB_LENGTH));
    const numbers = shared.view(dtype, shared.u32(job + JOB_INPUT), length);
    const skips = this.#skips(job);
    /** Of the first or second number of the pair at hand. */
    const stateOf = (element: number, i: 0 | 1): unknown =>
      element < 0
        ? this.#decode(operator, (core.pairLeft() >>> 0) + i * bytes)
        : foldValues(operator, numbers.subarray(element + i, element + i + 1), skips);
    core.pairBegin(this.#me, job);
    while (core.claimPairs(this.#me, job)) {
      for (let ticket = core.pairTarget(); ticket >= 0; ticket = core.pairTarget()) {
        const element = core.pairElement();
        try {
          let state = stateOf(element, 0);
          if (core.pairSize() === 2) state = mergeValues(operator, state, stateOf(element, 1));
          this.#encode(operator, state, core.pairInto(ticket) >>> 0);
        } catch (error) {
          // There are no blocks here, but numbers are claimed in order: the first that fails counts,
          // and behind all numbers the first failure of any later round.
          reportError(shared, job, element < 0 ? MOST_NUMBERS : element, error);
          return true;
        }
        core.pairDone(ticket);
      }
    }
    return core.pairStuck() === 0;
  }

  // --- data that lies elsewhere ---------------------------------------------------

  /** Brings elements first … first + count − 1 into this thread's staging room. */
  #fetch(pieces: readonly Piece[], dtype: DtypeInfo, first: number, count: number): number {
    const shared = this.#shared;
    const { size } = dtype;
    if (this.#stage === 0) this.#stage = shared.arena.alloc(STAGE_BLOCKS * BLOCK * 8, this.#me + 1);
    shared.reach(this.#stage + count * size);
    let skip = first;
    let filled = 0;
    for (const piece of pieces) {
      if (filled === count) break;
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const n = Math.min(count - filled, piece.length - skip);
      const at = this.#stage + filled * size;
      const target = shared.bytes.subarray(at, at + n * size);
      if (piece.kind === "file") {
        readRun(piece, skip, n, size, target);
      } else {
        const offset = piece.offset + skip * size;
        target.set(new Uint8Array(this.#bufferOf(piece.id), offset, n * size));
      }
      filled += n;
      skip = 0;
    }
    return this.#stage;
  }

  #bufferOf(id: number): SharedArrayBuffer {
    const buffer = this.#known(id);
    if (buffer === undefined) {
      throw new RingfoldError("ERR_INPUT", `the foreign buffer ${id} did not reach this thread`);
    }
    return buffer;
  }
}

/** Pushes the state of block number `index` of a task; merges as the tree has it. */
export function pushState(op: UserOperator, stack: unknown[], state: unknown, index: number): void {
  stack.push(settle(op, state));
  for (let k = index + 1; k % 2 === 0; k /= 2) {
    const right = stack.pop();
    stack.push(settle(op, mergeValues(op, stack.pop(), right)));
  }
}

export function popStates(op: UserOperator, stack: unknown[]): unknown {
  let state: unknown = stack.length === 0 ? NOTHING : stack.pop();
  while (stack.length > 0) state = settle(op, mergeValues(op, stack.pop(), state));
  return state;
}
