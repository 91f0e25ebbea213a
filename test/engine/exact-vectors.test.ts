// The cases on which others try exact summation, as facts: the arrays and, where their authors
// state one, the sum. The oracle has to agree with the authors, and the engine with both.

import { createEngine, type Engine } from "../../src/index.js";
import { type ExactName, exactly, exactNames, settled } from "../exact.js";
import { assert, seeded, test } from "../harness.js";

let engine: Engine;
test.before(async () => {
  engine = await createEngine({ threads: 2 });
});
test.after(() => engine.close());

const { MAX_VALUE: huge, MIN_VALUE: tiny } = Number;
const inf = Number.POSITIVE_INFINITY;
const normal = 2 ** -1022;
const ulp = 2 ** -52;
const count = (n: number, term: (i: number) => number): number[] =>
  Array.from({ length: n }, (_, i) => term(i));
const repeated = (n: number, x: readonly number[]): number[] =>
  count(n * x.length, (i) => x[i % x.length]!);
const named: Record<string, number> = {
  huge,
  tiny,
  normal,
  inf,
  nan: Number.NaN,
  ulp,
  "ulp/2": ulp / 2,
};

/** Terms, some of them by name, with their sum behind a "=" if one is stated. */
function cases(text: string): { x: number[]; want: number | undefined }[] {
  const value = (word: string): number => {
    const bare = word.replace(/^-/, "");
    const magnitude = named[bare] ?? Number(bare);
    return bare === word ? magnitude : -magnitude;
  };
  const list = (words: string) => (words.match(/\S+/g) ?? []).map(value);
  return text
    .trim()
    .split(/[\n;]/)
    .map((line) => {
      const [terms = "", sum] = line.split("=");
      return { x: list(terms), want: sum === undefined ? undefined : list(sum)[0] };
    });
}

function sums(x: ArrayLike<number>, stated?: number): void {
  const data = Float64Array.from(x);
  const want = exactly("sum", data);
  const what = `${data.length}: ${data.subarray(0, 12)}`;
  if (stated !== undefined) assert.same(want, stated, `the oracle, of ${what}`);
  assert.same(engine.reduceSync(data, "sum"), want, `the engine, of ${what}`);
  // As parts of a longer array, the same bits in other places of a block.
  const padded = new Float64Array(data.length + 8205).fill(-0);
  padded.set(data, 8190);
  assert.same(engine.reduceSync(padded, "sum"), want, `padded, of ${what}`);
  const negative = exactly(
    "sum",
    data.map((v) => -v),
  );
  assert.same(
    engine.reduceSync(
      data.map((v) => -v),
      "sum",
    ),
    negative,
    `negated, of ${what}`,
  );
}

