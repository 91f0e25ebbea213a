// The programs in groups, for the help of `ringfold check`.

import { hostProofs } from "../check/host.js";
import { PROOFS } from "../check/programs.js";
import { GROUPS } from "./check-options.js";

export function describeGroups(): string {
  const lines = GROUPS.map((group) => {
    const [first] = [...PROOFS, ...hostProofs()].filter(({ name }) => name.startsWith(`${group}-`));
    const proves = first?.proves ?? "mutex, spinlock, semaphore, condition, barrier and once";
    return `  ${group.padEnd(9)}${proves}`;
  });
  return [
    "Names, of which a beginning is enough:",
    ...lines,
    "",
    "Exit code 3: something breaks, and how. A search that was cut short is told as incomplete.",
  ].join("\n");
}
