// What the tests of the CLI share: the program as a user runs it, in a process of its own.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../harness.js";

export const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Settings {
  /** Of standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What has to be told on standard error; nothing, if it is left out. */
  readonly told?: string;
}

/** Starts the CLI in a process group of its own. */
export function start(args: readonly string[], settings: Settings = {}) {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: settings.cwd,
    env: { ...process.env, ...settings.env },
    detached: true,
  });
}

/** Waits for the end; all that was printed. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Run> {
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, out, err }));
  });
}

export function run(args: readonly string[], settings: Settings = {}): Promise<Run> {
  const child = start(args, settings);
  // A child that fails early does not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(settings.input ?? "");
  return ended(child);
}

export interface Column {
  readonly name: string | null;
  readonly dtype: string;
  readonly nulls: number;
  readonly results: Record<string, unknown>;
  readonly receipt?: Record<string, unknown>;
  readonly rounds?: number[];
}

export interface Reduced {
  readonly version: number;
  readonly columns: Column[];
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly threads: number;
}

/** Runs `reduce … --json`, which has to succeed and to say nothing else but what is `told`. */
export async function reduce(args: readonly string[], settings: Settings = {}): Promise<Reduced> {
  const result = await run(["reduce", "--json", ...args], settings);
  const { told } = settings;
  if (told === undefined) assert.is(result.err, "", args.join(" "));
  else assert.match(result.err, told, args.join(" "));
  assert.is(result.code, 0, args.join(" "));
  return JSON.parse(result.out) as Reduced;
}

/** The results of the one column there is. */
export async function results(args: readonly string[], settings: Settings = {}) {
  const { columns } = await reduce(args, settings);
  assert.is(columns.length, 1);
  return columns[0]!.results;
}

/** Runs what has to fail with this exit code and this error. */
export async function fails(
  args: readonly string[],
  exitCode: number,
  code: string,
  ...texts: string[]
): Promise<Run> {
  const result = await run(args);
  const shown = `ringfold ${args.join(" ")}\n${result.err}`;
  assert.is(result.code, exitCode, shown);
  assert.is(result.out, "", shown);
  assert.match(result.err, `(${code})`, shown);
  assert.match(result.err, /^ringfold: /, shown);
  for (const text of texts) assert.match(result.err, text, shown);
  return result;
}

/** Runs `body` with a new folder, which is removed afterwards. */
export async function inFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "ringfold-cli-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file into the folder and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A .npy file (version 1) around the elements. */
export function npy(descr: string, shape: string, data: Uint8Array): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11);
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(padded.length + 1, 8);
  return Buffer.concat([head, Buffer.from(`${padded}\n`, "latin1"), data]);
}

export const doubles = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Float64Array.from(values).buffer);

/** Waits until `condition` holds, looking every few milliseconds; the test's deadline bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A file under /proc, or nothing if the process is gone. */
export function proc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    return "";
  }
}

/** True if a process of the group that `pid` leads is left. */
export function groupLives(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** Runs a script in the folder, and gives the JSON that it prints. */
export function python<T>(folder: string, script: string): T {
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3", ["-c", script], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** What `reduce --partial` writes; it has to succeed. */
export function partial(args: readonly string[], input: string | Uint8Array = ""): Buffer {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, "reduce", "--partial", ...args],
    { input },
  );
  assert.is(status, 0, String(stderr));
  return stdout;
}

/** The CLI on a terminal of its own (util-linux's script), which is also what it writes to. */
export function terminal(line: string, env: NodeJS.ProcessEnv = {}) {
  return spawn("script", ["-qefc", `${process.execPath} ${MAIN} ${line}`, "/dev/null"], {
    // Under continuous integration Node takes a terminal for one without colours.
    env: { ...process.env, CI: undefined, TERM: "xterm", ...env },
  });
}
