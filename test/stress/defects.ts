// Compiles core/record.ts with a ring that has a defect, to see whether `linear` catches it.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

export async function withDefect(defect: Defect): Promise<WebAssembly.Module> {
  const folder = await mkdtemp(join(tmpdir(), "ringfold-defect-"));
  try {
    const sources = (await readdir(CORE)).filter((name) => name.endsWith(".ts"));
    await Promise.all(sources.map((name) => cp(join(CORE, name), join(folder, name))));
    if ("change" in defect) await change(join(folder, defect.file), defect.change);
    const { compile } = (await import(join(CORE, "compile.mjs"))) as Compiler;
    const out = join(folder, "record.wasm");
    const switches = "switches" in defect ? defect.switches : [];
    await compile(join(folder, "record.ts"), out, { optimize: false, switches });
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
