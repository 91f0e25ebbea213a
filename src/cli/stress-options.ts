// What the values of the options of `ringfold stress` may be: judged before anything runs.

import { randomInt } from "node:crypto";
import { nearest } from "../operators/nearest.js";
import { SCENARIO_NAMES } from "../stress/index.js";
import type { Scenario, SettingName, Settings } from "../stress/scenario.js";
import type { Line } from "./commands.js";
import { integer, quote, single, wrong } from "./options.js";
import { refuse, UsageError } from "./usage.js";

export interface StressArgs {
  readonly settings: Omit<Settings, "modules">;
  /** With one seed after the other, until a violation. */
  readonly untilFailure: boolean;
  readonly json: boolean;
  /** Where reports go. */
  readonly junit: string | undefined;
  readonly html: string | undefined;
}

type Range = readonly [least: number, most: number];

const SEED: Range = [0, 2 ** 32 - 1];
const DEFAULT_DURATION_MS = 10_000;

type NumberName = Exclude<SettingName, "impl">;

/** Each by name, so that options which a scenario does not take can be told. */
const RANGES: Readonly<Record<NumberName, Range>> = {
  producers: [1, 64],
  consumers: [1, 64],
  capacity: [2, 2 ** 20],
  batch: [1, 32],
  threads: [1, 64],
  rate: [1, 1e8],
};

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const MOST_MS = 7 * 86_400_000;

function duration(line: Line): number {
  const given = single(line, "duration");
  if (given === undefined) return DEFAULT_DURATION_MS;
  const [, digits, unit = ""] = /^(\d+)(ms|s|m|h|d)?$/.exec(given) ?? [];
  const value = Number(digits) * MILLISECONDS[unit]!;
  if (value >= 1 && value <= MOST_MS) return value;
  throw wrong(
    "duration",
    given,
    "a duration from 1ms to 7d: a whole number of seconds, or with ms, s, m, h or d, as in 500ms",
  );
}

/** As `--duration` takes it. */
export function formatDuration(milliseconds: number): string {
  const whole = Math.max(1, Math.round(milliseconds));
  for (const unit of ["d", "h", "m", "s"]) {
    const one = MILLISECONDS[unit]!;
    if (whole % one === 0) return `${whole / one}${unit}`;
  }
  return `${whole}ms`;
}

function capacity(line: Line): number | undefined {
  const [least, most] = RANGES.capacity;
  const given = single(line, "capacity");
  const value = given === undefined || !/^\d+$/.test(given) ? Number.NaN : Number(given);
  if (given === undefined) return undefined;
  if (value >= least && value <= most && Number.isInteger(Math.log2(value))) return value;
  throw wrong("capacity", given, `a power of two from ${least} to ${most}`);
}

function setting(line: Line, name: NumberName): number | undefined {
  return name === "capacity" ? capacity(line) : integer(line, name, ...RANGES[name]);
}

function impl(line: Line): string | undefined {
  const given = single(line, "impl");
  if (given !== "") return given;
  throw wrong("impl", given, "the name of a package, or the path of a module");
}

function path(line: Line, option: string): string | undefined {
  const given = single(line, option);
  if (given !== "") return given;
  throw wrong(option, given, "the name of a file");
}

/** @throws UsageError unless exactly one scenario is named, and there is one of that name. */
export function scenarioName({ files }: Line): string {
  const [name, other] = files;
  if (name === undefined) throw new UsageError("no scenario", { wantsHelp: true });
  if (!SCENARIO_NAMES.includes(name)) {
    const near = nearest(name, SCENARIO_NAMES);
    const hint = near === undefined ? "there" : `did you mean ${near}? There`;
    const names = SCENARIO_NAMES.join(", ");
    throw new UsageError(`unknown scenario ${quote(name)}: ${hint} are ${names}`);
  }
  refuse(other !== undefined, `one scenario at a time: leave ${quote(other ?? "")} out`);
  return name;
}

/** @throws UsageError */
export function stressArgs(line: Line, scenario: Pick<Scenario, "name" | "takes">): StressArgs {
  const names = Object.keys(RANGES) as NumberName[];
  // Every value is judged, also of what the scenario does not take: nonsense is told as such.
  const values = new Map(names.map((name) => [name, setting(line, name)]));
  const whose = impl(line);
  const given: SettingName[] = names.filter((name) => values.get(name) !== undefined);
  if (whose !== undefined) given.push("impl");
  for (const name of given) {
    if (scenario.takes.includes(name)) continue;
    const takes = ["seed", "duration", ...scenario.takes].map((one) => `--${one}`);
    throw new UsageError(
      `--${name}: the scenario ${scenario.name} does not take it, it takes ${takes.join(", ")}`,
    );
  }
  return {
    settings: {
      seed: integer(line, "seed", ...SEED) ?? randomInt(2 ** 32),
      duration: duration(line),
      producers: values.get("producers"),
      consumers: values.get("consumers"),
      capacity: values.get("capacity"),
      batch: values.get("batch"),
      threads: values.get("threads"),
      rate: values.get("rate"),
      impl: whose,
    },
    untilFailure: line.flags.has("until-failure"),
    json: line.flags.has("json"),
    junit: path(line, "junit"),
    html: path(line, "html"),
  };
}
