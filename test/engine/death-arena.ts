// A thread that stops for good in the midst of the arena: before its n-th step of one operation,
// where a step is whatever others can see of it. The arena's own code runs, on words that count.

import { parentPort, workerData } from "node:worker_threads";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import type { EngineHandle } from "../../src/index.js";

/** Addresses are of blocks that this thread takes first, all of one size. */
export type Operation =
  /** Takes part of a free block. */
  | "takes a part"
  /** Takes a free block as it is. */
  | "takes a whole"
  /** Has the memory grow. */
  | "grows"
  /** Gives a block back that has no free neighbour, one on its left, right, or both sides. */
  | "gives one"
  | "joins left"
  | "joins right"
  | "joins both"
  /** Gives all that it has back. */
  | "gives all";

export interface ArenaInit {
  readonly handle: EngineHandle;
  readonly operation: Operation;
  /** Infinity: it does not stop, and tells how many there are. */
  readonly step: number;
}

const BYTES = 10_000;

function play({ handle, operation, step }: ArenaInit): void {
  const { memory, module } = handle as { memory: WebAssembly.Memory; module: WebAssembly.Module };
  const shared = Shared.attach(memory, module);
  const submitter = new Submitter(shared, false);
  const { arena } = shared;
  const mine = submitter.me + 1;
  const blocks = Array.from({ length: 7 }, () => arena.alloc(BYTES, mine));
  const give = (i: number) => arena.free(blocks[i] as number);
  if (operation === "takes a whole" || operation === "joins right") give(3);
  if (operation === "joins left") give(1);
  if (operation === "joins both") {
    give(1);
    give(3);
  }
  // The search begins where the last one ended: at the block that was given back.
  const steps = countSteps(shared, step);
  switch (operation) {
    case "takes a part":
      arena.alloc(BYTES >> 1, mine);
      break;
    case "takes a whole":
      arena.alloc(BYTES, mine);
      break;
    case "grows":
      arena.alloc(2 * shared.buffer.byteLength, mine);
      break;
    case "gives all":
      arena.freeAll(mine);
      break;
    default:
      give(2);
  }
  parentPort?.postMessage(steps());
  arena.freeAll(mine);
  submitter.close();
}

/** From now on each write to the memory's words is a step; before number `last` all ends here. */
function countSteps(shared: Shared, last: number): () => number {
  let steps = 0;
  const step = () => {
    if (steps++ !== last) return;
    parentPort?.postMessage(-1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  const inner = new WeakMap<object, Uint32Array>();
  const counting = (words: Uint32Array): Uint32Array => {
    const outer = new Proxy(words, {
      get: (target, key) => Reflect.get(target, key, target) as unknown,
      set: (target, key, value) => {
        step();
        return Reflect.set(target, key, value, target);
      },
    });
    inner.set(outer, words);
    return outer;
  };
  for (const name of ["store", "add", "compareExchange", "load"] as const) {
    const plain = Atomics[name] as (words: Uint32Array, ...rest: number[]) => number;
    const counted = (words: Uint32Array, ...rest: number[]) => {
      const target = inner.get(words);
      if (target !== undefined && name !== "load") step();
      return plain(target ?? words, ...rest);
    };
    Object.assign(Atomics, { [name]: counted });
  }
  let words = counting(shared.u32s);
  Object.defineProperty(shared, "u32s", {
    get: () => words,
    // The memory grew.
    set: (grown: Uint32Array) => {
      words = counting(grown);
    },
  });
  return () => steps;
}

if (workerData !== null) play(workerData as ArenaInit);
