// Opens files as input: finds out what each is, hands it to that format's
// reader, and joins them. The libraries that read a format are loaded when the
// first such file is.

import { RingfoldError } from "../errors.js";
import { dtypeInfo } from "../operators/dtype.js";
import {
  type ByteStream,
  type FileBytes,
  nameOf,
  openBytes,
  readBytes,
  STDIN,
  seekable,
} from "./bytes.js";
import { combine, type Named } from "./combine.js";
import { checkPath } from "./elsewhere.js";
import { openNpy } from "./npy.js";
import { batchDtype, openRaw } from "./raw.js";
import { HEAD_BYTES, sniff } from "./sniff.js";
import { type Format, type OpenOptions, optionOf, type Source } from "./source.js";

/** An array without columns, whose dtype is in the file or, for raw binary, in the options. */
function checkArray(name: string, source: Source, { columns, dtype }: OpenOptions): Source {
  if (columns.length > 0) {
    throw new RingfoldError(
      "ERR_COLUMN",
      `${name}: is one array, without columns: leave out the column ${JSON.stringify(columns[0])}`,
    );
  }
  return checkDtype(name, source, dtype);
}

/** A dtype that was asked for and is not what the file has would otherwise do nothing. */
function checkDtype(name: string, source: Source, dtype: string | undefined): Source {
  if (dtype === undefined) return source;
  const wanted = dtypeInfo(dtype);
  const other =
    source.kind === "segments"
      ? [source.dtype].find((found) => found !== wanted)
      : source.columns.map((c) => c.dtype).find((found) => found !== batchDtype(wanted));
  if (other === undefined) return source;
  throw new RingfoldError(
    "ERR_DTYPE",
    `${name}: says itself that its elements are ${other.name}; the dtype ${dtype} that was asked ` +
      "for applies to raw binary and to text: leave it out",
  );
}

/** `formats`: to which that of the input is added. */
async function openInput(
  input: FileBytes | ByteStream,
  options: OpenOptions,
  formats: Set<Format>,
): Promise<Source> {
  const { name } = input;
  const head = await ("readInto" in input
    ? readBytes(input, 0, Math.min(HEAD_BYTES, input.size))
    : input.peek(HEAD_BYTES));
  const format = sniff(name, head, options);
  formats.add(format);
  switch (format) {
    case "npy":
      return checkDtype(name, await openNpy(input, options), options.dtype);
    case "raw": {
      const dtype = dtypeInfo(options.dtype ?? "");
      return checkArray(name, openRaw(input, dtype), { ...options, dtype: undefined });
    }
    case "csv": {
      const { openCsv } = await import("./csv.js");
      return openCsv(input, options);
    }
    case "arrow": {
      const { openArrow } = await import("./arrow.js");
      return checkDtype(name, await openArrow(await seekable(input), options), options.dtype);
    }
    case "parquet": {
      const { openParquet } = await import("./parquet.js");
      return checkDtype(name, await openParquet(await seekable(input), options), options.dtype);
    }
  }
}

/** Options that say how text is written would do nothing. */
function checkNoText(name: string, { text = {} }: OpenOptions): void {
  const option = optionOf(text);
  if (option === undefined) return;
  throw new RingfoldError(
    "ERR_OPTION",
    `--${option}: is for text, which ${name} is not: leave it out`,
  );
}

async function openOne(path: string, options: OpenOptions, formats: Set<Format>): Promise<Named> {
  checkPath(path);
  const input = await openBytes(path);
  try {
    return { name: input.name, source: await openInput(input, options, formats) };
  } catch (error) {
    input.close();
    throw error;
  }
}

/**
 * Opens files as one input, in their order; `-` is standard input. What is returned is to
 * be closed; if this throws, all files are closed.
 *
 * Throws ERR_FILE (cannot be opened or read), ERR_FORMAT (not what it claims to be),
 * ERR_COLUMN (none or several to choose from, missing, not numeric), ERR_DTYPE (unknown,
 * missing for raw binary, or not the same in all files), ERR_OPTION (no paths, standard
 * input twice, or options for text where none is).
 */
export async function openSources(paths: readonly string[], options: OpenOptions): Promise<Source> {
  if (paths.length === 0) throw new RingfoldError("ERR_OPTION", "no input: name a file, or -");
  if (paths.filter((path) => path === STDIN).length > 1) {
    throw new RingfoldError("ERR_OPTION", `${nameOf(STDIN)} can be read once only: give - once`);
  }
  if (options.dtype !== undefined) dtypeInfo(options.dtype);
  const opened: Named[] = [];
  try {
    const formats = new Set<Format>();
    for (const path of paths) opened.push(await openOne(path, options, formats));
    if (!formats.has("csv")) checkNoText(opened[0]!.name, options);
    return combine(opened);
  } catch (error) {
    for (const { source } of opened) source.close();
    throw error;
  }
}
