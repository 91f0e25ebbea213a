// The one shared memory of an engine, seen from one thread: its views, the
// core's functions on it, and the tables in it. Every thread that takes part
// has a `Shared` of its own over the same memory.

import {
  CELLS_SIZE,
  CONTROL_CORES,
  CONTROL_CROSSOVER_AWAKE,
  CONTROL_CROSSOVER_PARKED,
  CONTROL_ID,
  CONTROL_LAYOUT,
  CONTROL_MAGIC,
  CONTROL_MAX_TASKS,
  CONTROL_THREADS,
  CONTROL_WORKERS,
  JOB_SIZE,
  JOBS,
  LAYOUT,
  LINE_SIZE,
  LINES,
  MAGIC,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  SCRATCH_EXACT,
  SCRATCH_SIZE,
  SLOT_SHIFT,
  TASK_RING,
  TASK_SLOTS,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { DtypeInfo, TypedArray } from "../operators/dtype.js";
import type { StateReader } from "../operators/operator.js";
import { Arena, tableBytes } from "./arena.js";

export const PAGE = 65536;
/**
 * What a 32-bit WebAssembly memory can address, less its last page: the end of an array there,
 * as an address, would be 0.
 */
export const MOST_BYTES = 65535 * PAGE;
/** Bytes below which it never pays to share a reduction out. */
export const LEAST_BYTES = 64 * 1024;

/** The exports of core/index.ts. Addresses and i32 are numbers, i64 are bigints. */
export interface Core {
  ringInit(
    ring: number,
    slots: number,
    capacityLog2: number,
    shift: number,
    ticket: bigint,
    used: number,
  ): void;
  ringReserve(me: number, ring: number): bigint;
  ringPublish(ring: number, ticket: bigint): void;
  ringClaim(me: number, ring: number, max: number): number;
  claimedTicket(): bigint;
  ringRelease(ring: number, ticket: bigint): void;
  ringPayload(ring: number, ticket: bigint): number;
  ringIsEmpty(ring: number): number;
  ringIsReady(ring: number): number;
  ringSize(ring: number): bigint;
  gateAnnounce(gate: number, participant: number): number;
  gateCancel(gate: number, participant: number): void;
  gatePark(gate: number, participant: number, epoch: number, timeout: bigint): number;
  gateWake(gate: number, words: number, count: number): number;
  foldAll(me: number, job: number): void;
  roundExact(me: number, state: number, form: number, single: 0 | 1): number;
  meanExact(me: number, state: number, form: number, single: 0 | 1): number;
  rootExact(me: number, state: number, form: number, single: 0 | 1): number;
  conditionExact(me: number, sum: number, abs: number, form: number, single: 0 | 1): number;
  spreadExact(
    me: number,
    sum: number,
    squares: number,
    sumForm: number,
    squaresForm: number,
    ddof: number,
    isRoot: 0 | 1,
    single: 0 | 1,
  ): number;
  foldBegin(): void;
  foldBlocks(me: number, job: number, p: number, block: bigint, elements: bigint): number;
  foldEnd(me: number, job: number, into: number): void;
  mergeRecord(job: number, into: number, left: number, right: number): void;
  climbFrom(job: number, task: number): void;
  ascend(job: number): number;
  mergeTarget(): number;
  mergeLeftOf(): number;
  mergeRightOf(): number;
  answer(me: number, job: number, task: number, cell: number): void;
  deliverCell(me: number, job: number, task: number, cell: number): void;
  isCellOpen(job: number, task: number, cell: number): number;
  isWhole(job: number, task: number): number;
  empty(me: number): void;
  progress(me: number, job: number, blocks: bigint): void;
  cellOf(job: number, node: number): number;
  pairBegin(me: number, job: number): void;
  claimPairs(me: number, job: number): number;
  pairTarget(): number;
  pairElement(): number;
  pairInto(ticket: number): number;
  pairLeft(): number;
  pairSize(): number;
  pairDone(ticket: number): void;
  pairSettle(job: number): void;
  pairStuck(): number;
  work(me: number): number;
  help(me: number, runs: number, timeout: bigint): number;
  helpBegin(me: number): void;
  helpEnd(me: number): void;
  collect(me: number): number;
  isAnswerLost(gate: number, results: number, epoch: number): number;
  isTaskIdle(): number;
  listenBegin(me: number): number;
  listenEnd(me: number): void;
  putBack(me: number): void;
  owes(dead: number): number;
  recover(me: number, dead: number): number;
  wakeAll(): void;
  pushMark(me: number): bigint;
  isQuiet(job: number, markEnd: bigint): number;
  submit(me: number, job: number, first: number, end: number): void;
  submitStreamed(
    me: number,
    job: number,
    task: number,
    address: number,
    length: number,
    cell: number,
  ): void;
}

/** `me` of a thread that is no participant yet. */
const NOBODY = MAX_WORKERS + MAX_SUBMITTERS;

export interface Layout {
  readonly workers: number;
  readonly threads: number;
  readonly cores: number;
  readonly maxBytes: number;
}

export class Shared implements StateReader {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly core: Core;
  readonly arena: Arena;
  buffer: SharedArrayBuffer;
  i32s: Int32Array<SharedArrayBuffer>;
  u32s: Uint32Array<SharedArrayBuffer>;
  i64s: BigInt64Array<SharedArrayBuffer>;
  f64s: Float64Array<SharedArrayBuffer>;
  bytes: Uint8Array<SharedArrayBuffer>;
  /** Which participant this thread is, once it is one. */
  me = NOBODY;
  /** Whose the arrays are that this thread makes: the engine's, or its own if it attached. */
  arrayOwner = 0;
  /** Calls of user operators' functions that are on this thread's stack. */
  #operators = 0;
  /** Buffers of this memory that were handed out before it grew. */
  readonly #earlier = new WeakSet<ArrayBufferLike>();

  private constructor(memory: WebAssembly.Memory, module: WebAssembly.Module) {
    this.memory = memory;
    this.module = module;
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.core = instance.exports as unknown as Core;
    this.buffer = memory.buffer as unknown as SharedArrayBuffer;
    this.i32s = new Int32Array(this.buffer);
    this.u32s = new Uint32Array(this.buffer);
    this.i64s = new BigInt64Array(this.buffer);
    this.f64s = new Float64Array(this.buffer);
    this.bytes = new Uint8Array(this.buffer);
    this.#earlier.add(this.buffer);
    this.arena = new Arena(this);
  }

  /**
   * Runs code of a user operator. What the core keeps for this thread meanwhile (the task in its
   * line, pairs that it has claimed, its place in a tree) a call from inside would overwrite.
   */
  inOperator<T>(body: () => T): T {
    this.#operators++;
    try {
      return body();
    } finally {
      this.#operators--;
    }
  }

  get isInOperator(): boolean {
    return this.#operators > 0;
  }

  /** @throws RingfoldError ERR_DEADLOCK */
  assertOutside(): void {
    if (this.#operators === 0) return;
    throw new RingfoldError(
      "ERR_DEADLOCK",
      "a user operator calls the engine that runs it: call it before the reduction, or use another " +
        "engine inside the operator",
    );
  }

  /** Lays a new memory out. */
  static create(module: WebAssembly.Module, layout: Layout): Shared {
    // Enough tasks to share out evenly, few enough to cost nothing; the ring holds all jobs'.
    const tasks = Math.min(1024, Math.max(256, 2 ** Math.ceil(Math.log2(16 * layout.threads))));
    const capacity = MAX_JOBS * tasks;
    const cells = TASK_SLOTS + (capacity << SLOT_SHIFT);
    const arena = cells + MAX_JOBS * CELLS_SIZE;
    const maximum = Math.floor(layout.maxBytes / PAGE);
    const least = Math.ceil(arena / PAGE) + 1;
    const pages = Math.ceil((arena + tableBytes(PAGE * Math.max(maximum, least))) / PAGE);
    if (pages > maximum) {
      throw new RingfoldError(
        "ERR_MEMORY",
        `maxBytes: ${layout.maxBytes} is less than the ${pages * PAGE} bytes that an engine of ` +
          `${layout.threads} threads needs for itself`,
      );
    }
    const shared = new Shared(newMemory(pages, maximum), module);
    const { i32s, core } = shared;
    i32s[CONTROL_WORKERS >> 2] = layout.workers;
    i32s[CONTROL_THREADS >> 2] = layout.threads;
    i32s[CONTROL_CORES >> 2] = layout.cores;
    i32s[CONTROL_MAX_TASKS >> 2] = tasks;
    i32s[CONTROL_CROSSOVER_AWAKE >> 2] = LEAST_BYTES;
    i32s[CONTROL_CROSSOVER_PARKED >> 2] = LEAST_BYTES;
    // Tells this memory from others of the process; loading a better generator takes 3 ms.
    const id = Float64Array.of(Math.random(), Math.random());
    shared.bytes.set(new Uint8Array(id.buffer), CONTROL_ID);
    core.ringInit(TASK_RING, TASK_SLOTS, Math.log2(capacity), SLOT_SHIFT, 0n, capacity);
    shared.arena.format(arena, pages * PAGE, maximum * PAGE);
    i32s[CONTROL_LAYOUT >> 2] = LAYOUT;
    Atomics.store(i32s, CONTROL_MAGIC >> 2, MAGIC);
    return shared;
  }

  /** A memory that another thread laid out. @throws RingfoldError ERR_OPTION */
  static attach(memory: WebAssembly.Memory, module: WebAssembly.Module): Shared {
    let shared: Shared | undefined;
    let cause: unknown;
    try {
      shared = new Shared(memory, module);
    } catch (error) {
      // Neither the memory nor the module has to be one of an engine.
      cause = error;
    }
    const { i32s, core } = shared ?? {};
    const isOurs = i32s?.[CONTROL_MAGIC >> 2] === MAGIC && i32s[CONTROL_LAYOUT >> 2] === LAYOUT;
    if (shared === undefined || !isOurs || core?.foldAll === undefined) {
      throw new RingfoldError(
        "ERR_OPTION",
        "handle: not the memory and the module of an engine of this version of ringfold",
        { cause },
      );
    }
    return shared;
  }

  /** Takes over what `grow` in this or another thread added. */
  refresh(): void {
    // Another thread's growth reaches this thread's `buffer` late; growing by nothing fetches it.
    this.memory.grow(0);
    this.buffer = this.memory.buffer as unknown as SharedArrayBuffer;
    this.i32s = new Int32Array(this.buffer);
    this.u32s = new Uint32Array(this.buffer);
    this.i64s = new BigInt64Array(this.buffer);
    this.f64s = new Float64Array(this.buffer);
    this.bytes = new Uint8Array(this.buffer);
    this.#earlier.add(this.buffer);
  }

  /** Makes the views of this thread reach `end`. */
  reach(end: number): void {
    if (end > this.buffer.byteLength) this.refresh();
  }

  /** True if `buffer` is this memory, in whatever length and of whatever thread. */
  owns(buffer: ArrayBufferLike): boolean {
    if (buffer === this.buffer || this.#earlier.has(buffer)) return true;
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength < PAGE) return false;
    const id = CONTROL_ID >> 3;
    const theirs = new BigInt64Array(buffer, 0, id + 2);
    if (theirs[id] !== this.i64s[id] || theirs[id + 1] !== this.i64s[id + 1]) return false;
    this.#earlier.add(buffer);
    return true;
  }

  /** A typed array over the memory. float16 without runtime support is not to be had. */
  view(dtype: DtypeInfo, address: number, length: number): TypedArray<SharedArrayBuffer> {
    const array = dtype.array;
    if (array === undefined) {
      throw new RingfoldError(
        "ERR_DTYPE",
        `${dtype.name}: this runtime has no typed array for it; use float32`,
      );
    }
    this.reach(address + length * dtype.size);
    return new array(this.buffer, address, length);
  }

  /** Readies a thread's scratch: guesses and cells of exact sums begin as zeros. */
  clearScratch(scratch: number): void {
    this.reach(scratch + SCRATCH_SIZE);
    this.bytes.fill(0, scratch + SCRATCH_EXACT, scratch + SCRATCH_SIZE);
  }

  line(participant: number): number {
    return LINES + participant * LINE_SIZE;
  }

  job(index: number): number {
    return JOBS + index * JOB_SIZE;
  }

  /** The cells that job `index` has without asking the arena. */
  cells(index: number): number {
    const tasks = this.i32s[CONTROL_MAX_TASKS >> 2] as number;
    return TASK_SLOTS + ((MAX_JOBS * tasks) << SLOT_SHIFT) + index * CELLS_SIZE;
  }

  f64(address: number): number {
    return this.f64s[address >>> 3] as number;
  }

  i64(address: number): bigint {
    return this.i64s[address >>> 3] as bigint;
  }

  u64(address: number): bigint {
    return BigInt.asUintN(64, this.i64s[address >>> 3] as bigint);
  }

  i32(address: number): number {
    return this.i32s[address >>> 2] as number;
  }

  u32(address: number): number {
    return this.u32s[address >>> 2] as number;
  }

  round(sum: number, form: number, single: boolean): number {
    return this.core.roundExact(this.me, sum, form, single ? 1 : 0);
  }

  mean(sum: number, form: number, single: boolean): number {
    return this.core.meanExact(this.me, sum, form, single ? 1 : 0);
  }

  root(squares: number, form: number, single: boolean): number {
    return this.core.rootExact(this.me, squares, form, single ? 1 : 0);
  }

  condition(sum: number, magnitudes: number, form: number, single: boolean): number {
    return this.core.conditionExact(this.me, sum, magnitudes, form, single ? 1 : 0);
  }

  spread(
    sum: number,
    squares: number,
    form: number,
    squaresForm: number,
    ddof: number,
    isRoot: boolean,
    single: boolean,
  ): number {
    const [rooted, rounded] = [isRoot ? 1 : 0, single ? 1 : 0] as const;
    const { me, core } = this;
    return core.spreadExact(me, sum, squares, form, squaresForm, ddof, rooted, rounded);
  }

  copy(address: number, length: number): Uint8Array {
    return this.bytes.slice(address, address + length);
  }
}

/** With the largest maximum that the runtime grants up to `maximum` pages. */
function newMemory(initial: number, maximum: number): WebAssembly.Memory {
  let refused: unknown;
  for (
    let pages = maximum;
    pages >= initial;
    pages = pages === initial ? 0 : Math.max(initial, pages >> 1)
  ) {
    try {
      return new WebAssembly.Memory({ initial, maximum: pages, shared: true });
    } catch (error) {
      refused = error;
    }
  }
  throw new RingfoldError(
    "ERR_MEMORY",
    `the runtime grants no shared memory of ${initial * PAGE} bytes: close other engines, or ` +
      "raise the limit on the address space",
    { cause: refused },
  );
}
