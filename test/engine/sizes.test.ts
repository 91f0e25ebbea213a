// User operators are judged the same at every number of elements: what is wrong with states shows with one element
// as with many, wherever it runs.

import { createEngine, type Engine, RingfoldError } from "../../src/index.js";
import { assert, test } from "../harness.js";

let engine: Engine;
let alone: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
  alone = await createEngine({ threads: 1 });
});
test.after(() => Promise.all([engine.close(), alone.close()]));

const sizes = [1, 2, 100, 8192, 8193, 100_000];

/** What comes of an operator by each way: a value, or an error's code and text. */
async function outcomes(url: URL, n: number): Promise<[way: string, outcome: unknown][]> {
  const x = new Float64Array(n).fill(1);
  const own = engine.share(x);
  const here = alone.share(x);
  const ways: Record<string, () => unknown> = {
    reduce: () => engine.reduce(x, url),
    reduceSync: () => engine.reduceSync(own, url),
    "in place": () => engine.reduce(own, url),
    "one thread": () => alone.reduceSync(here, url),
    "with initial": () => engine.reduceSync(x, url, { initial: 1 }),
    stream: async () => {
      const stream = await engine.stream("float64", url);
      await stream.write(x);
      return stream.end();
    },
  };
  if (n > 1 && n <= 100) ways["pairwise"] = () => engine.reduce(own, url, { schedule: "pairwise" });
  const result: [string, unknown][] = [];
  for (const [way, body] of Object.entries(ways)) {
    try {
      result.push([way, await body()]);
    } catch (error) {
      assert.instance(error, RingfoldError, way);
      result.push([way, `${(error as RingfoldError).code}: ${(error as Error).message}`]);
    }
  }
  engine.free(own);
  alone.free(here);
  return result;
}

const wrong: Record<string, RegExp> = {
  "async-accumulate": /^ERR_USER_OPERATOR: .*"accumulate" is of kind AsyncFunction/,
  "async-combine": /^ERR_USER_OPERATOR: .*"combine" is of kind AsyncFunction/,
  "generator-combine": /^ERR_USER_OPERATOR: .*"combine" is of kind GeneratorFunction/,
  "promise-accumulate": /^ERR_USER_OPERATOR: .*a state is a promise/,
  "promise-combine": /^ERR_USER_OPERATOR: .*a state is a promise/,
  text: /^ERR_STATE_SIZE: .*export stateBytes = \d+ or more/,
  function: /^ERR_USER_OPERATOR: .*a state cannot be cloned/,
  "large-combine": /^ERR_STATE_SIZE: .*stateBytes/,
};
for (const [kind, says] of Object.entries(wrong)) {
  test(`${kind}: the same coded error with one element as with 100,000`, async () => {
    const url = new URL(`../fixtures/operators/sizes.js?kind=${kind}`, import.meta.url);
    for (const n of sizes) {
      for (const [way, outcome] of await outcomes(url, n)) {
        // A stream of one task never combines, on a thread that could judge it.
        if (way === "stream" && n < 8193 && /^(promise|large)-combine/.test(kind)) continue;
        assert.match(String(outcome), says, `${n}, ${way}`);
      }
    }
    assert.is(engine.reduceSync([1, 2], "sum"), 3);
    assert.is(engine.stats().pending, 0);
  });
}

test("a state loses its class at every size, and `finish` sees what `combine` made at every size", async () => {
  const counter = new URL("../fixtures/operators/sizes.js?kind=counter", import.meta.url);
  const combined = new URL("../fixtures/operators/sizes.js?kind=combined", import.meta.url);
  for (const n of sizes) {
    for (const [way, outcome] of await outcomes(counter, n)) {
      assert.is(outcome, undefined, `a getter of the class, ${n}, ${way}`);
    }
    for (const [way, outcome] of await outcomes(combined, n)) {
      assert.equal(outcome, { n: way === "with initial" ? n + 1 : n }, `${n}, ${way}`);
    }
  }
});

test("what `combine` throws when it meets an identity is nobody's business that needs no `combine`", async () => {
  const url = new URL("../fixtures/operators/throws-in-combine.js", import.meta.url);
  assert.is(engine.reduceSync([1, 2], url), 3);
  assert.is(await engine.reduce([1, 2], url), 3);
});
