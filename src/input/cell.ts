// Numbers from the text of a cell, into the array of a column.

import { RingfoldError } from "../errors.js";
import type { Dtype, DtypeInfo, TypedArray } from "../operators/dtype.js";
import { integerOf, type Notation, PLAIN, plainOf } from "./notation.js";
import { BATCH_ROWS } from "./source.js";

const DIGITS = /^[+-]?\d+$/;
const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ["true", 1],
  ["false", 0],
]);

/** The value of a cell's text; null for one that stands for none; undefined if it is no number. */
export function numberOf(text: string, notation = PLAIN): number | null | undefined {
  const plain = plainOf(text, notation);
  return typeof plain === "string" ? Number(plain) : plain;
}

/** The same for integers, exact: 1.0 and 1e3 are integers, 4503599627370497.4 is none. */
function bigintOf(text: string, notation: Notation): bigint | null | undefined {
  const plain = plainOf(text, notation);
  if (typeof plain !== "string") return plain;
  const value = Number(plain);
  return Number.isSafeInteger(value) && DIGITS.test(plain) ? BigInt(value) : integerOf(plain);
}

/** The same for integers of at most 32 bits. */
function smallOf(text: string, notation: Notation): number | null | undefined {
  const plain = plainOf(text, notation);
  if (typeof plain !== "string") return plain;
  if (DIGITS.test(plain)) return Number(plain);
  const exact = integerOf(plain);
  return exact === undefined ? undefined : Number(exact);
}

/** The same for the words true and false: 1 and 0. */
export function booleanOf(text: string, notation: Notation): number | null | undefined {
  const value = BOOLEANS.get(text.trim().toLowerCase());
  if (value !== undefined) return value;
  return plainOf(text, notation) === null ? null : undefined;
}

/** Collects the cells of one column, a batch at a time. */
export class CellColumn {
  /** For messages: what a cell has to be. */
  readonly wanted: string;
  /** Whole numbers that float64 does not hold, and the first of them. */
  rounded = 0;
  firstRounded = "";
  /** The type that would have held them. */
  exact: Dtype = "int64";
  readonly dtype: DtypeInfo;
  readonly #notation: Notation;
  readonly #valueOf: (text: string, notation: Notation) => number | bigint | null | undefined;
  /** Of integers. */
  readonly #least: number | bigint = 0;
  readonly #most: number | bigint = 0;
  #values: Float64Array;
  #count = 0;
  /** Their rows. */
  #nulls: number[] = [];

  /** `isBoolean`: cells are true and false. */
  constructor(dtype: DtypeInfo, notation = PLAIN, isBoolean = false) {
    this.dtype = dtype;
    this.#notation = notation;
    this.#values = this.#allocate();
    this.#valueOf = numberOf;
    this.wanted = "a number";
    const wide = dtype.kind !== "float" && dtype.size === 8;
    if (dtype.kind !== "float") {
      const bits = BigInt(8 * dtype.size);
      const least = dtype.kind === "int" ? -(1n << (bits - 1n)) : 0n;
      const most = least + (1n << bits) - 1n;
      this.wanted = `an integer from ${least} to ${most}`;
      this.#valueOf = wide ? bigintOf : smallOf;
      this.#least = wide ? least : Number(least);
      this.#most = wide ? most : Number(most);
    }
    if (!isBoolean) return;
    this.wanted = "true or false";
    this.#valueOf = (text) => {
      const value = booleanOf(text, notation);
      return wide && typeof value === "number" ? BigInt(value) : value;
    };
  }

  /** Of whatever type: values are of the right one, numbers or bigints. */
  #allocate(): Float64Array {
    const { array, size } = this.dtype;
    return new array!(new ArrayBuffer(BATCH_ROWS * size)) as Float64Array;
  }

  /** Takes a cell; false if it is not a value of the dtype. */
  put(text: string): boolean {
    const value = this.#valueOf(text, this.#notation);
    if (value === undefined) return false;
    if (value === null) {
      this.#nulls.push(this.#count + this.#nulls.length);
      return true;
    }
    if (this.dtype.kind !== "float") {
      if (!(value >= this.#least && value <= this.#most)) return false;
    } else if (!(value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER)) {
      this.#watch(text, value as number);
    }
    this.#values[this.#count++] = value as number;
    return true;
  }

  /** Counts what an integer of 64 bits would have held. */
  #watch(text: string, value: number): void {
    const plain = plainOf(text, this.#notation);
    if (typeof plain !== "string" || !DIGITS.test(plain)) return;
    const exact = integerOf(plain);
    if (exact === undefined || exact === BigInt(value)) return;
    if (exact !== BigInt.asIntN(64, exact)) {
      if (exact !== BigInt.asUintN(64, exact)) return;
      this.exact = "uint64";
    }
    if (this.rounded++ === 0) this.firstRounded = text.trim();
  }

  /** What was put since the last time, nulls left out; the array is the caller's. */
  take(): { values: TypedArray; nulls: Uint32Array } {
    const nulls = Uint32Array.from(this.#nulls);
    const taken = { values: this.#values.subarray(0, this.#count), nulls };
    this.#values = this.#allocate();
    this.#count = 0;
    this.#nulls = [];
    return taken as { values: TypedArray; nulls: Uint32Array };
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
