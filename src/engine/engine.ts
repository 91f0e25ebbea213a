// The engine that users hold: memory, reductions, life. One object a thread:
// the thread that created the engine owns the workers, others attach to it.

import {
  BLOCK,
  CONTROL_THREADS,
  CONTROL_WORKERS,
  KIND_BLOCKS,
  KIND_EXTERNAL,
  LINE_BLOCKS,
  LINE_COMBINES,
  LINE_NOTIFIES,
  LINE_PARKS,
  LINE_TASKS,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { operatorOf } from "../operators/builtin.js";
import {
  type Dtype,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
  type TypedArray,
} from "../operators/dtype.js";
import type { Value } from "../operators/operator.js";
import { loadOperator, loadOperatorNow, type UserOperator } from "../operators/user.js";
import { Accumulation, type AccumulatorOptions } from "./accumulation.js";
import { type Crossover, calibrate, isSmall, UNCALIBRATED } from "./calibrate.js";
import type { Running } from "./entry.js";
import type { Extra, Piece } from "./external.js";
import { userError } from "./failure.js";
import { type Input, type Located, locate, locatePair, type Pair, secondOffset } from "./input.js";
import { Jobs, type Task } from "./jobs.js";
import { assertLength, closedError, Deadline } from "./limits.js";
import { Local } from "./local.js";
import { pairTask } from "./pairs.js";
import { type PartialOptions, partialPlan } from "./partial.js";
import {
  checkOptions,
  finishUser,
  makePlan,
  makeUserPlan,
  type OperatorName,
  type Operators,
  type Plan,
  type Receipted,
  type ReduceOptions,
} from "./plan.js";
import { fillNow, ReductionStream } from "./reduction.js";
import type { Shared } from "./shared.js";
import { Stream, StreamBuffers, type StreamResult } from "./stream.js";
import { Submitter } from "./submitter.js";
import type { Threads } from "./threads.js";

/** Pass it to another worker thread (`postMessage`, `workerData`) and attach there. */
export interface EngineHandle {
  readonly memory: object;
  readonly module: object;
  readonly crossover: Crossover;
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

interface LastPlan {
  readonly operators: string;
  readonly options: ReduceOptions;
  readonly plan: Plan;
}

/** True if what decides on a pass, and what is checked against it, is the same. */
function isSamePass(a: ReduceOptions, b: ReduceOptions): boolean {
  return (
    a.accuracy === b.accuracy &&
    a.nan === b.nan &&
    a.schedule === b.schedule &&
    a.receipt === b.receipt &&
    a.roundTo === b.roundTo &&
    a.initial === b.initial
  );
}

export class Engine {
  readonly threads: number;
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  readonly #local: Local;
  readonly #jobs: Jobs;
  /** Undefined in a thread that attached. */
  readonly #threads: Threads | undefined;
  readonly #plans = new Map<string, Plan>();
  #lastPlan: LastPlan | undefined;
  #crossover: Crossover;
  #started = 0;
  #inline = 0;
  #failed: RingfoldError | undefined;
  #closing: Promise<void> | undefined;

  /** Use `createEngine` or `attachEngine`. */
  constructor(shared: Shared, threads: Threads | undefined, crossover: Crossover = UNCALIBRATED) {
    this.#shared = shared;
    this.#submitter = new Submitter(shared);
    this.#local = new Local(shared, this.#submitter.me);
    this.#jobs = new Jobs(shared, this.#submitter, () => this.#assertOpen());
    this.#threads = threads;
    this.#crossover = crossover;
    this.threads = shared.i32(CONTROL_THREADS);
    this.#submitter.onClosed = () => this.#fail(closedError());
    if (threads === undefined) return;
    threads.onDeath = (error) => this.#fail(error);
    threads.onGone = (id) => this.#submitter.external.forget(id);
  }

  /** @internal Measures the crossover; `spin` in microseconds. */
  calibrate(spin: number): void {
    const { me } = this.#submitter;
    this.#crossover = calibrate(this.#shared, this.#local, this.#jobs, me, this.threads, spin);
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
    const view = this.#allocRaw(dtypeInfo(dtype), length);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0);
    return view;
  }

  #allocRaw(info: DtypeInfo, length: number): TypedArray<SharedArrayBuffer> {
    this.#assertOpen();
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RingfoldError("ERR_OPTION", `length: ${String(length)} is not an integer ≥ 0`);
    }
    const address = this.#shared.arena.alloc(Math.max(1, length * info.size));
    try {
      return this.#shared.view(info, address, length);
    } catch (error) {
      this.#shared.arena.free(address);
      throw error;
    }
  }

  /**
   * Gives the memory of an array from `alloc` or `share` back. No reduction may be reading it.
   * @throws RingfoldError ERR_INPUT for any other view, or for one that was freed before.
   */
  free(view: TypedArray): void {
    this.#assertOpen();
    const owned = dtypeOf(view) !== undefined && this.#shared.owns(view.buffer);
    if (!owned || !this.#shared.arena.free(view.byteOffset)) {
      throw new RingfoldError(
        "ERR_INPUT",
        "free: not an array that `alloc` or `share` of this engine gave, or freed before",
      );
    }
  }

  /** Copies values into the engine's memory, once. */
  share<T extends TypedArray>(values: T): T;
  share(values: readonly number[], dtype?: Dtype): TypedArray<SharedArrayBuffer>;
  share(values: readonly bigint[], dtype?: "int64" | "uint64"): TypedArray<SharedArrayBuffer>;
  share(values: Input, dtype?: Dtype): TypedArray {
    this.#assertOpen();
    if (dtype === undefined) {
      const { dtype: own, length, view } = locate(this.#shared, values);
      return this.#fill(own, length, view);
    }
    const info = dtypeInfo(dtype);
    const kind = info.size === 8 && info.kind !== "float" ? "bigint" : "number";
    const odd = Array.prototype.findIndex.call(values, (x) => typeof x !== kind);
    if (odd >= 0) {
      throw new RingfoldError(
        "ERR_DTYPE",
        `share: element ${odd} is a ${typeof values[odd]}; ${dtype} takes ${kind}s`,
      );
    }
    return this.#fill(info, values.length, values);
  }

  /** Converts as assignment to a typed array does. */
  #fill(info: DtypeInfo, length: number, values: Input): TypedArray<SharedArrayBuffer> {
    const view = this.#allocRaw(info, length);
    (view as Float64Array).set(values as Float64Array);
    return view;
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
    return this.#run(located, this.#plan(operators, located.dtype, options, user), options);
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
    return this.#runNow(located, this.#plan(operators, located.dtype, options, user), options);
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
    return (await this.#run(located, plan, options)) as Uint8Array;
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
    return this.#runNow(located, plan, options) as Uint8Array;
  }

  /**
   * A reduction of arrays that come one by one: `add` each, ask for the `value` at any time.
   * @throws RingfoldError ERR_OPERATOR for an operator whose results depend on where data is cut
   */
  accumulator(operator: OperatorName, options: AccumulatorOptions = NO_OPTIONS): Accumulation {
    this.#begin(options);
    return new Accumulation(operator, options, {
      locate: (input) => this.#locate(input, operator),
      fold: (located, plan, take) => {
        this.#begin(NO_OPTIONS);
        this.#runNow(located, { ...plan, take }, NO_OPTIONS);
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

  async #run(located: Located, plan: Plan, options: ReduceOptions): Promise<unknown> {
    if (this.#staysHere(located, plan, options)) return this.#here(located, plan, options);
    const task =
      options.schedule === "pairwise"
        ? this.#pairTask(located, plan, options)
        : this.#task(located, plan);
    return task ? this.#jobs.run(task, options) : this.#copy(located, plan, options);
  }

  #runNow(located: Located, plan: Plan, options: ReduceOptions): unknown {
    if (this.#staysHere(located, plan, options) || this.#isAlone(located, options)) {
      return this.#here(located, plan, options);
    }
    const task =
      options.schedule === "pairwise"
        ? this.#pairTask(located, plan, options)
        : this.#task(located, plan);
    return task ? this.#jobs.runNow(task, options) : this.#copyNow(located, plan, options);
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
    const plan = this.#plan(operators, dtypeInfo(dtype), options, user);
    assertOneInput(plan, "stream");
    return this.#openStream(plan, options) as Promise<ReductionStream<Result<O>>>;
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
    const plan = this.#plan(operators, dtypeInfo(dtype), options, user);
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
    const length = pieces.reduce((n, p) => n + p.length, 0);
    return this.#jobs.run(external(plan, length, { pieces }), options, helps);
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
    return this.#openStream(plan, options) as Promise<ReductionStream<Uint8Array>>;
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

  #plan(
    operators: Operators,
    dtype: DtypeInfo,
    options: ReduceOptions,
    user: UserOperator | undefined,
  ): Plan {
    // Calls for a small array come by the million, most of them alike.
    const last = this.#lastPlan;
    if (last?.operators === operators && isSamePass(last.options, options)) {
      if (last.plan.pass.dtype === dtype) return last.plan;
    }
    const skipNaN = options.nan === "skip" && dtype.kind === "float";
    if (user !== undefined) {
      assertForUser(options);
      return makeUserPlan(user, dtype, skipNaN);
    }
    const names = operators as OperatorName | readonly OperatorName[];
    const list = typeof names === "string" ? names : JSON.stringify(names);
    const { accuracy, schedule, receipt = false } = options;
    const key = `${dtype.name} ${skipNaN} ${accuracy} ${schedule} ${receipt} ${typeof names} ${list}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = makePlan(names, dtype, {
        skipNaN,
        accuracy,
        pairwise: schedule === "pairwise",
        receipt,
      });
      this.#plans.set(key, plan);
    }
    assertApplies(plan, options);
    if (typeof operators === "string") {
      this.#lastPlan = { operators, options: { ...options }, plan };
    }
    return plan;
  }

  // --- on the calling thread ----------------------------------------------------------

  #staysHere(located: Located, plan: Plan, options: ReduceOptions): boolean {
    if (options.schedule === "pairwise") return located.length < 2;
    if (plan.user !== undefined) return located.length <= BLOCK;
    const bytes = plan.inputs * located.length * located.dtype.size;
    return isSmall(this.#shared, this.#crossover, bytes);
  }

  /** With one thread, the calling thread is the one that computes. */
  #isAlone(located: Located, options: ReduceOptions): boolean {
    return (
      this.threads === 1 &&
      secondOffset(located) !== undefined &&
      options.schedule !== "pairwise" &&
      options.timeout === undefined &&
      options.onProgress === undefined
    );
  }

  #here(located: Located, plan: Plan, options: ReduceOptions): unknown {
    this.#inline++;
    let result: unknown;
    if (plan.user === undefined) {
      this.#local.fold(located, plan);
      result = this.#jobs.finish(plan, this.#local.root, options, located.length);
    } else {
      result = this.#local.runUser(located, plan.user, options);
    }
    if (options.onRound !== undefined && options.schedule === "pairwise" && located.length === 1) {
      options.onRound({ round: 0, length: 1 });
    }
    reportEnd(located.length, options);
    return result;
  }

  // --- on the workers -----------------------------------------------------------------

  /** The job for an input that workers can reach; undefined if it must be copied in. */
  #task(located: Located, plan: Plan): Task | undefined {
    const { view, length, address } = located;
    const second = secondOffset(located);
    if (second !== undefined) {
      if (plan.user !== undefined) return { ...external(plan, length, {}), input: address };
      return { plan, kind: KIND_BLOCKS, pass: plan.pass, length, input: address, second };
    }
    if (located.second !== undefined) return undefined;
    if (!(view.buffer instanceof SharedArrayBuffer) || this.#threads === undefined) {
      return undefined;
    }
    const id = this.#threads.numberOf(view.buffer);
    this.#submitter.external.learn(id, view.buffer);
    const piece: Piece = { kind: "buffer", id, offset: view.byteOffset, length };
    // The task holds the view, so that the buffer is not taken for gone while the job runs.
    return { ...external(plan, length, { pieces: [piece] }), view };
  }

  #pairTask(located: Located, plan: Plan, options: ReduceOptions) {
    const { me } = this.#submitter;
    return pairTask(this.#shared, this.#local, me, this.threads, located, plan, options);
  }

  /** Copies an input in, buffer by buffer, while workers reduce what is there. */
  async #copy(located: Located, plan: Plan, options: ReduceOptions): Promise<unknown> {
    const { view, length, second } = located;
    const stream = await this.#openStream(plan, options);
    try {
      // Looked at again at every buffer: the caller may transfer or resize the array meanwhile.
      assertLength(view, length);
      if (second !== undefined) assertLength(second.view, length);
    } catch (error) {
      stream.abort(error);
      throw error;
    }
    const report = () => options.onProgress?.(stream.progress(length));
    await stream.writeBoth(view, second?.view, report);
    const result = await stream.end();
    reportEnd(length, options);
    return result;
  }

  #copyNow({ view, length, second }: Located, plan: Plan, options: ReduceOptions): unknown {
    const deadline = new Deadline(options.timeout);
    const buffers = new StreamBuffers(this.#shared, plan, this.threads);
    let running: Running;
    try {
      running = this.#jobs.entryNow(buffers.spec, deadline);
    } catch (error) {
      buffers.free();
      throw error;
    }
    const stream = new Stream(this.#shared, this.#submitter, plan, buffers, running);
    try {
      fillNow(stream, view, second?.view, (isDone) => this.#jobs.waitFor(isDone, deadline));
      const result = this.#finishStream(plan, stream.result(), options);
      stream.close();
      reportEnd(length, options);
      return result;
    } catch (error) {
      stream.fail(error);
      throw error;
    }
  }

  async #openStream(plan: Plan, options: ReduceOptions): Promise<ReductionStream<unknown>> {
    const buffers = new StreamBuffers(this.#shared, plan, this.threads);
    const running = await this.#jobs.entry(buffers.spec, options).catch((error: unknown) => {
      buffers.free();
      throw error;
    });
    const stream = new Stream(this.#shared, this.#submitter, plan, buffers, running);
    const settle = this.#jobs.guard(options, (error) => stream.fail(error));
    return new ReductionStream(stream, settle, (r) => this.#finishStream(plan, r, options));
  }

  #finishStream(plan: Plan, result: StreamResult, options: ReduceOptions): unknown {
    const { root, state, length } = result;
    if (plan.user === undefined) return this.#jobs.finish(plan, root, options, length);
    try {
      return finishUser(plan.user, state, options.initial);
    } catch (error) {
      throw userError(error);
    }
  }

  // --- life ---------------------------------------------------------------------------------

  /** Lets other threads of the process submit to this engine: see `attachEngine`. */
  handle(): EngineHandle {
    this.#assertOpen();
    const { memory, module } = this.#shared;
    return { memory, module, crossover: this.#crossover };
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
      inline: this.#inline,
      pending: this.#submitter.pending,
      memoryBytes: shared.buffer.byteLength,
      usedBytes: shared.arena.used,
      crossover: this.#crossover,
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
    if (this.#submitter.isEngineClosed) throw closedError();
  }

  #fail(error: RingfoldError): void {
    this.#failed ??= error;
    this.#jobs.rejectAll(error);
    // What was pending is over: nothing of this engine may keep the process alive.
    this.#submitter.abandon();
  }
}

function assertOneInput({ items, inputs }: Plan, what: string): void {
  if (inputs === 1) return;
  throw new RingfoldError(
    "ERR_OPERATOR",
    `${what}: ${items[0]?.operator.name} has two inputs; use \`reduce\` or \`accumulator\``,
  );
}

/** Options that only built-in operators have. */
function assertForUser({ accuracy, roundTo, receipt }: ReduceOptions): void {
  const given = { accuracy: accuracy === "exact" ? accuracy : undefined, roundTo, receipt };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== false) {
      throw new RingfoldError(
        "ERR_OPTION",
        `${name}: ${JSON.stringify(value)} is not for user operators, whose code decides; leave it out`,
      );
    }
  }
}

/** @throws RingfoldError ERR_OPTION for an option that means nothing to the operators */
function assertApplies({ items, pass }: Plan, { initial, roundTo }: ReduceOptions): void {
  const odd = items.find(({ operator }) => !operator.takesInitial);
  if (initial !== undefined && odd !== undefined) {
    throw new RingfoldError("ERR_OPTION", `initial: ${odd.operator.name} has none; leave it out`);
  }
  if (roundTo === "float32" && pass.dtype.kind !== "float") {
    throw new RingfoldError(
      "ERR_OPTION",
      `roundTo: "float32" is for floats, not for ${pass.dtype.name}; leave it out`,
    );
  }
}

/** A job whose tasks need JavaScript. */
function external(plan: Plan, length: number, where: Extra): Task {
  const operator = plan.user === undefined ? {} : { operator: plan.user.url };
  const extra: Extra = { ...where, ...operator };
  return { plan, kind: KIND_EXTERNAL, pass: plan.pass, length, input: 0, extra };
}

function reportEnd(length: number, { onProgress }: ReduceOptions): void {
  const blocks = Math.max(1, Math.ceil(length / BLOCK));
  onProgress?.({ done: blocks, total: blocks });
}
