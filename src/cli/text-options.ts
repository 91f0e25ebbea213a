// Options that say how a text table is written: for what would else be guessed, or is not read.

import type { TextOptions } from "../input/source.js";
import type { Line } from "./commands.js";
import { choice, quote, single, wrong } from "./options.js";
import { refuse, UsageError } from "./usage.js";

export const TEXT_OPTIONS = [
  ...["header", "no-header", "delimiter", "null", "comment", "decimal", "thousands"],
] as const;

/** What a shell makes hard to type. */
const SPELLED: Readonly<Record<string, string>> = { "\\t": "\t", tab: "\t", space: " " };

function delimiter(line: Line): string | undefined {
  const given = single(line, "delimiter");
  if (given === undefined) return undefined;
  const value = SPELLED[given] ?? given;
  if (value !== "" && !/["\r\n\ufeff]/.test(value)) return value;
  throw wrong("delimiter", given, "what may separate cells, such as ; or | or tab");
}

function comment(line: Line): string | undefined {
  const given = single(line, "comment");
  if (given === undefined || (given !== "" && !/["\r\n]/.test(given))) return given;
  throw wrong("comment", given, "what a line may begin with, such as # or //");
}

function thousands(line: Line): string | undefined {
  const given = single(line, "thousands");
  if (given === undefined) return undefined;
  const value = SPELLED[given] ?? given;
  if ([...value].length === 1 && !/[\p{L}\p{N}+"\r\n-]/u.test(value)) return value;
  throw wrong("thousands", given, "a mark between digits, such as , or . or ' or space");
}

/** @throws UsageError */
export function textOptions(line: Line): TextOptions {
  const { flags, values } = line;
  refuse(
    flags.has("header") && flags.has("no-header"),
    "--header and --no-header exclude each other",
  );
  const nulls = values["null"];
  if (nulls?.some((word) => /[\r\n]/.test(word))) {
    throw new UsageError(`--null: ${quote(nulls.join())} is no word: it has a line end`);
  }
  return {
    header: flags.has("header") ? true : flags.has("no-header") ? false : undefined,
    delimiter: delimiter(line),
    nulls,
    comment: comment(line),
    decimal: choice(line, "decimal"),
    thousands: thousands(line),
  };
}
