// Each way in which a test file can fail, or fail to say so, against the harness itself.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert, seeded, test } from "./harness.js";

const HARNESS = fileURLToPath(new URL("harness.js", import.meta.url));
const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/harness/${name}.js`, import.meta.url));

interface Run {
  code: number | string | null;
  out: string;
  err: string;
  /** The last line of the output. */
  closing: string | undefined;
}

function harness(args: string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((settle) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000 };
    execFile(process.execPath, [HARNESS, ...args], options, (error, out, err) => {
      const closing = out.endsWith("\n") ? out.split("\n").at(-2) : undefined;
      settle({ code: error === null ? 0 : (error.code ?? null), out, err, closing });
    });
  });
}

/** Runs fixtures with time-outs short enough for a test. */
const run = (...names: string[]): Promise<Run> =>
  harness(["--deadline", "5000", "--grace", "400", ...names.map(fixture)]);

/** Fails unless the run of `name` failed, closed with `closing` and printed all of `texts`. */
async function fails(name: string, closing: string, ...texts: string[]): Promise<Run> {
  const result = await run(name);
  assert.is(result.closing, closing, result.out + result.err);
  assert.is(result.code, 1);
  for (const text of [`FAIL  fixtures/harness/${name}.js`, ...texts]) {
    assert.match(result.out, text);
  }
  return result;
}

test("a file whose tests pass, passes, its hooks run in order", async () => {
  const result = await run("passes");
  assert.is(result.closing, "2 passed, 0 failed", result.out);
  assert.is(result.code, 0);
  assert.match(result.out, /^ok {4}fixtures\/harness\/passes\.js {2}2 passed {2}\d+\.\d\d s$/m);
});

test("failures are counted one by one, thrown values that are no Error among them", async () => {
  const { out } = await fails("fails", "2 passed, 4 failed", "✘ is wrong");
  assert.match(out, "threw something that is not an Error: 'a string'");
  assert.match(out, "threw something that is not an Error: undefined");
  assert.match(out, "threw something that is not an Error: null");
  assert.match(out, /right.*left.*fixtures\/harness\/fails\.js:\d+/s);
});

test("what passed in one file is added to what failed in another", async () => {
  const result = await run("passes", "fails", "passes");
  assert.is(result.closing, "4 passed, 4 failed"); // A file named twice runs once.
  assert.is(result.code, 1);
});

test("a `before` that throws fails the file and every test that it kept from running", () =>
  fails("before-throws", "0 passed, 3 failed", "no ground to stand on", "did not run"));

test("an `after` that rejects fails the file", () =>
  fails("after-throws", "1 passed, 1 failed", "✘ after", "cannot clean up"));

test("an `after.each` that throws fails its test and hides no other failure", () =>
  fails("each-throws", "0 passed, 2 failed", "after.each: Error: cannot", "its own error"));

test("a file without tests fails", () => fails("no-tests", "0 passed, 1 failed", "has no tests"));

test("a skipped test fails", () =>
  fails("skips", "1 passed, 1 failed", "✘ waits for better days", "skipped"));

test("`.only` fails the file and each test that it left out", () =>
  fails("only", "1 passed, 2 failed", "`.only` is left in the file", "✘ left out"));

test("a test that passes its deadline fails, and those after it run", async () => {
  const { out } = await fails("deadline", "1 passed, 2 failed", "✘ never settles");
  assert.match(out, "exceeded its deadline of 100 ms");
  assert.match(out, "✘ blocks for too long, then returns");
});

test("a test in an endless loop is ended and named", () =>
  fails("spins", "1 passed, 2 failed", "✘ spins", "of 100 ms; the process was killed", "did not"));

test("a test that sleeps in Atomics.wait is ended and named", () =>
  fails("sleeps", "0 passed, 1 failed", "✘ sleeps", "of 100 ms; the process was killed"));

test("a process that exits with code 0 within a test fails", () =>
  fails("exits", "0 passed, 2 failed", "✘ leaves", "exited with code 0 before its tests were"));

test("a process that exits with code 0 while it imports the file fails", () =>
  fails("exits-importing", "0 passed, 1 failed", "✘ import", "exited with code 0 before"));

test("a process whose tests passed but that exits with another code than 0 fails", () =>
  fails("exits-late", "1 passed, 1 failed", "✘ exit", "exited with code 7 after its tests"));

test("a process that dies of a signal fails", () =>
  fails("dies", "0 passed, 1 failed", "✘ dies", "died of SIGSEGV"));

test("a lost wake-up of an engine fails the file, though it was made good", async () => {
  const { out } = await fails("rescued", "1 passed, 1 failed", "1 were made good");
  assert.match(out, "✘ lost wake-up during an engine loses a wake-up");
});

test("an unhandled rejection fails the file, whatever its reason", async () => {
  const { out } = await fails("unhandled", "1 passed, 2 failed", "nobody listens");
  assert.match(out, "✘ unhandled rejection during forgets a promise");
  assert.match(out, "'nor to a string'");
});

test("an uncaught exception fails the file", () =>
  fails("uncaught", "1 passed, 1 failed", "✘ uncaught during throws from", "out of the blue"));

test("handles that keep the process alive fail the file and are named", () =>
  fails("leaks", "1 passed, 1 failed", "✘ exit", "left open after its tests: Timeout\n"));

test("a thread that keeps the process alive fails the file", () =>
  fails("leaks-thread", "1 passed, 1 failed", "✘ exit", "such as a worker thread"));

test("a process left behind fails the file", () =>
  fails("leaves-process", "1 passed, 1 failed", "✘ exit", "left processes running"));

test("a process left behind in a session of its own fails the file if it holds a pipe", () =>
  fails("leaves-daemon", "1 passed, 1 failed", "✘ exit", "left processes running"));

test("a test that nothing can wake fails at once", () =>
  fails("dry", "0 passed, 2 failed", "✘ waits for nothing", "ran dry", "did not run"));

test("an import that nothing can wake fails", () =>
  fails("dry-importing", "0 passed, 1 failed", "✘ import", "ran dry"));

test("a file that throws while it is imported fails", () =>
  fails("import-error", "0 passed, 1 failed", "✘ import", "cannot be imported"));

test("a test that is registered too late fails", () =>
  fails("late-test", "0 passed, 1 failed", 'test "inner" was registered after'));

test("assertions upon codes and identity hold, and fail where they should", async () => {
  const { out } = await fails("codes", "3 passed, 7 failed", "expected code A, got 'B'");
  assert.match(out, "expected a throw with code A, it returned 5");
  assert.match(out, "expected a rejection with code A, it resolved to 5");
  assert.match(out, "expected an error with code A, got 'A'");
  assert.match(out, "expected 0, got -0");
  assert.match(out, "✘ rejects, throws at once");
});

test("a seed is printed with a failure and replays it", async () => {
  const drawn = (result: Run): string | undefined => /drew (.*)/.exec(result.out)?.[1];
  const args = [fixture("seeds")];
  const first = await harness(args, { RINGFOLD_SEED: "" });
  const seed = /again: RINGFOLD_SEED=(\d+) /.exec(first.out)?.[1] ?? "none";
  const [again, other] = await Promise.all([
    harness(args, { RINGFOLD_SEED: seed }),
    harness(args, { RINGFOLD_SEED: "" }),
  ]);
  assert.is(drawn(first)?.split(" ").length, 5);
  assert.is(drawn(first)?.split(" ")[0], seed);
  assert.is(drawn(again), drawn(first));
  assert.is.not(drawn(other), drawn(first));
});

test("a seeded stream keeps to its ranges and differs by label", () => {
  const random = seeded("a");
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const x = random.next();
    assert.ok(x >= 0 && x < 1);
    seen.add(random.int(10));
    assert.ok(Number.isInteger(random.u32()) && random.bits64() < 2n ** 64n);
    assert.ok("xyz".includes(random.pick(["x", "y", "z"])));
  }
  assert.equal([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(seeded("b").u32(), seeded("b").u32());
  assert.is.not(seeded("b").bits64(), seeded("c").bits64());
});

test("a name that no file has fails, as does a run of nothing", async () => {
  const result = await harness(["no such name"]);
  assert.is(result.closing, "0 passed, 1 failed");
  assert.is(result.code, 1);
});

test("wrong usage exits with 2 and says what is wrong", async () => {
  for (const args of [["--jobs", "0"], ["--jobs", "x"], ["--deadlin", "5"], ["--grace"]]) {
    const result = await harness(args);
    assert.is(result.code, 2);
    assert.match(result.err, args[0] ?? "");
    assert.is(result.out, "");
  }
  assert.is((await harness([], { RINGFOLD_SEED: "abc" })).code, 2);
});

test("a test file that is started by itself fails", () =>
  new Promise<void>((settle, reject) => {
    execFile(process.execPath, [fixture("passes")], (error, _out, err) => {
      if (error !== null && err.includes("start test files with harness.js")) settle();
      else reject(new Error(`it did not fail: ${err}`));
    });
  }));
