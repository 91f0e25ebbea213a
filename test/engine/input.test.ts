// Bad input: a coded error that names the value and the remedy, and an engine
// that works afterwards.

import {
  attachEngine,
  createEngine,
  type Dtype,
  type Engine,
  type EngineOptions,
  type Input,
  type OperatorName,
  type ReduceOptions,
  RingfoldError,
} from "../../src/index.js";
import { assert, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2, maxBytes: 256 * 1024 * 1024 });
});
test.after(() => engine.close());
test.after.each(async () => {
  const x = engine.share(Float64Array.of(1, 2, 3));
  assert.is(engine.reduceSync(x, "sum"), 6, "the engine is alive");
  const y = engine.alloc("float64", 1_000_000);
  y.fill(1);
  assert.is(await engine.reduce(y, "sum"), 1_000_000, "so are its workers");
  engine.free(x);
  engine.free(y);
});

const x = Float64Array.of(1, 2, 3);

/** Both ways fail alike. */
async function fails(
  code: string,
  says: RegExp,
  input: unknown,
  operators: unknown = "sum",
  options: unknown = {},
): Promise<void> {
  const call = [input as Input, operators as OperatorName, options as ReduceOptions] as const;
  const errors = [
    await assert.rejects(engine.reduce(...call), code),
    assert.code(() => engine.reduceSync(...call), code),
  ];
  for (const error of errors) {
    assert.instance(error, RingfoldError);
    assert.match((error as Error).message, says);
  }
}

test("an unknown operator: the nearest is suggested", async () => {
  await fails("ERR_OPERATOR", /unknown operator "sun".*did you mean "sum"/, x, "sun");
  await fails("ERR_OPERATOR", /did you mean "countNonZero"/, x, ["sum", "countNonzero"]);
  await fails("ERR_OPERATOR", /""/, x, "");
  for (const none of [[], 7, null, {}, ["sum,min"]]) await fails("ERR_OPERATOR", /./, x, none);
});

test("a bitwise operator of floats", () =>
  fails("ERR_DTYPE", /xor of float64.*integer dtype/, x, "xor"));

test("an unknown dtype", () => {
  const error = assert.code(() => engine.alloc("float8" as Dtype, 3), "ERR_DTYPE");
  assert.match((error as Error).message, /"float8".*float64/);
});

test("mixed dtypes in a plain array", () =>
  fails("ERR_DTYPE", /mixed.*element 0 is a number, element 2 is bigint/, [1, 2, 3n]));

test("what is no array of numbers", async () => {
  await fails("ERR_INPUT", /DataView/, new DataView(new ArrayBuffer(8)));
  await fails("ERR_INPUT", /not a typed array/, null);
  await fails("ERR_INPUT", /not a typed array/, "123");
  await fails("ERR_INPUT", /not a typed array/, new SharedArrayBuffer(8));
  await fails("ERR_INPUT", /string/, ["1", "2"]);
  await fails("ERR_INPUT", /does not fit int64/, [2n ** 63n]);
});

test("extrema of nothing", async () => {
  for (const op of ["min", "max", "argmin", "argmax"]) {
    await fails("ERR_EMPTY", new RegExp(`${op} of nothing.*initial`), new Float64Array(0), op);
  }
});

test("a detached array", async () => {
  const data = new Float64Array(100);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  await fails("ERR_INPUT", /detached/, data);
});

test("an array whose resizable buffer shrank under it", async () => {
  const Resizable = ArrayBuffer as unknown as new (
    n: number,
    o: object,
  ) => ArrayBuffer & {
    resize(n: number): void;
  };
  const buffer = new Resizable(800, { maxByteLength: 1600 });
  const view = new Float64Array(buffer, 400, 50);
  buffer.resize(80);
  await fails("ERR_INPUT", /detached \(transferred\) or shrank/, view);
});

test("an array that is detached while it is read", async () => {
  const data = new Float64Array(8_000_000).fill(1);
  const pending = engine.reduce(data, "sum");
  structuredClone(data.buffer, { transfer: [data.buffer] });
  const error = await assert.rejects(pending, "ERR_INPUT_CHANGED");
  assert.match((error as Error).message, /had 8000000 elements, now has 0/);
});

test("a view that was freed before, or that was never given", async () => {
  const y = engine.alloc("float64", 1000);
  const part = y.subarray(10, 20);
  engine.free(y);
  await fails("ERR_INPUT", /freed/, y);
  await fails("ERR_INPUT", /freed/, part);
  assert.code(() => engine.free(y), "ERR_INPUT");
  assert.code(() => engine.free(new Float64Array(3)), "ERR_INPUT");
  const z = engine.alloc("float64", 1000);
  assert.code(() => engine.free(z.subarray(1)), "ERR_INPUT");
  await fails("ERR_INPUT", /beyond its end/, new Float64Array(z.buffer, z.byteOffset, 2000));
  await fails("ERR_INPUT", /freed|beyond/, new Float64Array(z.buffer, 0, 10));
  engine.free(z);
});

