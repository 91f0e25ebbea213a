// README.md is right: its programs run on the Node at hand against the built package and give what
// their comments say, its command lines are understood or run, its outputs are those of a run.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchArgs } from "../src/cli/bench-options.js";
import { mergeArgs, reduceArgs } from "../src/cli/options.js";
import { parseCarefully } from "../src/cli/yargs.js";
import { assert, test } from "./harness.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "dist/src/cli/main.js");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

interface Snippet {
  readonly kind: string;
  readonly text: string;
}

const SNIPPETS: readonly Snippet[] = [...README.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
  ([, kind = "", text = ""]) => ({ kind, text }),
);
const PROGRAMS = SNIPPETS.filter(({ kind }) => kind === "ts" || kind === "js");
const SHELL = SNIPPETS.filter(({ kind }) => kind === "sh").map(({ text }) => text);

/** The snippet that has this in it. */
function snippet(snippets: readonly Snippet[], part: string): string {
  const found = snippets.filter(({ text }) => text.includes(part));
  assert.is(found.length, 1, `one snippet with ${part}`);
  return found[0]!.text;
}

/** A folder whose programs find the package by its name, as after `npm install`. */
function inPackage<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "ringfold-readme-"));
  try {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules", "ringfold"), "dir");
    // As `npm init` writes it: without "type".
    writeFileSync(join(folder, "package.json"), '{ "name": "reader", "version": "1.0.0" }');
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(folder: string, command: string, args: readonly string[]) {
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  const options = { cwd: folder, encoding: "utf8", env } as const;
  const { status, stdout, stderr } = spawnSync(command, [...args], options);
  assert.is(status, 0, `${command} ${args.join(" ")}\n${stderr}`);
  return { stdout, stderr };
}

/** The names that a snippet uses and another one, or the reader, has made. */
const GIVEN: readonly [name: string, made: string][] = [
  ["engine", "const engine = await given.createEngine({ threads: 2 });"],
  ["x", "const x = Float64Array.of(1e100, 1, -1e100, 0.1, 0.2);"],
  ["parts", "const parts = [[1, 2, 4], [8], [16, 32]].map((part) => Float64Array.from(part));"],
  ["views", "const views = parts;"],
  ["finishState", "const { finishState, mergeStates } = given;"],
  ["threadId", "const threadId = 1, part = 42, total = [0];"],
];
const uses = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);
const makes = (text: string, name: string): boolean =>
  new RegExp(`\\bimport \\{[^}]*\\b${name}\\b|\\bconst ${name}\\b`).test(text);

