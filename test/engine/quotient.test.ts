// What the core makes of sums (core/kernels/quotient.ts), and bigints make of the same sums in files:
// both against rationals that are rounded once. Sums are made here, digit by digit, so that those
// come up which no array of numbers soon has: quotients and roots at ties and next to them.

import { EXACT_PRODUCT_SCALE, EXACT_SCALE } from "../../src/core/map.js";
import { loadCore } from "../../src/engine/core.js";
import { Local } from "../../src/engine/local.js";
import { finish, makePlan } from "../../src/engine/plan.js";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import { createEngine, finishState, type OperatorName } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { contextOf } from "../../src/operators/operator.js";
import { readerOf } from "../../src/operators/state.js";
import { exactly, roundRational, roundRoot } from "../exact.js";
import { assert, seeded, test } from "../harness.js";

const random = seeded("quotient");
const BYTES = 2048;
const NAMES = [
  "mean",
  "l2",
  "variance",
  "std",
  "sampleVariance",
  "sampleStd",
  "conditionNumber",
] as const;

let shared: Shared;
let submitter: Submitter;
let at: number;
test.before(async () => {
  const layout = { workers: 1, threads: 1, cores: 2, maxBytes: 64 * 1024 * 1024 };
  shared = Shared.create(await loadCore(), layout);
  submitter = new Submitter(shared, true);
  at = shared.arena.alloc(2 * BYTES);
});
test.after(() => submitter.close());

/** A sum as the core leaves it: of floats, settled, in no more digits than it takes; of integers. */
function write(place: number, form: number, value: bigint, count: bigint): void {
  const view = new DataView(shared.buffer, place, BYTES);
  // What lies behind the digits in use is undefined.
  for (let i = 0; i < BYTES; i += 8) view.setBigInt64(i, -0x123456789abcdefn, true);
  if (form > 0) {
    for (let i = 0; i < form; i++) view.setBigInt64(8 * i, value >> BigInt(64 * i), true);
    view.setBigInt64(8 * form, count, true);
    return;
  }
  let first = 0;
  while (value !== 0n && BigInt.asUintN(32, value >> BigInt(32 * first)) === 0n) first++;
  let end = first;
  let rest = value >> BigInt(32 * first);
  for (; value !== 0n; end++) {
    const isLast = BigInt.asIntN(32, rest) === rest;
    view.setBigInt64(24 + 8 * end, isLast ? rest : BigInt.asUintN(32, rest), true);
    rest >>= 32n;
    if (isLast) {
      end++;
      break;
    }
  }
  view.setInt32(0, first, true);
  view.setInt32(4, end, true);
  view.setBigInt64(8, count, true);
  view.setBigUint64(16, value === 0n ? 0n : 8n, true);
}

const power = (k: number) => 1n << BigInt(k);
const natural = (bits: number): bigint => {
  let x = 0n;
  for (let i = 0; i < bits; i += 64) x = (x << 64n) | random.bits64();
  return BigInt.asUintN(bits, x);
};
/** Of a random length, with runs of zeros and ones in it now and then. */
function magnitude(most: number): bigint {
  const x = natural(1 + random.int(most));
  const [from, length] = [random.int(most), random.int(most)];
  const run = (power(length) - 1n) << BigInt(from);
  const kind = random.int(4);
  if (kind === 0) return BigInt.asUintN(most, x | run);
  return kind === 1 ? x & ~run : x;
}

/** Both readers give what is wanted, rounded to float64 and to float32. */
function agree(
  what: string,
  read: (
    reader: Pick<Shared, "mean" | "root" | "condition" | "spread" | "round">,
    single: boolean,
    base: number,
  ) => number,
  wanted: (format: "float64" | "float32") => number,
): void {
  const file = readerOf(new Uint8Array(shared.buffer.slice(at, at + 2 * BYTES)));
  for (const format of ["float64", "float32"] as const) {
    const value = wanted(format);
    const single = format === "float32";
    assert.same(read(shared, single, at), value, `${what}, ${format}, in the core`);
    assert.same(read(file, single, 0), value, `${what}, ${format}, by bigints`);
  }
}

/** num / den · 2^exponent, or its root. */
function round(
  num: bigint,
  den: bigint,
  exponent: number,
  format: "float64" | "float32",
  by = roundRational,
): number {
  return exponent < 0
    ? by(num, den << BigInt(-exponent), format)
    : by(num << BigInt(exponent), den, format);
}

