// What is printed where: tables, JSON, colours, pipes that close, progress.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { assert, test } from "../harness.js";
import {
  doubles,
  ended,
  inFolder,
  MAIN,
  npy,
  put,
  reduce,
  results,
  run,
  start,
  terminal,
} from "./run.js";

const one = (values: readonly number[]) => npy("<f8", `(${values.length},)`, doubles(values));

test("people get a table on standard output and one line on standard error", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", one([1, 2, -0.5]));
    const { out, err, code } = await run(["reduce", path, "--op", "sum,countNonZero,min"]);
    assert.is(code, 0);
    assert.is(out, "sum           2.5\ncountNonZero  3\nmin           -0.5\n");
    assert.match(err, /^3 rows, 0 nulls skipped, 24 B, [\d.]+ s, [\d.]+ GB\/s, \d+ threads?\n$/);
    const table = put(folder, "t.csv", "a,b\n1,2\n,3\n");
    const two = await run(["reduce", table, "--column", "a", "--column", "b", "--op", "sum,count"]);
    assert.is(
      two.out,
      "a (float64)\n  sum    1\n  count  1\nb (float64)\n  sum    5\n  count  2\n",
    );
    assert.match(two.err, /^2 rows, 1 null skipped, 24 B, /);
  }));

test(
  "values that JSON cannot hold are strings",
  () =>
    inFolder(async (folder) => {
      const kinds = { nan: Number.NaN, up: Infinity, down: -Infinity, zero: -0, big: 1e300 };
      const found: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(kinds)) {
        const path = put(folder, `${name}.npy`, one([value]));
        found[name] = (await results([path, "--op", "max"]))["max"];
      }
      assert.equal(found, {
        nan: "NaN",
        up: "Infinity",
        down: "-Infinity",
        zero: "-0",
        big: 1e300,
      });
      const longs = [2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 63n), 7n];
      const shown = [
        9007199254740991,
        "9007199254740992",
        -9007199254740991,
        String(-(2n ** 63n)),
        7,
      ];
      for (const [i, value] of longs.entries()) {
        const bytes = new Uint8Array(BigInt64Array.of(value).buffer);
        const path = put(folder, "long.npy", npy("<i8", "(1,)", bytes));
        assert.equal(await results([path]), { sum: shown[i] });
      }
      assert.equal(await results([put(folder, "z.npy", one([0, 0])), "--op", "any,all"]), {
        any: false,
        all: false,
      });
    }),
  { deadline: 120_000 },
);

test("the JSON object has the members it promises, and nothing else", async () => {
  const found = await reduce(["--generate", "100", "--threads", "2"]);
  const members = ["version", "columns", "rows", "bytes", "seconds", "threads"];
  assert.equal(Object.keys(found), members.toSpliced(5, 0, "generateSeconds"));
  const read = await reduce(["-"], { input: "1\n2\n" });
  assert.equal(Object.keys(read), members);
  assert.equal(Object.keys(found.columns[0]!), ["name", "dtype", "nulls", "results"]);
  const { version, rows, bytes, threads } = found;
  assert.equal([version, rows, bytes, threads], [1, 100, 800, 2]);
  assert.ok(found.seconds > 0 && found.seconds < 60);
});

test("info tells what there is, for people and for programs", async () => {
  const { out, err, code } = await run(["info", "--json"]);
  assert.is(err + code, "0");
  const found = JSON.parse(out);
  assert.is(found.version, 1);
  assert.equal(found.runtime, { name: "node", version: process.versions.node });
  assert.equal([found.platform, found.arch, found.simd], [process.platform, process.arch, true]);
  assert.ok(found.threads >= 1 && found.memoryBytes > 0 && found.processor !== "");
  assert.ok(found.largestEngineBytes >= 2 ** 30);
  assert.ok(found.crossoverBytes.parked > 0 && found.bytesPerSecond > 1e8);
  const people = await run(["info"]);
  assert.is(people.err + people.code, "0");
  const names = people.out.split("\n").map((line) => line.slice(0, 15).trim());
  assert.equal(names.slice(0, 4), ["ringfold", "runtime", "platform", "processor"]);
});

