// Plain arrays of numbers and bigints: read once, by index, and nothing of them stays.

import { createEngine, type Engine, type Input } from "../../src/index.js";
import { exactly } from "../exact.js";
import { assert, seeded, test } from "../harness.js";

const random = seeded("plain");
/** Inline, in the engine's memory on workers, and where the memory has no room for a copy. */
const LENGTHS = [0, 1, 100, 8_191, 8_193, 100_000, 1_000_000];

let engine: Engine;
let small: Engine;
let used: readonly number[];
test.before(async () => {
  engine = await createEngine({ threads: 2 });
  small = await createEngine({ threads: 2, maxBytes: 16 * 1024 * 1024 });
  await Promise.all([engine.ready(), small.ready()]);
  // What a thread takes once and keeps: its stage.
  const once = Float64Array.of(1);
  for (const it of [engine, small]) it.reduceSync(once, "sum");
  used = [engine.stats().usedBytes, small.stats().usedBytes];
});
test.after.each(() => {
  assert.equal([engine.stats().usedBytes, small.stats().usedBytes], used, "no byte is left");
});
test.after(async () => {
  await engine.close();
  await small.close();
});

const numbers = (n: number) => Array.from({ length: n }, () => (random.next() - 0.25) * 1e3);
const bigints = (n: number) => Array.from({ length: n }, () => BigInt.asIntN(64, random.bits64()));

test("numbers have the values of a Float64Array, whatever their length", async () => {
  for (const n of LENGTHS) {
    const x = numbers(n);
    const typed = Float64Array.from(x);
    const [sum, squares] = [exactly("sum", x), exactly("sumSquares", x)];
    for (const it of [engine, small]) {
      assert.same(it.reduceSync(x, "sum"), sum, `${n}`);
      assert.same(await it.reduce(x, "sum"), sum, `${n}`);
      assert.same(await it.reduce([x, x], "dot"), squares, `${n}`);
      assert.same(it.reduceSync([x, typed], "dot"), squares, `${n}`);
      // Pairwise rounds hold all numbers.
      if (it === small && n === 1_000_000) continue;
      const pairwise = { schedule: "pairwise" } as const;
      assert.same(await it.reduce(x, "sum", pairwise), await it.reduce(typed, "sum", pairwise));
    }
  }
});

test("bigints are int64, exactly", async () => {
  for (const n of LENGTHS.slice(1)) {
    const x = bigints(n);
    const sum = x.reduce((a, b) => a + b, 0n);
    for (const it of [engine, small]) {
      assert.is(it.reduceSync(x, "sum"), sum);
      assert.is(await it.reduce(x, "sum"), sum);
    }
  }
});

test("no iterator and no `from` is asked for the elements", async () => {
  const x = numbers(100_000);
  const big = bigints(70_000);
  const sum = exactly("sum", x);
  const sumOfBig = big.reduce((a, b) => a + b, 0n);
  const iterate = Array.prototype[Symbol.iterator];
  const froms = [Float64Array, BigInt64Array].map((array) => Object.getPrototypeOf(array));
  const from = froms[0].from;
  const inputs = new Set<unknown>([x, big]);
  // Everybody else's arrays are as they were.
  Array.prototype[Symbol.iterator] = function (this: unknown[]) {
    return iterate.call(inputs.has(this) ? this.slice(1) : this);
  } as typeof iterate;
  froms[0].from = (values: unknown, ...rest: unknown[]) =>
    from.call(Float64Array, inputs.has(values) ? [42] : values, ...rest);
  try {
    assert.same(engine.reduceSync(x, "sum"), sum);
    assert.same(await engine.reduce(x, "sum"), sum);
    assert.is(engine.reduceSync(big, "sum"), sumOfBig);
    const shared = engine.share(x);
    assert.same(engine.reduceSync(shared, "sum"), sum);
    engine.free(shared);
    assert.same(engine.accumulator("sum").add(x).value(), sum);
  } finally {
    Array.prototype[Symbol.iterator] = iterate;
    froms[0].from = from;
  }
});

test("each element is read once", async () => {
  const x = numbers(20_000);
  let reads = 0;
  const watched = new Proxy(x, {
    get: (target, key) => {
      if (typeof key === "string" && /^\d+$/.test(key)) reads++;
      return Reflect.get(target, key) as unknown;
    },
  });
  assert.same(await engine.reduce(watched, "sum"), exactly("sum", x));
  // The first one tells the type as well.
  assert.is(reads, x.length + 1);
});

test("a call sees the array as it was, whatever becomes of it", async () => {
  for (const it of [engine, small]) {
    const x = numbers(1_000_000);
    const sum = exactly("sum", x);
    const call = it.reduce(x, "sum");
    x.fill(0);
    x.length = 3;
    assert.same(await call, sum);
  }
});

test("an odd element anywhere is an error that names it, and leaves nothing", async () => {
  for (const n of [100, 100_000]) {
    for (const at of [1, n >> 1, n - 1]) {
      for (const odd of ["7", null, undefined, 7n, {}]) {
        const x: unknown[] = numbers(n);
        x[at] = odd;
        const says = new RegExp(`element ${at} is ${typeof odd}`);
        const calls = [
          assert.code(() => engine.reduceSync(x as Input, "sum"), "ERR_DTYPE"),
          await assert.rejects(engine.reduce(x as Input, "sum"), "ERR_DTYPE"),
          assert.code(() => engine.share(x as number[]), "ERR_DTYPE"),
        ];
        for (const error of calls) assert.match((error as Error).message, says);
      }
    }
  }
  const holes = numbers(100);
  delete holes[60];
  assert.code(() => engine.reduceSync(holes, "sum"), "ERR_DTYPE");
  const wide = bigints(100_000);
  wide[99_999] = 2n ** 63n;
  const error = assert.code(() => engine.reduceSync(wide, "sum"), "ERR_INPUT");
  assert.match((error as Error).message, /element 99999, 9223372036854775808, does not fit int64/);
  await assert.rejects(engine.reduce([numbers(70_000), bigints(70_000)], "dot"), "ERR_DTYPE");
});

test("a call that is aborted or late gives the copy back", async () => {
  const x = numbers(1_000_000);
  const abort = new AbortController();
  const call = engine.reduce(x, "sum", { signal: abort.signal });
  abort.abort();
  await call.catch(() => {});
  await engine.reduce(x, "sum", { timeout: 1e-3 }).catch(() => {});
  try {
    engine.reduceSync(x, "sum", { timeout: 1e-3 });
  } catch {}
  while (engine.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.same(await engine.reduce(x, "sum"), exactly("sum", x));
});
