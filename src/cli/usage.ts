// The one error of a command line that cannot be meant.

import { type ErrorCode, RingfoldError } from "../errors.js";

/** Exit code 2. */
export class UsageError extends RingfoldError {
  /** True if too little was said: the help says what there is. */
  readonly wantsHelp: boolean;

  constructor(message: string, options: { code?: ErrorCode; wantsHelp?: boolean } = {}) {
    super(options.code ?? "ERR_OPTION", message);
    this.wantsHelp = options.wantsHelp ?? false;
  }
}

/** @throws UsageError if what is not allowed was given. */
export function refuse(given: boolean, message: string): void {
  if (given) throw new UsageError(message);
}

export const tooManyFiles = (code: string): string =>
  `too many files are open (${code}): raise the limit, as by \`ulimit -n 1024\``;
