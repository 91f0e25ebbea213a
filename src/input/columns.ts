// Which of a file's columns are meant. The same words for every format.

import { RingfoldError } from "../errors.js";
import { nearest } from "../operators/nearest.js";

/** A column as a message may name it. */
export interface Candidate {
  readonly name: string;
  /** What it holds, in the format's own words: "int32", "timestamp". */
  readonly type: string;
  readonly numeric: boolean;
}

/** Names that a message lists before it only counts. */
const LISTED = 20;

function list(candidates: readonly Candidate[]): string {
  const names = candidates.slice(0, LISTED).map((c) => `${JSON.stringify(c.name)} (${c.type})`);
  const more = candidates.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function columnError(file: string, problem: string): RingfoldError {
  return new RingfoldError("ERR_COLUMN", `${file}: ${problem}`);
}

function only(file: string, candidates: readonly Candidate[]): number {
  const numeric = candidates.filter((candidate) => candidate.numeric);
  if (numeric.length === 1) return candidates.indexOf(numeric[0]!);
  if (numeric.length > 1) {
    throw columnError(file, `which column? It has ${list(numeric)}`);
  }
  const has = candidates.length > 0 ? list(candidates) : "no columns at all";
  throw columnError(file, `has no numeric column: it has ${has}`);
}

/** Several columns of one name cannot be told apart by it, nor at all if the format reads by name. */
function checkSingle(
  file: string,
  candidates: readonly Candidate[],
  place: number,
  isPlaced: boolean,
  isNamed: boolean,
): void {
  const { name } = candidates[place]!;
  const namesakes = candidates.flatMap((one, i) => (one.name === name ? [i] : []));
  if (namesakes.length === 1 || (isPlaced && !isNamed)) return;
  const remedy = isPlaced ? `give a place, ${namesakes.join(" or ")}` : "rename them";
  throw columnError(file, `has several columns named ${JSON.stringify(name)}: ${remedy}`);
}

function named(
  file: string,
  candidates: readonly Candidate[],
  name: string,
  isPlaced: boolean,
): number {
  const place = candidates.findIndex((candidate) => candidate.name === name);
  const index = place < 0 && /^\d+$/.test(name) ? Number(name) : place;
  const found = candidates[index];
  if (found === undefined) {
    const names = candidates.map((candidate) => candidate.name);
    const near = nearest(name, names);
    const hint = near === undefined ? "." : `, did you mean ${JSON.stringify(near)}?`;
    const quoted = JSON.stringify(name);
    throw columnError(file, `has no column ${quoted}${hint} It has ${list(candidates)}`);
  }
  checkSingle(file, candidates, index, isPlaced, place >= 0);
  if (!found.numeric) {
    throw columnError(
      file,
      `column ${JSON.stringify(found.name)} holds ${found.type}, which is not numeric`,
    );
  }
  return index;
}

/** A name, a place, a list of both, or `*`; names come first, whatever they look like. */
function several(
  file: string,
  candidates: readonly Candidate[],
  text: string,
  isPlaced: boolean,
): number[] {
  const isName = candidates.some(({ name }) => name === text);
  if (text === "*" && !isName) {
    const places = candidates.flatMap(({ numeric }, place) => (numeric ? [place] : []));
    for (const place of places) checkSingle(file, candidates, place, isPlaced, false);
    return places.length > 0 ? places : [only(file, candidates)];
  }
  if (!text.includes(",") || isName) return [named(file, candidates, text, isPlaced)];
  return text.split(",").map((part) => named(file, candidates, part.trim(), isPlaced));
}

/**
 * Places of the columns that are `wanted`, in that order; of the only numeric one, if none
 * is. Each is a name, a place from 0, a comma-separated list of both, or `*` for all numeric
 * ones. `isPlaced`: the format reads columns by their places, so that of several with one name
 * each can be had. Throws ERR_COLUMN, which lists the columns there are.
 */
export function selectColumns(
  file: string,
  candidates: readonly Candidate[],
  wanted: readonly string[],
  isPlaced = false,
): number[] {
  if (wanted.length === 0) return [only(file, candidates)];
  return wanted.flatMap((text) => several(file, candidates, text, isPlaced));
}
