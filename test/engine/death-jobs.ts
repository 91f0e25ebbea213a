// Jobs of every kind that tests of death have under way, in whatever thread, and what oracles that
// know nothing of the engine say they give.

import type { Engine } from "../../src/index.js";
import { roundRational } from "../exact.js";
import { assert, type Random } from "../harness.js";
import { fastFloat, tree } from "../oracle.js";

export const BIGSUM = new URL("../fixtures/operators/bigsum.js", import.meta.url);

/** Beyond 4 MiB, below which an engine may keep a reduction on the calling thread. */
const MANY = 600_000;
const UNIT = 2 ** -40;
const PAIRS = 3001;
const WHOLES = 17_000;

export interface Material {
  /** In the engine's memory. */
  readonly floats: Float64Array<SharedArrayBuffer>;
  /** The same, not in the engine's memory: it is copied in, block by block. */
  readonly foreign: Float64Array<SharedArrayBuffer>;
  readonly wholes: Float64Array<SharedArrayBuffer>;
  readonly wants: Readonly<Record<Kind, number | bigint>>;
}

export type Kind = "fast" | "exact" | "copied" | "pairwise" | "operator";
export const KINDS: readonly Kind[] = ["fast", "exact", "copied", "pairwise", "operator"];

export function makeMaterial(engine: Engine, random: Random): Material {
  const floats = engine.alloc("float64", MANY);
  // Whole numbers in halves that add up exactly in floats; the sum has more digits than a float.
  let [high, low] = [0, 0];
  for (let i = 0; i < MANY; i++) {
    const [h, l] = [random.int(2 ** 26) - 2 ** 25, random.int(2 ** 26)];
    high += h;
    low += l;
    floats[i] = (h * 2 ** 26 + l) * UNIT;
  }
  const wholes = engine.alloc("float64", WHOLES);
  for (let i = 0; i < WHOLES; i++) wholes[i] = random.int(1000);
  const foreign = new Float64Array(new SharedArrayBuffer(8 * MANY));
  foreign.set(floats);
  const sum = roundRational(BigInt(high) * 2n ** 26n + BigInt(low), BigInt(1 / UNIT));
  return {
    floats,
    foreign,
    wholes,
    wants: {
      fast: fastFloat(floats, "float64", "sum"),
      exact: sum,
      copied: sum,
      pairwise: tree([...floats.subarray(0, PAIRS)], (a, b) => a + b),
      operator: wholes.reduce((total, x) => total + BigInt(x) ** 5n, 0n),
    },
  };
}

/** The call of a kind. */
export function start(
  engine: Engine,
  { floats, foreign, wholes }: Material,
  kind: Kind,
): Promise<unknown> {
  switch (kind) {
    case "fast":
      return engine.reduce(floats, "sum", { accuracy: "fast" });
    case "exact":
      return engine.reduce(floats, "sum");
    case "copied":
      return copy(engine, foreign);
    case "pairwise":
      return engine.reduce(floats.subarray(0, PAIRS), "sum", { schedule: "pairwise" });
    case "operator":
      return engine.reduce(wholes, BIGSUM);
  }
}

/** The same, waiting. */
export function startNow(engine: Engine, { floats, wholes }: Material, kind: Kind): unknown {
  switch (kind) {
    case "fast":
      return engine.reduceSync(floats, "sum", { accuracy: "fast" });
    case "pairwise":
      return engine.reduceSync(floats.subarray(0, PAIRS), "sum", { schedule: "pairwise" });
    case "operator":
      return engine.reduceSync(wholes, BIGSUM);
    default:
      return engine.reduceSync(floats, "sum");
  }
}

/** By a stream, in every thread: workers that stage what the owner has elsewhere keep room for it. */
async function copy(engine: Engine, foreign: Float64Array): Promise<unknown> {
  const stream = await engine.stream("float64", "sum");
  await stream.write(foreign);
  return stream.end();
}

/** Jobs of all kinds at once, each with the right value. */
export async function flight(engine: Engine, material: Material): Promise<void> {
  const calls = KINDS.map((kind) => start(engine, material, kind));
  const got = await Promise.all(calls);
  KINDS.forEach((kind, i) => {
    assert.same(got[i], material.wants[kind], kind);
  });
}

export function flightNow(engine: Engine, material: Material): void {
  for (const kind of ["fast", "pairwise", "operator"] as const) {
    assert.same(startNow(engine, material, kind), material.wants[kind], `${kind}, waiting`);
  }
}
