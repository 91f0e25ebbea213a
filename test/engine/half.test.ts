// float16: every one of its 65,536 values, read from a file by the workers,
// against a decoder written from the definition.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCore } from "../../src/engine/core.js";
import { Local } from "../../src/engine/local.js";
import { finish, makePlan } from "../../src/engine/plan.js";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import { createEngine, type Engine, type OperatorName } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { exactly } from "../exact.js";
import { assert, seeded, test } from "../harness.js";
import { expected } from "../oracle.js";

/** ± fraction · 2^−24 for subnormals, ± 1.fraction · 2^(exponent − 15), infinities, NaN. */
function decode(half: number): number {
  const sign = half >> 15 === 1 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let engine: Engine;
let folder: string;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
  folder = mkdtempSync(join(tmpdir(), "ringfold-half-"));
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await engine.close();
});

async function reduce(halves: Uint16Array, op: OperatorName, skip: boolean): Promise<unknown> {
  const path = join(folder, "x.bin");
  writeFileSync(path, halves);
  const fd = openSync(path, "r");
  try {
    const piece = {
      kind: "file",
      path,
      fd,
      offset: 0,
      length: halves.length,
      swap: false,
    } as const;
    return await engine.reducePieces("float16", [piece], op, { nan: skip ? "skip" : "propagate" });
  } finally {
    closeSync(fd);
  }
}

const OPERATORS = [
  "sum",
  "mean",
  "product",
  "min",
  "max",
  "argmin",
  "argmax",
  "count",
  "countNonZero",
  "any",
  "all",
] as const;

test("each value alone is what the definition says", async () => {
  // One by one through argmax of [value, −infinity] would take long: the sums of runs of one
  // exponent are exact in float64, and differ if one value of the run does.
  for (let run = 0; run < 64; run++) {
    const halves = Uint16Array.from({ length: 1024 }, (_, i) => (run << 10) | i);
    if (((run << 10) & 0x7c00) === 0x7c00) continue;
    const values = Float32Array.from(halves, decode);
    for (const op of ["sum", "min", "max", "argmin", "argmax", "countNonZero"] as const) {
      assert.same(await reduce(halves, op, false), expected(op, values, "float32"), `${op} ${run}`);
    }
  }
});

test("all values in random order, at odd lengths, NaN skipped or not", async () => {
  const random = seeded("half");
  for (const n of [1, 2, 3, 5, 8191, 65_536, 100_003]) {
    const halves = Uint16Array.from({ length: n }, () => random.int(65_536));
    const values = Float32Array.from(halves, decode);
    for (const op of OPERATORS) {
      for (const skip of [false, true]) {
        const want = expected(op, values, "float32", skip);
        if (want === undefined) await assert.rejects(reduce(halves, op, skip), "ERR_EMPTY");
        else assert.same(await reduce(halves, op, skip), want, `${op} of ${n}, skip ${skip}`);
      }
    }
  }
});

test("dot, squares and variance of all finite values are exact, whatever the array is called", async () => {
  // On the memory itself: not every runtime has an array of float16 to hand in.
  const layout = { workers: 0, threads: 1, cores: 1, maxBytes: 2 ** 30 };
  const shared = Shared.create(await loadCore(), layout);
  const submitter = new Submitter(shared);
  const local = new Local(shared, submitter.me);
  const random = seeded("half dot");
  const float16 = dtypeInfo("float16");
  for (const n of [1, 7, 8192, 20_011]) {
    const finite = () => {
      const half = random.int(65_536);
      return (half & 0x7c00) === 0x7c00 ? half & 0x83ff : half;
    };
    const [x, y] = [0, 1].map(() => Uint16Array.from({ length: n }, finite)) as [
      Uint16Array,
      Uint16Array,
    ];
    const [at, to] = [x, y].map((halves) => {
      const address = shared.arena.alloc(2 * n);
      shared.reach(address + 2 * n);
      shared.bytes.set(new Uint8Array(halves.buffer), address);
      return address;
    }) as [number, number];
    const [a, b] = [Float64Array.from(x, decode), Float64Array.from(y, decode)];
    for (const op of ["dot", "sumSquares", "variance", "l1"] as const) {
      for (const accuracy of ["exact", "fast"] as const) {
        const options = { skipNaN: false, accuracy, pairwise: false, receipt: false };
        const plan = makePlan(op, float16, options);
        local.foldAt(at, n, plan, op === "dot" ? to - at : 0);
        const context = { dtype: float16, initial: undefined, overflow: undefined, single: false };
        const got = finish(plan, shared, local.root, context, n, false) as number;
        const want = exactly(op, a, b) as number;
        if (accuracy === "exact") assert.same(got, want, `${op} of ${n}`);
        else
          assert.ok(Math.abs(got - want) <= 1e-9 * Math.abs(want), `fast ${op}: ${got}, ${want}`);
      }
    }
  }
  submitter.close();
});