/** `form`, its scale, bits of the greatest sum. */
const FORMS = [
  { form: EXACT_SCALE, scale: EXACT_SCALE, most: 2100 },
  { form: EXACT_PRODUCT_SCALE, scale: EXACT_PRODUCT_SCALE, most: 4200 },
  { form: 2, scale: 0, most: 127 },
  { form: 3, scale: 0, most: 191 },
] as const;

const count = () =>
  random.pick([
    1n,
    2n,
    3n,
    7n,
    100n,
    power(13),
    natural(20),
    natural(31),
    natural(33),
    natural(62),
  ]) || 1n;
const signed = (x: bigint) => (random.int(2) === 0 ? x : -x);
const near = (x: bigint) => x + BigInt(random.int(3) - 1);

function checkMean(form: number, scale: number, sum: bigint, n: bigint): void {
  if (sum === 0n) return;
  write(at, form, sum, n);
  agree(
    `mean ${sum} / ${n} · 2^${scale}`,
    (r, single, base) => r.mean(base, form, single),
    (format) => round(sum, n, scale, format),
  );
  agree(
    `sum ${sum} · 2^${scale}`,
    (r, single, base) => r.round(base, form, single),
    (format) => round(sum, 1n, scale, format),
  );
}

test("means, of any length, at ties and next to them, subnormal and too large", () => {
  for (const { form, scale, most } of FORMS) {
    for (let i = 0; i < 400; i++) checkMean(form, scale, signed(magnitude(most)), count());
    for (let i = 0; i < 400; i++) {
      // A tie of float64 or float32 times the count.
      const n = natural(1 + random.int(30)) || 1n;
      const tie =
        (natural(random.pick([53, 24])) | 1n) << BigInt(random.int(Math.max(1, most - 90)));
      checkMean(form, scale, signed(near(tie * n)), n);
    }
    for (let i = 0; i < 100 && form < 0; i++) {
      // About the ends of float64, and of float32.
      const top = random.pick([1024, -1022, -1074, 128, -126, -149]) - scale;
      if (top < 60) continue;
      const n = natural(1 + random.int(20)) || 1n;
      const x =
        power(top) -
        natural(random.pick([1, top - 52, Math.max(1, top - 54), Math.max(1, top - 25)]));
      checkMean(form, scale, signed(near(x * n)), n);
    }
  }
});

function checkRoot(form: number, scale: number, squares: bigint): void {
  if (squares === 0n) return;
  write(at, form, squares, 5n);
  const by = scale % 2 === 0 ? squares : squares << 1n;
  agree(
    `root of ${squares} · 2^${scale}`,
    (r, single, base) => r.root(base, form, single),
    (format) => round(by, 1n, scale % 2 === 0 ? scale : scale - 1, format, roundRoot),
  );
}

test("roots, of any length, of squares and next to them, at ties", () => {
  for (const { form, scale, most } of FORMS) {
    for (let i = 0; i < 300; i++) checkRoot(form, scale, magnitude(most));
    for (let i = 0; i < 600; i++) {
      const bits = random.pick([1, 8, 24, 25, 26, 32, 53, 54, 55, 63, 64, 65, 90]);
      if (2 * bits > most) continue;
      const root = random.int(4) === 0 ? power(bits) - 1n : natural(bits) | 1n;
      const up = 2 * random.int((most - 2 * bits) >> 1 || 1);
      checkRoot(form, scale, near((root * root) << BigInt(up)));
      checkRoot(form, scale, root * root);
    }
  }
});

test("condition numbers", () => {
  for (const { form, most } of FORMS) {
    if (form === EXACT_PRODUCT_SCALE || form === 3) continue;
    for (let i = 0; i < 400; i++) {
      const sum = signed(magnitude(most));
      let magnitudes = (sum < 0n ? -sum : sum) + magnitude(most - 1);
      // An exact quotient, or one at a tie.
      if (i % 3 === 0 && sum !== 0n) {
        const times = natural(random.pick([1, 24, 53]));
        const exact = (sum < 0n ? -sum : sum) * times;
        if (exact < power(most)) magnitudes = exact;
      }
      if (magnitudes >= power(most)) continue;
      write(at, form, sum, 9n);
      write(at + BYTES, form, magnitudes, 9n);
      const wanted = (format: "float64" | "float32") => {
        if (magnitudes === 0n) return Number.NaN;
        return sum === 0n ? Infinity : roundRational(magnitudes, sum < 0n ? -sum : sum, format);
      };
      agree(
        `${magnitudes} / ${sum}`,
        (r, single, base) => r.condition(base, base + BYTES, form, single),
        wanted,
      );
    }
  }
});

