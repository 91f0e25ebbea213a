// Operators that the user writes, as an ES module:
//
//   export const identity = 0;                     // optional; a value or a function that makes one
//   export function accumulate(state, value) {…}   // folds an element into a state
//   export function combine(left, right) {…}       // merges two states
//   export function finish(state) {…}              // optional: a state to the result
//   export const stateBytes = 4096;                // optional: room for a large state
//
// With `combine` alone (or `accumulate` alone, which then serves as both) an
// element is a state. States are numbers, bigints, or whatever the structured
// clone algorithm takes; what merges or finishes them gets clones. `combine` must be associative; it need not be
// commutative: states meet in the order of the elements.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { RingfoldError, textOf } from "../errors.js";
import type { DtypeInfo } from "./dtype.js";
import { readFlat, writeFlat } from "./flat-state.js";

export interface UserOperator {
  readonly url: string;
  /** Makes a fresh identity; undefined if the operator has none. */
  readonly identity: (() => unknown) | undefined;
  readonly accumulate: (state: unknown, value: number | bigint) => unknown;
  readonly combine: (left: unknown, right: unknown) => unknown;
  readonly finish: ((state: unknown) => unknown) | undefined;
  /** True if a fold starts with the identity, false if with the first element. */
  readonly startsEmpty: boolean;
  /** Bytes of a cell: header and encoded state. */
  readonly cellBytes: number;
}

/** No elements met so far: distinct from every state. */
export const NOTHING: unique symbol = Symbol("nothing");

export const DEFAULT_STATE_BYTES = 248;
const MOST_STATE_BYTES = 1 << 20;
const CELL_HEADER = 8;

function invalid(url: string, what: string, cause?: unknown): RingfoldError {
  return new RingfoldError("ERR_USER_OPERATOR", `operator module ${url}: ${what}`, { cause });
}

/** @throws RingfoldError ERR_USER_OPERATOR if the exports make no operator. */
export function userOperator(url: string, exports: Record<string, unknown>): UserOperator {
  const { identity, accumulate, combine, finish, stateBytes = DEFAULT_STATE_BYTES } = exports;
  for (const [name, value] of Object.entries({ accumulate, combine, finish })) {
    if (value !== undefined && typeof value !== "function") {
      throw invalid(url, `export "${name}" is ${typeof value}, not a function`);
    }
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (name !== "finish" && value !== undefined && kind !== "Function") {
      throw invalid(url, `export "${name}" is of kind ${kind}: it must return the state itself`);
    }
  }
  const merge = (combine ?? accumulate) as UserOperator["combine"] | undefined;
  if (merge === undefined) {
    throw invalid(url, 'exports neither "combine(a, b)" nor "accumulate(state, value)"');
  }
  const startsEmpty = accumulate !== undefined && combine !== undefined;
  if (startsEmpty && identity === undefined) {
    throw invalid(url, '"accumulate" beside "combine" needs an "identity" to start from');
  }
  if (
    typeof stateBytes !== "number" ||
    !Number.isInteger(stateBytes) ||
    stateBytes < 8 ||
    stateBytes > MOST_STATE_BYTES
  ) {
    throw invalid(url, `"stateBytes" is ${textOf(stateBytes)}, not an integer from 8 to 2^20`);
  }
  return {
    url,
    identity: identity === undefined ? undefined : fresh(identity),
    accumulate: (accumulate ?? merge) as UserOperator["accumulate"],
    combine: merge,
    finish: finish as UserOperator["finish"],
    startsEmpty,
    cellBytes: CELL_HEADER + Math.ceil(stateBytes / 8) * 8,
  };
}

/** An identity that is an object may be written to by `accumulate`: each fold gets its own. */
function fresh(identity: unknown): () => unknown {
  if (typeof identity === "function") return identity as () => unknown;
  if (typeof identity === "object" && identity !== null) return () => structuredClone(identity);
  return () => identity;
}

const loaded = new Map<string, UserOperator>();
/** Modules that were loaded and make no operator: loading them again would not change that. */
const refused = new Map<string, unknown>();

function keep(url: string, exports: Record<string, unknown>): UserOperator {
  try {
    const operator = userOperator(url, exports);
    loaded.set(url, operator);
    return operator;
  } catch (error) {
    refused.set(url, error);
    throw error;
  }
}

