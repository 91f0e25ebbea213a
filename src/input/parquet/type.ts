// Which Parquet columns are numeric, and as what they are read; after "Logical
// types" in the Parquet format's documentation.

import type { SchemaElement, SchemaTree } from "hyparquet";
import { type Dtype, type DtypeInfo, dtypeInfo, type TypedArray } from "../../operators/dtype.js";
import { decimalToNumber } from "../decimal.js";
import type { Elements } from "../elements.js";
import { batchDtype, toArray } from "../raw.js";

export interface NumericType {
  readonly dtype: DtypeInfo;
  /** Bytes an element as it is decoded, before `finish`. */
  readonly width: number;
  readonly physical: SchemaElement["type"];
  /** Decimals that are stored as bytes: decoded to float64 at once. */
  readonly bytes?: { readonly scale: number; readonly length: number | undefined };
  /** False if the column has no nulls, and no levels to say so. */
  readonly optional: boolean;
  /** The first `count` decoded elements as an array of the dtype. */
  finish(from: Elements, count: number): TypedArray;
}

/** Physical types whose elements are the numbers themselves. */
const PHYSICAL: Readonly<Record<string, Dtype>> = {
  BOOLEAN: "uint8",
  INT32: "int32",
  INT64: "int64",
  FLOAT: "float32",
  DOUBLE: "float64",
};

/** What the column's elements are beyond their physical type: "decimal", "timestamp", "int_8". */
function annotation({ logical_type, converted_type }: SchemaElement): string | undefined {
  if (logical_type?.type === "INTEGER") {
    return `${logical_type.isSigned ? "int" : "uint"}_${logical_type.bitWidth}`;
  }
  return (logical_type?.type ?? converted_type)?.toLowerCase();
}

/** For messages: what a column holds. */
export function typeName({ element, children }: SchemaTree): string {
  const numeric = numericType({ element, children });
  if (numeric !== undefined) return numeric.dtype.name;
  if (children.length > 0) return annotation(element) ?? "a struct";
  if (element.repetition_type === "REPEATED") return "a list";
  if (element.type === "INT96") return "timestamp";
  return annotation(element) ?? element.type?.toLowerCase() ?? "nothing";
}

function integer(dtype: DtypeInfo) {
  return (from: Elements, count: number): TypedArray => {
    const bytes = from.bytes.subarray(0, count * from.width);
    if (dtype.size === from.width) return toArray(bytes, dtype);
    // Stored in 32 bits: the low ones are the number.
    const wide = new Int32Array(from.bytes.buffer, 0, count);
    const narrow = toArray(new Uint8Array(count * dtype.size), dtype) as Int8Array;
    narrow.set(wide);
    return narrow;
  };
}

function decimal(scale: number, physical: SchemaElement["type"]) {
  return (from: Elements, count: number): TypedArray => {
    const { buffer } = from.bytes;
    if (physical === "INT32") {
      return Float64Array.from(new Int32Array(buffer, 0, count), (n) => divide(n, scale));
    }
    if (physical === "INT64") {
      return Float64Array.from({ length: count }, (_, i) =>
        decimalToNumber(
          BigInt.asIntN(64, BigInt(from.words[2 * i]!) | (BigInt(from.words[2 * i + 1]!) << 32n)),
          scale,
        ),
      );
    }
    return new Float64Array(buffer, 0, count);
  };
}

const divide = (unscaled: number, scale: number): number =>
  scale >= 0 && scale <= 22 ? unscaled / 10 ** scale : decimalToNumber(BigInt(unscaled), scale);

/** How a column's numbers are read; undefined if it does not hold any. */
export function numericType({
  element,
  children,
}: Pick<SchemaTree, "element" | "children">): NumericType | undefined {
  const { type: physical, type_length, repetition_type } = element;
  if (children.length > 0 || repetition_type === "REPEATED") return undefined;
  const optional = repetition_type === "OPTIONAL";
  const meaning = annotation(element);
  if (meaning === "decimal") {
    const { logical_type } = element;
    const scale = (logical_type?.type === "DECIMAL" ? logical_type.scale : element.scale) ?? 0;
    const dtype = dtypeInfo("float64");
    const finish = decimal(scale, physical);
    if (physical === "INT32") return { dtype, width: 4, physical, optional, finish };
    if (physical === "INT64") return { dtype, width: 8, physical, optional, finish };
    const length = physical === "FIXED_LEN_BYTE_ARRAY" ? (type_length ?? 0) : undefined;
    // Without a byte each, any number of them would fit into a page.
    if (length !== undefined && length < 1) return undefined;
    return { dtype, width: 8, physical, optional, finish, bytes: { scale, length } };
  }
  if (meaning === "float16" && type_length === 2) {
    const half = dtypeInfo("float16");
    const finish = (from: Elements, count: number) =>
      toArray(from.bytes.subarray(0, 2 * count), half);
    return { dtype: batchDtype(half), width: 2, physical, optional, finish };
  }
  const stored = PHYSICAL[physical ?? ""];
  if (stored === undefined) return undefined;
  const width = dtypeInfo(stored).size;
  if (meaning === undefined) {
    const dtype = dtypeInfo(stored);
    return { dtype, width, physical, optional, finish: integer(dtype) };
  }
  if (!/^u?int_(8|16|32|64)$/.test(meaning)) return undefined;
  const dtype = dtypeInfo(meaning.replace("_", ""));
  if (!stored.startsWith("int") || (dtype.size === 8) !== (width === 8)) return undefined;
  return { dtype, width, physical, optional, finish: integer(dtype) };
}
