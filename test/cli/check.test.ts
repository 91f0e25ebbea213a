// `ringfold check` as a user runs it.

import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { hostProofs } from "../../src/check/host.js";
import { PROOFS } from "../../src/check/programs.js";
import { loadSubjects } from "../../src/check/subjects.js";
import { checkArgs } from "../../src/cli/check-options.js";
import { UsageError } from "../../src/cli/usage.js";
import { assert, test } from "../harness.js";
import { ended, fails, inFolder, put, run, start, until } from "./run.js";

const check = (...args: string[]) => run(["check", ...args]);

test("it lists what it proves, then proves it, with figures that are those of JSON", async () => {
  const { code, out, err } = await check("tree-2", "gate-1");
  assert.is(code, 0, err);
  const [first, second, , , row, other] = out.split("\n");
  assert.match(first!, /^gate-1-waiters-2 +no wake-up is lost/);
  assert.match(second!, /^tree-2-threads-3-tasks +the last to arrive merges/);
  assert.match(row!, /^proved +gate-1-waiters-2 +2( +[\d,]+){3} +exhaustive +[\d.]+ m?s$/);
  assert.match(other!, /^proved +tree-2-threads-3-tasks +2( +[\d,]+){3} +exhaustive +[\d.]+ m?s$/);
  assert.match(out, /\n2 proved, in [\d.]+ m?s\n$/);

  const json = await check("tree-2", "gate-1", "--json");
  assert.is(json.err, "");
  const { version, verdict, complete, programs } = JSON.parse(json.out);
  assert.equal([version, verdict, complete, programs.length], [1, "proved", true, 2]);
  const [gate] = programs;
  const figures = [gate.threads, gate.steps, gate.states, gate.interleavings];
  const shown = figures.map((n: number) => n.toLocaleString("en")).join(" +");
  assert.match(row!, new RegExp(`gate-1-waiters-2 +${shown} `));
  assert.equal([gate.exhaustive, gate.preemptions, gate.counterexample], [true, null, null]);
});

test("--list runs nothing; --quick and --threads choose", async () => {
  const all = await loadSubjects(undefined);
  const { out } = await check("--list");
  const names = out
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0]);
  assert.equal(
    names,
    all.map(({ name }) => name),
  );
  const { programs } = JSON.parse((await check("--list", "--json", "--threads", "2")).out);
  const few = all.filter(({ threads }) => threads.length <= 2);
  assert.equal(
    programs.map(({ name }: { name: string }) => name),
    few.map(({ name }) => name),
  );
  const quick = await check("--list", "--quick", "ring");
  const some = all.filter(({ name, quick }) => quick && name.startsWith("ring"));
  assert.is(quick.out.split("\n").length - 1, some.length);
});

test("a bound is told and is no proof; a search without room tries random schedules", async () => {
  const bounded = await check("gate-1", "--depth", "2");
  assert.equal([bounded.code, bounded.out.includes("exhaustive")], [0, false]);
  assert.match(bounded.out, /\nincomplete +gate-1-waiters-2 .* – +≤ 2 preemptions /);
  assert.match(bounded.err, "1 search cut short: nothing was found, nothing proved");

  const args = ["gate-2-waiters-11", "--states", "2000", "--runs", "50", "--seed", "4"];
  const cut = await check(...args);
  assert.match(cut.out, /\nincomplete .*\n {2}50 random schedules \(seed 4\) as well\n/);
  const { verdict, programs } = JSON.parse((await check(...args, "--json")).out);
  const [{ runs, seed, exhaustive, interleavings }] = programs;
  assert.equal(
    [verdict, runs, seed, exhaustive, interleavings],
    ["incomplete", 50, 4, false, null],
  );
});

