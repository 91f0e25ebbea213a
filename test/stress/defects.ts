// Compiles core/record.ts with a ring that has a defect, to see whether `linear` catches it.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CORE = fileURLToPath(new URL("../../../src/core", import.meta.url));

interface Compiler {
  compile(entry: string, outFile: string, options: { optimize: boolean }): Promise<void>;
}

/** `change`: a text in `file` that stands there once, and what stands there instead. */
export async function withDefect(
  file: string,
  change: readonly [string, string],
): Promise<WebAssembly.Module> {
  const folder = await mkdtemp(join(tmpdir(), "ringfold-defect-"));
  try {
    const sources = (await readdir(CORE)).filter((name) => name.endsWith(".ts"));
    await Promise.all(sources.map((name) => cp(join(CORE, name), join(folder, name))));
    const source = await readFile(join(folder, file), "utf8");
    const parts = source.split(change[0]);
    if (parts.length !== 2)
      throw new Error(`"${change[0]}" stands in ${file} ${parts.length - 1}×`);
    await writeFile(join(folder, file), parts.join(change[1]));
    const { compile } = (await import(join(CORE, "compile.mjs"))) as Compiler;
    const out = join(folder, "record.wasm");
    await compile(join(folder, "record.ts"), out, { optimize: false });
    return new WebAssembly.Module(await readFile(out));
  } finally {
    await rm(folder, { recursive: true });
  }
}