// test262, test/built-ins/Math/sumPrecise: sum.js, sum-is-infinite.js, sum-is-NaN.js and
// sum-is-minus-zero.js. The long ones were found by their author to break real implementations.
const PRECISE = `
1 2 3 = 6
1e308 = 1e308
1e308 -1e308 = 0
0.1 = 0.1
0.1 0.1 = 0.2
0.1 -0.1 = 0
1e308 1e308 0.1 0.1 1e30 0.1 -1e30 -1e308 -1e308 = 0.30000000000000004
1e30 0.1 -1e30 = 0.1
8.98846567431158e307 8.988465674311579e307 -huge = 9.9792015476736e291
-5.630637621603525e255 9.565271205476345e307 2.9937604643020797e292 = 9.565271205476347e307
6.739986666787661e66 2 -1.2689709186578243e-116 1.7046015739467354e308 -9.979201547673601e291 6.160926733208294e307 -3.179557053031852e234 -7.027282978772846e307 -0.7500000000000001 = 1.61796594939028e308
0.31150493246968836 -8.988465674311582e307 1.8315037361673755e-270 -15.999999999999996 2.9999999999999996 7.345200721499384e164 -2.033582473639399 -8.98846567431158e307 -3.5737295155405993e292 4.13894772383715e-124 -3.6111186457260667e-35 2.387234887098013e180 7.645295562778372e-298 3.395189016861822e-103 -2.6331611115768973e-149 = -inf
-1.1442589134409902e308 9.593842098384855e138 4.494232837155791e307 -1.3482698511467367e308 4.494232837155792e307 = -1.5936821971565685e308
-1.1442589134409902e308 4.494232837155791e307 -1.3482698511467367e308 4.494232837155792e307 = -1.5936821971565687e308
9.593842098384855e138 -6.948356297254111e307 -1.3482698511467367e308 4.494232837155792e307 = -1.5936821971565685e308
-2.534858246857893e115 8.988465674311579e307 8.98846567431158e307 = huge
1.3588124894186193e308 1.4803986201152006e223 6.741349255733684e307 = inf
6.741349255733684e307 1.7976931348623155e308 -7.388327292663961e41 = inf
-1.9807040628566093e28 huge 9.9792015476736e291 = huge
-1.0214557991173964e61 huge 8.98846567431158e307 -8.988465674311579e307 = huge
huge 7.999999999999999 -1.908963895403937e-230 1.6445950082320264e292 2.0734856707605806e205 = inf
6.197409167220438e-223 -9.979201547673601e291 -huge = -inf
4.49423283715579e307 8.944251746776101e307 -0.0002441406250000001 1.1752060710043817e308 4.940846717201632e292 -1.6836699406454528e308 = 8.353845887521184e307
8.988465674311579e307 7.999999999999998 7.029158107234023e-308 -2.2303483759420562e-172 -huge -8.98846567431158e307 = -huge
8.98846567431158e307 8.98846567431158e307 = inf
inf = inf
inf inf = inf
-inf = -inf
-inf -inf = -inf
nan = nan
inf -inf = nan
-inf inf = nan
= -0
-0 = -0
-0 -0 = -0
-0 0 = 0`;

test("the sums of test262's Math.sumPrecise are right", () => {
  for (const { x, want } of cases(PRECISE)) sums(x, want);
});

// CPython, Lib/test/test_math.py, testFsum. It states 0 for nothing, where a float sum here is −0.
test("the sums of CPython's fsum are right", () => {
  sums([0], 0);
  sums([1e100, 1, -1e100, 1e-100, 1e50, -1, -1e50], 1e-100);
  sums([2 ** 53, -0.5, -(2 ** -54)], 2 ** 53 - 1);
  sums([2 ** 53, 1, 2 ** -100], 2 ** 53 + 2);
  sums([2 ** 53 + 10, 1, 2 ** -100], 2 ** 53 + 12);
  sums([2 ** 53 - 4, 0.5, 2 ** -54], 2 ** 53 - 3);
  const harmonic = count(1000, (i) => 1 / (i + 1));
  sums(harmonic, 0x1df11f45f4e61a * 2 ** -50);
  const alternating = harmonic.map((v, i) => (i % 2 === 0 ? -v : v));
  sums(alternating, -0x162a2af1bd3624 * 2 ** -53);
  sums([1e16, 1, 1e-16], 10000000000000002);
  sums([1e16 - 2, 1 - 2 ** -53, -(1e16 - 2), -(1 - 2 ** -53)], 0);
  const stairs = count(1023, (i) => 2 * i - 1074);
  const climb = stairs.map((n) => 2 ** n - 2 ** (n + 50) + 2 ** (n + 52));
  sums([...climb, -(2 ** 1022)], 0x15555555555555 * 2 ** 918);
  const powers = count(1001, (i) => 1.7 ** i);
  const steps = count(1000, (i) => powers[i + 1]! - powers[i]!);
  sums([...steps, -powers[1000]!], -1);
  const random = seeded("fsum");
  const gauss = () =>
    Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  for (let i = 0; i < 200; i++) {
    const x = count(60, (k) => [7, 1e100, -7, -1e100, -9e-20, 8e-20][k % 6]!);
    for (let s = 0, k = 0; k < 200; k++) {
      const v = (gauss() * random.next()) ** 7 - s;
      s += v;
      x.splice(random.int(x.length), 0, v);
    }
    sums(x);
  }
});

