// States in files: what `partial` gives, `mergeStates` merges and `finishState` finishes. All
// little-endian.
//
//      0   8 bytes   "RFSTATE" and a zero
//      8   u16       version, 1
//     10   u8        dtype: its place in DTYPES
//     11   u8        1 if NaN were left out
//     12   u32       bytes of all
//     16   20 bytes  operator's name in ASCII, then zeros
//     36   u32       CRC-32 (IEEE 802.3) of all, with zeros here
//     40             the states of the operator's accumulators, one after the other
//
// An accumulator's state is that of the core. Exact sums are spread over all of their digits, so
// that equal sums have equal bytes:
//
//      0   i32, i32   0, number of digits: 69, or 136 for products of float64
//      8   i64        elements
//     16   u32, u32   1 NaN, 2 +∞, 4 −∞, 8 something else than −0; 0
//     24   i64 …      digits in [0, 2^32), the last signed; digit i weighs 2^(32i − 1074),
//                     for products of float64 2^(32i − 2162)
//
// Integer sums: 128 bits (of squares and products 192), i64 elements. min, max: the value as f64
// or 64-bit integer, or 0, i64 1 if there is one, else 0. count: i64. countNonZero, any, all: i64 not zero,
// i64 elements. and, or, xor: 64 bits. A state that no input gives is refused (valid.ts).

import { RingfoldError, show } from "../errors.js";
import { OPERATOR_NAMES, operatorOf } from "./builtin.js";
import { DTYPES, type DtypeInfo, dtypeOf } from "./dtype.js";
import { checkNames, type Names } from "./nearest.js";
import {
  assertRoundTo,
  canonical,
  contextOf,
  type FinishOptions,
  type Form,
  type Operator,
  type StateReader,
  type Value,
  type WordReader,
} from "./operator.js";
import { sumValues } from "./sum-values.js";
import { isFloat } from "./sums.js";
import type { Origin } from "./valid.js";

const MAGIC = "RFSTATE\0";
const VERSION = 1;
const AT = { version: 8, dtype: 10, skip: 11, bytes: 12, name: 16, check: 36 } as const;
const HEADER = 40;
const MOST_NAME = 20;

export interface StateHeader {
  readonly operator: string;
  readonly dtype: DtypeInfo;
  readonly skipNaN: boolean;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= i >= AT.check && i < AT.check + 4 ? 0 : (bytes[i] as number);
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const viewOf = (bytes: Uint8Array, from = 0, length = bytes.length - from): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset + from, length);

/** Reads states in an ordinary array; addresses are places in it. */
export function readerOf(bytes: Uint8Array): StateReader {
  const view = viewOf(bytes);
  const words: WordReader = {
    f64: (at) => view.getFloat64(at, true),
    i64: (at) => view.getBigInt64(at, true),
    u64: (at) => view.getBigUint64(at, true),
    i32: (at) => view.getInt32(at, true),
    u32: (at) => view.getUint32(at, true),
  };
  const copy = (at: number, length: number) => bytes.slice(at, at + length);
  return { ...words, ...sumValues(words), copy };
}

/** The form that states have: the exact one. */
function formOf(operator: Operator, dtype: DtypeInfo): Form | undefined {
  const form = operator.form(dtype, "exact");
  const isJoined = form?.accumulators.every((a) => a.join !== undefined) ?? false;
  return isJoined && operator.rejects(dtype) === undefined ? form : undefined;
}

/** Where the states of a form lie in a payload: one after the other. */
function placesOf({ accumulators }: Form, dtype: DtypeInfo) {
  let end = 0;
  return accumulators.map((accumulator) => {
    const length = accumulator.bytes(dtype);
    end += length;
    return { accumulator, at: end - length, length, end };
  });
}

/** A state from the record of a pass, which it takes over. */
export function encodeState({ operator, dtype, skipNaN }: StateHeader, record: Uint8Array) {
  const form = formOf(operatorOf(operator), dtype) as Form;
  for (const { accumulator, at, length } of placesOf(form, dtype)) {
    accumulator.tidy?.(viewOf(record, at, length), dtype);
  }
  const state = new Uint8Array(HEADER + record.length);
  const view = viewOf(state);
  state.set(new TextEncoder().encode(MAGIC));
  view.setUint16(AT.version, VERSION, true);
  view.setUint8(AT.dtype, dtype.code);
  view.setUint8(AT.skip, skipNaN ? 1 : 0);
  view.setUint32(AT.bytes, state.length, true);
  state.set(new TextEncoder().encode(operator), AT.name);
  state.set(record, HEADER);
  view.setUint32(AT.check, crc32(state), true);
  return state;
}

interface Decoded extends StateHeader {
  readonly form: Form;
  readonly payload: Uint8Array;
}

const bad = (why: string): RingfoldError => new RingfoldError("ERR_STATE", `state: ${why}`);

