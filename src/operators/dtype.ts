// Element types: their codes in the core, sizes and typed arrays. Names are NumPy's.

import { RingfoldError, show } from "../errors.js";

export type Dtype =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float16"
  | "float32"
  | "float64";

/** The instances of a global class, where the libraries that a program is compiled with have it. */
export type Global<Name extends string, Otherwise = never> = typeof globalThis extends {
  readonly [K in Name]: { readonly prototype: infer T };
}
  ? T
  : Otherwise;

export type TypedArray<B extends ArrayBufferLike = ArrayBufferLike> =
  | Int8Array<B>
  | Uint8Array<B>
  | Uint8ClampedArray<B>
  | Int16Array<B>
  | Uint16Array<B>
  | Int32Array<B>
  | Uint32Array<B>
  | BigInt64Array<B>
  | BigUint64Array<B>
  | Float32Array<B>
  | Float64Array<B>
  | (Global<"Float16Array"> & { readonly buffer: B });

/** The array of each dtype. */
export interface Arrays<B extends ArrayBufferLike = SharedArrayBuffer> {
  int8: Int8Array<B>;
  uint8: Uint8Array<B>;
  int16: Int16Array<B>;
  uint16: Uint16Array<B>;
  int32: Int32Array<B>;
  uint32: Uint32Array<B>;
  int64: BigInt64Array<B>;
  uint64: BigUint64Array<B>;
  float16: Global<"Float16Array", TypedArray<B>> & { readonly buffer: B };
  float32: Float32Array<B>;
  float64: Float64Array<B>;
}

/** By the tag that arrays, and subclasses of them, have. */
interface DtypesByTag {
  Int8Array: "int8";
  Uint8Array: "uint8";
  Uint8ClampedArray: "uint8";
  Int16Array: "int16";
  Uint16Array: "uint16";
  Int32Array: "int32";
  Uint32Array: "uint32";
  BigInt64Array: "int64";
  BigUint64Array: "uint64";
  Float16Array: "float16";
  Float32Array: "float32";
  Float64Array: "float64";
}

/** The dtype of an array. */
export type DtypeOf<T extends TypedArray> = DtypesByTag[T[typeof Symbol.toStringTag] &
  keyof DtypesByTag];

export interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new <B extends ArrayBufferLike>(buffer: B, byteOffset?: number, length?: number): TypedArray<B>;
}

export interface DtypeInfo {
  readonly name: Dtype;
  /** The number by which the core's kernels know the type; equals its place in `DTYPES`. */
  readonly code: number;
  /** Bytes an element. */
  readonly size: number;
  readonly kind: "int" | "uint" | "float";
  /** Undefined where the runtime has no such array (float16 before Node 24). */
  readonly array: TypedArrayConstructor | undefined;
}

const float16 = (globalThis as { Float16Array?: unknown }).Float16Array;

function info(
  code: number,
  name: Dtype,
  size: number,
  kind: DtypeInfo["kind"],
  array: unknown,
): DtypeInfo {
  return { name, code, size, kind, array: array as TypedArrayConstructor | undefined };
}

/** In the order of the core's codes. */
export const DTYPES: readonly DtypeInfo[] = [
  info(0, "int8", 1, "int", Int8Array),
  info(1, "uint8", 1, "uint", Uint8Array),
  info(2, "int16", 2, "int", Int16Array),
  info(3, "uint16", 2, "uint", Uint16Array),
  info(4, "int32", 4, "int", Int32Array),
  info(5, "uint32", 4, "uint", Uint32Array),
  info(6, "int64", 8, "int", BigInt64Array),
  info(7, "uint64", 8, "uint", BigUint64Array),
  info(8, "float16", 2, "float", float16),
  info(9, "float32", 4, "float", Float32Array),
  info(10, "float64", 8, "float", Float64Array),
];

const byName = new Map<string, DtypeInfo>(DTYPES.map((d) => [d.name, d]));

/** @throws RingfoldError ERR_DTYPE for a name that is not a dtype. */
export function dtypeInfo(name: string): DtypeInfo {
  const found = byName.get(name);
  if (found === undefined) {
    throw new RingfoldError(
      "ERR_DTYPE",
      `unknown dtype ${show(name)}: use one of ${[...byName.keys()].join(", ")}`,
    );
  }
  return found;
}

const byTag = new Map<string, DtypeInfo>(
  DTYPES.map((d) => {
    const name = d.name.replace(/^u?int64$/, (n) => (n === "int64" ? "bigInt64" : "bigUint64"));
    return [`${name.charAt(0).toUpperCase()}${name.slice(1)}Array`, d];
  }),
);
byTag.set("Uint8ClampedArray", dtypeInfo("uint8"));

// Any object may have properties of its own with these names, which a reader of memory must not
// believe. The getters of %TypedArray%.prototype, taken once, read what the array really is, of any
// realm.
const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getterOf = (name: PropertyKey) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get as () => unknown;
const getTag = getterOf(Symbol.toStringTag);
const getLength = getterOf("length");
const getBuffer = getterOf("buffer");
const getOffset = getterOf("byteOffset");

/** The dtype of a typed array of any realm; undefined for anything else (a DataView, an Array). */
export function dtypeOf(value: unknown): DtypeInfo | undefined {
  return byTag.get(getTag.call(value) as string);
}

/** Elements; 0 of an array that is detached or out of bounds. */
export function lengthOf(view: TypedArray): number {
  return getLength.call(view) as number;
}

export function bufferOf(view: TypedArray): ArrayBufferLike {
  return getBuffer.call(view) as ArrayBufferLike;
}

export function offsetOf(view: TypedArray): number {
  return getOffset.call(view) as number;
}
