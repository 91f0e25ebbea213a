// The runtime's timers and clock, taken when this module loads. The global ones may be a page's,
// which have no `unref`, or a test's, which never fire.

import { performance } from "node:perf_hooks";
import * as timers from "node:timers";

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers;

const clock = Object.getPrototypeOf(performance) as Performance;
const read = clock.now;

/** Milliseconds since the process started. */
export const now = (): number => read.call(performance);

/** Settles when the event loop has had a turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls `task` once the code that runs now has ended. */
export function soon(task: () => void): void {
  void Promise.resolve().then(task);
}