/** @throws RingfoldError ERR_STATE */
function decode(given: unknown): Decoded {
  if (dtypeOf(given)?.name !== "uint8") throw bad(`${typeof given} is not a Uint8Array`);
  // A copy: what is checked stays as it is.
  const state = new Uint8Array(given as Uint8Array);
  const text = (from: number, to: number) => String.fromCharCode(...state.subarray(from, to));
  if (state.length < HEADER || text(0, MAGIC.length) !== MAGIC) {
    throw bad(`these ${state.length} bytes are none; pass what \`partial\` gave`);
  }
  const view = viewOf(state);
  const version = view.getUint16(AT.version, true);
  if (version !== VERSION) {
    throw bad(`version ${version}, and this program reads ${VERSION}; make it anew`);
  }
  const bytes = view.getUint32(AT.bytes, true);
  if (bytes !== state.length) {
    throw bad(`${state.length} bytes of ${bytes}: it was cut off or something was added`);
  }
  if (crc32(state) !== view.getUint32(AT.check, true)) {
    throw bad("its checksum does not fit its bytes: it was altered; make it anew");
  }
  const operator = text(AT.name, AT.name + MOST_NAME).replace(/\0+$/, "");
  const dtype = DTYPES[view.getUint8(AT.dtype)];
  const isKnown = dtype !== undefined && OPERATOR_NAMES.includes(operator);
  const form = isKnown ? formOf(operatorOf(operator), dtype) : undefined;
  const payload = state.subarray(HEADER);
  const skip = view.getUint8(AT.skip);
  const skipNaN = skip === 1;
  const isRead = isKnown && form !== undefined && (skip === 0 || (skipNaN && isFloat(dtype)));
  if (!isRead || !isValid(form, payload, { dtype, skipNaN })) {
    throw bad(
      `${JSON.stringify(operator)} of dtype ${view.getUint8(AT.dtype)} has no state like these ` +
        `${bytes} bytes; make it anew`,
    );
  }
  return { operator, dtype, skipNaN, form, payload };
}

/** Whether the payload is as long as the states of the form, and some input gives them. */
function isValid(form: Form, payload: Uint8Array, origin: Origin): boolean {
  const places = placesOf(form, origin.dtype);
  if (payload.length !== places.at(-1)?.end) return false;
  const states = places.map(({ at, length }) => viewOf(payload, at, length));
  const areEach = form.accumulators.every((a, i) => a.isValid?.(states[i] as DataView, origin));
  return areEach && (form.areValid?.(states, origin) ?? true);
}

const describe = ({ operator, dtype, skipNaN }: StateHeader): string =>
  `${operator} of ${dtype.name}${skipNaN ? " without NaN" : ""}`;

/**
 * One state of several, of the same operator, dtype and treatment of NaN, in any order.
 * @throws RingfoldError ERR_STATE if there are none, or they do not belong together
 */
export function mergeStates(states: readonly Uint8Array[]): Uint8Array {
  if (!Array.isArray(states) || states.length === 0) {
    throw bad("mergeStates takes an array of one state or more");
  }
  const [first, ...others] = states.map(decode) as [Decoded, ...Decoded[]];
  const record = first.payload.slice();
  for (const other of others) {
    if (describe(other) !== describe(first)) {
      throw bad(`${describe(first)} and ${describe(other)} cannot be merged`);
    }
    for (const { accumulator, at, length } of placesOf(first.form, first.dtype)) {
      const from = viewOf(other.payload, at, length);
      accumulator.join?.(viewOf(record, at, length), from, first.dtype);
    }
  }
  // More elements than a count holds.
  if (!isValid(first.form, record, first)) throw bad(`${describe(first)}: there are too many`);
  return encodeState(first, record);
}

/** The value of a state. @throws RingfoldError ERR_STATE, ERR_EMPTY, ERR_OVERFLOW */
export function finishState(state: Uint8Array, options: FinishOptions = {}): Value {
  const { form, dtype, payload } = decode(state);
  checkFinish(options, dtype);
  const places = placesOf(form, dtype).map(({ at }) => at);
  return canonical(form.finish(readerOf(payload), places, contextOf(dtype, options)));
}

/** @throws RingfoldError ERR_OPTION */
function checkFinish(options: FinishOptions, dtype: DtypeInfo): void {
  const choices = { roundTo: ["float64", "float32"], overflow: ["wrap", "throw"] };
  checkNames(
    options,
    { roundTo: true, overflow: true } satisfies Names<FinishOptions>,
    "finishState",
  );
  for (const [name, allowed] of Object.entries(choices)) {
    const value = options[name as keyof FinishOptions];
    if (value !== undefined && !allowed.includes(value)) {
      throw new RingfoldError(
        "ERR_OPTION",
        `${name}: ${show(value)}; finishState takes roundTo ("float64", "float32") and ` +
          'overflow ("wrap", "throw")',
      );
    }
  }
  assertRoundTo(dtype, options.roundTo);
}

/** What a state is of: for a report. @throws RingfoldError ERR_STATE */
export function describeState(state: Uint8Array): StateHeader {
  const { operator, dtype, skipNaN } = decode(state);
  return { operator, dtype, skipNaN };
}
