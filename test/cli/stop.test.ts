// Signals and time-outs: how the process ends, and what it leaves behind.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { assert, test } from "../harness.js";
import {
  doubles,
  ended,
  fails,
  groupLives,
  inFolder,
  MAIN,
  proc,
  put,
  start,
  until,
} from "./run.js";

/** A file of zeros that takes no room on the disk and long to read. */
function sparse(folder: string, bytes: number): string {
  const path = join(folder, "zeros.bin");
  const fd = openSync(path, "w");
  ftruncateSync(fd, bytes);
  closeSync(fd);
  return path;
}

const CASES: [name: string, args: (folder: string) => string[]][] = [
  // The calling thread reads too up to 16 GiB, and leaves it to workers beyond.
  ["a file this thread helps with", (f) => [sparse(f, 2 ** 34), "--dtype", "float64"]],
  ["a larger file", (f) => [sparse(f, 2 ** 38), "--dtype", "float64", "--op", "sum,max"]],
];

for (const [name, args] of CASES) {
  test(`SIGINT while ${name} is read: exit code 130, and nothing is left behind`, () =>
    inFolder(async (folder) => {
      const tmp = join(folder, "tmp");
      mkdirSync(tmp);
      const child = start(["reduce", ...args(folder)], { env: { TMPDIR: tmp } });
      const pid = child.pid as number;
      const end = ended(child);
      // The workers' own bytes: more than modules and headers amount to.
      const read = () => Number(/^rchar: (\d+)/.exec(proc(pid, "io"))?.[1]);
      await until(() => read() > 2 ** 28 || child.exitCode !== null);
      process.kill(pid, "SIGINT");
      const { code, signal, out, err } = await end;
      assert.equal([code, signal], [130, null], err);
      assert.is(out, "");
      assert.is(err, "ringfold: interrupted by SIGINT\n");
      assert.not.ok(groupLives(pid), "no process is left");
      assert.equal(readdirSync(tmp), []);
    }));
}

test("SIGINT while standard input is silent: exit code 130", () =>
  inFolder(async () => {
    const child = start(["reduce", "-", "--format", "raw", "--dtype", "float64"]);
    const end = ended(child);
    // More than a pipe holds: once it is written, the program has begun to read.
    const values = doubles(Array.from({ length: 100_000 }, () => 1));
    await new Promise((resolve) => child.stdin.write(values, resolve));
    process.kill(child.pid as number, "SIGINT");
    const { code, out } = await end;
    assert.is(code, 130);
    assert.is(out, "");
  }));

test("SIGTERM and SIGHUP end it as they are counted", async () => {
  for (const [name, exitCode] of [
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    const child = start(["reduce", "-", "--format", "raw", "--dtype", "float64"]);
    const end = ended(child);
    const values = doubles(Array.from({ length: 100_000 }, () => 1));
    await new Promise((resolve) => child.stdin.write(values, resolve));
    process.kill(child.pid as number, name);
    assert.is((await end).code, exitCode);
  }
});

test("a file that shrinks while it is read is told, not summed", () =>
  inFolder(async (folder) => {
    for (const bytes of [2 ** 34, 2 ** 38]) {
      const path = sparse(folder, bytes);
      const child = start(["reduce", path, "--dtype", "float64"]);
      const end = ended(child);
      const read = () => Number(/^rchar: (\d+)/.exec(proc(child.pid as number, "io"))?.[1]);
      await until(() => read() > 2 ** 28 || child.exitCode !== null);
      truncateSync(path, 2 ** 20);
      const { code, out, err } = await end;
      assert.is(code, 1, err);
      assert.is(out, "");
      assert.match(err, "(ERR_INPUT_CHANGED)");
      assert.match(err, "zeros.bin");
    }
  }));

const STUCK = `
import { openSync } from "node:fs";
export function combine(a, b) {
  openSync(process.env.STARTED, "w");
  for (;;);
}`;

/** Reduces with an operator that never comes back; ready once it is stuck. */
async function stuck(folder: string, more: readonly string[] = []) {
  const marker = join(folder, "started");
  const op = put(folder, "stuck.mjs", STUCK);
  const input = put(folder, "x.bin", doubles(Array.from({ length: 50_000 }, (_, i) => i)));
  const args = ["reduce", input, "--dtype", "float64", "--op", op, ...more];
  const child = start(args, { env: { STARTED: marker } });
  const end = ended(child);
  await until(() => readdirSync(folder).includes("started") || child.exitCode !== null);
  return { child, end };
}

test("SIGINT ends an operator that never comes back", () =>
  inFolder(async (folder) => {
    const { child, end } = await stuck(folder);
    process.kill(child.pid as number, "SIGINT");
    const { code, err } = await end;
    assert.is(code, 130);
    assert.is(err, "ringfold: interrupted by SIGINT\n");
    assert.not.ok(groupLives(child.pid as number));
  }));

test("a SIGINT that comes twice at once is one", () =>
  inFolder(async (folder) => {
    const { child, end } = await stuck(folder);
    for (let i = 0; i < 2; i++) process.kill(child.pid as number, "SIGINT");
    const { code, err } = await end;
    assert.is(code, 130);
    assert.is(err, "ringfold: interrupted by SIGINT\n");
  }));

test("a second SIGINT does not wait for workers", () =>
  inFolder(async (folder) => {
    const { child, end } = await stuck(folder);
    const pid = child.pid as number;
    const timer = setInterval(() => process.kill(pid, "SIGINT"), 20);
    const [code] = await once(child, "exit");
    clearInterval(timer);
    assert.is(code, 130);
    // The first one's farewell comes only when the workers have ended.
    assert.is((await end).err, "");
  }));

test("--timeout ends a reduction, a silent input and a stuck operator alike", () =>
  inFolder(async (folder) => {
    const zeros = sparse(folder, 2 ** 38);
    const timeout = ["--timeout", "300"];
    await fails(["reduce", zeros, "--dtype", "float64", ...timeout], 1, "ERR_TIMEOUT", "300 ms");
    const child = start(["reduce", "-", ...timeout]);
    const { code, err } = await ended(child);
    assert.is(code, 1);
    assert.match(err, "(ERR_TIMEOUT)");
    const { end } = await stuck(folder, ["--timeout", "2000"]);
    const late = await end;
    assert.is(late.code, 1, late.err);
    assert.match(late.err, "(ERR_TIMEOUT)");
  }));

test("on a terminal, ^C takes the bar away and gives the cursor back", () =>
  inFolder(async (folder) => {
    const zeros = sparse(folder, 2 ** 38);
    const line = `${process.execPath} ${MAIN} reduce ${zeros} --dtype float64`;
    const child = spawn("script", ["-qefc", line, "/dev/null"], {
      env: { ...process.env, TERM: "xterm" },
    });
    let shown = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (!shown.includes("rows") && String(chunk).includes("rows")) child.stdin.write("\x03");
      shown += chunk;
    });
    const { code, out } = await ended(child);
    assert.is(code, 130, out);
    assert.match(out, /reduce {2}[█░]+ \d+% {2}[\d,]+ rows/);
    assert.ok(out.lastIndexOf("\x1b[?25h") > out.lastIndexOf("\x1b[?25l"));
    assert.ok(out.lastIndexOf("\x1b[?7h") > out.lastIndexOf("\x1b[?7l"));
    assert.match(out, "interrupted by SIGINT");
  }));
