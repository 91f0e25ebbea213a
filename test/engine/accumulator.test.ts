// Accumulators: arrays that are added one by one come to what one pass over all of them gives.
// And what states and `partial` refuse.

import { crc32 } from "node:zlib";
import { createEngine, finishState, mergeStates, type OperatorName } from "../../src/index.js";
import { make, narrow, shapeNames } from "../arrays.js";
import { type ExactName, exactly, exactNames } from "../exact.js";
import { assert, seeded, test } from "../harness.js";
import { dtypes, expected, isFloat, randomArray } from "../oracle.js";

const engine = await createEngine({ threads: 3 });
test.after(() => engine.close());

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

const others: OperatorName[] = ["min", "max", "count", "countNonZero", "any", "all"];

for (const dtype of dtypes) {
  test(`${dtype}: at any time the value is that of all that was added`, () => {
    const random = seeded(`accumulator ${dtype}`);
    for (const op of [...exactNames, ...others, ...(isFloat(dtype) ? [] : ["xor" as const])]) {
      const skip = random.int(2) === 0;
      const accumulator = engine.accumulator(op, { nan: skip ? "skip" : "propagate" });
      const wide = make(random.pick(shapeNames), 300, random);
      const float = dtype === "float64" ? wide : narrow(wide, random);
      const x = isFloat(dtype) ? float : randomArray(dtype, 300, random, false);
      if (isFloat(dtype) && skip) x[150] = Number.NaN;
      for (let at = 0, n = 0; at < 300; at += n) {
        n = random.int(3) === 0 ? random.int(2) : random.int(100);
        const piece = x.subarray(at, at + n);
        accumulator.add(op === "dot" ? [piece, piece] : piece);
        const all = x.subarray(0, at + n);
        const isExact = (exactNames as string[]).includes(op);
        const exact = isExact ? exactly(op as ExactName, all, all, { skip }) : undefined;
        const want = exact ?? expected(op, all, dtype, skip) ?? "ERR_EMPTY";
        const value = attempt(() => accumulator.value());
        const finished = attempt(() => finishState(accumulator.state()));
        assert.same(value, want, `${op} of [${all}], skip ${skip}`);
        assert.same(finished, want, `state of ${op}`);
        assert.is(accumulator.length, all.length);
      }
    }
  });
}

test("large arrays of any memory are shared out, and add up to the bits and bytes of one pass", () => {
  const random = seeded("large");
  const x = Float64Array.from({ length: 500_001 }, () => random.next() * 2 ** random.int(99));
  const foreign = new Float64Array(new SharedArrayBuffer(x.byteLength));
  foreign.set(x);
  const own = engine.share(x);
  const thrice = new Float64Array([...x, ...x, ...x]);
  for (const op of ["sum", "std", "conditionNumber", "dot", "max"] as const) {
    const accumulator = engine.accumulator(op);
    const pair = (y: Float64Array) => (op === "dot" ? ([y, y] as const) : y);
    const { jobs, inline } = engine.stats();
    for (const y of [x, foreign, own]) {
      accumulator.add(pair(y.subarray(0, 400_000))).add(pair(y.subarray(400_000)));
      engine.accumulator("mean").add(x.subarray(0, 3)).value();
    }
    const after = engine.stats();
    assert.ok(after.jobs - jobs - (after.inline - inline) >= 3, "none left the calling thread");
    assert.same(accumulator.value(), engine.reduceSync(pair(thrice), op), op);
    const parts = [x, own, foreign].map((y) => engine.partialSync(pair(y), op));
    assert.is(Buffer.compare(mergeStates(parts), accumulator.state()), 0, op);
  }
  engine.free(own);
});

