// The loops of core/litmus.ts in JavaScript, with the same arguments: byte addresses, 1 for atomic.
// One function a combination, so that each is optimised for what it does and has no call in it.

export interface Loops {
  writeWrite(...of: Access<[x: number, y: number]>): void;
  writeRead(...of: Access<[x: number, out: number]>): void;
  readWrite(...of: Access<[y: number, out: number]>): void;
  readRead(...of: Access<[out: number, second: number]>): void;
  writeOnly(atomic: number, a: number, stride: number, n: number, x: number): void;
}

type Access<Last extends unknown[]> = [
  first: number,
  second: number,
  a: number,
  b: number,
  stride: number,
  n: number,
  ...Last,
];

/** a, b, stride, n and two more, all in words. */
type Loop = (a: number, b: number, stride: number, n: number, p: number, q: number) => void;

/** By first access, then second: plain, atomic. */
type Four = readonly [readonly [Loop, Loop], readonly [Loop, Loop]];

export function loopsOn(words: Int32Array): Loops {
  const ww: Four = [
    [
      (a, b, stride, n, x, y) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          words[a] = x;
          words[b] = y;
        }
      },
      (a, b, stride, n, x, y) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          words[a] = x;
          Atomics.store(words, b, y);
        }
      },
    ],
    [
      (a, b, stride, n, x, y) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          Atomics.store(words, a, x);
          words[b] = y;
        }
      },
      (a, b, stride, n, x, y) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          Atomics.store(words, a, x);
          Atomics.store(words, b, y);
        }
      },
    ],
  ];
  const wr: Four = [
    [
      (a, b, stride, n, x, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          words[a] = x;
          words[out + i] = words[b] as number;
        }
      },
      (a, b, stride, n, x, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          words[a] = x;
          words[out + i] = Atomics.load(words, b);
        }
      },
    ],
    [
      (a, b, stride, n, x, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          Atomics.store(words, a, x);
          words[out + i] = words[b] as number;
        }
      },
      (a, b, stride, n, x, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          Atomics.store(words, a, x);
          words[out + i] = Atomics.load(words, b);
        }
      },
    ],
  ];
  const rw: Four = [
    [
      (a, b, stride, n, y, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = words[a] as number;
          words[b] = y;
          words[out + i] = seen;
        }
      },
      (a, b, stride, n, y, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = words[a] as number;
          Atomics.store(words, b, y);
          words[out + i] = seen;
        }
      },
    ],
    [
      (a, b, stride, n, y, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = Atomics.load(words, a);
          words[b] = y;
          words[out + i] = seen;
        }
      },
      (a, b, stride, n, y, out) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = Atomics.load(words, a);
          Atomics.store(words, b, y);
          words[out + i] = seen;
        }
      },
    ],
  ];
  const rr: Four = [
    [
      (a, b, stride, n, out, second) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = words[a] as number;
          words[out + second + i] = words[b] as number;
          words[out + i] = seen;
        }
      },
      (a, b, stride, n, out, second) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = words[a] as number;
          words[out + second + i] = Atomics.load(words, b);
          words[out + i] = seen;
        }
      },
    ],
    [
      (a, b, stride, n, out, second) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = Atomics.load(words, a);
          words[out + second + i] = words[b] as number;
          words[out + i] = seen;
        }
      },
      (a, b, stride, n, out, second) => {
        for (let i = 0; i < n; i++, a += stride, b += stride) {
          const seen = Atomics.load(words, a);
          words[out + second + i] = Atomics.load(words, b);
          words[out + i] = seen;
        }
      },
    ],
  ];
  const pick = (four: Four, first: number, second: number) =>
    (four[first as 0 | 1] as readonly [Loop, Loop])[second as 0 | 1];
  return {
    writeWrite: (f, s, a, b, stride, n, x, y) =>
      pick(ww, f, s)(a >> 2, b >> 2, stride >> 2, n, x, y),
    writeRead: (f, s, a, b, stride, n, x, out) =>
      pick(wr, f, s)(a >> 2, b >> 2, stride >> 2, n, x, out >> 2),
    readWrite: (f, s, a, b, stride, n, y, out) =>
      pick(rw, f, s)(a >> 2, b >> 2, stride >> 2, n, y, out >> 2),
    readRead: (f, s, a, b, stride, n, out, second) =>
      pick(rr, f, s)(a >> 2, b >> 2, stride >> 2, n, out >> 2, second >> 2),
    writeOnly: (atomic, a, stride, n, x) => {
      if (atomic === 1) {
        for (let i = 0, p = a >> 2; i < n; i++, p += stride >> 2) Atomics.store(words, p, x);
      } else {
        for (let i = 0, p = a >> 2; i < n; i++, p += stride >> 2) words[p] = x;
      }
    },
  };
}
