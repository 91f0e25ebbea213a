// Several sources as one, in order.

import { type FileRun, readRun } from "../engine/fetch.js";
import { RingfoldError } from "../errors.js";
import { batchSource } from "./closable.js";
import { batchDtype, toArray } from "./raw.js";
import {
  BATCH_ROWS,
  type Batch,
  type BatchSource,
  NO_NULLS,
  type SegmentSource,
  type Source,
} from "./source.js";

/** A source, and the file to name if it does not fit the others. */
export interface Named {
  readonly name: string;
  readonly source: Source;
}

function closeAll(sources: readonly Source[]): void {
  for (const source of sources) source.close();
}

type Column = BatchSource["columns"][number];

const columnsOf = (source: Source): readonly Column[] =>
  source.kind === "batches" ? source.columns : [{ name: "", dtype: source.dtype }];

const list = (columns: readonly Column[]): string =>
  columns.map(({ name, dtype }) => `${name || "an array"} (${dtype.name})`).join(", ");

/** Throws ERR_DTYPE or ERR_COLUMN, naming both files, unless the second can follow the first. */
function checkAgree(first: Named, second: Named): void {
  const wanted = columnsOf(first.source);
  const found = columnsOf(second.source);
  const differ = (code: "ERR_DTYPE" | "ERR_COLUMN", what: string, remedy: string) =>
    new RingfoldError(
      code,
      `${what} differ: ${first.name} has ${list(wanted)}, ${second.name} has ${list(found)}; ${remedy}`,
    );
  const same = (a: string, b: string) => a === b || a === "" || b === "";
  if (wanted.length !== found.length || !wanted.every((c, i) => same(c.name, found[i]!.name))) {
    throw differ("ERR_COLUMN", "columns", "select the same ones in all files");
  }
  if (!wanted.every((c, i) => c.dtype === found[i]!.dtype)) {
    throw differ("ERR_DTYPE", "element types", "convert one, or reduce them apart");
  }
}

async function* segmentBatches({ segments, dtype }: SegmentSource): AsyncGenerator<Batch> {
  for (const segment of segments) {
    for (let first = 0; first < segment.length; first += BATCH_ROWS) {
      const rows = Math.min(BATCH_ROWS, segment.length - first);
      const bytes = new Uint8Array(rows * dtype.size);
      readRun(segment, first, rows, dtype.size, bytes);
      yield { rows, values: [toArray(bytes, dtype)], nulls: [NO_NULLS] };
    }
  }
}

/** The elements of segments as batches, for where the others are batches. */
function asBatches({ name, source }: Named): BatchSource {
  if (source.kind === "batches") return source;
  return batchSource(
    name,
    { columns: [{ name: "", dtype: batchDtype(source.dtype) }], rows: source.length },
    () => segmentBatches(source),
    () => source.close(),
  );
}

function joinSegments(parts: readonly Named[], dtype: SegmentSource["dtype"]): SegmentSource {
  const segments: FileRun[] = [];
  for (const { source } of parts) {
    if (source.kind === "segments") segments.push(...source.segments);
  }
  const close = () => closeAll(parts.map(({ source }) => source));
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  return { kind: "segments", dtype, segments, length, close };
}

function joinBatches(sources: readonly BatchSource[]): BatchSource {
  const named = sources.find(({ columns }) => columns.some(({ name }) => name !== ""));
  const rows = sources.map((source) => source.rows);
  return {
    kind: "batches",
    columns: (named ?? sources[0]!).columns,
    rows: rows.includes(undefined) ? undefined : rows.reduce<number>((sum, n) => sum + n!, 0),
    async *batches() {
      for (const source of sources) yield* source.batches();
    },
    close: () => closeAll(sources),
  };
}

/**
 * One source of all `parts`, at least one: segments if all are, else batches. Throws
 * ERR_DTYPE or ERR_COLUMN if their columns differ; then nothing has been closed.
 */
export function combine(parts: readonly Named[]): Source {
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError("nothing to combine");
  if (others.length === 0) return first.source;
  if (parts.every(({ source }) => source.kind === "segments")) {
    for (const other of others) checkAgree(first, other);
    return joinSegments(parts, columnsOf(first.source)[0]!.dtype);
  }
  const sources = parts.map(asBatches);
  for (const [i, { name }] of parts.entries()) {
    checkAgree({ name: first.name, source: sources[0]! }, { name, source: sources[i]! });
  }
  return joinBatches(sources);
}