// Radford Neal's xsum, xsum-check.c. Its sums of one and two terms are those of plain arithmetic.
const SHORT = `
1; 0.1; 3.1; 2.3e10; 3.2e-10; 123e123; 54.11e-150; 3.4028236692093843e38; 3.4028236692093854e38
4.5569512622227484e-305; huge; normal; 2.225073858507201e-308; tiny; 1.23e-309; 4.57e-314; 9.7e-322; 1 2; 0.1 12.2
12.1 -11.3; 11.3 -12.1; 1.234567e14 9.87654321; 1.234567e14 -9.87654321; 3.1e200 1.7e-100
3.1e200 -1.7e-100; 1.7e-100 3.1e200; 1.7e-100 -3.1e200; 1 ulp; 1 ulp/2; 1 1.1107651257113993e-16
1 1.110223024627176e-16; 1 1.1096809235389138e-16; 1.0000000000000002 ulp/2
1.0000000000000002 1.110223024625156e-16; tiny 7.1; tiny -7.1; 7.1 tiny; 7.1 -tiny
2.225073858507201e-308 tiny; 2.225073858507201e-308 -tiny; tiny tiny; tiny -tiny
2.225073858507201e-308 normal; normal 2.225073858507201e-308; 4.57e-314 9.7e-322
4.57e-314 -9.7e-322; 4.57e-321 9.7e-322; 4.57e-321 -9.7e-322; 2 -2.0000000000000004; huge huge
huge 1.9958403095347196e292; inf 123; -inf 123; inf -inf; nan 123; 123 nan`;
const LONGER = `
huge tiny -huge = tiny
-huge tiny huge = tiny
huge -tiny -huge = -tiny
tiny normal -tiny = normal
-tiny -normal tiny = -normal
12345.6 normal -12345.6 = normal
12345.6 -normal -12345.6 = -normal
12345.6 2.225073858507201e-308 -12345.6 = 2.225073858507201e-308
12345.6 -2.225073858507201e-308 -12345.6 = -2.225073858507201e-308
2 -2.0000000000000004 2.7755575615628914e-17 = -4.163336342344337e-16
12 3.5 2 = 17.5
3423.34e12 -93.431 -3432.1e11 = 3080129999999906.5
432457232.34 0.3432445 -3433452433 = -3000995200.3167553
huge huge huge huge huge huge -huge -huge -huge -huge = inf
huge huge huge huge 0.125 0.125 -huge -huge -huge -huge = 0.25
2.0000000000000004 -2 -ulp -ulp 0 0 0 0 0 0 = 0
1e0 1e1 1e2 1e3 1e4 1e5 1e6 1e7 1e8 1e9 = 1111111111
1.234e88 -93.3e-23 994.33 1334.3 457.34 -1.234e88 93.3e-23 -994.33 -1334.3 -457.34 = 0
1 -23 456 -78910 1112131415 -161718192021 22232425262728 -2930313233343536 373839404142434445 -46474849505152535455 = -46103918342424313856
2342423.3423 34234.450 945543.4 34345.34343 1232.343 0.00004343 43423.0 -342344.8343 -89544.3435 -34334.3 = 2934978.4009734304
0.9101534 0.9048397 0.4036596 0.1460245 0.2931254 0.9647649 0.1125303 0.1574193 0.6522300 0.7378597 = 5.2826068
428.366070546 707.3261930632 103.29267289 9040.03475821 36.2121638 19.307901408 1.4810709160 8.077159101 1218.907244150 778.068267017 = 12341.0735011012
1.1e-322 5.3443e-321 -9.343e-320 3.33e-314 4.41e-322 -8.8e-318 3.1e-310 4.1e-300 -4e-300 7e-307 = 1.0000070031003328e-301`;

test("the sums of xsum's own check are right, once and repeated", () => {
  for (const { x } of cases(SHORT)) {
    const [a = 0, b = -0] = x;
    sums(x, a + b);
    sums(repeated(2 ** 13, x));
  }
  for (const { x, want = 0 } of cases(LONGER)) {
    sums(x, want);
    sums(repeated(2 ** 13, x), want * 2 ** 13);
    sums([...x.map((v) => -v), 123456789, ...x], 123456789);
  }
});

