// What is told of an error, and which exit code it gives.

import { RingfoldError } from "../errors.js";
import { commandOf } from "./commands.js";
import { formatJson, styler, write } from "./output.js";
import { Interrupted } from "./stop.js";
import { UsageError } from "./usage.js";
import { version } from "./version.js";

/** What the command line got wrong, rather than what the input did. */
const USAGE = new Set(["ERR_OPTION", "ERR_OPERATOR", "ERR_COLUMN"]);

/** Asked of a line that may not have been understood. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

/** Tells what went wrong; the exit code: 1 failed, 2 wrong usage, 128 and a signal's number. */
export async function report(error: unknown, argv: readonly string[]): Promise<number> {
  if (error instanceof Interrupted) {
    write(2, `ringfold: ${error.message}\n`);
    return error.exitCode;
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof RingfoldError ? error.code : "ERR_INTERNAL";
  const isUsage = error instanceof UsageError || USAGE.has(code);
  if (wantsJson(argv)) write(1, formatJson({ error: { code, message } }));
  write(2, `${styler(2)("red", "ringfold:")} ${message} (${code})\n`);
  // Code that is not ours, or that should not have failed: where it was matters.
  if (code === "ERR_USER_OPERATOR" || code === "ERR_INTERNAL") write(2, `${stack}\n`);
  // A cause that the message does not tell already.
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && !message.includes(cause.message)) write(2, `${cause.stack}\n`);
  if (error instanceof UsageError && error.wantsHelp) {
    const { helpOf } = await import("./yargs.js");
    write(2, `\n${await helpOf(commandOf(argv[0])?.name, version())}\n`);
  } else if (isUsage) {
    write(2, `See \`ringfold ${commandOf(argv[0]) ? `${argv[0]} ` : ""}--help\`.\n`);
  }
  return isUsage ? 2 : 1;
}
