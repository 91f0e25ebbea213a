// Wrong usage and bad input: what is said, and the exit code.

import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, test } from "../harness.js";
import { doubles, fails, inFolder, npy, put, run } from "./run.js";

const reduce = (...args: string[]) => ["reduce", "x.npy", ...args];

test(
  "--threads outside 1 to 256 is refused with option, value and range",
  async () => {
    for (const value of ["0", "1.5", "NaN", "abc", "10000", "-1", "", "257", "2 ", "0x2"]) {
      const range = `--threads: ${JSON.stringify(value)} is not an integer from 1 to 256`;
      await fails(reduce(`--threads=${value}`), 2, "ERR_OPTION", range);
    }
    await fails(reduce("--threads", "2", "--threads", "3"), 2, "ERR_OPTION", "given 2 times");
    await fails(reduce("--threads"), 2, "ERR_OPTION", '--threads: "" is not');
  },
  { deadline: 120_000 },
);

test(
  "the other options name what they take, and the nearest of it",
  async () => {
    const cases: [args: string[], code: string, ...texts: string[]][] = [
      [["--max-bytes", "64XB"], "ERR_OPTION", '--max-bytes: "64XB" is not a size', "MiB"],
      [["--max-bytes", "0"], "ERR_OPTION", "--max-bytes"],
      [["--max-bytes", "-5"], "ERR_OPTION", "--max-bytes"],
      [["--timeout", "soon"], "ERR_OPTION", '--timeout: "soon" is not', "milliseconds"],
      [["--initial", "zero"], "ERR_OPTION", '--initial: "zero" is not a number'],
      [["--schedule", "pairwize"], "ERR_OPTION", "did you mean pairwise?"],
      [["--accuracy", "exactly"], "ERR_OPTION", "--accuracy"],
      [["--nan", "skipp"], "ERR_OPTION", "did you mean skip?"],
      [["--overflow", "wrapped"], "ERR_OPTION", "is not one of wrap, throw"],
      [["--dtype", "flot64"], "ERR_DTYPE", "did you mean float64?"],
      [["--format", "xml"], "ERR_OPTION", "npy, parquet, arrow, csv, raw"],
      [["--op", "summ"], "ERR_OPERATOR", "did you mean sum?"],
      [["--op", "sum,,max"], "ERR_OPTION", "an operator has no name", "a comma too many"],
      [["--op", "sum,"], "ERR_OPTION", "an operator has no name", "a comma too many"],
      [["--op", ""], "ERR_OPTION", "an operator has no name"],
      [["--trace"], "ERR_OPTION", "--schedule pairwise"],
      [["--seed", "1"], "ERR_OPTION", "--generate"],
      [["--generate", "10"], "ERR_OPTION", 'leave "x.npy" out'],
      [["--thread", "3"], "ERR_OPTION", "unknown option --thread: did you mean --threads?"],
      [["--no-json"], "ERR_OPTION", "unknown option --no-json"],
      [["--maxBytes", "3"], "ERR_OPTION", "did you mean --max-bytes?"],
      [["-t", "3"], "ERR_OPTION", "unknown option -t"],
    ];
    for (const [args, code, ...texts] of cases) {
      await fails(reduce(...args), 2, code, ...texts, "See `ringfold reduce --help`.");
    }
    await fails(["reduce", "--generate", "1", "--dtype", "int8"], 2, "ERR_OPTION", "--dtype");
    await fails(["reduce", "--generate", "-1"], 2, "ERR_OPTION", "--generate");
  },
  { deadline: 180_000 },
);

test("without a command or a file, the help says what there is, on standard error", async () => {
  await fails(["reduce"], 2, "ERR_OPTION", "no input", "ringfold reduce [FILE..]", "--max-bytes");
  await fails(["reduce", "--op", "sum"], 2, "ERR_OPTION", "no input");
  await fails(["reduce", ""], 2, "ERR_OPTION", "a file's name is empty");
  await fails([], 2, "ERR_OPTION", "no command", "ringfold completion");
  await fails(["redcue"], 2, "ERR_OPTION", 'unknown command "redcue": did you mean reduce?');
  await fails(
    ["x".repeat(99)],
    2,
    "ERR_OPTION",
    "there are reduce, merge, stress, check, bench, info, completion",
  );
  await fails(["info", "now"], 2, "ERR_OPTION", 'leave "now" out');
});

