// The test harness. Test files import `test`, `assert`, `seeded` and `fcOptions` from
// here; `node dist/test/harness.js [FILE or NAME ...]` runs them, each in a process of
// its own (harness-child.ts), and prints `N passed, N failed` as its last line.
//
// A file passes only if each of its tests said so and the process then left by itself
// with code 0. Whatever is missing from that is a failure: silence never passes.

import { type ChildProcess, fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import type { Report } from "./harness-child.js";

export { assert, type CodedError, type TestOptions, test } from "./harness-child.js";
export { fcOptions, type Random, seeded } from "./harness-random.js";

const SELF = fileURLToPath(import.meta.url);
const ROOT = dirname(SELF);
const CHILD = join(ROOT, "harness-child.js");
/** Bytes of a file's output that are kept to be shown if it fails. */
const OUTPUT_LIMIT = 32_768;
const UNNAMED = "something that Node has no name for, such as a worker thread";
/** What uvu prints by itself, which tells nothing that is not told better here. */
const UVU_DOTS = /^[•✘\s]*(\(\d+ \/ \d+\)\s*)?$/;

const USAGE = `usage: node harness.js [options] [FILE or part of a name ...]
  --jobs N        files that run at once (1: tests have threads of their own)
  --deadline MS   for a test that sets none, a hook, an import (60000)
  --grace MS      for a process to react to its deadline, or to leave when done (3000)
  RINGFOLD_SEED   replays a run`;

interface Options {
  jobs: number;
  deadline: number;
  grace: number;
  seed: number;
}

interface Outcome {
  passed: number;
  failures: { name: string; text: string }[];
  seconds: number;
  output: string;
}

/** Process groups that are to die with this process, by their leader. */
const groups = new Set<number>();

/** True if there was anything to kill. */
function killGroup(leader: number): boolean {
  try {
    return process.kill(-leader, "SIGKILL");
  } catch {
    return false;
  }
}

/** The verdict over one file, put together from what its process reports. */
class Trial {
  readonly failures: { name: string; text: string }[] = [];
  passed = 0;
  readonly #kill: () => unknown;
  readonly #grace: number;
  /** What the process is to be killed for, once that is decided. */
  #sentence: string | undefined;
  #tests: { name: string; settled: boolean }[] = [];
  #phase: { name: string; test?: number } = { name: "import" };
  #over = false;
  #dry = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(kill: () => unknown, { deadline, grace }: Options) {
    this.#kill = kill;
    this.#grace = grace;
    this.#watch(deadline, `exceeded its deadline of ${deadline} ms`);
  }

  #settle(test: number | undefined): void {
    const entry = test === undefined ? undefined : this.#tests[test];
    if (entry !== undefined) entry.settled = true;
  }

  #fail(name: string, text: string, test?: number): void {
    this.#settle(test);
    this.failures.push({ name, text });
  }

  #condemn(sentence: string): void {
    this.#sentence ??= sentence;
    this.#kill();
  }

  /** The child ends what awaits too long by itself; what blocks its thread is ended here. */
  #watch(deadline: number, sentence: string): void {
    clearTimeout(this.#timer);
    const condemn = () => this.#condemn(`${sentence}; the process was killed`);
    this.#timer = setTimeout(condemn, deadline + this.#grace);
  }

  hear(report: Report): void {
    switch (report.kind) {
      case "plan":
        this.#tests = report.names.map((name) => ({ name, settled: false }));
        break;
      case "phase":
        this.#phase = report;
        this.#watch(report.deadline, `exceeded its deadline of ${report.deadline} ms`);
        break;
      case "passed":
        this.#settle(report.test);
        this.passed++;
        break;
      case "failed":
        this.#fail(this.#tests[report.test]?.name ?? "?", report.text, report.test);
        break;
      case "fault":
        this.#fail(report.name, report.text);
        break;
      case "dry":
        this.#dry = true;
        break;
      case "done":
        this.#over = true;
        this.#phase = { name: "exit" };
        this.#watch(this.#grace, "did not leave after its tests");
        break;
      case "open":
        this.#condemn(`left open after its tests: ${report.handles.join(", ") || UNNAMED}`);
    }
  }

  /** The process is gone, and all its reports were heard. */
  end(code: number | null, signal: string | null, orphans: boolean): void {
    clearTimeout(this.#timer);
    const { name, test } = this.#phase;
    const how = signal === null ? `exited with code ${code}` : `died of ${signal}`;
    if (this.#sentence !== undefined) {
      this.#fail(name, this.#sentence, test);
    } else if (!this.#over) {
      const dry = "the event loop ran dry: nothing could have woken what it waited for";
      this.#fail(name, this.#dry ? dry : `the process ${how} before its tests were over`, test);
    } else if (code !== 0) {
      this.#fail(name, `the process ${how} after its tests`);
    }
    if (orphans && this.#sentence === undefined) {
      this.#fail("exit", "left processes running");
    }
    for (const [index, entry] of this.#tests.entries()) {
      if (!entry.settled) this.#fail(entry.name, "did not run", index);
    }
    if (this.#tests.length === 0 && this.failures.length === 0) {
      this.#fail("file", "has no tests");
    }
  }
}

