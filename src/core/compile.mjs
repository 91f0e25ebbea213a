// Compiles AssemblyScript to WebAssembly on a shared memory: the core, and what tests, benchmarks
// and stress scenarios compile against its source.

import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import asc from "assemblyscript/asc";
import binaryen from "binaryen";

/**
 * Keeps Binaryen from inlining `wait32`. Baseline code of V8 11.3 (Node 20) writes over the value
 * below the operands of `memory.atomic.wait32`: on the stack, or the function's last local. In a
 * function of its own that is the last parameter, which nobody needs any more.
 */
class WaitStaysAlone {
  afterCompile(module) {
    this.binaryen.setPassArgument("no-inline", "*/wait32");
    module.runPasses(["no-inline"]);
  }
}

/**
 * @param {string} entry the file to compile
 * @param {string} outFile where the module goes
 * @param {{
 *   switches?: readonly string[];
 *   text?: string;
 *   optimize?: boolean;
 * }} [options] constants of switches.ts that are on; where the text form goes; false: quickly
 */
export async function compile(entry, outFile, { switches = [], text, optimize = true } = {}) {
  const level = optimize
    ? ["--optimizeLevel", "3", "--shrinkLevel", "0", "--converge"]
    : ["--optimizeLevel", "1"];
  const { error, stderr } = await asc.main(
    [
      entry,
      "--outFile",
      outFile,
      ...(text === undefined ? [] : ["--textFile", text]),
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
      ...level,
      "--noAssert",
    ],
    {
      transforms: [WaitStaysAlone],
      async readFile(name, base) {
        try {
          const source = await readFile(join(base, name), "utf8");
          return basename(name) === "switches.ts" ? switchOn(source, switches) : source;
        } catch (error) {
          if (error.code === "ENOENT") return null;
          throw error;
        }
      },
    },
  );
  if (error) throw new Error(`${entry}: ${String(stderr)}`, { cause: error });
}

function switchOn(source, names) {
  return names.reduce((text, name) => {
    const next = text.replace(`const ${name}: bool = false;`, `const ${name}: bool = true;`);
    if (next === text) throw new Error(`switches.ts has no constant ${name}`);
    return next;
  }, source);
}

/**
 * Has a module that was compiled with STEPPED give its stack away at each access and take it back
 * later (Binaryen's Asyncify, by A. Zakai), and exports what else a thread's state is: its globals.
 *
 * @param {string} file the module; it is replaced
 */
export async function makeSuspendable(file) {
  const module = binaryen.readBinary(await readFile(file));
  const F = binaryen.Features;
  module.setFeatures(
    F.Atomics |
      F.BulkMemory |
      F.BulkMemoryOpt |
      F.MutableGlobals |
      F.NontrappingFPToInt |
      F.SIMD128 |
      F.SignExt,
  );
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { mutable, name } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (mutable) module.addGlobalExport(name, `global ${name}`);
  }
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(0);
  binaryen.setPassArgument(
    "asyncify-imports",
    "atomic.step,atomic.stepWait,atomic.stepNotify,history.joined,history.polled",
  );
  binaryen.setPassArgument("asyncify-ignore-indirect", "1");
  module.runPasses(["asyncify"]);
  module.optimize();
  await writeFile(file, module.emitBinary());
  module.dispose();
}
