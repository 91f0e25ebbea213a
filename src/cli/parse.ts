// The quick way through a command line. Loading yargs takes longer than reducing a
// gigabyte, so a line that leaves no doubt is taken apart by Node itself; for help,
// completion, mistakes and doubts there is yargs.ts, which gives the same `Line`.

import { parseArgs } from "node:util";
import { commandOf, type Line } from "./commands.js";
import { refuse } from "./usage.js";

/**
 * Values that begin with a dash, as in `--initial -1e6`, are joined to their option: nothing else can
 * be meant, unless the next word is an option itself.
 * @throws UsageError for an option whose value is missing
 */
export function joinValues(argv: readonly string[]): string[] {
  const command = commandOf(argv[0]);
  if (command === undefined) return [...argv];
  const isOption = (word: string) =>
    command.options.some(({ name }) => word === `--${name}` || word.startsWith(`--${name}=`)) ||
    word === "--";
  const joined: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") return [...joined, ...argv.slice(i)];
    const takesValue = command.options.some((one) => one.takesValue && word === `--${one.name}`);
    const next = argv[i + 1];
    const isHelp = next === "--help" || next === "-h";
    if (!takesValue || next === undefined || isHelp || !/^-./.test(next)) {
      joined.push(word);
    } else {
      refuse(
        isOption(next),
        `${word}: its value is missing; if it is meant to be ${next}, write ${word}=${next}`,
      );
      joined.push(`${word}=${next}`);
      i++;
    }
  }
  return joined;
}

/** Undefined if the line asks for help, has a mistake, or could be meant in two ways. */
export function parseQuickly(argv: readonly string[]): Line | undefined {
  const command = commandOf(argv[0]);
  if (command === undefined || command.name === "completion") return undefined;
  try {
    const [, ...args] = joinValues(argv);
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: Object.fromEntries(
        command.options.map((option) => [
          option.name,
          { type: option.takesValue ? "string" : "boolean", multiple: true },
        ]),
      ),
    });
    return makeLine(command.name, values, positionals);
  } catch {
    return undefined;
  }
}

/**
 * From either parser's values: strings or booleans, each alone or in an array.
 * @throws UsageError for a switch that is there twice
 */
export function makeLine(
  command: string,
  parsed: Readonly<Record<string, unknown>>,
  files: readonly string[],
): Line {
  const values: Record<string, string[]> = {};
  const flags = new Set<string>();
  for (const { name, takesValue } of commandOf(command)?.options ?? []) {
    const given = [parsed[name]].flat().filter((one) => one !== undefined);
    if (given.length === 0) continue;
    if (takesValue) {
      values[name] = given.map(String);
      continue;
    }
    refuse(given.length > 1, `--${name}: given ${given.length} times: give it once`);
    if (given[0] === true) flags.add(name);
  }
  return { command, values, flags, files };
}