test("what is refused leaves what was added before", () => {
  const sum = engine.accumulator("sum").add([1, 2]);
  const x = Float64Array.of(5, 6);
  const dot = engine.accumulator("dot").add([x, x]);
  for (const odd of [Float32Array.of(1), [1n], Int32Array.of(1)]) {
    assert.code(() => sum.add(odd), "ERR_DTYPE");
    assert.code(() => dot.add([odd, odd]), "ERR_DTYPE");
  }
  assert.code(() => dot.add([x, Float32Array.from(x)]), "ERR_DTYPE");
  for (const odd of [x, [x], [x, x, x], [x, [1]], [x, null], null, [1, 2]]) {
    assert.code(() => dot.add(odd as never), "ERR_INPUT");
  }
  for (const odd of [[x, x], null, "12", new DataView(x.buffer)]) {
    assert.code(() => sum.add(odd as never), "ERR_INPUT");
  }
  assert.equal([sum.value(), sum.length, dot.value(), dot.length], [3, 2, 61, 2]);
});

for (const dtype of [...dtypes, "float16" as const]) {
  test(`${dtype}: an accumulator of nothing has the value of nothing`, () => {
    const zero = dtype.startsWith("float") ? -0 : dtype.includes("64") ? 0n : 0;
    assert.same(engine.accumulator("sum", { dtype }).value(), zero);
    assert.same(finishState(engine.accumulator("mean", { dtype }).state()), Number.NaN);
    assert.is(Number(engine.accumulator("dot", { dtype }).value()), 0);
    assert.code(() => engine.accumulator("min", { dtype }).value(), "ERR_EMPTY");
  });
}

test("nothing of an unknown dtype has no value", () => {
  assert.code(() => engine.accumulator("sum").value(), "ERR_OPTION");
  assert.code(() => engine.accumulator("sum").state(), "ERR_OPTION");
  assert.same(engine.accumulator("sum").add([]).value(), -0);
});

test("an accumulator refuses operators that depend on cuts, and unknown options", () => {
  const add = (op: unknown, options = {}) =>
    engine.accumulator(op as OperatorName, options).add(Int32Array.of(1));
  for (const op of ["argmin", "product", "summ", new URL("file:///x.js"), ["sum"], undefined]) {
    assert.code(() => add(op), "ERR_OPERATOR");
  }
  for (const odd of [{ nan: 1 }, { overflow: "no" }, { roundTo: "float16" }]) {
    assert.code(() => add("sum", odd), "ERR_OPTION");
  }
  assert.code(() => add("sum", { dtype: "float63" }), "ERR_DTYPE");
});

const odd = {
  initial: 5,
  accuracy: "fast",
  receipt: true,
  schedule: "pairwise",
  roundTo: "float32",
};
for (const [key, value] of Object.entries(odd)) {
  test(`neither an accumulator nor a partial of integers ignores ${key}`, () => {
    const x = Int32Array.of(1, 2, 4);
    const options = { [key]: value };
    assert.code(() => engine.partialSync(x, "std", options), "ERR_OPTION");
    assert.code(() => engine.accumulator("std", options).add(x).value(), "ERR_OPTION");
  });
}

test("results are rounded and fit as asked, as those of states are", () => {
  const third = engine.accumulator("mean", { roundTo: "float32" }).add([1, 0, 0]);
  assert.is(third.value(), Math.fround(1 / 3));
  assert.is(finishState(third.state(), { roundTo: "float32" }), Math.fround(1 / 3));
  const long = engine.accumulator("sum", { overflow: "throw" }).add([2n ** 62n, 2n ** 62n]);
  assert.code(() => long.value(), "ERR_OVERFLOW");
  assert.code(() => finishState(long.state(), { overflow: "throw" }), "ERR_OVERFLOW");
  assert.is(finishState(long.state(), { overflow: "wrap" }), -(2n ** 63n));
  assert.is(long.add([-1n]).value(), 2n ** 63n - 1n);
});

test("after its engine was closed an accumulator adds no more", async () => {
  const other = await createEngine({ threads: 2 });
  const sum = other.accumulator("sum").add([1, 2]);
  await other.close();
  assert.code(() => sum.add([3]), "ERR_CLOSED");
  assert.code(() => sum.add(new Float64Array(1_000_000)), "ERR_CLOSED");
  assert.code(() => other.accumulator("sum"), "ERR_CLOSED");
  assert.equal([sum.value(), finishState(sum.state())], [3, 3]);
});

// --- what is refused ----------------------------------------------------------------------

