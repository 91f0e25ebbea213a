// Arrays of floats that sums get wrong: every way of which something is known, by name.

import { exponentOf, fromBits, pow2 } from "./exact.js";
import type { Random } from "./harness-random.js";

type Shape = (n: number, random: Random) => Float64Array;

const HUGE = Number.MAX_VALUE;
const TINY = Number.MIN_VALUE;
const signed = (random: Random, x: number): number => (random.int(2) === 0 ? x : -x);
const normal = (r: Random): number =>
  Math.sqrt(-2 * Math.log(1 - r.next())) * Math.cos(2 * Math.PI * r.next());

/** Random digits, or all of them 0, or all 1: a number in [1, 2). */
function significand(random: Random): number {
  const kind = random.int(4);
  if (kind === 0) return 1;
  return kind === 1 ? 2 - 2 ** -52 : 1 + random.next();
}

/** Any finite float, all bit patterns alike. */
function finite(random: Random): number {
  for (;;) {
    const x = fromBits(random.bits64());
    if (Number.isFinite(x)) return x;
  }
}

function shuffle<T extends number[] | Float64Array>(x: T, random: Random): T {
  for (let i = x.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [x[i], x[j]] = [x[j]!, x[i]!];
  }
  return x;
}

const each =
  (value: (random: Random, i: number, n: number) => number): Shape =>
  (n, random) => {
    const x = new Float64Array(n);
    for (let i = 0; i < n; i++) x[i] = value(random, i, n);
    return x;
  };

/** n elements that add up to what `rest` gives, exactly: pairs of x and −x around it. */
const around =
  (rest: (random: Random) => number[], one = finite): Shape =>
  (n, random) => {
    const x = rest(random).slice(0, n);
    while (x.length + 1 < n) {
      const v = one(random);
      x.push(v, -v);
    }
    while (x.length < n) x.push(-0);
    return Float64Array.from(shuffle(x, random));
  };

/** A float of so many digits, half a unit of its last digit, and perhaps a trace to either side. */
const tie =
  (digits: number, least: number, most: number) =>
  (random: Random): number[] => {
    const k = least + random.int(most - least + 1);
    const whole = Math.floor(significand(random) * 2 ** (digits - 1));
    const trace = random.pick([0, 0, TINY, -TINY, pow2(least), -pow2(least)]);
    const x = [whole * pow2(k), signed(random, pow2(k - 1)), trace];
    return random.int(2) === 0 ? x : x.map((v) => -v);
  };

/** 3a and 4a, whose norm 5a is a tie, and perhaps a trace. */
function rightAngle(random: Random): number[] {
  const least = Math.ceil(2 ** 53 / 5 / 2);
  const a = 2 * (least + random.int(Math.floor(2 ** 53 / 3 / 2) - least)) + 1;
  return [3 * a, 4 * a, random.pick([0, TINY, 1, 2 ** -100])];
}

/** Carries and borrows that run through all digits: 2^k less the smallest float, and back. */
function ripple(random: Random): number[] {
  const k = random.int(2000) - 1000;
  const chain = [pow2(k), -TINY];
  for (let j = random.int(60); j > 0; j--) chain.push(pow2(k - j), random.pick([TINY, -TINY]));
  return random.int(2) === 0 ? chain : chain.map((v) => -v);
}

export const shapes: Record<string, Shape> = {
  uniform: each((r) => r.next()),
  "of both signs": each((r) => 2 * r.next() - 1),
  normal: each(normal),
  lognormal: each((r) => Math.exp(9 * normal(r))),
  offset: each((r) => 1e9 + 1e-3 * r.next()),
  "of every exponent": each(finite),
  "subnormal and around": each((r) => signed(r, fromBits(r.bits64() & ((1n << 53n) - 1n)))),
  "cancelling to zero": around(() => []),
  "cancelling to a trace": around((r) => [r.pick([TINY, -TINY, finite(r), 2 ** -1022])]),
  "cancelling but for last digits": around((r) => [1 + r.int(9) * 2 ** -52, -1], normal),
  ties: around(tie(53, -1073, 971)),
  "ties before infinity": around(tie(53, 971, 971), () => 2 ** 1023),
  "ties of float32": around(
    (r) => tie(24, r.int(8) === 0 ? 104 : -148, 104)(r),
    (r) => Math.fround(normal(r)),
  ),
  "ties of norms": around(rightAngle, () => 0),
  "rippling carries": around(ripple),
  "overflowing in between": around(
    (r) => [finite(r), 1],
    () => 2 ** 1023,
  ),
  "with infinities and NaN": (n, random) => {
    const x = each(normal)(n, random);
    const some = random.pick([[Infinity], [-Infinity], [Infinity, -Infinity], [Number.NaN]]);
    for (let k = random.int(4); k > 0 && n > 0; k--) x[random.int(n)] = random.pick(some);
    return x;
  },
  "zeros of both signs": (n, r) => each(r.int(2) === 0 ? () => -0 : (q) => signed(q, 0))(n, r),
  "mostly zeros": each((r) => (r.int(10) === 0 ? finite(r) : signed(r, 0))),
  "1e300 and 1e-300": each((r, i) => signed(r, (1 + r.next()) * (i % 2 === 0 ? 1e300 : 1e-300))),
  "in blocks": each((r, i) => normal(r) * ((i >> 6) % 2 === 0 ? 2 ** 500 : 2 ** -500)),
  "an outlier": each((r, i, n) => (i === n >> 1 ? finite(r) : r.next())),
  "at every 32nd exponent": each((r, i) =>
    signed(r, significand(r) * pow2(-1074 + 32 * (i % 66) + r.int(5) - 2)),
  ),
  "the largest": each((r) => signed(r, HUGE)),
  "next to the largest": each((r) => signed(r, significand(r) * 2 ** (1020 + r.int(4)))),
  "all equal": (n, r) => each(() => HUGE)(n, r).fill(r.int(2) === 0 ? finite(r) : normal(r)),
};
export const shapeNames = Object.keys(shapes);

export const make = (shape: string, n: number, random: Random): Float64Array =>
  (shapes[shape] as Shape)(n, random);

/** 0 to 200, and powers of two more often than others: means are ties then. */
export const anyLength = (random: Random): number =>
  random.int(5) === 0 ? 2 ** random.int(8) : random.int(201);

/** The other side of a dot, so that products are anywhere, shifted, about 2^target, or cancel. */
export function partner(x: Float64Array, random: Random): Float64Array {
  const kind = random.int(4);
  if (kind === 0) return make(random.pick(shapeNames), x.length, random);
  if (kind === 1) return new Float64Array(x.length).fill(pow2(random.int(2098) - 1074));
  const target = random.pick([-1076, -1074, -1022, 0, 1022, 1024]);
  const y = x.map((v) => signed(random, significand(random) * pow2(target - exponentOf(v))));
  // What stands twice in x meets y and −y.
  for (let i = 0; kind === 2 && i + 1 < x.length; i += 2) {
    x[i + 1] = x[i]!;
    y[i + 1] = -y[i]!;
  }
  return y;
}

/** The same kind of array for float32: fewer digits, an eighth of the exponents. */
export function narrow(x: Float64Array, random: Random): Float32Array {
  if (random.int(2) === 0) return Float32Array.from(x);
  return Float32Array.from(x, (v) => {
    const e = exponentOf(v);
    return Number.isFinite(v) ? v * pow2(-e) * pow2(Math.trunc(e / 8)) : v;
  });
}
