// Ours, but for Once: it wakes nobody at its end. Who waited goes on when woken by hand, and then
// nothing is wrong any more: the watch alone tells.

import { Once as Good } from "../../../src/sync/index.js";

type Words = Int32Array<SharedArrayBuffer>;

export * from "../../../src/sync/index.js";
export const Once = {
  ...Good,
  execute(once: Words, fn: () => void): void {
    if (Atomics.compareExchange(once, 0, 0, 2) === 0) {
      fn();
      Atomics.store(once, 0, 1);
    }
    while (Atomics.load(once, 0) !== 1) Atomics.wait(once, 0, 2);
  },
};
