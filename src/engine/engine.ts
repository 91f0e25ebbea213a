// The engine that users hold: memory, reductions, life. One object a thread:
// the thread that created the engine owns the workers, others attach to it.

import {
  CONTROL_CLOSED,
  CONTROL_OWNER,
  CONTROL_THREADS,
  CONTROL_WORKERS,
  LINE_BLOCKS,
  LINE_COMBINES,
  LINE_NOTIFIES,
  LINE_PARKS,
  LINE_TASKS,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { operatorOf } from "../operators/builtin.js";
import { type Dtype, dtypeInfo, type TypedArray } from "../operators/dtype.js";
import type { Value } from "../operators/operator.js";
import { loadOperator, loadOperatorNow } from "../operators/user.js";
import { Accumulation, type AccumulatorOptions } from "./accumulation.js";
import { type Crossover, crossoverOf } from "./calibrate.js";
import type { Piece } from "./external.js";
import { type Input, type Located, locate, locatePair, type Pair } from "./input.js";
import { Jobs } from "./jobs.js";
import { closedError } from "./limits.js";
import { Local } from "./local.js";
import { allocArray, freeArray, shareArray } from "./memory.js";
import { checkOptions, type OperatorName, type Operators, type ReduceOptions } from "./options.js";
import { type PartialOptions, partialPlan } from "./partial.js";
import type { Plan, Receipted } from "./plan.js";
import { Plans } from "./plans.js";
import { Recovery } from "./recovery.js";
import type { ReductionStream } from "./reduction.js";
import { LEAST_PAUSE_MS, MOST_PAUSE_MS, Runner } from "./runner.js";
import type { Shared } from "./shared.js";
import { Submitter } from "./submitter.js";
import type { Threads } from "./threads.js";

/** Pass it to another worker thread (`postMessage`, `workerData`) and attach there. */
export interface EngineHandle {
  readonly memory: object;
  readonly module: object;
}

/** The result of one operator: a number, a bigint (64-bit integers) or a boolean. */
export type Result<O extends Operators> = O extends readonly OperatorName[]
  ? { [K in O[number]]: Value }
  : O extends URL
    ? unknown
    : Value;

export interface EngineStats {
  readonly threads: number;
  readonly workers: number;
  /** Jobs that this thread started, and those of them that never left it. */
  readonly jobs: number;
  readonly inline: number;
  readonly pending: number;
  /** Bytes of shared memory, and of them in use by arrays and jobs. */
  readonly memoryBytes: number;
  readonly usedBytes: number;
  /** Threads that died, and milliseconds of the slowest replacement (the creating thread only). */
  readonly deaths: number;
  readonly slowestRecovery: number;
  /** Workers that died and whose place is not taken yet. */
  readonly absent: number;
  /** Bytes below which a reduction stays on the calling thread. */
  readonly crossover: Crossover;
  /** One entry a worker, then one for this thread. */
  readonly lines: readonly LineStats[];
}

export interface LineStats {
  readonly tasks: number;
  readonly blocks: number;
  readonly combines: number;
  readonly parks: number;
  readonly notifies: number;
}

const NO_OPTIONS: ReduceOptions = {};

export class Engine {
  readonly threads: number;
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  readonly #local: Local;
  readonly #jobs: Jobs;
  /** Undefined in a thread that attached. */
  readonly #threads: Threads | undefined;
  readonly #runner: Runner;
  /** Of the thread that created the engine. */
  readonly #recovery: Recovery | undefined;
  readonly #plans = new Plans();
  #started = 0;
  #ready = Promise.resolve();
  #failed: RingfoldError | undefined;
  #closing: Promise<void> | undefined;

  /** Use `createEngine` or `attachEngine`. */
  constructor(shared: Shared, threads: Threads | undefined) {
    this.#shared = shared;
    this.#submitter = new Submitter(shared, threads !== undefined);
    this.#local = new Local(shared, this.#submitter.me);
    this.#jobs = new Jobs(shared, this.#submitter, () => this.#assertOpen());
    this.#threads = threads;
    this.#runner = new Runner(shared, this.#submitter, this.#local, this.#jobs, threads);
    this.threads = shared.i32(CONTROL_THREADS);
    this.#submitter.onClosed = () => this.#fail(closedError());
    if (threads === undefined) {
      this.#submitter.onWatch = () => this.#watchOwner();
      return;
    }
    const recovery = new Recovery(shared, threads, this.#submitter.liveness);
    shared.i32s[CONTROL_OWNER >> 2] = this.#submitter.me;
    recovery.onLost = (error) => {
      this.#fail(error);
      this.#submitter.end();
    };
    this.#submitter.onWatch = () => recovery.watch();
    this.#recovery = recovery;
    threads.onGone = (id) => this.#submitter.external.forget(id);
  }

  /**
   * @internal Starts the workers; they are to spin for `spin` microseconds.
   * @throws RingfoldError ERR_MEMORY
   */
  start(workers: number, spin: number): void {
    this.#runner.spin = spin;
    const started = (this.#threads as Threads).start(workers);
    // One that did not start is replaced, or the engine fails.
    this.#ready = started.catch(() => {}).then(() => this.#settle());
  }

  /**
   * Measures the crossover while there is nothing to do, and lets events in between the steps. The
   * process may end meanwhile.
   */
  async #settle(pause = LEAST_PAUSE_MS): Promise<void> {
    while (this.#failed === undefined && this.#runner.settle()) {
      await new Promise<void>((resolve) => setTimeout(resolve, 1).unref());
    }
    if (this.#failed !== undefined || this.#runner.spin === undefined) return;
    setTimeout(() => void this.#settle(Math.min(2 * pause, MOST_PAUSE_MS)), pause).unref();
  }

  /**
   * @internal Settles once all workers are there or one did not start, and the crossover is
   * measured if nothing is under way.
   */
  async ready(): Promise<void> {
    const alive = setInterval(() => {}, 2 ** 30);
    try {
      await this.#ready;
    } finally {
      clearInterval(alive);
    }
  }

  /** @internal One job that does nothing, there and back; the calling thread only waits. */
  roundTrip(): void {
    this.#jobs.roundTrip();
  }

  // --- memory -------------------------------------------------------------------

  /**
   * An array of `length` elements, all 0, on the engine's memory: reductions read it in place,
   * and other threads may hold views of it. It stays valid until `free`, also when the memory
   * grows.
   * @throws RingfoldError ERR_DTYPE, ERR_OPTION, ERR_MEMORY, ERR_CLOSED
   */
  alloc(dtype: "float64", length: number): Float64Array<SharedArrayBuffer>;
  alloc(dtype: "float32", length: number): Float32Array<SharedArrayBuffer>;
  alloc(dtype: "int32", length: number): Int32Array<SharedArrayBuffer>;
  alloc(dtype: "int64", length: number): BigInt64Array<SharedArrayBuffer>;
  alloc(dtype: Dtype, length: number): TypedArray<SharedArrayBuffer>;
  alloc(dtype: Dtype, length: number): TypedArray<SharedArrayBuffer> {
    const view = this.allocUnfilled(dtype, length);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
    return view;
  }

  /**
   * The same, not zeroed, for those who write every element: to zero gigabytes at once keeps a
   * thread from all else for seconds.
   * @internal
   */
  allocUnfilled(dtype: Dtype, length: number): TypedArray<SharedArrayBuffer> {
    this.#assertOpen();
    return allocArray(this.#shared, dtypeInfo(dtype), length);
  }

  /**
   * Gives the memory of an array from `alloc` or `share` back. No reduction may be reading it.
   * @throws RingfoldError ERR_INPUT for any other view, or for one that was freed before.
   */
  free(view: TypedArray): void {
    this.#assertOpen();
    freeArray(this.#shared, view);
  }

  /** Copies values into the engine's memory, once. */
  share<T extends TypedArray>(values: T): T;
  share(values: readonly number[], dtype?: Dtype): TypedArray<SharedArrayBuffer>;
  share(values: readonly bigint[], dtype?: "int64" | "uint64"): TypedArray<SharedArrayBuffer>;
  share(values: Input, dtype?: Dtype): TypedArray {
    this.#assertOpen();
    return shareArray(this.#shared, values, dtype);
  }

  // --- reductions -----------------------------------------------------------------

  /**
   * Reduces an input without blocking the calling thread. A single operator's name gives its
   * value; several run in one pass and give an object by name; a URL names a user operator's
   * module. `dot` takes two inputs, `[x, y]`. Inputs in the engine's memory are read in place; do
   * not write to them meanwhile.
   * @throws (rejects) RingfoldError; `signal.reason` when aborted
   */
  reduce<const O extends Operators>(
    input: Input | Pair,
    operators: O,
    options: ReduceOptions & { receipt: true },
  ): Promise<Receipted<Result<O>>>;
  reduce<const O extends Operators>(
    input: Input | Pair,
    operators: O,
    options?: ReduceOptions,
  ): Promise<Result<O>>;
  async reduce(
    input: Input | Pair,
    operators: Operators,
    options: ReduceOptions = NO_OPTIONS,
  ): Promise<unknown> {
    this.#begin(options);
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const located = this.#locate(input, operators);
    return this.#runner.run(
      located,
      this.#plans.find(operators, located.dtype, options, user),
      options,
    );
  }

  /**
   * The same, waiting: the calling thread helps, in the place of one worker. Not for threads
   * that may not block.
   */
  reduceSync<const O extends Operators>(
    input: Input | Pair,
    operators: O,
    options: ReduceOptions & { receipt: true },
  ): Receipted<Result<O>>;
  reduceSync<const O extends Operators>(
    input: Input | Pair,
    operators: O,
    options?: ReduceOptions,
  ): Result<O>;
  reduceSync(
    input: Input | Pair,
    operators: Operators,
    options: ReduceOptions = NO_OPTIONS,
  ): unknown {
    this.#begin(options);
    const user = operators instanceof URL ? loadOperatorNow(operators.href) : undefined;
    const located = this.#locate(input, operators);
    return this.#runner.runNow(
      located,
      this.#plans.find(operators, located.dtype, options, user),
      options,
    );
  }

  /**
   * The state of a reduction: bytes that can be kept, sent elsewhere and merged (`mergeStates`,
   * `finishState`). However data is split and states are merged, the value has the same bits.
   * @throws (rejects) RingfoldError ERR_OPERATOR for an operator that has no such state
   */
  async partial(
    input: Input | Pair,
    operator: OperatorName,
    options: PartialOptions = NO_OPTIONS,
  ): Promise<Uint8Array> {
    this.#begin(options);
    const located = this.#locate(input, operator);
    const plan = partialPlan(operator, located.dtype, options);
    return (await this.#runner.run(located, plan, options)) as Uint8Array;
  }

  /** The same, waiting. */
  partialSync(
    input: Input | Pair,
    operator: OperatorName,
    options: PartialOptions = NO_OPTIONS,
  ): Uint8Array {
    this.#begin(options);
    const located = this.#locate(input, operator);
    const plan = partialPlan(operator, located.dtype, options);
    return this.#runner.runNow(located, plan, options) as Uint8Array;
  }

  /**
   * A reduction of arrays that come one by one: `add` each, ask for the `value` at any time.
   * @throws RingfoldError ERR_OPERATOR for an operator whose results depend on where data is cut
   */
  accumulator(operator: OperatorName, options: AccumulatorOptions = NO_OPTIONS): Accumulation {
    this.#begin(options);
    return new Accumulation(operator, options, {
      locate: (input) => this.#locate(input, operator),
      fold: (located, plan) => {
        this.#begin(NO_OPTIONS);
        this.#runner.runNow(located, plan, NO_OPTIONS);
      },
      merge: (plan, left, right) => this.#local.merge(plan, left, right),
    });
  }

  #locate(input: Input | Pair, operators: Operators): Located {
    const name = Array.isArray(operators) ? operators[0] : operators;
    if (typeof name === "string" && operatorOf(name).inputs === 2) {
      return locatePair(this.#shared, input, name);
    }
    return locate(this.#shared, input as Input);
  }

  /**
   * A reduction whose input arrives piece by piece, in bounded memory. Fill what `reserve`
   * gives and `commit` it, or `write` arrays; `end` gives the result.
   */
  async stream<const O extends Operators>(
    dtype: Dtype,
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
  ): Promise<ReductionStream<Result<O>>> {
    this.#begin(options);
    if (options.schedule === "pairwise") {
      throw new RingfoldError(
        "ERR_OPTION",
        'schedule: "pairwise" holds all numbers in its rings; it cannot stream its input',
      );
    }
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const plan = this.#plans.find(operators, dtypeInfo(dtype), options, user);
    assertOneInput(plan, "stream");
    return this.#runner.openStream(plan, options) as Promise<ReductionStream<Result<O>>>;
  }

  /**
   * Reduces pieces of files, which workers read by themselves; if `helps`, this thread reads too,
   * a task a turn of its event loop.
   * @internal The CLI's way for .npy and raw files; the pieces' file descriptors stay the caller's.
   */
  async reducePieces<const O extends Operators>(
    dtype: Dtype,
    pieces: readonly Piece[],
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
    helps = false,
  ): Promise<Result<O>> {
    this.#begin(options);
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const plan = this.#plans.find(operators, dtypeInfo(dtype), options, user);
    return this.#runPieces(plan, pieces, options, helps) as Promise<Result<O>>;
  }

  /** @internal The same, for a state. */
  async partialPieces(
    dtype: Dtype,
    pieces: readonly Piece[],
    operator: OperatorName,
    options: PartialOptions = NO_OPTIONS,
    helps = false,
  ): Promise<Uint8Array> {
    this.#begin(options);
    const plan = partialPlan(operator, dtypeInfo(dtype), options);
    return this.#runPieces(plan, pieces, options, helps) as Promise<Uint8Array>;
  }

  async #runPieces(plan: Plan, pieces: readonly Piece[], options: ReduceOptions, helps: boolean) {
    assertOneInput(plan, "reducePieces");
    return this.#runner.pieces(plan, pieces, options, helps);
  }

  /** @internal As `stream`, for a state. */
  async partialStream(
    dtype: Dtype,
    operator: OperatorName,
    options: PartialOptions = NO_OPTIONS,
  ): Promise<ReductionStream<Uint8Array>> {
    this.#begin(options);
    const plan = partialPlan(operator, dtypeInfo(dtype), options);
    assertOneInput(plan, "stream");
    return this.#runner.openStream(plan, options) as Promise<ReductionStream<Uint8Array>>;
  }

  #begin(options: ReduceOptions): void {
    this.#assertOpen();
    if (typeof options !== "object" || options === null) {
      throw new RingfoldError("ERR_OPTION", `options: ${String(options)} is not an object`);
    }
    if (options !== NO_OPTIONS) {
      checkOptions(options);
      options.signal?.throwIfAborted();
    }
    this.#started++;
  }

  // --- life ---------------------------------------------------------------------------------

  /** Lets other threads of the process submit to this engine: see `attachEngine`. */
  handle(): EngineHandle {
    this.#assertOpen();
    const { memory, module } = this.#shared;
    return { memory, module };
  }

  stats(): EngineStats {
    const shared = this.#shared;
    const workers = shared.i32(CONTROL_WORKERS);
    const lines = [...Array(workers).keys(), this.#submitter.me].map((participant) => {
      const line = shared.line(participant);
      const at = (field: number) => Number(Atomics.load(shared.i64s, (line + field) >> 3));
      return {
        tasks: at(LINE_TASKS),
        blocks: at(LINE_BLOCKS),
        combines: at(LINE_COMBINES),
        parks: at(LINE_PARKS),
        notifies: at(LINE_NOTIFIES),
      };
    });
    return {
      threads: this.threads,
      workers,
      jobs: this.#started,
      inline: this.#runner.inline,
      pending: this.#submitter.pending,
      memoryBytes: shared.buffer.byteLength,
      usedBytes: shared.arena.used,
      deaths: this.#recovery?.deaths ?? 0,
      absent: this.#recovery?.absent ?? 0,
      slowestRecovery: this.#recovery?.slowest ?? 0,
      crossover: crossoverOf(shared),
      lines,
    };
  }

  /**
   * Ends the engine: pending calls reject with ERR_CLOSED, and when the promise settles no
   * worker is left. In a thread that attached, only this thread's part ends.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#failed = closedError();
    this.#jobs.rejectAll(this.#failed);
    if (this.#threads === undefined) {
      while (this.#submitter.pending > 0 && !this.#submitter.isEngineClosed) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } else {
      this.#recovery?.close();
      await this.#threads.close();
    }
    this.#submitter.abandon();
    this.#local.close();
    this.#submitter.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#failed !== undefined) throw this.#failed;
    // Not `Atomics.load`, which costs a small reduction 5 ns of 120: nothing hangs on seeing it now.
    if (this.#shared.i32(CONTROL_CLOSED) !== 0) throw closedError();
  }

  #watchOwner(): void {
    this.#submitter.watchOwner();
    if (this.#submitter.isEngineClosed) this.#fail(closedError());
  }

  /** @internal Ends a worker at whatever instruction it is: for stress scenarios. */
  async terminate(worker: number): Promise<void> {
    await this.#threads?.terminate(worker);
  }

  /** @internal True once no call can be answered any more. */
  get hasFailed(): boolean {
    return this.#failed !== undefined;
  }

  #fail(error: RingfoldError): void {
    this.#failed ??= error;
    this.#jobs.rejectAll(error);
    // What was pending is over: nothing of this engine may keep the process alive.
    this.#submitter.abandon(this.#failed);
  }
}

function assertOneInput({ items, inputs }: Plan, what: string): void {
  if (inputs === 1) return;
  throw new RingfoldError(
    "ERR_OPERATOR",
    `${what}: ${items[0]?.operator.name} has two inputs; use \`reduce\` or \`accumulator\``,
  );
}
