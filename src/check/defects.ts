// Defects that can be built into the core to see them found (core/switches.ts). That takes the source
// and the compiler, which a checkout of ringfold has and a package has not.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lines } from "./where.js";

const CORE = new URL("../../../src/core/", import.meta.url);
const NO_DEFECTS = ["CHECKED", "STEPPED"];

/** Names as they are given, such as no-second-try; undefined where there is no source. */
export function defectNames(): string[] | undefined {
  const file = new URL("switches.ts", CORE);
  if (!existsSync(new URL("compile.mjs", CORE)) || !existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^export const ([A-Z0-9_]+): bool = false;/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !NO_DEFECTS.includes(name))
    .map((name) => name.toLowerCase().replaceAll("_", "-"));
}

interface Compiler {
  compile(entry: string, out: string, options: object): Promise<void>;
  makeSuspendable(file: string): Promise<void>;
  compileTraced(entry: string, out: string, lines: string, switches: string[]): Promise<void>;
}

const ENTRY = fileURLToPath(new URL("programs/index.ts", CORE));
/** The constant of a defect. */
export const switchOf = (name: string): string => name.toUpperCase().replaceAll("-", "_");

async function compiler(): Promise<Compiler> {
  return (await import(new URL("compile.mjs", CORE).href)) as Compiler;
}

/** The programs with a defect, in a file of this folder. */
export async function compileDefect(name: string, folder: string): Promise<WebAssembly.Module> {
  const { compile, makeSuspendable } = await compiler();
  const file = join(folder, "check.wasm");
  await compile(ENTRY, file, { switches: ["STEPPED", switchOf(name)] });
  await makeSuspendable(file);
  return new WebAssembly.Module(readFileSync(file));
}

/** The same, which tells source lines. */
export async function compileTracedDefect(name: string, folder: string) {
  const { compileTraced } = await compiler();
  const [file, lines] = [join(folder, "traced.wasm"), join(folder, "traced.json")];
  await compileTraced(ENTRY, file, lines, [switchOf(name)]);
  return readTraced(file, lines);
}

export function readTraced(file: string | URL, lines: string | URL) {
  return {
    module: new WebAssembly.Module(readFileSync(file)),
    lines: JSON.parse(readFileSync(lines, "utf8")) as Lines,
  };
}
