// What the values of options may be. Everything arrives as text and is judged here, before
// any file is opened: a message names the option, what was given and what may be given.

import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { MAX_WORKERS } from "../core/map.js";
import type { OperatorName } from "../engine/options.js";
import { integerOf as exactInteger } from "../input/notation.js";
import type { Format, TextOptions } from "../input/source.js";
import { OPERATOR_NAMES, operatorOf } from "../operators/builtin.js";
import { DTYPES, type Dtype } from "../operators/dtype.js";
import { nearest } from "../operators/nearest.js";
import type { Line } from "./commands.js";
import { checkModules, checkPair, checkPartial, checkText } from "./rules.js";
import { TEXT_OPTIONS, textOptions } from "./text-options.js";
import { refuse, UsageError } from "./usage.js";

export interface UserModule {
  readonly label: string;
  readonly url: URL;
}

export interface ReduceArgs {
  /** Names of built-in operators, each once: one pass. */
  readonly operators: readonly OperatorName[];
  /** User operators: a pass each. */
  readonly modules: readonly UserModule[];
  /** Names and labels, in the order in which the results are to be shown. */
  readonly labels: readonly string[];
  readonly files: readonly string[];
  readonly columns: readonly string[];
  readonly dtype: Dtype | undefined;
  readonly format: Format | undefined;
  readonly text: TextOptions;
  /** Numbers to generate instead of reading files. */
  readonly generate: number | undefined;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly maxBytes: number | undefined;
  readonly accuracy: "exact" | "fast" | undefined;
  readonly roundTo: "float32" | "float64" | undefined;
  readonly schedule: "blocks" | "pairwise";
  readonly nan: "propagate" | "skip" | undefined;
  /** As it was typed: what number it is depends on the dtype. */
  readonly initial: string | undefined;
  readonly overflow: "wrap" | "throw" | undefined;
  readonly timeout: number | undefined;
  readonly receipt: boolean;
  /** The operator whose state is to be written, in place of values. */
  readonly partial: OperatorName | undefined;
  /** Two inputs are read side by side: two columns, or two files. */
  readonly isPair: boolean;
  readonly trace: boolean;
  readonly json: boolean;
}

const CHOICES = {
  accuracy: ["exact", "fast"],
  "round-to": ["float32", "float64"],
  schedule: ["blocks", "pairwise"],
  nan: ["propagate", "skip"],
  overflow: ["wrap", "throw"],
  format: ["npy", "parquet", "arrow", "csv", "raw"],
  decimal: [".", ","],
  dtype: DTYPES.map(({ name }) => name),
  op: OPERATOR_NAMES,
} as const;

/** The names that an option takes; undefined if it takes other things. */
export function choicesOf(option: string): readonly string[] | undefined {
  return (CHOICES as Readonly<Record<string, readonly string[]>>)[option];
}

export const quote = (text: string): string => JSON.stringify(text);

export function wrong(option: string, given: string, range: string): UsageError {
  return new UsageError(`--${option}: ${quote(given)} is not ${range}`);
}

/** The one value of an option; undefined if it was not given. */
export function single({ values }: Line, option: string): string | undefined {
  const given = values[option] ?? [];
  if (given.length > 1) {
    throw new UsageError(
      `--${option}: given ${given.length} times, as ${given.map(quote).join(" and ")}: give it once`,
    );
  }
  return given[0];
}

export function choice<O extends keyof typeof CHOICES>(line: Line, option: O) {
  const given = single(line, option);
  return given === undefined ? undefined : oneOf(option, given);
}

/** @throws UsageError unless it is one of the names that the option takes */
export function oneOf<O extends keyof typeof CHOICES>(option: O, given: string) {
  const choices: readonly string[] = CHOICES[option];
  if (choices.includes(given)) return given as (typeof CHOICES)[O][number];
  const near = nearest(given, choices);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new UsageError(`--${option}: ${quote(given)} is not one of ${choices.join(", ")}${hint}`, {
    code: option === "dtype" ? "ERR_DTYPE" : "ERR_OPTION",
  });
}

export function integer(
  line: Line,
  option: string,
  least: number,
  most: number,
): number | undefined {
  const given = single(line, option);
  return given === undefined ? undefined : integerOf(option, given, least, most);
}

