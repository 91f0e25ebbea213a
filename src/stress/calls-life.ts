// A life of the `calls` scenario, in a process or a thread of its own: an engine's first calls, one
// after the other and of every kind, each timed and its value compared. What happens is told as it
// happens: whoever started this sees a call that does not come back.

import { subscribe } from "node:diagnostics_channel";
import { parentPort, workerData } from "node:worker_threads";
import { createEngine } from "../engine/create.js";
import type { Engine } from "../engine/engine.js";
import type { RescuedMessage } from "../engine/watch.js";
import { finishState, sum } from "../index.js";
import { Random } from "./random.js";

export interface CallsInit {
  readonly seed: number;
  readonly life: number;
  readonly threads: number;
  readonly calls: number;
  /** Undefined: what ships. A module cannot be sent to another process. */
  readonly core?: WebAssembly.Module;
}

export type CallsTold =
  /** What is called now, from which the time runs. */
  | { readonly kind: "call"; readonly what: string }
  | { readonly kind: "wrong"; readonly what: string; readonly detail: string }
  | {
      readonly kind: "end";
      /** Milliseconds of each call. */
      readonly took: readonly number[];
      readonly slowest: string;
      readonly rescued: number;
    };

const OPERATOR = new URL("./kill-operator.js", import.meta.url);
/** Elements: on the calling thread, around the crossover, shared out. */
const LENGTHS = [3, 1000, 9000, 70_000, 200_000, 300_000];
/** Of user code, which is slower. */
const MOST_OPERATOR = 70_000;

type Way = (engine: Engine, x: Float64Array) => Promise<unknown> | unknown;

/** Each gives the sum of whole numbers, exact in any order. */
const WAYS: Readonly<Record<string, Way>> = {
  "a copied array": (engine, x) => engine.reduce(x, "sum"),
  "several operators": async (engine, x) => (await engine.reduce(x, ["sum", "max"])).sum,
  "the engine's memory": async (engine, x) => {
    const own = engine.alloc("float64", x.length);
    own.set(x);
    const total = await engine.reduce(own, "sum");
    engine.free(own);
    return total;
  },
  "foreign memory": (engine, x) => {
    const foreign = new Float64Array(new SharedArrayBuffer(x.byteLength));
    foreign.set(x);
    return engine.reduce(foreign, "sum");
  },
  "an array of numbers": (engine, x) => engine.reduce([...x], "sum"),
  "a stream": async (engine, x) => {
    const stream = await engine.stream("float64", "sum");
    const half = x.length >> 1;
    await stream.write(x.subarray(0, half));
    await stream.write(x.subarray(half));
    return stream.end();
  },
  "a state": async (engine, x) => finishState(await engine.partial(x, "sum")),
  "a user operator": async (engine, x) =>
    Number(await engine.reduce(x.subarray(0, MOST_OPERATOR), OPERATOR)),
  "pairwise rounds": (engine, x) => engine.reduce(x, "sum", { schedule: "pairwise" }),
  "a time-out": (engine, x) => engine.reduce(x, "sum", { timeout: 60_000 }),
  "a signal": (engine, x) => engine.reduce(x, "sum", { signal: new AbortController().signal }),
  "two at once": async (engine, x) => {
    const both = await Promise.all([engine.reduce(x, "sum"), engine.reduce(x, "min")]);
    return both[0];
  },
  "a call that waits": (engine, x) => engine.reduceSync(x, "sum"),
  "a call that waits, another awaited": (engine, x) => {
    const awaited = engine.reduce(x, "sum");
    engine.reduceSync(x, "sum");
    return awaited;
  },
  "a one-shot function": (_, x) => sum(x),
};

function expectedOf(way: string, x: Float64Array): number {
  const counted = way === "a user operator" ? x.subarray(0, MOST_OPERATOR) : x;
  return counted.reduce((total, value) => total + value, 0);
}

/** A turn or two of the event loop: the time in which engines measure. */
function turns(n: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, n));
}

async function live(init: CallsInit, tell: (told: CallsTold) => void): Promise<void> {
  const random = new Random(init.seed, init.life);
  let rescued = 0;
  // Of the engine behind one-shot functions as well.
  subscribe("ringfold:rescued", (message) => {
    rescued = Math.max(rescued, (message as RescuedMessage).rescued);
  });
  const took: number[] = [];
  let slowest = "";
  const timed = async (what: string, call: () => unknown): Promise<unknown> => {
    tell({ kind: "call", what });
    const start = performance.now();
    const value = await call();
    const milliseconds = performance.now() - start;
    if (took.every((before) => before < milliseconds)) slowest = what;
    took.push(milliseconds);
    return value;
  };
  const { threads, core } = init;
  const engine = (await timed("createEngine", () =>
    createEngine({ threads, ...(core && { core }) }),
  )) as Engine;
  const names = Object.keys(WAYS);
  for (let i = 1; i <= init.calls; i++) {
    // Every kind comes first somewhere; later ones are mixed.
    const way = i === 1 ? (names[init.life % names.length] as string) : random.pick(names);
    const x = new Float64Array(random.pick(LENGTHS)).fill(random.integer(1, 100));
    const what = `call ${i}, ${way}, ${x.length} elements`;
    const got = await timed(what, () => (WAYS[way] as Way)(engine, x));
    const expected = expectedOf(way, x);
    if (!Object.is(got, expected)) {
      tell({ kind: "wrong", what, detail: `expected ${expected}, got ${String(got)}` });
    }
    if (random.integer(0, 3) === 0) await turns(random.integer(0, 5));
  }
  rescued = Math.max(rescued, engine.stats().rescued);
  await timed("close", () => engine.close());
  tell({ kind: "end", took, slowest, rescued });
}

if (parentPort !== null) {
  const port = parentPort;
  await live(workerData as CallsInit, (told) => port.postMessage(told));
} else {
  process.once("message", (init: CallsInit) => {
    void live(init, (told) => process.send?.(told)).then(() => process.disconnect());
  });
}
