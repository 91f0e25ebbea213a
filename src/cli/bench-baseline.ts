// An earlier run that `ringfold bench --baseline` compares with: a file with what --json printed.

import { readFileSync } from "node:fs";
import { measurementsOf } from "../bench/compare.js";
import type { BenchResult } from "../bench/result.js";
import { RingfoldError } from "../errors.js";
import { JSON_VERSION } from "./output.js";
import { UsageError } from "./usage.js";

const REMEDY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "reading it is not permitted",
};

const refused = (path: string, why: string): UsageError =>
  new UsageError(`--baseline: ${JSON.stringify(path)} ${why}`);

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const told = REMEDY[code] ?? message;
    const text = `--baseline: ${JSON.stringify(path)} cannot be read: ${told}`;
    throw new RingfoldError("ERR_FILE", text, { cause });
  }
}

const FOREIGN = "is not what `ringfold bench --json` prints";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isFigure = (value: unknown): boolean =>
  isObject(value) &&
  ["median", "low", "high"].every((name) => {
    const number = value[name];
    return typeof number === "number" && Number.isFinite(number) && number > 0;
  });

/** All that a comparison reads. */
function isResult(value: Record<string, unknown>): boolean {
  const { machine, ringfold, began } = value;
  if (!isObject(machine) || typeof ringfold !== "string" || typeof began !== "string") return false;
  const texts = ["processor", "platform", "arch", "runtime"];
  if (!texts.every((name) => typeof machine[name] === "string")) return false;
  const lists = ["roofline", "operators", "latency", "ring"].map((name) => value[name]);
  if (!lists.every((list) => Array.isArray(list) && list.every(isObject))) return false;
  const found = measurementsOf(value as unknown as BenchResult);
  return found.every(
    ({ figure, share }) => isFigure(figure) && (share === undefined || isFigure(share)),
  );
}

/** @throws RingfoldError (ERR_FILE); UsageError if it is no baseline, or of another version */
export function readBaseline(path: string): BenchResult {
  let found: unknown;
  try {
    found = JSON.parse(read(path));
  } catch (error) {
    if (error instanceof RingfoldError) throw error;
    throw refused(path, `${FOREIGN}: it is no JSON`);
  }
  if (!isObject(found) || !("version" in found)) throw refused(path, FOREIGN);
  if (found["version"] !== JSON_VERSION) {
    const version = JSON.stringify(found["version"]);
    throw refused(path, `has the format version ${version}, this ringfold reads ${JSON_VERSION}`);
  }
  if (!isResult(found)) throw refused(path, FOREIGN);
  return found as unknown as BenchResult;
}