/** The operator at `url`, if this thread has loaded it. */
export function loadedOperator(url: string): UserOperator | undefined {
  return loaded.get(url);
}

/** Node takes a .js file for CommonJS unless its package says otherwise. */
const moduleRemedy = (url: string, cause: unknown): string =>
  cause instanceof SyntaxError && /\.js$/.test(url)
    ? '; if it is an ES module, name it .mjs, or set "type": "module" in its package.json'
    : "";

/** Loads the module once a thread. @throws RingfoldError ERR_USER_OPERATOR */
export async function loadOperator(url: string): Promise<UserOperator> {
  let operator = loaded.get(url);
  if (operator === undefined) {
    let exports: Record<string, unknown>;
    try {
      exports = (await import(url)) as Record<string, unknown>;
    } catch (cause) {
      throw invalid(url, `cannot be loaded: ${textOf(cause)}${moduleRemedy(url, cause)}`, cause);
    }
    operator = keep(url, exports);
  }
  return operator;
}

/** The same for a thread that may not wait. @throws RingfoldError ERR_USER_OPERATOR */
export function loadOperatorNow(url: string): UserOperator {
  let operator = loaded.get(url);
  if (operator === undefined) {
    if (refused.has(url)) throw refused.get(url);
    let exports: Record<string, unknown>;
    try {
      exports = createRequire(import.meta.url)(fileURLToPath(url)) as Record<string, unknown>;
    } catch (cause) {
      throw invalid(
        url,
        `cannot be loaded without waiting (${textOf(cause)}); call \`await engine.reduce\` ` +
          "with it once before `reduceSync`",
        cause,
      );
    }
    operator = keep(url, exports);
  }
  return operator;
}

/** Folds a run of elements in order. */
export function foldValues(
  operator: UserOperator,
  values: ArrayLike<number | bigint>,
  skipNaN: boolean,
): unknown {
  const { accumulate } = operator;
  let state: unknown = NOTHING;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (skipNaN && Number.isNaN(value)) continue;
    if (state !== NOTHING) state = accumulate(state, value);
    else state = operator.startsEmpty ? accumulate(operator.identity?.(), value) : value;
  }
  if (isPromise(state)) throw promised(operator);
  return state;
}

export function mergeValues(operator: UserOperator, left: unknown, right: unknown): unknown {
  if (left === NOTHING) return right;
  return right === NOTHING ? left : operator.combine(left, right);
}

/**
 * `initial` is an element before the first: it gets the type that elements have.
 * @throws RingfoldError ERR_OPTION if it has no such value
 */
function elementOf({ url }: UserOperator, dtype: DtypeInfo, initial: number | bigint) {
  const isLong = dtype.size === 8 && dtype.kind !== "float";
  const fits = isLong ? typeof initial === "bigint" || Number.isInteger(initial) : true;
  const element = fits ? (isLong ? BigInt(initial) : Number(initial)) : undefined;
  if (element === undefined || (typeof initial === "bigint" && BigInt(element) !== initial)) {
    throw new RingfoldError(
      "ERR_OPTION",
      `initial: ${initial} is no ${isLong ? "integer" : "number"}, as elements of ${dtype.name} ` +
        `are for operator module ${url}`,
    );
  }
  return element;
}

/**
 * The result of the last state, with `initial` before it.
 * @throws RingfoldError ERR_EMPTY, ERR_OPTION, ERR_STATE_SIZE, ERR_USER_OPERATOR
 */
export function finishUser(
  user: UserOperator,
  dtype: DtypeInfo,
  last: unknown,
  initial: number | bigint | undefined,
): unknown {
  let state = last;
  if (initial !== undefined) {
    const start = settle(user, foldValues(user, [elementOf(user, dtype, initial)], false));
    state = settle(user, mergeValues(user, start, state));
  } else if (state === NOTHING) {
    if (user.identity === undefined) {
      throw new RingfoldError(
        "ERR_EMPTY",
        `operator module ${user.url}: nothing to reduce and no \`identity\`; export one, or pass ` +
          "`initial`",
      );
    }
    state = settle(user, user.identity());
  }
  return user.finish === undefined ? state : user.finish(state);
}

