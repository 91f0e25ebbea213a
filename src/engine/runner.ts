// How a reduction runs: here, on the workers, or copied in on the way. The engine's methods decide
// what; this decides where.

import { BLOCK, CONTROL_THREADS, KIND_BLOCKS, KIND_EXTERNAL } from "../core/map.js";
import { bufferOf, offsetOf } from "../operators/dtype.js";
import { finishUser } from "../operators/user.js";
import { calibrate, isSmall } from "./calibrate.js";
import type { Call } from "./call.js";
import type { Running } from "./entry.js";
import type { Extra, Piece } from "./external.js";
import { userError } from "./failure.js";
import { bringIn, type Located, secondOffset } from "./input.js";
import type { Jobs, Task } from "./jobs.js";
import { assertLength, Deadline, throwIfAborted } from "./limits.js";
import type { Local } from "./local.js";
import type { ReduceOptions } from "./options.js";
import { pairTask } from "./pairs.js";
import type { Plan } from "./plan.js";
import { fillNow, ReductionStream } from "./reduction.js";
import { LEAST_BYTES, type Shared } from "./shared.js";
import { Stream, StreamBuffers, type StreamResult } from "./stream.js";
import type { Submitter } from "./submitter.js";
import type { Threads } from "./threads.js";
import { now } from "./timers.js";

/** After a measurement that came to nothing, until the next one; ever longer. */
export const LEAST_PAUSE_MS = 50;
export const MOST_PAUSE_MS = 1000;

export class Runner {
  /** Microseconds to spin, until the crossover is measured with it. */
  spin: number | undefined;
  /** Reductions that never left this thread. */
  inline = 0;
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  readonly #local: Local;
  readonly #jobs: Jobs;
  /** Undefined in a thread that attached. */
  readonly #threads: Threads | undefined;
  /** How many threads compute at once. */
  readonly #computing: number;
  /** The measurement under way. */
  #steps: Generator<void> | undefined;
  /** When another may begin, and how long after that the next. */
  #next = 0;
  #pause = LEAST_PAUSE_MS;

  constructor(
    shared: Shared,
    submitter: Submitter,
    local: Local,
    jobs: Jobs,
    threads: Threads | undefined,
  ) {
    this.#shared = shared;
    this.#submitter = submitter;
    this.#local = local;
    this.#jobs = jobs;
    this.#threads = threads;
    this.#computing = shared.i32(CONTROL_THREADS);
  }

  /** Wherever it is done best. */
  async run(given: Located, plan: Plan, call: Call): Promise<unknown> {
    const { options } = call;
    if (this.staysHere(given, plan, options)) return this.here(given, plan, options);
    return this.share(given, plan, call);
  }

