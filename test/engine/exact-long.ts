// Exact operators on as many arrays as one has time for:
//   node dist/test/engine/exact-long.js [--arrays N] [--seed S]
// Progress goes to a terminal's stderr; the last line says how many passed, and the seed to do it again.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { createEngine } from "../../src/index.js";
import { anyLength, make, narrow, partner, shapeNames } from "../arrays.js";
import { type Elements, type ExactName, exactly, settled, unaryNames } from "../exact.js";

const LONGEST = 30_000;
const SHOWN = 20;
const EVERY = 10_000;

const { values } = parseArgs({
  options: {
    arrays: { type: "string", default: "2000000" },
    seed: { type: "string", default: String(randomInt(2 ** 32)) },
  },
});
const arrays = Number(values.arrays);
const seed = Number(values.seed);
if (!(Number.isSafeInteger(arrays) && arrays > 0) || !(seed >= 0 && seed < 2 ** 32)) {
  console.error("usage: node dist/test/engine/exact-long.js [--arrays N] [--seed S]");
  process.exit(2);
}
// The random streams take the run's seed when they are loaded.
process.env["RINGFOLD_SEED"] = String(seed);
const { seeded } = await import("../harness-random.js");

const random = seeded("long");
const engine = await createEngine();
const start = performance.now();
let passed = 0;
let failed = 0;

async function check(
  op: ExactName,
  x: Elements,
  y: Elements | undefined,
  what: string,
): Promise<boolean> {
  const roundTo = random.int(8) === 0 ? "float32" : "float64";
  const skip = random.int(8) === 0;
  const options = { roundTo, nan: skip ? "skip" : "propagate" } as const;
  const input = y === undefined ? x : ([x, y] as const);
  const got =
    random.int(16) === 0
      ? await engine.reduce(input, op, options)
      : engine.reduceSync(input, op, options);
  const want = exactly(op, x, y, { roundTo, skip });
  if (Object.is(settled(op, got), settled(op, want))) return true;
  if (failed < SHOWN) {
    const how = `to ${roundTo}${skip ? ", NaN skipped" : ""}`;
    console.error(`\n${op} of ${x.length}, ${what}, ${how}: expected ${want}, got ${String(got)}`);
    if (x.length <= 8) console.error(`  x = [${x}]${y === undefined ? "" : `\n  y = [${y}]`}`);
  }
  return false;
}

for (let i = 0; i < arrays; i++) {
  const shape = random.pick(shapeNames);
  const n = random.int(2000) === 0 ? random.int(LONGEST) : anyLength(random);
  const wide = make(shape, n, random);
  const kind = random.int(10);
  let ok: boolean;
  if (kind < 6) {
    ok = await check("sum", wide, undefined, shape);
  } else if (kind < 8) {
    const y = partner(wide, random);
    ok = await check("dot", wide, y, shape);
  } else {
    const x = kind === 8 ? wide : narrow(wide, random);
    ok = await check(random.pick(unaryNames), x, undefined, shape);
  }
  if (ok) passed++;
  else failed++;
  if ((i + 1) % EVERY === 0 && process.stderr.isTTY) {
    const rate = ((i + 1) / (performance.now() - start)).toFixed(1);
    process.stderr.write(`\r${i + 1} of ${arrays} arrays, ${failed} failed, ${rate} a millisecond`);
  }
}
if (process.stderr.isTTY) process.stderr.write("\n");
await engine.close();
console.log(`${passed} passed, ${failed} failed (--arrays ${arrays} --seed ${seed})`);
process.exitCode = failed > 0 ? 1 : 0;
