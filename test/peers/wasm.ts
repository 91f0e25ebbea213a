// Compiles a peer or a measuring loop that is written in AssemblyScript (`*.as` here: the
// TypeScript compiler shall leave them alone) with the flags of src/core/build.mjs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export async function compile(name: string): Promise<WebAssembly.Module> {
  const { StayAlone } = (await import(join(ROOT, "src/core/compile.mjs"))) as { StayAlone: never };
  let wasm: Uint8Array | string | undefined;
  const { error, stderr } = await asc.main(
    [
      `test/peers/${name}.ts`,
      "--outFile",
      "out.wasm",
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
    ],
    {
      transforms: [StayAlone],
      readFile: (file) =>
        readFile(
          join(ROOT, file.replace(/^test\/peers\/(\w+)\.ts$/, "test/peers/$1.as")),
          "utf8",
        ).catch(() => null),
      writeFile: (file, contents) => {
        if (file === "out.wasm") wasm = contents;
      },
      listFiles: () => null,
    },
  );
  if (error || !(wasm instanceof Uint8Array)) throw new Error(`${name}.as: ${String(stderr)}`);
  return WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>);
}
