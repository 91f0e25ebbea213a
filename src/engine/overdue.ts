// Workers that do not heed a stop. A call that was aborted, or whose time is over, has its job stopped; one
// that failed in a block has made all later ones moot. Workers look for that before every block. User code that never returns, or a module that never ends
// loading, does not look: its worker would be lost for good, and the job's entry with it. Deaths are
// survivable, so such a worker is ended, and recovery replaces it. Watched by the engine's owner.

import {
  CONTROL_WORKERS,
  HAND_EMPTY,
  JOB_ERROR,
  JOB_KIND,
  JOB_OPS,
  JOB_SHIFT,
  JOB_STOP,
  KIND_EXTERNAL,
  LINE_HAND,
  LINE_INCARNATION,
  LINE_RECORD,
  LINE_STATE,
  LINE_TASKS,
  MAX_JOBS,
  RECORD_JOB,
  RECORD_TASK,
  STATE_READY,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { Shared } from "./shared.js";
import { now } from "./timers.js";

/** Looks beyond the first: a process that stood still as a whole gives its workers another chance. */
const LEAST_LOOKS = 2;

/** A task in a worker's hand that nobody wants. */
interface Held {
  /** Tasks that the worker had begun, and which thread it is: the same as long as the task is. */
  readonly tasks: bigint;
  readonly incarnation: number;
  /** Of the first look that saw it. */
  readonly since: number;
  looks: number;
}

export class Overdue {
  readonly #shared: Shared;
  readonly #bound: number;
  readonly #held = new Map<number, Held>();

  /** @param bound milliseconds */
  constructor(shared: Shared, bound: number) {
    this.#shared = shared;
    this.#bound = bound;
  }

  /** Has `end` called for each worker that is overdue, once. */
  look(end: (worker: number, cause: RingfoldError) => void): void {
    const at = now();
    const workers = this.#shared.i32(CONTROL_WORKERS);
    for (let me = 0; me < workers; me++) {
      const task = this.#mootTask(me);
      const held = this.#held.get(me);
      if (task === undefined) this.#held.delete(me);
      else if (held?.tasks !== task.tasks || held.incarnation !== task.incarnation) {
        this.#held.set(me, { ...task, since: at, looks: 0 });
      } else if (++held.looks >= LEAST_LOOKS && at - held.since > this.#bound) {
        // Not again until it holds another.
        held.looks = Number.NEGATIVE_INFINITY;
        end(me, overdue(at - held.since));
      }
    }
  }

  /** Undefined: it has none of a user operator in hand that nobody wants. */
  #mootTask(me: number): Pick<Held, "tasks" | "incarnation"> | undefined {
    const { i32s, i64s } = this.#shared;
    const line = this.#shared.line(me);
    if (Atomics.load(i32s, (line + LINE_STATE) >> 2) !== STATE_READY) return undefined;
    if (Atomics.load(i32s, (line + LINE_HAND) >> 2) === HAND_EMPTY) return undefined;
    // The record is the worker's own; if it changes now, so does the count of its tasks.
    const index = this.#shared.u32(line + LINE_RECORD + RECORD_JOB);
    if (index >= MAX_JOBS) return undefined;
    const job = this.#shared.job(index);
    // Only user operators have none of the core's; what the core does, and reads of files, comes to an end.
    if (this.#shared.i32(job + JOB_OPS) !== 0) return undefined;
    if (Atomics.load(i32s, (job + JOB_STOP) >> 2) === 0 && !this.#hasFailed(job, line))
      return undefined;
    return {
      tasks: Atomics.load(i64s, (line + LINE_TASKS) >> 3),
      incarnation: Atomics.load(i32s, (line + LINE_INCARNATION) >> 2),
    };
  }

  /** Before the first block of the task in hand. Pairwise tasks have no blocks. */
  #hasFailed(job: number, line: number): boolean {
    if (this.#shared.i32(job + JOB_KIND) !== KIND_EXTERNAL) return false;
    const error = Atomics.load(this.#shared.i64s, (job + JOB_ERROR) >> 3);
    const task = this.#shared.i32(line + LINE_RECORD + RECORD_TASK);
    return error !== -1n && Number(error >> 32n) < task * 2 ** this.#shared.i32(job + JOB_SHIFT);
  }
}

function overdue(milliseconds: number): RingfoldError {
  return new RingfoldError(
    "ERR_USER_OPERATOR",
    `user code went on for ${Math.round(milliseconds)} ms after its call was over: its thread was ended`,
  );
}
