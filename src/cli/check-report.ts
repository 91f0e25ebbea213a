// What `ringfold check` prints: for people as it goes, for programs one object in the end.

import type { Proof } from "../check/programs.js";
import type { Plan } from "../check/prove.js";
import type { Trace, TraceLine } from "../check/trace.js";
import type { Counterexample, Result } from "../check/worker.js";
import type { CheckArgs } from "./check-options.js";
import { formatJson, plural, type styler } from "./output.js";
import { formatNumber, formatSpan, printable, quoted } from "./reports/format.js";

type Style = ReturnType<typeof styler>;

/** Spaces between columns. */
const GAP = "  ";

export function formatList(proofs: readonly Proof[]): string {
  const width = Math.max(...proofs.map(({ name }) => name.length));
  return proofs.map(({ name, proves }) => `${name.padEnd(width)}${GAP}${proves}\n`).join("");
}

// --- one line a program ----------------------------------------------------------------

const NUMBERS = ["threads", "steps", "states", "interleavings"] as const;
const WIDTHS = [7, 11, 10, 13];
const REACH = 16;

/** Beyond what a number counts exactly, in three digits. */
function formatWays(ways: number | undefined): string {
  if (ways === undefined) return "–";
  if (ways === Number.POSITIVE_INFINITY) return "∞ (has loops)";
  if (ways < 1e9) return formatNumber(ways);
  return ways.toExponential(2).replace("+", "");
}

function formatReach({ verdict, bound, counterexample }: Result): string {
  if (counterexample !== undefined) return "";
  if (verdict === "proved") return "exhaustive";
  return bound === undefined ? "cut short" : `≤ ${plural(bound, "preemption")}`;
}

export function formatHead(proofs: readonly Proof[], style: Style): string {
  const name = Math.max(...proofs.map((proof) => proof.name.length));
  const numbers = NUMBERS.map((text, i) => text.padStart(WIDTHS[i] as number));
  const cells = ["verdict".padEnd(VERDICT), "program".padEnd(name), ...numbers];
  const text = [...cells, "reach".padEnd(REACH), "time"].join(GAP);
  return `${style("bold", text)}\n`;
}

const VERDICT = 16;

export function formatResult(
  result: Result,
  proofs: readonly Proof[],
  { seed }: Plan,
  style: Style,
): string {
  const { name, verdict, steps, states, interleavings, milliseconds, runs } = result;
  const width = Math.max(...proofs.map((proof) => proof.name.length));
  const threads = proofs.find((proof) => proof.name === name)?.threads.length ?? 0;
  const shown = verdict.padEnd(VERDICT);
  const cells = [
    verdict === "proved" ? shown : style(verdict === "incomplete" ? "bold" : "red", shown),
    name.padEnd(width),
    ...[formatNumber(threads), formatNumber(steps), formatNumber(states)]
      .concat(formatWays(interleavings))
      .map((text, i) => text.padStart(WIDTHS[i] as number)),
    formatReach(result).padEnd(REACH),
    formatSpan(Math.round(milliseconds)),
  ];
  const random =
    runs > 0 ? `${GAP}${plural(runs, "random schedule")} (seed ${seed}) as well\n` : "";
  return `${cells.join(GAP)}\n${random}`;
}

// --- counter-examples ------------------------------------------------------------------

function changeOf({ before, after }: TraceLine): string {
  if (before === undefined) return "";
  return after === undefined ? before : `${before} → ${after}`;
}

/** Of lines in a row that differ in the address only, so many are shown. */
const MOST_ALIKE = 4;

/** The first and the last of many that are alike, and between them how many were left out. */
function fold(lines: readonly TraceLine[]): (TraceLine | number)[] {
  const isLike = (a: TraceLine | undefined, b: TraceLine) =>
    a?.thread === b.thread && a.where === b.where && a.operation === b.operation;
  const folded: (TraceLine | number)[] = [];
  for (let i = 0; i < lines.length; ) {
    const first = lines[i] as TraceLine;
    let end = i + 1;
    while (isLike(lines[end], first)) end++;
    const alike = lines.slice(i, end);
    if (alike.length <= MOST_ALIKE) folded.push(...alike);
    else folded.push(first, alike.length - 2, alike.at(-1) as TraceLine);
    i = end;
  }
  return folded;
}

const cellsOf = (line: TraceLine): string[] => [
  line.step === undefined ? "" : String(line.step),
  line.thread,
  line.where,
  line.operation,
  line.address,
  changeOf(line),
];