/** A program around a snippet, which prints as JSON what each commented expression gives. */
function program(text: string): string {
  const lines = text.split("\n").map((line) => {
    const [, expression, comment] = /^([a-z][^;]*);\s+\/\/ (.*)$/.exec(line) ?? [];
    if (expression === undefined || /^(const|import|export)\b|\(await sum\(/.test(expression))
      return line;
    return `values.push([${JSON.stringify(comment)}, await (${expression})]);`;
  });
  const body = lines
    .join("\n")
    .replace(
      /console\.log\((.*)\);\s+\/\/ (.*)$/m,
      (_, expression, comment) => `values.push([${JSON.stringify(comment)}, ${expression}]);`,
    );
  const given = GIVEN.filter(([name]) => uses(text, name) && !makes(text, name));
  const isOurs = given.some(([name]) => name === "engine");
  // `views` are made of `parts`.
  const names = given.map(([, made]) => made);
  if (uses(text, "views") && !names.some((made) => made.startsWith("const parts"))) {
    names.unshift(GIVEN.find(([name]) => name === "parts")![1]);
  }
  return [
    'import * as given from "ringfold";',
    "const values = [];",
    ...names,
    body,
    isOurs ? "await engine.close();" : "",
    "console.log(JSON.stringify(values, (_, v) => (typeof v === 'bigint' ? String(v) : v)));",
    "process.exit(0);",
  ].join("\n");
}

/** What a comment says the value is; undefined if it says something else of it. */
function stated(comment: string): unknown {
  const [, text] = /^(-?\d[\d.e+]*|\{.*\})(?:$|,)/.exec(comment) ?? [];
  if (text === undefined) return undefined;
  return JSON.parse(text.replace(/([{,] *)(\w+):/g, '$1"$2":'));
}

test(
  "the programs run, in a package without a type, and give what their comments say",
  () =>
    inPackage((folder) => {
      const module = snippet(PROGRAMS, "export const accumulate");
      const name = /^\/\/ (\S+)$/m.exec(module)?.[1] ?? "";
      writeFileSync(join(folder, name), module);
      let compared = 0;
      for (const [i, { text }] of PROGRAMS.entries()) {
        if (text === module) continue;
        writeFileSync(join(folder, `snippet-${i}.mjs`), program(text));
        const { stdout } = run(folder, process.execPath, [`snippet-${i}.mjs`]);
        for (const [comment, value] of JSON.parse(stdout) as [string, unknown][]) {
          const wanted = stated(comment);
          if (wanted === undefined) continue;
          compared++;
          assert.equal(value, wanted, `${comment}\nin\n${text}`);
        }
      }
      assert.ok(compared >= 4, `${compared} results were compared`);
    }),
  { deadline: 120_000 },
);

test("the operator in the README is a geometric mean, and starts from its identity", () =>
  inPackage((folder) => {
    const module = snippet(PROGRAMS, "export const accumulate");
    const name = /^\/\/ (\S+)$/m.exec(module)?.[1] ?? "";
    writeFileSync(join(folder, name), module);
    const values = [2, 8, 4, 16, 0.5];
    writeFileSync(join(folder, "x.csv"), values.join("\n"));
    const { stdout } = run(folder, process.execPath, [
      MAIN,
      "reduce",
      "x.csv",
      "--json",
      "--op",
      `./${name}`,
    ]);
    const [mean] = Object.values(JSON.parse(stdout).columns[0].results) as [number];
    const expected = values.reduce((a, b) => a * b) ** (1 / values.length);
    assert.ok(Math.abs(mean - expected) < 1e-12, `${mean} is not ${expected}`);
    // As the text says: required beside both functions.
    writeFileSync(join(folder, "bare.mjs"), module.replace(/^export const identity.*$/m, ""));
    const args = [MAIN, "reduce", "x.csv", "--op", "./bare.mjs"];
    const bare = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    assert.match(bare.stderr, '"accumulate" beside "combine" needs an "identity"');
  }));

/** The commands of a shell block: without what follows a `#`, and what feeds or continues them. */
const commands = (block: string): string[] =>
  block
    .split("\n")
    .map((line) => line.replace(/ +# .*$/, "").trim())
    .filter((line) => line !== "");

/** Words as a shell makes them of these lines. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

test("every command line is understood", async () => {
  let count = 0;
  for (const line of SHELL.flatMap(commands)) {
    const [, ours] = /(?:^|\| )ringfold (.*?)(?: > \S+)?$/.exec(line) ?? [];
    if (ours === undefined) continue;
    const words = wordsOf(ours);
    const parsed = await parseCarefully(words, "1");
    count++;
    if (words.includes("--help")) continue;
    assert.is(parsed.kind, "line", line);
    if (parsed.kind !== "line") continue;
    if (parsed.line.command === "reduce") reduceArgs(parsed.line);
    if (parsed.line.command === "merge") mergeArgs(parsed.line);
    if (parsed.line.command === "bench") benchArgs(parsed.line);
  }
  assert.ok(count > 20, `${count} lines`);
});

const MAKE = `
import { writeFileSync } from "node:fs";
const npy = (name, values) => {
  const header = \`{'descr': '<f8', 'fortran_order': False, 'shape': (\${values.length},), }\`.padEnd(117) + "\\n";
  const head = Buffer.from("\\x93NUMPY\\x01\\0" + String.fromCharCode(118, 0) + header, "latin1");
  writeFileSync(name, Buffer.concat([head, Buffer.from(Float64Array.from(values).buffer)]));
};
for (const name of ["data", "x", "y", "big", "a", "b"]) npy(name + ".npy", [1, 2, 3, 4.5]);
writeFileSync("numbers.csv", "name,price\\napple,1.5\\npear,2.5\\n");
writeFileSync("prices.csv", "# of today\\nname;price\\napple;1,5\\npear;-\\nplum;2,25\\n");
writeFileSync("my-operator.mjs", "export const combine = (a, b) => (a > b ? a : b);");
`;

test(
  "the command lines of `reduce` and `merge` run as they stand",
  () =>
    inPackage((folder) => {
      writeFileSync(join(folder, "make.mjs"), MAKE);
      run(folder, process.execPath, ["make.mjs"]);
      const flights = join(ROOT, "node_modules/vega-datasets/data/flights-3m.parquet");
      symlinkSync(flights, join(folder, "flights.parquet"));
      writeFileSync(
        join(folder, "ringfold"),
        `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
      );
      chmodSync(join(folder, "ringfold"), 0o755);
      const block = SHELL.find((text) => text.includes("ringfold reduce data.npy"))!;
      run(folder, "bash", ["-ec", block.replace(/^ringfold merge.*$/m, "cp a.state b.state\n$&")]);
      const outputs = new Map<string, string>();
      for (const line of commands(block))
        outputs.set(line, run(folder, "bash", ["-ec", line]).stdout);
      const shown = [...outputs].find(([line]) => line.includes("sum,min,max,mean"))?.[1];
      assert.is(shown, "sum   10.5\nmin   1\nmax   4.5\nmean  2.625\n");
      const prices = [...outputs].find(([line]) => line.includes("prices.csv"))?.[1];
      assert.is(prices, "price (float64)\n  sum  3.75\n");
      const merged = [...outputs].find(([line]) => line.startsWith("ringfold merge"))?.[1];
      assert.is(merged, "sum  21\n");
    }),
  { deadline: 180_000 },
);

test(
  "what `npm start` prints has the README's numbers",
  () => {
    const output = snippet(SNIPPETS, "delay (int64)");
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const [, ...lines] = (scripts.start as string).split(" && ");
    assert.is(lines.length, 2);
    let found = "";
    for (const line of lines) {
      const [node, ...args] = line.split(" ");
      assert.is(node, "node");
      const { stdout, stderr } = run(ROOT, process.execPath, args);
      found += stdout + stderr;
    }
    // Times, rates and threads are those of the machine.
    const masked = (text: string) =>
      text.replace(/[\d.]+ (s|GB\/s|threads?)\b/g, "… $1").replace(/threads/g, "thread");
    assert.is(masked(found), masked(output));
  },
  { deadline: 180_000 },
);

test(
  "the trace that the README shows is that of the defect, to the line",
  () => {
    const shown = snippet(SNIPPETS, "lost wake-up");
    const name = /check:1:([\w-]+):([\w-]+):/.exec(shown);
    const args = [MAIN, "check", name?.[1] ?? "", "--mutant", name?.[2] ?? ""];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    assert.ok(stdout.includes(shown.trim()), `${stdout}\nis not what README.md shows:\n${shown}`);
  },
  { deadline: 300_000 },
);
