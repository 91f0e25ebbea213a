// Sleep without blocking, by `Atomics.waitAsync`. A call that cannot go on lists this thread as a
// waiter and awaits; a notification has it try again.
//
// Whoever is woken this way runs when its event loop turns, which may be late, or never if its
// thread sleeps. So no other thread's progress may hang on it:
//
// - Asynchronous waiters have a list of their own, at another word than blocked threads, and never
//   use up a wake-up that was meant for one of those.
// - A notification wakes all of them, so none uses up another's.
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