function runFile(file: string, options: Options): Promise<Outcome> {
  const start = performance.now();
  const { deadline, grace, seed } = options;
  const child: ChildProcess = fork(CHILD, [file, String(deadline), String(grace)], {
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true, // A group of its own, so that what a test started dies with it.
    env: { ...process.env, RINGFOLD_SEED: String(seed) },
  });
  const group = child.pid;
  if (group !== undefined) groups.add(group);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    });
  }
  const trial = new Trial(() => group !== undefined && killGroup(group), options);
  child.on("message", (report: Report) => trial.hear(report));
  return new Promise((settle) => {
    let orphans = false;
    const finish = (code: number | null, signal: string | null) => {
      trial.end(code, signal, orphans);
      const { passed, failures } = trial;
      settle({ passed, failures, output, seconds: (performance.now() - start) / 1000 });
    };
    child.once("error", (error) => {
      output += `${error}\n`;
      if (group === undefined) finish(-1, null);
    });
    child.once("exit", () => {
      if (group === undefined) return;
      orphans = killGroup(group);
      groups.delete(group);
      // "close" waits for the pipes, which a process that left the group may hold for ever.
      setTimeout(() => {
        orphans ||= !(child.stdout?.closed && child.stderr?.closed);
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, grace).unref();
    });
    child.once("close", finish);
  });
}

const indent = (text: string, by: string): string => text.trimEnd().replace(/^/gm, by);

function show(file: string, outcome: Outcome, seed: number): string {
  const { passed, failures, output } = outcome;
  const name = relative(ROOT, file);
  const seconds = outcome.seconds.toFixed(2);
  if (failures.length === 0) return `ok    ${name}  ${passed} passed  ${seconds} s`;
  const lines = [`FAIL  ${name}  ${passed} passed, ${failures.length} failed  ${seconds} s`];
  for (const f of failures) lines.push(`  ✘ ${f.name}`, indent(f.text, "      "));
  if (!UVU_DOTS.test(output)) lines.push("  its output:", indent(output, "    | "));
  lines.push(`  again: RINGFOLD_SEED=${seed} node ${relative(".", SELF)} ${relative(".", file)}`);
  return lines.join("\n");
}

/** The files that `args` name, and those of `args` that name none. */
function select(args: readonly string[]): { files: string[]; unmatched: string[] } {
  const all = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.js") && !/(^|[\\/])fixtures[\\/]/.test(path))
    .sort()
    .map((path) => join(ROOT, path));
  if (args.length === 0) return { files: all, unmatched: [] };
  const files = new Set<string>();
  const unmatched = args.filter((arg) => {
    if (arg.endsWith(".js") && existsSync(arg)) return !files.add(resolve(arg));
    const part = arg.replace(/^(.*\/)?test\//, "").replace(/\.ts$/, ".js");
    const found = all.filter((file) => relative(ROOT, file).includes(part));
    for (const file of found) files.add(file);
    return found.length === 0;
  });
  return { files: [...files], unmatched };
}

function parse(argv: string[]): { options: Options; args: string[] } {
  const flag = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { jobs: flag, deadline: flag, grace: flag },
  });
  const integer = (text: string, name: string, least: number, most: number): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new Error(`${name} must be an integer from ${least} to ${most}, not "${text}"`);
  };
  const seed = process.env["RINGFOLD_SEED"] || String(randomInt(2 ** 32));
  return {
    args: positionals,
    options: {
      jobs: integer(values.jobs ?? "1", "--jobs", 1, 256),
      deadline: integer(values.deadline ?? "60000", "--deadline", 1, 2 ** 30),
      grace: integer(values.grace ?? "3000", "--grace", 1, 2 ** 30),
      seed: integer(seed, "RINGFOLD_SEED", 0, 2 ** 32 - 1),
    },
  };
}

async function main(options: Options, args: string[]): Promise<number> {
  const { files, unmatched } = select(args);
  let passed = 0;
  let failed = unmatched.length;
  for (const arg of unmatched) console.log(`FAIL  ${arg}  names no test file`);
  const queue = files.values();
  const lane = async (): Promise<void> => {
    for (const file of queue) {
      const outcome = await runFile(file, options);
      console.log(show(file, outcome, options.seed));
      passed += outcome.passed;
      failed += outcome.failures.length;
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, lane));
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** False where a test file imports this. Resolved, since the name may lack its ".js". */
function isProgram(): boolean {
  try {
    return isMainThread && createRequire(SELF).resolve(process.argv[1] ?? "") === SELF;
  } catch {
    return false;
  }
}

if (isProgram()) {
  process.on("exit", () => {
    for (const leader of groups) killGroup(leader);
  });
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
  try {
    const { options, args } = parse(process.argv.slice(2));
    void main(options, args).then((code) => process.exit(code));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exitCode = 2;
  }
}
