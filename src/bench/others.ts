// How much of the machine other programs use meanwhile. Linux only: elsewhere nobody is seen.

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Starts watching; the function it returns gives the share of the machine that others used. Children
 * of this process that run, by their ids, are no others.
 */
export function watchOthers(children: ReadonlySet<number> = new Set()): () => number {
  const before = processorTicks(children);
  if (before === undefined) return () => 0;
  const start = performance.now();
  return () => {
    const after = processorTicks(children);
    if (after === undefined) return 0;
    const ticks = after.all - before.all - (after.own - before.own);
    // A tick is 10 ms; below a few of them there is nothing to be told.
    const seconds = (performance.now() - start) / 1000;
    return ticks < 3 ? 0 : ticks / 100 / seconds / availableParallelism();
  };
}

/** Processor time of the machine and of this process with its children; Linux only. */
function processorTicks(children: Iterable<number>): { all: number; own: number } | undefined {
  try {
    const all = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.trim().split(/\s+/) ?? [];
    const sum = (from: readonly string[], places: readonly number[]) =>
      places.reduce((n, place) => n + Number(from[place]), 0);
    // user nice system irq softirq steal; utime stime cutime cstime.
    const own = ["self", ...children].map((process) => {
      const stat = readFileSync(`/proc/${process}/stat`, "utf8").replace(/^.*\) /, "");
      return sum(stat.split(" "), [11, 12, 13, 14]);
    });
    return { all: sum(all, [1, 2, 3, 6, 7, 8]), own: own.reduce((a, b) => a + b) };
  } catch {
    return undefined;
  }
}
