// Whatever is passed or thrown, a refusal has a code and names what was refused; an option that nobody reads is
// refused with the nearest name.

import {
  attachEngine,
  createEngine,
  type Engine,
  finishState,
  type Input,
  max,
  type OperatorName,
  type ReduceOptions,
  RingfoldError,
  sum,
} from "../../src/index.js";
import { assert, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

const x = Float64Array.of(1, 2, 3);

/** Every call that takes options of a reduction, with these. */
function calls(options: object): Record<string, () => unknown> {
  const given = options as ReduceOptions;
  return {
    reduce: () => engine.reduce(x, "sum", given),
    reduceSync: () => engine.reduceSync(x, "sum", given),
    "reduce of several": () => engine.reduce(x, ["sum", "max"], given),
    partial: () => engine.partial(x, "sum", given),
    partialSync: () => engine.partialSync(x, "sum", given),
    stream: () => engine.stream("float64", "sum", given),
    accumulator: () => engine.accumulator("sum", given),
    "the one-shot sum": () => sum(x, given),
    "the one-shot max": () => max([1], given),
    finishState: () => finishState(engine.partialSync(x, "sum"), given as object),
  };
}

async function refused(what: string, body: () => unknown, code: string): Promise<Error> {
  let thrown: unknown;
  try {
    await body();
  } catch (error) {
    thrown = error;
  }
  assert.instance(thrown, RingfoldError, what);
  assert.is((thrown as RingfoldError).code, code, what);
  assert.ok((thrown as Error).message.length > 4, what);
  return thrown as Error;
}

test("a misspelt option is refused by every call, with the nearest name where there is one", async () => {
  for (const [name, call] of Object.entries(calls({ nam: "skip" }))) {
    const error = await refused(name, call, "ERR_OPTION");
    assert.match(error.message, /^nam: .* has no such option/, name);
    const nearest = name === "finishState" ? /There are roundTo, overflow/ : /did you mean "nan"\?/;
    assert.match(error.message, nearest, name);
  }
  const misspelt = {
    acuracy: "accuracy",
    round_to: "roundTo",
    reciept: "receipt",
    shedule: "schedule",
    Initial: "initial",
    overflw: "overflow",
    singal: "signal",
    timeOut: "timeout",
    onprogress: "onProgress",
  };
  for (const [name, nearest] of Object.entries(misspelt)) {
    const error = await refused(name, () => engine.reduce(x, "sum", { [name]: 1 }), "ERR_OPTION");
    assert.match(error.message, new RegExp(`${name}: .*did you mean "${nearest}"`));
  }
  for (const name of ["toString", "constructor", "__proto__x", "x".repeat(10_000), "0"]) {
    await refused(name, () => engine.reduceSync(x, "sum", { [name]: 1 }), "ERR_OPTION");
  }
});

test("options of an engine are refused likewise", async () => {
  const misspelt = { acuracy: "fast", thread: 2, maxbytes: 1e9, spinn: 5 };
  for (const [name, value] of Object.entries(misspelt)) {
    const error = await refused(name, () => createEngine({ [name]: value }), "ERR_OPTION");
    assert.match(error.message, new RegExp(`^${name}: .*There are threads, maxBytes, spin`));
  }
  const error = await refused("thread", () => createEngine({ thread: 2 } as object), "ERR_OPTION");
  assert.match(error.message, /did you mean "threads"/);
});

test("a name without a value, an inherited one and a symbol are no options", async () => {
  const inherited = Object.create({ acuracy: "fast" }) as ReduceOptions;
  const absent = { acuracy: undefined, [Symbol("acuracy")]: 1 } as ReduceOptions;
  for (const options of [inherited, absent, Object.create(null) as ReduceOptions]) {
    assert.is(engine.reduceSync(x, "sum", options), 6);
    assert.is(await engine.reduce(x, "sum", options), 6);
    assert.is(await sum(x, options), 6);
  }
  const none = { accuracy: undefined, nan: undefined, timeout: undefined, signal: undefined };
  assert.is(engine.reduceSync(x, "sum", none as object), 6);
});

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;
const bare = Object.create(null) as object;
const throwing = {
  toString() {
    throw new Error("no text");
  },
  toJSON() {
    throw new Error("no JSON");
  },
};
const odd = [10n, Symbol("s"), cyclic, bare, throwing, () => 1, [cyclic], [10n], Number.NaN, -0];

test("whatever an option is, its refusal has a code", async () => {
  for (const value of odd) {
    for (const name of ["accuracy", "roundTo", "receipt", "schedule", "nan", "overflow"] as const) {
      for (const [call, body] of Object.entries(calls({ [name]: value }))) {
        await refused(`${call}, ${name}`, body, "ERR_OPTION");
      }
    }
    for (const name of ["threads", "maxBytes", "spin"]) {
      if (name === "spin" && value === 0) continue;
      await refused(name, () => createEngine({ [name]: value }), "ERR_OPTION");
    }
    if (typeof value === "number") continue;
    for (const name of ["timeout", "initial"] as const) {
      if (name === "initial" && typeof value === "bigint") continue;
      await refused(name, () => engine.reduce(x, "sum", { [name]: value } as object), "ERR_OPTION");
    }
  }
  for (const value of [null, 5, "fast", Symbol("s"), 10n]) {
    for (const [call, body] of Object.entries(calls(value as unknown as object))) {
      await refused(call, body, "ERR_OPTION");
    }
    await refused("createEngine", () => createEngine(value as unknown as object), "ERR_OPTION");
  }
});

test("whatever operators, inputs, dtypes and lengths are, their refusal has a code", async () => {
  const lists = [["sum", Symbol("s")], [bare], [cyclic], [["sum"]], new Array(3), new Array(1000)];
  for (const value of [...odd, ...lists, null, undefined, new Proxy([], {})]) {
    const name = value as unknown as OperatorName;
    await refused("reduce", () => engine.reduce(x, name), "ERR_OPERATOR");
    await refused("reduceSync", () => engine.reduceSync(x, name), "ERR_OPERATOR");
    await refused("stream", () => engine.stream("float64", name), "ERR_OPERATOR");
    await refused("partial", () => engine.partialSync(x, name), "ERR_OPERATOR");
    await refused("accumulator", () => engine.accumulator(name).add(x), "ERR_OPERATOR");
    const dtype = value as unknown as "float64";
    if (value !== undefined) {
      await refused("share as", () => engine.share([1], dtype), "ERR_DTYPE");
    }
    await refused("alloc", () => engine.alloc(dtype, 1), "ERR_DTYPE");
    await refused("stream of", () => engine.stream(dtype, "sum"), "ERR_DTYPE");
    if (value !== 0) {
      await refused("length", () => engine.alloc("float64", value as number), "ERR_OPTION");
    }
  }
  const inputs = [
    null,
    undefined,
    5,
    "12",
    10n,
    Symbol("s"),
    bare,
    throwing,
    { length: 2 },
    () => 1,
  ];
  for (const value of inputs as unknown as Input[]) {
    await refused("reduce", () => engine.reduce(value, "sum"), "ERR_INPUT");
    await refused("share", () => engine.share(value as Float64Array), "ERR_INPUT");
    await refused("share as", () => engine.share(value as never, "float64"), "ERR_INPUT");
    await refused("free", () => engine.free(value as Float64Array), "ERR_INPUT");
    await refused("dot", () => engine.reduce([value, value], "dot"), "ERR_INPUT");
    await refused("add", () => engine.accumulator("sum").add(value), "ERR_INPUT");
    await refused("finishState", () => finishState(value as Uint8Array), "ERR_STATE");
  }
});

test("what is no handle of an engine is refused by attachEngine", async () => {
  const { memory, module } = engine.handle() as { memory: object; module: object };
  const small = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const plain = new WebAssembly.Memory({ initial: 64 });
  const large = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const nothing = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const handles = [
    ...[null, undefined, 5, "x", {}, [], bare, Symbol("s"), engine],
    { memory, module: {} },
    { memory: {}, module },
    { memory, module: nothing },
    ...[small, plain, large].map((other) => ({ memory: other, module })),
  ];
  for (const handle of handles) {
    const error = await refused("attach", () => attachEngine(handle as never), "ERR_OPTION");
    assert.match(error.message, /^handle: not /);
  }
  assert.is(engine.reduceSync(x, "sum"), 6);
});

// --- what operators throw --------------------------------------------------------------------

const throws = new URL("../fixtures/operators/throws-kinds.js", import.meta.url);
const kinds: [what: string, says: RegExp][] = [
  ["undefined", /^undefined was thrown$/],
  ["null", /^null was thrown$/],
  ["an empty text", /^"" was thrown$/],
  ["a text", /^just a text$/],
  ["a number", /^3 was thrown$/],
  ["a symbol", /^Symbol\(odd\) was thrown$/],
  ["a Proxy whose every property is 3", /^an object without a message was thrown$/],
  ["a Proxy of an error of ours", /./],
  ["an error that calls itself RingfoldError", /^forged$/],
  ["an error with a code of ours", /^borrowed$/],
  ["an error without a message", /^an object without a message was thrown$/],
];
for (const [i, [what, says]] of kinds.entries()) {
  test(`an operator that throws ${what}: a coded error with a text, near and far`, async () => {
    for (const n of [1, 100, 100_000]) {
      const input = new Float64Array(n).fill(i);
      for (const way of [
        () => engine.reduce(input, throws),
        () => engine.reduceSync(input, throws),
      ]) {
        const error = await refused(`${n}`, way, "ERR_USER_OPERATOR").catch(
          (failed: Error) => failed,
        );
        assert.match(error.message, says);
        assert.type(error.stack, "string");
        assert.ok((error.stack as string).length > 10, `stack: ${error.stack}`);
      }
    }
    assert.is(engine.reduceSync(x, "sum"), 6);
  });
}
