// The quick way through a command line. Loading yargs takes longer than reducing a
// gigabyte, so a line that leaves no doubt is taken apart by Node itself; for help,
// completion, mistakes and doubts there is yargs.ts, which gives the same `Line`.

import { parseArgs } from "node:util";
import { commandOf, type Line } from "./commands.js";
import { refuse } from "./usage.js";

/** Undefined if the line asks for help, has a mistake, or could be meant in two ways. */
export function parseQuickly(argv: readonly string[]): Line | undefined {
  const [name, ...args] = argv;
  const command = commandOf(name);
  if (command === undefined || command.name === "completion") return undefined;
  try {
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
