// The careful way through a command line, by yargs: help, version, the shell's completion,
// and lines that parse.ts leaves alone. It prints nothing; it says what to print.

import yargs, { type Argv } from "yargs";
import { PARTS } from "../bench/plan.js";
import { PROOFS } from "../check/programs.js";
import { nearest } from "../operators/nearest.js";
import { SCENARIO_NAMES } from "../stress/index.js";
import {
  COMMAND_NAMES,
  COMMANDS,
  type CommandSpec,
  commandOf,
  type Line,
  type OptionSpec,
} from "./commands.js";
import { choicesOf } from "./options.js";
import { joinValues, makeLine } from "./parse.js";
import { refuse, UsageError } from "./usage.js";

/** Arguments that yargs mistakes: it drops "-", and takes the others for the value of a switch. */
const MISTAKEN = ["-", "true", "false"];
/** So they go through in a guise that no argument can have. */
const GUISE = "\0";
const disguise = (arg: string) => (MISTAKEN.includes(arg) ? GUISE + arg : arg);
const reveal = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reveal);
  return typeof value === "string" && value.startsWith(GUISE) ? value.slice(1) : value;
};

export type Parsed =
  | { readonly kind: "line"; readonly line: Line }
  | { readonly kind: "text"; readonly text: string };

const COMPLETING = "get-yargs-completions";

/** Options whose names the help lists, because nobody could guess them. */
const LISTED = ["op", "dtype", "format"];

function describeOption({ name, describe }: OptionSpec): string {
  return LISTED.includes(name) ? `${describe}. There are ${choicesOf(name)?.join(", ")}` : describe;
}

function describeCommand(
  builder: Argv,
  { usage, options, examples }: CommandSpec,
  epilogue: string | undefined,
): Argv {
  builder.usage(`$0 ${usage}`);
  for (const option of options) {
    const type = option.takesValue ? "string" : "boolean";
    builder.option(option.name, { type, describe: describeOption(option) });
  }
  for (const [line, what] of examples) builder.example(line, what);
  if (epilogue !== undefined) builder.epilogue(epilogue);
  return builder;
}

/** What may follow: values of the option before the cursor, else what yargs knows. */
function complete(
  current: string,
  argv: Record<string, unknown>,
  standard: (done?: (error: Error | null, found: string[] | undefined) => void) => void,
  done: (found: string[]) => void,
): void {
  const words = [argv[COMPLETING]].flat().concat(argv["_"]).map(String);
  const before = process.argv.at(-2) ?? "";
  const option = before.startsWith("--") ? before.slice(2) : "";
  const choices = choicesOf(option);
  if (choices !== undefined) {
    // In a comma list, the last name is the one to complete.
    const head = current.slice(0, current.lastIndexOf(",") + 1);
    const tail = current.slice(head.length);
    done(choices.filter((choice) => choice.startsWith(tail)).map((choice) => head + choice));
    return;
  }
  const isNamed = words.some((word) => SCENARIO_NAMES.includes(word) && word !== current);
  if (!current.startsWith("-") && option === "" && words.includes("stress") && !isNamed) {
    done(SCENARIO_NAMES.filter((name) => name.startsWith(current)));
    return;
  }
  if (!current.startsWith("-") && option === "" && words.includes("check")) {
    done(PROOFS.map(({ name }) => name).filter((name) => name.startsWith(current)));
    return;
  }
  if (!current.startsWith("-") && option === "" && words.includes("bench")) {
    done(PARTS.filter((name) => name.startsWith(current)));
    return;
  }
  // After a command, the shell completes the names of files.
  if (!current.startsWith("-") && words.some((word) => COMMAND_NAMES.includes(word))) {
    done([]);
    return;
  }
  standard((_, found) => done((found ?? []).filter((one) => one.startsWith(current))));
}

const width = (): number => Math.min(100, process.stdout.columns ?? 100);

