// Data that are easy and hard to sum exactly, and their sums: computed here with BigInt, in a way
// that has nothing in common with the engine's.

import { roundRational } from "../exact.js";

type Draw = (i: number) => number;

export interface DataSet {
  readonly about: string;
  /** The least share of the fast sum's speed. */
  readonly goal: number;
  readonly draw: Draw;
  readonly nan?: "skip";
}

export type Floats = Float64Array<ArrayBufferLike> | Float32Array<ArrayBufferLike>;

/** Blocks of the engine: magnitudes that change with them favour nobody. */
const BLOCK = 8192;

let state = 1;

/** 32 random bits, the same in every run. */
function bits(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

/** In [0, 1), with all 53 bits random. */
const unit = () => (bits() * 2 ** 21 + (bits() >>> 11)) / 2 ** 53;
const below = (n: number) => bits() % n;
const centred = () => unit() - 0.5;
const signed = (x: number) => (bits() & 1 ? x : -x);
/** Any of `n` exponents around 1, each as likely as the others. */
const spread = (n: number) => () => signed((1 + unit()) * 2 ** (below(n) - n / 2));

const double = new Float64Array(1);
const doubleBits = new Uint32Array(double.buffer);
const single = new Float32Array(double.buffer);

/** Any finite float64, by its bits; `exponents` limits the field of the exponent. */
function anyDouble(exponents = 2047): number {
  doubleBits[0] = bits();
  doubleBits[1] = (bits() & 0x800fffff) | (below(exponents) << 20);
  return double[0] as number;
}

function anySingle(): number {
  doubleBits[0] = (bits() & 0x807fffff) | (below(255) << 23);
  return single[0] as number;
}

/** The same with signs that keep the sum of the largest in range. */
function inRange(draw: () => number): Draw {
  let sum = 0;
  return (i) => {
    if (i === 0) sum = 0;
    const x = draw();
    if (Math.abs(x) < 2 ** 900) return x;
    const y = sum > 0 ? -Math.abs(x) : Math.abs(x);
    sum += y;
    return y;
  };
}

/** One element in a block is `x`, somewhere. */
function outlier(x: number): Draw {
  let at = 0;
  return (i) => {
    if (i % BLOCK === 0) at = i + below(BLOCK);
    return i === at ? x : centred();
  };
}

const zeros = (share: number) => () => (unit() < share ? 0 : centred());
const steps = (power: number) => (i: number) =>
  centred() * (Math.floor(i / BLOCK) % 2 === 0 ? 1 : 2 ** power);
const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());

export const ordinary: Draw = centred;
export const fullRangeSingle: Draw = anySingle;

export const dataSets: { readonly [name: string]: DataSet } = {
  "zeros-10": { about: "10% zeros", goal: 0.55, draw: zeros(0.1) },
  "zeros-90": { about: "90% zeros", goal: 0.55, draw: zeros(0.9) },
  "spread-64": { about: "exponents spread over 64", goal: 0.5, draw: spread(64) },
  "spread-128": { about: "exponents spread over 128", goal: 0.25, draw: spread(128) },
  "full-range": { about: "random bits", goal: 0.25, draw: inRange(anyDouble) },
  "blocks-60": { about: "blocks × 1 and × 2^60 in turn", goal: 0.25, draw: steps(60) },
  "blocks-200": { about: "blocks × 1 and × 2^200 in turn", goal: 0.25, draw: steps(200) },
  "one-1e300": { about: "one 1e300 a block", goal: 0.25, draw: outlier(1e300) },
  "one-1e-300": { about: "one 1e-300 a block", goal: 0.25, draw: outlier(1e-300) },
  "one-infinity": { about: "one Infinity a block", goal: 0.25, draw: outlier(Infinity) },
  "one-nan": { about: "one NaN a block", goal: 0.25, draw: outlier(NaN) },
  alternating: {
    about: "1e300 and 1e-300 in turn",
    goal: 0.25,
    draw: (i) => centred() * (i % 2 === 0 ? 1e300 : 1e-300),
  },
  subnormal: { about: "subnormals", goal: 0.25, draw: () => anyDouble(1) },
  largest: {
    about: "the largest numbers, ±1.7e308",
    goal: 0.25,
    draw: inRange(() => 1.7e308 + unit() * 9e306),
  },
  "nan-skip": {
    about: '1% NaN, nan: "skip"',
    goal: 0.25,
    draw: () => (below(100) === 0 ? NaN : centred()),
    nan: "skip",
  },
  equal: { about: "all equal, 0.1", goal: 0.25, draw: () => 0.1 },
  lognormal: { about: "lognormal, sigma 3", goal: 0.25, draw: () => Math.exp(3 * normal()) },
  integers: { about: "integers from 0 to 100", goal: 0.25, draw: () => below(101) },
};

