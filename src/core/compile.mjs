// Compiles AssemblyScript to WebAssembly on a shared memory: the core, and what tests, benchmarks
// and stress scenarios compile against its source.

import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import asc from "assemblyscript/asc";
import binaryen from "binaryen";

/**
 * Functions that Binaryen shall not inline. `wait32`: baseline code of V8 11.3 (Node 20) writes over
 * the value below the operands of `memory.atomic.wait32`: on the stack, or the function's last local.
 * In a function of its own that is the last parameter, which nobody needs any more. The others are
 * loops that need all registers for themselves: inside a larger function V8 spills them.
 */
const ALONE = ["*/wait32", "*/sumFloatOf*", "*/sumTwo*", "*/extent"];

export class StayAlone {
  afterCompile(module) {
    for (const name of ALONE) {
      this.binaryen.setPassArgument("no-inline", name);
      module.runPasses(["no-inline"]);
    }
  }
}

/**
 * @param {string} entry the file to compile
 * @param {string} outFile where the module goes
 * @param {{
 *   switches?: readonly string[];
 *   text?: string;
 *   optimize?: boolean;
 *   transforms?: readonly (new () => object)[];
 *   flags?: readonly string[];
 * }} [options] constants of switches.ts that are on; where the text form goes; false: quickly; what
 *   else the compiler runs and takes
 */
export async function compile(entry, outFile, options = {}) {
  const { switches = [], text, optimize = true, transforms = [], flags = [] } = options;
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
      ...flags,
    ],
    {
      transforms: [StayAlone, ...transforms],
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
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(0);
  asyncify(binaryen, module);
  module.optimize();
  await writeFile(file, module.emitBinary());
  module.dispose();
}

function asyncify(binaryen, module) {
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { mutable, name } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (mutable) module.addGlobalExport(name, `global ${name}`);
  }
  binaryen.setPassArgument(
    "asyncify-imports",
    "atomic.step,atomic.stepWait,atomic.stepNotify,history.joined,history.polled",
  );
  binaryen.setPassArgument("asyncify-ignore-indirect", "1");
  module.runPasses(["asyncify"]);
}

class Suspendable {
  afterCompile(module) {
    asyncify(this.binaryen, module);
  }
}

/**
 * Compiles programs of the checker so that a stack tells where in the source a thread stands: not
 * optimised, so that no function is lost. Where which line begins goes to `linesFile`:
 * {"files": […], "lines": [offset in the module, file, line, …]}.
 *
 * @param {readonly string[]} switches beside STEPPED
 */
export async function compileTraced(entry, outFile, linesFile, switches = []) {
  await compile(entry, outFile, {
    switches: ["STEPPED", ...switches],
    optimize: false,
    transforms: [Suspendable],
    flags: ["--optimizeLevel", "0", "--debug", "--sourceMap"],
  });
  const mapFile = `${outFile}.map`;
  const { sources, mappings } = JSON.parse(await readFile(mapFile, "utf8"));
  await rm(mapFile);
  const files = sources.map((name) => name.replace(/^.*src\/core\//, ""));
  await writeFile(linesFile, JSON.stringify({ files, lines: readMappings(mappings) }));
}

/** Of a source map (version 3), whose columns are offsets in the module: where lines begin. */
function readMappings(mappings) {
  const lines = [];
  let [offset, file, line] = [0, 0, 0];
  for (const segment of mappings.split(/[,;]/)) {
    const [toOffset, toFile = 0, toLine = 0] = readNumbers(segment);
    if (toOffset === undefined) continue;
    [offset, file, line] = [offset + toOffset, file + toFile, line + toLine];
    if (lines.at(-1) !== line + 1 || lines.at(-2) !== file) lines.push(offset, file, line + 1);
  }
  return lines;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Five bits a digit, the least first; the sixth says that more follow, the first bit is the sign. */
function readNumbers(segment) {
  const numbers = [];
  let [value, shift] = [0, 0];
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) !== 0) continue;
    numbers.push((value & 1) !== 0 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}
