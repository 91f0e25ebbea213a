// What may end a call before its result: a signal, a time-out, an engine that
// closes, an input that changes. And the progress that is reported meanwhile.

import { setMaxListeners } from "node:events";
import { RingfoldError } from "../errors.js";
import { lengthOf, type TypedArray } from "../operators/dtype.js";
import type { ReduceOptions } from "./options.js";

/** How often `onProgress` is called, at most. */
export const PROGRESS_MS = 50;
/** For the core: no time-out. */
const FOREVER = -1n;
const MOST_TIMER_MS = 2 ** 31 - 1;

export function closedError(): RingfoldError {
  return new RingfoldError("ERR_CLOSED", "the engine is closed; create another with createEngine");
}

export function timeoutError(timeout: number): RingfoldError {
  return new RingfoldError("ERR_TIMEOUT", `timeout: the reduction took more than ${timeout} ms`);
}

/** @throws RingfoldError ERR_INPUT_CHANGED if an array that is being read changed its length. */
export function assertLength(view: TypedArray, length: number): void {
  const now = lengthOf(view);
  if (now !== length) {
    throw new RingfoldError(
      "ERR_INPUT_CHANGED",
      `input: had ${length} elements, now has ${now}: it was transferred or resized ` +
        "while it was being read",
    );
  }
}

/** Has `fail` called when the call's signal or time-out says so; returns the undoing. */
export function limit(options: ReduceOptions, fail: (error: unknown) => void): () => void {
  const { signal, timeout } = options;
  const onAbort = () => fail(signal?.reason);
  if (signal !== undefined) {
    // One signal for many calls is what signals are for: not a leak to be warned of.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", onAbort, { once: true });
  }
  const timer =
    timeout === undefined || timeout > MOST_TIMER_MS
      ? undefined
      : setTimeout(() => fail(timeoutError(timeout)), timeout);
  return () => {
    signal?.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  };
}

/** The same for a thread that waits and so sees no events. */
export class Deadline {
  readonly #end: number;
  readonly #timeout: number;
  readonly #tick: (() => void) | undefined;
  #next: number;

  /** `onTick` is called now and then while time is left. */
  constructor(timeout: number | undefined, onTick?: () => void) {
    this.#timeout = timeout ?? Number.POSITIVE_INFINITY;
    this.#end = performance.now() + this.#timeout;
    this.#tick = onTick;
    this.#next = onTick === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  /** @throws RingfoldError ERR_TIMEOUT */
  check(): void {
    if (this.#end === Number.POSITIVE_INFINITY && this.#tick === undefined) return;
    const now = performance.now();
    if (now >= this.#end) throw timeoutError(this.#timeout);
    if (now >= this.#next) {
      this.#next = now + PROGRESS_MS;
      this.#tick?.();
    }
  }

  /** Nanoseconds that a thread may sleep before it has to check again. */
  left(): bigint {
    const until = Math.min(this.#end, this.#next) - performance.now();
    if (until > MOST_TIMER_MS) return FOREVER;
    return BigInt(Math.max(1, Math.ceil(until * 1e6)));
  }
}
