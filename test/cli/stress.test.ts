// `ringfold stress` as a user runs it. Where no real scenario would fail, throw or hang, a loader
// hook puts one in its place that does (stress-fixture.ts).

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { loadScenario, SCENARIO_NAMES } from "../../src/stress/index.js";
import { assert, test } from "../harness.js";
import { ended, fails, inFolder, MAIN, put, run, start, terminal } from "./run.js";
import { telling } from "./stress-told.js";

const tell = (mode: string, ...args: string[]) =>
  run(["stress", "told", ...args], { env: telling(mode) });

test("it says the seed and the processors before, and results after: nothing else on standard output", async () => {
  const { code, out, err } = await tell("die", "--duration", "100ms", "--seed", "41");
  assert.is(code, 0, err);
  const processors = availableParallelism();
  const plural = processors === 1 ? "" : "s";
  assert.is(err, `ringfold: told: seed 41, 100ms, ${processors} processor${plural}\n`);
  assert.match(out, /^told: passed\n/);
  assert.match(out, /\n {2}seed +41\n/);
  assert.match(out, new RegExp(`\n {2}processors +${processors}\n`));
  assert.match(out, /\n {2}deaths survived +(\d+) of \1\n/);
  assert.match(out, /\n {2}tales +2.5\n/);
});

test("a seed is made up and told where none is given, another each time", async () => {
  const seeds = new Set<number>();
  for (let i = 0; i < 3; i++) {
    const { out, err } = await tell("", "--duration", "10ms", "--json");
    const { seed, version } = JSON.parse(out);
    assert.is(version, 1);
    assert.match(err, `seed ${seed},`);
    assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
    seeds.add(seed);
  }
  assert.ok(seeds.size > 1);
});

test("a violation gives exit code 3, and the line that it prints shows it again", () =>
  inFolder(async (folder) => {
    const [junit, html] = [join(folder, "r.xml"), join(folder, "r.html")];
    const args = ["--duration", "2", "--seed", "9", "--producers", "1", "--threads", "1"];
    const { code, out } = await tell("violate 0", ...args, "--junit", junit, "--html", html);
    assert.is(code, 3);
    const [, detail] = /violation: every item exactly once\n {2}(item \d+ twice)\n/.exec(out) ?? [];
    const [, line] = /again:\n {2}(ringfold .*)\n/.exec(out) ?? [];
    const again =
      "ringfold stress told --seed 9 --duration 2s --producers 1 --capacity 4 --threads 1";
    assert.is(line, again);
    for (const path of [junit, html]) {
      assert.match(readFileSync(path, "utf8"), detail as string);
      assert.match(readFileSync(path, "utf8"), again);
    }
    const replayed = await run(again.split(" ").slice(1), { env: telling("violate 0") });
    assert.is(replayed.code, 3);
    assert.match(replayed.out, detail as string);
    const json = await tell("violate 0", ...args, "--json");
    assert.is(json.code, 3);
    const { verdict, violations } = JSON.parse(json.out);
    assert.equal(
      [verdict, violations[0].replay, violations[0].detail],
      ["violated", again, detail],
    );
  }));

test("--until-failure goes on with the next seed, each told, until one does not hold", async () => {
  const args = ["--until-failure", "--seed", "4294967294", "--duration", "20ms"];
  const none = await tell("violate 4294967295", ...args, "--json");
  assert.is(none.code, 3);
  assert.match(none.err, /run 1, seed 4294967294,.*\n.*run 2, seed 4294967295,/);
  const { seed, runs } = JSON.parse(none.out);
  assert.equal([seed, runs], [4294967295, 2]);
  const child = start(["stress", "told", ...args], { env: telling() });
  const end = ended(child);
  let err = "";
  child.stderr.on("data", (text: string) => {
    err += text;
    // After 2^32 − 1 comes 0.
    if (err.includes("run 3, seed 0,")) child.kill("SIGINT");
  });
  const { code, out } = await end;
  assert.is(code, 130, out);
  assert.match(out, /^told: interrupted, no violation until then \(run \d+\)\n/);
});

