// A typed array is what its own getters say, whatever properties somebody gave it: nothing else decides what
// memory is read.

import { runInNewContext } from "node:vm";
import { createEngine, type Engine, finishState, mergeStates } from "../../src/index.js";
import type { TypedArray } from "../../src/operators/dtype.js";
import { assert, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

const total = new URL("../fixtures/operators/total.js", import.meta.url);

/** Says something else of itself in every way there is. */
function lying<T extends TypedArray>(view: T): T {
  const lies: Record<PropertyKey, unknown> = {
    length: view.length + 1000,
    byteLength: 8 * view.length + 8000,
    byteOffset: view.byteOffset + 64,
    buffer: new SharedArrayBuffer(65536),
    BYTES_PER_ELEMENT: 1,
    constructor: Uint8Array,
    subarray: () => new Float64Array(1000),
    slice: () => new Float64Array(1000),
    at: () => 7,
    [Symbol.toStringTag]: "Int8Array",
    [Symbol.iterator]: function* () {},
  };
  for (const [key, value] of [...Object.entries(lies), ...symbols(lies)]) {
    Object.defineProperty(view, key, { value });
  }
  return view;
}

const symbols = (lies: Record<PropertyKey, unknown>) =>
  Object.getOwnPropertySymbols(lies).map((key) => [key, lies[key]] as const);

/** A class of its own that lies by its getters. */
class Liar extends Float64Array {
  override get length(): number {
    return 5000;
  }
  override get byteOffset(): number {
    return 8;
  }
  override get [Symbol.toStringTag](): "Float64Array" {
    return "BigInt64Array" as "Float64Array";
  }
  static get [Symbol.species](): typeof Uint8Array {
    return Uint8Array;
  }
}

const fill = (view: Float64Array): Float64Array => {
  for (let i = 0; i < view.length; i++) view[i] = i + 1;
  return view;
};

const sizes = [0, 1, 100, 9000, 300_000];
const places: Record<string, (n: number) => Float64Array> = {
  "an ordinary array": (n) => new Float64Array(n),
  "an array behind others": (n) => new Float64Array(new ArrayBuffer(8 * n + 800), 800, n),
  "foreign shared memory": (n) => new Float64Array(new SharedArrayBuffer(8 * n + 800), 800, n),
  "the engine's memory": (n) => engine.alloc("float64", n + 100).subarray(100),
  "another realm": (n) => runInNewContext(`new Float64Array(${n})`) as Float64Array,
};
for (const [place, make] of Object.entries(places)) {
  test(`what an array in ${place} says of itself by own properties decides nothing`, async () => {
    for (const n of sizes) {
      const x = lying(fill(make(n)));
      const sum = n === 0 ? -0 : (n * (n + 1)) / 2;
      assert.same(engine.reduceSync(x, "sum"), sum, `${n}`);
      assert.same(await engine.reduce(x, "sum"), sum, `${n}, awaited`);
      assert.is(engine.reduceSync(x, "count"), n);
      assert.same(finishState(await engine.partial(x, "sum")), sum, `${n}, as a state`);
      assert.is(engine.reduceSync([x, x], "dot"), (n * (n + 1) * (2 * n + 1)) / 6);
      assert.is(engine.accumulator("sum").add(x).length, n);
      assert.is(engine.reduceSync(x, total), n === 0 ? 0 : sum);
      if (n > 1) assert.is(await engine.reduce(x, "sum", { schedule: "pairwise" }), sum);
      const stream = await engine.stream("float64", "sum");
      await stream.write(x);
      assert.same(await stream.end(), sum, `${n}, streamed`);
      const copy = engine.share(x);
      assert.is(Object.getPrototypeOf(copy), Float64Array.prototype);
      assert.same(engine.reduceSync(copy, "sum"), sum, `${n}, shared`);
      engine.free(lying(copy));
      if (n > 0) assert.code(() => engine.share(x as never, "int64"), "ERR_DTYPE");
    }
  });
}

test("nor do the getters of a subclass", async () => {
  for (const n of [1, 100, 9000, 300_000]) {
    const x = new Liar(n).fill(2);
    assert.is(engine.reduceSync(x, "sum"), 2 * n);
    assert.is(await engine.reduce(x, "sum"), 2 * n);
    assert.is(await engine.reduce(x, total), 2 * n);
    const copy = engine.share(x);
    assert.is(engine.reduceSync(copy, "sum"), 2 * n);
    engine.free(copy);
  }
});

test("an object with the tag of a typed array is none", () => {
  const tags = { [Symbol.toStringTag]: "Float64Array", length: 3, buffer: new ArrayBuffer(24) };
  const view = Object.defineProperty(new DataView(new ArrayBuffer(24)), Symbol.toStringTag, {
    value: "Float64Array",
  });
  for (const fake of [tags, view, Object.create(Float64Array.prototype)]) {
    assert.code(() => engine.reduceSync(fake as Float64Array, "sum"), "ERR_INPUT");
    assert.code(() => engine.share(fake as Float64Array), "ERR_INPUT");
    assert.code(() => engine.share(fake as never, "float64"), "ERR_INPUT");
    assert.code(() => engine.free(fake as Float64Array), "ERR_INPUT");
  }
});

test("a state is the bytes that it has", () => {
  const state = engine.partialSync([1, 2, 3.5], "sum");
  assert.is(finishState(lying(state.slice())), 6.5);
  assert.is(finishState(mergeStates([lying(state.slice()), state])), 13);
  const fake = Object.defineProperty(new Int8Array(state.length), Symbol.toStringTag, {
    value: "Uint8Array",
  });
  assert.code(() => finishState(fake as unknown as Uint8Array), "ERR_STATE");
});
