// Not promises but guides: what each size and each kernel gets of what the memory gives.

import { createEngine, type Dtype, type OperatorName, type TypedArray } from "../../src/index.js";
import {
  FAST,
  interleave,
  ratios,
  type Side,
  same,
  spread,
  type Times,
  time,
  timesOf,
} from "./measure.js";
import { Reader } from "./reader.js";
import { digits, figureRow, type Row, ratioRow } from "./row.js";

const MIB = 2 ** 20;
const SIZES = [1, 2, 4, 8, 16, 64, 256];
const DTYPES: readonly Dtype[] = [
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
];
const OPERATORS: readonly OperatorName[] = [
  "sum",
  "product",
  "min",
  "max",
  "argmin",
  "argmax",
  "countNonZero",
  "any",
  "and",
  "xor",
];
/** Far more than a cache holds. */
const KERNEL_MIB = 128;

interface Outcome {
  readonly rows: Row[];
  readonly times: Times;
}

const gigabytes = (mib: number) => (ms: number) => `${digits((mib * MIB) / ms / 1e6)} GB/s`;

/** What a second thread is worth, by size. */
export async function sizes(rounds: number): Promise<Outcome> {
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  const most = (Math.max(...SIZES) * MIB) / 8;
  const x = one.alloc("float64", most).fill(1);
  const y = two.alloc("float64", most).fill(1);
  const reader = await Reader.start(two);
  const sides: Side[] = [];
  for (const mib of SIZES) {
    const length = (mib * MIB) / 8;
    const repeat = Math.ceil(64 / mib);
    const each = (run: () => unknown) => () => {
      const ms = time(() => {
        for (let i = 0; i < repeat; i++) run();
      });
      return ms / repeat;
    };
    const a = x.subarray(0, length);
    const b = y.subarray(0, length);
    same("2 threads", two.reduceSync(b, "sum", FAST), one.reduceSync(a, "sum", FAST));
    sides.push({ name: `${mib} MiB, 1 thread`, run: each(() => one.reduceSync(a, "sum", FAST)) });
    sides.push({ name: `${mib} MiB, 2 threads`, run: each(() => two.reduceSync(b, "sum", FAST)) });
    sides.push({ name: `${mib} MiB, pure read, 2 threads`, run: each(() => reader.read(b, 2)) });
  }
  const times = await interleave(sides, rounds, 1);
  await reader.close();
  const rows = SIZES.map((mib) => {
    const show = gigabytes(mib);
    const [one1, two2] = [`${mib} MiB, 1 thread`, `${mib} MiB, 2 threads`];
    const row = ratioRow(`size-${mib}`, "a second thread", times, [two2], [one1], show);
    const read = `${mib} MiB, pure read, 2 threads`;
    row.notes.push(`${show(spread(timesOf(times, read)).median)} ${read}`);
    return row;
  });
  return { rows, times };
}

/** Every kernel on one thread, as a share of the pure read of the same bytes. */
export async function kernels(rounds: number): Promise<Outcome> {
  await using engine = await createEngine({ threads: 1 });
  const bytes = engine.alloc("uint8", KERNEL_MIB * MIB) as Uint8Array<SharedArrayBuffer>;
  // Small whole numbers in every dtype: each kernel has its usual work, no NaN, few zeros.
  const arrays = new Map<Dtype, TypedArray>();
  for (const dtype of DTYPES) {
    const size = (engine.alloc(dtype, 0) as TypedArray).BYTES_PER_ELEMENT;
    const array = engine.alloc(dtype, bytes.length / size);
    const wide = array instanceof BigInt64Array || array instanceof BigUint64Array;
    for (let i = 0; i < array.length; i++) {
      const value = 1 + (Math.imul(i, 2654435761) >>> 26);
      array[i] = (wide ? BigInt(value) : value) as never;
    }
    arrays.set(dtype, array);
  }
  const reader = await Reader.start(engine);
  const READ = "pure read";
  const sides: Side[] = [{ name: READ, run: () => time(() => reader.read(bytes, 1)) }];
  bytes.fill(1);
  for (const [dtype, array] of arrays) {
    for (const operator of OPERATORS) {
      const run = () => engine.reduceSync(array, operator, FAST);
      try {
        run();
      } catch {
        continue; // Not every operator takes every dtype.
      }
      sides.push({ name: `${dtype} ${operator}`, run: () => time(run) });
    }
  }
  const times = await interleave(sides, rounds, 1);
  await reader.close();
  const percent = (name: string) => ratios(times, name, READ).map((r) => r * 100);
  const rows = DTYPES.map((dtype) => {
    const row = figureRow(
      dtype,
      "the sum, in % of the pure read on one thread",
      percent(`${dtype} sum`),
      "%",
    );
    const all = OPERATORS.filter((operator) => times.has(`${dtype} ${operator}`));
    row.notes.push(
      all.map((o) => `${o} ${spread(percent(`${dtype} ${o}`)).median.toFixed(0)}`).join("  "),
    );
    return row;
  });
  return { rows, times };
}