test("SIGINT and SIGTERM end it with a report of what ran, in every form", () =>
  inFolder(async (folder) => {
    for (const [signal, exitCode] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const [junit, html] = [join(folder, `${signal}.xml`), join(folder, `${signal}.html`)];
      const args = ["--duration", "1h", "--json", "--junit", junit, "--html", html];
      const child = start(["stress", "told", ...args], { env: telling() });
      const end = ended(child);
      child.stderr.once("data", () => child.kill(signal));
      const { code, out, err } = await end;
      assert.is(code, exitCode, err);
      assert.equal([JSON.parse(out).verdict, JSON.parse(out).interrupted], ["interrupted", true]);
      assert.match(err, `ringfold: interrupted by ${signal}\n`);
      assert.match(readFileSync(junit, "utf8"), "</testsuites>");
      assert.match(readFileSync(html, "utf8"), "interrupted, no violation until then");
    }
  }));

test("a second SIGINT ends at once what does not end, and leaves no empty report", () =>
  inFolder(async (folder) => {
    const [old, fresh] = [put(folder, "old.xml", "old"), join(folder, "new.html")];
    const args = ["stress", "told", "--duration", "10ms", "--junit", old, "--html", fresh];
    const child = start(args, { env: telling("stuck") });
    const end = ended(child);
    let timer: NodeJS.Timeout | undefined;
    child.stderr.once("data", () => {
      timer = setInterval(() => child.kill("SIGINT"), 50);
    });
    child.once("exit", () => clearInterval(timer));
    const { code, out } = await end;
    assert.equal([code, out], [130, ""]);
    assert.is(readFileSync(old, "utf8"), "old");
    assert.not.ok(existsSync(fresh));
  }));

test("what keeps a scenario from running is an error, and in the reports", () =>
  inFolder(async (folder) => {
    const junit = join(folder, "r.xml");
    const { code, out, err } = await tell("throw", "--json", "--junit", junit);
    assert.is(code, 1, err);
    assert.equal(JSON.parse(out).error, { code: "ERR_INTERNAL", message: "there is no story" });
    assert.match(readFileSync(junit, "utf8"), '<error message="there is no story"');
  }));

test(
  "a report that cannot be written is told before anything runs",
  () =>
    inFolder(async (folder) => {
      const early = async (texts: string[], exitCode: number, ...args: string[]) => {
        const { code, out, err } = await tell("", "--duration", "1h", ...args);
        assert.is(code, exitCode, err);
        assert.is(out, "");
        assert.not.match(err, /seed \d/);
        assert.not.match(err, "    at ");
        for (const text of texts) assert.match(err, text);
      };
      const nowhere = join(folder, "nowhere", "x.html");
      const file = put(folder, "old.xml", "old");
      await early(["--html", nowhere, "no such folder", "(ERR_FILE)"], 1, "--html", nowhere);
      await early(["--junit", folder, "it is a folder"], 1, "--junit", folder);
      await early(["--junit", "no folder"], 1, "--junit", join(file, "x"));
      await early(["--html", "ERR_OPTION"], 2, "--html=");
      await early(["--html", "ERR_OPTION"], 2, "--html", file, "--html", "b");
      // One file by two names, or by none yet.
      linkSync(file, join(folder, "hard"));
      symlinkSync(file, join(folder, "soft"));
      for (const other of ["old.xml", "hard", "soft", `../${basename(folder)}/soft`]) {
        const args = ["--junit", file, "--html", join(folder, other)];
        await early(["--junit and --html: both would write"], 2, ...args);
      }
      const fresh = join(folder, "fresh");
      await early(["both would write"], 2, "--junit", fresh, "--html", fresh);
      await early(["no such folder"], 1, "--junit", fresh, "--html", nowhere);
      assert.not.ok(existsSync(fresh), "what was not there before is not there now");
      assert.is(readFileSync(file, "utf8"), "old");
      assert.equal(readdirSync(folder).sort(), ["hard", "old.xml", "soft"]);
    }),
  { deadline: 120_000 },
);