/** @throws UsageError unless it is one */
export function integerOf(option: string, given: string, least: number, most: number): number {
  const value = /^\d+(e\d\d?)?$/i.test(given) ? Number(given) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(option, given, `an integer from ${least} to ${most}`);
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

function size(line: Line, option: string): number | undefined {
  const given = single(line, option);
  return given === undefined ? undefined : bytesOf(option, given);
}

/** @throws UsageError unless it is a size */
export function bytesOf(option: string, given: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(given) ?? [];
  const bytes = Math.floor(Number(digits) * (UNITS[unit?.toLowerCase() ?? ""] ?? Number.NaN));
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw wrong(option, given, "a size: bytes, or a number with KB, MB, GB, KiB, MiB or GiB");
}

function milliseconds(line: Line, option: string): number | undefined {
  const given = single(line, option);
  if (given === undefined) return undefined;
  const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
  if (value <= 2 ** 31 - 1) return value;
  throw wrong(option, given, "a number of milliseconds from 0 to 2147483647");
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SPECIAL = /^([+-]?Infinity|NaN)$/;

function initial(line: Line): string | undefined {
  const given = single(line, "initial");
  if (given === undefined || NUMBER.test(given) || SPECIAL.test(given)) return given;
  throw wrong("initial", given, "a number, such as 0, -1.5, 1e6, NaN or -Infinity");
}

/** Of any size if it is written in digits alone; as 1e18 or 5.0, if 64 bits hold it. */
const wholeOf = (text: string): bigint | undefined =>
  /^[+-]?\d+$/.test(text) ? BigInt(text) : exactInteger(text);

/** The initial value for a column: exact where its elements are 64-bit integers. */
export function initialFor(text: string | undefined, dtype: Dtype): { initial?: number | bigint } {
  if (text === undefined) return {};
  const isLong = dtype === "int64" || dtype === "uint64";
  return { initial: (isLong ? wholeOf(text) : undefined) ?? Number(text) };
}

const isModule = (item: string): boolean => /[/\\]|\.m?js$/.test(item);

/** `more`: what else may be given. @throws UsageError */
export function operatorName(item: string, more = ""): OperatorName {
  refuse(item === "", "--op: an operator has no name: is there a comma too many?");
  if (OPERATOR_NAMES.includes(item)) return item as OperatorName;
  const near = nearest(item, OPERATOR_NAMES);
  throw new UsageError(
    `--op: unknown operator ${quote(item)}${near === undefined ? "" : `, did you mean ${near}?`} ` +
      `There are ${OPERATOR_NAMES.join(", ")}${more}`,
    { code: "ERR_OPERATOR" },
  );
}

function operators({ values }: Line) {
  const items = (values["op"] ?? ["sum"]).flatMap((list) => list.split(","));
  const names: OperatorName[] = [];
  const paths: string[] = [];
  for (const item of new Set(items.map((text) => text.trim()))) {
    if (isModule(item)) paths.push(item);
    else names.push(operatorName(item, "; one of your own is a path, ./my-operator.mjs"));
  }
  const base = (path: string) => basename(path, extname(path));
  const isTaken = (path: string) =>
    names.some((name) => name === base(path)) ||
    paths.some((other) => other !== path && base(other) === base(path));
  const labels = new Map(paths.map((path) => [path, isTaken(path) ? path : base(path)]));
  return {
    operators: names,
    modules: paths.map((path) => ({ label: labels.get(path)!, url: pathToFileURL(path) })),
    labels: [...new Set(items.map((text) => text.trim()))].map((item) => labels.get(item) ?? item),
  };
}

function checkFiles({ files }: Line): void {
  refuse(files.includes(""), "a file's name is empty: is a variable of the shell not set?");
  refuse(
    files.filter((file) => file === "-").length > 1,
    "standard input can be read once only: give - once",
  );
}

/** @throws UsageError */
export function reduceArgs(line: Line): ReduceArgs {
  const { files, values, flags } = line;
  const generate = integer(line, "generate", 0, 2 ** 32);
  const wanted = operators(line);
  const args: ReduceArgs = {
    ...wanted,
    files,
    columns: values["column"] ?? [],
    dtype: choice(line, "dtype"),
    format: choice(line, "format"),
    text: textOptions(line),
    generate,
    seed: integer(line, "seed", 0, 2 ** 32 - 1) ?? 1,
    threads: integer(line, "threads", 1, MAX_WORKERS),
    maxBytes: size(line, "max-bytes"),
    accuracy: choice(line, "accuracy"),
    roundTo: choice(line, "round-to"),
    schedule: choice(line, "schedule") ?? "blocks",
    nan: choice(line, "nan"),
    initial: initial(line),
    overflow: choice(line, "overflow"),
    timeout: milliseconds(line, "timeout"),
    receipt: flags.has("receipt"),
    partial: flags.has("partial") ? wanted.operators[0] : undefined,
    isPair: wanted.operators.some((name) => operatorOf(name).inputs === 2),
    trace: flags.has("trace"),
    json: flags.has("json"),
  };
  checkFiles(line);
  checkModules(args);
  checkPair(args);
  checkPartial(line, args);
  checkText(args);
  refuse(
    args.trace && args.schedule !== "pairwise",
    "--trace: only --schedule pairwise has rounds",
  );
  if (generate === undefined) {
    refuse("seed" in values, "--seed: is for --generate");
  } else {
    refuse(files.length > 0, `--generate: makes its own numbers, leave ${quote(files[0]!)} out`);
    for (const option of ["column", "dtype", "format", ...TEXT_OPTIONS]) {
      const isGiven = option in values || flags.has(option);
      refuse(isGiven, `--generate: makes float64, leave --${option} out`);
    }
  }
  return args;
}

export interface MergeArgs extends Pick<ReduceArgs, "files" | "roundTo" | "overflow" | "json"> {
  readonly partial: boolean;
}

/** @throws UsageError */
export function mergeArgs(line: Line): MergeArgs {
  const { files, values, flags } = line;
  const partial = flags.has("partial");
  const roundTo = choice(line, "round-to");
  const overflow = choice(line, "overflow");
  checkFiles(line);
  if (partial) {
    refuse(flags.has("json"), "--partial: writes a state and no text, leave --json out");
    for (const option of ["overflow", "round-to"]) {
      refuse(option in values, `--partial: a state is no value yet, leave --${option} out`);
    }
  }
  return { files, roundTo, overflow, partial, json: flags.has("json") };
}

/** @throws UsageError */
export function checkNoFiles({ command, files }: Line): void {
  refuse(files.length > 0, `${command}: takes no file, leave ${quote(files[0] ?? "")} out`);
}
