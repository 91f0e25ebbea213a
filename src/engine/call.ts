// A call from its first moment to its end. It knows what may end it early (its signal, its time-out,
// an engine that closes) before anything is taken or awaited, so whatever it is at then ends at
// once, and in one place gives back what was taken.

import { AsyncResource } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { MOST_TIMER_MS, reasonOf, throwIfAborted, timeoutError } from "./limits.js";
import type { ReduceOptions } from "./options.js";
import { clearTimeout, setTimeout } from "./timers.js";

type Callback = (argument: never) => unknown;

/** True if a call has nothing to do but its work: it needs no `Call` if it is over at once. */
export function isBare({ signal, onProgress, onRound }: ReduceOptions): boolean {
  return signal === undefined && onProgress === undefined && onRound === undefined;
}

/** `options` whose callbacks are called by `run`. */
function withCallbacks<O extends ReduceOptions>(
  options: O,
  run: (callback: Callback, argument: never) => void,
): O {
  const { onProgress, onRound } = options;
  if (onProgress === undefined && onRound === undefined) return options;
  return {
    ...options,
    ...(onProgress && { onProgress: (progress: never) => run(onProgress, progress) }),
    ...(onRound && { onRound: (round: never) => run(onRound, round) }),
  };
}

/** Has `onRejected` called if `result` is a promise that rejects: nobody else looks at it. */
function watch(result: unknown, onRejected: (error: unknown) => void): void {
  if (typeof result !== "object" || result === null || !("then" in result)) return;
  Promise.resolve(result).then(undefined, onRejected);
}

/** Options for a call that waits: it cannot learn that a callback's promise rejects. */
export function waitingOptions(options: ReduceOptions): ReduceOptions {
  return withCallbacks(options, (callback, argument) => watch(callback(argument), () => {}));
}

export class Call {
  /** Callbacks among them run in the caller's context, and end the call by what they throw. */
  readonly options: ReduceOptions;
  /** Those under way, of which this is one until it ends. */
  #calls: Set<Call>;
  #timer: NodeJS.Timeout | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #onFail: (reason: unknown) => void = () => {};
  #isOver = false;
  #hasFailed = false;
  #reason: unknown;

  /**
   * `options` were checked.
   * @throws the reason of a signal that is aborted, and what a signal's own methods throw
   */
  constructor(options: ReduceOptions, calls: Set<Call>) {
    const { signal, timeout, onProgress, onRound } = options;
    throwIfAborted(signal);
    this.#signal = signal;
    this.options = options;
    if (onProgress !== undefined || onRound !== undefined) {
      const caller = new AsyncResource("ringfold");
      this.options = withCallbacks(options, (callback, argument) => {
        const result = caller.runInAsyncScope(() => callback(argument));
        watch(result, (error) => this.fail(error));
      });
    }
    this.#calls = calls;
    calls.add(this);
    if (timeout !== undefined && timeout <= MOST_TIMER_MS) {
      this.#timer = setTimeout(() => this.fail(timeoutError(timeout)), timeout);
    }
    this.#onAbort = () => this.fail(reasonOf(signal as AbortSignal));
    if (signal === undefined) return;
    try {
      // One signal for many calls is what signals are for: not a leak to be warned of.
      setMaxListeners(0, signal);
    } catch {
      // Not the runtime's own, which alone warns.
    }
    try {
      signal.addEventListener("abort", this.#onAbort, { once: true });
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Has another engine's end end it, in place of what did. */
  join(calls: Set<Call>): void {
    this.#calls.delete(this);
    this.#calls = calls;
    if (!this.#isOver) calls.add(this);
  }

  /** Runs all of the call; what it returns counts only if nothing ended the call before. */
  async run<T>(body: () => T | Promise<T>): Promise<T> {
    try {
      const value = await body();
      this.check();
      return value;
    } finally {
      this.end();
    }
  }

  /** Has `onFail` called when the call ends early, or at once if it has: that gives back what is taken. */
  during(onFail: (reason: unknown) => void): void {
    this.#onFail = onFail;
    if (this.#hasFailed) onFail(this.#reason);
  }

  /** `promise`, or what ends the call before. */
  until<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(resolve, reject);
      this.during(reject);
    });
  }

  /** @throws what has ended the call */
  check(): void {
    if (this.#hasFailed) throw this.#reason;
    throwIfAborted(this.#signal);
  }

  /** Ends it early, once. */
  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#hasFailed = true;
    this.#reason = reason;
    this.end();
    this.#onFail(reason);
  }

  /** Lets go of signal and timer: nothing ends the call any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#calls.delete(this);
    try {
      this.#signal?.removeEventListener("abort", this.#onAbort);
    } catch {
      // A foreign signal's own fault, and the call's outcome is known.
    }
  }
}
