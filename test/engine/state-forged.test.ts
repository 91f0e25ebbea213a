// States that nobody made: bytes with a checksum that fits them. Either they are refused, or their value is
// one that an input of the dtype can have.

import { crc32 } from "node:zlib";
import {
  createEngine,
  type Dtype,
  type Engine,
  finishState,
  mergeStates,
  type OperatorName,
  RingfoldError,
  type Value,
} from "../../src/index.js";
import { assert, type Random, seeded, test } from "../harness.js";
import { randomArray } from "../oracle.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 1 });
});
test.after(() => engine.close());

const HEADER = 40;
const dtypes: readonly Dtype[] = [
  ...(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"] as const),
  ...(["float32", "float64"] as const),
];
const spreads = ["variance", "std", "sampleVariance", "sampleStd"] as const;
const sums = ["sum", "mean", "dot", "sumSquares", "sumAbs", "l1", "l2", "conditionNumber"] as const;
const others = ["maxNorm", "min", "max", "count", "countNonZero", "any", "all"] as const;
const bits = ["and", "or", "xor"] as const;

const isFloat = (dtype: Dtype): boolean => dtype.startsWith("float");
/** Least and greatest of a dtype. */
function range(dtype: Dtype): [number, number] {
  if (dtype === "float32") return [-3.4028234663852886e38, 3.4028234663852886e38];
  if (dtype === "float64") return [-Number.MAX_VALUE, Number.MAX_VALUE];
  const width = Number(dtype.replace(/\D+/, ""));
  return dtype.startsWith("u") ? [0, 2 ** width - 1] : [-(2 ** (width - 1)), 2 ** (width - 1) - 1];
}

/** Whether some array of the dtype has this value; what it has to be if it is no special one. */
function isPossible(op: OperatorName, dtype: Dtype, value: Value): boolean {
  const [least, most] = range(dtype);
  const isLong = dtype.endsWith("64") && !isFloat(dtype);
  if (op === "any" || op === "all") return typeof value === "boolean";
  const isReal = /mean|l2|var|std|cond|count/i.test(op);
  if (typeof value !== (isLong && !isReal ? "bigint" : "number")) return false;
  const x = Number(value);
  if (Number.isNaN(x)) return isFloat(dtype) ? !/count/.test(op) : isReal && !/l2|count/.test(op);
  if (op === "count" || op === "countNonZero") return x >= 0 && Number.isInteger(x);
  if (op === "conditionNumber") return x >= 1;
  // The mean of the squared distances from the middle of the range is at most that of its ends, of two
  // elements twice that.
  const greatest = (most / 2 - least / 2) ** 2 * 2;
  if (/variance/i.test(op)) return x >= 0 && (isFloat(dtype) || x <= greatest);
  if (/std/i.test(op)) return x >= 0 && (isFloat(dtype) || x <= Math.sqrt(greatest));
  if (/sumSquares|sumAbs|l1|l2|maxNorm/.test(op)) return x >= 0;
  const isInside = x >= least && x <= most;
  if (op === "mean") return isInside || (isFloat(dtype) && Math.abs(x) === Infinity);
  if (op === "sum" || op === "dot") return isFloat(dtype) || dtype.startsWith("i") || x >= 0;
  const isElement = isFloat(dtype) ? dtype === "float64" || Math.fround(x) === x : true;
  return (isInside && isElement) || (isFloat(dtype) && Math.abs(x) === Infinity);
}

function sign(state: Uint8Array): Uint8Array {
  const bytes = Buffer.from(state);
  bytes.writeUInt32LE(0, 36);
  bytes.writeUInt32LE(crc32(bytes), 36);
  return new Uint8Array(bytes);
}

const WORDS = [0n, 1n, 2n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 0x7ff0000000000000n, 2n ** 32n];

/** Other bytes behind the header: of one word or a few, or of all. */
function forge(state: Uint8Array, random: Random): Uint8Array {
  const forged = state.slice();
  const view = new DataView(forged.buffer);
  const words = (state.length - HEADER) / 8;
  for (let k = random.int(20) === 0 ? words : 1 + random.int(3); k > 0; k--) {
    const at = HEADER + 8 * random.int(words);
    const old = view.getBigInt64(at, true);
    const kind = random.int(5);
    if (kind === 0) view.setBigInt64(at, random.pick(WORDS), true);
    else if (kind === 1) view.setBigUint64(at, random.bits64(), true);
    else if (kind === 2) view.setBigInt64(at, -old, true);
    else if (kind === 3) view.setBigInt64(at, old + BigInt(random.int(7) - 3), true);
    else forged[at + random.int(8)]! ^= 1 << random.int(8);
  }
  return sign(forged);
}

function attempt(body: () => Value): Value | string {
  try {
    return body();
  } catch (error) {
    assert.instance(error, RingfoldError);
    return (error as RingfoldError).code;
  }
}

for (const dtype of dtypes) {
  test(`forged states of ${dtype} are refused or have a value that an input has`, () => {
    const random = seeded(dtype);
    const tally = { refused: 0, taken: 0 };
    for (const op of [...sums, ...spreads, ...others, ...(isFloat(dtype) ? [] : bits)]) {
      for (let i = 0; i < 400; i++) {
        const x = randomArray(dtype, random.pick([0, 1, 2, 3, 40]), random, random.int(2) === 0);
        const nan = random.int(3) === 0 && isFloat(dtype) ? "skip" : "propagate";
        const state = engine.partialSync(op === "dot" ? [x, x] : x, op, { nan });
        const forged = forge(state, random);
        const value = attempt(() => finishState(forged));
        const merged = attempt(() => finishState(mergeStates([state, forged, forged])));
        for (const one of [value, merged]) {
          const isRefused = one === "ERR_STATE" || one === "ERR_EMPTY";
          if (isRefused) tally.refused++;
          else {
            tally.taken++;
            assert.ok(isPossible(op, dtype, one as Value), `${op}: ${String(one)}`);
          }
        }
        // Merged it may be too much.
        if (value === "ERR_STATE") assert.is(merged, "ERR_STATE", `${op}: merged alike`);
      }
    }
    assert.ok(tally.refused > 1000 && tally.taken > 1000, JSON.stringify(tally));
  });
}

/** A state of the input with 64-bit words set. */
function altered(
  x: Parameters<Engine["partialSync"]>[0],
  op: OperatorName,
  words: [number, bigint][],
) {
  const state = engine.partialSync(x, op);
  const view = new DataView(state.buffer, HEADER);
  for (const [at, value] of words) view.setBigInt64(8 * at, value, true);
  return sign(state);
}

const u16 = Uint16Array.of(1, 2, 3);
const impossible: Record<string, Uint8Array | (() => Uint8Array)> = {
  "a negative count": () => altered(u16, "count", [[0, -1n]]),
  "a sum of three elements beyond three greatest ones": () =>
    altered(u16, "sum", [[0, 3n * 65535n + 1n]]),
  "a negative sum of squares": () => altered(u16, "l2", [[2, -1n]]),
  "a variance below 0": () => altered(u16, "std", [[3, 1n]]),
  "counts that differ": () => altered(u16, "std", [[6, 2n]]),
  "a spread of one element": () => altered(Uint16Array.of(2), "variance", [[3, 6n]]),
  "magnitudes that add up to less than their sum": () =>
    altered([1, 2], "conditionNumber", [[72 + 3 + 33, 0n]]),
  "more that is not zero than there is": () => altered(u16, "all", [[0, 4n]]),
  "a mark that is neither 0 nor 1": () => altered(u16, "min", [[1, 2n]]),
  "a minimum that no element has": () => altered(u16, "min", [[0, 65536n]]),
  "a minimum above the maximum": () => altered(u16, "maxNorm", [[0, 4n]]),
  "bits that an element lacks": () => altered(u16, "or", [[0, 65536n]]),
  "a float64 as the maximum of float32": () =>
    altered(Float32Array.of(1), "max", [[0, 0x3ff0000000000001n]]),
  "a NaN with bits of its own": () => altered([Number.NaN], "max", [[0, 0x7ff8000000000001n]]),
  "a float sum without elements": () =>
    altered([], "sum", [
      [3, 1n],
      [2, 8n],
    ]),
  "an infinity of nothing": () => altered([], "sum", [[2, 10n]]),
  "a sum of float32 finer than float32": () => altered(Float32Array.of(1), "sum", [[3, 1n]]),
  "minus infinity among magnitudes": () => altered([1], "l1", [[2, 12n]]),
};
for (const [what, make] of Object.entries(impossible)) {
  test(`a state with ${what} is refused`, () => {
    const state = (make as () => Uint8Array)();
    assert.code(() => finishState(state), "ERR_STATE");
    assert.code(() => mergeStates([state, state]), "ERR_STATE");
  });
}

test("counts that overflow as states are merged are refused", () => {
  const state = altered(u16, "count", [[0, 2n ** 62n]]);
  assert.is(finishState(state), 2 ** 62);
  const error = assert.code(() => mergeStates([state, state]), "ERR_STATE") as Error;
  assert.match(error.message, /count of uint16.*too many/);
});

test("an empty state of integers has the same bytes, whatever the memory held before", () => {
  for (const op of ["min", "max", "maxNorm"] as const) {
    const states = [7n, -9n].map((v) => {
      engine.partialSync(BigInt64Array.of(v, v), op);
      return engine.partialSync(new BigInt64Array(0), op);
    });
    assert.is(Buffer.compare(states[0]!, states[1]!), 0, op);
  }
});
