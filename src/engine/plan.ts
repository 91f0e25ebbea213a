// From what the user asks (operators, options) to what runs: the accumulators
// of one pass, each once, and the finishes that read them.

import { MAX_OPS, SCRATCH_STACK_BYTES, STACK_LEVELS } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { operatorOf } from "../operators/builtin.js";
import type { DtypeInfo } from "../operators/dtype.js";
import type { FinishContext, Operator, StateReader, Value } from "../operators/operator.js";
import { NOTHING, type UserOperator } from "../operators/user.js";
import type { Pass } from "./entry.js";

export type OperatorName =
  | "sum"
  | "mean"
  | "product"
  | "min"
  | "max"
  | "argmin"
  | "argmax"
  | "count"
  | "countNonZero"
  | "any"
  | "all"
  | "and"
  | "or"
  | "xor";

/** One operator's name, several of them for one pass, or the URL of a user operator's module. */
export type Operators = OperatorName | readonly OperatorName[] | URL;

export interface Round {
  /** From 0. */
  readonly round: number;
  /** Numbers in the task ring when the round begins. */
  readonly length: number;
}

export interface ReduceOptions {
  /** How floats are summed. This version has "fast": plain SIMD in a fixed tree. */
  accuracy?: "fast";
  /** "blocks" (default), or "pairwise": the textbook's rounds through two rings. */
  schedule?: "blocks" | "pairwise";
  /** Folded in before the first element; also what an empty input gives. */
  initial?: number | bigint;
  /** "propagate" (default), or "skip" to leave NaN out. */
  nan?: "propagate" | "skip";
  /** For 64-bit integers: the final value wrapped, or an error if it does not fit. */
  overflow?: "wrap" | "throw";
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal;
  /** Milliseconds after which the call ends with ERR_TIMEOUT. */
  timeout?: number;
  /** Called now and then with blocks done and blocks in all, the last time with both equal. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Pairwise: called for every round, in order. */
  onRound?: (round: Round) => void;
}

export interface Plan {
  readonly pass: Pass;
  readonly operators: readonly Operator[];
  /** Place of each operator's state in the record. */
  readonly places: readonly number[];
  /** True if a single name was given: the result is a value, not an object. */
  readonly single: boolean;
  readonly user: UserOperator | undefined;
}

function option(name: string, value: unknown, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value as string)) {
    throw new RingfoldError(
      "ERR_OPTION",
      `${name}: ${JSON.stringify(value)} is not one of ${choices.map((c) => `"${c}"`).join(", ")}`,
    );
  }
}

/** @throws RingfoldError ERR_OPTION */
export function checkOptions(options: ReduceOptions): void {
  option("accuracy", options.accuracy, ["fast"]);
  option("schedule", options.schedule, ["blocks", "pairwise"]);
  option("nan", options.nan, ["propagate", "skip"]);
  option("overflow", options.overflow, ["wrap", "throw"]);
  const { timeout, initial, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new RingfoldError("ERR_OPTION", "signal: not an AbortSignal");
  }
  for (const name of ["onProgress", "onRound"] as const) {
    const callback = options[name];
    if (callback !== undefined && typeof callback !== "function") {
      throw new RingfoldError("ERR_OPTION", `${name}: ${typeof callback}, not a function`);
    }
  }
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw new RingfoldError("ERR_OPTION", `timeout: ${String(timeout)} is not milliseconds ≥ 0`);
  }
  if (initial !== undefined && typeof initial !== "number" && typeof initial !== "bigint") {
    throw new RingfoldError(
      "ERR_OPTION",
      `initial: ${String(initial)} is ${typeof initial}, not a number or bigint`,
    );
  }
}

/** @throws RingfoldError ERR_OPERATOR, ERR_DTYPE, ERR_OPTION */
export function makePlan(
  names: OperatorName | readonly OperatorName[],
  dtype: DtypeInfo,
  skipNaN: boolean,
): Plan {
  const list: readonly string[] = typeof names === "string" ? [names] : names;
  const isList = Array.isArray(list) && list.every((name) => typeof name === "string");
  if (!isList || list.length === 0 || list.length > MAX_OPS) {
    throw new RingfoldError(
      "ERR_OPERATOR",
      `operators: ${String(names)} is not a name, 1 to ${MAX_OPS} names, or a URL`,
    );
  }
  const operators = list.map(operatorOf);
  const codes: number[] = [];
  const offsets: number[] = [];
  const places: number[] = [];
  let stateBytes = 0;
  for (const operator of operators) {
    const reason = operator.rejects(dtype);
    if (reason !== undefined) {
      throw new RingfoldError("ERR_DTYPE", `${operator.name} of ${dtype.name}: ${reason}`);
    }
    let at = codes.indexOf(operator.accumulator.code);
    if (at < 0) {
      at = codes.push(operator.accumulator.code) - 1;
      offsets.push(stateBytes);
      stateBytes += operator.accumulator.bytes(dtype);
    }
    places.push(offsets[at] as number);
  }
  if (stateBytes * (STACK_LEVELS + 1) > SCRATCH_STACK_BYTES) {
    throw new RingfoldError(
      "ERR_OPERATOR",
      `operators: the states of ${list.join(", ")} take ${stateBytes} bytes together, more than ` +
        "one pass holds; split them over two calls",
    );
  }
  return {
    pass: { dtype, codes, offsets, stateBytes, skipNaN },
    operators,
    places,
    single: typeof names === "string",
    user: undefined,
  };
}

export function makeUserPlan(user: UserOperator, dtype: DtypeInfo, skipNaN: boolean): Plan {
  return {
    pass: { dtype, codes: [], offsets: [], stateBytes: user.cellBytes, skipNaN },
    operators: [],
    places: [],
    single: true,
    user,
  };
}

/** The result of a pass whose final record lies at `root`. */
export function finish(
  plan: Plan,
  state: StateReader,
  root: number,
  context: FinishContext,
): Value | Record<string, Value> {
  const { operators, places } = plan;
  if (plan.single) {
    return canonical((operators[0] as Operator).finish(state, root, context));
  }
  const result: Record<string, Value> = {};
  for (let i = 0; i < operators.length; i++) {
    const operator = operators[i] as Operator;
    result[operator.name] = canonical(
      operator.finish(state, root + (places[i] as number), context),
    );
  }
  return result;
}

/** One bit pattern for NaN. */
function canonical(value: Value): Value {
  return typeof value === "number" && Number.isNaN(value) ? Number.NaN : value;
}

/** The result of a user operator's final state. @throws RingfoldError ERR_EMPTY */
export function finishUser(user: UserOperator, last: unknown, initial: unknown): unknown {
  let state = last;
  if (initial !== undefined) {
    state = state === NOTHING ? initial : user.combine(initial, state);
  } else if (state === NOTHING) {
    if (user.identity === undefined) {
      throw new RingfoldError(
        "ERR_EMPTY",
        `operator module ${user.url}: nothing to reduce and no \`identity\`; export one, or pass ` +
          "`initial`",
      );
    }
    state = user.identity();
  }
  return user.finish === undefined ? state : user.finish(state);
}
