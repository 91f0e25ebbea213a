// What this process holds after the collector ran, and whether that grows from turn to turn: for
// `soak`. Called from the main thread, between scenarios.

import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Holding {
  readonly rss: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly heapUsed: number;
  /** What keeps the event loop alive. */
  readonly resources: number;
  /** Undefined where the system does not tell. */
  readonly threads: number | undefined;
}

/** Turns, the first left out, before growth is judged: thirds of two have a median. */
export const LEAST_TURNS = 6;

const MIB = 2 ** 20;

/**
 * How much the medians may differ that is no growth. A leak grows with the number of turns, what
 * is tolerated does not, so a longer run sees a smaller leak. The heap and what hangs on it breathe
 * by what the runtime has compiled and cached, a few MiB; resident memory by the allocator's arenas
 * of ended threads and pages not yet given back, some tens. Threads and resources are counted: they
 * have no noise but a timer of somebody else's.
 */
const TOLERANCE: Readonly<Record<keyof Holding, number>> = {
  rss: 96 * MIB,
  external: 8 * MIB,
  arrayBuffers: 8 * MIB,
  heapUsed: 8 * MIB,
  resources: 2,
  threads: 0,
};

let collect: (() => void) | undefined;

/** The collector, which a process that was not started with --expose-gc gets this way. */
function collector(): () => void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  return collect;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function threads(): number | undefined {
  try {
    return readdirSync("/proc/self/task").length;
  } catch {
    return undefined;
  }
}

/** Several collections with turns of the event loop between them: finalizers free more. */
export async function holding(): Promise<Holding> {
  for (let i = 0; i < 4; i++) {
    collector()();
    await pause(25);
  }
  const { rss, external, arrayBuffers, heapUsed } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  return { rss, external, arrayBuffers, heapUsed, resources, threads: threads() };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

const shown = (name: keyof Holding, value: number) =>
  name === "threads" || name === "resources" ? String(value) : `${(value / MIB).toFixed(1)} MiB`;

/** What grew over the turns, a line each. The first turn is left out: it loads what the rest use. */
export function growth(turns: readonly Holding[]): string[] {
  const judged = turns.slice(1);
  if (judged.length < LEAST_TURNS) return [];
  const third = Math.floor(judged.length / 3);
  return (Object.keys(TOLERANCE) as (keyof Holding)[]).flatMap((name) => {
    const values = judged.map((turn) => turn[name]).filter((value) => value !== undefined);
    if (values.length < judged.length) return [];
    const [first, last] = [median(values.slice(0, third)), median(values.slice(-third))];
    if (last - first <= TOLERANCE[name]) return [];
    return [
      `${name}: ${shown(name, first)} in the first third of ${judged.length} turns, ` +
        `${shown(name, last)} in the last; ${shown(name, TOLERANCE[name])} more are tolerated`,
    ];
  });
}

/** A turn as cells of a table: MiB, resources, threads. */
export function cells(turn: Holding): (string | number)[] {
  const mib = (value: number) => Math.round((value / MIB) * 10) / 10;
  const { rss, external, arrayBuffers, heapUsed, resources } = turn;
  const sizes = [rss, external, arrayBuffers, heapUsed].map(mib);
  return [...sizes, resources, turn.threads ?? "unknown"];
}

export const COLUMNS = [
  "rss (MiB)",
  "external (MiB)",
  "array buffers (MiB)",
  "heap (MiB)",
  "resources",
  "threads",
];
