// What is told of an error, and which exit code it gives.

import { RingfoldError } from "../errors.js";
import { commandOf } from "./commands.js";
import { formatJson, styler, write } from "./output.js";
import { Interrupted } from "./stop.js";
import { tooManyFiles, UsageError } from "./usage.js";
import { version } from "./version.js";

/** What the command line got wrong, rather than what the input did. */
const USAGE = new Set(["ERR_OPTION", "ERR_OPERATOR", "ERR_COLUMN"]);

/** Asked of a line that may not have been understood. */
function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes(flag);
}

/** What Node itself could not open: a module, a thread's descriptors. */
function systemError(error: unknown): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code !== "EMFILE" && code !== "ENFILE") return error;
  return new RingfoldError("ERR_FILE", tooManyFiles(code), { cause: error });
}

/** Tells what went wrong; the exit code: 1 failed, 2 wrong usage, 128 and a signal's number. */
export async function report(thrown: unknown, argv: readonly string[]): Promise<number> {
  if (thrown instanceof Interrupted) {
    write(2, `ringfold: ${thrown.message}\n`);
    return thrown.exitCode;
  }
  const told = systemError(thrown);
  const error = told instanceof Error ? told : new Error(String(told));
  const { message } = error;
  const code = error instanceof RingfoldError ? error.code : "ERR_INTERNAL";
  const isUsage = error instanceof UsageError || USAGE.has(code);
  try {
    if (hasFlag(argv, "--json")) write(1, formatJson({ error: { code, message } }));
  } catch {
    // Standard output takes nothing: standard error has it all.
  }
  write(2, `${styler(2)("red", "ringfold:")} ${message} (${code})\n`);
  const isAsked = hasFlag(argv, "--debug");
  const cause = error.cause instanceof Error ? error.cause : undefined;
  // The code of the operating system is in its text, the remedy in ours.
  const isNews = cause !== undefined && !message.includes(cause.message) && !("syscall" in cause);
  if (isAsked) write(2, `${error.stack}\n`);
  if (isAsked && cause !== undefined) write(2, `caused by ${cause.stack}\n`);
  else if (isNews) write(2, `  caused by: ${cause.message}\n`);
  // Code that is not ours, or that should not have failed: where it was matters.
  if (!isAsked && (code === "ERR_USER_OPERATOR" || code === "ERR_INTERNAL")) {
    const place = /^ +at .*$/m.exec(error.stack ?? "")?.[0].trimStart();
    write(2, `${place === undefined ? "" : `  ${place}; `}the whole stack: --debug\n`);
  }
  if (error instanceof UsageError && error.wantsHelp) {
    const { helpOf } = await import("./yargs.js");
    write(2, `\n${await helpOf(commandOf(argv[0])?.name, version())}\n`);
  } else if (isUsage) {
    write(2, `See \`ringfold ${commandOf(argv[0]) ? `${argv[0]} ` : ""}--help\`.\n`);
  }
  return isUsage ? 2 : 1;
}
