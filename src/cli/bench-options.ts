// What the values of the options of `ringfold bench` may be: judged before anything runs.

import { MOST_BYTES, PARTS, type Part, type Wanted } from "../bench/plan.js";
import { MAX_WORKERS } from "../core/map.js";
import { nearest } from "../operators/nearest.js";
import type { Line } from "./commands.js";
import {
  bytesOf,
  integer,
  integerOf,
  oneOf,
  operatorName,
  quote,
  single,
  wrong,
} from "./options.js";
import { refuse, UsageError } from "./usage.js";

export interface BenchArgs {
  readonly wanted: Wanted;
  readonly json: boolean;
  readonly html: string | undefined;
  readonly baseline: string | undefined;
  readonly failUnder: number | undefined;
}

const DEFAULT_ROUNDS = 11;
const MOST_ROUNDS = 1000;
const LEAST_BYTES = 1024;
const MOST_RATIO = 10;

/** Of a comma list, which may be given in several parts; undefined if it was not given. */
function list<T>(line: Line, option: string, judge: (item: string) => T): T[] | undefined {
  const given = line.values[option];
  if (given === undefined) return undefined;
  const items = given.flatMap((text) => text.split(",")).map((text) => text.trim());
  return [...new Set(items.map(judge))];
}

function size(given: string): number {
  const bytes = bytesOf("size", given);
  if (bytes >= LEAST_BYTES && bytes <= MOST_BYTES) return bytes;
  throw wrong("size", given, "a size from 1KiB to 3GiB");
}

function partOf(given: string): Part {
  const part = PARTS.find((name) => name === given);
  if (part !== undefined) return part;
  const near = nearest(given, PARTS);
  const hint = near === undefined ? "there" : `did you mean ${near}? There`;
  throw new UsageError(`unknown part ${quote(given)}: ${hint} are ${PARTS.join(", ")}`);
}

function failUnder(line: Line): number | undefined {
  const given = single(line, "fail-under");
  if (given === undefined) return undefined;
  const value = /^(\d+\.?\d*|\.\d+)$/.test(given) ? Number(given) : Number.NaN;
  if (value > 0 && value <= MOST_RATIO) return value;
  throw wrong("fail-under", given, `a number above 0 and up to ${MOST_RATIO}, such as 0.9`);
}

function path(line: Line, option: string): string | undefined {
  const given = single(line, option);
  if (given !== "") return given;
  throw wrong(option, given, "the name of a file");
}

/** @throws UsageError */
export function benchArgs(line: Line): BenchArgs {
  const parts = [...new Set(line.files.map(partOf))];
  const full = line.flags.has("full");
  const args: BenchArgs = {
    wanted: {
      parts,
      operators: list(line, "op", (item) => operatorName(item)),
      dtypes: list(line, "dtype", (item) => oneOf("dtype", item)),
      sizes: list(line, "size", size),
      threads: list(line, "threads", (item) => integerOf("threads", item, 1, MAX_WORKERS)),
      rounds: integer(line, "rounds", 1, MOST_ROUNDS) ?? DEFAULT_ROUNDS,
      full,
    },
    json: line.flags.has("json"),
    html: path(line, "html"),
    baseline: path(line, "baseline"),
    failUnder: failUnder(line),
  };
  refuse(
    args.failUnder !== undefined && args.baseline === undefined,
    "--fail-under: is for --baseline",
  );
  const hasOperators = parts.length === 0 || parts.includes("operators");
  for (const option of ["op", "dtype"]) {
    refuse(
      option in line.values && !hasOperators,
      `--${option}: is for the part operators, which is not among ${parts.join(", ")}`,
    );
  }
  refuse(full && !hasOperators, `--full: is for the part operators`);
  return args;
}
