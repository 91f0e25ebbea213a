// Noise for a thread of `stress sync`: random pauses right before operations on shared memory, most of
// all before sleep and before waking others. Between those steps wake-ups get lost, and they are some
// 100 ns apart. (O. Edelstein et al., Multithreaded Java program test generation, 2002.) Ours are
// reached through src/sync/atomics.ts, others through the global `Atomics`, whose `wait` and
// `notify` are replaced before they are imported, so that they may keep them.

import { atomics, type Operations, replaceAtomics } from "../sync/atomics.js";

const { load, wait, notify } = Atomics;
const quiet = atomics;
const word = new Int32Array(new SharedArrayBuffer(4));
/** Longest pause, in looks of some 30 ns. */
let longest = 0;
let state = 1;

/** xorshift32, after G. Marsaglia. */
function next(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

/** One time in so many. */
function pause(often: number): void {
  if (longest === 0 || next() % often !== 0) return;
  for (let n = next() % longest; n > 0; n--) load(word, 0);
}

/** The same function, now and then later. */
function late<F>(operation: F, often: number): F {
  const run = operation as (...operands: unknown[]) => unknown;
  return ((...operands: unknown[]) => {
    pause(often);
    return run(...operands);
  }) as F;
}

const noisy: Operations = {
  ...quiet,
  wait: late(wait, 2),
  notify: late(notify, 2),
  load: late(quiet.load, 16),
  store: late(quiet.store, 16),
  add: late(quiet.add, 16),
  exchange: late(quiet.exchange, 16),
  compareExchange: late(quiet.compareExchange, 16),
};

/** Before another implementation is imported. */
export function listenIn(): void {
  Object.assign(Atomics, { wait: late(wait, 2), notify: late(notify, 2) });
}

/** From now on; 0: none. */
export function makeNoise(looks: number, seed: number): void {
  longest = looks;
  state = seed | 1;
  replaceAtomics(looks === 0 ? quiet : noisy);
}