// --- a state in a cell --------------------------------------------------------
//
// u32 tag, u32 length, bytes. Tags: 0 nothing, 1 float64, 2 int64, 3 structured clone, 4 flat-state.ts.

/** @throws RingfoldError ERR_STATE_SIZE, ERR_USER_OPERATOR */
function cloneOf(operator: UserOperator, state: unknown): Buffer {
  let clone: Buffer;
  try {
    clone = serialize(state);
  } catch (cause) {
    if (isPromise(state)) throw promised(operator);
    const what = `a state cannot be cloned (${textOf(cause)}): make it of what structuredClone takes`;
    throw invalid(operator.url, what, cause);
  }
  if (clone.length > operator.cellBytes - CELL_HEADER) {
    throw new RingfoldError(
      "ERR_STATE_SIZE",
      `operator module ${operator.url}: a state takes ${clone.length} bytes, its cell has ` +
        `${operator.cellBytes - CELL_HEADER}; export stateBytes = ${clone.length} or more`,
    );
  }
  return clone;
}

const isPromise = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as Promise<unknown>).then === "function";

function promised({ url }: UserOperator): RingfoldError {
  const what = "a state is a promise: `accumulate` and `combine` must return the state itself";
  return invalid(url, what);
}

/** True of what a cell holds without a clone. */
const isWord = (state: unknown): boolean =>
  typeof state === "number" ||
  (typeof state === "bigint" && BigInt.asIntN(64, state) === state) ||
  state === NOTHING;

/**
 * A state as it comes out of a cell. States that never leave a thread go through this as well, so that an
 * operator is judged the same, and sees the same, at every size.
 * @throws RingfoldError ERR_STATE_SIZE, ERR_USER_OPERATOR
 */
export function settle(operator: UserOperator, state: unknown): unknown {
  return isWord(state) ? state : deserialize(cloneOf(operator, state));
}

const judged = new WeakSet<UserOperator>();

/**
 * Judges, once a thread, the `combine` of an operator whose elements all went into one state: what it
 * makes of the identity and that state has to be a state. What it throws is for a call that needs it.
 * @throws RingfoldError ERR_STATE_SIZE, ERR_USER_OPERATOR
 */
export function judgeCombine(operator: UserOperator, state: unknown): void {
  const { identity, combine } = operator;
  if (identity === undefined || state === NOTHING || judged.has(operator)) return;
  let merged: unknown;
  try {
    merged = combine(identity(), settle(operator, state));
  } catch {
    return;
  }
  settle(operator, merged);
  judged.add(operator);
}

/** @throws RingfoldError ERR_STATE_SIZE, ERR_USER_OPERATOR */
export function encodeState(
  operator: UserOperator,
  state: unknown,
  bytes: Uint8Array,
  address: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + address, operator.cellBytes);
  if (state === NOTHING) {
    view.setUint32(0, 0, true);
  } else if (typeof state === "number") {
    view.setUint32(0, 1, true);
    view.setFloat64(8, state, true);
  } else if (typeof state === "bigint" && BigInt.asIntN(64, state) === state) {
    view.setUint32(0, 2, true);
    view.setBigInt64(8, state, true);
  } else if (writeFlat(state, view, CELL_HEADER) > 0) {
    view.setUint32(0, 4, true);
  } else {
    const clone = cloneOf(operator, state);
    view.setUint32(0, 3, true);
    view.setUint32(4, clone.length, true);
    bytes.set(clone, address + CELL_HEADER);
  }
}

export function decodeState(bytes: Uint8Array, address: number): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset + address, 16);
  switch (view.getUint32(0, true)) {
    case 0:
      return NOTHING;
    case 1:
      return view.getFloat64(8, true);
    case 2:
      return view.getBigInt64(8, true);
    case 4:
      return readFlat(new DataView(bytes.buffer, bytes.byteOffset + address), CELL_HEADER);
    default: {
      const start = address + CELL_HEADER;
      // A copy: deserialize reads no shared memory.
      return deserialize(Buffer.from(bytes.slice(start, start + view.getUint32(4, true))));
    }
  }
}
