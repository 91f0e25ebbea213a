// The textbook's algorithm in the core, against the textbook's program in Python.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createEngine } from "../../src/index.js";
import { interleave, type Side, same, spread, time, timesOf } from "./measure.js";
import { digits, least, ratioRow } from "./row.js";

const SCRIPT = fileURLToPath(new URL("../../../test/peers/textbook.py", import.meta.url));
const OURS = 1_000_000;
/** Python takes about half a second for these. */
const THEIRS = 20_000;
const PYTHON = "/usr/bin/python3";

const sumTo = (n: number) => (n * (n - 1)) / 2;

/** Nanoseconds an element. */
async function textbook(workers: number): Promise<number> {
  const args = [SCRIPT, String(THEIRS), String(workers)];
  const { stdout } = await promisify(execFile)(PYTHON, args);
  const { seconds, sum } = JSON.parse(stdout) as { seconds: number; sum: number };
  same("the textbook's program", sum, sumTo(THEIRS));
  return (seconds / THEIRS) * 1e9;
}

export async function pairwise(rounds: number) {
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  const sides: Side[] = [];
  for (const [engine, name] of [
    [one, "pairwise, 1 thread"],
    [two, "pairwise, 2 threads"],
  ] as const) {
    const x = engine.alloc("float64", OURS).map((_, i) => i);
    const shared = engine.share(x);
    const sum = () => engine.reduceSync(shared, "sum", { schedule: "pairwise" });
    same(name, sum(), sumTo(OURS));
    same(
      `${name}, of ${THEIRS}`,
      engine.reduceSync(shared.subarray(0, THEIRS), "sum", { schedule: "pairwise" }),
      sumTo(THEIRS),
    );
    sides.push({ name, run: () => (time(sum) / OURS) * 1e6 });
  }
  const ours = sides.map((s) => s.name);
  for (const workers of [1, 2]) {
    sides.push({ name: `Python, ${workers} workers`, run: () => textbook(workers) });
  }
  const theirs = sides.slice(ours.length).map((s) => s.name);
  const times = await interleave(sides, rounds, 1);
  const row = ratioRow(
    "pairwise",
    `pairwise sum of ${OURS} numbers, against the textbook's program on ${THEIRS}, an element`,
    times,
    ours,
    theirs,
    (ns) => `${digits(ns)} ns`,
    least(1000),
  );
  for (const { name } of sides) {
    const ns = spread(timesOf(times, name)).median;
    row.notes.push(
      `  ${`${digits(ns)} ns`.padEnd(10)} ${digits(1e9 / ns).padEnd(12)} elements a second  ${name}`,
    );
  }
  return { rows: [row], times };
}
