// The fast dot product of float64, against loops in plain JavaScript and @stdlib's ddot.

import { createEngine } from "../../src/index.js";
import { fill } from "./loops.js";
import { FAST, interleave, type Side, same, spread, time, timesOf } from "./measure.js";
import { digits, ratioRow } from "./row.js";
import { STDLIB, stdlibDot } from "./stdlib.js";

const MIB = 256;
const LENGTH = MIB * 2 ** 17;
const ONE = "reduceSync, 1 thread";
const TWO = "reduceSync, 2 threads";

type Dot = (x: Float64Array, y: Float64Array) => number;

/** The array's length is a multiple of 4. */
const dots: { readonly [name: string]: Dot } = {
  "JavaScript, simple": (x, y) => {
    let s = 0;
    for (let i = 0; i < x.length; i++) s += (x[i] as number) * (y[i] as number);
    return s;
  },
  "JavaScript, 4 sums": (x, y) => {
    const n = x.length;
    let s = 0;
    let t = 0;
    let u = 0;
    let v = 0;
    for (let i = 0; i < n; i += 4) {
      s += (x[i] as number) * (y[i] as number);
      t += (x[i + 1] as number) * (y[i + 1] as number);
      u += (x[i + 2] as number) * (y[i + 2] as number);
      v += (x[i + 3] as number) * (y[i + 3] as number);
    }
    return s + t + (u + v);
  },
  "@stdlib ddot": stdlibDot,
};

export async function dot(rounds: number) {
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  await Promise.all([one.ready(), two.ready()]);
  const pair = (make: () => Float64Array): [Float64Array, Float64Array] => {
    const [x, y] = [make(), make()];
    fill(x);
    y.set(x);
    return [x, y];
  };
  const a = pair(() => one.alloc("float64", LENGTH));
  const b = pair(() => two.alloc("float64", LENGTH));
  const plain = pair(() => new Float64Array(LENGTH));
  const ours = one.reduceSync(a, "dot", FAST);
  same(TWO, two.reduceSync(b, "dot", FAST), ours);
  const sides: Side[] = [
    { name: ONE, run: () => time(() => one.reduceSync(a, "dot", FAST)) },
    { name: TWO, run: () => time(() => two.reduceSync(b, "dot", FAST)) },
  ];
  for (const [name, loop] of Object.entries(dots)) {
    same(name, loop(...plain), ours);
    sides.push({ name, run: () => time(() => loop(...plain)) });
  }
  const times = await interleave(sides, rounds, 2);
  const show = (ms: number) => `${digits(ms)} ms ${digits((MIB * 2 ** 21) / ms / 1e6)} GB/s`;
  const theirs = Object.keys(dots);
  const row = (name: string, threads: string, side: string) =>
    ratioRow(
      name,
      `fast dot of float64, twice ${MIB} MiB, ${threads}, against the best in JavaScript`,
      times,
      [side],
      theirs,
      show,
    );
  const single = row("dot-js-1", "1 thread", ONE);
  for (const name of theirs) {
    single.notes.push(`  ${show(spread(timesOf(times, name)).median).padEnd(24)} ${name}`);
  }
  single.notes.push(STDLIB);
  return { rows: [single, row("dot-js-2", "2 threads", TWO)], times };
}
