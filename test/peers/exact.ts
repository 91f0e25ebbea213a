// Exact sums of floats against the fast ones, against plain JavaScript, compensated sums among it,
// and against those who also sum exactly: Python's math.fsum, the npm package math.sumprecise, and
// what is published of xsum.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createEngine } from "../../src/index.js";
import {
  dataSets,
  type Exact,
  exactDot,
  exactSum,
  fillFactors,
  fillWith,
  fullRangeSingle,
  nearest,
  ordinary,
} from "./exact-data.js";
import { compensated, XSUM } from "./exact-kahan.js";
import {
  againstFast,
  type Comparison,
  close,
  javaScript,
  type Pair,
  rate,
  repeats,
  Section,
  side,
  spentByChild,
  THREADS,
} from "./exact-row.js";
import type { Loop } from "./loops.js";
import { digits } from "./row.js";

const MIB = 2 ** 20;
const LARGE = 512;
/** More than a cache holds. */
const MEDIUM = 64;
/** Data sets that lie in memory at once. */
const BATCH = 6;
const PYTHON = "/usr/bin/python3";
const FSUM = fileURLToPath(new URL("../../../test/peers/fsum.py", import.meta.url));
const sumPrecise = createRequire(import.meta.url)("math.sumprecise/implementation") as Loop;

/** 512 MiB against the fast sum and the best loop. */
async function large(section: Section): Promise<void> {
  const names = ["exact-sum-1", "exact-sum-2", "exact-js-1", "exact-js-2"];
  if (!names.some(section.wants)) return;
  const part = (MEDIUM * MIB) / 8;
  const pair = section.alloc("float64", LARGE * MIB, (x) => fillWith(x, ordinary, part));
  const truth = nearest(exactSum(pair[0].subarray(0, part)), LARGE / MEDIUM);
  const what = `sum of float64, ${LARGE} MiB`;
  const runs = section.runs((t) => pair[t], "sum");
  const all = againstFast("exact-sum", what, runs, LARGE * MIB, truth, 0.85);
  const js = names.slice(2).some(section.wants) ? await javaScript(pair[0], truth) : [];
  const loops = all.map((c, t) => ({
    ...c,
    name: `exact-js-${t + 1}`,
    what: `exact ${what}, ${THREADS[t]}, against the best JavaScript loop`,
    theirs: js,
    goal: [1.5, 2.5][t],
  }));
  await section.compare("large", [...all, ...loops]);
  section.free(pair);
}

function published(): string[] {
  const { machine, large, small, ordered, unordered } = XSUM;
  const gigabytes = (ns: number) => `${digits(8 / ns)} GB/s`;
  return [
    `xsum as published, arXiv:1505.05571, not measured here: ${machine}, 80 MB`,
    `  ${gigabytes(large)} large, ${gigabytes(small)} small superaccumulator`,
    `  ${gigabytes(unordered)} inexact in any order, ${gigabytes(ordered)} in order`,
    `  ${digits(unordered / large)} × of the inexact sum in any order, ${digits(ordered / large)} × in order`,
  ];
}

