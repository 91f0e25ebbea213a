// What the values of the options of `ringfold check` may be: judged before anything runs.

import { readFileSync, statSync } from "node:fs";
import { defectNames } from "../check/defects.js";
import { hostProofs } from "../check/host.js";
import { PROOFS, type Proof } from "../check/programs.js";
import type { Plan } from "../check/prove.js";
import { parseReplay } from "../check/replay.js";
import { isSync, isTypeScript, loadSubjects } from "../check/subjects.js";
import { RingfoldError } from "../errors.js";
import { nearest } from "../operators/nearest.js";
import type { Line } from "./commands.js";
import { integer, quote, single, wrong } from "./options.js";
import { refuse, UsageError } from "./usage.js";

export interface CheckArgs {
  /** In the order of the table. */
  readonly proofs: readonly Proof[];
  readonly plan: Plan;
  readonly mutant: string | undefined;
  /** Whose primitives, instead of all else. */
  readonly impl: string | undefined;
  /** A counter-example to run again, instead. */
  readonly replay: string | undefined;
  readonly list: boolean;
  readonly json: boolean;
}

type Range = readonly [least: number, most: number];

const DEPTH: Range = [0, 64];
const STATES: Range = [1, 1e8];
const RUNS: Range = [1, 1e8];
const SEED: Range = [0, 2 ** 32 - 1];
const THREADS: Range = [1, 64];

/** They and the steps between take up to 2 GB. */
const DEFAULT_STATES = 20_000_000;
const DEFAULT_RUNS = 20_000;
const DEFAULT_SEED = 1;
/** A longer file is no counter-example. */
const MOST_FILE = 64 * 2 ** 20;

/** Of the programs on primitives, whose names begin with mutex, semaphore … */
const SYNC = "sync";

/** What comes before the first dash of names, each once. */
export const GROUPS: readonly string[] = [
  ...new Set([...PROOFS, ...hostProofs()].map(({ name }) => name.replace(/-.*/, ""))),
  SYNC,
];

/** The programs that are meant: by their whole name, or by how it begins. */
function named(name: string, all: readonly Proof[]): readonly Proof[] {
  if (name === SYNC) return all.filter(isSync);
  const whole = all.filter((proof) => proof.name === name);
  const found = whole.length > 0 ? whole : all.filter((proof) => proof.name.startsWith(name));
  if (name !== "" && found.length > 0) return found;
  const near = nearest(name, [...GROUPS, ...all.map((proof) => proof.name)]);
  const hint = near === undefined ? "there" : `did you mean ${near}? There`;
  throw new UsageError(
    `unknown program ${quote(name)}: ${hint} are ${GROUPS.join(", ")}, and more with --list`,
  );
}

function select(line: Line, all: readonly Proof[]): readonly Proof[] {
  const { files, flags } = line;
  const threads = integer(line, "threads", ...THREADS);
  const wanted = files.length === 0 ? all : files.flatMap((name) => named(name, all));
  const isFew = (proof: Proof) => threads === undefined || proof.threads.length <= threads;
  const isMeant = (proof: Proof) => proof.quick || !flags.has("quick");
  const found = all.filter((one) => wanted.includes(one) && isFew(one) && isMeant(one));
  if (found.length > 0) return found;
  const least = Math.min(...wanted.filter(isMeant).map((proof) => proof.threads.length));
  refuse(least === Number.POSITIVE_INFINITY, "--quick: none of these is quick, leave it out");
  throw new UsageError(`--threads: the programs have ${least} threads or more, not ${threads}`);
}

/** @throws UsageError unless there is such a defect, and what it takes to build it in */
function assertDefect(option: string, name: string): void {
  const names = defectNames();
  if (names === undefined) {
    throw new UsageError(
      `--${option}: to build the defect ${name} into the core takes its source and compiler, which a ` +
        "checkout of ringfold has and this package has not",
    );
  }
  if (names.includes(name)) return;
  const near = nearest(name, names);
  const hint = near === undefined ? "there" : `did you mean ${near}? There`;
  throw new UsageError(`--${option}: ${quote(name)} is no defect: ${hint} are ${names.join(", ")}`);
}

function mutant(line: Line): string | undefined {
  const given = single(line, "mutant");
  if (given === undefined) return undefined;
  const name = given.toLowerCase().replaceAll("_", "-");
  assertDefect("mutant", name);
  return name;
}

/** What the file of that name holds; undefined if there is none. */
function contentOf(path: string): string | undefined {
  try {
    const isShort = statSync(path).size <= MOST_FILE;
    return isShort ? readFileSync(path, "utf8") : "";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENAMETOOLONG" || path.includes("\0")) return undefined;
    throw new RingfoldError("ERR_FILE", `--replay: ${message}`);
  }
}

function replay(line: Line, all: readonly Proof[]): string | undefined {
  const given = single(line, "replay");
  if (given === undefined) return undefined;
  const others = ["depth", "states", "runs", "seed", "threads", "mutant"].filter(
    (name) => name in line.values,
  );
  const flags = ["quick", "list"].filter((name) => line.flags.has(name));
  for (const name of [...others, ...flags]) {
    throw new UsageError(`--replay: runs one counter-example again, leave --${name} out`);
  }
  const [file] = line.files;
  refuse(file !== undefined, `--replay: tells which program, leave ${quote(file ?? "")} out`);
  const text = given.startsWith("check:") ? given : contentOf(given);
  const found = text === undefined ? undefined : parseReplay(text);
  if (found === undefined) {
    throw wrong(
      "replay",
      given,
      "a counter-example, a text such as check:1:gate-2-waiters-11::0*4.1*7::a-f, or a file with one",
    );
  }
  if (!all.some(({ name }) => name === found.program)) {
    throw new UsageError(`--replay: there is no program ${quote(found.program)}`);
  }
  if (found.mutant !== undefined) assertDefect("replay", found.mutant);
  return text;
}

/** @throws UsageError */
export async function checkArgs(line: Line): Promise<CheckArgs> {
  const plan: Plan = {
    depth: integer(line, "depth", ...DEPTH),
    mostStates: integer(line, "states", ...STATES) ?? DEFAULT_STATES,
    runs: integer(line, "runs", ...RUNS) ?? DEFAULT_RUNS,
    seed: integer(line, "seed", ...SEED) ?? DEFAULT_SEED,
  };
  for (const name of ["runs", "seed"]) {
    refuse(
      plan.depth !== undefined && name in line.values,
      `--${name}: is for random schedules, and --depth tries none`,
    );
  }
  const defect = mutant(line);
  const impl = single(line, "impl");
  if (impl === "") throw wrong("impl", impl, "the name of a package, or the path of a module");
  refuse(
    defect !== undefined && impl !== undefined,
    "--impl: is for primitives, and --mutant for the core",
  );
  const subjects = await loadSubjects(impl);
  const known = defect === undefined ? subjects : subjects.filter((proof) => !isTypeScript(proof));
  for (const name of defect === undefined ? [] : line.files) {
    const isOther = named(name, subjects).every(isTypeScript);
    refuse(isOther, `--mutant: is for the core, and ${quote(name)} for primitives`);
  }
  const again = replay(line, known);
  return {
    proofs: again === undefined ? select(line, known) : [],
    plan,
    mutant: again === undefined ? defect : parseReplay(again)?.mutant,
    impl,
    replay: again,
    list: line.flags.has("list"),
    json: line.flags.has("json"),
  };
}