/** A line a step: thread, where, operation, address, old → new value. */
export function formatTrace({ lines, loop, stuck }: Trace, style: Style): string {
  const folded = fold(lines);
  const rows = folded.map((line) => (typeof line === "number" ? [] : cellsOf(line)));
  const head = ["", "thread", "where", "operation", "address", "value"];
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    `${GAP}${widths
      .map((width, i) => (i === 0 ? (row[i] ?? "").padStart(width) : (row[i] ?? "").padEnd(width)))
      .join(GAP)}`.trimEnd();
  let isMarked = false;
  const text = folded.map((line, i) => {
    if (typeof line === "number") {
      return `${style("dim", `${lineOf(["", `… ${plural(line, "line")} like these`])}`)}\n`;
    }
    const shown = lineOf(rows[i] as string[]);
    const begins = !isMarked && loop !== undefined && (line.step ?? 0) >= loop;
    isMarked ||= begins;
    const mark = begins ? `${GAP}from here on round and round:\n` : "";
    return `${mark}${line.step === undefined ? style("dim", shown) : shown}\n`;
  });
  const waits = stuck.map((one) => `${GAP}${one}\n`);
  return `${style("bold", lineOf(head))}\n${text.join("")}${waits.join("")}`;
}

export function formatFinding(
  { verdict, detail }: Result,
  trace: Counterexample,
  impl: string | undefined,
  style: Style,
): string {
  const { steps, preemptions, replay } = trace;
  const length = `${plural(steps, "step")}, ${plural(preemptions, "preemption")}`;
  const whose = impl === undefined ? "" : `--impl ${quoted(impl)} `;
  return [
    `\n${style("red", verdict)}: ${printable(detail)} (${length})\n\n`,
    formatTrace(trace, style),
    `\n${GAP}again: ringfold check ${whose}--replay ${replay}\n\n`,
  ].join("");
}

// --- summary -----------------------------------------------------------------------------

export type Verdict = "proved" | "incomplete" | "violated";

export function verdictOf(results: readonly Result[], isWhole: boolean): Verdict {
  if (results.some(({ counterexample }) => counterexample !== undefined)) return "violated";
  return isWhole && results.every(({ verdict }) => verdict === "proved") ? "proved" : "incomplete";
}

export function formatSummary(
  results: readonly Result[],
  proofs: readonly Proof[],
  milliseconds: number,
): string {
  const count = (n: number, what: string) => (n === 0 ? [] : [`${formatNumber(n)} ${what}`]);
  const proved = results.filter(({ verdict }) => verdict === "proved").length;
  const cut = results.filter(({ verdict }) => verdict === "incomplete").length;
  const parts = [
    ...count(proved, "proved"),
    ...count(cut, "incomplete"),
    ...count(results.length - proved - cut, "violated"),
    ...count(proofs.length - results.length, "not run"),
  ];
  return `${parts.join(", ")}, in ${formatSpan(Math.round(milliseconds))}\n`;
}

// --- for programs ------------------------------------------------------------------------

const lineJson = ({ step, before, after, ...line }: TraceLine) => ({
  step: step ?? null,
  ...line,
  before: before ?? null,
  after: after ?? null,
});

const traceJson = ({ lines, loop, verdict, ...trace }: Trace) => ({
  verdict: verdict ?? null,
  ...trace,
  loop: loop ?? null,
  lines: lines.map(lineJson),
});

/** As a string beyond 2^53, where it is rounded; null where it is not known, or some go round. */
function waysJson(ways: number | undefined): number | string | null {
  if (ways === undefined || ways === Number.POSITIVE_INFINITY) return null;
  return Number.isSafeInteger(ways) ? ways : String(ways);
}

export function jsonCheck(
  results: readonly Result[],
  proofs: readonly Proof[],
  more: Pick<CheckArgs, "plan" | "mutant" | "impl"> & { isWhole: boolean; milliseconds: number },
): string {
  const { plan, mutant, impl, isWhole, milliseconds } = more;
  return formatJson({
    verdict: verdictOf(results, isWhole),
    mutant: mutant ?? null,
    impl: impl ?? null,
    complete: isWhole,
    seconds: milliseconds / 1000,
    programs: results.map((result) => ({
      name: result.name,
      proves: proofs.find(({ name }) => name === result.name)?.proves,
      threads: proofs.find(({ name }) => name === result.name)?.threads.length,
      verdict: result.verdict,
      exhaustive: result.verdict === "proved",
      preemptions: result.verdict === "proved" ? null : (result.bound ?? null),
      states: result.states,
      steps: result.steps,
      interleavings: waysJson(result.interleavings),
      loops: result.interleavings === Number.POSITIVE_INFINITY,
      runs: result.runs,
      seed: result.runs > 0 ? plan.seed : null,
      seconds: result.milliseconds / 1000,
      detail: result.detail,
      counterexample: result.counterexample === undefined ? null : traceJson(result.counterexample),
    })),
  });
}

export function jsonReplay(name: string, trace: Trace): string {
  return formatJson({ name, ...traceJson(trace) });
}

export function jsonList(proofs: readonly Proof[]): string {
  return formatJson({
    programs: proofs.map(({ name, proves, quick, threads }) => ({
      name,
      proves,
      quick,
      threads: threads.length,
    })),
  });
}
