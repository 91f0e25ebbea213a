// What the tests of the input share: folders that go away, sources read to
// their end, and NumPy as an oracle.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun } from "../../src/engine/fetch.js";
import { openSources } from "../../src/input/open.js";
import { BATCH_ROWS, type OpenOptions, type Source } from "../../src/input/source.js";
import type { DtypeInfo, TypedArray } from "../../src/operators/dtype.js";
import { assert } from "../harness.js";

/** Runs `body` with a new folder, which is removed afterwards. */
export async function inFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(join(tmpdir(), "ringfold-input-"));
  try {
    return await body(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file into the folder and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  fs.writeFileSync(path, content);
  return path;
}

/** A file that is kept beside the tests' sources. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/input/fixtures/${name}`, import.meta.url));

/** A file of vega-datasets. */
export const dataset = (name: string): string =>
  fileURLToPath(new URL(`../../../node_modules/vega-datasets/data/${name}`, import.meta.url));

export const open = (paths: string | readonly string[], options: Partial<OpenOptions> = {}) =>
  openSources(typeof paths === "string" ? [paths] : paths, {
    columns: [],
    dtype: undefined,
    ...options,
  });

export interface Column {
  readonly name: string;
  readonly dtype: string;
  readonly values: (number | bigint)[];
  readonly nulls: number;
}

export interface Content {
  readonly rows: number;
  readonly columns: Column[];
  /** Rows of each batch; empty for segments. */
  readonly batches: number[];
}

/** The elements of a segment source, read as a worker reads them: into shared memory. */
function segmentValues(source: Source & { kind: "segments" }): (number | bigint)[] {
  const { dtype, segments } = source;
  const values: (number | bigint)[] = [];
  for (const segment of segments) {
    const shared = new SharedArrayBuffer(segment.length * dtype.size);
    const bytes = new Uint8Array(shared);
    readRun(segment, 0, segment.length, dtype.size, bytes);
    values.push(...toNumbers(shared, dtype));
  }
  return values;
}

function toNumbers(memory: SharedArrayBuffer, dtype: DtypeInfo): Iterable<number | bigint> {
  if (dtype.array !== undefined) return new dtype.array(memory) as Iterable<number | bigint>;
  // float16 without an array: its bits.
  return new Uint16Array(memory);
}

/** Reads a source to its end and closes it; checks what all batches promise. */
export async function collect(source: Source): Promise<Content> {
  try {
    if (source.kind === "segments") {
      const values = segmentValues(source);
      if (values.length !== source.length) throw new Error("length is not that of the segments");
      const column = { name: "", dtype: source.dtype.name, values, nulls: 0 };
      return { rows: source.length, columns: [column], batches: [] };
    }
    const columns = source.columns.map(({ name, dtype }) => ({
      name,
      dtype: dtype.name,
      array: dtype.array,
      values: [] as (number | bigint)[],
      nulls: 0,
    }));
    const batches: number[] = [];
    for await (const batch of source.batches()) {
      if (!(batch.rows > 0 && batch.rows <= BATCH_ROWS)) throw new Error(`${batch.rows} rows`);
      if (batch.values.length !== columns.length) throw new Error("a batch lacks a column");
      batches.push(batch.rows);
      for (const [i, column] of columns.entries()) {
        const values = batch.values[i] as TypedArray;
        const nulls = batch.nulls[i]!.length;
        if (!(values instanceof column.array!)) throw new Error("a batch has another dtype");
        if (values.length + nulls !== batch.rows) throw new Error("values and nulls are not rows");
        for (const value of values) column.values.push(value);
        column.nulls += nulls;
      }
    }
    const rows = batches.reduce((sum, n) => sum + n, 0);
    if (source.rows !== undefined && source.rows !== rows) throw new Error("rows were wrong");
    return {
      rows,
      columns: columns.map(({ name, dtype, values, nulls }) => ({ name, dtype, values, nulls })),
      batches,
    };
  } finally {
    source.close();
  }
}

export function equalValues(
  actual: readonly (number | bigint)[],
  expected: readonly (number | bigint)[],
  message: string,
): void {
  assert.is(actual.length, expected.length, message);
  for (const [i, wanted] of expected.entries()) {
    assert.is(actual[i], wanted, `${message}: row ${i}`);
  }
}

/** Opens, reads and closes. */
export async function read(
  paths: string | readonly string[],
  options: Partial<OpenOptions> = {},
): Promise<Content> {
  return collect(await open(paths, options));
}

/** The values of the one column there is. */
export async function readColumn(
  paths: string | readonly string[],
  options: Partial<OpenOptions> = {},
): Promise<(number | bigint)[]> {
  const { columns } = await read(paths, options);
  if (columns.length !== 1) throw new Error(`${columns.length} columns`);
  return columns[0]!.values;
}

/** Runs Python with NumPy in a folder; returns what it printed, as JSON. */
export function numpy<T>(folder: string, script: string): T {
  const { status, stdout, stderr, error } = spawnSync(
    "/usr/bin/python3",
    ["-c", `import json, sys\nimport numpy as np\n${script}`],
    { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`NumPy failed: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** How many files this process has open. */
export const openFiles = (): number => fs.readdirSync("/proc/self/fd").length;
