// Wrong usage of `ringfold stress`: every option is judged, by name and range.

import { stressArgs } from "../../src/cli/stress-options.js";
import { UsageError } from "../../src/cli/usage.js";
import { assert, test } from "../harness.js";
import { inFolder, put, run } from "./run.js";
import { telling } from "./stress-told.js";

const ALL = {
  name: "all",
  takes: ["producers", "consumers", "capacity", "batch", "threads", "rate"],
} as const;

const judge = (
  values: Record<string, string[]>,
  scenario: Parameters<typeof stressArgs>[1] = ALL,
) => stressArgs({ command: "stress", values, flags: new Set(), files: ["all"] }, scenario);

/** What an option takes, what it does not, and how its range is told. */
const OPTIONS: [name: string, good: [string, number][], bad: string[], range: string][] = [
  [
    "seed",
    [
      ["0", 0],
      ["4294967295", 2 ** 32 - 1],
    ],
    ["4294967296"],
    "an integer from 0 to 4294967295",
  ],
  [
    "producers",
    [
      ["1", 1],
      ["64", 64],
    ],
    ["0", "65", "1e9"],
    "an integer from 1 to 64",
  ],
  [
    "consumers",
    [
      ["1", 1],
      ["64", 64],
    ],
    ["0", "65", "1e9"],
    "an integer from 1 to 64",
  ],
  [
    "threads",
    [
      ["1", 1],
      ["64", 64],
    ],
    ["0", "65", "1e9"],
    "an integer from 1 to 64",
  ],
  [
    "batch",
    [
      ["1", 1],
      ["32", 32],
    ],
    ["0", "33", "1e9"],
    "an integer from 1 to 32",
  ],
  [
    "rate",
    [
      ["1", 1],
      ["1e8", 1e8],
    ],
    ["0", "1e9", "100000001"],
    "an integer from 1 to 100000000",
  ],
  [
    "capacity",
    [
      ["2", 2],
      ["1048576", 2 ** 20],
    ],
    ["0", "1", "3", "1048575", "2097152", "1e9", "1e1"],
    "a power of two from 2 to 1048576",
  ],
  [
    "duration",
    [
      ["1ms", 1],
      ["10", 10_000],
      ["30s", 30_000],
      ["2m", 120_000],
      ["7d", 604_800_000],
      ["168h", 604_800_000],
    ],
    ["0", "0ms", "1e9", "8d", "604801", "1.5s", "1 s", "10S", "s", "1m30s"],
    "a duration from 1ms to 7d",
  ],
];
const NONSENSE = [
  "",
  "-1",
  "1.5",
  "NaN",
  "Infinity",
  "text",
  "0x10",
  " 1",
  "1 ",
  "1,000",
  "１",
  "9".repeat(400),
];

test("each option takes its range, both ends included, and refuses all else by name and range", () => {
  for (const [name, good, bad, range] of OPTIONS) {
    for (const [text, value] of good) {
      const { settings } = judge({ [name]: [text] });
      assert.is((settings as Record<string, unknown>)[name], value, `--${name} ${text}`);
    }
    for (const text of [...bad, ...NONSENSE]) {
      const error = assert.code(() => judge({ [name]: [text] }), "ERR_OPTION");
      assert.instance(error, UsageError);
      const start = `--${name}: ${JSON.stringify(text)} is not ${range}`;
      assert.is(error.message.slice(0, start.length), start);
    }
    const twice = assert.code(() => judge({ [name]: ["2", "4"] }), "ERR_OPTION");
    assert.is(twice.message, `--${name}: given 2 times, as "2" and "4": give it once`);
  }
});

test("an option that a scenario does not take is told with those that it takes", () => {
  const some = { name: "some", takes: ["batch", "rate"] } as const;
  for (const name of ["producers", "consumers", "capacity", "threads"]) {
    const error = assert.code(() => judge({ [name]: ["2"] }, some), "ERR_OPTION");
    const start = `--${name}: the scenario some does not take it, it takes`;
    assert.is(error.message, `${start} --seed, --duration, --batch, --rate`);
    // Nonsense is told as nonsense.
    const nonsense = assert.code(() => judge({ [name]: ["x"] }, some), "ERR_OPTION");
    assert.match(nonsense.message, `--${name}: "x" is not`);
  }
  assert.is(judge({ batch: ["2"], rate: ["3"] }, some).settings.rate, 3);
});

