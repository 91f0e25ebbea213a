// The one error type of ringfold. Lowest module of the host: imports nothing.

/**
 * Stable error codes. A message names the offending value and the remedy; the
 * code is what programs match on.
 */
export type ErrorCode =
  | "ERR_OPTION" // an option or argument is out of its range
  | "ERR_OPERATOR" // unknown operator, or one that the dtype or schedule excludes
  | "ERR_DTYPE" // unknown, unsupported or mixed element types
  | "ERR_EMPTY" // min, max, argmin or argmax of nothing without `initial`
  | "ERR_INPUT" // not a typed array, detached, resized, freed or out of bounds
  | "ERR_INPUT_CHANGED" // an input changed while it was being read
  | "ERR_CLOSED" // the engine is closed
  | "ERR_MEMORY" // `maxBytes`, or what the runtime grants, is exhausted
  | "ERR_OVERFLOW" // a 64-bit result does not fit and `overflow` forbids wrapping; a full semaphore
  | "ERR_TIMEOUT" // the call's `timeout` passed
  | "ERR_START" // no worker thread could be started
  | "ERR_WORKER_DIED" // a worker thread ended during a job
  | "ERR_USER_OPERATOR" // a user operator cannot be loaded, or its code threw
  | "ERR_STATE_SIZE" // a user operator's state is larger than its cell
  | "ERR_STATE" // a state in a file is damaged, or not of the kind that is wanted
  | "ERR_FILE" // a file cannot be opened or read
  | "ERR_FORMAT" // a file is not what its name or header claims
  | "ERR_COLUMN" // a column is missing or not numeric
  | "ERR_CELL" // a text cell is not a number
  | "ERR_DEADLOCK" // a thread would wait for itself
  | "ERR_PERMISSION" // a thread gives back a lock that it does not hold
  | "ERR_RUNTIME"; // this thread may not block, or the runtime lacks `Atomics.waitAsync` or WebAssembly

/** Any value as text for a message. Never throws. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" && typeof value !== "string") return String(value);
  try {
    return JSON.stringify(value) ?? "an object";
  } catch {
    return "an object that has no text";
  }
}

/** The text of what was thrown, which may be anything. Never throws. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return show(thrown);
  }
}

export interface RingfoldErrorOptions {
  cause?: unknown;
}

/** Every error that ringfold raises by itself; `code` is stable across versions. */
export class RingfoldError extends Error {
  readonly code: ErrorCode;
  /** No other object can have it, whatever it calls itself. */
  readonly #isOwn = true;

  /** @internal True of what this constructor made: not of a Proxy, nor of what has the name only. */
  static isOwn(value: unknown): value is RingfoldError {
    return typeof value === "object" && value !== null && #isOwn in value && value.#isOwn;
  }

  constructor(code: ErrorCode, message: string, options?: RingfoldErrorOptions) {
    super(message, options);
    this.name = "RingfoldError";
    this.code = code;
  }
}
