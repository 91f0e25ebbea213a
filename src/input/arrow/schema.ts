// Which Arrow columns are numeric, and where a record batch has their buffers;
// after Schema.fbs and "Arrow Columnar Format" in the documentation of Apache
// Arrow.

import { type Dtype, type DtypeInfo, dtypeInfo } from "../../operators/dtype.js";
import { batchDtype } from "../raw.js";
import type { Table } from "./flatbuffer.js";

/** The union `Type` of Schema.fbs, in its order. */
const TYPES = [
  "none",
  "null",
  "int",
  "float",
  "binary",
  "utf8",
  "bool",
  "decimal",
  "date",
  "time",
  "timestamp",
  "interval",
  "list",
  "struct",
  "union",
  "fixed-size binary",
  "fixed-size list",
  "map",
  "duration",
  "large binary",
  "large utf8",
  "large list",
  "run-end encoded",
  "binary view",
  "utf8 view",
  "list view",
  "large list view",
] as const;

type TypeName = (typeof TYPES)[number];

/** Buffers of a type, without those of its children; views have more, see `Place`. */
const BUFFERS: Readonly<Record<TypeName, number>> = {
  none: 0,
  null: 0,
  int: 2,
  float: 2,
  binary: 3,
  utf8: 3,
  bool: 2,
  decimal: 2,
  date: 2,
  time: 2,
  timestamp: 2,
  interval: 2,
  list: 2,
  struct: 1,
  union: 1,
  "fixed-size binary": 2,
  "fixed-size list": 1,
  map: 2,
  duration: 2,
  "large binary": 3,
  "large utf8": 3,
  "large list": 2,
  "run-end encoded": 0,
  "binary view": 2,
  "utf8 view": 2,
  "list view": 3,
  "large list view": 3,
};

/** How the values of a numeric column lie in its buffer. */
export interface Layout {
  /** Of a batch: float16 may have become float32, bools are uint8, decimals float64. */
  readonly dtype: DtypeInfo;
  /** In the file, if its elements are numbers as they lie in memory. */
  readonly stored: DtypeInfo | undefined;
  /** Bits an element in the file. */
  readonly bits: number;
  readonly scale: number;
}

export interface Field {
  readonly name: string;
  /** For messages. */
  readonly type: string;
  /** Undefined for a column that is not numeric. */
  readonly layout: Layout | undefined;
  readonly buffers: number;
  /** The number of its data buffers is said by the batch. */
  readonly isView: boolean;
  readonly children: readonly Field[];
}

export interface Schema {
  readonly fields: readonly Field[];
  readonly bigEndian: boolean;
}

function layoutOf(type: TypeName, own: Table | undefined): Layout | undefined {
  const number = (name: Dtype): Layout => {
    const stored = dtypeInfo(name);
    return { dtype: batchDtype(stored), stored, bits: 8 * stored.size, scale: 0 };
  };
  if (type === "bool") {
    return { dtype: dtypeInfo("uint8"), stored: undefined, bits: 1, scale: 0 };
  }
  if (own === undefined) return undefined;
  if (type === "float") {
    const name = (["float16", "float32", "float64"] as const)[own.int16(0)];
    return name === undefined ? undefined : number(name);
  }
  const bits = type === "int" ? own.int32(0) : own.int32(2, 128);
  if (type === "int" && [8, 16, 32, 64].includes(bits)) {
    return number(`${own.bool(1) ? "int" : "uint"}${bits}` as Dtype);
  }
  if (type === "decimal" && [32, 64, 128, 256].includes(bits)) {
    return { dtype: dtypeInfo("float64"), stored: undefined, bits, scale: own.int32(1) };
  }
  return undefined;
}

/** Fields may share their bytes, so that few bytes describe a great many: that is no schema. */
interface Budget {
  fields: number;
}

function readField(table: Table, version: number, budget: Budget, depth: number): Field {
  if (--budget.fields < 0 || depth > 64) throw new RangeError("the schema has too many fields");
  const code = table.uint8(2);
  const type = TYPES[code];
  if (type === undefined) throw new RangeError(`a column has the unknown type ${code}`);
  const own = table.table(3);
  const name = table.string(0);
  if (table.table(4) !== undefined) {
    // A batch has the indices only, whatever the dictionary holds.
    return {
      name,
      type: `a dictionary of ${type}`,
      layout: undefined,
      buffers: 2,
      isView: false,
      children: [],
    };
  }
  const children = table.tables(5).map((t) => readField(t, version, budget, depth + 1));
  const layout = layoutOf(type, own);
  // A dense union has offsets beside its type ids; before version 5, unions had a validity.
  const union = type === "union" ? (own?.int16(0) === 1 ? 1 : 0) + (version < 4 ? 1 : 0) : 0;
  return {
    name,
    type: layout === undefined || type === "decimal" ? type : layout.dtype.name,
    layout,
    buffers: BUFFERS[type] + union,
    isView: type === "binary view" || type === "utf8 view",
    children,
  };
}

/** A schema of metadata version `version`, counted from 0. Throws RangeError. */
export function readSchema(table: Table, version: number): Schema {
  const budget = { fields: table.byteLength / 8 };
  return {
    fields: table.tables(1).map((field) => readField(field, version, budget, 0)),
    bigEndian: table.int16(0) === 1,
  };
}

/** Where a record batch has the node and the buffers of a column. */
export interface Place {
  node: number;
  buffer: number;
}

/** The places of all columns of a batch; `views`: data buffers of each view in it. */
export function places(fields: readonly Field[], views: readonly number[]): Place[] {
  const next = { node: 0, buffer: 0 };
  let view = 0;
  const pass = (field: Field): void => {
    next.node++;
    next.buffer += field.buffers + (field.isView ? (views[view++] ?? 0) : 0);
    for (const child of field.children) pass(child);
  };
  return fields.map((field) => {
    const place = { ...next };
    pass(field);
    return place;
  });
}
