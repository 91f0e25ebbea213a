// Where a call was seen to take many times as long as what a JavaScript programmer writes instead:
// each of these beside the plain loop, in turns. The figure is how many times as long ours takes.
//
//     npm run bench:cliffs -- [NAME …] [--rounds N]

import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { createEngine, type Engine, type OperatorName } from "../../src/index.js";
import { Condition, Mutex, Semaphore } from "../../src/sync/index.js";
import { accumulate, combine, finish, identity } from "./cliffs-operator.js";
import { interleave, ratios, type Side, spread, timesOf } from "./measure.js";
import { digits, figureRow, format, isMet, most, type Row, summary } from "./row.js";

/** How many times as long as the plain loop a call may take. */
const GOAL = most(3);
const ROUNDS = 21;
const WARM = 5;
const MILLION = 1_000_000;
const ARRAYS = 16_000;
const WAITERS = 4000;

type Run = () => unknown;

interface Cliff {
  readonly what: string;
  /** Calls a turn, for those that are too short to be timed alone. */
  readonly calls?: number;
  readonly rounds?: number;
  make(engine: Engine): { readonly ours: Run; readonly plain: Run };
}

/** Used, so that no loop is left out. */
let sink: unknown;

function side(name: string, run: Run, calls: number): Side {
  return {
    name,
    run: async () => {
      const start = performance.now();
      // What a synchronous call takes has no promise in it.
      for (let i = 0; i < calls; i++) {
        sink = run();
        if (sink instanceof Promise) await sink;
      }
      return (performance.now() - start) / calls;
    },
  };
}

// --- plain loops --------------------------------------------------------------------------

type Loop = (x: ArrayLike<number>) => number;

const sum: Loop = (x) => {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += x[i] as number;
  return s;
};
const squares: Loop = (x) => {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += (x[i] as number) * (x[i] as number);
  return s;
};
const variance: Loop = (x) => {
  const mean = sum(x) / x.length;
  let q = 0;
  for (let i = 0; i < x.length; i++) q += ((x[i] as number) - mean) ** 2;
  return q / x.length;
};
const condition: Loop = (x) => {
  let s = 0;
  let a = 0;
  for (let i = 0; i < x.length; i++) {
    s += x[i] as number;
    a += Math.abs(x[i] as number);
  }
  return a / Math.abs(s);
};
const loops: { readonly [op: string]: Loop } = {
  sum,
  mean: (x) => sum(x) / x.length,
  l2: (x) => Math.sqrt(squares(x)),
  dot: squares,
  variance,
  std: (x) => Math.sqrt(variance(x)),
  conditionNumber: condition,
};

/** A function of its own a cliff: V8 compiles it for what it is given there. */
function loopOf(op: string): Loop {
  const loop = loops[op] as Loop;
  const text = Object.entries({ sum, squares, variance })
    .map(([name, f]) => `const ${name} = ${f};`)
    .join("\n");
  return new Function(`${text}\nreturn ${loop};`)() as Loop;
}

// --- the cliffs ---------------------------------------------------------------------------

function floats(engine: Engine, n: number, at: (i: number) => number): Float64Array {
  const x = engine.alloc("float64", n);
  for (let i = 0; i < n; i++) x[i] = at(i);
  return x;
}

const reduce = (what: string, op: OperatorName, n: number, at: (i: number) => number): Cliff => ({
  what,
  calls: Math.ceil(100_000 / n),
  make: (engine) => {
    const x = floats(engine, n, at);
    const loop = loopOf(op);
    return {
      ours: () => engine.reduceSync(op === "dot" ? [x, x] : x, op),
      plain: () => loop(x),
    };
  },
});

const few = (op: OperatorName) => reduce(`${op} of 100 numbers`, op, 100, () => Math.random() * 10);
const wide = (op: OperatorName) =>
  reduce(`${op} of 1e300, 1e-300, …`, op, MILLION, (i) => (i % 2 === 0 ? 1e300 : 1e-300));
