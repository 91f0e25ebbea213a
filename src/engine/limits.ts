// What may end a call before its result: a signal, a time-out, an engine that
// closes, an input that changes. And the progress that is reported meanwhile.

import { RingfoldError } from "../errors.js";
import { lengthOf, type TypedArray } from "../operators/dtype.js";
import type { ReduceOptions } from "./options.js";
import { now } from "./timers.js";

/** How often `onProgress` is called, at most. */
export const PROGRESS_MS = 50;
/** For the core: no time-out. */
const FOREVER = -1n;
/** The longest delay that timers take. */
export const MOST_TIMER_MS = 2 ** 31 - 1;

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

/** Why it was aborted. Old signals do not say. */
export function reasonOf({ reason }: AbortSignal): unknown {
  return reason === undefined ? new DOMException("The call was aborted", "AbortError") : reason;
}

/** @throws its reason if a signal is aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** What ends a call of a thread that waits and so sees no events: see `Call` for the others. */
export class Deadline {
  readonly #end: number;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #tick: (() => void) | undefined;
  #next: number;

  /** `onTick` is called now and then while time is left. */
  constructor({ timeout, signal }: Pick<ReduceOptions, "timeout" | "signal">, onTick?: () => void) {
    this.#timeout = timeout ?? Number.POSITIVE_INFINITY;
    this.#end = now() + this.#timeout;
    this.#signal = signal;
    this.#tick = onTick;
    this.#next = onTick === undefined ? Number.POSITIVE_INFINITY : 0;
  }

  /** @throws RingfoldError ERR_TIMEOUT; the signal's reason, which user code here may have aborted */
  check(): void {
    throwIfAborted(this.#signal);
    if (this.#end === Number.POSITIVE_INFINITY && this.#tick === undefined) return;
    const time = now();
    if (time >= this.#end) throw timeoutError(this.#timeout);
    if (time >= this.#next) {
      this.#next = time + PROGRESS_MS;
      this.#tick?.();
      throwIfAborted(this.#signal);
    }
  }

  /** Nanoseconds that a thread may sleep before it has to check again. */
  left(): bigint {
    const until = Math.min(this.#end, this.#next) - now();
    if (until > MOST_TIMER_MS) return FOREVER;
    return BigInt(Math.max(1, Math.ceil(until * 1e6)));
  }
}
