// The programs in groups, for the help of `ringfold check`.

import { PROOFS } from "../check/programs.js";
import { GROUPS } from "./check-options.js";
import { plural } from "./output.js";

export function describeGroups(): string {
  const lines = GROUPS.map((group) => {
    const proofs = PROOFS.filter(({ name }) => name.startsWith(`${group}-`));
    const proves = proofs[0]?.proves ?? "";
    return `  ${group.padEnd(8)}${plural(proofs.length, "program").padStart(12)}: ${proves}`;
  });
  return [
    "Names, of which a beginning is enough:",
    ...lines,
    "",
    "Exit code 3: something breaks, and how. A search that was cut short is told as incomplete.",
  ].join("\n");
}