test("colours are for terminals, and not with NO_COLOR or a dumb one", async () => {
  const onTerminal = async (env: NodeJS.ProcessEnv) => {
    // Whatever this run's own environment says of colours does not count.
    const plain = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined, TERM: "xterm" };
    const child = terminal("reduce --threads 0", { ...plain, ...env });
    child.stdin.end();
    const { out, code } = await ended(child);
    assert.is(code, 2);
    return out;
  };
  assert.match(await onTerminal({}), "\x1b[31mringfold:\x1b[39m --threads");
  for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
    const out = await onTerminal(env);
    assert.not.match(out, "\x1b");
    assert.match(out, "ringfold: --threads");
  }
  const piped = await run(["reduce", "--threads", "0"], { env: { FORCE_COLOR: "1" } });
  assert.not.match(piped.err, "\x1b");
});

const BAR = "\x1b[?25l";
const CURSOR = "\x1b[?25h";

test("a terminal shows progress of work that lasts, and is left as it was", () =>
  inFolder(async (folder) => {
    // A pipe that stays open makes the work last until the bar has been seen.
    const fifo = join(folder, "rows");
    assert.is(spawnSync("mkfifo", [fifo]).status, 0);
    const child = terminal(`reduce - --format raw --dtype float64 --op count < ${fifo}`);
    const writer = spawn("sh", ["-c", 'exec cat > "$0"', fifo]);
    writer.stdin.write(doubles(Array.from({ length: 300_000 }, (_, i) => i)));
    let shown = "";
    child.stdout.on("data", (chunk: Buffer) => {
      shown += chunk;
      if (shown.includes("262,144 rows")) writer.stdin.end();
    });
    const { out, code } = await ended(child);
    assert.is(code, 0, out);
    assert.match(out, BAR);
    assert.match(out, /read {2}262,144 rows/);
    assert.ok(out.lastIndexOf(CURSOR) > out.lastIndexOf(BAR), "the cursor is back");
    assert.ok(out.lastIndexOf("count  300000") > out.lastIndexOf(CURSOR), "before the results");
  }));

test("off a terminal there is no progress, however long it takes", () =>
  inFolder(async (folder) => {
    const path = put(folder, "op.mjs", "export const combine = (a, b) => a + b;");
    const child = start(["reduce", "--generate", "30000000", "--op", path, "--op", "sum"]);
    child.stdin.end();
    const { out, err, code } = await ended(child);
    assert.is(code, 0, err);
    assert.not.match(out + err, "\x1b");
    assert.match(err, /^30,000,000 rows, [^\n]*\n$/);
  }));

test("a reader that has gone is no error", async () => {
  for (const args of [["completion"], ["reduce", "--generate", "10"], ["reduce", "--help"]]) {
    const child = start(args);
    child.stdout.destroy();
    child.stdin.end();
    const { err, code, signal } = await ended(child);
    assert.equal([code, signal], [0, null], err);
    assert.not.match(err, /EPIPE|Error/);
  }
  const child = start(["reduce", "nowhere.npy", "--json"]);
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.end();
  assert.is((await ended(child)).code, 1);
});

test("a full disk under standard output is an error of one line, whatever was to be written", async () => {
  const onFull = (...args: string[]) => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    return [status, stderr];
  };
  const told = "ringfold: standard output: cannot be written: there is no space left (ERR_FILE)\n";
  const generated = ["reduce", "--generate", "10"];
  for (const args of [generated, [...generated, "--json"], [...generated, "--partial"]]) {
    assert.equal(onFull(...args), [1, told], args.join(" "));
  }
  for (const args of [["--help"], ["info"], ["completion"]]) {
    assert.equal(onFull(...args), [1, told], args.join(" "));
  }
  // What went wrong before is what is told.
  const [status, stderr] = onFull("reduce", "nowhere.npy", "--json");
  assert.is(status, 1);
  assert.match(stderr as string, /^ringfold: nowhere\.npy: [^\n]* \(ERR_FILE\)\n$/);
});
