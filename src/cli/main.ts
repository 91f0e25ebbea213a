#!/usr/bin/env node
// The command line: finds out what is asked, loads what does it, and turns its end into an
// exit code: 0 fine, 1 failed, 2 wrong usage, 128 and the number of a signal.

import { readFileSync } from "node:fs";
import { RingfoldError } from "../errors.js";
import { commandOf, type Line } from "./commands.js";
import { formatJson, styler, write } from "./output.js";
import { parseQuickly } from "./parse.js";
import { Interrupted } from "./stop.js";
import { UsageError } from "./usage.js";

/** What the command line got wrong, rather than what the input did. */
const USAGE = new Set(["ERR_OPTION", "ERR_OPERATOR", "ERR_COLUMN"]);

function version(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function run(argv: readonly string[]): Promise<void> {
  if (argv.length === 1 && argv[0] === "--version") {
    write(1, `${version()}\n`);
    return;
  }
  let line = parseQuickly(argv);
  if (line === undefined) {
    const { parseCarefully } = await import("./yargs.js");
    const parsed = await parseCarefully(argv, version());
    if (parsed.kind === "text") {
      write(1, `${parsed.text.trimEnd()}\n`);
      return;
    }
    line = parsed.line;
  }
  await dispatch(line);
}

async function dispatch(line: Line): Promise<void> {
  if (line.command === "reduce") await (await import("./reduce.js")).reduce(line);
  else await (await import("./info.js")).info(line, version());
}

/** Asked of a line that may not have been understood. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

/** Tells what went wrong, and gives the exit code. */
async function report(error: unknown, argv: readonly string[]): Promise<number> {
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
  if (error instanceof UsageError && error.wantsHelp) {
    const { helpOf } = await import("./yargs.js");
    write(2, `\n${await helpOf(commandOf(argv[0])?.name, version())}\n`);
  } else if (isUsage) {
    write(2, `See \`ringfold ${commandOf(argv[0]) ? `${argv[0]} ` : ""}--help\`.\n`);
  }
  return isUsage ? 2 : 1;
}

const argv = process.argv.slice(2);
let exitCode = 0;
try {
  await run(argv);
} catch (error) {
  exitCode = await report(error, argv);
}
// Not left to the event loop: a read of standard input that nobody wants would keep it alive.
process.exit(exitCode);