test("a report that may not be written is told before anything runs", () =>
  inFolder((folder) => {
    // Root may write what nobody may: as root, the program runs as somebody else.
    const path = put(folder, "locked.xml", "old");
    chmodSync(path, 0o444);
    chmodSync(folder, 0o755);
    const script = `
      ${process.getuid?.() === 0 ? "process.setgid(65534); process.setuid(65534);" : ""}
      process.argv.splice(1, process.argv.length - 1, "ringfold", "stress", "told", "--junit", ${JSON.stringify(path)});
      await import(${JSON.stringify(new URL("../../src/cli/main.js", import.meta.url).href)});`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: { ...process.env, ...telling() },
    });
    assert.is(child.status, 1, child.stderr);
    assert.match(child.stderr, "--junit");
    assert.match(child.stderr, "writing it is not permitted");
  }));

test("an old report is replaced as a whole; what is no file is written to as it is", () =>
  inFolder(async (folder) => {
    const path = put(folder, "old.xml", "old ".repeat(100_000));
    const ok = await tell("", "--duration", "10ms", "--junit", path, "--html", "/dev/null");
    assert.is(ok.code, 0, ok.err);
    const text = readFileSync(path, "utf8");
    assert.match(text, /^<\?xml[\s\S]*<\/testsuites>\n$/);
    const full = await tell("", "--duration", "10ms", "--junit", "/dev/full");
    assert.is(full.code, 1);
    assert.match(full.out, "told: passed");
    assert.match(full.err, "the disk is full");
  }));

test("a reader that has gone is no error: the run goes on to its end, reports are written", () =>
  inFolder(async (folder) => {
    const junit = join(folder, "r.xml");
    const args = ["stress", "told", "--duration", "200ms", "--junit", junit];
    for (const mode of ["", "violate 0"]) {
      const child = start(args, { env: telling(mode) });
      child.stdout.destroy();
      const { code, err } = await ended(child);
      assert.is(code, mode === "" ? 0 : 3, err);
      assert.not.match(err, /EPIPE|Error| {4}at /);
      assert.match(readFileSync(junit, "utf8"), "</testsuites>");
    }
    const line = `'${process.execPath}' '${MAIN}' stress told --duration 50ms`;
    const options = { env: { ...process.env, ...telling() }, encoding: "utf8" } as const;
    assert.is(
      execFileSync("sh", ["-c", `${line} 2>/dev/null | head -1`], options),
      "told: passed\n",
    );
    execFileSync("sh", ["-c", `${line} 2>&1 | true`], options);
  }));

test("threads that outnumber the processors are warned of, if they were asked for", async () => {
  const most = String(Math.min(64, availableParallelism() + 1));
  const { err } = await tell("", "--duration", "10ms", "--threads", most);
  assert.match(err, `ringfold: warning: --threads ${most}: ${most} threads outnumber`);
  const sum = await tell("", "--duration", "10ms", "--threads", most, "--producers", "2");
  assert.match(sum.err, `--threads ${most} --producers 2: ${Number(most) + 2} threads outnumber`);
  const fine = await tell("", "--duration", "10ms", "--threads", "1");
  assert.not.match(fine.err, "warning");
});