test("the sums of xsum's merged and moved accumulators are right", () => {
  const s = 1234.5;
  const times = (n: number, ...x: number[]): number[] => repeated(n, x);
  sums([3.7e20, 888.8, 4.1e20, s, -4.1e20, -3.7e20, -888.8], s);
  sums([...times(1000, 3.5, 888.75, 4.125), s, ...times(1000, -4.125, -3.5, -888.75)], s);
  const twice = [3.7e20, 888.8, 42.1e20, s];
  sums([...twice, ...twice, -42.1e20 * 2, -3.7e20 * 2, -888.8 * 2, -s], s);
  sums([s, 0], s);
  sums([s, -0], s);
  sums([...times(5000, 4567, 10000), ...times(5000, -4567, -10000), s], s);
  for (const n of [1024, 2048, 4096]) {
    sums([...times(n + 1, 2345), s, ...times(n + 1, -2345)], s);
    sums([...times(n, 2345), s, 2345, ...times(n + 1, -2345)], s);
  }
  sums([5100, s, -5100], s);
});

// ReproBLAS, tests/common/test_util.c: the fills of its vectors, for float64 and for float32.
type Fill = (i: number, n: number, random: () => number) => number;
const drop =
  (fill: Fill): Fill =>
  (i, n, r) =>
    fill(i, n, r) * (2 * i < n ? 1 : 1e-12);
const edges =
  (rest: number, first: number, last = rest): Fill =>
  (i, n) =>
    i === 0 ? first : i === n - 1 ? last : rest;
const range =
  (least: number, most: number): Fill =>
  (i, n) =>
    (1 - (i % 2) * 2) * Math.exp(Math.log(least) + ((Math.log(most) - Math.log(least)) * i) / n);

const types = [
  {
    type: Float64Array,
    big: 2 ** 27,
    least: normal,
    most: huge,
    scales: [1, 1e-12, 1e12, 2 ** -1000, 2 ** 960],
  },
  {
    type: Float32Array,
    big: 2 ** 13,
    least: 2 ** -126,
    most: 2 ** 128 - 2 ** 104,
    scales: [1, 1e-12, 1e12, 2 ** -120, 2 ** 100],
  },
];

const fills = (big: number, least: number, most: number): Record<string, Fill> => {
  const small = 1 / big;
  const basic: Record<string, Fill> = {
    constant: () => 1,
    rand: (_i, _n, r) => r() * (1 + 1e-9),
    "2*rand-1": (_i, _n, r) => 2 * r() * (1 + 1e-9) - 1,
    "rand+(rand-1)": (_i, _n, r) => r() * (1 + 1e-9) + (r() * (1 + 1e-9) - 1),
    normal: (_i, _n, r) => Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r()),
    sine: (i, n) => Math.sin(2 * Math.PI * (i / n)),
  };
  const dropped = Object.entries(basic).map(([name, fill]) => [`${name}[drop]`, drop(fill)]);
  return {
    ...basic,
    ...(Object.fromEntries(dropped) as Record<string, Fill>),
    "+inf": edges(1, inf),
    "++inf": edges(1, inf, inf),
    "+-inf": edges(1, inf, -inf),
    nan: edges(1, Number.NaN),
    "+inf_nan": edges(1, inf, Number.NaN),
    "+big": edges(small, big),
    "++big": edges(small, big, big),
    "+-big": edges(small, big, -big),
    "small+grow*big": (i, n) => small + (big - small) * (i / n),
    "small+rand*big": (_i, _n, r) => small + (big - small) * r() * (1 + 1e-9),
    N_cond: (i, n) => (i === 0 ? -n : 1),
    "N_cond+rand": (i, n, r) => (i === 0 ? -n : i === n - 1 ? r() : 1),
    full_range: range(least, most),
    half_range: range(1, most),
  };
};

test("all operators are exact on ReproBLAS's vectors, at every scale", () => {
  for (const { type, big, least, most, scales } of types) {
    for (const [name, fill] of Object.entries(fills(big, least, most))) {
      const random = seeded(name);
      for (const scale of scales) {
        for (const n of [1, 2, 63, 64, 4096, 9001]) {
          const data = () => type.from(count(n, (i) => fill(i, n, random.next) * scale));
          const [x, y] = [data(), data()];
          const ops: readonly ExactName[] = n > 64 ? ["sum", "dot", "l2"] : exactNames;
          for (const op of ops) {
            const got = engine.reduceSync(op === "dot" ? [x, y] : x, op);
            const want = exactly(op, x, y);
            assert.same(settled(op, got), settled(op, want), `${op} of ${name}, ${n}, * ${scale}`);
          }
        }
      }
    }
  }
});
