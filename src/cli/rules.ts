// Which options of `reduce` exclude each other, judged before any file is opened.

import type { Source } from "../input/source.js";
import { optionOf } from "../input/source.js";
import { operatorOf } from "../operators/builtin.js";
import type { Line } from "./commands.js";
import type { ReduceArgs } from "./options.js";
import { refuse } from "./usage.js";

/** @throws UsageError: marks that could not be told apart, and text options for what is no text. */
export function checkText({ text, format }: ReduceArgs): void {
  const { comment, decimal = ".", thousands, delimiter } = text;
  const option = optionOf(text);
  refuse(
    option !== undefined && format !== undefined && format !== "csv",
    `--${option}: is for text, and --format says ${format}`,
  );
  refuse(
    thousands === decimal,
    decimal === "."
      ? "--thousands: a point is the decimal mark: give --decimal , too, or leave it out"
      : "--thousands: the comma is the decimal mark already",
  );
  refuse(
    comment !== undefined && comment === delimiter,
    `--comment: ${JSON.stringify(comment)} is the delimiter, too`,
  );
}

/** @throws UsageError: built-in operators give receipts and states, and are rounded. */
export function checkModules({ operators, modules, accuracy, roundTo, receipt }: ReduceArgs): void {
  const [module] = modules;
  if (module === undefined) return;
  refuse(receipt, `--receipt: is for built-in operators, leave ${module.label} out`);
  if (operators.length > 0) return;
  const what = `is for built-in operators, and ${module.label} is a module`;
  refuse(accuracy === "exact", `--accuracy: exact ${what}`);
  refuse(roundTo !== undefined, `--round-to: ${what}`);
}

/** @throws UsageError: a state is of one operator of one input, and not yet a value. */
export function checkPartial({ values, flags }: Line, args: ReduceArgs): void {
  const { labels, modules, columns, isPair, accuracy, schedule } = args;
  if (!flags.has("partial")) return;
  const [module] = modules;
  refuse(module !== undefined, `--partial: is for built-in operators, not for ${module?.label}`);
  refuse(labels.length > 1, `--partial: a state is of one operator, not of ${labels.join(", ")}`);
  const most = isPair ? 2 : 1;
  refuse(columns.length > most, `--partial: a state is of one column, not of ${columns.length}`);
  for (const option of ["json", "receipt", "trace"]) {
    refuse(flags.has(option), `--partial: writes a state and no text, leave --${option} out`);
  }
  for (const option of ["initial", "overflow", "round-to"]) {
    refuse(option in values, `--partial: a state is no value yet, leave --${option} out`);
  }
  refuse(accuracy === "fast", "--partial: states are exact, leave --accuracy fast out");
  refuse(schedule === "pairwise", "--partial: the pairwise rounds have no state, leave them out");
}

/** @throws UsageError: an operator of two inputs has two, and goes alone. */
export function checkPair(args: ReduceArgs): void {
  const { isPair, operators, labels, columns, files, generate, schedule } = args;
  if (!isPair) return;
  const name = operators.find((one) => operatorOf(one).inputs === 2);
  const other = labels.find((label) => label !== name);
  refuse(
    other !== undefined,
    `--op ${name}: reads two inputs side by side, ${other} one: a command each`,
  );
  refuse(generate !== undefined, `--op ${name}: has two inputs, and --generate makes one`);
  refuse(schedule === "pairwise", `--op ${name}: the pairwise rounds have one input, not two`);
  // A list, or a name with a comma in it, which only the file tells: see checkOpened.
  const isOpen = columns.length === 1 && /[,*]/.test(columns[0]!);
  const isGiven = columns.length === 2 || isOpen || (columns.length === 0 && files.length === 2);
  refuse(
    !isGiven && files.length > 0,
    `--op ${name}: takes two inputs, either two --columns or two files of one array each; here are ` +
      `${columns.length} --column and ${files.length} file${files.length === 1 ? "" : "s"}`,
  );
}

/** @throws UsageError: how many columns a list or `*` stands for is known once files are open. */
export function checkOpened(
  { isPair, partial, columns, operators }: ReduceArgs,
  sources: readonly Source[],
): void {
  const count = sources.reduce(
    (sum, one) => sum + (one.kind === "batches" ? one.columns.length : 1),
    0,
  );
  const given = columns.map((column) => `--column ${JSON.stringify(column)}`).join(" ");
  refuse(
    isPair && count !== 2,
    `--op ${operators.join()}: takes two columns, not ${count}${given === "" ? "" : `, as ${given} gives`}`,
  );
  refuse(
    !isPair && partial !== undefined && count > 1,
    `--partial: a state is of one column, not of ${count}, as ${given} gives`,
  );
}