test(
  "files that cannot be read fail with exit code 1 and their name",
  () =>
    inFolder(async (folder) => {
      const cases: [path: string, code: string, ...texts: string[]][] = [
        [join(folder, "nowhere.npy"), "ERR_FILE", "nowhere.npy", "there is no such file"],
        [folder, "ERR_FILE", "it is a folder"],
        [put(folder, "cut.npy", npy("<f8", "(9,)", doubles([1, 2]))), "ERR_FORMAT", "truncated"],
        [put(folder, "huge.npy", npy("<f8", `(${2 ** 60},)`, doubles([1]))), "ERR_FORMAT"],
        [put(folder, "many.npy", npy("<f8", `(${"9".repeat(40)}, 2)`, doubles([]))), "ERR_FORMAT"],
        [put(folder, "less.npy", npy("<f8", "(-3,)", doubles([1]))), "ERR_FORMAT", "negative"],
        [put(folder, "object.npy", npy("|O", "(1,)", doubles([1]))), "ERR_DTYPE", "objects"],
        [put(folder, "text.parquet", "a,b\n1,2\n"), "ERR_FORMAT", "not a Parquet file"],
        [put(folder, "empty.csv", ""), "ERR_FORMAT", "empty"],
        [put(folder, "bad.csv", "a\n1\n2\nx\n"), "ERR_CELL", "bad.csv", "line 4", '"a"', '"x"'],
        [put(folder, "none.npy", npy("<f8", "(0,)", doubles([]))), "ERR_EMPTY", "min of nothing"],
      ];
      for (const [path, code, ...texts] of cases) {
        await fails(["reduce", path, "--op", "min"], 1, code, ...texts);
      }
      const floats = put(folder, "f.npy", npy("<f8", "(1,)", doubles([1])));
      const ints = put(folder, "i.npy", npy("<i4", "(2,)", new Uint8Array(8)));
      await fails(["reduce", floats, ints], 1, "ERR_DTYPE", "f.npy", "i.npy", "float64", "int32");
      await fails(["reduce", floats, "--op", "and"], 1, "ERR_DTYPE", "and of float64");
      await fails(["reduce", floats, "--max-bytes", "1KB"], 1, "ERR_MEMORY", "maxBytes: 1000");
      const odd = put(folder, "odd.bin", new Uint8Array(9));
      await fails(["reduce", odd, "--dtype", "int32"], 1, "ERR_FORMAT", "whole number of int32");
      await fails(["reduce", odd], 1, "ERR_DTYPE", "--dtype");
    }),
  { deadline: 180_000 },
);

test("no permission is told apart from no file", () =>
  inFolder(async (folder) => {
    // Root may read what nobody may: as root, the program runs as somebody else.
    const path = put(folder, "secret.npy", npy("<f8", "(1,)", doubles([1])));
    chmodSync(path, 0);
    chmodSync(folder, 0o755);
    const isRoot = process.getuid?.() === 0;
    const script = `
      ${isRoot ? "process.setgid(65534); process.setuid(65534);" : ""}
      process.argv.splice(1, process.argv.length - 1, "ringfold", "reduce", ${JSON.stringify(path)});
      await import(${JSON.stringify(new URL("../../src/cli/main.js", import.meta.url).href)});`;
    const { spawnSync } = await import("node:child_process");
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.is(child.status, 1, child.stderr);
    assert.match(child.stderr, "(ERR_FILE)");
    assert.match(child.stderr, "is not permitted");
  }));

test("an unknown column is wrong usage, and the columns there are are named", () =>
  inFolder(async (folder) => {
    const path = put(folder, "t.csv", "price,name,count\n1,a,2\n");
    const column = (name: string) => ["reduce", path, "--column", name];
    await fails(column("prize"), 2, "ERR_COLUMN", 'did you mean "price"?', '"count"');
    await fails(["reduce", path], 2, "ERR_COLUMN", "which column?", '"price"', '"count"');
    const array = put(folder, "a.npy", npy("<f8", "(1,)", doubles([1])));
    await fails(["reduce", array, "--column", "x"], 2, "ERR_COLUMN", "without columns");
  }));

