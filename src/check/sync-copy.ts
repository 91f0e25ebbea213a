// Copies of the compiled src/sync, changed as texts: asynchronous functions as generators, which the
// checker drives as it drives functions (an `await` hands control to the runtime's queue, which
// nobody can stop and replay); and defects, for tests. Its threads are threads of their own, so each
// call has a line of its own.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { replaceAtomics } from "../sync/atomics.js";
import { type Implementation, type Primitives, replaceable } from "./sync-impl.js";

const COMPILED = fileURLToPath(new URL("../", import.meta.url));

/** In a file of src/sync; a text that stands there once, and what instead. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function asGenerators(text: string): string {
  return text
    .replaceAll("async function ", "function* ")
    .replaceAll("await ", "yield ")
    .replaceAll("return runAsync(", "return yield* runAsync(")
    .replace("setInterval?.(() => { }, LONG)", "undefined")
    .replace(/(function lineAt.*\n)/, "$1    return new Line();\n");
}

/** Ours, changed; with asynchronous functions, as generators. */
export async function loadCopy(
  name: string,
  changes: readonly Change[] = [],
): Promise<Implementation> {
  const folder = await mkdtemp(join(tmpdir(), "ringfold-sync-"));
  try {
    const sync = join(folder, "sync");
    await mkdir(sync);
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await cp(join(COMPILED, "errors.js"), join(folder, "errors.js"));
    for (const file of await readdir(join(COMPILED, "sync"))) {
      if (!file.endsWith(".js")) continue;
      let text = await readFile(join(COMPILED, "sync", file), "utf8");
      for (const change of changes.filter((one) => one.file === file)) {
        const parts = text.split(change.from);
        if (parts.length !== 2) {
          throw new Error(`"${change.from}" stands in ${file} ${parts.length - 1}×`);
        }
        text = parts.join(change.to);
      }
      await writeFile(join(sync, file), asGenerators(text));
    }
    const load = (file: string) => import(pathToFileURL(join(sync, file)).href);
    const { replaceAtomics: replace } = (await load("atomics.js")) as {
      replaceAtomics: typeof replaceAtomics;
    };
    const primitives = (await load("index.js")) as Primitives;
    return { ...replaceable(name, primitives, replace), isAsync: true };
  } finally {
    await rm(folder, { recursive: true });
  }
}
