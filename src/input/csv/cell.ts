// Numbers from the bytes of a text cell, into the array of a column.
//
// Most cells have so few digits that digits and power of ten are both exact in
// a float64, and one multiplication or division rounds correctly (W. D.
// Clinger, "How to Read Floating Point Numbers Accurately", 1990). All others
// go through a string and the runtime's own conversion.

import { RingfoldError } from "../../errors.js";
import type { DtypeInfo, TypedArray } from "../../operators/dtype.js";
import { BATCH_ROWS } from "../source.js";

const POWERS = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const NULLS: ReadonlySet<string> = new Set(["", "NA", "N/A", "null", "NULL"]);
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** Of 64 bits, as far as the number of its digits can tell. */
const INTEGER = /^(?:\+|(-))?0*(\d{1,20})$/;
const NON_FINITE = /^([+-]?)(nan|inf|infinity)$/i;
const ZERO = 48;

/** The value of a plain decimal with few digits, exactly rounded; NaN for anything else. */
export function simpleNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;
  let digits = 0;
  let first = at;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    digits = digits * 10 + digit;
  }
  let count = at - first;
  let exponent = 0;
  if (at < end && bytes[at] === 46) {
    first = ++at;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      digits = digits * 10 + digit;
    }
    exponent = first - at;
    count -= exponent;
  }
  if (count === 0 || digits > Number.MAX_SAFE_INTEGER) return NaN;
  if (at < end) {
    if ((bytes[at]! | 32) !== 101) return NaN;
    at++;
    const minus = bytes[at] === 45;
    if (minus || bytes[at] === 43) at++;
    let power = 0;
    first = at;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return NaN;
      power = power * 10 + digit;
    }
    if (at === first) return NaN;
    exponent += minus ? -power : power;
  }
  if (exponent < -22 || exponent > 22) return NaN;
  const value = exponent < 0 ? digits / POWERS[-exponent]! : digits * POWERS[exponent]!;
  return negative ? -value : value;
}

/** The value of a cell's text; null for one that stands for none; undefined if it is no number. */
export function numberOf(text: string): number | null | undefined {
  if (NUMBER.test(text)) return Number(text);
  const cell = text.trim();
  if (NULLS.has(cell)) return null;
  if (NUMBER.test(cell)) return Number(cell);
  const [, sign, word] = NON_FINITE.exec(cell) ?? [];
  if (word === undefined) return undefined;
  const value = word.toLowerCase() === "nan" ? NaN : Infinity;
  return sign === "-" ? -value : value;
}

/** Collects the cells of one column, a batch at a time. */
export interface CellColumn {
  /** Takes the cell from `start` to `end`; false if it is not a value of the dtype. */
  put(bytes: Buffer, start: number, end: number): boolean;
  /** What was put since the last time, nulls left out; the array is the caller's. */
  take(): { values: TypedArray; nulls: number };
  /** For messages: what a cell has to be. */
  readonly wanted: string;
}

/** Integers up to 32 bits, and floats: whatever a number can hold. */
class NumberColumn implements CellColumn {
  readonly wanted: string;
  readonly #dtype: DtypeInfo;
  readonly #least: number;
  readonly #most: number;
  #values: Exclude<TypedArray, BigInt64Array | BigUint64Array>;
  #count = 0;
  #nulls = 0;

  constructor(dtype: DtypeInfo) {
    this.#dtype = dtype;
    const span = 2 ** (8 * dtype.size);
    this.#least = dtype.kind === "int" ? -span / 2 : 0;
    this.#most = this.#least + span - 1;
    this.wanted =
      dtype.kind === "float" ? "a number" : `an integer from ${this.#least} to ${this.#most}`;
    this.#values = this.#allocate();
  }

  #allocate() {
    const array = this.#dtype.array!;
    return new array(new ArrayBuffer(BATCH_ROWS * this.#dtype.size)) as Float64Array;
  }

  put(bytes: Buffer, start: number, end: number): boolean {
    const value = simpleNumber(bytes, start, end);
    if (Number.isNaN(value)) return this.#putText(bytes.toString("latin1", start, end));
    return this.#store(value);
  }

  #putText(text: string): boolean {
    const value = numberOf(text);
    if (value === null) this.#nulls++;
    return value === null || (value !== undefined && this.#store(value));
  }

  #store(value: number): boolean {
    if (this.#dtype.kind !== "float") {
      if (!(value >= this.#least && value <= this.#most) || !Number.isInteger(value)) return false;
    }
    this.#values[this.#count++] = value;
    return true;
  }

  take() {
    const taken = { values: this.#values.subarray(0, this.#count), nulls: this.#nulls };
    this.#values = this.#allocate();
    this.#count = 0;
    this.#nulls = 0;
    return taken;
  }
}

/** 64-bit integers, written as two words each: a bigint is made only beyond 2^53. */
class Int64Column implements CellColumn {
  readonly wanted: string;
  readonly #dtype: DtypeInfo;
  readonly #least: bigint;
  readonly #most: bigint;
  #words = new Int32Array(2 * BATCH_ROWS);
  #count = 0;
  #nulls = 0;

  constructor(dtype: DtypeInfo) {
    this.#dtype = dtype;
    this.#least = dtype.kind === "int" ? -(2n ** 63n) : 0n;
    this.#most = this.#least + 2n ** 64n - 1n;
    this.wanted = `an integer from ${this.#least} to ${this.#most}`;
  }

  put(bytes: Buffer, start: number, end: number): boolean {
    const value = simpleNumber(bytes, start, end);
    if (!Number.isSafeInteger(value)) {
      return this.#putText(bytes.toString("latin1", start, end).trim());
    }
    if (value < 0 && this.#dtype.kind === "uint") return false;
    this.#store(value, Math.floor(value / 2 ** 32));
    return true;
  }

  #putText(cell: string): boolean {
    if (NULLS.has(cell)) {
      this.#nulls++;
      return true;
    }
    const [, sign = "", digits] = INTEGER.exec(cell) ?? [];
    if (digits === undefined) return false;
    const value = BigInt(`${sign}${digits}`);
    if (value < this.#least || value > this.#most) return false;
    this.#store(Number(BigInt.asUintN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
    return true;
  }

  /** Each word is taken modulo 2^32; the low one comes first. */
  #store(low: number, high: number): void {
    this.#words[2 * this.#count] = low;
    this.#words[2 * this.#count + 1] = high;
    this.#count++;
  }

  take() {
    const values = new this.#dtype.array!(this.#words.buffer, 0, this.#count);
    const taken = { values, nulls: this.#nulls };
    this.#words = new Int32Array(2 * BATCH_ROWS);
    this.#count = 0;
    this.#nulls = 0;
    return taken;
  }
}

/** Throws ERR_DTYPE where the runtime has no array for the dtype. */
export function checkCellDtype(file: string, dtype: DtypeInfo): void {
  if (dtype.array !== undefined) return;
  throw new RingfoldError(
    "ERR_DTYPE",
    `${file}: text cannot be parsed as ${dtype.name}: this runtime has no array for it; use float32`,
  );
}

/** `dtype` has passed `checkCellDtype`. */
export function cellColumn(dtype: DtypeInfo): CellColumn {
  const wide = dtype.size === 8 && dtype.kind !== "float";
  return wide ? new Int64Column(dtype) : new NumberColumn(dtype);
}
