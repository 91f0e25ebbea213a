// What the build made for the checker.

import { readFileSync } from "node:fs";
import { compileDefect, compileTracedDefect, readTraced } from "./defects.js";
import type { Traced } from "./trace.js";

/** The programs, on the core that ships or on one with a defect; `folder` is for the latter. */
export async function loadPrograms(
  mutant: string | undefined,
  folder: string,
): Promise<WebAssembly.Module> {
  if (mutant !== undefined) return compileDefect(mutant, folder);
  return new WebAssembly.Module(readFileSync(new URL("check.wasm", import.meta.url)));
}

/** The same, which tells source lines. */
export async function loadTraced(mutant: string | undefined, folder: string): Promise<Traced> {
  if (mutant !== undefined) return compileTracedDefect(mutant, folder);
  return readTraced(
    new URL("traced.wasm", import.meta.url),
    new URL("traced.json", import.meta.url),
  );
}
