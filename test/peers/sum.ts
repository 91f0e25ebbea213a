// The fast sum of float64 on one and two threads, against the best loop in plain JavaScript
// or @stdlib, and against pools of threads; and the pure read, which no sum can beat.

import { createEngine } from "../../src/index.js";
import { fill, freshLoops, type Loop, loops } from "./loops.js";
import {
  FAST,
  fastest,
  interleave,
  ratios,
  type Side,
  same,
  spread,
  type Times,
  time,
  timeAsync,
  timesOf,
} from "./measure.js";
import { PLAIN_POOLS, type Pool, poolSum, startPool } from "./pool.js";
import { Reader } from "./reader.js";
import { digits, least, type Row, ratioRow } from "./row.js";
import { STDLIB, stdlibSums } from "./stdlib.js";

const LOOPS = Object.keys(loops);
const CHUNKS = [2, 16];
const ON_SHARED = LOOPS.map((loop) => `JavaScript, ${loop}, SharedArrayBuffer`);
const ON_PLAIN = LOOPS.map((loop) => `JavaScript, ${loop}, ArrayBuffer`);
const STDLIB_SUMS = Object.keys(stdlibSums);
const POOLS = CHUNKS.flatMap((n) => PLAIN_POOLS.map((pool) => `${pool}, ${n} tasks`));
/** What a pool runs is chosen by so many sums with every loop. */
const TRIALS = 3;
const ONE = "reduceSync, 1 thread";
const TWO = "reduceSync, 2 threads";
const TWO_ASYNC = "reduce, 2 threads";
const READ_ONE = "pure read, 1 thread";
const READ_TWO = "pure read, 2 threads";

async function measure(mib: number, repeat: number, rounds: number): Promise<Times> {
  const length = mib * 2 ** 17;
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  await Promise.all([one.ready(), two.ready()]);
  const x = one.alloc("float64", length);
  const y = two.alloc("float64", length);
  fill(x);
  y.set(x);
  const plain = new Float64Array(length);
  plain.set(x);
  const reader = await Reader.start(two);

  const each = (run: () => unknown) => () => {
    const ms = time(() => {
      for (let i = 0; i < repeat; i++) run();
    });
    return ms / repeat;
  };
  const eachAsync = (run: () => Promise<unknown>) => async () => {
    const ms = await timeAsync(async () => {
      for (let i = 0; i < repeat; i++) await run();
    });
    return ms / repeat;
  };
  const sides: Side[] = [
    { name: ONE, run: each(() => one.reduceSync(x, "sum", FAST)) },
    { name: TWO, run: each(() => two.reduceSync(y, "sum", FAST)) },
    { name: TWO_ASYNC, run: eachAsync(() => two.reduce(y, "sum", FAST)) },
    { name: READ_ONE, run: each(() => reader.read(y, 1)) },
    { name: READ_TWO, run: each(() => reader.read(y, 2)) },
  ];
  const ours = one.reduceSync(x, "sum", FAST);
  same(TWO, two.reduceSync(y, "sum", FAST), ours);
  same(TWO_ASYNC, await two.reduce(y, "sum", FAST), ours);
  for (const [kind, array, names] of [
    ["shared", y, ON_SHARED],
    ["plain", plain, ON_PLAIN],
  ] as const) {
    const own = await freshLoops(kind);
    for (const [i, name] of names.entries()) {
      const loop = own[LOOPS[i] as string] as Loop;
      same(name, loop(array), ours);
      sides.push({ name, run: each(() => loop(array)) });
    }
  }
  for (const [name, sum] of Object.entries(stdlibSums)) {
    same(name, sum(plain), ours);
    sides.push({ name, run: each(() => sum(plain)) });
  }
  const opened: Pool[] = [];
  for (const plainPool of PLAIN_POOLS) {
    const pool = await startPool(plainPool, 2, y);
    opened.push(pool);
    for (const chunks of CHUNKS) {
      const name = `${plainPool}, ${chunks} tasks`;
      const loop = await bestLoop(name, pool, length, chunks, ours);
      sides.push({ name, run: eachAsync(() => poolSum(pool, loop, length, chunks)) });
    }
  }
  try {
    return await interleave(sides, rounds, 1);
  } finally {
    for (const pool of opened) await pool.close();
    await reader.close();
  }
}

/** The loop with which a pool is fastest; the pool is warm then. */
async function bestLoop(
  name: string,
  pool: Pool,
  length: number,
  chunks: number,
  ours: unknown,
): Promise<string> {
  const times = new Map<string, number>();
  for (const loop of LOOPS) {
    for (let trial = 0; trial < TRIALS; trial++) {
      const ms = await timeAsync(async () => {
        same(`${name}, ${loop}`, await poolSum(pool, loop, length, chunks), ours);
      });
      times.set(loop, Math.min(ms, times.get(loop) ?? ms));
    }
  }
  return LOOPS.reduce((a, b) => ((times.get(b) as number) < (times.get(a) as number) ? b : a));
}

function rows(times: Times, mib: number, suffix: string, goals: readonly (number | undefined)[]) {
  const show = (ms: number) => `${digits(ms)} ms ${digits((mib * 2 ** 20) / ms / 1e6)} GB/s`;
  const what = `fast sum of float64, ${mib} MiB`;
  const row = (name: string, about: string, ours: string[], theirs: string[], goal?: number) =>
    ratioRow(
      name + suffix,
      `${what}, ${about}`,
      times,
      ours,
      theirs,
      show,
      goal === undefined ? undefined : least(goal),
    );
  const js = [...ON_SHARED, ...ON_PLAIN, ...STDLIB_SUMS];
  const pools = "2 threads, against the best pool, the data shared";
  const all: [Row, string][] = [
    [row("sum-1", "1 thread, against the best JavaScript loop", [ONE], js, goals[0]), READ_ONE],
    [
      row("sum-2", "2 threads, against the best JavaScript loop", [TWO, TWO_ASYNC], js, goals[1]),
      READ_TWO,
    ],
    [row("sum-pool", pools, [TWO, TWO_ASYNC], POOLS, goals[2]), READ_TWO],
  ];
  const best = fastest(times, js);
  for (const [result, limit] of all) {
    const [us, them] = result.sides.map((s) => s.name) as [string, string];
    const share = spread(ratios(times, us, limit)).median;
    const most = spread(ratios(times, limit, them)).median;
    const ms = spread(timesOf(times, limit)).median;
    result.notes.push(
      `${limit}: ${show(ms)}; ours is at ${digits(share * 100)}% of it, and a sum that did ` +
        `nothing but read would be ${digits(most)}×`,
    );
  }
  const simple = fastest(times, [ON_SHARED[0] as string, ON_PLAIN[0] as string]);
  all[0]?.[0].notes.push(
    `against the loop that one writes first (${simple}): ` +
      `${digits(spread(ratios(times, ONE, simple)).median)}×; best loop: ${best}`,
    STDLIB,
  );
  for (const name of [...js, TWO, TWO_ASYNC, ...POOLS]) {
    const list = POOLS.includes(name) ? all[2] : js.includes(name) ? all[0] : all[1];
    list?.[0].notes.push(`  ${show(spread(timesOf(times, name)).median).padEnd(24)} ${name}`);
  }
  return all.map(([result]) => result);
}

/** In memory, and for comparison in the processor's cache, where memory is no limit. */
export async function sum(rounds: number) {
  const times = await measure(512, 1, rounds);
  return { rows: rows(times, 512, "", [2.5, 5, 2]), times };
}

export async function cached(rounds: number) {
  const times = await measure(8, 8, rounds * 2);
  return { rows: rows(times, 8, "-cached", []), times };
}
