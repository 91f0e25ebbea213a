// A reduction too small to share out: the cost of a call.

import { createEngine } from "../../src/index.js";
import { fill, freshLoops, type Loop, loops } from "./loops.js";
import { FAST, interleave, type Side, same, spread, time, timesOf } from "./measure.js";
import { digits, least, ratioRow } from "./row.js";
import { STDLIB, stdlibSums } from "./stdlib.js";

const LENGTH = 1000;
const CALLS = 20_000;
const WARM = 5;
const OURS = "reduceSync";
const HOLDING = "reduceSync, 8 elements";

export async function small(rounds: number) {
  await using engine = await createEngine({ threads: 2 });
  await engine.ready();
  const x = engine.alloc("float64", LENGTH);
  fill(x);
  const few = engine.alloc("float64", 8);
  const plain = new Float64Array(x);
  const ours = engine.reduceSync(x, "sum", FAST);

  // Nanoseconds a call; what a call gives is used, so that none can be left out.
  const each = (run: () => number) => () => {
    let all = 0;
    const ms = time(() => {
      for (let i = 0; i < CALLS; i++) all += run();
    });
    same("sum of sums", all, run() * CALLS);
    return (ms / CALLS) * 1e6;
  };
  const sides: Side[] = [
    { name: OURS, run: each(() => engine.reduceSync(x, "sum", FAST) as number) },
    { name: HOLDING, run: each(() => engine.reduceSync(few, "sum", FAST) as number) },
  ];
  for (const [kind, array] of [
    ["SharedArrayBuffer", x],
    ["ArrayBuffer", plain],
  ] as const) {
    const all = { ...(await freshLoops(kind)), ...(array === plain ? stdlibSums : {}) };
    for (const [name, loop] of Object.entries(all) as [string, Loop][]) {
      same(name, loop(array), ours);
      sides.push({ name: `JavaScript, ${name}, ${kind}`, run: each(() => loop(array)) });
    }
  }
  const times = await interleave(sides, rounds, WARM);

  const show = (ns: number) => `${digits(ns)} ns`;
  const js = sides.slice(2).map((s) => s.name);
  const simple = js.filter((name) => name.includes(Object.keys(loops)[0] as string));
  const what = `reduceSync of ${LENGTH} float64`;
  const plainRow = ratioRow(
    "small",
    `${what}, against a plain loop`,
    times,
    [OURS],
    simple,
    show,
    least(1),
  );
  const bestRow = ratioRow("small-best", `${what}, against the best loop`, times, [OURS], js, show);
  const call = spread(timesOf(times, HOLDING)).median;
  plainRow.notes.push(`${show(call)} of it are the call: ${HOLDING}`);
  for (const name of js) {
    bestRow.notes.push(`  ${show(spread(timesOf(times, name)).median).padEnd(10)} ${name}`);
  }
  bestRow.notes.push(STDLIB);
  return { rows: [plainRow, bestRow], times };
}
