// The scenarios, for the help of `ringfold stress`: what each does, asserts and takes.

import { loadScenario, SCENARIO_NAMES } from "../stress/index.js";

const INDENT = " ".repeat(4);

/** Breaks text into lines of at most `width` characters, all indented. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(" ")) {
    const isFull = line.trim() !== "" && line.length + 1 + word.length > width;
    if (isFull) {
      lines.push(line);
      line = INDENT;
    }
    line += line === INDENT ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}

export async function describeScenarios(width: number): Promise<string> {
  const parts = SCENARIO_NAMES.map(async (name) => {
    const scenario = await loadScenario(name);
    if (scenario === undefined) return "";
    const { describe, asserts, takes } = scenario;
    const options = ["seed", "duration", ...takes].map((one) => `--${one}`).join(" ");
    return [
      `  ${name}`,
      ...[describe, `Asserts: ${asserts}`, options].map((text) => wrap(text, width)),
    ].join("\n");
  });
  return `Scenarios:\n${(await Promise.all(parts)).join("\n")}\n\nExit code 3: something did not hold.`;
}
