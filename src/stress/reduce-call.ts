// One call of the `reduce` scenario: made as the script says, compared with what it has to give,
// and how many blocks it needed.

import type { Engine } from "../engine/engine.js";
import type { OperatorName, Operators, ReduceOptions } from "../engine/options.js";
import type { Dtype, TypedArray } from "../operators/dtype.js";
import { isSame } from "./naive/index.js";
import type { Arrays } from "./reduce-arrays.js";
import { type Counts, NO_COUNTS } from "./reduce-board.js";
import type { Call } from "./reduce-script.js";

const BLOCK = 8192;
const OPERATOR = new URL("./reduce-operator.js", import.meta.url);

/** Loads the user operator, which `reduceSync` cannot. */
export async function warmUp(engine: Engine): Promise<void> {
  await engine.reduce(new Float64Array(3), OPERATOR);
  // A first ordinary array brings the staging room that the thread then keeps.
  engine.reduceSync(new Float64Array(3), "sum");
}

export interface Outcome {
  readonly value?: unknown;
  readonly error?: unknown;
}

export interface Started {
  readonly outcome: Promise<Outcome>;
  /** What the signal was aborted with. */
  readonly reason: unknown;
  /** What lines count for it, if it is not ended early. */
  readonly needed: Counts;
  /** `stats().jobs` counts so many. */
  readonly begun: number;
}

function operatorsOf(call: Call): Operators {
  return call.operators === "user"
    ? OPERATOR
    : (call.operators as OperatorName | readonly OperatorName[]);
}

function optionsOf(call: Call, signal: AbortSignal | undefined): ReduceOptions {
  return {
    ...(call.fast && { accuracy: "fast" }),
    ...(call.pairwise && { schedule: "pairwise" }),
    ...(call.skip && { nan: "skip" }),
    ...(call.single && { roundTo: "float32" }),
    ...(call.receipt && { receipt: true }),
    ...(call.initial !== undefined && { initial: call.initial }),
    ...(call.overflow !== undefined && { overflow: call.overflow }),
    ...(call.timeout !== undefined && { timeout: call.timeout }),
    ...(signal !== undefined && { signal }),
  };
}

/** Starts the call; one that waits has settled when this returns. */
export function start(engine: Engine, call: Call, dtype: Dtype, arrays: Arrays): Started {
  const controller = new AbortController();
  const reason = { aborted: call };
  const options = optionsOf(call, call.abort === undefined ? undefined : controller.signal);
  const tally = { blocks: 0, combines: 0 };
  const before = engine.stats().inline;
  const made = make(engine, call, dtype, arrays, options, tally);
  // A call without a user operator has decided by now whether it leaves this thread.
  const inline = engine.stats().inline - before;
  if (call.abort !== undefined) {
    if (call.abort < 0) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), call.abort);
  }
  const outcome = made.then(
    (value): Outcome => ({ value: call.receipt ? (value as { value: unknown }).value : value }),
    (error: unknown): Outcome => ({ error }),
  );
  const needed = call.how === "accumulator" ? tally : needs(call, inline > 0);
  return { outcome, reason, needed, begun: begunBy(call) };
}

async function make(
  engine: Engine,
  call: Call,
  dtype: Dtype,
  arrays: Arrays,
  options: ReduceOptions,
  tally: { blocks: number },
): Promise<unknown> {
  switch (call.how) {
    case "async":
      return engine.reduce(arrays.input(call), operatorsOf(call), options);
    case "sync":
      return engine.reduceSync(arrays.input(call), operatorsOf(call), options);
    case "stream":
      return stream(engine, call, dtype, arrays.part(call), options);
    case "accumulator":
      return accumulate(engine, call, arrays, options, tally);
  }
}

async function stream(
  engine: Engine,
  call: Call,
  dtype: Dtype,
  x: TypedArray,
  options: ReduceOptions,
): Promise<unknown> {
  const open = await engine.stream(dtype, operatorsOf(call), options);
  for (let at = 0; at < x.length; ) {
    const n = Math.min(call.piece, x.length - at);
    // Odd pieces are filled in place; float16 always is, since its arrays may be unknown here.
    if (dtype !== "float16" && call.piece % 2 === 0) {
      await open.write(x.subarray(at, at + n));
      at += n;
      continue;
    }
    const room = await open.reserve();
    const some = Math.min(n, room.length);
    const size = x.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(x.buffer, x.byteOffset + at * size, some * size);
    new Uint8Array(room.buffer, room.byteOffset, some * size).set(bytes);
    open.commit(some);
    at += some;
  }
  return open.end();
}

function accumulate(
  engine: Engine,
  call: Call,
  arrays: Arrays,
  options: ReduceOptions,
  tally: { blocks: number },
): unknown {
  const { nan, overflow, roundTo } = options;
  const sum = engine.accumulator(call.operators as OperatorName, {
    ...(nan !== undefined && { nan }),
    ...(overflow !== undefined && { overflow }),
    ...(roundTo !== undefined && { roundTo }),
  });
  const x = arrays.input(call) as TypedArray;
  for (let at = 0; at === 0 || at < x.length; at += call.piece) {
    const part = x.subarray(at, at + call.piece);
    const { inline } = engine.stats();
    sum.add(part);
    if (engine.stats().inline === inline) tally.blocks += Math.ceil(part.length / BLOCK);
  }
  return sum.value();
}

/** Pieces that an accumulator gets. */
const pieces = ({ from, to, piece }: Call): number => Math.max(1, Math.ceil((to - from) / piece));

function begunBy(call: Call): number {
  return call.how === "accumulator" ? 1 + pieces(call) : 1;
}

/** Blocks and pairs that lines count for a call; `isHere`: a reduction never left the thread. */
function needs(call: Call, isHere: boolean): Counts {
  const n = call.to - call.from;
  const isUser = call.operators === "user";
  const blocks = Math.ceil(n / BLOCK);
  if (call.how === "stream") return { blocks: isUser ? Math.max(1, blocks) : blocks, combines: 0 };
  if (call.pairwise) return { blocks: 0, combines: isUser || n < 2 ? 0 : n - 1 };
  // A user operator's module is awaited first, so what it does is not seen at the start.
  const stays = isUser && call.how === "async" ? n <= BLOCK : isHere;
  return stays ? NO_COUNTS : { blocks, combines: 0 };
}

/** What is wrong with an outcome; undefined if nothing is. */
export function fault(
  call: Call,
  arrays: Arrays,
  { value, error }: Outcome,
): { name: string; got: unknown; want: unknown } | undefined {
  const wants = arrays.answers(call);
  const isList = typeof call.operators !== "string";
  for (const [name, want] of wants) {
    if (typeof want === "object") {
      // One operator that fails fails the call.
      if (error === undefined) return { name, got: value, want };
      if ((error as { code?: unknown }).code === want.code) return undefined;
    }
  }
  if (error !== undefined) return { name: "call", got: error, want: [...wants.values()][0] };
  for (const [name, want] of wants) {
    const got = isList ? (value as Record<string, unknown>)[name] : value;
    if (!isSame(name, got, want)) return { name, got, want };
  }
  return undefined;
}