test("with --json, an error is an object on standard output too", async () => {
  const cases: [args: string[], exitCode: number, code: string][] = [
    [["reduce", "nowhere.npy", "--json"], 1, "ERR_FILE"],
    [["reduce", "x.npy", "--json", "--threads", "0"], 2, "ERR_OPTION"],
    [["reduce", "x.npy", "--json", "--thread", "0"], 2, "ERR_OPTION"],
    [["info", "--json", "x"], 2, "ERR_OPTION"],
  ];
  for (const [args, exitCode, code] of cases) {
    const { out, err, code: found } = await run(args);
    assert.is(found, exitCode);
    const { version, error, ...rest } = JSON.parse(out);
    assert.equal(rest, {});
    assert.is(version, 1);
    assert.is(error.code, code);
    assert.match(err, error.message);
  }
});

test("a name that is odd stays a name", () =>
  inFolder(async (folder) => {
    const data = npy("<f8", "(2,)", doubles([1, 2]));
    mkdirSync(join(folder, "--json"));
    for (const name of ["--op", "-", "a b,c.npy", "ä🙂.npy", "123", "%41.npy"]) {
      put(folder, name, data);
      const path = name === "-" ? "./-" : name;
      const { out, code, err } = await run(["reduce", "--json", "--", path], { cwd: folder });
      assert.is(code, 0, err);
      assert.is(JSON.parse(out).columns[0].results.sum, 3, name);
    }
    copyFileSync(join(folder, "123"), join(folder, "--json", "x.npy"));
    const { out } = await run(["reduce", "--", "--json/x.npy"], { cwd: folder });
    assert.is(out, "sum  3\n");
  }));

test("help, version and completion are results: standard output, exit code 0", async () => {
  const { readFileSync } = await import("node:fs");
  const manifest = fileURLToPath(new URL("../../../package.json", import.meta.url));
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  for (const args of [["--version"], ["reduce", "--version"]]) {
    assert.equal(await run(args), { code: 0, signal: null, out: `${version}\n`, err: "" });
  }
  const help = await run(["--help"]);
  assert.is(help.err + help.code, "0");
  for (const text of [
    "ringfold reduce",
    "ringfold merge",
    "ringfold stress",
    "ringfold info",
    "ringfold completion",
  ]) {
    assert.match(help.out, text);
  }
  for (const args of [
    ["reduce", "--help"],
    ["reduce", "x.npy", "-h", "--threads", "0"],
  ]) {
    const { out, err, code } = await run(args);
    assert.is(err + code, "0");
    for (const option of ["op", "column", "max-bytes", "generate", "json", "trace"]) {
      assert.match(out, `--${option} `);
    }
    assert.not.match(out, /\[string\]|undefined/);
  }
  // What a locale makes of it is not for programs to guess.
  const german = await run(["--help"], { env: { LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" } });
  assert.is(german.out, help.out);
});

test("the completion script is the shell's, and answers with commands, options and values", async () => {
  const script = await run(["completion"]);
  assert.is(script.code, 0);
  assert.match(script.out, "###-begin-ringfold-completions-###");
  assert.match(script.out, "ringfold --get-yargs-completions");
  const complete = async (...words: string[]) => {
    const env = { SHELL: "/bin/bash" };
    const found = await run(["--get-yargs-completions", "ringfold", ...words], { env });
    assert.is(found.err + found.code, "0");
    return found.out.split("\n").filter((line) => line !== "");
  };
  assert.equal(await complete("re"), ["reduce"]);
  assert.equal(await complete("reduce", "--sch"), ["--schedule"]);
  assert.equal(await complete("reduce", "x.npy", "--schedule", "p"), ["pairwise"]);
  assert.equal(await complete("reduce", "--op", "sum,arg"), ["sum,argmin", "sum,argmax"]);
  assert.equal(await complete("reduce", "--dtype", "float"), ["float16", "float32", "float64"]);
  // Files are the shell's to find.
  assert.equal(await complete("reduce", "x"), []);
  const options = await complete("reduce", "--");
  for (const option of ["--op", "--json", "--max-bytes"]) assert.ok(options.includes(option));
});
