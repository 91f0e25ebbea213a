// What a JavaScript programmer writes instead: loops over a Float64Array of a multiple of 8
// elements (a loop for a rest makes V8 compile the whole function worse). They are the peers of
// the fast sum, here and in piscina's workers.

export type Loop = (a: Float64Array) => number;

export const loops: { readonly [name: string]: Loop } = {
  simple(a) {
    let s = 0;
    for (let i = 0; i < a.length; i++) s += a[i] as number;
    return s;
  },
  "2 sums"(a) {
    const n = a.length;
    let s = 0;
    let t = 0;
    for (let i = 0; i < n; i += 2) {
      s += a[i] as number;
      t += a[i + 1] as number;
    }
    return s + t;
  },
  "4 sums"(a) {
    const n = a.length;
    let s = 0;
    let t = 0;
    let u = 0;
    let v = 0;
    for (let i = 0; i < n; i += 4) {
      s += a[i] as number;
      t += a[i + 1] as number;
      u += a[i + 2] as number;
      v += a[i + 3] as number;
    }
    return s + t + (u + v);
  },
  // A small tree a turn: few variables, so that they all stay in registers.
  "8 by tree"(a) {
    const n = a.length;
    let s = 0;
    let t = 0;
    for (let i = 0; i < n; i += 8) {
      s += (a[i] as number) + (a[i + 1] as number) + ((a[i + 2] as number) + (a[i + 3] as number));
      t +=
        (a[i + 4] as number) + (a[i + 5] as number) + ((a[i + 6] as number) + (a[i + 7] as number));
    }
    return s + t;
  },
};

/** Loops of their own for one kind of array: the compiler then has seen no other. */
export async function freshLoops(kind: string): Promise<typeof loops> {
  const url = new URL(`./loops.js?${kind}`, import.meta.url);
  return ((await import(url.href)) as { loops: typeof loops }).loops;
}

/** Values whose sum is exact in any order: integers from 0 to 1023. */
export function fill(a: Float64Array): void {
  let x = 1;
  for (let i = 0; i < a.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    a[i] = x >>> 22;
  }
}
