// The two ways through a command line agree, and a plain line loads no library.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { parseQuickly } from "../../src/cli/parse.js";
import { parseCarefully } from "../../src/cli/yargs.js";
import { assert, fcOptions, test } from "../harness.js";
import { doubles, inFolder, MAIN, npy, put } from "./run.js";

const TOKENS = [
  ...["x.npy", "-", "--", "--json", "--trace", "--op", "--op=sum,min", "--threads", "--threads=2"],
  ...["sum", "2", "1e3", "0x10", "--column", "--column=a=b", "--initial", "--initial=-5", "-5"],
  ...["--max-bytes=", "", "a b", "--nan=skip", "--nope", "-h", "--json=true", "--no-json", "true"],
  ...["reduce", "info", "constructor", "__proto__", "--timeout", "--constructor", "-x"],
  ...["--partial", "--receipt", "--round-to=float32", "--round-to"],
];

test("a line that the quick parser takes means the same to yargs", async () => {
  let taken = 0;
  const line = fc.array(fc.constantFrom(...TOKENS), { maxLength: 7 });
  const command = fc.constantFrom("reduce", "reduce", "merge", "info");
  await fc.assert(
    fc.asyncProperty(command, line, async (name, rest) => {
      const quick = parseQuickly([name, ...rest]);
      if (quick === undefined) return;
      taken++;
      assert.equal(await parseCarefully([name, ...rest], "1"), { kind: "line", line: quick });
    }),
    fcOptions(1500),
  );
  assert.ok(taken > 100, `${taken} lines were taken`);
});

test("a number below zero is a value, and an option in a value's place is none", async () => {
  const rest = ["-", "--json", "--", "-x", "--threads"];
  const line = ["reduce", "--initial", "-5", ...rest];
  assert.equal(await parseCarefully(line, "1"), {
    kind: "line",
    line: {
      command: "reduce",
      values: { initial: ["-5"] },
      flags: new Set(["json"]),
      files: ["-", "-x", "--threads"],
    },
  });
  const missing = ["reduce", "--initial", ...rest.slice(1)];
  assert.is(parseQuickly(missing), undefined);
  const error = await assert.rejects(parseCarefully(missing, "1"), "ERR_OPTION");
  assert.match(
    error.message,
    "--initial: its value is missing; if it is meant to be --json, write --initial=--json",
  );
});

test("a value that begins with a dash is a value, whichever parser takes the line", async () => {
  for (const [option, value] of [
    ["initial", "-1e6"],
    ["initial", "-Infinity"],
    ["column", "--y"],
    ["column", "-"],
    ["null", "-999"],
    ["null", "--"],
    ["op", "-x"],
  ] as const) {
    const line = {
      command: "reduce",
      values: { [option]: [value] },
      flags: new Set(),
      files: ["f"],
    };
    const argv = ["reduce", `--${option}`, value, "f"];
    if (value === "--") argv.splice(1, 2, `--${option}=${value}`);
    assert.equal(parseQuickly(argv), line);
    assert.equal(await parseCarefully(argv, "1"), { kind: "line", line });
  }
});

/** Prints the URL of every module that is loaded by an import of the thread it runs in. */
const SPY = `data:text/javascript,${encodeURIComponent(`
import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(\`
import { writeSync } from "node:fs";
export async function load(url, context, next) {
  writeSync(2, "LOADED " + url + "\\\\n");
  return next(url, context);
}\`));
`)}`;

function loaded(...args: string[]): string[] {
  const { status, stderr } = spawnSync(process.execPath, ["--import", SPY, ...args], {
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  const urls = [...stderr.matchAll(/^LOADED (.*)$/gm)].map(([, url]) => url as string);
  assert.ok(urls.length > 0);
  return urls;
}

/** The modules of ringfold itself, relative to its folder: that may have any name. */
const own = (urls: readonly string[]): string[] => {
  const root = new URL("../../src/", import.meta.url).href;
  return urls.filter((url) => url.startsWith(root)).map((url) => url.slice(root.length));
};

const dependencies = (urls: readonly string[]): string[] =>
  urls.filter((url) => url.includes("/node_modules/"));

test("importing the package, or reducing a .npy file, loads no dependency", () =>
  inFolder((folder) => {
    const index = new URL("../../src/index.js", import.meta.url).href;
    const script = `import ${JSON.stringify(index)};`;
    assert.equal(dependencies(loaded("--input-type=module", "-e", script)), []);
    const path = put(folder, "x.npy", npy("<f8", "(2,)", doubles([1, 2])));
    const urls = loaded(MAIN, "reduce", path, "--op", "sum,max");
    assert.equal(dependencies(urls), []);
    assert.not.ok(own(urls).some((url) => /csv|parquet|arrow\.js|info\.js|yargs/.test(url)));
    const version = loaded(MAIN, "--version");
    assert.equal(dependencies(version), []);
    assert.not.ok(own(version).some((url) => /engine|input|operators/.test(url)));
  }));

test("a library is loaded by the command or the file that needs it, and by no other", () =>
  inFolder((folder) => {
    const libraries = (...args: string[]) =>
      new Set(
        dependencies(loaded(MAIN, ...args)).map(
          (url) => url.split("/node_modules/")[1]?.split("/")[0],
        ),
      );
    const help = libraries("--help");
    assert.ok(help.has("yargs"));
    const csv = libraries("reduce", put(folder, "x.csv", "1\n2\n"));
    const flights = new URL("../../../node_modules/vega-datasets/data/", import.meta.url);
    const parquet = libraries(
      ...["reduce", fileURLToPath(new URL("flights-3m.parquet", flights)), "--column", "delay"],
    );
    assert.ok(parquet.has("hyparquet"));
    for (const name of csv) assert.not.ok(parquet.has(name), `${name} is for text`);
    for (const found of [csv, parquet]) {
      for (const name of help) assert.not.ok(found.has(name), `${name} is for the help`);
      assert.not.ok(found.has("cli-progress"));
    }
  }));
