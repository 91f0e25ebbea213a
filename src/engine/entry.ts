// A job's entry in the table: what a job is, how it is cut into tasks, and how
// all of it is laid into shared memory before the first task is published.

import {
  BLOCK,
  CELLS_SIZE,
  CONTROL_MAX_TASKS,
  CONTROL_THREADS,
  JOB_ARRIVALS,
  JOB_BATCH,
  JOB_BLOCKS,
  JOB_CELLS,
  JOB_COMPLETE,
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
  JOB_OWNER,
  JOB_RINGS,
  JOB_RUNNING,
  JOB_SECOND,
  JOB_SHIFT,
  JOB_SKIP_NAN,
  JOB_STATE_BYTES,
  JOB_STOP,
  JOB_STREAMED,
  JOB_SUBMITTER,
  JOB_TASKS,
  JOB_TEXTS,
  MAX_JOBS,
  MAX_OPS,
  OP_CODE,
  OP_OFFSET,
  OP_SIZE,
} from "../core/map.js";
import type { DtypeInfo } from "../operators/dtype.js";
import type { Extra } from "./external.js";
import type { Shared } from "./shared.js";

// A task costs about as much as folding one block from the cache, and a thread needs several, so
// that the last ones end together.

/** Blocks of a task of the core: at most, at least while each thread has TASKS_A_THREAD. */
const MOST_BLOCKS = 64;
const LEAST_BLOCKS = 16;
const TASKS_A_THREAD = 16;
/** But so many a thread in any case. */
const LEAST_TASKS = 2;
/** What JavaScript computes or reads block by block gains nothing by long tasks. */
const EXTERNAL_BLOCKS = 8;
const EXTERNAL_TASKS = 8;

/** What the accumulators of one pass are, and where their states lie in a record. */
export interface Pass {
  readonly dtype: DtypeInfo;
  readonly codes: readonly number[];
  readonly offsets: readonly number[];
  readonly stateBytes: number;
  /** Bytes of them that running accumulators have, at the record's start. */
  readonly running: number;
  readonly skipNaN: boolean;
}

