// What the `reduce` scenario does, drawn from a seed alone: batches of calls on arrays, and what
// each has to give. The same seed, life and submitter make the same script, in whatever thread and
// whatever happens meanwhile. Any thread may call it.

import { OPERATOR_NAMES } from "../operators/builtin.js";
import { DTYPES, type Dtype, dtypeInfo, type TypedArray } from "../operators/dtype.js";
import { type Answer, naive } from "./naive/index.js";
import { Random } from "./random.js";
import { accumulate, finish, identity } from "./reduce-operator.js";

/** An array: everything about it follows from this. */
export interface DataSpec {
  readonly seed: number;
  readonly dtype: Dtype;
  readonly length: number;
  readonly shape: "tame" | "wide" | "odd" | "zeros";
}

export interface Call {
  readonly how: "async" | "sync" | "stream" | "accumulator";
  /** One name, or several for one pass; "user": the operator of reduce-operator.ts. */
  readonly operators: string | readonly string[];
  /** Elements from … to − 1 of the data. */
  readonly from: number;
  readonly to: number;
  readonly where: "engine" | "ordinary" | "foreign";
  readonly pairwise: boolean;
  readonly fast: boolean;
  readonly skip: boolean;
  readonly single: boolean;
  readonly receipt: boolean;
  readonly initial?: number | bigint;
  readonly overflow?: "wrap" | "throw";
  /** Milliseconds after which a signal is aborted; −1: in the same turn. */
  readonly abort?: number;
  readonly timeout?: number;
  /** Elements of a piece of what a stream or an accumulator gets. */
  readonly piece: number;
}

export interface Batch {
  readonly data: DataSpec;
  readonly calls: readonly Call[];
}

/** Operators whose accumulations of pieces have no fixed order, and so do not exist. */
const UNSPLIT = new Set(["product", "argmin", "argmax"]);
const WITH_INITIAL = new Set(["sum", "product", "min", "max"]);
const BITWISE = new Set(["and", "or", "xor"]);

/** Lengths that ask something of blocks, tasks and trees; rarely millions. */
function drawLength(random: Random): number {
  const kind = random.integer(0, 99);
  const near = random.integer(-1, 1);
  if (kind < 10) return random.integer(0, 5);
  if (kind < 35) return random.pick([1, 1, 2, 3, 8, 9, 16, 17, 32]) * 8192 + near;
  if (kind < 55) return 2 ** random.integer(3, 17) + near;
  if (kind < 80) return random.integer(6, 60_000);
  if (kind < 92) return random.integer(60_000, 150_000);
  return kind < 99 ? random.integer(150_000, 400_000) : random.integer(1_000_000, 1_500_000);
}

function drawData(random: Random): DataSpec {
  return {
    seed: random.u32(),
    dtype: random.pick(DTYPES).name,
    length: drawLength(random),
    shape: random.pick(["tame", "wide", "wide", "odd", "zeros"] as const),
  };
}

function drawOperators(random: Random, dtype: Dtype): Call["operators"] {
  // Not every runtime has arrays of float16: they come by streams, which take one input.
  const isHalf = dtype === "float16";
  if (random.integer(0, 11) === 0 && !isHalf) return "user";
  const names = OPERATOR_NAMES.filter((name) => !dtype.startsWith("float") || !BITWISE.has(name));
  const single = names.filter((name) => name !== "dot");
  if (random.integer(0, 3) !== 0) return random.pick(isHalf ? single : names);
  return [...new Set(Array.from({ length: random.integer(1, 4) }, () => random.pick(single)))];
}

function drawCall(random: Random, data: DataSpec, isRough: boolean): Call {
  const operators = drawOperators(random, data.dtype);
  const names = typeof operators === "string" ? [operators] : operators;
  const isUser = operators === "user";
  const isFloat = data.dtype.startsWith("float");
  const isOne = typeof operators === "string" && !isUser && operators !== "dot";
  const isSplit = isOne && !UNSPLIT.has(operators);
  const kind = random.integer(0, 9);
  let how: Call["how"] = kind < 5 ? "async" : kind < 8 ? "sync" : "stream";
  if (kind === 9 && isSplit) how = "accumulator";
  if (operators === "dot" && how === "stream") how = "async";
  if (data.dtype === "float16") how = "stream";
  const isWhole = how === "async" || how === "sync";
  const pairwise = isWhole && operators !== "dot" && random.integer(0, 4) === 0;
  const offset = random.pick([0, 0, 1, random.integer(0, 300)]);
  const most = isUser ? (pairwise ? 1500 : 40_000) : pairwise ? 20_000 : 2 ** 21;
  const from = Math.min(offset, data.length);
  const to = Math.min(data.length, from + most);
  const isPlain = how !== "accumulator" && !isUser;
  const mayStart = isPlain && isOne && WITH_INITIAL.has(operators) && random.integer(0, 5) === 0;
  const isLong = data.dtype.endsWith("int64");
  const start = random.integer(-20, 20);
  const isAborted = isRough && how !== "accumulator" && random.integer(0, 2) === 0;
  const bySignal = isAborted && how !== "sync" && random.integer(0, 2) !== 0;
  const overflow = random.pick(["wrap", "throw"] as const);
  return {
    how,
    operators,
    from,
    to,
    where: random.pick(["engine", "engine", "ordinary", "foreign"] as const),
    pairwise,
    fast: isPlain && !pairwise && random.integer(0, 2) === 0,
    skip: isFloat && random.integer(0, 2) === 0,
    single: isFloat && !isUser && random.integer(0, 5) === 0,
    receipt: isWhole && isPlain && names.length < 3 && random.integer(0, 15) === 0,
    ...(mayStart && { initial: isLong ? BigInt(start) : start }),
    ...(isLong && !isUser && random.integer(0, 3) === 0 && { overflow }),
    ...(bySignal && { abort: random.pick([-1, 0, 0, 1, 3]) }),
    ...(isAborted && !bySignal && { timeout: random.pick([0, 0.05, 0.5, 2]) }),
    piece: random.pick([1000, 8192, 50_000, 131_072, 131_073]),
  };
}

