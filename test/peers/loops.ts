// What a JavaScript programmer writes instead: loops over a Float64Array. They are the peers of
// the fast sum, here and in piscina's workers.

export type Loop = (a: Float64Array, from: number, end: number) => number;

export const loops: { readonly [name: string]: Loop } = {
  simple(a, from, end) {
    let s = 0;
    for (let i = from; i < end; i++) s += a[i] as number;
    return s;
  },
  "2 sums"(a, from, end) {
    let s = 0;
    let t = 0;
    let i = from;
    for (; i + 1 < end; i += 2) {
      s += a[i] as number;
      t += a[i + 1] as number;
    }
    for (; i < end; i++) s += a[i] as number;
    return s + t;
  },
  "4 sums"(a, from, end) {
    let s = 0;
    let t = 0;
    let u = 0;
    let v = 0;
    let i = from;
    for (; i + 3 < end; i += 4) {
      s += a[i] as number;
      t += a[i + 1] as number;
      u += a[i + 2] as number;
      v += a[i + 3] as number;
    }
    for (; i < end; i++) s += a[i] as number;
    return s + t + (u + v);
  },
  "8 sums"(a, from, end) {
    let s = 0;
    let t = 0;
    let u = 0;
    let v = 0;
    let w = 0;
    let x = 0;
    let y = 0;
    let z = 0;
    let i = from;
    for (; i + 7 < end; i += 8) {
      s += a[i] as number;
      t += a[i + 1] as number;
      u += a[i + 2] as number;
      v += a[i + 3] as number;
      w += a[i + 4] as number;
      x += a[i + 5] as number;
      y += a[i + 6] as number;
      z += a[i + 7] as number;
    }
    for (; i < end; i++) s += a[i] as number;
    return s + t + (u + v) + (w + x + (y + z));
  },
};

/** Values whose sum is exact in any order: integers from 0 to 1023. */
export function fill(a: Float64Array): void {
  let x = 1;
  for (let i = 0; i < a.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    a[i] = x >>> 22;
  }
}