  /** On the workers. */
  async share(given: Located, plan: Plan, call: Call): Promise<unknown> {
    const owns: number[] = [];
    try {
      const located = this.#bringIn(given, owns);
      if (call.options.schedule === "pairwise") {
        return await this.#jobs.withRoom(call, async () => {
          return this.#jobs.run(handOver(this.#pairTask(located, plan, call.options), owns), call);
        });
      }
      const task = this.#task(located, plan);
      if (task !== undefined) return await this.#jobs.run(handOver(task, owns), call);
      return await this.#jobs.withRoom(call, () => this.#copy(located, plan, call));
    } finally {
      this.#giveBack(owns);
    }
  }

  runNow(given: Located, plan: Plan, options: ReduceOptions): unknown {
    const owns: number[] = [];
    let value: unknown;
    try {
      value = this.#runNow(this.#bringIn(given, owns), plan, options, owns);
    } finally {
      this.#giveBack(owns);
    }
    // By a callback of its own, or by an operator.
    throwIfAborted(options.signal);
    return value;
  }

  #runNow(located: Located, plan: Plan, options: ReduceOptions, owns: number[]): unknown {
    if (this.staysHere(located, plan, options) || this.#isAlone(located, options)) {
      return this.#here(located, plan, options);
    }
    const task =
      options.schedule === "pairwise"
        ? this.#pairTask(located, plan, options)
        : this.#task(located, plan);
    if (task === undefined) return this.#copyNow(located, plan, options);
    return this.#jobs.runNow(handOver(task, owns), options);
  }

  /** Copies plain arrays to where they can be reduced. What is taken for that goes to `owns`. */
  #bringIn(given: Located, owns: number[]): Located {
    if (given.values === undefined && given.second?.values === undefined) return given;
    return bringIn(this.#shared, this.#submitter.me, given, owns);
  }

  #giveBack(owns: readonly number[]): void {
    for (let i = 0; i < owns.length; i++) this.#shared.arena.free(owns[i] as number);
  }

  // --- on the calling thread ----------------------------------------------------------

  staysHere(located: Located, plan: Plan, options: ReduceOptions): boolean {
    const bytes = plan.inputs * located.length * located.dtype.size;
    // Where one call follows another, nothing happens in the background.
    if (this.spin !== undefined && bytes > LEAST_BYTES) this.settle();
    if (options.schedule === "pairwise") return located.length < 2;
    if (plan.user !== undefined) return located.length <= BLOCK;
    return isSmall(this.#shared, bytes);
  }

  /**
   * Takes a step of some milliseconds towards the crossover, if all workers are there and nobody
   * has a job; true if another can be taken at once.
   */
  settle(): boolean {
    const { spin } = this;
    if (spin === undefined || !this.#threads?.areReady || this.#submitter.isAnyJob) return false;
    if (now() < this.#next) return false;
    try {
      this.#steps ??= calibrate(
        this.#shared,
        this.#local,
        this.#jobs,
        this.#submitter,
        this.#computing,
        spin,
      );
      if (this.#steps.next().done !== true) return true;
      this.spin = undefined;
    } catch {
      // A worker died, another thread was quicker with a job, or the memory is full.
      this.#steps = undefined;
      this.#next = now() + this.#pause;
      this.#pause = Math.min(2 * this.#pause, MOST_PAUSE_MS);
    }
    return false;
  }

  /** With one thread, the calling thread is the one that computes. */
  #isAlone(located: Located, options: ReduceOptions): boolean {
    return (
      this.#computing === 1 &&
      secondOffset(located) !== undefined &&
      options.schedule !== "pairwise" &&
      options.timeout === undefined &&
      options.onProgress === undefined
    );
  }

  /** On the calling thread. */
  here(given: Located, plan: Plan, options: ReduceOptions): unknown {
    const owns: number[] = [];
    try {
      return this.#here(this.#bringIn(given, owns), plan, options);
    } finally {
      this.#giveBack(owns);
    }
  }

  #here(located: Located, plan: Plan, options: ReduceOptions): unknown {
    this.inline++;
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

  #pairTask(located: Located, plan: Plan, options: ReduceOptions): Task {
    return pairTask(this.#shared, this.#submitter.me, this.#computing, located, plan, options);
  }

  /** The job for an input that workers can reach; undefined if it must be copied in. */
  #task(located: Located, plan: Plan): Task | undefined {
    const { view, length, address } = located;
    const second = secondOffset(located);
    if (second !== undefined) {
      if (plan.user !== undefined) return { ...external(plan, length, {}), input: address };
      return { plan, kind: KIND_BLOCKS, pass: plan.pass, length, input: address, second };
    }
    if (located.second !== undefined) return undefined;
    const buffer = bufferOf(view);
    if (!(buffer instanceof SharedArrayBuffer) || this.#threads === undefined) {
      return undefined;
    }
    const id = this.#threads.numberOf(buffer);
    this.#submitter.external.learn(id, buffer);
    const piece: Piece = { kind: "buffer", id, offset: offsetOf(view), length };
    // The task holds the view, so that the buffer is not taken for gone while the job runs.
    return { ...external(plan, length, { pieces: [piece] }), view };
  }

  /** Copies an input in, buffer by buffer, while workers reduce what is there. */
  async #copy({ view, length, second }: Located, plan: Plan, call: Call): Promise<unknown> {
    const { options } = call;
    // Looked at again at every buffer: the caller may transfer or resize the array meanwhile.
    assertLength(view, length);
    if (second !== undefined) assertLength(second.view, length);
    const stream = this.openStream(plan, call);
    const report = () => options.onProgress?.(stream.progress(length));
    await stream.writeBoth(view, second?.view, report);
    const result = await stream.end();
    reportEnd(length, options);
    return result;
  }

  #copyNow({ view, length, second }: Located, plan: Plan, options: ReduceOptions): unknown {
    const deadline = new Deadline(options);
    const buffers = new StreamBuffers(this.#shared, plan, this.#computing);
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

  /** @throws RingfoldError ERR_MEMORY */
  openStream(plan: Plan, call: Call): ReductionStream<unknown> {
    const buffers = new StreamBuffers(this.#shared, plan, this.#computing);
    const stream = new Stream(this.#shared, this.#submitter, plan, buffers);
    call.during((reason) => stream.fail(reason));
    return new ReductionStream(stream, call, (r) => this.#finishStream(plan, r, call.options));
  }

  #finishStream(plan: Plan, result: StreamResult, options: ReduceOptions): unknown {
    const { root, state, length } = result;
    if (plan.user === undefined) return this.#jobs.finish(plan, root, options, length);
    try {
      return finishUser(plan.user, plan.pass.dtype, state, options.initial);
    } catch (error) {
      throw userError(error);
    }
  }

  /** Runs over pieces of files; if `helps`, with tasks run here between turns of the event loop. */
  async pieces(plan: Plan, pieces: readonly Piece[], call: Call, helps: boolean): Promise<unknown> {
    const length = pieces.reduce((n, p) => n + p.length, 0);
    return this.#jobs.run(external(plan, length, { pieces }), call, helps);
  }
}

/** A job that gives back, when it is over, what was taken for its input. */
function handOver(task: Task, owns: number[]): Task {
  if (owns.length === 0) return task;
  return { ...task, owns: [...(task.owns ?? []), ...owns.splice(0)] };
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