/** Others that sum exactly, or nearly. */
async function others(section: Section): Promise<void> {
  if (!["exact-fsum", "exact-npm", "exact-kahan", "exact-xsum"].some(section.wants)) return;
  const pair = section.alloc("float64", MEDIUM * MIB, (x) => fillWith(x, ordinary));
  const plain = pair[0].slice() as Float64Array<ArrayBuffer>;
  const truth = nearest(exactSum(plain));
  const what = `exact sum of float64, ${MEDIUM} MiB, 1 thread`;
  const [run] = section.runs((t) => pair[t], "sum");
  close(what, run("exact"), truth);
  close("math.sumprecise", sumPrecise(plain), truth);
  const common = {
    show: rate(MEDIUM * MIB),
    ours: side("exact, 1 thread", () => run("exact"), repeats(MEDIUM * MIB)),
  };
  const folder = mkdtempSync(join(tmpdir(), "ringfold-bench-"));
  const file = join(folder, "numbers");
  writeFileSync(file, plain);
  // A process a round: of a child that lives on, the measure takes the work for a stranger's.
  const fsum = async () => {
    const { stdout } = await promisify(execFile)(PYTHON, [FSUM, file]);
    const { seconds, sum, busy } = JSON.parse(stdout) as Record<"seconds" | "sum" | "busy", number>;
    spentByChild(busy * 1000);
    close("math.fsum", sum, truth);
    return seconds * 1000;
  };
  const npm = side("math.sumprecise", () => sumPrecise(plain));
  const pythons = `${what}, against Python's math.fsum`;
  const packages = `${what}, against the npm package`;
  const loops = Object.entries(compensated).map(([name, loop]) => {
    close(name, loop(plain), truth, 1e-15 * plain.length);
    return side(`JavaScript, ${name}'s loop`, () => loop(plain));
  });
  const fast = side("fast, 1 thread", () => run("fast"), repeats(MEDIUM * MIB));
  try {
    await section.compare("others", [
      {
        ...common,
        name: "exact-fsum",
        what: pythons,
        theirs: [{ name: "math.fsum", run: fsum }],
        goal: 50,
      },
      { ...common, name: "exact-npm", what: packages, theirs: [npm], goal: 60 },
      {
        ...common,
        name: "exact-kahan",
        what: `${what}, against compensated loops, which are not exact`,
        theirs: loops,
      },
      { ...common, name: "exact-xsum", what: `${what}, against fast, beside xsum`, theirs: [fast] },
    ]);
    section.rows.find(({ name }) => name === "exact-xsum")?.notes.push(...published());
  } finally {
    rmSync(folder, { recursive: true });
    section.free(pair);
  }
}

/** Data of every kind. A new one that falls below 0.25 is a defect. */
async function sets(section: Section): Promise<void> {
  const wanted = Object.entries(dataSets).filter(([name]) => section.wantsEither(`exact-${name}`));
  const bytes = MEDIUM * MIB;
  for (let from = 0; from < wanted.length; from += BATCH) {
    const all: Comparison[] = [];
    const pairs: Pair[] = [];
    for (const [name, { about, goal, draw, nan }] of wanted.slice(from, from + BATCH)) {
      const pair = section.alloc("float64", bytes, (x) => fillWith(x, draw));
      pairs.push(pair);
      const truth = nearest(exactSum(pair[0], nan === "skip"));
      const runs = section.runs((t) => pair[t], "sum", nan === undefined ? {} : { nan });
      all.push(...againstFast(`exact-${name}`, `sum of ${about}`, runs, bytes, truth, goal));
    }
    await section.compare("sets", all);
    section.free(...pairs);
  }
}

async function dots(section: Section): Promise<void> {
  const hard = ["zeros-10", "zeros-90", "spread-64", "full-range"];
  const comparisons: Comparison[] = [];
  const pairs: Pair[] = [];
  for (const set of [undefined, ...hard]) {
    const name = set === undefined ? "exact-dot" : `exact-dot-${set}`;
    if (!section.wantsEither(name)) continue;
    const { draw, about } = dataSets[set ?? ""] ?? { draw: ordinary, about: "ordinary numbers" };
    const part = (32 * MIB) / 8;
    const times = set === undefined ? 8 : 1;
    const bytes = 32 * MIB * times;
    const x = section.alloc("float64", bytes, (a) => fillWith(a, draw, part));
    const y = section.alloc("float64", bytes, (b) => fillFactors(b, x[0], draw, part));
    const truth = nearest(exactDot(x[0].subarray(0, part), y[0].subarray(0, part)), times);
    const what = `dot of ${about}, 2 × ${32 * times} MiB`;
    const runs = section.runs((t) => [x[t], y[t]], "dot");
    const goal = set === undefined ? 0.33 : 0.25;
    comparisons.push(...againstFast(name, what, runs, 2 * bytes, truth, goal));
    pairs.push(x, y);
  }
  await section.compare("dots", comparisons);
  section.free(...pairs);
}

