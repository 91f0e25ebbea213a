// What the surroundings do to a run is told in one clear line: files that are not what they seem,
// a runtime without WebAssembly, few descriptors; and what was generated can be interrupted.

import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, test } from "../harness.js";
import {
  ended,
  fails,
  inFolder,
  MAIN,
  proc,
  put,
  reduce,
  results,
  run,
  start,
  until,
} from "./run.js";

const ONE_LINE = /^ringfold: [^\n]+\n$/;

test("files below /proc and /sys are read, whatever size they claim", async () => {
  const claimed = readFileSync("/proc/sys/kernel/pid_max", "utf8");
  assert.equal(await results(["/proc/sys/kernel/pid_max"]), { sum: Number(claimed) });
  const mtu = readFileSync("/sys/class/net/lo/mtu", "utf8");
  assert.equal(await results(["/sys/class/net/lo/mtu"]), { sum: Number(mtu) });
  const both = ["/proc/sys/kernel/pid_max", "/sys/class/net/lo/mtu"];
  assert.equal(await results(both), { sum: Number(claimed) + Number(mtu) });
  // A page of numbers that is one, and a file of nothing.
  await inFolder(async (folder) => {
    const page = put(folder, "page.csv", "1\n".repeat(2048));
    assert.equal(await results([page, "--op", "sum,count"]), { sum: 2048, count: 2048 });
    const raw = put(folder, "none.bin", "");
    assert.equal(await results([raw, "--dtype", "int64", "--op", "count"]), { count: 0 });
  });
});

test("a folder is told as one, also as standard input, and without a stack", () =>
  inFolder(async (folder) => {
    const { err } = await fails(["reduce", folder], 1, "ERR_FILE", "it is a folder");
    assert.match(err, ONE_LINE);
    for (const args of [
      ["reduce", "-"],
      ["merge", "-"],
    ]) {
      const fd = openSync(folder, "r");
      const child = spawnSync(process.execPath, [MAIN, ...args], {
        stdio: [fd, "pipe", "pipe"],
        encoding: "utf8",
      });
      closeSync(fd);
      assert.is(child.status, 1);
      assert.match(child.stderr, /^ringfold: standard input: [^\n]*it is a folder[^\n]*\n$/);
    }
    const { err: debug } = await fails(["reduce", folder, "--debug"], 1, "ERR_FILE");
    assert.match(debug, /^ringfold: [^\n]*\nRingfoldError: [^\n]*\n +at /);
    assert.match(debug, /\ncaused by Error: EISDIR/);
  }));

test("UTF-16 without a byte order mark, and NUL bytes, are told as such", () =>
  inFolder(async (folder) => {
    const text = "a,b\n1,2\n3,é\n";
    const little = Buffer.from(text, "utf16le");
    const big = Buffer.from(little).swap16();
    await fails(
      ["reduce", put(folder, "le.csv", little)],
      1,
      "ERR_FORMAT",
      "iconv -f UTF-16LE -t UTF-8",
    );
    await fails(
      ["reduce", put(folder, "be.csv", big)],
      1,
      "ERR_FORMAT",
      "iconv -f UTF-16BE -t UTF-8",
    );
    const nul = put(folder, "nul.csv", `a\n${"1\n".repeat(9)}2\0\n`);
    const { err } = await fails(["reduce", nul], 1, "ERR_FORMAT", "a NUL byte on line 11", "tr -d");
    assert.match(err, ONE_LINE);
    // Beyond what is looked at first, it is the cell's.
    const late = put(folder, "late.csv", `a\n${"1\n".repeat(9000)}2\0\n`);
    await fails(["reduce", late], 1, "ERR_CELL", "line 9002", '"2\\u0000" is not a number');
    // As the remedies say.
    const recoded = spawnSync("iconv", ["-f", "UTF-16LE", "-t", "UTF-8", join(folder, "le.csv")]);
    assert.equal(await results(["-", "--column", "a"], { input: recoded.stdout }), { sum: 4 });
  }));

test("a page of HTML, or an error that was downloaded as a table, is no sum", () =>
  inFolder(async (folder) => {
    const page = put(folder, "a.csv", "<!DOCTYPE html>\n<html><body>1, 2</body></html>\n");
    await fails(["reduce", page], 1, "ERR_FORMAT", "is a page of HTML");
    const text = put(folder, "b.csv", "Not Found");
    const { err } = await fails(["reduce", text], 1, "ERR_FORMAT", "has no rows", "--no-header");
    assert.match(err, ONE_LINE);
  }));

