// Compiles a core that has a defect, to see whether a scenario catches it.

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CORE = fileURLToPath(new URL("../../../src/core", import.meta.url));

interface Compiler {
  compile(
    entry: string,
    outFile: string,
    options: { optimize: boolean; switches?: readonly string[] },
  ): Promise<void>;
}

/** Constants of switches.ts; or a text in `file` that stands there once, and what instead. */
type Defect =
  | { readonly switches: readonly string[] }
  | { readonly file: string; readonly change: readonly [string, string] };

/** `entry`: record.ts is what `linear` runs, index.ts the core. */
export async function withDefect(
  defect: Defect,
  entry: "record.ts" | "index.ts",
): Promise<WebAssembly.Module> {
  const folder = await mkdtemp(join(tmpdir(), "ringfold-defect-"));
  try {
    await cp(CORE, folder, { recursive: true });
    if ("change" in defect) await change(join(folder, defect.file), defect.change);
    const { compile } = (await import(join(CORE, "compile.mjs"))) as Compiler;
    const out = join(folder, "out.wasm");
    const switches = "switches" in defect ? defect.switches : [];
    await compile(join(folder, entry), out, { optimize: false, switches });
    return new WebAssembly.Module(await readFile(out));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function change(file: string, [from, to]: readonly [string, string]): Promise<void> {
  const parts = (await readFile(file, "utf8")).split(from);
  if (parts.length !== 2) throw new Error(`"${from}" stands in ${file} ${parts.length - 1}×`);
  await writeFile(file, parts.join(to));
}
