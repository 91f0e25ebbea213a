// Reductions that leave the calling thread: a job from its entry in the table
// to its answer, awaited or waited for.

import { JOB_DONE, KIND_EMPTY, TASK_RING } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { contextOf } from "../operators/operator.js";
import { decodeState, finishUser } from "../operators/user.js";
import type { JobSpec, Running } from "./entry.js";
import { readError, userError } from "./failure.js";
import { Deadline, limit, PROGRESS_MS, timeoutError } from "./limits.js";
import type { ReduceOptions } from "./options.js";
import { finish, type Plan } from "./plan.js";
import type { Shared } from "./shared.js";
import type { Submitter } from "./submitter.js";

/** How often a full job table is looked at again while no job of this thread ends. */
const BUSY_NS = 2_000_000n;

/** A job with something to do before it starts, and between its answer and its value. */
export interface Task extends JobSpec {
  readonly plan: Plan;
  /** In steps of a millisecond or so, between which a call may end early. */
  readonly beforeStart?: (running: Running) => Iterable<void>;
  /** The input, if it lies elsewhere: held until the job is over. */
  readonly view?: TypedArray;
  readonly afterAnswer?: (running: Running) => void;
}

const EMPTY_JOB: JobSpec = {
  kind: KIND_EMPTY,
  pass: {
    dtype: dtypeInfo("float64"),
    codes: [],
    offsets: [],
    stateBytes: 8,
    running: 0,
    skipNaN: false,
  },
  length: 0,
  input: 0,
};

export class Jobs {
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  /** What ends each pending call; called when the engine closes or fails. */
  readonly #rejects = new Set<(error: unknown) => void>();
  readonly #assertOpen: () => void;

  constructor(shared: Shared, submitter: Submitter, assertOpen: () => void) {
    this.#shared = shared;
    this.#submitter = submitter;
    this.#assertOpen = assertOpen;
  }

  /** Ends all pending calls. */
  rejectAll(error: unknown): void {
    for (const reject of [...this.#rejects]) reject(error);
  }

  /** Has `fail` called by whatever ends the call early; returns the undoing. */
  guard(options: ReduceOptions, fail: (error: unknown) => void): () => void {
    const clear = limit(options, fail);
    this.#rejects.add(fail);
    // An entry was awaited since the call: what closed the engine meanwhile did not know of it.
    try {
      this.#assertOpen();
    } catch (error) {
      queueMicrotask(() => fail(error));
    }
    return () => {
      clear();
      this.#rejects.delete(fail);
    };
  }

  /** Takes a job entry, once there is one. @throws what ends the call meanwhile */
  async entry(spec: JobSpec, options: ReduceOptions): Promise<Running> {
    const start = performance.now();
    try {
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
    } catch (error) {
      this.#disown(spec);
      throw error;
    }
  }

  /** Gives back what a job was to hold that never began. */
  #disown({ owns = [] }: JobSpec): void {
    for (const address of owns) this.#shared.arena.free(address);
  }

  /** The same, helping meanwhile. */
  entryNow(spec: JobSpec, deadline: Deadline): Running {
    try {
      for (;;) {
        const running = this.#submitter.prepare(spec);
        if (running !== undefined) return running;
        if (this.#submitter.isStuck) {
          throw new RingfoldError(
            "ERR_OPTION",
            "this thread has 64 streams open on the engine: end or abort one before a call that waits",
          );
        }
        let looks = 0;
        this.#submitter.wait(
          () => looks++ > 0,
          () => deadline.check(),
          () => BUSY_NS,
        );
      }
    } catch (error) {
      this.#disown(spec);
      throw error;
    }
  }

