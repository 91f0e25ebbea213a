// The one rounding at the end of exact sums, by its definition: a result is right if the value lies
// between the midpoints to its neighbours, and on a midpoint only if its last bit is 0. Floats are
// counted from 0 by their bits here; everything else is integers.

import {
  ratio,
  rootOfRatio,
  roundScaled,
  scaledOf,
  ulpsApart,
} from "../../src/operators/number.js";
import { assert, type Random, seeded, test } from "../harness.js";

interface Format {
  readonly name: string;
  readonly single: boolean;
  /** Bits of the significand, exponent of the least float, and the bits of Infinity. */
  readonly digits: bigint;
  readonly least: number;
  readonly infinity: bigint;
}

const formats: Format[] = [
  { name: "float64", single: false, digits: 53n, least: -1074, infinity: 0x7ffn << 52n },
  { name: "float32", single: true, digits: 24n, least: -149, infinity: 0xffn << 23n },
];
const view = new DataView(new ArrayBuffer(8));

/** The place of a float of this format, counted from 0; Infinity has one too. */
function placeOf(x: number, { single, name }: Format): bigint {
  if (!single) view.setFloat64(0, Math.abs(x));
  else view.setFloat32(0, Math.abs(x));
  assert.ok(!single || Object.is(view.getFloat32(0), Math.abs(x)), `${x} is no ${name}`);
  return single ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
}

function floatAt(place: bigint, { single }: Format): number {
  const magnitude = place < 0n ? -place : place;
  if (single) view.setUint32(0, Number(magnitude));
  else view.setBigUint64(0, magnitude);
  const x = single ? view.getFloat32(0) : view.getFloat64(0);
  return place < 0n ? -x : x;
}

/** The float at a place in units of the least one; that of Infinity is the next power of two. */
function unitsAt(place: bigint, { digits }: Format): bigint {
  const field = place >> (digits - 1n);
  const fraction = place & ((1n << (digits - 1n)) - 1n);
  return field === 0n ? fraction : (fraction | (1n << (digits - 1n))) << (field - 1n);
}

const shift = (x: bigint, by: number): bigint => (by > 0 ? x << BigInt(by) : x);
const length = (x: bigint): number => x.toString(2).length;

/** Fails unless `got` is the float nearest (num / den · 2^exponent)^(1 / power). */
function assertNearest(
  got: number,
  [num, den, exponent]: readonly [bigint, bigint, number],
  format: Format,
  power: 1 | 2 = 1,
): void {
  const what = `${got} for ${num} / ${den} · 2^${exponent}, ${format.name}, root ${power}`;
  assert.is(Object.is(got, -0) || got < 0, num < 0n, `sign: ${what}`);
  const place = placeOf(got, format);
  const last = format.least - 1;
  // Compared with a midpoint, which is a whole number of halves of the least float.
  const compare = (other: bigint): number => {
    const middle = (unitsAt(place, format) + unitsAt(other, format)) ** BigInt(power);
    const apart = exponent - power * last;
    const left = shift(num < 0n ? -num : num, apart);
    const right = shift(middle * den, -apart);
    return left < right ? -1 : Number(left > right);
  };
  const isEven = (place & 1n) === 0n;
  if (place > 0n) assert.ok(compare(place - 1n) >= (isEven ? 0 : 1), `too large: ${what}`);
  if (place < format.infinity) {
    assert.ok(compare(place + 1n) <= (isEven ? 0 : -1), `too small: ${what}`);
  }
}

/** Random, or 1 and then zeros, or ones only. */
function digitsOf(n: number, random: Random): bigint {
  let x = 1n;
  for (let k = 0; k < n; k += 64) x = (x << 64n) | random.bits64();
  x >>= BigInt(length(x) - n);
  return random.pick([x, x, 1n << BigInt(n - 1), (1n << BigInt(n)) - 1n]);
}

const some = (random: Random): number => 1 + random.int(random.pick([4, 60, 130, 700, 4000]));

/** A value at any exponent of the format, around both of its ends, or far beyond them. */
function anywhere(num: bigint, den: bigint, { least }: Format, random: Random): number {
  const { digits } = least < -200 ? formats[0]! : formats[1]!;
  const most = -least - Number(digits) + 3;
  const near = random.pick([least, least + Number(digits), most, 0]) + random.int(9) - 5;
  const top = random.pick([
    near,
    near,
    least + random.int(most - least),
    random.int(10_000) - 5000,
  ]);
  return top - length(num < 0n ? -num : num) + length(den);
}

