// `ringfold bench` as a user runs it, on sizes so small that nothing depends on how fast they are.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult, Figure } from "../../src/bench/result.js";
import { silent } from "../../src/cli/output.js";
import { barAcross, barUp, hasBlocks } from "../../src/cli/reports/bars.js";
import { benchTables } from "../../src/cli/reports/bench-tables.js";
import { formatBench } from "../../src/cli/reports/bench-text.js";
import { OPERATOR_NAMES, operatorOf } from "../../src/operators/builtin.js";
import { DTYPES } from "../../src/operators/dtype.js";
import { result } from "../bench/result.js";
import { assert, test } from "../harness.js";
import { ended, fails, groupLives, inFolder, put, run, start, terminal } from "./run.js";

const SMALL = ["bench", "--size", "4KiB,64KiB", "--rounds", "2", "--threads", "1,2"];
const TINY = [...SMALL, "--dtype", "float64"];
const FEW = [...SMALL, "roofline"];
const RUN = { deadline: 240_000 };

const figures = (value: unknown): Figure[] => {
  if (typeof value !== "object" || value === null) return [];
  if ("median" in value && "low" in value) return [value as unknown as Figure];
  return Object.values(value).flatMap(figures);
};

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a / b - 1) < 1e-4, `${a} is not about ${b}`);