test("variances and their roots", () => {
  const forms = [
    [EXACT_SCALE, EXACT_PRODUCT_SCALE],
    [EXACT_SCALE, EXACT_SCALE],
    [2, 3],
  ] as const;
  for (const [form, squaresForm] of forms) {
    const [scale, squaresScale] = [Math.min(form, 0), Math.min(squaresForm, 0)];
    const most = form < 0 ? 2100 : 90;
    for (let i = 0; i < 400; i++) {
      const n = count();
      const sum =
        signed(magnitude(random.pick([60, most]))) << BigInt(form < 0 ? random.int(1000) : 0);
      // n · q ≥ s², and at times only just.
      const up = 2 * scale - squaresScale;
      const square = up < 0 ? (sum * sum) >> BigInt(-up) : (sum * sum) << BigInt(up);
      const squares = square / n + (i % 3 === 0 ? 1n : magnitude(form < 0 ? 300 : 100) + 1n);
      if (squares >= power(form < 0 ? 4200 : 191) || sum >= power(2140) || -sum >= power(2140))
        continue;
      if (squaresForm === EXACT_SCALE && squares >= power(2140)) continue;
      write(at, form, sum, n);
      write(at + BYTES, squaresForm, squares, n);
      const exponent = Math.min(2 * scale, squaresScale);
      const num =
        ((n * squares) << BigInt(squaresScale - exponent)) -
        ((sum * sum) << BigInt(2 * scale - exponent));
      for (const ddof of [0, 1]) {
        const den = n * (n - BigInt(ddof));
        for (const isRoot of [false, true]) {
          const wanted = (format: "float64" | "float32") =>
            den === 0n
              ? Number.NaN
              : round(num, den, exponent, format, isRoot ? roundRoot : roundRational);
          agree(
            `s ${sum}, q ${squares}, n ${n}, ddof ${ddof}, root ${isRoot}`,
            (r, single, base) =>
              r.spread(base, base + BYTES, form, squaresForm, ddof, isRoot, single),
            wanted,
          );
        }
      }
    }
  }
});

test("no digit goes through a bigint on its way from the engine's memory", () => {
  let reads = 0;
  const watched = new Proxy(shared, {
    get: (target, key) => {
      if (key === "i64" || key === "u64") reads++;
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const local = new Local(shared, submitter.me);
  for (const dtype of ["float64", "float32", "int32", "uint8"] as const) {
    const info = dtypeInfo(dtype);
    const x = shared.view(info, at, 100);
    for (let i = 0; i < x.length; i++) x[i] = random.int(200);
    for (const name of NAMES) {
      const options = { skipNaN: false, accuracy: undefined, pairwise: false, receipt: false };
      const plan = makePlan(name, info, options);
      local.foldAt(at, x.length, plan);
      const context = contextOf(info, {});
      const value = finish(plan, watched, local.root, context, x.length, false);
      assert.same(value, exactly(name, x), `${name} of ${dtype}`);
      assert.is(reads, 0, `${name} of ${dtype}`);
    }
  }
});

test("of arrays: what a call gives, and what the file of the same array gives", async () => {
  const engine = await createEngine({ threads: 1 });
  const pick: (() => number)[] = [
    () => random.next(),
    () => 1e9 + random.int(1000),
    () => (random.next() - 0.5) * 2 ** (random.int(2040) - 1020),
    () => random.int(2000) * 5e-324,
    () => (random.int(2) === 0 ? 1.7e308 : -1.7e308),
    () => 3 * 2 ** random.int(10),
    () => random.pick([0, -0, 1, Number.NaN, Infinity, -Infinity]),
    () => 7,
  ];
  for (const draw of pick) {
    for (const n of [0, 1, 2, 3, 10, 100]) {
      const values = Array.from({ length: n }, draw);
      const arrays = [Float64Array, Float32Array, Int8Array, Uint32Array] as const;
      for (const array of arrays) {
        const x = array.from(values);
        for (const name of NAMES) {
          const wanted = n === 0 ? (name === "l2" ? 0 : Number.NaN) : exactly(name, x);
          assert.same(engine.reduceSync(x, name), wanted, `${name} of ${x}`);
          const state = engine.partialSync(x, name as OperatorName);
          assert.same(finishState(state), wanted, `${name} of ${x}, from its state`);
        }
      }
    }
  }
  await engine.close();
});
