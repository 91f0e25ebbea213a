// Reductions that stay on the calling thread: no ring, no other thread. The
// same tree, so the same bits.

import {
  BLOCK,
  JOB_CELLS,
  JOB_INPUT,
  JOB_LENGTH,
  JOB_SECOND,
  LINE_SCRATCH,
  SCRATCH_JOB,
} from "../core/map.js";
import { bufferOf, offsetOf, type TypedArrayConstructor } from "../operators/dtype.js";
import { finishUser, foldValues, judgeCombine, type UserOperator } from "../operators/user.js";
import { type Pass, writePass } from "./entry.js";
import { popStates, pushState } from "./external.js";
import { userError } from "./failure.js";
import { bytesOf, type Located, secondOffset } from "./input.js";
import type { ReduceOptions } from "./options.js";
import type { Plan } from "./plan.js";
import type { Shared } from "./shared.js";

/** Blocks that an input elsewhere is copied in by: 256 KiB of float64. */
const STAGE_BLOCKS = 4;
const STAGE_BYTES = STAGE_BLOCKS * BLOCK * 8;

export class Local {
  /** Address of the record that `fold` leaves. */
  readonly root: number;
  readonly #shared: Shared;
  readonly #me: number;
  /** A job entry of this thread's own, that no table holds. */
  readonly #job: number;
  #pass: Pass | undefined;
  #stage = 0;

  constructor(shared: Shared, me: number) {
    this.#shared = shared;
    this.#me = me;
    const scratch = shared.u32(shared.line(me) + LINE_SCRATCH);
    this.#job = scratch + SCRATCH_JOB;
    // The bottom of the stack, where the core leaves the record anyway.
    this.root = scratch;
    shared.u32s[(this.#job + JOB_CELLS) >>> 2] = this.root;
  }

  close(): void {
    if (this.#stage !== 0) this.#shared.arena.free(this.#stage);
  }

  /** Folds an input, wherever it lies, into the record at `root`. */
  fold(located: Located, plan: Plan): void {
    const { address, length } = located;
    const second = secondOffset(located);
    if (second !== undefined) this.foldAt(address, length, plan, second);
    else this.#foldCopies(located, plan);
  }

  /** Folds `length` elements at `address` into the record at `root`. */
  foldAt(address: number, length: number, plan: Plan, second = 0): void {
    this.#set(plan, address, length, second);
    this.#shared.core.foldAll(this.#me, this.#job);
  }

  /** left ⊕ right, two records of the plan. */
  merge(plan: Plan, left: Uint8Array, right: Uint8Array): Uint8Array {
    const { bytes, core } = this.#shared;
    this.#set(plan, 0, 0, 0);
    bytes.set(left, this.root);
    bytes.set(right, this.root + left.length);
    core.mergeRecord(this.#job, this.root, this.root, this.root + left.length);
    return bytes.slice(this.root, this.root + left.length);
  }

  #set(plan: Plan, address: number, length: number, second: number): void {
    const { u32s } = this.#shared;
    const job = this.#job;
    if (this.#pass !== plan.pass) {
      writePass(this.#shared, job, plan.pass);
      this.#pass = plan.pass;
    }
    u32s[(job + JOB_INPUT) >>> 2] = address;
    u32s[(job + JOB_SECOND) >>> 2] = second;
    u32s[(job + JOB_LENGTH) >>> 2] = length;
    u32s[(job + JOB_LENGTH + 4) >>> 2] = Math.floor(length / 2 ** 32);
  }

  #foldCopies(located: Located, plan: Plan): void {
    const { core } = this.#shared;
    this.#set(plan, 0, located.length, located.second === undefined ? 0 : STAGE_BYTES);
    core.foldBegin();
    this.#copyIn(located, (at, first, n) => {
      core.foldBlocks(this.#me, this.#job, at, BigInt(first / BLOCK), BigInt(n));
    });
    core.foldEnd(this.#me, this.#job, this.root);
  }

  /** Copies an input into the engine's memory piece by piece; one piece, if it is empty. */
  #copyIn(
    { view, length, second }: Located,
    use: (address: number, first: number, n: number) => void,
  ): void {
    const shared = this.#shared;
    const whole = STAGE_BLOCKS * BLOCK;
    if (this.#stage === 0) this.#stage = shared.arena.alloc(2 * STAGE_BYTES, this.#me + 1);
    shared.reach(this.#stage + 2 * STAGE_BYTES);
    let done = 0;
    do {
      const n = Math.min(whole, length - done);
      shared.bytes.set(bytesOf(view, done, n), this.#stage);
      if (second !== undefined) {
        shared.bytes.set(bytesOf(second.view, done, n), this.#stage + STAGE_BYTES);
      }
      use(this.#stage, done, n);
      done += n;
    } while (done < length);
  }

  /** Runs a user operator and finishes. @throws RingfoldError ERR_USER_OPERATOR, ERR_EMPTY */
  runUser(located: Located, user: UserOperator, options: ReduceOptions): unknown {
    try {
      const state = this.#shared.inOperator(() => foldHere(located, user, options));
      return finishUser(user, located.dtype, state, options.initial);
    } catch (error) {
      throw userError(error);
    }
  }
}

/** The state of the whole input. */
function foldHere(
  { dtype, view, length }: Located,
  user: UserOperator,
  options: ReduceOptions,
): unknown {
  const stack: unknown[] = [];
  // There is one, as there is the view.
  const array = dtype.array as TypedArrayConstructor;
  for (let block = 0; block === 0 || block * BLOCK < length; block++) {
    const first = block * BLOCK;
    const offset = offsetOf(view) + first * dtype.size;
    const values = new array(bufferOf(view), offset, Math.min(BLOCK, length - first));
    pushState(user, stack, foldValues(user, values, options.nan === "skip"), block);
  }
  const state = popStates(user, stack);
  if (length <= BLOCK) judgeCombine(user, state);
  return state;
}