/** Independently of spread: of few values, sorted. */
function check(figure: Figure, values: readonly number[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  near(figure.low, sorted[Math.round((sorted.length - 1) / 4)]!);
  near(figure.median, sorted[Math.round((sorted.length - 1) / 2)]!);
  near(figure.high, sorted[Math.round(((sorted.length - 1) * 3) / 4)]!);
}

test(
  "--json has every part, with figures that follow from the times in it",
  async () => {
    const { out, code, err } = await run([...TINY, "--op", "sum,min", "--json"]);
    assert.is(code, 0, err);
    const { version, ...found } = JSON.parse(out) as BenchResult & { version: number };
    assert.is(version, 1);
    assert.is(found.rounds, 2);
    assert.is(found.interrupted, false);
    assert.ok(found.machine.processors >= 1 && found.machine.memoryBytes > 1e8);
    assert.ok(found.took > 0 && found.others >= 0);
    assert.ok(Math.abs(Date.now() - Date.parse(found.began)) < 600_000);
    for (const { median, low, high } of figures(found)) {
      assert.ok(low > 0 && low <= median && median <= high && Number.isFinite(high));
    }
    const reads = new Map(found.roofline.map((one) => [`${one.bytes} ${one.threads}`, one]));
    assert.equal([...reads.keys()], ["4096 1", "4096 2", "65536 1", "65536 2"]);
    const names = found.operators.map((one) => `${one.operator} ${one.accuracy} ${one.bytes}`);
    assert.is(found.operators.length, 3 * 4);
    assert.is(new Set(names).size, 3 * 2);
    for (const one of [...found.roofline, ...found.operators]) {
      assert.is(one.seconds.length, 2);
      check(
        one.bytesPerSecond,
        one.seconds.map((s) => one.bytes / s),
      );
    }
    for (const one of found.operators) {
      const read = reads.get(`${one.bytes} ${one.threads}`)!;
      check(
        one.share,
        one.seconds.map((s, i) => read.seconds[i]! / s),
      );
      const alone = found.operators.find(
        (other) =>
          other.threads === 1 &&
          `${other.operator} ${other.accuracy} ${other.bytes}` ===
            `${one.operator} ${one.accuracy} ${one.bytes}`,
      )!;
      check(
        one.speedup!,
        one.seconds.map((s, i) => alone.seconds[i]! / s),
      );
    }
    for (const { operator, dtype, bytes, threads, share } of found.exact) {
      assert.equal([operator, dtype], ["sum", "float64"]);
      const [exact, fast] = ["exact", "fast"].map(
        (accuracy) =>
          found.operators.find(
            (one) => one.bytes === bytes && one.threads === threads && one.accuracy === accuracy,
          )!.seconds,
      ) as [number[], number[]];
      check(
        share,
        exact.map((s, i) => fast[i]! / s),
      );
    }
    assert.is(found.exact.length, 4);
    const { crossover, latency, ring } = found;
    assert.equal(
      latency.map(({ job, elements, workers }) => `${job} ${elements} ${workers}`),
      ["spinning", "parked"].flatMap((workers) =>
        ["empty job 0", "sum 8", "sum 1000", "sum 65536"].map((job) => `${job} ${workers}`),
      ),
    );
    for (const { p50, p99 } of latency) assert.ok(p50.median <= p99.median && p99.median < 60);
    assert.equal(
      ring.map(({ producers, consumers, batch }) => [producers, consumers, batch]),
      [
        [1, 1, 1],
        [1, 1, 32],
        [2, 2, 1],
        [2, 2, 32],
      ],
    );
    if (found.machine.processors > 1) {
      assert.is(crossover?.points.length, 9);
      assert.ok((crossover?.engine.awake ?? 0) > 0);
    }
  },
  RUN,
);

test("parts can be chosen; the pure read alone needs no operator", async () => {
  const { out, code } = await run([...FEW, "--json"]);
  assert.is(code, 0);
  const found = JSON.parse(out) as BenchResult;
  assert.is(found.roofline.length, 4);
  assert.equal(
    [found.operators, found.exact, found.crossover, found.latency, found.ring],
    [[], [], null, [], []],
  );
});

test(
  "--full measures every operator on every element type that it takes",
  async () => {
    const args = ["bench", "operators", "--full", "--size", "16KiB", "--rounds", "1"];
    const { out, code, err } = await run([...args, "--threads", "2", "--json"]);
    assert.is(code, 0, err);
    const { operators } = JSON.parse(out) as BenchResult;
    const found = new Set(operators.map(({ operator, dtype }) => `${operator} ${dtype}`));
    for (const operator of OPERATOR_NAMES) {
      for (const info of DTYPES) {
        const isTaken = operatorOf(operator).rejects(info) === undefined;
        const expected = isTaken && info.array !== undefined;
        assert.is(found.has(`${operator} ${info.name}`), expected, `${operator} of ${info.name}`);
      }
    }
  },
  RUN,
);

test(
  "wrong usage is told by option, value and range, with exit code 2",
  async () => {
    const cases: [args: string[], code: string, ...texts: string[]][] = [
      [["rooflin"], "ERR_OPTION", 'unknown part "rooflin": did you mean roofline?'],
      [["--op", "sun"], "ERR_OPERATOR", "did you mean sum?"],
      [
        ["--op", "and", "--dtype", "float64"],
        "ERR_OPTION",
        "--op: and takes none",
        "integer dtype",
      ],
      [["--dtype", "flot64"], "ERR_DTYPE", "did you mean float64?"],
      [["--size", "1"], "ERR_OPTION", '--size: "1" is not a size from 1KiB to 3GiB'],
      [["--size", "1MiB,4TiB"], "ERR_OPTION", '--size: "4TiB" is not a size'],
      [["--threads", "1,0"], "ERR_OPTION", '--threads: "0" is not an integer from 1 to 256'],
      [["--rounds", "0"], "ERR_OPTION", "--rounds", "from 1 to 1000"],
      [["--fail-under", "0.9"], "ERR_OPTION", "--fail-under: is for --baseline"],
      [["--baseline", "x", "--fail-under", "0"], "ERR_OPTION", "--fail-under", "above 0"],
      [["--html", ""], "ERR_OPTION", "--html", "the name of a file"],
      [["ring", "--op", "sum"], "ERR_OPTION", "--op: is for the part operators"],
      [["--baselin", "x"], "ERR_OPTION", "did you mean --baseline?"],
    ];
    for (const [args, code, ...texts] of cases) await fails(["bench", ...args], 2, code, ...texts);
  },
  RUN,
);

test(
  "a baseline that is none is refused before anything is measured",
  () =>
    inFolder(async (folder) => {
      const cases: [content: string, ...texts: string[]][] = [
        ["", "it is no JSON"],
        ["[1]", "is not what `ringfold bench --json` prints"],
        ['{"version":1,"scenario":"torture"}', "is not what `ringfold bench --json` prints"],
        ['{"version":7}', "has the format version 7, this ringfold reads 1"],
        [JSON.stringify({ version: 1, ...result(), ring: [{}] }), "is not what"],
        [JSON.stringify({ version: 1, ...result(), machine: { processor: 3 } }), "is not what"],
      ];
      for (const [content, ...texts] of cases) {
        const path = put(folder, "base.json", content);
        await fails([...FEW, "--baseline", path], 2, "ERR_OPTION", "--baseline", ...texts);
      }
      const missing = join(folder, "nowhere.json");
      await fails([...FEW, "--baseline", missing], 1, "ERR_FILE", "there is no such file");
      const path = put(folder, "base.json", JSON.stringify({ version: 1, ...result() }));
      const html = join(folder, "nowhere", "x.html");
      await fails([...FEW, "--baseline", path, "--html", html], 1, "ERR_FILE", "--html");
    }),
  RUN,
);

test(
  "against a run that was far slower exit code 0, against one that was far faster 3, and what is slower",
  () =>
    inFolder(async (folder) => {
      const { out } = await run([...FEW, "--json"]);
      const base = JSON.parse(out) as BenchResult;
      const scaled = (by: number) => ({
        ...base,
        roofline: base.roofline.map((one) => {
          const { median, low, high } = one.bytesPerSecond;
          return {
            ...one,
            bytesPerSecond: { median: median * by, low: low * by, high: high * by },
          };
        }),
      });
      const compareWith = (by: number, ...more: string[]) => {
        const path = put(folder, `${by}.json`, JSON.stringify(scaled(by)));
        return run([...FEW, "--baseline", path, ...more]);
      };
      const slow = await compareWith(1e-6, "--fail-under", "0.9");
      assert.is(slow.code, 0, slow.err);
      assert.match(slow.out, "Against the baseline: none below 0.9, of 4 measured in both");
      const fast = await compareWith(1e6, "--fail-under", "0.9");
      assert.is(fast.code, 3, fast.err);
      assert.match(fast.out, "Against the baseline: 4 below 0.9, of 4 measured in both");
      assert.match(fast.out, /pure read, 64 KiB, 2 threads +\d.* GB\/s +\d.* GB\/s +\S* ?0\.00×/);
      const told = await compareWith(1e6, "--json");
      assert.is(told.code, 0, "nothing is judged without --fail-under");
      const { comparison } = JSON.parse(told.out);
      assert.is(comparison.failUnder, null);
      assert.is(comparison.rows.length, 4);
      for (const { before, now, ratio } of comparison.rows) near(ratio, now / before);
      const none = put(folder, "none.json", JSON.stringify({ ...base, roofline: [] }));
      const nothing = await run([...FEW, "--baseline", none]);
      assert.is(nothing.code, 2);
      assert.match(nothing.err, "nothing was measured in both runs");
    }),
  RUN,
);

test(
  "a baseline of another machine or version is compared all the same, and both are named",
  () =>
    inFolder(async (folder) => {
      const foreign = { version: 1, ...result(), ringfold: "0.0.9" };
      const path = put(folder, "base.json", JSON.stringify(foreign));
      const { code, err, out } = await run([...FEW, "--baseline", path]);
      assert.is(code, 0, err);
      assert.match(err, "warning: --baseline: it is of Test CPU <9000>, 2 processors");
      assert.match(err, /ringfold 0\.0\.9; this is .*ringfold \d/);
      assert.match(out, "of 2 measured in both");
    }),
  RUN,
);

test("the report on paper shows the figures of the object for programs", () => {
  const text = formatBench(
    { result: result(), comparison: undefined, baseline: undefined },
    silent,
  );
  for (const { title } of benchTables(result())) assert.match(text, title);
  assert.match(text, "Test CPU <9000>, 2 processors");
  assert.match(text, "L1d 48 KiB, L2 1 MiB, L3 32 MiB");
  assert.match(text, /\n {2}64 KiB +13\.3 █+▏? /);
  assert.match(text, /\n {2}sum +float64 +exact +▇ 90% +▇ 90% +▇ 90%\n/);
  assert.match(text, /\n {2}1 producer, 1 consumer +32 +320 █{30} +310–326\n/);
  assert.match(text, "Crossover: 2 threads pay from 1 MiB");
  assert.match(text, "13% of the machine was used by other programs");
  for (const line of text.split("\n")) assert.ok([...line].length <= 170, line);
});

test("bars are eighths of blocks, or plain where the locale is not UTF-8", () => {
  for (let eighths = 0; eighths <= 80; eighths++) {
    const bar = barAcross(eighths / 80, 10, true);
    const found = [...bar].reduce((sum, one) => sum + 0x2590 - one.codePointAt(0)!, 0);
    assert.is(found, eighths, bar);
    assert.is(barAcross(eighths / 80, 10, false), "#".repeat(Math.round(eighths / 8)));
  }
  assert.equal(
    [0, 0.125, 0.5, 1].map((share) => barUp(share, true)),
    [" ", "▁", "▄", "█"],
  );
  assert.is(barUp(0.5, false), "");
  assert.ok(hasBlocks({}) && hasBlocks({ LANG: "de_DE.UTF-8" }) && hasBlocks({ LC_ALL: "C.utf8" }));
  assert.not.ok(hasBlocks({ LANG: "C" }));
  assert.not.ok(hasBlocks({ LANG: "C.UTF-8", LC_ALL: "POSIX" }));
  assert.not.ok(hasBlocks({ TERM: "dumb" }));
});

test(
  "SIGINT ends it with what was measured, and exit code 130",
  async () => {
    const child = start(["bench", "operators", "--rounds", "1000", "--size", "1MiB", "--json"]);
    const pid = child.pid as number;
    const end = ended(child);
    await once(child.stderr, "data");
    process.kill(pid, "SIGINT");
    const { code, out, err } = await end;
    assert.is(code, 130, err);
    const found = JSON.parse(out) as BenchResult;
    assert.is(found.interrupted, true);
    for (const one of found.operators)
      assert.is(one.seconds.length, found.roofline[0]?.seconds.length);
    assert.match(err, "interrupted by SIGINT");
    assert.not.ok(groupLives(pid), "no process is left");
  },
  RUN,
);

test(
  "on a terminal it shows how far it is, and leaves the terminal as it was",
  async () => {
    const child = terminal(FEW.join(" ").replace("--rounds 2", "--rounds 99"), {
      LANG: "C.UTF-8",
    });
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
    });
    const [code] = await once(child, "close");
    assert.is(code, 0, shown);
    assert.match(shown, /roofline [█░]{24} +\d+%/);
    assert.ok(
      shown.lastIndexOf("\x1b[?25h") > shown.lastIndexOf("\x1b[?25l"),
      "the cursor is shown",
    );
    assert.match(shown, "\x1b[1mPure read, GB/s: the roofline\x1b[22m");
  },
  RUN,
);

test(
  "the help tells the parts and how a comparison is judged; completion knows the parts",
  async () => {
    const { out } = await run(["bench", "--help"]);
    for (const text of [
      "roofline",
      "crossover",
      "--fail-under",
      "upper quartile",
      "sum, mean, dot",
    ]) {
      assert.match(out, text);
    }
    const completed = await run(["--get-yargs-completions", "ringfold", "bench", "r"]);
    assert.equal(completed.out.trim().split("\n").sort(), ["ring", "roofline"]);
  },
  RUN,
);

test("nothing of it is loaded by importing ringfold", async () => {
  const root = new URL("../../src/", import.meta.url);
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    const path = url.href.slice(root.href.length);
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(url, "utf8");
    for (const [, from] of text.matchAll(/^(?:import|export) [^;]*?from "(\.[^"]+)";/gms)) {
      visit(new URL(from!, url));
    }
  };
  visit(new URL("index.js", root));
  assert.ok(seen.size > 20);
  assert.ok(seen.has("engine/engine.js"), [...seen].join(" "));
  for (const path of seen) assert.not.ok(/^(bench|cli|stress|check)\//.test(path), path);
});
