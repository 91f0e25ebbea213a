// The parts, for the help of `ringfold bench`, and how a comparison is judged.

import type { Part } from "../bench/plan.js";

export const PART_TEXTS: Readonly<Record<Part, string>> = {
  roofline: "a pure read of memory: what no reduction can be faster than",
  operators: "operators, exact and fast, as a share of that read",
  crossover: "from which size a second thread pays",
  latency: "an empty job and sums of few numbers, one by one",
  ring: "items a second from thread to thread",
};

export function describeParts(): string {
  const width = Math.max(...Object.keys(PART_TEXTS).map((name) => name.length));
  const lines = Object.entries(PART_TEXTS).map(
    ([name, text]) => `  ${name.padEnd(width)}  ${text}`,
  );
  return [
    "Parts (default: all):",
    ...lines,
    "",
    "Medians over rounds; shares and speed-ups are taken within a round. A measurement is slower than",
    "the baseline's if its upper quartile is below --fail-under times the baseline's lower quartile,",
    "and of an operator also its share of the pure read, and if so again when measured once more. Exit",
    "code 3: something is slower.",
  ].join("\n");
}
