// One-shot functions, on an engine that starts with the first call and never
// keeps the process alive.

import type { Receipted } from "../operators/receipt.js";
import { Call } from "./call.js";
import { createEngine } from "./create.js";
import type { Engine } from "./engine.js";
import type { Input, Pair } from "./input.js";
import {
  checkOptions,
  type OperatorName,
  type ReduceOptions,
  type WithoutReceipt,
  type WithReceipt,
} from "./options.js";
import type { Result } from "./results.js";

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

/** A reduction by one operator on the default engine. @throws (rejects) RingfoldError */
export interface OneShot<O extends OperatorName> {
  <I extends Input>(input: I, options: WithReceipt): Promise<Receipted<Result<O, I>>>;
  <I extends Input>(input: I, options?: WithoutReceipt): Promise<Result<O, I>>;
  <I extends Input>(
    input: I,
    options: ReduceOptions,
  ): Promise<Result<O, I> | Receipted<Result<O, I>>>;
}

function oneShot<O extends OperatorName>(operator: O): OneShot<O> {
  return ((input: Input, options?: ReduceOptions) =>
    reduceOnce(input, operator, options)) as OneShot<O>;
}

/** Σ x·y of two arrays of equal length and dtype. */
export function dot<X extends Input>(
  x: X,
  y: Input,
  options: WithReceipt,
): Promise<Receipted<Result<"dot", X>>>;
export function dot<X extends Input>(
  x: X,
  y: Input,
  options?: WithoutReceipt,
): Promise<Result<"dot", X>>;
export function dot<X extends Input>(
  x: X,
  y: Input,
  options: ReduceOptions,
): Promise<Result<"dot", X> | Receipted<Result<"dot", X>>>;
export function dot(x: Input, y: Input, options?: ReduceOptions): Promise<unknown> {
  return reduceOnce([x, y], "dot", options);
}

export const sum: OneShot<"sum"> = oneShot("sum");
export const mean: OneShot<"mean"> = oneShot("mean");
export const sumSquares: OneShot<"sumSquares"> = oneShot("sumSquares");
export const sumAbs: OneShot<"sumAbs"> = oneShot("sumAbs");
export const l1: OneShot<"l1"> = oneShot("l1");
export const l2: OneShot<"l2"> = oneShot("l2");
export const maxNorm: OneShot<"maxNorm"> = oneShot("maxNorm");
export const variance: OneShot<"variance"> = oneShot("variance");
export const std: OneShot<"std"> = oneShot("std");
export const sampleVariance: OneShot<"sampleVariance"> = oneShot("sampleVariance");
export const sampleStd: OneShot<"sampleStd"> = oneShot("sampleStd");
export const conditionNumber: OneShot<"conditionNumber"> = oneShot("conditionNumber");
export const product: OneShot<"product"> = oneShot("product");
export const min: OneShot<"min"> = oneShot("min");
export const max: OneShot<"max"> = oneShot("max");
export const argmin: OneShot<"argmin"> = oneShot("argmin");
export const argmax: OneShot<"argmax"> = oneShot("argmax");
export const count: OneShot<"count"> = oneShot("count");
export const countNonZero: OneShot<"countNonZero"> = oneShot("countNonZero");
export const any: OneShot<"any"> = oneShot("any");
export const all: OneShot<"all"> = oneShot("all");