test("a terminal shows how far, how fast, how slow and what died, and is left as it was", async () => {
  const plain = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined };
  const child = terminal("stress told --duration 1h", { ...telling("die"), ...plain });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (!/[2-9] deaths survived/.test(shown) && /[2-9] deaths survived/.test(String(chunk))) {
      child.stdin.write("\x03");
    }
    shown += chunk;
  });
  const { code, out } = await ended(child);
  assert.is(code, 130, out);
  assert.match(
    out,
    /told [█░]{16} +0% {2}[\d,]+ tales {2}[\d.]+ [k ]*tales\/s {2}p50 10 µs {2}p99 200 µs/,
  );
  const visible = out.replaceAll("\x1b", "ESC");
  assert.match(visible, /ESC\[31m(\d+) of \1 deaths survivedESC\[39m {2}ESC\[2mtelling/);
  assert.ok(out.lastIndexOf("\x1b[?25h") > out.lastIndexOf("\x1b[?25l"), "the cursor is back");
  assert.ok(out.lastIndexOf("\x1b[?7h") > out.lastIndexOf("\x1b[?7l"), "lines wrap again");
  assert.ok(out.indexOf("interrupted, no violation") > out.lastIndexOf("█"), "then the report");
});

test("NO_COLOR has no colours, and off a terminal there is no live view", async () => {
  const child = terminal("stress told --duration 1", { ...telling("die"), NO_COLOR: "1" });
  child.stdin.end();
  const { out, code } = await ended(child);
  assert.is(code, 0, out);
  assert.match(out, "deaths survived");
  assert.not.match(out.replaceAll("\x1b", "ESC"), /ESC\[[\d;]*m/);
  const dumb = terminal("stress told --duration 300ms", { ...telling("die"), TERM: "dumb" });
  dumb.stdin.end();
  assert.not.match((await ended(dumb)).out, "\x1b");
  const piped = await run(["stress", "told", "--duration", "300ms"], {
    env: { ...telling("die"), FORCE_COLOR: "1" },
  });
  assert.not.match(piped.out + piped.err, "\x1b");
});

test("the help lists every scenario with what it does, asserts and takes", async () => {
  const help = await run(["stress", "--help"]);
  assert.is(help.err + help.code, "0");
  const flat = help.out.replace(/\s+/g, " ");
  for (const name of SCENARIO_NAMES) {
    const { describe, asserts, takes } = (await loadScenario(name))!;
    assert.match(flat, `${name} ${describe} Asserts: ${asserts} --seed --duration`);
    for (const one of takes) assert.match(flat, `--${one}`);
  }
  const bare = await fails(["stress"], 2, "ERR_OPTION", "no scenario", "Scenarios:", "--until-f");
  for (const name of SCENARIO_NAMES) assert.match(bare.err, `\n  ${name}\n`);
});

test("the shell completes the names of scenarios", async () => {
  const env = { ...telling(), SHELL: "/bin/bash" };
  const complete = async (...words: string[]) =>
    (await run(["--get-yargs-completions", "ringfold", ...words], { env })).out.trim().split("\n");
  assert.equal(await complete("stress", "re"), ["retold"]);
  assert.ok((await complete("stress", "told", "--un")).includes("--until-failure"));
  assert.equal(await complete("stress", "told", "x"), [""]);
});

/** Short, and small enough for any machine; scenarios in turn, since each has threads of its own. */
for (const name of SCENARIO_NAMES) {
  test(
    `${name} holds, says how much it did, and fills all its reports`,
    () =>
      inFolder(async (folder) => {
        const [junit, html] = [join(folder, "r.xml"), join(folder, "r.html")];
        const args = ["stress", name, "--duration", "1500ms", "--json"];
        const { code, out, err } = await run([...args, "--junit", junit, "--html", html]);
        assert.is(code, 0, `${err}${out}`);
        const { scenario, verdict, operations, violations, unit } = JSON.parse(out);
        assert.equal([scenario, verdict, violations], [name, "passed", []]);
        assert.is(unit, (await loadScenario(name))?.unit);
        assert.ok(operations > 0, `${operations} ${unit}`);
        assert.match(readFileSync(junit, "utf8"), `classname="ringfold.stress.${name}"`);
        assert.match(readFileSync(html, "utf8"), `<title>ringfold stress ${name}: passed</title>`);
      }),
    { deadline: 180_000 },
  );
}