test(
  "a defect is found, shown step by step, and found again from the line that it ends with",
  async () => {
    const { code, out, err } = await check("gate-1", "--mutant", "NO_SECOND_TRY");
    assert.is(code, 3, err);
    assert.match(out, /\nlost wake-up: waiting for ever: waiter 0 \(\d+ steps, 1 preemption\)\n/);
    assert.match(out, /\n +1 +waiter 0 +takeAll +starts\n/);
    assert.match(out, /sleep gate\.ts:\d+ +wait while 0: sleeps +work gate epoch +0\n/);
    assert.match(out, /setPublished ring\.ts:\d+ +store +seq of slot 0 +0 → 1\n/);
    assert.match(out, /\n {2}again: ringfold check --replay check:1:\S+\n/);
    await inFolder(async (folder) => {
      const file = put(folder, "report.txt", out);
      const json = await check("--replay", file, "--json");
      assert.is(json.code, 3, json.err);
      const { version, verdict, lines, preemptions } = JSON.parse(json.out);
      assert.equal([version, verdict, preemptions], [1, "lost wake-up", 1]);
      assert.equal(
        [lines.at(-1).thread, lines.at(-1).address, lines.at(-1).before],
        ["waiter 0", "work gate epoch", "0"],
      );
    });
    assert.equal(
      readdirSync(tmpdir()).filter((name) => name.startsWith("ringfold-check-")),
      [],
    );
  },
  { deadline: 120_000 },
);

test("what breaks nothing on this core, or is not of this core, is told as that", async () => {
  const fine = await check("--replay", "check:1:tree-2-threads-3-tasks::0::");
  assert.is(fine.code, 0, fine.err);
  assert.match(fine.out, /^tree-2-threads-3-tasks: nothing breaks \(1 step, 0 preemptions\)\n/);
  await fails(
    ["check", "--replay", "check:1:tree-2-threads-3-tasks::0d::"],
    1,
    "ERR_STATE",
    "not a counter-example of this version of the core: step 1: worker 0 cannot do that here",
  );
  await fails(
    ["check", "--replay", "check:1:tree-2-threads-3-tasks::0.1::"],
    1,
    "ERR_STATE",
    "step 2: worker 1 uses a word that should be another's own",
  );
});

test("an interruption ends the search with a report of what ran", async () => {
  const child = start(["check", "gate-1", "pairs-3-threads-5"]);
  const over = ended(child);
  let shown = "";
  child.stdout.on("data", (text: string) => {
    shown += text;
  });
  await until(() => shown.includes("\nproved "));
  child.kill("SIGINT");
  const { code, out, err } = await over;
  assert.is(code, 130, err);
  assert.match(err, "interrupted by SIGINT");
  assert.match(out, /\nincomplete +pairs-3-threads-5-/);
  assert.match(out, /\n1 proved, 1 incomplete, in [\d.]+ m?s\n$/);
});

test("a reader that leaves is no crash", async () => {
  const child = start(["check", "tree", "gate-1"]);
  child.stdout.destroy();
  const { code, err } = await ended(child);
  assert.equal([code, err], [0, ""]);
});

// --- primitives --------------------------------------------------------------------------

/** Nobody is told when the lock is given back. */
const SILENT = `
export const Mutex = {
  init: () => new Int32Array(new SharedArrayBuffer(4)),
  lock(mutex) {
    while (Atomics.compareExchange(mutex, 0, 0, 1) !== 0) Atomics.wait(mutex, 0, 1);
  },
  tryLock: (mutex) => Atomics.compareExchange(mutex, 0, 0, 1) === 0,
  timedLock: (mutex) => Atomics.compareExchange(mutex, 0, 0, 1) === 0,
  unlock(mutex) {
    Atomics.store(mutex, 0, 0);
  },
};
`;

test("primitives of ours are proved with the core; another's are found out, and run again", async () => {
  const ours = await check("mutex-2", "tree-2", "--json");
  const { verdict, programs } = JSON.parse(ours.out);
  assert.is(verdict, "proved", ours.err);
  const names = programs.map(({ name }: { name: string }) => name);
  assert.equal(names, ["tree-2-threads-3-tasks", "mutex-2-threads-2-rounds"]);

  await inFolder(async (folder) => {
    const file = put(folder, "silent.mjs", SILENT);
    const { code, out, err } = await check("mutex-2", "--impl", file);
    assert.is(code, 3, err);
    assert.match(out, /\ndeadlock: waiting for ever: /);
    const again = /again: ringfold check --impl (\S+) --replay (check:1:\S+)\n/.exec(out);
    assert.is(again?.[1], file);
    const replayed = await check("--impl", file, "--replay", again?.[2] ?? "");
    assert.is(replayed.code, 3, replayed.err);
    assert.match(replayed.out, /^mutex-2-threads-2-rounds: deadlock: /);
  });
  await fails(
    ["check", "--impl", "no-such-package"],
    2,
    "ERR_OPTION",
    "npm install no-such-package",
  );
});

