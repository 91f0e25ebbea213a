// `ringfold merge`: states of parts, which `reduce --partial` wrote, to the value of the whole.

import { RingfoldError } from "../errors.js";
import { openBytes, readBytes } from "../input/bytes.js";
import { describeState, finishState, mergeStates } from "../operators/state.js";
import type { Line } from "./commands.js";
import { mergeArgs } from "./options.js";
import {
  assertTakesBytes,
  formatJson,
  formatTable,
  formatValue,
  jsonValue,
  plural,
  write,
} from "./output.js";
import { UsageError } from "./usage.js";

/** More than any state has: a file that is longer is none, and is not read to its end. */
const MOST_BYTES = 65_536;

/** @throws RingfoldError ERR_FILE, ERR_STATE */
async function mergeFile(merged: Uint8Array | undefined, path: string): Promise<Uint8Array> {
  const input = await openBytes(path);
  try {
    const state = await ("readInto" in input
      ? readBytes(input, 0, Math.min(MOST_BYTES, input.size))
      : input.peek(MOST_BYTES));
    return mergeNamed(input.name, merged === undefined ? [state] : [merged, state]);
  } finally {
    input.close();
  }
}

/** One file at a time, so that it is known which of them is at fault. */
function mergeNamed(name: string, states: readonly Uint8Array[]): Uint8Array {
  try {
    return mergeStates(states);
  } catch (error) {
    if (!(error instanceof RingfoldError)) throw error;
    const why = error.message.replace(/^state: /, "");
    throw new RingfoldError("ERR_STATE", `${name}: cannot be merged: ${why}`);
  }
}

/** @throws RingfoldError */
export async function merge(line: Line): Promise<void> {
  const { files, roundTo, overflow, partial, json } = mergeArgs(line);
  if (files.length === 0) {
    throw new UsageError("no state: name files that reduce --partial wrote", { wantsHelp: true });
  }
  if (partial) assertTakesBytes();
  let merged: Uint8Array | undefined;
  for (const path of files) merged = await mergeFile(merged, path);
  const state = merged as Uint8Array;
  if (partial) {
    write(1, state);
    return;
  }
  const { operator, dtype, skipNaN } = describeState(state);
  if (roundTo === "float32" && dtype.kind !== "float") {
    throw new UsageError(`--round-to: float32 is for floats, not for ${dtype.name}: leave it out`);
  }
  const value = finishState(state, {
    ...(roundTo === undefined ? {} : { roundTo }),
    ...(overflow === undefined ? {} : { overflow }),
  });
  if (json) {
    const nan = skipNaN ? "skip" : "propagate";
    const about = { operator, dtype: dtype.name, nan, states: files.length };
    write(1, formatJson({ ...about, value: jsonValue(value) }));
    return;
  }
  write(1, formatTable([[operator, formatValue(value)]]));
  write(2, `${plural(files.length, "state")} of ${dtype.name}\n`);
}