test("lengths that are none", () => {
  for (const length of [-1, 1.5, Number.NaN, 2 ** 60, "7" as unknown as number]) {
    const error = assert.code(() => engine.alloc("float64", length), "ERR_OPTION");
    assert.match((error as Error).message, new RegExp(String(length)));
  }
  assert.code(() => engine.alloc("float64", 2 ** 52), "ERR_MEMORY");
});

test("more memory than maxBytes: the bound is named and nothing is lost", () => {
  const before = engine.stats().usedBytes;
  const error = assert.code(() => engine.alloc("float64", 64 * 1024 * 1024), "ERR_MEMORY");
  assert.match((error as Error).message, /268435456.*maxBytes/);
  assert.is(engine.stats().usedBytes, before);
  assert.is(engine.stats().memoryBytes <= 256 * 1024 * 1024, true);
});

test("options that are none", async () => {
  await fails("ERR_OPTION", /schedule: "rounds"/, x, "sum", { schedule: "rounds" });
  await fails("ERR_OPTION", /nan: "drop"/, x, "sum", { nan: "drop" });
  await fails("ERR_OPTION", /accuracy: "best"/, x, "sum", { accuracy: "best" });
  await fails("ERR_OPTION", /overflow: true/, x, "sum", { overflow: true });
  await fails("ERR_OPTION", /timeout: -1/, x, "sum", { timeout: -1 });
  await fails("ERR_OPTION", /initial: a/, x, "sum", { initial: "a" });
});

test("options of the wrong kind, and a share that does not convert", async () => {
  await fails("ERR_OPTION", /options: null/, x, "sum", null);
  await fails("ERR_OPTION", /AbortSignal/, x, "sum", { signal: {} });
  await fails("ERR_OPTION", /onProgress: string/, x, "sum", { onProgress: "x" });
  await fails("ERR_OPERATOR", /not a name/, x, [1]);
  const before = engine.stats().usedBytes;
  assert.code(() => engine.share([1, 2] as never, "int64"), "ERR_DTYPE");
  assert.code(() => engine.share([1n] as never, "float64"), "ERR_DTYPE");
  assert.is(engine.stats().usedBytes, before);
  const y = engine.share([2n ** 63n], "uint64");
  assert.is(engine.reduceSync(y, "sum"), 2n ** 63n);
  engine.free(y);
  assert.is(engine.reduceSync(x, "sum", { timeout: Number.MAX_VALUE }), 6);
  assert.is(engine.reduceSync(new BigInt64Array(0), "min", { initial: 5 }), 5n);
  assert.is(engine.reduceSync(new Float64Array(0), "min", { initial: 5n }), 5);
});

test("a task that finds no memory left is a coded error", async () => {
  const small = await createEngine({ threads: 2, maxBytes: 24 * 1024 * 1024 });
  const held: Float64Array[] = [];
  for (let length = 1_000_000; length >= 8; ) {
    try {
      held.push(small.alloc("float64", length));
    } catch {
      length = Math.floor(length / 2);
    }
  }
  const foreign = new Float64Array(new SharedArrayBuffer(40_000_000));
  await assert.rejects(small.reduce(foreign, "sum"), "ERR_MEMORY");
  for (const view of held) small.free(view);
  assert.is(await small.reduce(foreign, "sum"), 0);
  await small.close();
});

test("engines that cannot be", async () => {
  for (const threads of [0, 1.5, Number.NaN, 10_000, -3, "2" as unknown as number]) {
    const error = await assert.rejects(createEngine({ threads }), "ERR_OPTION");
    assert.match((error as Error).message, new RegExp(`threads: ${threads}.*1 to 256`));
  }
  const bad: EngineOptions[] = [
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { spin: -1 },
    { spin: Number.NaN },
  ];
  for (const options of bad) await assert.rejects(createEngine(options), "ERR_OPTION");
  const error = await assert.rejects(createEngine({ maxBytes: 1024 }), "ERR_MEMORY");
  assert.match((error as Error).message, /1024/);
  for (const handle of [undefined, {}, { memory: 1, module: 2, crossover: 3 }]) {
    assert.code(() => attachEngine(handle as never), "ERR_OPTION");
  }
});

test("an engine that is closed", async () => {
  const other = await createEngine({ threads: 1 });
  const y = other.alloc("float64", 100);
  await other.close();
  await other.close();
  assert.code(() => other.reduceSync(y, "sum"), "ERR_CLOSED");
  await assert.rejects(other.reduce(y, "sum"), "ERR_CLOSED");
  assert.code(() => other.alloc("float64", 1), "ERR_CLOSED");
  assert.code(() => other.free(y), "ERR_CLOSED");
  assert.code(() => other.handle(), "ERR_CLOSED");
  await assert.rejects(other.stream("float64", "sum"), "ERR_CLOSED");
});
