// Arguments are looked at before anything is touched: a call with a bad one changes nothing.
// Each message names what was passed and what to pass.

import { RingfoldError } from "../errors.js";
import { atomics } from "./atomics.js";
import { InvalidError, outOfRange } from "./errors.js";
import { INT32_MAX_VALUE, INT32_MIN_VALUE } from "./limits.js";

/** What most primitives are made of. */
export type Words = Int32Array<SharedArrayBuffer>;

// By tag and not by `instanceof`: the constructor is another one in another realm, and a page that
// is not isolated has no global SharedArrayBuffer.
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

function show(value: unknown): string {
  if (ArrayBuffer.isView(value)) {
    const { length } = value as Int32Array;
    return `${tagOf(value)} of length ${length} on ${tagOf(value.buffer)}`;
  }
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object" && value !== null ? tagOf(value) : String(value);
}

/** `name` is the primitive's: its `init` made the view. */
export function requireView(
  view: Words | BigInt64Array<SharedArrayBuffer>,
  tag: "Int32Array" | "BigInt64Array",
  length: number,
  name: string,
): void {
  const isFit =
    tagOf(view) === tag && tagOf(view.buffer) === "SharedArrayBuffer" && view.length >= length;
  if (isFit) return;
  throw new InvalidError(
    `${name}: got ${show(view)}; pass what ${name}.init made, ` +
      `${tag} of length ${length} on SharedArrayBuffer`,
  );
}

export function requireThreadId(threadId: number): void {
  if (!Number.isInteger(threadId) || threadId === 0) {
    throw new InvalidError(
      `threadId is ${show(threadId)}: give each thread an integer of its own, other than 0`,
    );
  }
  if (threadId < INT32_MIN_VALUE || threadId > INT32_MAX_VALUE) {
    throw outOfRange(`threadId is ${threadId}: it has to fit into 32 bits, with its sign`);
  }
}

/** NaN would sleep for ever. */
export function requireTimestamp(timestamp: number): void {
  if (typeof timestamp === "number" && !Number.isNaN(timestamp)) return;
  throw new InvalidError(
    `timestamp is ${show(timestamp)}: pass milliseconds since 1970, as in Date.now() + 100`,
  );
}

export function requireFunction(fn: unknown): void {
  if (typeof fn === "function") return;
  throw new InvalidError(`fn is ${show(fn)}: pass the function that is to run once`);
}

export function requireInteger(value: number, name: string): void {
  if (Number.isInteger(value)) return;
  throw new InvalidError(`${name} is ${show(value)}: pass an integer`);
}

/** Called before the first step that leads to sleep, so that nothing is left half done. */
export function requireBlocking(): void {
  if (atomics.mayBlock()) return;
  throw new RingfoldError(
    "ERR_RUNTIME",
    "this thread may not block: call lockAsync, waitAsync or executeAsync here, or work in a worker",
  );
}

/** Milliseconds up to `timestamp`, negative behind it. The clock is not asked about for ever. */
export function timeLeft(timestamp: number): number {
  return timestamp === Infinity ? Infinity : timestamp - atomics.now();
}
