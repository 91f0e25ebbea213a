// Compiles the core to dist/src/core/core.wasm, and the same bytes as a module
// for runtimes that cannot read files (dist/src/core/inline.js); to checked.wasm, with fault
// points; the loops of the stress scenarios that have no engine to drill.wasm, which `ringfold bench`
// runs too, with the pure read in read.wasm; and the programs that `ringfold check` explores to
// check.wasm, and to traced.wasm, which tells source lines.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, compileTraced, makeSuspendable } from "./compile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../dist/src");

// tsc never removes what it once made of a file: a deleted test would go on running.
await rm(join(out, ".."), { recursive: true, force: true });
await mkdir(join(out, "core"), { recursive: true });
await mkdir(join(out, "stress"), { recursive: true });
await mkdir(join(out, "bench"), { recursive: true });

const core = join(out, "core/core.wasm");
await compile(join(here, "index.ts"), core, { text: join(out, "core/core.wat") });
const wasm = await readFile(core);
await writeFile(
  join(out, "core/inline.js"),
  `// core.wasm, inlined by the build.\nexport const CORE_BASE64 =\n  "${wasm.toString("base64")}";\n`,
);
await compile(join(here, "index.ts"), join(out, "core/checked.wasm"), {
  switches: ["CHECKED"],
  optimize: false,
});
// Not optimised, so that its nap is not inlined: see record.ts.
await compile(join(here, "record.ts"), join(out, "stress/record.wasm"), { optimize: false });
await compile(join(here, "litmus.ts"), join(out, "stress/litmus.wasm"));
await compile(join(here, "drill.ts"), join(out, "core/drill.wasm"));
await compile(join(here, "read.ts"), join(out, "bench/read.wasm"));
const check = join(out, "check/check.wasm");
await mkdir(dirname(check), { recursive: true });
await compile(join(here, "programs/index.ts"), check, { switches: ["STEPPED"] });
await makeSuspendable(check);
await compileTraced(
  join(here, "programs/index.ts"),
  join(out, "check/traced.wasm"),
  join(out, "check/traced.json"),
);
