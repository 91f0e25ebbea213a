// Programs of a few instructions for the checker, written for these tests: each breaks one rule, or
// none. They are compiled as src/core/build.mjs has it.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { machinesOf } from "../../src/check/explorer.js";
import type { MakeMachine, Program } from "../../src/check/program.js";

const COMPILER = fileURLToPath(new URL("../../../src/core/compile.mjs", import.meta.url));

interface Compiler {
  makeSuspendable(file: string): Promise<void>;
}

/** Words 64, 128, 192; the first argument of `step` is an access of core/atomic.ts. */
const TEXT = `(module
  (import "env" "memory" (memory 64 65536 shared))
  (import "atomic" "step" (func $step (param i32 i32)))
  (import "atomic" "stepWait" (func $wait (param i32 i32 i32) (result i32)))
  (import "atomic" "stepNotify" (func $notify (param i32 i32) (result i32)))
  (import "history" "expect" (func $expect (param i32 i32)))
  (func $load (param $at i32) (result i32)
    (call $step (i32.const 1) (local.get $at))
    (i32.atomic.load (local.get $at)))
  (func $store (param $at i32) (param $value i32)
    (call $step (i32.const 2) (local.get $at))
    (i32.atomic.store (local.get $at) (local.get $value)))
  (func $add (param $at i32)
    (call $step (i32.const 3) (local.get $at))
    (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1))))
  (func (export "init"))
  (func (export "adds") (param $n i32) (param i32 i32)
    (loop $again
      (call $add (i32.const 64))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $n) (i32.const 0)))))
  (func (export "loadsAndStores") (param i32 i32 i32)
    (call $store (i32.const 64) (i32.add (call $load (i32.const 64)) (i32.const 1))))
  (func (export "holds") (param $value i32) (param i32 i32)
    (call $expect (i32.eq (call $load (i32.const 64)) (local.get $value)) (i32.const 7)))
  (func (export "sleeps") (param i32 i32 i32)
    (if (i32.eqz (call $load (i32.const 64)))
      (then (drop (call $wait (i32.const 64) (i32.const 0) (i32.const 0))))))
  (func (export "wakesNobody") (param i32 i32 i32)
    (call $store (i32.const 64) (i32.const 1)))
  (func (export "wakes") (param i32 i32 i32)
    (call $store (i32.const 64) (i32.const 1))
    (drop (call $notify (i32.const 64) (i32.const 1))))
  (func (export "writesPlainly") (param i32 i32 i32)
    (call $step (i32.const 6) (i32.const 128))
    (i32.store (i32.const 128) (i32.const 5))
    (call $store (i32.const 64) (i32.const 1)))
  (func (export "readsPlainly") (param $waits i32) (param i32 i32)
    (block $out
      (br_if $out (i32.and (local.get $waits) (i32.eqz (call $load (i32.const 64)))))
      (call $step (i32.const 5) (i32.const 128))
      (drop (i32.load (i32.const 128)))))
  (func (export "endsPlainly") (param i32 i32 i32)
    (call $store (i32.const 64) (i32.const 1))
    (call $step (i32.const 6) (i32.const 128))
    (i32.store (i32.const 128) (i32.const 5)))
  (func (export "naps") (param i32 i32 i32)
    (call $expect
      (i32.eq (call $wait (i32.const 192) (i32.const 0) (i32.const 1)) (i32.const 2))
      (i32.const 8)))
  (func (export "loadsWide") (param i32 i32 i32)
    (call $step (i32.const 9) (i32.const 64))
    (drop (i64.atomic.load (i32.const 64))))
  (func (export "traps") (param i32 i32 i32)
    (if (call $load (i32.const 64)) (then (unreachable))))
  (func (export "spins") (param i32 i32 i32)
    (loop $again (br_if $again (i32.eqz (call $load (i32.const 192))))))
  (func (export "lifts") (param i32 i32 i32)
    (call $store (i32.const 192) (i32.const 1)))
  (func (export "looks") (param i32 i32 i32)
    (drop (call $load (i32.const 192)))))`;

let module: WebAssembly.Module | undefined;

export async function small(): Promise<WebAssembly.Module> {
  if (module !== undefined) return module;
  const { makeSuspendable } = (await import(COMPILER)) as Compiler;
  const folder = await mkdtemp(join(tmpdir(), "ringfold-small-"));
  try {
    const file = join(folder, "small.wasm");
    const parsed = binaryen.parseText(TEXT);
    parsed.setFeatures(binaryen.Features.Atomics | binaryen.Features.BulkMemory);
    await writeFile(file, parsed.emitBinary());
    parsed.dispose();
    await makeSuspendable(file);
    module = new WebAssembly.Module(await readFile(file));
    return module;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A thread for each of these calls: an export and its first argument. */
export function programOf(
  calls: readonly (readonly [entry: string, argument?: number])[],
  end?: Program["end"],
): Program {
  return {
    name: calls.map(([entry]) => entry).join(" "),
    threads: calls.map(([entry, argument = 0], i) => ({
      name: `thread ${i}`,
      entry,
      arguments: [argument, 0, 0],
    })),
    init: ["init"],
    ...(end === undefined ? {} : { end }),
  };
}

export async function machines(program: Program): Promise<MakeMachine> {
  return machinesOf(await small(), program);
}
