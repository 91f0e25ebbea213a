// float16: every one of its 65,536 values, read from a file by the workers,
// against a decoder written from the definition.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine, type OperatorName } from "../../src/index.js";
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