test("a runtime without WebAssembly is told, by every command that needs it", () => {
  for (const args of [["reduce", "--generate", "5"], ["info"]]) {
    const child = spawnSync(process.execPath, ["--jitless", MAIN, ...args], { encoding: "utf8" });
    assert.is(child.status, 1);
    assert.is(child.stdout, "");
    // Node has a line of its own.
    const ours = child.stderr.replace(/^Warning: [^\n]*\n/, "");
    assert.match(ours, ONE_LINE);
    assert.match(ours, /no WebAssembly.*without --jitless \(ERR_RUNTIME\)/);
  }
});

test(
  "few descriptors are an error of one line that names the limit, or enough",
  () =>
    inFolder((folder) => {
      const path = put(folder, "x.csv", "1\n2\n");
      let few = 0;
      let enough = 0;
      // With fewer, Node itself does not come as far as ringfold.
      for (let limit = 20; limit <= 44; limit += 3) {
        const line = `ulimit -n ${limit}; exec "$0" "$@"`;
        const args = ["-c", line, process.execPath, MAIN, "reduce", path];
        const { status, stdout, stderr } = spawnSync("bash", args, { encoding: "utf8" });
        const shown = `${limit}: ${stderr}`;
        if (status === 0) {
          enough++;
          assert.is(stdout, "0 (float64)\n  sum  3\n", shown);
        } else {
          few++;
          assert.match(stderr, ONE_LINE, shown);
          assert.match(stderr, /too many files are open .*ulimit -n 1024/, shown);
        }
      }
      assert.ok(few > 0 && enough > 0, `${few} too few, ${enough} enough`);
    }),
  { deadline: 120_000 },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(
    `${signal} while numbers are generated ends it at once, not when all are there`,
    async () => {
      // 3.2 GB, the most there is memory for, of which a part is there when the signal comes.
      const child = start(["reduce", "--generate", "4e8", "--threads", "1"]);
      const end = ended(child);
      const resident = () =>
        Number(/^VmRSS:\s+(\d+)/m.exec(proc(child.pid as number, "status"))?.[1] ?? 0);
      await until(() => resident() > 300_000 || child.exitCode !== null);
      const before = resident();
      process.kill(child.pid as number, signal);
      let most = before;
      const timer = setInterval(() => {
        most = Math.max(most, resident());
      }, 2);
      const { code, out, err } = await end;
      clearInterval(timer);
      assert.is(code, signal === "SIGINT" ? 130 : 143);
      assert.equal([out, err], ["", `ringfold: interrupted by ${signal}\n`]);
      // Measured in what was generated, since nobody knows how fast the machine is: a tenth at most.
      assert.ok(most - before < 320_000, `${most - before} kB after the signal`);
    },
    { deadline: 120_000 },
  );
}

test("the time of generated numbers is told beside that of their reduction", async () => {
  const found = await reduce(["--generate", "3e6"]);
  const { generateSeconds = 0 } = found as unknown as { generateSeconds: number };
  assert.ok(generateSeconds > 0 && generateSeconds < 60);
  const { err } = await run(["reduce", "--generate", "3e6"]);
  assert.match(err, /, without the [\d.e-]+ s of generating\n$/);
  const partial = await run(["reduce", "--generate", "1e5", "--partial"]);
  assert.not.match(partial.err, "generating");
});

test("a stack is printed only with --debug, and an operator's place without", () =>
  inFolder(async (folder) => {
    const op = put(folder, "bad.mjs", 'export function combine() {\n  throw new Error("no");\n}\n');
    const args = ["reduce", "--generate", "1e5", "--op", op];
    const { err } = await fails(args, 1, "ERR_USER_OPERATOR", "bad.mjs:2", "--debug");
    assert.is(err.split("\n").length, 3, err);
    const { err: all } = await fails([...args, "--debug"], 1, "ERR_USER_OPERATOR", "bad.mjs:2");
    assert.match(all, /\n +at .*\n/);
    for (const more of [["nowhere.npy"], [tmpdir()], [put(folder, "x.csv", "a\n1\nx\n")]]) {
      const { err: line } = await run(["reduce", ...more]);
      assert.match(line, ONE_LINE);
    }
  }));
