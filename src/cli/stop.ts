// Why a reduction ends before its time: a signal from outside, or a time-out. One
// AbortSignal tells everybody.

import { constants } from "node:os";
import { RingfoldError } from "../errors.js";

/** The reason of an abort by a signal. Not an error of ours, so it has no code of ours. */
export class Interrupted extends Error {
  /** As shells count: 128 and the signal's number, 130 for SIGINT. */
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Signals so close together (ms) are one: a shell and a tool may both send it to a group. */
const SAME_MS = 100;

/**
 * Aborts by the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once.
 * `onExit` is called before that.
 */
export class Stop {
  readonly #controller = new AbortController();
  /** When the first signal came; 0 before. */
  #signalled = 0;
  /** Called before a second signal ends the process: leave the terminal as it was. */
  onExit: () => void = () => {};

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  constructor() {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        const reason = new Interrupted(name);
        const now = performance.now();
        if (this.#signalled !== 0 && now - this.#signalled < SAME_MS) return;
        this.#signalled ||= now;
        if (this.signal.aborted) {
          this.onExit();
          process.exit(reason.exitCode);
        }
        this.#controller.abort(reason);
      });
    }
  }

  /** From now on. */
  limit(milliseconds: number): void {
    setTimeout(() => {
      this.#controller.abort(
        new RingfoldError("ERR_TIMEOUT", `--timeout: it took more than ${milliseconds} ms`),
      );
    }, milliseconds).unref();
  }

  /** What `work` gives, or the reason of an abort that comes first. `work` goes on unheard. */
  race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    if (signal.aborted) {
      work.catch(() => {});
      return Promise.reject(signal.reason);
    }
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      const settle = () => signal.removeEventListener("abort", onAbort);
      work.then(resolve, reject).finally(settle);
    });
  }

  /** Lets others have a turn, signals among them. @throws the reason of an abort */
  async breathe(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.signal.throwIfAborted();
  }
}