/** `epilogues`: what the help of a command has below its options. */
function program(version: string, epilogues: Readonly<Record<string, string>>): Argv {
  const y = yargs()
    .scriptName("ringfold")
    .usage("Reduces large arrays of numbers on all processors.\n\n$0 COMMAND [OPTIONS]")
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
    })
    .detectLocale(false)
    .exitProcess(false)
    .fail(false)
    .version(version)
    .alias("help", "h")
    .wrap(width())
    .epilogue("Results go to standard output, all else to standard error.");
  for (const command of COMMANDS) {
    if (command.name === "completion") continue;
    const { name, describe } = command;
    y.command(name, describe, (builder) => describeCommand(builder, command, epilogues[name]));
  }
  const { name, describe } = commandOf("completion") as CommandSpec;
  return y.completion(name, describe, complete as never);
}

function guess(name: string, candidates: readonly string[], prefix = ""): string {
  const near = nearest(name, candidates);
  return near === undefined ? "" : `: did you mean ${prefix}${near}?`;
}

function unknownCommand(name: string): UsageError {
  const hint = guess(name, COMMAND_NAMES) || `: there are ${COMMAND_NAMES.join(", ")}`;
  return new UsageError(`unknown command ${JSON.stringify(name)}${hint}`);
}

function checkOptions(
  { options }: Pick<CommandSpec, "options">,
  argv: Record<string, unknown>,
): void {
  const known = options.map((option) => option.name);
  for (const key of Object.keys(argv)) {
    if (["_", "$0", "help", "h", "version"].includes(key) || known.includes(key)) continue;
    const dashes = key.length === 1 ? "-" : "--";
    const hint = guess(key, known, "--");
    throw new UsageError(`unknown option ${dashes}${key}${hint}`);
  }
}

/** Of a switch that has a value, or is there twice, yargs would take what it likes. */
function checkSwitches({ options }: CommandSpec, args: readonly string[]): void {
  const end = args.indexOf("--");
  const before = args.slice(0, end < 0 ? args.length : end);
  for (const { name } of options.filter(({ takesValue }) => !takesValue)) {
    const given = before.filter((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    refuse(given.length > 1, `--${name}: given ${given.length} times: give it once`);
    const value = given[0]?.slice(name.length + 3) ?? "";
    const isNeeded = value === "" || value === "true" || value === "false";
    refuse(!isNeeded, `--${name}: takes no value, leave ${JSON.stringify(value)} out`);
  }
}

/** The help of a command, or of all. */
export async function helpOf(command: string | undefined, version: string): Promise<string> {
  const { text } = await run(command === undefined ? ["--help"] : [command, "--help"], version);
  return text;
}

async function run(args: readonly string[], version: string) {
  let text = "";
  let argv: Record<string, unknown> = {};
  const epilogues: Record<string, string> = {};
  if (args[0] === "stress") {
    const { describeScenarios } = await import("./stress-help.js");
    epilogues["stress"] = await describeScenarios(width());
  }
  if (args[0] === "check") {
    const { describeGroups } = await import("./check-help.js");
    epilogues["check"] = describeGroups();
  }
  if (args[0] === "bench") {
    const { describeParts } = await import("./bench-help.js");
    epilogues["bench"] = describeParts();
  }
  await program(version, epilogues).parse([...args], {}, (error, parsed, output) => {
    if (error) throw error;
    argv = (parsed as Record<string, unknown> | undefined) ?? {};
    text += output;
  });
  // The types that yargs adds tell nothing: options without a value are few, and look it.
  return { argv, text: text.replace(/\n? *\[(string|boolean)\]$/gm, "") };
}

/** @throws UsageError for an unknown command or option. */
export async function parseCarefully(args: readonly string[], version: string): Promise<Parsed> {
  const joined = joinValues(args);
  const { argv, text } = await run(joined.map(disguise), version);
  if (text !== "" || COMPLETING in argv) return { kind: "text", text };
  const [name, ...files] = (reveal(argv["_"]) as unknown[]).map(String);
  if (name === undefined) {
    checkOptions({ options: [] }, argv);
    throw new UsageError("no command", { wantsHelp: true });
  }
  const command = commandOf(name);
  if (command === undefined) throw unknownCommand(name);
  checkOptions(command, argv);
  checkSwitches(command, joined);
  const values = Object.entries(argv).map(([key, value]) => [key, reveal(value)]);
  return { kind: "line", line: makeLine(name, Object.fromEntries(values), files) };
}
