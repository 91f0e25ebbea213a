// Compiles the core to dist/src/core/core.wasm, and the same bytes as a module
// for runtimes that cannot read files (dist/src/core/inline.js).

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../dist/src/core");

// tsc never removes what it once made of a file: a deleted test would go on running.
await rm(join(out, "../.."), { recursive: true, force: true });
await mkdir(out, { recursive: true });
const { error, stderr } = await asc.main([
  join(here, "index.ts"),
  "--outFile",
  join(out, "core.wasm"),
  "--textFile",
  join(out, "core.wat"),
  "--runtime",
  "stub",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  "64",
  "--maximumMemory",
  "65536",
  "--enable",
  "simd",
  "--enable",
  "threads",
  "--enable",
  "bulk-memory",
  "--optimizeLevel",
  "3",
  "--shrinkLevel",
  "0",
  "--converge",
  "--noAssert",
]);
if (error) {
  console.error(String(stderr));
  process.exit(1);
}
const wasm = await readFile(join(out, "core.wasm"));
await writeFile(
  join(out, "inline.js"),
  `// core.wasm, inlined by the build.\nexport const CORE_BASE64 =\n  "${wasm.toString("base64")}";\n`,
);