/** A tie of the format, at any exponent, and perhaps a trace to either side of it. */
function tie(format: Format, random: Random): [bigint, number] {
  const place = (random.bits64() % (format.infinity - 1n)) + random.pick([0n, 1n]);
  const at = random.pick([0n, 1n, format.infinity - 1n, 1n << (format.digits - 1n), place, place]);
  const middle = unitsAt(at, format) + unitsAt(at + 1n, format);
  const below = random.pick([0, 0, 1, 70, 2000]);
  const trace = below === 0 ? 0n : random.pick([0n, 1n, -1n]);
  const value = shift(middle, below) + trace;
  return [random.int(2) === 0 ? value : -value, format.least - 1 - below];
}

for (const format of formats) {
  const { single, name } = format;

  test(`${name}: roundScaled is the nearest float, whatever the integer and its exponent`, () => {
    const random = seeded(`scaled ${name}`);
    for (let i = 0; i < 6000; i++) {
      const sign = random.pick([1n, -1n]);
      const value = sign * digitsOf(some(random), random);
      const exponent = anywhere(value, 1n, format, random);
      assertNearest(roundScaled(value, exponent, single), [value, 1n, exponent], format);
    }
    for (const exponent of [-100_000, -1, 0, 100_000]) {
      assert.same(roundScaled(0n, exponent, single), 0);
      assert.same(roundScaled(1n, exponent, single), exponent < -1 ? 0 : 2 ** exponent);
    }
  });

  test(`${name}: ties of integers go to even, and traces beside them decide`, () => {
    const random = seeded(`ties ${name}`);
    for (let i = 0; i < 6000; i++) {
      const [value, exponent] = tie(format, random);
      assertNearest(roundScaled(value, exponent, single), [value, 1n, exponent], format);
      assertNearest(ratio(value, 1n, exponent, single), [value, 1n, exponent], format);
      const den = digitsOf(some(random), random);
      const fraction = [value * den + random.pick([0n, 0n, 1n, -1n]), den, exponent] as const;
      assertNearest(ratio(...fraction, single), fraction, format);
    }
  });

  test(`${name}: ratio is the nearest float of any fraction`, () => {
    const random = seeded(`ratio ${name}`);
    for (let i = 0; i < 6000; i++) {
      const num = random.pick([1n, -1n]) * digitsOf(some(random), random);
      const den = random.pick([3n, 10n, digitsOf(some(random), random)]);
      const fraction = [num, den, anywhere(num, den, format, random)] as const;
      assertNearest(ratio(...fraction, single), fraction, format);
    }
    assert.same(ratio(0n, 7n, -3, single), 0);
  });

  test(`${name}: rootOfRatio is the nearest float to a root, ties and exact roots included`, () => {
    const random = seeded(`root ${name}`);
    for (let i = 0; i < 6000; i++) {
      const den = random.pick([1n, 3n, digitsOf(some(random), random)]);
      const free = digitsOf(some(random), random);
      const [middle, last] = tie(format, random);
      const square = middle * middle * den + random.pick([0n, 0n, 1n, -1n]);
      for (const fraction of [
        [free, den, 2 * anywhere(free, den, format, random) + random.int(2)],
        [square, den, 2 * last],
      ] as const) {
        assertNearest(rootOfRatio(...fraction, single), fraction, format, 2);
      }
    }
    assert.same(rootOfRatio(0n, 7n, -3, single), 0);
  });

  test(`${name}: ulpsApart counts the floats from one to the other`, () => {
    const random = seeded(`ulps ${name}`);
    const any = () => random.pick([1n, -1n]) * (random.bits64() % format.infinity);
    for (let i = 0; i < 3000; i++) {
      const a = random.pick([any(), 0n, format.infinity - 1n, 1n]);
      const near = a + BigInt(random.int(100)) - 50n;
      const b = near < format.infinity && near > -format.infinity ? random.pick([near, any()]) : 0n;
      const [x, y] = [floatAt(a, format), floatAt(b, format)];
      const apart = Number(a < b ? b - a : a - b);
      assert.is(ulpsApart(x, y, single), apart, `${x} and ${y}`);
      assert.is(ulpsApart(y, x, single), apart, `${y} and ${x}`);
    }
    assert.is(ulpsApart(0, -0, single), 0);
    for (const odd of [Number.NaN, Infinity, -Infinity]) {
      assert.is(ulpsApart(odd, 1, single), Infinity);
      assert.is(ulpsApart(-0, odd, single), Infinity);
      assert.is(ulpsApart(odd, -odd, single), Number.isNaN(odd) ? 0 : Infinity);
      assert.is(ulpsApart(odd, odd, single), 0);
    }
  });
}

test("scaledOf is a float64 in units of the least one", () => {
  const random = seeded("scaledOf");
  const [format] = formats as [Format];
  for (let i = 0; i < 3000; i++) {
    const place = random.pick([random.bits64() % format.infinity, BigInt(i), format.infinity - 1n]);
    const x = floatAt(place, format);
    assert.is(scaledOf(x), unitsAt(place, format), `${x}`);
    assert.is(scaledOf(-x), -unitsAt(place, format), `${-x}`);
  }
});
