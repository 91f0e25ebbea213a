// From which size a second thread pays: exact sums of float64, back to back, on an engine of one
// thread and on one of two.

import { fillOrdinary } from "./data.js";
import type { Engines } from "./engines.js";
import { time } from "./measure.js";
import { type CrossoverResult, figure } from "./result.js";
import { Group, runRounds, type Watch } from "./rounds.js";

const THREADS = 2;
const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096].map((kib) => kib * 1024);
/** A gain below this is none. */
const GAIN = 1.1;

/** The first size from which on every one gains; null if there is none. */
export function crossoverOf(points: CrossoverResult["points"]): number | null {
  const last = points.findLastIndex(({ speedup }) => speedup.median < GAIN);
  return points[last + 1]?.bytes ?? null;
}

export async function measureCrossover(
  rounds: number,
  engines: Engines,
  watch: Watch,
): Promise<CrossoverResult> {
  const both = [await engines.get(1), await engines.get(THREADS)];
  const arrays = both.map((engine) => engine.alloc("float64", (SIZES.at(-1) ?? 0) / 8));
  for (const array of arrays) fillOrdinary(array);
  const groups = SIZES.map((bytes) => {
    const sides = both.map((engine, i) => {
      const view = arrays[i]?.subarray(0, bytes / 8) as Float64Array;
      const run = (times: number) =>
        time(() => {
          for (let k = 0; k < times; k++) engine.reduceSync(view, "sum");
        });
      return { name: i === 0 ? "one" : "more", run };
    });
    return { bytes, group: new Group(sides) };
  });
  await runRounds(
    "crossover",
    groups.map(({ group }) => group),
    rounds,
    watch,
  );
  for (const [i, engine] of both.entries()) engine.free(arrays[i] as Float64Array);
  const points = groups.flatMap(({ bytes, group }) =>
    group.isMeasured ? [{ bytes, speedup: figure(group.ratios("more", "one")) }] : [],
  );
  return {
    threads: THREADS,
    fromBytes: crossoverOf(points),
    points,
    engine: { ...(both[1] as (typeof both)[number]).stats().crossover },
  };
}
