// The only way from the primitives to shared memory, to the clock and to sleep. A model checker
// puts its own operations in the place of the runtime's; so do tests that drive threads by hand.
//
// What the functions of src/sync do depends on their arguments and on what these operations return,
// on nothing else. So a call can be run again from its start, with recorded results, up to the
// first operation that has none.

/** The operations that the primitives are made of; those of `Atomics` unless it says otherwise. */
export interface Operations
  extends Pick<
    typeof Atomics,
    "load" | "store" | "add" | "exchange" | "compareExchange" | "wait" | "notify"
  > {
  /** Undefined where the runtime has none. */
  readonly waitAsync: typeof Atomics.waitAsync | undefined;
  /** Says that this thread goes round a loop until another one has written. */
  pause(): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** False where `wait` throws: on a browser's main thread. */
  mayBlock(): boolean;
}

let blocks: boolean | undefined;

/** A thread may or may not block from its first to its last moment, so one look is enough. */
function mayBlock(): boolean {
  if (blocks === undefined) {
    try {
      // The runtime asks whether the thread may sleep before it compares.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
      blocks = true;
    } catch {
      blocks = false;
    }
  }
  return blocks;
}

const { load, store, add, exchange, compareExchange, wait, notify } = Atomics;
const { waitAsync, pause = () => {} } = Atomics as Partial<typeof Atomics> & {
  pause?: () => void;
};
const now = () => Date.now();

export let atomics: Operations = {
  load,
  store,
  add,
  exchange,
  compareExchange,
  wait,
  notify,
  waitAsync,
  pause: () => pause(),
  now,
  mayBlock,
};

/** Puts `by` in their place, for this thread; returns what was there. */
export function replaceAtomics(by: Operations): Operations {
  const before = atomics;
  atomics = by;
  return before;
}