function refuses(state: unknown, what: string, other: Uint8Array): void {
  const given = state as Uint8Array;
  assert.is(
    attempt(() => finishState(given)),
    "ERR_STATE",
    what,
  );
  assert.is(
    attempt(() => mergeStates([other, given])),
    "ERR_STATE",
    `merging, ${what}`,
  );
}

test("every altered byte and every truncation of a state is refused", () => {
  const random = seeded("damage");
  for (const [op, x] of Object.entries({ sum: [1, 2.5], count: [1], l2: [1n], min: [3] })) {
    const state = engine.partialSync(x as number[], op as OperatorName);
    for (let at = 0; at < state.length; at++) {
      const altered = state.slice();
      altered[at]! ^= 1 + random.int(255);
      refuses(altered, `${op}, byte ${at}`, state);
      refuses(state.subarray(0, at), `${op}, ${at} bytes`, state);
    }
    refuses(Buffer.concat([state, Buffer.alloc(8)]), `${op}, longer`, state);
    assert.same(finishState(state), engine.reduceSync(x as number[], op as OperatorName));
  }
});

/** A state with other bytes and a checksum that fits them. */
function forge(state: Uint8Array, at: number, bytes: Iterable<number>): Uint8Array {
  const forged = Buffer.from(state);
  forged.set([...bytes], at);
  forged.writeUInt32LE(0, 36);
  forged.writeUInt32LE(crc32(forged), 36);
  return new Uint8Array(forged);
}

for (const [what, at, bytes] of [
  ["version", 8, [2]],
  ["dtype of another size", 10, [3]],
  ["number of no dtype", 10, [11]],
  ["operator that has no states", 16, Buffer.from("argmin")],
  ["operator with longer states", 16, Buffer.from("dot")],
  ["name of no operator", 16, Buffer.from("summ")],
  ["treatment of NaN", 11, [2]],
  ["first digit", 40, [1]],
  ["number of digits", 44, [0, 1]],
] as const) {
  test(`a state with an impossible ${what} is refused though its checksum fits`, () => {
    const state = engine.partialSync([1, 2.5], "sum");
    assert.is(finishState(forge(state, 0, [])), 3.5);
    refuses(forge(state, at, bytes), what, state);
  });
}

test("states that do not belong together, none at all, and no Uint8Array are refused", () => {
  const state = engine.partialSync([1, 2], "sum");
  const odd = [Float32Array, Int32Array].map((type) => engine.partialSync(type.of(1), "sum"));
  odd.push(engine.partialSync([1], "sum", { nan: "skip" }), engine.partialSync([1], "mean"));
  for (const other of odd) assert.code(() => mergeStates([state, state, other]), "ERR_STATE");
  assert.is(finishState(state), 3);
  for (const none of [[], undefined, null, 5, "RFSTATE", state, {}]) {
    assert.code(() => mergeStates(none as Uint8Array[]), "ERR_STATE");
  }
  const views = [new DataView(state.buffer), new Int8Array(state.buffer)];
  for (const no of [undefined, null, "x", [...state], state.buffer, ...views]) {
    refuses(no, String(no), state);
  }
});

test("partial refuses what has no state, and is usable afterwards", async () => {
  const url = new URL("../fixtures/operators/bigsum.js", import.meta.url);
  const odd = ["argmin", "argmax", "product", "summ", url, ["sum"], undefined, "and", "dot"];
  for (const op of odd as OperatorName[]) {
    const other = { and: "ERR_DTYPE", dot: "ERR_INPUT" }[String(op)];
    assert.code(() => engine.partialSync([3, 4], op), other ?? "ERR_OPERATOR");
    await assert.rejects(engine.partial([3, 4], op), other ?? "ERR_OPERATOR");
  }
  assert.is(finishState(engine.partialSync([3, 4], "l2")), 5);
});

test("finishState refuses options that it does not know", () => {
  const long = engine.partialSync([2n ** 62n, 2n ** 62n], "sum");
  for (const odd of [{ overflow: "thorw" }, { roundTo: "float16" }, { roundTo: "float32" }, null]) {
    assert.code(() => finishState(long, odd as object), "ERR_OPTION");
  }
});
