// One-shot functions, on an engine that starts with the first call and never
// keeps the process alive.

import { Call } from "./call.js";
import { createEngine } from "./create.js";
import type { Engine } from "./engine.js";
import type { Input, Pair } from "./input.js";
import { checkOptions, type OperatorName, type ReduceOptions } from "./options.js";

let engine: Promise<Engine> | undefined;

async function reduceOnce(
  input: Input | Pair,
  operator: OperatorName,
  options: ReduceOptions = {},
): Promise<unknown> {
  checkOptions(options);
  const call = new Call(options, new Set());
  engine ??= createEngine();
  const mine = engine;
  try {
    const started = await call.until(mine);
    return await started.resume(call, input, operator);
  } catch (error) {
    call.end();
    // An engine that could not start, or has no worker left, is not kept. Who waits no longer does
    // not wait for that either.
    const drop = () => {
      if (engine === mine) engine = undefined;
    };
    void mine.then((it) => {
      if (!it.hasFailed) return;
      drop();
      void it.close();
    }, drop);
    throw error;
  }
}

type OneShot<R> = (input: Input, options?: Omit<ReduceOptions, "receipt">) => Promise<R>;

function oneShot<R>(operator: OperatorName): OneShot<R> {
  return (input, options) => reduceOnce(input, operator, options) as Promise<R>;
}

/** Σ x·y of two arrays of equal length and dtype. */
export function dot(x: Input, y: Input, options?: ReduceOptions): Promise<number | bigint> {
  return reduceOnce([x, y], "dot", options) as Promise<number | bigint>;
}

export const sum: OneShot<number | bigint> = oneShot("sum");
export const mean: OneShot<number> = oneShot("mean");
export const sumSquares: OneShot<number | bigint> = oneShot("sumSquares");
export const sumAbs: OneShot<number | bigint> = oneShot("sumAbs");
export const l1: OneShot<number | bigint> = oneShot("l1");
export const l2: OneShot<number> = oneShot("l2");
export const maxNorm: OneShot<number | bigint> = oneShot("maxNorm");
export const variance: OneShot<number> = oneShot("variance");
export const std: OneShot<number> = oneShot("std");
export const sampleVariance: OneShot<number> = oneShot("sampleVariance");
export const sampleStd: OneShot<number> = oneShot("sampleStd");
export const conditionNumber: OneShot<number> = oneShot("conditionNumber");
export const product: OneShot<number | bigint> = oneShot("product");
export const min: OneShot<number | bigint> = oneShot("min");
export const max: OneShot<number | bigint> = oneShot("max");
export const argmin: OneShot<number> = oneShot("argmin");
export const argmax: OneShot<number> = oneShot("argmax");
export const count: OneShot<number> = oneShot("count");
export const countNonZero: OneShot<number> = oneShot("countNonZero");
export const any: OneShot<boolean> = oneShot("any");
export const all: OneShot<boolean> = oneShot("all");
