// What a file becomes: either numeric bytes that workers read by themselves
// (`segments`), or decoded batches (`batches`). The reduction decides how to
// feed them; a reader knows nothing of engines.

import type { FileRun } from "../engine/fetch.js";
import type { Decimals } from "../operators/decimal.js";
import type { DtypeInfo, TypedArray } from "../operators/dtype.js";

/** Numeric bytes in seekable files, read by the workers themselves. */
export interface SegmentSource {
  readonly kind: "segments";
  readonly dtype: DtypeInfo;
  readonly segments: readonly FileRun[];
  /** Elements of all segments. */
  readonly length: number;
  /** Closes the files: only once no worker reads them any more. */
  close(): void;
}

/** The most rows of one batch: 2 MiB of float64, so that a column stays in the cache. */
export const BATCH_ROWS = 262_144;

export const NO_NULLS = new Uint32Array(0);

/** Values of one batch of rows: one entry a selected column, nulls left out. */
export interface Batch {
  /** Rows of the batch, nulls included: at most `BATCH_ROWS`, and more than none. */
  readonly rows: number;
  /** The receiver's to keep: no later batch is written into them. */
  readonly values: readonly TypedArray[];
  /** Nulls left out, by column: their rows, from 0 within the batch, ascending. */
  readonly nulls: readonly Uint32Array[];
  /** What the values of a column of decimals are the nearest float64 of. */
  readonly decimals?: readonly (Decimals | undefined)[];
}

/** Columns that have to be decoded, in batches of bounded size, in row order. */
export interface BatchSource {
  readonly kind: "batches";
  /** A name is empty where the file has none to give (a stream of raw or .npy bytes). */
  readonly columns: readonly { readonly name: string; readonly dtype: DtypeInfo }[];
  /** Rows, where the file tells before it is read. */
  readonly rows: number | undefined;
  /** To be called once: a stream cannot be read again. */
  batches(): AsyncIterable<Batch>;
  /** Ends the reading; a batch that is asked for later is refused with ERR_CLOSED. */
  close(): void;
}

export type Source = SegmentSource | BatchSource;

export type Format = "npy" | "parquet" | "arrow" | "csv" | "raw";

/** How a text table is written, where that is not to be guessed. */
export interface TextOptions {
  /** Whether the first line names the columns. */
  readonly header?: boolean | undefined;
  readonly delimiter?: string | undefined;
  /** Words that stand for no value, beside the usual ones. */
  readonly nulls?: readonly string[] | undefined;
  /** Lines that begin with it are left out. */
  readonly comment?: string | undefined;
  readonly decimal?: "." | "," | undefined;
  /** What stands between groups of three digits. */
  readonly thousands?: string | undefined;
}

/** The command line's name of a text option that was given, for messages. */
export function optionOf(text: TextOptions): string | undefined {
  const [name, value] = Object.entries(text).find(([, given]) => given !== undefined) ?? [];
  if (name === "nulls") return "null";
  return name === "header" && value === false ? "no-header" : name;
}

export interface OpenOptions {
  /**
   * Columns: names, places from 0, comma-separated lists of both, or `*` for all that are numeric.
   * Empty: the only column there is.
   */
  readonly columns: readonly string[];
  /** Element type of raw binary; type to parse text as (default float64). */
  readonly dtype: string | undefined;
  /** Says what the content would have to be guessed from: for text without a name, above all. */
  readonly format?: Format | undefined;
  /** Whether the order of elements matters: then NumPy's, however they are stored. */
  readonly ordered?: boolean | undefined;
  /** Of text tables only: refused if no file is one. */
  readonly text?: TextOptions | undefined;
  /** Hears what was guessed, and what was read in another way than it stands in the file. */
  readonly note?: ((text: string) => void) | undefined;
}
