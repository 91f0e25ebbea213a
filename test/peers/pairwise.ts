// The textbook's algorithm in the core, against the textbook's program in Python, and in C++ over
// oneTBB's queue.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createEngine } from "../../src/index.js";
import { interleave, type Side, same, spread, type Times, time, timesOf } from "./measure.js";
import { Child, startNative } from "./native.js";
import { digits, least, type Row, ratioRow } from "./row.js";

const SCRIPT = fileURLToPath(new URL("../../../test/peers/textbook.py", import.meta.url));
const OURS = 1_000_000;
/** Calls a turn: a turn takes a peer 100 ms and more, and one call of ours 1 to 2. */
const CALLS = 32;
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

/** Nanoseconds an element of the program in C++. */
export async function askTextbook(child: Child, count: number, workers: number): Promise<number> {
  const [ns, sum] = await child.ask("sum", count, workers);
  same(child.title, Number(sum), sumTo(count));
  return Number(ns) / count;
}

export async function pairwise(rounds: number): Promise<{ rows: Row[]; times: Times }> {
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
    const calls = () => {
      for (let i = 0; i < CALLS; i++) sum();
    };
    sides.push({ name, run: () => (time(calls) / CALLS / OURS) * 1e6 });
  }
  const ours = sides.map((s) => s.name);
  for (const workers of [1, 2]) {
    sides.push({ name: `Python, ${workers} workers`, run: () => textbook(workers) });
  }
  const pythons = sides.slice(ours.length).map((s) => s.name);
  const child = await startNative("textbook");
  if (child instanceof Child) {
    for (const workers of [1, 2]) {
      const run = () => askTextbook(child, OURS, workers);
      sides.push({ name: `C++ over TBB's queue, ${workers} workers`, run });
    }
  }
  const cpps = sides.slice(ours.length + pythons.length).map((s) => s.name);
  let times: Times;
  try {
    times = await interleave(sides, rounds, 1);
  } finally {
    if (child instanceof Child) await child.close();
  }
  const show = (ns: number) => `${digits(ns)} ns`;
  const what = `pairwise sum of ${OURS} numbers, an element, against the textbook's program`;
  const python = `${what} on ${THEIRS}`;
  const rows = [ratioRow("pairwise", python, times, ours, pythons, show, least(10_000))];
  for (const { name } of sides) {
    const ns = spread(timesOf(times, name)).median;
    rows[0]?.notes.push(
      `  ${show(ns).padEnd(10)} ${digits(1e9 / ns).padEnd(12)} elements a second  ${name}`,
    );
  }
  if (child instanceof Child) {
    rows.push(ratioRow("pairwise-cpp", `${what} in C++`, times, ours, cpps, show, least(3)));
  } else {
    rows[0]?.notes.push(child);
  }
  return { rows, times };
}