const nans = (op: OperatorName) =>
  reduce(`${op} of numbers, 0.1% NaN`, op, MILLION, (i) =>
    i % 1000 === 7 ? Number.NaN : Math.random(),
  );

/** Places of arrays, each as often as another, none beside the last. */
function turns(): () => number {
  let i = 0;
  return () => {
    i = (i + 7919) % ARRAYS;
    return i;
  };
}

/** Whoever comes waits for the one before. */
function chain() {
  let last: Promise<unknown> = Promise.resolve();
  return (body: () => void) => {
    last = last.then(body);
    return last;
  };
}

const all = (n: number, call: (i: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: n }, (_, i) => call(i + 1)));

const waiting = (what: string, ours: () => Promise<unknown>): Cliff => ({
  what: `${what}, ${WAITERS} at once, against as many turns of the event loop`,
  rounds: 7,
  make: () => ({
    ours,
    plain: async () => {
      const turn = chain();
      await all(WAITERS, () => turn(() => {}));
      for (let i = 0; i < WAITERS; i++) await new Promise((done) => setImmediate(done));
    },
  }),
});

const cliffs: { readonly [name: string]: Cliff } = {
  "many-arrays": {
    what: `sum of one of ${ARRAYS} live arrays of 1,000`,
    calls: 1000,
    make: (engine) => {
      const arrays = Array.from({ length: ARRAYS }, () => floats(engine, 1000, (i) => i));
      const loop = loopOf("sum");
      const next = turns();
      const pick = () => arrays[next()] as Float64Array;
      return { ours: () => engine.reduceSync(pick(), "sum"), plain: () => loop(pick()) };
    },
  },
  "free-many": {
    what: `free and alloc among ${ARRAYS} live arrays of 1,000, against new arrays`,
    calls: 1000,
    make: (engine) => {
      const arrays = Array.from({ length: ARRAYS }, () => engine.alloc("float64", 1000));
      const next = turns();
      return {
        ours: () => {
          const i = next();
          engine.free(arrays[i] as Float64Array);
          arrays[i] = engine.alloc("float64", 1000);
        },
        plain: () => new Float64Array(new SharedArrayBuffer(8000)),
      };
    },
  },
  "promise-all": {
    what: "2,000 calls in one Promise.all, each of 20,000 numbers",
    rounds: 7,
    make: (engine) => {
      const x = floats(engine, 20_000, (i) => i);
      const loop = loopOf("sum");
      return {
        ours: () => all(2000, () => engine.reduce(x, "sum")),
        plain: () => all(2000, async () => loop(x)),
      };
    },
  },
  "lock-async": waiting("Mutex.lockAsync", async () => {
    const mutex = Mutex.init();
    await all(WAITERS, async (i) => {
      await Mutex.lockAsync(mutex, i);
      Mutex.unlock(mutex, i);
    });
  }),
  "wait-async": waiting("Semaphore.waitAsync", async () => {
    const sem = Semaphore.init(1);
    await all(WAITERS, async () => {
      await Semaphore.waitAsync(sem);
      Semaphore.post(sem);
    });
  }),
  "condition-async": waiting("Condition.waitAsync and a signal for each", async () => {
    const [mutex, cond] = [Mutex.init(), Condition.init()];
    const waiters = all(WAITERS, async (i) => {
      await Mutex.lockAsync(mutex, i);
      await Condition.waitAsync(cond, mutex, i);
      Mutex.unlock(mutex, i);
    });
    await Mutex.lockAsync(mutex, WAITERS + 1);
    Mutex.unlock(mutex, WAITERS + 1);
    for (let i = 0; i < WAITERS; i++) Condition.signal(cond);
    await waiters;
  }),
  "plain-numbers": {
    what: "sum of a plain array of a million numbers",
    make: (engine) => {
      const x = Array.from({ length: MILLION }, () => Math.random());
      const loop = loopOf("sum");
      return { ours: () => engine.reduceSync(x, "sum"), plain: () => loop(x) };
    },
  },
  "plain-async": {
    what: "the same, without blocking",
    make: (engine) => {
      const x = Array.from({ length: MILLION }, () => Math.random());
      const loop = loopOf("sum");
      return { ours: () => engine.reduce(x, "sum"), plain: () => loop(x) };
    },
  },
  "plain-bigints": {
    what: "sum of a plain array of a million bigints",
    make: (engine) => {
      const x = Array.from({ length: MILLION }, (_, i) => BigInt(i) * 12_345n);
      return {
        ours: () => engine.reduceSync(x, "sum"),
        plain: () => {
          let s = 0n;
          for (let i = 0; i < x.length; i++) s += x[i] as bigint;
          return s;
        },
      };
    },
  },
  "few-sum": few("sum"),
  "few-mean": few("mean"),
  "few-l2": few("l2"),
  "few-dot": few("dot"),
  "few-variance": few("variance"),
  "few-std": few("std"),
  "few-condition": few("conditionNumber"),
  "wide-dot": wide("dot"),
  "wide-variance": wide("variance"),
  "nan-dot": nans("dot"),
  "nan-variance": nans("variance"),
  "pairwise-objects": {
    what: "pairwise user operator with objects for states, of 100,000 numbers",
    rounds: 7,
    make: (engine) => {
      const x = floats(engine, 100_000, (i) => i % 100);
      const url = new URL("./cliffs-operator.js", import.meta.url);
      return {
        ours: () => engine.reduce(x, url, { schedule: "pairwise" }),
        plain: () => {
          let state = identity;
          for (const v of x) state = combine(state, accumulate(identity, v));
          return finish(state);
        },
      };
    },
  },
};