function repeat(x: Floats, period: number): void {
  for (let at = period; at < x.length; at += period) x.copyWithin(at, 0, period);
}

/** Fills `x` with the same `period` elements again and again. */
export function fillWith(x: Floats, draw: Draw, period = x.length): void {
  for (let i = 0; i < period; i++) x[i] = draw(i);
  repeat(x, period);
}

/** Fills `y` with factors for those of `x`, such that the products are far from infinite. */
export function fillFactors(y: Floats, x: Floats, draw: Draw, period: number): void {
  for (let i = 0; i < period; i++) {
    do y[i] = draw(i);
    while (Math.abs((x[i] as number) * (y[i] as number)) > 2 ** 980);
  }
  repeat(y, period);
}

// --- what the results should be -------------------------------------------------------

/** value · 2^scale, or what infinities and NaN give. */
export interface Exact {
  readonly value: bigint;
  readonly scale: number;
  readonly special: number | undefined;
}

/** Sums of mantissas, one an exponent, in two halves; so many elements go in without rounding. */
const PART = 2 ** 20;

export function exactSum(x: Floats, skip = false): Exact {
  const a = x instanceof Float64Array ? x : new Float64Array(x);
  const words = new Uint32Array(a.buffer, a.byteOffset, 2 * a.length);
  const [low, high] = [new Float64Array(2048), new Float64Array(2048)];
  let value = 0n;
  let special: number | undefined;
  for (let from = 0; from < a.length; from += PART) {
    const to = Math.min(a.length, from + PART);
    for (let i = from; i < to; i++) {
      const word = words[2 * i + 1] as number;
      const field = (word >>> 20) & 2047;
      if (field === 2047) {
        const v = a[i] as number;
        if (!(skip && Number.isNaN(v))) special = (special ?? 0) + v;
        continue;
      }
      const sign = word >>> 31 === 0 ? 1 : -1;
      const at = Math.max(field, 1);
      low[at] = (low[at] as number) + sign * (words[2 * i] as number);
      high[at] = (high[at] as number) + sign * ((word & 0xfffff) + (field === 0 ? 0 : 2 ** 20));
    }
    for (let e = 1; e < 2047; e++) {
      if (low[e] === 0 && high[e] === 0) continue;
      value += (BigInt(low[e] as number) + (BigInt(high[e] as number) << 32n)) << BigInt(e - 1);
    }
    low.fill(0);
    high.fill(0);
  }
  return { value, scale: -1074, special };
}

function split(x: number): [mantissa: bigint, exponent: number] {
  double[0] = x;
  const word = doubleBits[1] as number;
  const field = (word >>> 20) & 2047;
  const m = ((word & 0xfffff) + (field === 0 ? 0 : 2 ** 20)) * 2 ** 32 + (doubleBits[0] as number);
  return [BigInt(word >>> 31 === 0 ? m : -m), Math.max(field, 1) - 1];
}

/** Of finite numbers. */
export function exactDot(x: Floats, y: Floats): Exact {
  const sums: bigint[] = new Array(4096).fill(0n);
  for (let i = 0; i < x.length; i++) {
    const [m, e] = split(x[i] as number);
    const [n, f] = split(y[i] as number);
    sums[e + f] = (sums[e + f] as bigint) + m * n;
  }
  const value = sums.reduce((all, sum, e) => all + (sum << BigInt(e)), 0n);
  return { value, scale: -2148, special: undefined };
}

/** The float64 nearest to `times` times the value; ties to even. */
export function nearest({ value, scale, special }: Exact, times = 1): number {
  if (special !== undefined) return special;
  const all = value * BigInt(times);
  return scale < 0
    ? roundRational(all, 1n << BigInt(-scale))
    : roundRational(all << BigInt(scale), 1n);
}