/** sumSquares, variance (of the population) and mean. */
async function moments(section: Section): Promise<void> {
  const names = ["exact-sum-squares", "exact-variance", "exact-mean"] as const;
  if (!names.some((name) => section.wantsEither(name))) return;
  const bytes = MEDIUM * MIB;
  const log = Math.log2(bytes / 8);
  const pair = section.alloc("float64", bytes, (x) => fillWith(x, ordinary));
  const sum = exactSum(pair[0]);
  const squares = exactDot(pair[0], pair[0]);
  const about = (value: bigint, scale: number): Exact => ({ value, scale, special: undefined });
  const variance = (squares.value << BigInt(log)) - sum.value ** 2n;
  const all = (
    [
      [names[0], "sumSquares", squares, 0],
      [names[1], "variance", about(variance, squares.scale - 2 * log), 1e-15],
      [names[2], "mean", about(sum.value, sum.scale - log), 0],
    ] as const
  )
    .filter(([name]) => section.wantsEither(name))
    .flatMap(([name, operator, exact, relative]) => {
      const truth = nearest(exact);
      const what = `${operator} of float64, ${MEDIUM} MiB`;
      const runs = section.runs((t) => pair[t], operator);
      return againstFast(name, what, runs, bytes, truth, 0.25, relative * Math.abs(truth));
    });
  await section.compare("moments", all);
  section.free(pair);
}

async function singles(section: Section): Promise<void> {
  for (const [name, mib, draw, goal] of [
    ["exact-float32-64", 64, ordinary, undefined],
    ["exact-float32-256", 256, ordinary, undefined],
    ["exact-float32-full-range", 64, fullRangeSingle, 0.25],
  ] as const) {
    const js = `${name}-js`;
    if (![`${name}-1`, `${name}-2`, js].some(section.wants)) continue;
    const [bytes, part] = [mib * MIB, (64 * MIB) / 4];
    const pair = section.alloc("float32", bytes, (x) => fillWith(x, draw, part));
    const truth = nearest(exactSum(pair[0].subarray(0, part)), mib / 64);
    const what = `sum of float32, ${draw === ordinary ? "" : "random bits, "}${mib} MiB`;
    const runs = section.runs((t) => pair[t], "sum");
    const all: Comparison[] = againstFast(name, what, runs, bytes, truth, goal);
    if (draw === ordinary && section.wants(js)) {
      const against = `exact ${what}, 1 thread, against the best JavaScript loop`;
      all.push({
        ...(all[0] as Comparison),
        name: js,
        what: against,
        theirs: await javaScript(pair[0], truth, repeats(bytes)),
        goal: 1.8,
      });
    }
    await section.compare(name, all);
    section.free(pair);
  }
}

/** Calls on few numbers, the final rounding included. */
async function small(section: Section): Promise<void> {
  const comparisons: Comparison[] = [];
  const pairs: Pair[] = [];
  for (const n of [512, 1000, 4096, 65_536]) {
    const name = `exact-small-${n}`;
    if (!section.wants(name)) continue;
    const pair = section.alloc("float64", 8 * n, (x) => fillWith(x, ordinary));
    const truth = nearest(exactSum(pair[1]));
    const [, run] = section.runs((t) => pair[t], "sum");
    close(name, run("exact"), truth);
    const repeat = Math.ceil(2e7 / n);
    const js = await javaScript(pair[1], truth, repeat);
    comparisons.push({
      name,
      what: `exact sum of ${n} float64 by reduceSync, against the best JavaScript loop`,
      show: (ms) => `${digits(ms * 1e6)} ns`,
      ours: side(`reduceSync, ${n} elements`, () => run("exact"), repeat),
      theirs: js.map((loop) => ({ ...loop, name: `${loop.name}, ${n} elements` })),
      goal: 1,
    });
    pairs.push(pair);
  }
  await section.compare("small", comparisons);
  section.free(...pairs);
}

export async function exact(rounds: number, wants: (name: string) => boolean) {
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  const section = new Section([one, two], rounds, wants);
  for (const part of [large, others, sets, dots, moments, singles, small]) await part(section);
  return { rows: section.rows, times: section.times };
}
