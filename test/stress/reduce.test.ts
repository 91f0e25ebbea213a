// The `reduce` scenario: the core as it is passes, one with a defect is caught, and so is any value
// that differs in a bit.

import { createEngine } from "../../src/index.js";
import { MODULES } from "../../src/stress/index.js";
import { reduce } from "../../src/stress/reduce.js";
import { Shelf } from "../../src/stress/reduce-arrays.js";
import { fault } from "../../src/stress/reduce-call.js";
import { type Call, type DataSpec, Script } from "../../src/stress/reduce-script.js";
import { type Outcome, runScenario } from "../../src/stress/runner.js";
import { assert, seeded, test } from "../harness.js";
import { withDefect } from "./defects.js";
import { NOTHING_CHOSEN } from "./settings.js";

function run(seed: number, duration: number, core = MODULES.core): Promise<Outcome> {
  const modules = Object.create(MODULES, { core: { value: core } }) as typeof MODULES;
  const settings = {
    seed,
    duration,
    ...NOTHING_CHOSEN,
    producers: 2,
    threads: 2,
    modules,
  };
  return runScenario(reduce, settings, new AbortController().signal);
}

test("random jobs on the core as it is give what the oracle says, and leave nothing", async () => {
  const outcome = await run(seeded("reduce").u32(), 2000);
  assert.is(outcome.error, undefined);
  assert.equal(outcome.violations, []);
  assert.ok((outcome.summary?.operations ?? 0) > 20);
  const ways = outcome.summary?.tables[0]?.rows.map(([way]) => way) ?? [];
  assert.ok(ways.length > 2, `ways: ${ways.join(", ")}`);
});

test("a core that merges right and left the wrong way round is caught, with a replay", async () => {
  const core = await withDefect(
    {
      file: "fold.ts",
      change: [
        "into + offset, left + offset, right + offset",
        "into + offset, right + offset, left + offset",
      ],
    },
    "index.ts",
  );
  // Ten times as long as it has ever taken, for a day on which all takes ten times as long.
  const outcome = await run(7, 40_000, core);
  assert.is(outcome.error, undefined);
  assert.is(outcome.violationCount, 1);
  const [violation] = outcome.violations;
  assert.is(violation?.rule, "every job has the bits of the naive oracle");
  assert.match(violation?.detail as string, /expected .*\n +got /);
  assert.equal(violation?.replay, { duration: 40_000, threads: 2, producers: 2 });
});

test("the same seed makes the same script; another, another", () => {
  const script = (seed: number, submitter: number) => {
    const it = new Script(seed, 0, submitter, true);
    return Array.from({ length: 20 }, () => it.next());
  };
  assert.equal(script(1, 0), script(1, 0));
  assert.not.equal(script(1, 0), script(2, 0));
  assert.not.equal(script(1, 0), script(1, 1));
});

test("a value that differs in its last bit, its sign or its kind is a fault, and so is an error", async () => {
  const engine = await createEngine({ threads: 1 });
  const shelf = new Shelf(engine);
  const spec: DataSpec = { seed: 5, dtype: "float64", length: 3000, shape: "wide" };
  const call: Call = {
    how: "async",
    operators: ["sum", "max", "count"],
    from: 0,
    to: 3000,
    where: "ordinary",
    pairwise: false,
    fast: false,
    skip: false,
    single: false,
    receipt: false,
    piece: 1000,
  };
  const arrays = shelf.find(spec);
  const right = await engine.reduce(arrays.input(call) as Float64Array, ["sum", "max", "count"]);
  const fails = (value: unknown) => fault(call, arrays, { value })?.name;
  assert.is(fails(right), undefined);
  const sum = right.sum as number;
  const next = new Float64Array(1);
  const bits = new BigInt64Array(next.buffer);
  next[0] = sum;
  bits[0] = (bits[0] as bigint) + 1n;
  assert.is(fails({ ...right, sum: next[0] }), "sum");
  assert.is(fails({ ...right, sum: Number.NaN }), "sum");
  assert.is(fails({ ...right, max: -(right.max as number) }), "max");
  assert.is(fails({ ...right, count: 2999 }), "count");
  assert.is(fails({ ...right, count: 3000n }), "count");
  assert.is(fails({ sum, max: right.max }), "count");
  assert.is(fault(call, arrays, { error: new Error("no") })?.name, "call");
  // Nothing has no largest element, and a value for it is a fault as well.
  const none: Call = { ...call, operators: "max", to: 0 };
  const error = await engine.reduce(new Float64Array(0), "max").catch((e: unknown) => e);
  assert.is(fault(none, arrays, { error }), undefined);
  assert.is(fault(none, arrays, { value: Number.NEGATIVE_INFINITY })?.name, "max");
  assert.is(fault(none, arrays, { error: new Error("another") })?.name, "call");
  // And the zero of nothing but −0 has a sign.
  const zeros: Call = { ...call, operators: "sum", to: 100 };
  const minus = shelf.find({ ...spec, seed: 6, shape: "zeros" });
  assert.is(fault(zeros, minus, { value: -0 }), undefined);
  assert.is(fault(zeros, minus, { value: 0 })?.name, "sum");
  await engine.close();
});
