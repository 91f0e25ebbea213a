// The errors of src/sync, under the names that atomics-sync has for them. Its documentation has a
// RangeError where a number is an integer but too small or too large; so it is here.

import { type ErrorCode, RingfoldError } from "../errors.js";

/** A thread would wait for itself. */
export class DeadlockError extends RingfoldError {
  constructor(message: string) {
    super("ERR_DEADLOCK", message);
    this.name = "DeadlockError";
  }
}

/** An argument that is not of its kind. */
export class InvalidError extends RingfoldError {
  constructor(message: string) {
    super("ERR_OPTION", message);
    this.name = "InvalidError";
  }
}

/** A thread gives back what it does not hold. */
export class PermissionError extends RingfoldError {
  constructor(message: string) {
    super("ERR_PERMISSION", message);
    this.name = "PermissionError";
  }
}

/** A RangeError, which cannot be a RingfoldError as well, with a code as those have. */
export function outOfRange(message: string, code: ErrorCode = "ERR_OPTION"): RangeError {
  return Object.assign(new RangeError(message), { code });
}