  /** Runs one job to its value; if `helps`, with tasks run here between turns of the event loop. */
  async run(task: Task, options: ReduceOptions, helps = false): Promise<unknown> {
    const running = await this.entry(task, options);
    return new Promise((resolve, reject) => {
      let settled = false;
      const { onProgress } = options;
      const timer =
        onProgress &&
        setInterval(() => {
          try {
            this.#progress(running, onProgress);
          } catch (error) {
            fail(error);
          }
        }, PROGRESS_MS);
      const settle = () => {
        settled = true;
        clear();
        clearInterval(timer);
      };
      const fail = (error: unknown) => {
        if (settled) return;
        settle();
        // The promise ends now; the job's entry when the last worker has looked at its flag.
        this.#submitter.stop(running);
        reject(error);
      };
      const clear = this.guard(options, fail);
      running.onAnswer = () => {
        try {
          if (!settled) {
            settle();
            resolve(this.#take(task, options, running));
          }
        } catch (error) {
          reject(error);
        } finally {
          this.#submitter.release(running);
        }
      };
      const start = () => {
        this.#submitter.publish(running);
        this.#submitter.listen();
        if (helps) this.#help(() => settled);
      };
      if (task.beforeStart === undefined) {
        start();
        return;
      }
      this.#steps(task.beforeStart(running), () => settled).then(
        () => (settled ? this.#submitter.release(running) : start()),
        (error: unknown) => {
          if (!settled) settle();
          this.#submitter.release(running);
          reject(error);
        },
      );
    });
  }

  /** Takes steps, one a turn of the event loop, until there are no more or the call is over. */
  async #steps(steps: Iterable<void>, isOver: () => boolean): Promise<void> {
    for (const _ of steps) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isOver()) return;
    }
  }

  /** Runs a task each turn of the event loop, while there is one to be claimed. */
  #help(isSettled: () => boolean): void {
    if (isSettled() || this.#submitter.isEngineClosed) return;
    if (this.#shared.core.ringIsEmpty(TASK_RING)) return;
    let looks = 0;
    this.#submitter.wait(
      () => looks++ > 0,
      () => {},
      () => 0n,
    );
    setImmediate(() => this.#help(isSettled));
  }

  /** The same, helping. */
  runNow(task: Task, options: ReduceOptions): unknown {
    let running: Running | undefined;
    const { onProgress } = options;
    const deadline = new Deadline(
      options.timeout,
      onProgress && (() => running && this.#progress(running, onProgress)),
    );
    running = this.entryNow(task, deadline);
    let published = false;
    try {
      for (const _ of task.beforeStart?.(running) ?? []) deadline.check();
      published = true;
      this.#await(running, deadline, 1);
      return this.#take(task, options, running);
    } finally {
      if (running.done || !published) this.#submitter.release(running);
      else this.#abandon(running);
    }
  }

  #await(running: Running, deadline: Deadline, mayRun: 0 | 1): void {
    this.#submitter.wait(
      () => running.done,
      () => deadline.check(),
      () => deadline.left(),
      mayRun,
      running,
    );
  }

  /** Has a job ended whose caller has left. */
  #abandon(running: Running): void {
    this.#submitter.stop(running);
    running.onAnswer = () => this.#submitter.release(running);
    this.#submitter.listen();
  }

  /** Helps until `isDone`. */
  waitFor(isDone: () => boolean, deadline: Deadline): void {
    this.#submitter.wait(
      isDone,
      () => deadline.check(),
      () => deadline.left(),
    );
  }

  /**
   * One job that does nothing, there and back; the calling thread only waits, for `timeout`
   * milliseconds at most.
   * @throws RingfoldError ERR_TIMEOUT
   */
  roundTrip(timeout?: number): void {
    const deadline = new Deadline(timeout);
    const running = this.entryNow(EMPTY_JOB, deadline);
    try {
      this.#await(running, deadline, 0);
    } finally {
      if (running.done) this.#submitter.release(running);
      else this.#abandon(running);
    }
  }

  /** The value of a job that was answered. */
  #take(task: Task, options: ReduceOptions, running: Running): unknown {
    const error = readError(this.#shared, running.job);
    if (error !== undefined) throw error;
    task.afterAnswer?.(running);
    options.onProgress?.({ done: running.blocks, total: running.blocks });
    const { user } = task.plan;
    if (user === undefined) return this.finish(task.plan, running.root, options, task.length);
    this.#shared.reach(running.root + user.cellBytes);
    try {
      const state = decodeState(this.#shared.bytes, running.root);
      return finishUser(user, task.plan.pass.dtype, state, options.initial);
    } catch (thrown) {
      throw userError(thrown);
    }
  }

  /** The value of the record at `root`, of `length` elements. */
  finish(plan: Plan, root: number, options: ReduceOptions, length: number): unknown {
    this.#shared.reach(root + plan.pass.stateBytes);
    if (plan.take !== undefined) return plan.take(this.#shared, root);
    const context = contextOf(plan.pass.dtype, options);
    return finish(plan, this.#shared, root, context, length, options.receipt === true);
  }

  #progress(running: Running, report: NonNullable<ReduceOptions["onProgress"]>): void {
    const done = Number(Atomics.load(this.#shared.i64s, (running.job + JOB_DONE) >> 3));
    if (done < running.blocks) report({ done, total: running.blocks });
  }
}
