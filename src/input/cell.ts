// Numbers from the text of a cell, into the array of a column.

import { RingfoldError } from "../errors.js";
import type { DtypeInfo, TypedArray } from "../operators/dtype.js";
import { BATCH_ROWS } from "./source.js";

const NULLS: ReadonlySet<string> = new Set(["", "NA", "N/A", "null", "NULL"]);
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** Of 64 bits, as far as the number of its digits can tell. */
const INTEGER = /^(?:\+|(-))?0*(\d{1,20})(?:\.0*)?$/;
const NON_FINITE = /^([+-]?)(nan|inf|infinity)$/i;

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

/** The same for integers of 64 bits, exact. */
function bigintOf(text: string): bigint | null | undefined {
  const value = numberOf(text);
  if (value === null || value === undefined) return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  const [, sign = "", digits] = INTEGER.exec(text.trim()) ?? [];
  return digits === undefined ? undefined : BigInt(`${sign}${digits}`);
}

/** Collects the cells of one column, a batch at a time. */
export class CellColumn {
  /** For messages: what a cell has to be. */
  readonly wanted: string;
  readonly #dtype: DtypeInfo;
  readonly #valueOf: (text: string) => number | bigint | null | undefined;
  /** Of integers. */
  readonly #least: number | bigint = 0;
  readonly #most: number | bigint = 0;
  #values: Float64Array;
  #count = 0;
  /** Their rows. */
  #nulls: number[] = [];

  constructor(dtype: DtypeInfo) {
    this.#dtype = dtype;
    this.#values = this.#allocate();
    this.#valueOf = numberOf;
    this.wanted = "a number";
    if (dtype.kind === "float") return;
    const bits = BigInt(8 * dtype.size);
    const least = dtype.kind === "int" ? -(1n << (bits - 1n)) : 0n;
    const most = least + (1n << bits) - 1n;
    this.wanted = `an integer from ${least} to ${most}`;
    const wide = dtype.size === 8;
    if (wide) this.#valueOf = bigintOf;
    this.#least = wide ? least : Number(least);
    this.#most = wide ? most : Number(most);
  }

  /** Of whatever type: values are of the right one, numbers or bigints. */
  #allocate(): Float64Array {
    const { array, size } = this.#dtype;
    return new array!(new ArrayBuffer(BATCH_ROWS * size)) as Float64Array;
  }

  /** Takes a cell; false if it is not a value of the dtype. */
  put(text: string): boolean {
    const value = this.#valueOf(text);
    if (value === undefined) return false;
    if (value === null) {
      this.#nulls.push(this.#count + this.#nulls.length);
      return true;
    }
    if (this.#dtype.kind !== "float") {
      if (!(value >= this.#least && value <= this.#most)) return false;
      if (typeof value === "number" && !Number.isInteger(value)) return false;
    }
    this.#values[this.#count++] = value as number;
    return true;
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
