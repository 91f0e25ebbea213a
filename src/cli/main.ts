#!/usr/bin/env node
// The command line: finds out what is asked, loads what does it, and ends with an exit code.
// Everything beyond a plain line is loaded when it is needed: most of a short process is loading.

import { writeSync } from "node:fs";
import type { Line } from "./commands.js";
import { parseQuickly } from "./parse.js";
import { tooManyFiles } from "./usage.js";

/** The exit code. */
async function run(argv: readonly string[]): Promise<number> {
  const line = parseQuickly(argv) ?? (await parse(argv));
  if (line?.command === "reduce") await (await import("./reduce.js")).reduce(line);
  if (line?.command === "merge") await (await import("./merge.js")).merge(line);
  if (line?.command === "info") await (await import("./info.js")).info(line);
  if (line?.command === "stress") return (await import("./stress.js")).stress(line);
  if (line?.command === "bench") return (await import("./bench.js")).bench(line);
  if (line?.command === "check") return (await import("./check.js")).check(line);
  return 0;
}

/** Undefined if the line asked for a text, which has been printed. */
async function parse(argv: readonly string[]): Promise<Line | undefined> {
  const { write } = await import("./output.js");
  const { version } = await import("./version.js");
  if (argv.length === 1 && argv[0] === "--version") {
    write(1, `${version()}\n`);
    return undefined;
  }
  const { parseCarefully } = await import("./yargs.js");
  const parsed = await parseCarefully(argv, version());
  if (parsed.kind === "line") return parsed.line;
  write(1, `${parsed.text.trimEnd()}\n`);
  return undefined;
}

/** Tells of an error; the exit code. */
async function tell(error: unknown): Promise<number> {
  let report: typeof import("./failure.js").report;
  try {
    ({ report } = await import("./failure.js"));
  } catch {
    // Where files cannot be opened, nor can the module that tells of errors.
    const { code = "", message } = error as NodeJS.ErrnoException;
    const isFull = code === "EMFILE" || code === "ENFILE";
    writeSync(2, `ringfold: ${isFull ? tooManyFiles(code) : message}\n`);
    return 1;
  }
  return report(error, argv);
}

const argv = process.argv.slice(2);
let exitCode = 0;
try {
  exitCode = await run(argv);
} catch (error) {
  exitCode = await tell(error);
}
// Not left to the event loop: a read of standard input that nobody wants would keep it alive.
process.exit(exitCode);
