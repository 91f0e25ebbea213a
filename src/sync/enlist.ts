// Sleep without blocking, by `Atomics.waitAsync`. A call that cannot go on lists this thread as a
// waiter and awaits; a notification has it try again.
//
// Whoever is woken this way runs when its event loop turns, which may be late, or never if its
// thread sleeps. So no other thread's progress may hang on it:
//
// - Asynchronous waiters have a list of their own, at another word than blocked threads, and never
//   use up a wake-up that was meant for one of those.
// - A notification wakes all threads of it, so none uses up another's.
//
// Calls of one thread stand in a line, first come, first served, and only the first of a line is
// listed: else n calls would each be woken by each of n notifications. When the first leaves, the
// next lists itself and then looks, as it would have done had it come at that moment. So nothing is
// lost meanwhile: what a notification told of is in the word that the next one looks at. Within a
// thread nothing happens between two awaits, so the line needs no atomics.
//
// `waitAsync` does not block, which allows an order that `wait` does not: enlist first, then look.
// Whatever the look misses comes after the enlisting, and its notification finds the waiter. What
// the word holds does not matter then. (Dekker: store, then load, on both sides; the event count
// of src/core/gate.ts is the same.) A waiter whose look succeeds stays listed until the next
// notification, which then does nothing.

import { RingfoldError } from "../errors.js";
import { atomics } from "./atomics.js";
import type { Words } from "./check.js";

/** The longest delay that timers take. */
const LONG = 2 ** 31 - 1;

/** Node's own where there is Node: tests replace the global ones, whose ids the real ones do not know. */
const { setInterval, clearInterval } =
  globalThis.process?.getBuiltinModule?.("node:timers") ?? globalThis;

/** The calls of this thread that wait for one primitive. */
export class Line {
  /** For the primitive's use, while the line is not empty. */
  seen = 0;
  #size = 0;
  #last: Promise<void> | undefined;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** At the end of the line: await `turn` if there is one, and `leave` in any case. */
  join(): { readonly turn: Promise<void> | undefined; leave(): void } {
    let next = () => {};
    const turn = this.isEmpty ? undefined : this.#last;
    this.#last = new Promise((resolve) => {
      next = resolve;
    });
    this.#size++;
    const leave = () => {
      this.#size--;
      next();
    };
    return { turn, leave };
  }
}

/** By memory and place in it: a primitive may be seen through several views. */
const lines = new WeakMap<SharedArrayBuffer, Map<number, Line>>();

export function lineAt({ buffer, byteOffset }: Words): Line {
  let places = lines.get(buffer);
  if (places === undefined) {
    places = new Map();
    lines.set(buffer, places);
  }
  let line = places.get(byteOffset);
  if (line === undefined) {
    line = new Line();
    places.set(byteOffset, line);
  }
  return line;
}

type WaitAsync = NonNullable<typeof atomics.waitAsync>;

export function requireAsync(): WaitAsync {
  if (atomics.waitAsync !== undefined) return atomics.waitAsync;
  throw new RingfoldError(
    "ERR_RUNTIME",
    "this runtime has no Atomics.waitAsync: call the blocking form in a worker thread, " +
      "or use Node 16, Chrome 87, Safari 16.4, Firefox 145 or later",
  );
}

/** Lists this thread at a word; undefined if that changed meanwhile, which is as good as a wake-up. */
export function enlist(view: Words, index: number): Promise<unknown> | undefined {
  const wait = requireAsync()(view, index, atomics.load(view, index));
  return wait.async ? wait.value : undefined;
}

/** Awaits a wake-up. Node would end meanwhile if it had nothing else to do; hence the timer. */
export async function awake(wakeUp: Promise<unknown> | undefined): Promise<void> {
  if (wakeUp === undefined) return;
  const hold = setInterval?.(() => {}, LONG);
  try {
    await wakeUp;
  } finally {
    clearInterval(hold);
  }
}