export interface JobSpec {
  readonly kind: number;
  readonly pass: Pass;
  /** Elements; 0 while a stream does not know. */
  readonly length: number;
  /** Address of the first element, or 0. */
  readonly input: number;
  /** From there to the second input's first element; 0 if there is one input. */
  readonly second?: number;
  readonly extra?: Extra;
  /** Addresses that the job holds: given back when no worker can touch them any more. */
  readonly owns?: readonly number[];
  /** Streamed: blocks a task and cells to use. */
  readonly stream?: { readonly shift: number; readonly cells: number };
  /** Pairwise: address of the rings, pairs a claim, participants. */
  readonly pairwise?: {
    readonly rings: number;
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

/** With what only its submitter needs to know. */
export interface Entry extends Running {
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
  i32s[(job + JOB_RUNNING) >>> 2] = pass.running;
  for (let i = 0; i < pass.codes.length && i < MAX_OPS; i++) {
    const op = job + JOB_OP + i * OP_SIZE;
    i32s[(op + OP_CODE) >>> 2] = pass.codes[i] as number;
    i32s[(op + OP_OFFSET) >>> 2] = pass.offsets[i] as number;
  }
}

/** Nodes of the tree over `tasks`, the tasks included. */
function nodes(tasks: number): number {
  let sum = tasks;
  for (let width = tasks; width > 1; sum += width) width = (width + 1) >> 1;
  return sum;
}

/** Whether a job of another than `owner` has its input, or one of them, in [from, end). */
export function isRead(shared: Shared, owner: number) {
  const inputs: number[] = [];
  for (let index = 0; index < MAX_JOBS; index++) {
    const job = shared.job(index);
    const whose = Atomics.load(shared.i32s, (job + JOB_OWNER) >> 2);
    // An entry that is free, or offered to a thread, reads nothing.
    if (whose <= 0 || whose === owner) continue;
    const input = shared.u32(job + JOB_INPUT);
    inputs.push(input, input + shared.i32(job + JOB_SECOND));
  }
  return (from: number, end: number) => inputs.some((input) => input >= from && input < end);
}

/**
 * Writes entry `index` of the job table for a job of submitter `me`, and takes the memory that it
 * needs beyond its own cells; addresses go to `owned`. @throws RingfoldError ERR_MEMORY
 */
export function fillEntry(
  shared: Shared,
  me: number,
  index: number,
  spec: JobSpec,
  owned: number[],
): Entry {
  const { stateBytes } = spec.pass;
  const job = shared.job(index);
  const blocks = Math.max(1, Math.ceil(spec.length / BLOCK));
  const { shift, tasks } = cut(shared, spec, blocks);
  const cells = spec.stream?.cells ?? nodes(tasks);
  // An arrival word an inner node, of which an uneven tree can have more than tasks; streamed: one
  // a cell.
  const words = spec.stream === undefined ? cells - tasks : cells;
  const bytes = cells * stateBytes + words * 4;
  let at = shared.cells(index);
  if (bytes > CELLS_SIZE) {
    at = shared.arena.alloc(bytes, me + 1);
    owned.push(at);
    shared.reach(at + bytes);
  }
  const arrivals = at + cells * stateBytes;
  const { i32s } = shared;
  const epoch = i32s[(job + JOB_EPOCH) >> 2] as number;
  i32s[(job + JOB_KIND) >> 2] = spec.kind;
  i32s[(job + JOB_SUBMITTER) >> 2] = me;
  i32s[(job + JOB_STREAMED) >> 2] = spec.stream === undefined ? 0 : 1;
  shared.i64s[(job + JOB_LENGTH) >> 3] = BigInt(spec.length);
  i32s[(job + JOB_BLOCKS) >> 2] = blocks;
  i32s[(job + JOB_SHIFT) >> 2] = shift;
  i32s[(job + JOB_TASKS) >> 2] = tasks;
  i32s[(job + JOB_INPUT) >> 2] = spec.input;
  i32s[(job + JOB_SECOND) >> 2] = spec.second ?? 0;
  i32s[(job + JOB_CELLS) >> 2] = at;
  i32s[(job + JOB_ARRIVALS) >> 2] = arrivals;
  writePass(shared, job, spec.pass);
  const idle = spec.stream === undefined ? 0 : -1;
  i32s.fill(idle, arrivals >>> 2, (arrivals >>> 2) + words);
  if (spec.extra !== undefined) owned.push(writeExtra(shared, me, job, spec.extra));
  if (spec.pairwise !== undefined) {
    i32s[(job + JOB_RINGS) >> 2] = spec.pairwise.rings;
    i32s[(job + JOB_BATCH) >> 2] = spec.pairwise.batch;
  }
  i32s[(job + JOB_STOP) >> 2] = 0;
  shared.i64s[(job + JOB_ERROR) >> 3] = -1n;
  i32s[(job + JOB_TEXTS) >> 2] = 0;
  shared.i64s[(job + JOB_DONE) >> 3] = 0n;
  i32s[(job + JOB_COMPLETE) >> 2] = 0;
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
  return entry;
}

/** How many tasks; the shape of the tree does not depend on it. */
function cut(shared: Shared, spec: JobSpec, blocks: number): { shift: number; tasks: number } {
  if (spec.stream !== undefined) return { shift: spec.stream.shift, tasks: 1 };
  if (spec.pairwise !== undefined) return { shift: 0, tasks: spec.pairwise.participants };
  const threads = shared.i32(CONTROL_THREADS);
  const wanted =
    spec.extra === undefined
      ? Math.max(
          blocks / MOST_BLOCKS,
          Math.min(blocks / LEAST_BLOCKS, TASKS_A_THREAD * threads),
          LEAST_TASKS * threads,
        )
      : Math.max(blocks / EXTERNAL_BLOCKS, EXTERNAL_TASKS * threads);
  // Large states: fewer cells, down to what keeps every thread busy.
  const fit = Math.floor(CELLS_SIZE / 2 / (spec.pass.stateBytes + 4));
  const room = Math.max(64, TASKS_A_THREAD * threads, fit);
  const most = Math.min(shared.i32(CONTROL_MAX_TASKS), room, wanted);
  let shift = 0;
  while (Math.ceil(blocks / 2 ** shift) > most) shift++;
  return { shift, tasks: Math.ceil(blocks / 2 ** shift) };
}

function writeExtra(shared: Shared, me: number, job: number, extra: Extra): number {
  const bytes = new TextEncoder().encode(JSON.stringify(extra));
  const address = shared.arena.alloc(bytes.length, me + 1);
  shared.reach(address + bytes.length);
  shared.bytes.set(bytes, address);
  shared.i32s[(job + JOB_EXTRA) >> 2] = address;
  shared.i32s[(job + JOB_EXTRA_BYTES) >> 2] = bytes.length;
  return address;
}