// --- wrong usage -------------------------------------------------------------------------

const judge = (values: Record<string, string[]>, flags: string[] = [], files: string[] = []) =>
  checkArgs({ command: "check", values, flags: new Set(flags), files });

async function refused(judged: Promise<unknown>, text: string | RegExp): Promise<void> {
  const error = await judged.then(
    () => assert.unreachable(String(text)),
    (error: Error) => error,
  );
  assert.ok(error instanceof UsageError, String(error));
  assert.match((error as Error).message, text);
}

test("every option is judged by name and range", async () => {
  const ranges: [name: string, good: string[], bad: string[], range: string][] = [
    ["depth", ["0", "64"], ["65", "-1", "x", "1.5", ""], "an integer from 0 to 64"],
    ["states", ["1", "1e8"], ["0", "1e9", "many"], "an integer from 1 to 100000000"],
    ["runs", ["1", "1e8"], ["0", "1e9"], "an integer from 1 to 100000000"],
    ["seed", ["0", "4294967295"], ["4294967296", "-1"], "an integer from 0 to 4294967295"],
    ["threads", ["2", "64"], ["0", "65"], "an integer from 1 to 64"],
  ];
  for (const [name, good, bad, range] of ranges) {
    for (const value of good) await judge({ [name]: [value] });
    for (const value of bad) {
      const text = `--${name}: ${JSON.stringify(value)} is not ${range}`;
      await refused(judge({ [name]: [value] }), text);
    }
    await refused(judge({ [name]: ["2", "2"] }), /given 2 times/);
  }
  await refused(judge({ threads: ["1"] }), /--threads: the programs have 2 threads or more/);
  await refused(judge({ depth: ["1"], runs: ["5"] }), /--runs: is for random schedules/);
  await refused(judge({ depth: ["1"], seed: ["5"] }), /--seed: is for random schedules/);
  await refused(judge({ impl: [""] }), /--impl: "" is not the name of a package/);
  await refused(judge({ impl: ["x"], mutant: ["no-wake"] }), /--impl: is for primitives/);
});

test("names are found by how they begin, and guessed when they are wrong", async () => {
  const names = async (...files: string[]) =>
    (await judge({}, [], files)).proofs.map(({ name }) => name);
  assert.equal(await names("gate-2-waiters-11"), ["gate-2-waiters-11"]);
  const some = await names("gate-2-waiters-11-");
  assert.ok(some.length > 0 && some.every((name) => name.startsWith("gate-2-waiters-11-")));
  const [all, sync] = [await names(), await names("sync")];
  assert.is(all.length - sync.length, PROOFS.length + hostProofs().length);
  assert.ok(
    sync.some((name) => name.startsWith("once")) && !sync.some((name) => /^gate/.test(name)),
  );
  assert.equal(await names("gate", "tree", "gate"), await names("tree", "gate"));
  await refused(names("gaet"), /unknown program "gaet": did you mean gate\? There are ring, /);
  await refused(names(""), /unknown program ""/);
  await refused(judge({ mutant: ["no-wake"] }, [], ["sync"]), /--mutant: is for the core/);
});

test("defects and counter-examples that are none are usage errors", async () => {
  await fails(
    ["check", "--mutant", "no-sekond-try"],
    2,
    "ERR_OPTION",
    '--mutant: "no-sekond-try" is no defect: did you mean no-second-try? There are early-publish, ',
  );
  for (const text of ["check:1:tree", "no-such-file", ""]) {
    await refused(judge({ replay: [text] }), /--replay: ".*" is not a counter-example/);
  }
  await fails(["check", "--replay", "/"], 1, "ERR_FILE", "--replay: ");
  const replay = { replay: ["check:1:gate-1-waiters-2::0::"] };
  await refused(judge({ ...replay, depth: ["1"] }), /--replay: .* leave --depth out/);
  await refused(judge(replay, ["quick"]), /--replay: .* leave --quick out/);
  await refused(judge(replay, [], ["gate"]), /--replay: .* leave "gate" out/);
  await refused(judge({ replay: ["check:1:gone::0::"] }), /there is no program "gone"/);
  await refused(
    judge({ replay: ["check:1:tree-2-threads-3-tasks:gone:0::"] }),
    /"gone" is no defect/,
  );
});
