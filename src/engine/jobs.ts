// Reductions that leave the calling thread: a job from its entry in the table
// to its answer, awaited or waited for.

import { JOB_DONE, KIND_EMPTY, MAX_JOBS, TASK_RING } from "../core/map.js";
import { dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { contextOf } from "../operators/operator.js";
import { decodeState, finishUser } from "../operators/user.js";
import { Call } from "./call.js";
import type { JobSpec, Running } from "./entry.js";
import { readError, userError } from "./failure.js";
import { Deadline, PROGRESS_MS } from "./limits.js";
import type { ReduceOptions } from "./options.js";
import { finish, type Plan } from "./plan.js";
import type { Shared } from "./shared.js";
import type { Submitter } from "./submitter.js";
import { clearInterval, setImmediate, setInterval, turn } from "./timers.js";
import { Waiters } from "./waiters.js";

/** How often a full job table is looked at again while no job of this thread ends. */
const BUSY_NS = 2_000_000n;

/** A job with something to do before it starts, and between its answer and its value. */
export interface Task extends JobSpec {
  readonly plan: Plan;
  /** In steps of a millisecond or so, between which a call may end early. */
  readonly beforeStart?: () => Iterable<void>;
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
  readonly #calls = new Set<Call>();
  /** Calls that may have memory of their own at the same time, and those that wait for that. */
  #rooms = MAX_JOBS;
  readonly #waiting = new Waiters<void>();

  constructor(shared: Shared, submitter: Submitter) {
    this.#shared = shared;
    this.#submitter = submitter;
  }

  /** Ends all pending calls. */
  rejectAll(error: unknown): void {
    for (const call of [...this.#calls]) call.fail(error);
  }

  /** A call that begins now. @throws the reason of a signal that is aborted */
  call(options: ReduceOptions): Call {
    return new Call(options, this.#calls);
  }

  /** Takes a call over that began before there was an engine. */
  adopt(call: Call): void {
    call.join(this.#calls);
  }

  /**
   * Runs `body` when it may have memory of its own: many calls that are made at once do not take
   * all there is.
   */
  async withRoom<T>(call: Call, body: () => Promise<T>): Promise<T> {
    if (this.#rooms > 0) this.#rooms--;
    else {
      await new Promise<void>((resolve, reject) => {
        const leave = this.#waiting.wait(resolve);
        call.during((reason) => {
          if (leave()) reject(reason);
        });
      });
    }
    try {
      call.check();
      return await body();
    } finally {
      if (this.#waiting.size > 0) this.#waiting.serve();
      else this.#rooms++;
    }
  }

  /** Gives back what a job was to hold that never began. */
  #disown({ owns = [] }: JobSpec): void {
    for (const address of owns) this.#shared.arena.free(address);
  }

  /** Takes a job entry, helping until there is one. */
  entryNow(spec: JobSpec, deadline: Deadline): Running {
    try {
      return this.#submitter.enterNow(spec, () => {
        let looks = 0;
        this.#submitter.wait(
          () => looks++ > 0,
          () => deadline.check(),
          () => BUSY_NS,
        );
      });
    } catch (error) {
      this.#disown(spec);
      throw error;
    }
  }

  /** Runs one job to its value; if `helps`, with tasks run here between turns of the event loop. */
  run(task: Task, call: Call, helps = false): Promise<unknown> {
    const { onProgress } = call.options;
    return new Promise((resolve, reject) => {
      let running: Running | undefined;
      let timer: NodeJS.Timeout | undefined;
      let leave = () => {};
      let isOver = false;
      const settle = () => {
        isOver = true;
        clearInterval(timer);
      };
      const neverBegan = (error: unknown) => {
        settle();
        this.#disown(task);
        reject(error);
      };
      const begin = (entry: Running) => {
        running = entry;
        entry.onAnswer = () => {
          try {
            if (!isOver) resolve(this.#take(task, call.options, entry));
          } catch (error) {
            reject(error);
          } finally {
            settle();
            this.#submitter.release(entry);
          }
        };
        if (onProgress !== undefined) {
          timer = setInterval(() => {
            try {
              this.#progress(entry, onProgress);
            } catch (error) {
              call.fail(error);
            }
          }, PROGRESS_MS);
        }
        this.#submitter.publish(entry);
        this.#submitter.listen();
        if (helps) this.#help(() => isOver);
      };
      call.during((reason) => {
        if (isOver) return;
        leave();
        if (running === undefined) neverBegan(reason);
        else {
          // The promise ends now; the job's entry when the last worker has looked at its flag.
          settle();
          this.#submitter.stop(running);
          reject(reason);
        }
      });
      // An entry is taken to be published at once: who waits for one waits for workers only.
      const enter = () => {
        if (!isOver) leave = this.#submitter.enter(task, begin, neverBegan);
      };
      if (task.beforeStart === undefined) enter();
      else {
        this.#steps(task.beforeStart(), () => isOver).then(enter, (error: unknown) => {
          if (!isOver) neverBegan(error);
        });
      }
    });
  }

  /** Takes steps, one a turn of the event loop, until there are no more or the call is over. */
  async #steps(steps: Iterable<void>, isOver: () => boolean): Promise<void> {
    for (const _ of steps) {
      await turn();
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
      options,
      onProgress && (() => running && this.#progress(running, onProgress)),
    );
    try {
      for (const _ of task.beforeStart?.() ?? []) deadline.check();
    } catch (error) {
      this.#disown(task);
      throw error;
    }
    running = this.entryNow(task, deadline);
    try {
      this.#await(running, deadline, 1);
      return this.#take(task, options, running);
    } finally {
      if (running.done) this.#submitter.release(running);
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
    const deadline = new Deadline(timeout === undefined ? {} : { timeout });
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
