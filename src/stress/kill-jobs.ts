// The jobs of the `kill` scenario and what each has to give.

import type { Engine } from "../engine/engine.js";
import type { Random } from "./random.js";

export type Kind = "blocks" | "pairwise" | "stream" | "operator" | "operator pairwise";

const OPERATOR = new URL("./kill-operator.js", import.meta.url);
/** So many float64 that no machine finds them too few to share out. */
const FLOATS = 530_000;
const WHOLES = 100_000;

/** Arrays lie on the engine's memory; another thread may have views of them. */
export interface Input {
  readonly floats: Float64Array<SharedArrayBuffer>;
  readonly wholes: Float64Array<SharedArrayBuffer>;
  readonly expected: Readonly<Record<Kind, number | bigint>>;
}

/** The same jobs before any death: their bits are compared with other oracles in `reduce`. */
export async function makeInput(engine: Engine, random: Random): Promise<Input> {
  const n = FLOATS + random.integer(0, 8192);
  const floats = engine.alloc("float64", n);
  for (let i = 0; i < n; i++) floats[i] = (random.float() - 0.5) * 2 ** random.integer(-30, 30);
  const wholes = engine.alloc("float64", WHOLES);
  let total = 0n;
  for (let i = 0; i < wholes.length; i++) {
    wholes[i] = random.integer(0, 2 ** 20);
    total += BigInt(wholes[i] as number);
  }
  const ask = async (kind: Kind) => (await begin(engine, { floats, wholes }, kind)) as number;
  const expected = {
    blocks: await ask("blocks"),
    pairwise: await ask("pairwise"),
    stream: await ask("stream"),
    operator: total,
    "operator pairwise": total,
  };
  return { floats, wholes, expected };
}

export function begin(
  engine: Engine,
  { floats, wholes }: Pick<Input, "floats" | "wholes">,
  kind: Kind,
): Promise<unknown> {
  const schedule = "pairwise";
  switch (kind) {
    case "blocks":
      return engine.reduce(floats, "sum", { accuracy: "fast" });
    case "pairwise":
      return engine.reduce(floats, "sum", { schedule });
    case "stream":
      return engine.reduce(Float64Array.from(floats), "sum");
    case "operator":
      return engine.reduce(wholes, OPERATOR);
    case "operator pairwise":
      return engine.reduce(wholes, OPERATOR, { schedule });
  }
}

/** A value that tells every bit of a result. */
export const bits = (value: unknown): string =>
  typeof value === "number"
    ? new BigUint64Array(Float64Array.of(value).buffer)[0]!.toString(16)
    : String(value);
