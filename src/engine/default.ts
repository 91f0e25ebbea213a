// One-shot functions, on an engine that starts with the first call and never
// keeps the process alive.

import { createEngine } from "./create.js";
import type { Engine } from "./engine.js";
import type { Input } from "./input.js";
import type { OperatorName, ReduceOptions } from "./plan.js";

let engine: Promise<Engine> | undefined;

async function reduceOnce(
  input: Input,
  operator: OperatorName,
  options: ReduceOptions | undefined,
): Promise<unknown> {
  engine ??= createEngine();
  try {
    return await (await engine).reduce(input, operator, options);
  } catch (error) {
    const code = (error as { code?: string }).code;
    // An engine that could not start, or lost a worker, is not kept.
    if (code === "ERR_START" || code === "ERR_WORKER_DIED") {
      void engine?.then(
        (dead) => dead.close(),
        () => {},
      );
      engine = undefined;
    }
    throw error;
  }
}

type OneShot<R> = (input: Input, options?: ReduceOptions) => Promise<R>;

function oneShot<R>(operator: OperatorName): OneShot<R> {
  return (input, options) => reduceOnce(input, operator, options) as Promise<R>;
}

export const sum: OneShot<number | bigint> = oneShot("sum");
export const mean: OneShot<number> = oneShot("mean");
export const product: OneShot<number | bigint> = oneShot("product");
export const min: OneShot<number | bigint> = oneShot("min");
export const max: OneShot<number | bigint> = oneShot("max");
export const argmin: OneShot<number> = oneShot("argmin");
export const argmax: OneShot<number> = oneShot("argmax");
export const count: OneShot<number> = oneShot("count");
export const countNonZero: OneShot<number> = oneShot("countNonZero");
export const any: OneShot<boolean> = oneShot("any");
export const all: OneShot<boolean> = oneShot("all");