async function rowOf(name: string, cliff: Cliff, rounds: number | undefined): Promise<Row> {
  await using engine = await createEngine({ threads: Math.min(2, availableParallelism()) });
  await engine.ready();
  const { ours, plain } = cliff.make(engine);
  const { calls = 1 } = cliff;
  const sides = [side("ringfold", ours, calls), side("plain", plain, calls)];
  const times = await interleave(sides, rounds ?? cliff.rounds ?? ROUNDS, WARM, 0);
  const show = (ms: number) => (ms < 0.1 ? `${digits(ms * 1e6)} ns` : `${digits(ms)} ms`);
  return {
    name,
    what: cliff.what,
    sides: sides.map((s) => ({ name: s.name, text: show(spread(timesOf(times, s.name)).median) })),
    figure: spread(ratios(times, "plain", "ringfold")),
    unit: "× as long",
    goal: GOAL,
    notes: [],
  };
}

/** Resident bytes of a process with an engine of 256 threads, in GB: no loop has as many. */
async function threads256(): Promise<Row> {
  const before = process.memoryUsage.rss();
  await using engine = await createEngine({ threads: 256 });
  await engine.ready();
  engine.reduceSync(
    floats(engine, MILLION, (i) => i),
    "sum",
  );
  const gigabytes = (process.memoryUsage.rss() - before) / 1e9;
  return figureRow("threads-256", "resident memory of 256 threads", [gigabytes], "GB");
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" } },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const isWanted = (name: string) =>
    positionals.length === 0 || positionals.some((text) => name.includes(text));
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} processors, Node ${process.version}`);
  const rows: Row[] = [];
  for (const [name, cliff] of Object.entries(cliffs)) {
    if (isWanted(name)) rows.push(await rowOf(name, cliff, rounds));
  }
  if (isWanted("threads-256")) rows.push(await threads256());
  for (const row of rows) console.log(format(row));
  console.log(`\n${summary(rows)}`);
  if (rows.some((row) => isMet(row) === false)) process.exitCode = 3;
}

await main();
