// Compiles a peer or a measuring loop that is written in AssemblyScript (`*.as` here: the
// TypeScript compiler shall leave them alone) with the flags of src/core/build.mjs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** As in src/core/compile.mjs: baseline code of Node 20 goes wrong where `wait32` is inlined. */
class WaitStaysAlone {
  declare readonly binaryen: { setPassArgument(key: string, value: string): void };

  afterCompile(module: { runPasses(passes: string[]): void }): void {
    this.binaryen.setPassArgument("no-inline", "*/wait32");
    module.runPasses(["no-inline"]);
  }
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export async function compile(name: string): Promise<WebAssembly.Module> {
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
      transforms: [WaitStaysAlone as never],
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