test("--impl takes a name or a path, and only where primitives are driven", () => {
  const some = { name: "some", takes: ["impl"] } as const;
  for (const name of ["atomics-sync", "./my sync.js"]) {
    assert.is(judge({ impl: [name] }, some).settings.impl, name);
  }
  const empty = assert.code(() => judge({ impl: [""] }, some), "ERR_OPTION");
  assert.match(empty.message, '--impl: "" is not the name of a package, or the path of a module');
  const twice = assert.code(() => judge({ impl: ["a", "b"] }, some), "ERR_OPTION");
  assert.match(twice.message, '--impl: given 2 times, as "a" and "b"');
  const other = assert.code(() => judge({ impl: ["a"] }), "ERR_OPTION");
  assert.match(other.message, "--impl: the scenario all does not take it, it takes --seed,");
});

test("an implementation that cannot be run is refused before anything runs", () =>
  inFolder(async (folder) => {
    const lacks = put(folder, "lacks.mjs", "export const Mutex = { init() {} };");
    for (const [impl, text] of [
      ["ringfold-no-such", "npm install ringfold-no-such"],
      [lacks, "Mutex has no function lock"],
    ] as const) {
      for (const command of [["stress", "sync"], ["check"]]) {
        const { code, out, err } = await run([...command, "--impl", impl]);
        assert.equal([code, out], [2, ""], err);
        assert.match(err, text);
        assert.match(err, "(ERR_OPTION)");
        assert.not.match(err, /seed \d| {4}at /);
      }
    }
  }));

test("without options there is a seed, ten seconds, and nothing else", () => {
  const { settings, ...rest } = judge({});
  const { seed, duration, ...others } = settings;
  assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32);
  assert.is(duration, 10_000);
  assert.equal(new Set(Object.values(others)), new Set([undefined]));
  assert.equal(rest, { untilFailure: false, json: false, junit: undefined, html: undefined });
});

test(
  "the command line refuses the same, with exit code 2 and a hint",
  async () => {
    const name = "told";
    const cases: [args: string[], ...texts: string[]][] = [
      [[name, "--duration", "-1"], '--duration: "-1" is not a duration'],
      [[name, "--seed", "1", "--seed", "2"], '--seed: given 2 times, as "1" and "2"'],
      [[name, "--capacity", "NaN"], '--capacity: "NaN" is not a power of two from 2 to 1048576'],
      [[name, "--rate"], '--rate: "" is not an integer'],
      [[name, "--json=5"], '--json: takes no value, leave "5" out'],
      [[name, "--until-failure=1.5"], '--until-failure: takes no value, leave "1.5" out'],
      [[name, "--until-failure", "--until-failure"], "--until-failure: given 2 times"],
      [[name, "--json", "--seed=1", "--json"], "--json: given 2 times"],
      [[name, "--junit="], '--junit: "" is not the name of a file'],
      [
        [name, "--html", "--junit", "x"],
        "--html: its value is missing; if it is meant to be --junit",
      ],
      [[name, "--html="], '--html: "" is not the name of a file'],
      [[name, "--html", "a", "--html", "b"], '--html: given 2 times, as "a" and "b"'],
      [[name, "--prodcers", "2"], "unknown option --prodcers: did you mean --producers?"],
      [[name, "other"], 'one scenario at a time: leave "other" out'],
      [[`${name}x`], `unknown scenario "${name}x": did you mean ${name}? There are`],
      [["zzzzzzzz"], `unknown scenario "zzzzzzzz": there are told, retold`],
      [["__proto__"], 'unknown scenario "__proto__"'],
    ];
    for (const [args, ...texts] of cases) {
      const { code, err } = await run(["stress", ...args], { env: telling() });
      assert.is(code, 2, err);
      for (const text of [...texts, "(ERR_OPTION)"]) assert.match(err, text);
      assert.match(err, "See `ringfold stress --help`.");
    }
  },
  { deadline: 120_000 },
);