/** The batches of one submitter in one engine's life, one by one. */
export class Script {
  readonly #random: Random;
  readonly #isRough: boolean;
  readonly #recent: Batch[] = [];

  constructor(seed: number, life: number, submitter: number, isRough: boolean) {
    this.#random = new Random(seed, 1 + life * 64 + submitter);
    this.#isRough = isRough;
  }

  next(): Batch {
    const random = this.#random;
    const recent = random.integer(0, 3) === 0 ? undefined : random.pick(this.#recent);
    const data = recent?.data ?? drawData(random);
    // Calls of which it is known what they give are cheap pressure: they come again, in numbers.
    const known = recent?.calls ?? [];
    const drawn = Array.from({ length: random.integer(known.length === 0 ? 1 : 0, 2) }, () =>
      drawCall(random, data, this.#isRough),
    );
    const again = known.filter(() => random.integer(0, 1) === 0);
    const kinds = [...drawn, ...(again.length === 0 ? known.slice(0, 1) : again)].slice(0, 4);
    const calls = kinds.flatMap((call) => Array<Call>(random.pick([1, 2, 4, 8])).fill(call));
    this.#recent.push({ data, calls: kinds });
    if (this.#recent.length > 4) this.#recent.shift();
    return { data, calls };
  }
}

/** Fills an array; float16 as its bits. `side` 1: the second input of a dot product. */
export function makeData(spec: DataSpec, side: 0 | 1): TypedArray {
  const random = new Random(spec.seed, side);
  const { dtype, length, shape } = spec;
  const type =
    dtype === "float16" ? Uint16Array : (dtypeInfo(dtype).array as Uint8ArrayConstructor);
  const x: TypedArray = new type(length);
  const write = writer(dtype, shape, random);
  for (let i = 0; i < length; i++) (x as unknown as unknown[])[i] = write(i);
  return x;
}

const HALVES = [0, 0x8000, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x3800, 0xb800];
const ODD_HALVES = [...HALVES, 0x7e00, 0x7c00, 0x0001, 0x03ff, 0x7bff];
const ODD = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, -1e300, 2 ** 53];

function writer(dtype: Dtype, shape: DataSpec["shape"], random: Random): (i: number) => unknown {
  const isLong = dtype.endsWith("int64");
  const small = () => random.integer(dtype.startsWith("u") ? 0 : -4, 4);
  if (dtype === "float16") {
    if (shape === "wide") return () => random.u32() & 0xfbff & ~0x4000;
    return () => random.pick(shape === "odd" ? ODD_HALVES : HALVES);
  }
  if (shape === "tame") return isLong ? () => BigInt(small()) : small;
  if (shape === "zeros") {
    const zero = dtype.startsWith("float") ? -0 : 0;
    const rest = isLong ? 0n : zero;
    return (i) => (i === 4711 ? (isLong ? 1n : 1) : rest);
  }
  if (isLong) return () => (BigInt(random.u32()) << 32n) | BigInt(random.u32());
  if (!dtype.startsWith("float")) return () => random.u32();
  if (shape === "odd") {
    // One in so many, that a sum is not NaN every time.
    const rarity = random.pick([10, 1000, 1_000_000]);
    return () => (random.integer(1, rarity) === 1 ? random.pick(ODD) : random.float() - 0.5);
  }
  const spread = random.pick([0, 20, 120]);
  return () => (random.float() - 0.5) * 2 ** random.integer(-spread, spread);
}

/** What a call has to give, by the name of each operator; "user" for that one. */
export function answers(
  call: Call,
  dtype: Dtype,
  x: TypedArray,
  y: TypedArray,
): Map<string, Answer> {
  const names = typeof call.operators === "string" ? [call.operators] : call.operators;
  const question = {
    dtype,
    x: x.subarray(call.from, call.to),
    y: y.subarray(call.from, call.to),
    leaf: call.pairwise ? 1 : 8192,
    fast: call.fast || call.pairwise,
    skip: call.skip,
    single: call.single,
    initial: call.initial,
    overflow: call.overflow,
  };
  return new Map(
    names.map((name) => [name, name === "user" ? ofUser(question) : naive(name, question)]),
  );
}

function ofUser({ dtype, x, skip }: { dtype: Dtype; x: TypedArray; skip: boolean }): string {
  let state = identity;
  for (const v of x as Iterable<number | bigint>) {
    if (skip && dtype.startsWith("float") && Number.isNaN(v)) continue;
    state = accumulate(state, v);
  }
  return finish(state);
}

/** A call in words, complete enough to write it down as a test. */
export function describe({ seed, dtype, length, shape }: DataSpec, call: Call): string {
  const { how, operators, from, to, where, piece, abort, timeout, initial, overflow } = call;
  const isPart = how === "stream" || how === "accumulator";
  const parts = [
    `${how} ${JSON.stringify(operators)} of elements ${from} … ${to} of ${dtype}[${length}]`,
    `(data seed ${seed}, ${shape})`,
    isPart ? `in pieces of ${piece}` : `in ${where} memory`,
    ...(["pairwise", "fast", "skip", "single", "receipt"] as const).filter((name) => call[name]),
    initial === undefined ? "" : `initial ${initial}`,
    overflow === undefined ? "" : `overflow ${overflow}`,
    abort === undefined ? "" : `aborted after ${abort} ms`,
    timeout === undefined ? "" : `timeout ${timeout} ms`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}
