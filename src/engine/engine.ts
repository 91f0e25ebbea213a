// The engine that users hold: memory, jobs, results. One object a thread; the
// thread that created the engine owns the workers, others attach to it.

import {
  BLOCK,
  CONTROL_SPIN,
  CONTROL_THREADS,
  CONTROL_WORKERS,
  JOB_CELLS,
  JOB_DONE,
  JOB_INPUT,
  JOB_LENGTH,
  JOB_ROUNDS,
  KIND_BLOCKS,
  KIND_EMPTY,
  KIND_EXTERNAL,
  KIND_EXTERNAL_PAIRWISE,
  KIND_PAIRWISE,
  LINE_BLOCKS,
  LINE_COMBINES,
  LINE_NOTIFIES,
  LINE_PARKS,
  LINE_SCRATCH,
  LINE_TASKS,
  RING_SIZE,
  SCRATCH_JOB,
  SCRATCH_RESULT,
  SCRATCH_SIZE,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import {
  type Dtype,
  type DtypeInfo,
  dtypeInfo,
  dtypeOf,
  type TypedArray,
} from "../operators/dtype.js";
import type { Value } from "../operators/operator.js";
import {
  decodeState,
  encodeState,
  foldValues,
  loadOperator,
  loadOperatorNow,
  type UserOperator,
} from "../operators/user.js";
import { type Piece, popStates, pushState } from "./external.js";
import { readError, userError } from "./failure.js";
import { type Input, type Located, locate } from "./input.js";
import {
  checkOptions,
  finish,
  finishUser,
  makePlan,
  makeUserPlan,
  type OperatorName,
  type Operators,
  type Plan,
  type ReduceOptions,
} from "./plan.js";
import type { Shared } from "./shared.js";
import { Stream, StreamBuffers, TASK_ELEMENTS } from "./stream.js";
import { type JobSpec, type Running, Submitter, writePass } from "./submitter.js";
import type { Threads } from "./threads.js";

/** Pass it to another worker thread (`postMessage`, `workerData`) and attach there. */
export interface EngineHandle {
  readonly memory: object;
  readonly module: object;
  readonly crossover: number;
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
  readonly crossover: number;
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

/** Bytes below which sharing out never pays, and above which it always does. */
export const LEAST_CROSSOVER = 64 * 1024;
const MOST_CROSSOVER = 16 * 1024 * 1024;
/** Calls after which the runtime has optimised a kernel. */
const WARM_FOLDS = 200;
const NO_OPTIONS: ReduceOptions = {};
const FOREVER = -1n;
/** How often `onProgress` is called, at most. */
const PROGRESS_MS = 50;
/** Pairs that one claim of a pairwise reduction takes at most. */
const PAIR_BATCH = 16;
/** How often a full job table is looked at again, if no job of this thread ends. */
const BUSY_MS = 2;
/** Blocks that a copied input is folded by on the calling thread. */
const STAGE_BLOCKS = 4;

export class Engine {
  readonly threads: number;
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  /** Undefined in a thread that attached. */
  readonly #threads: Threads | undefined;
  readonly #plans = new Map<string, Plan>();
  readonly #inlineJob: number;
  readonly #inlineRoot: number;
  readonly #rejects = new Set<(error: unknown) => void>();
  #inlinePlan: Plan | undefined;
  #crossover: number;
  #stage = 0;
  #jobs = 0;
  #inline = 0;
  #failed: RingfoldError | undefined;
  #closing: Promise<void> | undefined;

  /** Use `createEngine` or `attachEngine`. */
  constructor(shared: Shared, threads: Threads | undefined, crossover: number) {
    this.#shared = shared;
    this.#submitter = new Submitter(shared);
    this.#threads = threads;
    this.#crossover = crossover;
    this.threads = shared.i32(CONTROL_THREADS);
    const scratch = shared.u32(shared.line(this.#submitter.me) + LINE_SCRATCH);
    this.#inlineJob = scratch + SCRATCH_JOB;
    this.#inlineRoot = scratch + SCRATCH_RESULT;
    shared.bytes.fill(0, this.#inlineJob, scratch + SCRATCH_SIZE);
    shared.u32s[(this.#inlineJob + JOB_CELLS) >>> 2] = this.#inlineRoot;
    this.#submitter.onClosed = () => this.#fail(closedError());
    if (threads !== undefined) threads.onDeath = (error) => this.#fail(error);
  }

  /**
   * @internal Measures what a job costs that leaves the thread and how fast this thread folds,
   * and sets the crossover where sharing out begins to pay: n·t = n·t / threads + trip.
   */
  calibrate(spinMicroseconds: number): void {
    const { i32s } = this.#shared;
    const turn = this.#timeSpin();
    i32s[CONTROL_SPIN >> 2] = 0;
    const trip = median(Array.from({ length: 9 }, () => this.#time(() => this.roundTrip())));
    i32s[CONTROL_SPIN >> 2] = Math.round(spinMicroseconds / 1000 / turn);
    const share = this.threads === 1 ? 1 : 1 - 1 / this.threads;
    const crossover = trip / (this.#timeFold() * share);
    this.#crossover = Math.min(MOST_CROSSOVER, Math.max(LEAST_CROSSOVER, Math.round(crossover)));
  }

  #time(body: () => void): number {
    const start = performance.now();
    body();
    return performance.now() - start;
  }

  /** Milliseconds of one turn of the loop in which a thread looks for work. */
  #timeSpin(): number {
    const turns = 20_000;
    this.#shared.i32s[CONTROL_SPIN >> 2] = turns;
    return this.#time(() => this.#shared.core.help(this.#submitter.me, 0, 1n)) / turns;
  }

  /** Milliseconds a byte of a sum of float64; also what makes the runtime optimise the kernel. */
  #timeFold(): number {
    const plan = this.#plan("sum", dtypeInfo("float64"), NO_OPTIONS, undefined);
    const room = this.#allocRaw(dtypeInfo("float64"), 2 * BLOCK);
    room.fill(0 as never);
    const fold = () => this.#foldHere(plan, room.byteOffset, room.length);
    for (let i = 0; i < WARM_FOLDS; i++) fold();
    const time = median(Array.from({ length: 9 }, () => this.#time(fold)));
    this.free(room);
    return time / room.byteLength;
  }

  /** @internal One job that does nothing, there and back; the calling thread only waits. */
  roundTrip(): void {
    const spec = { kind: KIND_EMPTY, pass: EMPTY_PASS, length: 0, input: 0 };
    const running = this.#entryNow(spec, this.#deadline(NO_OPTIONS));
    this.#submitter.wait(
      () => running.done,
      () => {},
      () => FOREVER,
      0,
      running,
    );
    this.#submitter.release(running);
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
    const located = locate(this.#shared, values);
    const info = dtype === undefined ? located.dtype : dtypeInfo(dtype);
    const view = this.#allocRaw(info, located.length);
    // Converts as assignment to a typed array does; bigints and numbers do not mix.
    (view as Float64Array).set((dtype === undefined ? located.view : values) as Float64Array);
    return view;
  }

  // --- reductions -----------------------------------------------------------------

  /**
   * Reduces an input without blocking the calling thread. A single operator's name gives its
   * value; several run in one pass and give an object by name; a URL names a user operator's
   * module. Inputs in the engine's memory are read in place; do not write to them meanwhile.
   * @throws (rejects) RingfoldError; `signal.reason` when aborted
   */
  async reduce<const O extends Operators>(
    input: Input,
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
  ): Promise<Result<O>> {
    this.#assertOpen();
    checkOptions(options);
    options.signal?.throwIfAborted();
    const located = locate(this.#shared, input);
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const plan = this.#plan(operators, located.dtype, options, user);
    this.#jobs++;
    if (this.#staysHere(located, plan, options)) {
      return this.#here(located, plan, options) as Result<O>;
    }
    return (await this.#away(located, plan, options)) as Result<O>;
  }

  /**
   * The same, waiting: the calling thread helps, in the place of one worker. Not for threads
   * that may not block.
   */
  reduceSync<const O extends Operators>(
    input: Input,
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
  ): Result<O> {
    this.#assertOpen();
    if (options !== NO_OPTIONS) {
      checkOptions(options);
      options.signal?.throwIfAborted();
    }
    const located = locate(this.#shared, input);
    const user = operators instanceof URL ? loadOperatorNow(operators.href) : undefined;
    const plan = this.#plan(operators, located.dtype, options, user);
    this.#jobs++;
    if (this.#staysHere(located, plan, options) || this.#isAlone(located, options)) {
      return this.#here(located, plan, options) as Result<O>;
    }
    return this.#awayNow(located, plan, options) as Result<O>;
  }

  /**
   * A reduction whose input arrives piece by piece, in bounded memory. Fill what `reserve`
   * gives and `commit` it, or `write` arrays; `end` gives the result.
   */
  stream<const O extends Operators>(
    dtype: Dtype,
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
  ): Promise<ReductionStream<Result<O>>> {
    return this.#stream(dtypeInfo(dtype), operators, options) as Promise<
      ReductionStream<Result<O>>
    >;
  }

  async #stream(
    info: DtypeInfo,
    operators: Operators,
    options: ReduceOptions,
  ): Promise<ReductionStream<unknown>> {
    this.#assertOpen();
    checkOptions(options);
    options.signal?.throwIfAborted();
    if (options.schedule === "pairwise") {
      throw new RingfoldError(
        "ERR_OPTION",
        'schedule: "pairwise" holds all numbers in its rings; it cannot stream its input',
      );
    }
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const plan = this.#plan(operators, info, options, user);
    this.#jobs++;
    return this.#openStream(plan, options);
  }

  async #openStream(plan: Plan, options: ReduceOptions): Promise<ReductionStream<unknown>> {
    const buffers = new StreamBuffers(this.#shared, plan, this.threads);
    let running: Running;
    try {
      running = await this.#entry(buffers.spec, options);
    } catch (error) {
      buffers.free();
      throw error;
    }
    const stream = new Stream(this.#shared, this.#submitter, plan, buffers, running);
    const reject = (error: unknown) => stream.fail(error);
    const clear = this.#limits(options, reject);
    this.#rejects.add(reject);
    const settle = () => {
      clear();
      this.#rejects.delete(reject);
    };
    return new ReductionStream(stream, settle, ({ root, state }) =>
      plan.user === undefined
        ? this.#finish(plan, root, options)
        : finishUser(plan.user, state, options.initial),
    );
  }

  /**
   * Reduces pieces of files, which workers read by themselves.
   * @internal The CLI's way for .npy and raw files; the pieces' file descriptors stay the caller's.
   */
  async reducePieces<const O extends Operators>(
    dtype: Dtype,
    pieces: readonly Piece[],
    operators: O,
    options: ReduceOptions = NO_OPTIONS,
  ): Promise<Result<O>> {
    this.#assertOpen();
    checkOptions(options);
    options.signal?.throwIfAborted();
    const info = dtypeInfo(dtype);
    const user = operators instanceof URL ? await loadOperator(operators.href) : undefined;
    const plan = this.#plan(operators, info, options, user);
    this.#jobs++;
    const length = pieces.reduce((n, p) => n + p.length, 0);
    return (await this.#run(plan, options, {
      kind: KIND_EXTERNAL,
      pass: plan.pass,
      length,
      input: 0,
      extra: { pieces, ...(user === undefined ? {} : { operator: user.url }) },
    })) as Result<O>;
  }

  #plan(
    operators: Operators,
    dtype: DtypeInfo,
    options: ReduceOptions,
    user: UserOperator | undefined,
  ): Plan {
    const skip = options.nan === "skip" && dtype.kind === "float";
    if (user !== undefined) return makeUserPlan(user, dtype, skip);
    const names = operators as OperatorName | readonly OperatorName[];
    const list = typeof names === "string" ? names : JSON.stringify(names);
    const key = `${dtype.name} ${skip ? 1 : 0} ${list}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = makePlan(names, dtype, skip);
      this.#plans.set(key, plan);
    }
    if (options.initial !== undefined && plan.operators.some((o) => o.name === "mean")) {
      throw new RingfoldError("ERR_OPTION", "initial: a mean has none; leave it out");
    }
    return plan;
  }

  #finish(plan: Plan, root: number, options: ReduceOptions): unknown {
    this.#shared.reach(root + plan.pass.stateBytes);
    return finish(plan, this.#shared, root, {
      dtype: plan.pass.dtype,
      initial: options.initial,
      overflow: options.overflow,
    });
  }

  // --- on the calling thread ----------------------------------------------------------

  #staysHere(located: Located, plan: Plan, options: ReduceOptions): boolean {
    if (options.schedule === "pairwise") return located.length < 2;
    if (plan.user !== undefined) return located.length <= BLOCK;
    return located.length * located.dtype.size <= this.#crossover;
  }

  /** With one thread, the calling thread is the one that computes. */
  #isAlone(located: Located, options: ReduceOptions): boolean {
    return (
      this.threads === 1 &&
      located.address >= 0 &&
      options.schedule !== "pairwise" &&
      options.timeout === undefined &&
      options.onProgress === undefined
    );
  }

  #here(located: Located, plan: Plan, options: ReduceOptions): unknown {
    this.#inline++;
    const { length } = located;
    const blocks = Math.max(1, Math.ceil(length / BLOCK));
    let result: unknown;
    if (plan.user !== undefined) {
      result = this.#hereUser(located, plan.user, options);
    } else {
      if (located.address >= 0) this.#foldHere(plan, located.address, length);
      else this.#foldCopies(plan, located);
      result = this.#finish(plan, this.#inlineRoot, options);
    }
    if (options.schedule === "pairwise" && length === 1) {
      options.onRound?.({ round: 0, length: 1 });
    }
    options.onProgress?.({ done: blocks, total: blocks });
    return result;
  }

  #setInlineJob(plan: Plan, address: number, length: number): void {
    const { u32s } = this.#shared;
    const job = this.#inlineJob;
    if (this.#inlinePlan !== plan) {
      writePass(this.#shared, job, plan.pass);
      this.#inlinePlan = plan;
    }
    u32s[(job + JOB_INPUT) >>> 2] = address;
    u32s[(job + JOB_LENGTH) >>> 2] = length;
    u32s[(job + JOB_LENGTH + 4) >>> 2] = Math.floor(length / 2 ** 32);
  }

  #foldHere(plan: Plan, address: number, length: number): void {
    this.#setInlineJob(plan, address, length);
    this.#shared.core.foldAll(this.#submitter.me, this.#inlineJob);
  }

  /** Folds an input that lies elsewhere through a buffer of this thread's. */
  #foldCopies(plan: Plan, located: Located): void {
    const { core } = this.#shared;
    const { me } = this.#submitter;
    const job = this.#inlineJob;
    this.#setInlineJob(plan, 0, located.length);
    core.foldBegin();
    this.#copyIn(located, (at, first, n) => {
      core.foldBlocks(me, job, at, BigInt(first / BLOCK), BigInt(n));
    });
    core.foldEnd(me, job, this.#inlineRoot);
  }

  /** Copies an input into the engine's memory piece by piece; at least one, if empty. */
  #copyIn(
    { view, dtype, length }: Located,
    use: (address: number, first: number, n: number) => void,
  ): void {
    const shared = this.#shared;
    const whole = STAGE_BLOCKS * BLOCK;
    if (this.#stage === 0) this.#stage = shared.arena.alloc(whole * 8);
    shared.reach(this.#stage + whole * 8);
    let done = 0;
    do {
      const n = Math.min(whole, length - done);
      const from = new Uint8Array(view.buffer, view.byteOffset + done * dtype.size, n * dtype.size);
      shared.bytes.set(from, this.#stage);
      use(this.#stage, done, n);
      done += n;
    } while (done < length);
  }

  #hereUser({ view, length }: Located, user: UserOperator, options: ReduceOptions): unknown {
    const stack: unknown[] = [];
    try {
      for (let block = 0; block === 0 || block * BLOCK < length; block++) {
        const values = view.subarray(block * BLOCK, (block + 1) * BLOCK);
        pushState(user, stack, foldValues(user, values, options.nan === "skip"), block);
      }
      return finishUser(user, popStates(user, stack), options.initial);
    } catch (error) {
      throw userError(error);
    }
  }

  // --- on the workers -----------------------------------------------------------------

  /** The job for an input that workers can reach; undefined if it must be streamed. */
  #spec(located: Located, plan: Plan): JobSpec | undefined {
    const { view, length } = located;
    const operator = plan.user === undefined ? {} : { operator: plan.user.url };
    if (located.address >= 0) {
      return {
        kind: plan.user === undefined ? KIND_BLOCKS : KIND_EXTERNAL,
        pass: plan.pass,
        length,
        input: located.address,
        ...(plan.user === undefined ? {} : { extra: operator }),
      };
    }
    if (!(view.buffer instanceof SharedArrayBuffer) || this.#threads === undefined) {
      return undefined;
    }
    const id = this.#threads.numberOf(view.buffer);
    this.#submitter.external.learn(id, view.buffer);
    const piece: Piece = { kind: "buffer", id, offset: view.byteOffset, length };
    return {
      kind: KIND_EXTERNAL,
      pass: plan.pass,
      length,
      input: 0,
      extra: { ...operator, pieces: [piece] },
    };
  }

  async #away(located: Located, plan: Plan, options: ReduceOptions): Promise<unknown> {
    if (options.schedule === "pairwise") {
      const rings = this.#rings(located, plan);
      try {
        return await this.#run(plan, options, rings.spec, rings.fill);
      } finally {
        rings.free();
      }
    }
    const spec = this.#spec(located, plan);
    if (spec !== undefined) return this.#run(plan, options, spec);
    const stream = await this.#openStream(plan, options);
    const { view, length } = located;
    // Looked at again at every buffer: the caller may transfer or resize the array meanwhile.
    if (view.length !== length) {
      const error = changedError(length, view.length);
      stream.abort(error);
      throw error;
    }
    await stream.write(view, () => options.onProgress?.(stream.progress(length)));
    const result = await stream.end();
    const blocks = Math.max(1, Math.ceil(length / BLOCK));
    options.onProgress?.({ done: blocks, total: blocks });
    return result;
  }

  /** Takes a job entry, once there is one. @throws what ends the call meanwhile */
  async #entry(spec: JobSpec, options: ReduceOptions): Promise<Running> {
    const start = performance.now();
    for (;;) {
      const running = this.#submitter.prepare(spec);
      if (running !== undefined) return running;
      await this.#submitter.released();
      this.#assertOpen();
      options.signal?.throwIfAborted();
      if (options.timeout !== undefined && performance.now() - start > options.timeout) {
        throw timeoutError(options.timeout);
      }
    }
  }

  /** The same, helping meanwhile. */
  #entryNow(spec: JobSpec, deadline: Deadline): Running {
    for (;;) {
      const running = this.#submitter.prepare(spec);
      if (running !== undefined) return running;
      let looks = 0;
      this.#submitter.wait(
        () => looks++ > 0,
        deadline.check,
        () => BigInt(BUSY_MS * 1_000_000),
      );
    }
  }

  /** Runs one job to its answer. */
  async #run(
    plan: Plan,
    options: ReduceOptions,
    spec: JobSpec,
    beforeStart?: (running: Running) => void,
  ): Promise<unknown> {
    const running = await this.#entry(spec, options);
    return new Promise((resolve, reject) => {
      let settled = false;
      const timer =
        options.onProgress === undefined
          ? undefined
          : setInterval(() => this.#progress(running, options), PROGRESS_MS);
      const settle = () => {
        settled = true;
        clear();
        clearInterval(timer);
        this.#rejects.delete(fail);
      };
      const fail = (error: unknown) => {
        if (settled) return;
        settle();
        // The promise ends now; the job's entry when the last worker has looked at its flag.
        this.#submitter.stop(running);
        reject(error);
      };
      const clear = this.#limits(options, fail);
      this.#rejects.add(fail);
      running.onAnswer = () => {
        try {
          if (!settled) {
            settle();
            resolve(this.#take(plan, options, running, spec));
          }
        } catch (error) {
          reject(error);
        } finally {
          this.#submitter.release(running);
        }
      };
      try {
        beforeStart?.(running);
      } catch (error) {
        settle();
        this.#submitter.release(running);
        reject(error);
        return;
      }
      this.#submitter.publish(running);
      this.#submitter.listen();
    });
  }

  #awayNow(located: Located, plan: Plan, options: ReduceOptions): unknown {
    if (options.schedule === "pairwise") {
      const rings = this.#rings(located, plan);
      try {
        return this.#runNow(plan, options, rings.spec, rings.fill);
      } finally {
        rings.free();
      }
    }
    const spec = this.#spec(located, plan);
    if (spec !== undefined) return this.#runNow(plan, options, spec);
    const deadline = this.#deadline(options);
    const buffers = new StreamBuffers(this.#shared, plan, this.threads);
    const running = this.#entryNow(buffers.spec, deadline);
    const stream = new Stream(this.#shared, this.#submitter, plan, buffers, running);
    const wait = (isDone: () => boolean) =>
      this.#submitter.wait(isDone, deadline.check, deadline.left);
    try {
      const bytes = new Uint8Array(
        located.view.buffer,
        located.view.byteOffset,
        located.view.byteLength,
      );
      const { size } = located.dtype;
      for (let at = 0; at < bytes.length; ) {
        if (!stream.hasRoom) wait(() => stream.hasRoom);
        const room = stream.reserveBytes() as Uint8Array;
        const part = bytes.subarray(at, at + room.length);
        room.set(part);
        stream.commit(part.length / size);
        at += part.length;
        deadline.check();
      }
      stream.flush();
      wait(() => stream.isIdle);
      const { root, state } = stream.result();
      const result =
        plan.user === undefined
          ? this.#finish(plan, root, options)
          : finishUser(plan.user, state, options.initial);
      stream.close();
      return result;
    } catch (error) {
      stream.fail(error);
      throw error;
    }
  }

  #runNow(
    plan: Plan,
    options: ReduceOptions,
    spec: JobSpec,
    beforeStart?: (running: Running) => void,
  ): unknown {
    const deadline = this.#deadline(options);
    const running = this.#entryNow(spec, deadline);
    deadline.watch(running);
    let published = false;
    try {
      beforeStart?.(running);
      published = true;
      this.#submitter.wait(() => running.done, deadline.check, deadline.left, 1, running);
      return this.#take(plan, options, running, spec);
    } catch (error) {
      if (published && !running.done) {
        this.#submitter.stop(running);
        running.onAnswer = () => this.#submitter.release(running);
        this.#submitter.listen();
      }
      throw error;
    } finally {
      if (running.done || !published) this.#submitter.release(running);
    }
  }

  /** The value of a job that was answered. */
  #take(plan: Plan, options: ReduceOptions, running: Running, spec: JobSpec): unknown {
    const shared = this.#shared;
    const error = readError(shared, running.job);
    if (error !== undefined) throw error;
    if (spec.pairwise !== undefined) {
      shared.core.pairSettle(running.job);
      this.#rounds(running, spec.length, options);
    }
    options.onProgress?.({ done: running.blocks, total: running.blocks });
    if (plan.user !== undefined) {
      shared.reach(running.root + plan.user.cellBytes);
      try {
        return finishUser(plan.user, decodeState(shared.bytes, running.root), options.initial);
      } catch (thrown) {
        throw userError(thrown);
      }
    }
    return this.#finish(plan, running.root, options);
  }

  #progress(running: Running, options: ReduceOptions): void {
    const done = Number(Atomics.load(this.#shared.i64s, (running.job + JOB_DONE) >> 3));
    if (done < running.blocks) options.onProgress?.({ done, total: running.blocks });
  }

  // --- limits ---------------------------------------------------------------------------

  /** Has `fail` called when the call's signal or time-out says so; returns the undoing. */
  #limits(options: ReduceOptions, fail: (error: unknown) => void): () => void {
    const { signal, timeout } = options;
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer =
      timeout === undefined || timeout === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => fail(timeoutError(timeout)), Math.min(timeout, 2 ** 31 - 1));
    return () => {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    };
  }

  /** The same for a thread that waits: `check` throws when time is up and reports progress. */
  #deadline(options: ReduceOptions): Deadline {
    const { timeout, onProgress } = options;
    const end = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
    if (end === Number.POSITIVE_INFINITY && onProgress === undefined) {
      return { watch: () => {}, check: () => {}, left: () => FOREVER };
    }
    let next = performance.now() + PROGRESS_MS;
    let running: Running | undefined;
    return {
      watch: (job) => {
        running = job;
      },
      check: () => {
        const now = performance.now();
        if (now >= end) throw timeoutError(timeout as number);
        if (onProgress !== undefined && running !== undefined && now >= next) {
          next = now + PROGRESS_MS;
          this.#progress(running, options);
        }
      },
      left: () => {
        const until = Math.min(end, onProgress === undefined ? end : next) - performance.now();
        return BigInt(Math.max(1, Math.ceil(until * 1e6)));
      },
    };
  }

  // --- pairwise -----------------------------------------------------------------------------

  /** Two rings for n numbers, and how to fill the first. */
  #rings(located: Located, plan: Plan): Rings {
    const { length } = located;
    const shared = this.#shared;
    const shift = Math.max(4, Math.ceil(Math.log2(8 + plan.pass.stateBytes)));
    const log2a = Math.max(1, Math.ceil(Math.log2(length)));
    const log2b = Math.max(1, Math.ceil(Math.log2((length + 1) >> 1)));
    if (length > 2 ** 28) {
      throw new RingfoldError(
        "ERR_OPTION",
        `schedule: "pairwise" takes at most 2^28 numbers, got ${length}; use "blocks"`,
      );
    }
    const bytes = 2 * RING_SIZE + (2 ** log2a + 2 ** log2b) * 2 ** shift;
    const a = shared.arena.alloc(bytes);
    shared.reach(a + bytes);
    const b = a + RING_SIZE;
    const slots = b + RING_SIZE;
    shared.core.ringInit(a, slots, log2a, shift, 0n);
    shared.core.ringInit(b, slots + 2 ** log2a * 2 ** shift, log2b, shift, 0n);
    const { user } = plan;
    return {
      spec: {
        kind: user === undefined ? KIND_PAIRWISE : KIND_EXTERNAL_PAIRWISE,
        pass: plan.pass,
        length,
        input: 0,
        ...(user === undefined ? {} : { extra: { operator: user.url } }),
        pairwise: { a, b, batch: PAIR_BATCH, participants: this.threads },
      },
      fill: (running) => {
        if (user === undefined) this.#fillRing(running.job, located);
        else this.#fillRingUser(a, located, user, plan.pass.skipNaN);
      },
      free: () => {
        shared.arena.free(a);
      },
    };
  }

  #fillRing(job: number, located: Located): void {
    const { core } = this.#shared;
    const { me } = this.#submitter;
    const { address, dtype, length } = located;
    const shift = Math.log2(dtype.size);
    if (address >= 0) core.pairFill(me, job, address, shift, 0, length);
    else
      this.#copyIn(located, (at, first, n) => core.pairFill(me, job, at, shift, first, first + n));
  }

  #fillRingUser(ring: number, { view }: Located, user: UserOperator, skipNaN: boolean): void {
    const { core } = this.#shared;
    for (let i = 0; i < view.length; i++) {
      const ticket = BigInt(i);
      const cell = core.ringPayload(ring, ticket) >>> 0;
      const state = foldValues(user, view.subarray(i, i + 1), skipNaN);
      encodeState(user, state, this.#shared.bytes, cell);
      core.ringPublish(ring, ticket);
    }
  }

  #rounds(running: Running, length: number, options: ReduceOptions): void {
    if (options.onRound === undefined) return;
    // What each round pushed is what the next one finds.
    let n = length;
    for (let round = 0; ; round++) {
      options.onRound({ round, length: n });
      if (n <= 1) return;
      n = this.#shared.i32(running.job + JOB_ROUNDS + 4 * round);
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
      jobs: this.#jobs,
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
    for (const reject of [...this.#rejects]) reject(this.#failed);
    if (this.#threads === undefined) {
      while (this.#submitter.pending > 0 && !this.#submitter.isEngineClosed) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } else {
      await this.#threads.close();
    }
    this.#submitter.abandon();
    if (this.#stage !== 0) this.#shared.arena.free(this.#stage);
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
    for (const reject of [...this.#rejects]) reject(error);
    if (this.#submitter.isEngineClosed) this.#submitter.abandon();
  }
}

interface Deadline {
  /** Names the job whose progress is reported. */
  readonly watch: (running: Running) => void;
  readonly check: () => void;
  /** Nanoseconds to wait at most; negative: for ever. */
  readonly left: () => bigint;
}

interface Rings {
  readonly spec: JobSpec;
  readonly fill: (running: Running) => void;
  readonly free: () => void;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

const EMPTY_PASS = {
  dtype: dtypeInfo("float64"),
  codes: [],
  offsets: [],
  stateBytes: 8,
  skipNaN: false,
};

function closedError(): RingfoldError {
  return new RingfoldError("ERR_CLOSED", "the engine is closed; create another with createEngine");
}

function timeoutError(timeout: number): RingfoldError {
  return new RingfoldError("ERR_TIMEOUT", `timeout: the reduction took more than ${timeout} ms`);
}

function changedError(before: number, after: number): RingfoldError {
  return new RingfoldError(
    "ERR_INPUT_CHANGED",
    `input: had ${before} elements, now has ${after}: it was transferred or resized while it ` +
      "was being read",
  );
}

/** A reduction under way whose input the caller brings: see `Engine.stream`. */
export class ReductionStream<R> {
  readonly #stream: Stream;
  readonly #settle: () => void;
  readonly #finish: (result: { root: number; state: unknown }) => unknown;

  /** @internal */
  constructor(
    stream: Stream,
    settle: () => void,
    finish: (result: { root: number; state: unknown }) => unknown,
  ) {
    this.#stream = stream;
    this.#settle = settle;
    this.#finish = finish;
  }

  /** @internal */
  progress(length: number): { done: number; total: number } {
    const total = Math.ceil(length / BLOCK);
    return { done: Math.min(this.#stream.progress.done, total), total };
  }

  /** Room in shared memory, 1 to 131,072 elements, once some is free. Fill from its start. */
  async reserve(): Promise<TypedArray<SharedArrayBuffer>> {
    return this.#guard(async () => {
      while (!this.#stream.hasRoom) await this.#stream.changed();
      return this.#stream.reserve() as TypedArray<SharedArrayBuffer>;
    });
  }

  /** Adds the first n elements of what `reserve` gave. */
  commit(n: number): void {
    this.#stream.commit(n);
  }

  /** Adds all of `values`, of the stream's dtype. */
  async write(values: TypedArray, onBuffer: () => void = () => {}): Promise<void> {
    const { length, BYTES_PER_ELEMENT: bytes } = values;
    await this.#guard(async () => {
      for (let at = 0; at < length; ) {
        while (!this.#stream.hasRoom) await this.#stream.changed();
        if (values.length !== length) throw changedError(length, values.length);
        onBuffer();
        const room = this.#stream.reserveBytes() as Uint8Array;
        const n = Math.min(room.length / bytes, length - at);
        room.set(new Uint8Array(values.buffer, values.byteOffset + at * bytes, n * bytes));
        this.#stream.commit(n);
        at += n;
        // One buffer a turn of the event loop: others get theirs.
        if (at % TASK_ELEMENTS === 0) await new Promise<void>((done) => setImmediate(done));
      }
    });
  }

  /** The result of all that was added. */
  end(): Promise<R> {
    return this.#guard(async () => {
      while (!this.#stream.hasRoom) await this.#stream.changed();
      this.#stream.flush();
      while (!this.#stream.isIdle) await this.#stream.changed();
      const result = this.#finish(this.#stream.result()) as R;
      this.#settle();
      this.#stream.close();
      return result;
    });
  }

  /** Ends the reduction without a result. */
  abort(reason: unknown): void {
    this.#settle();
    this.#stream.fail(reason);
  }

  async #guard<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      this.abort(error);
      throw error;
    }
  }
}
