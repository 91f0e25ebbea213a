// The core on a memory of a test's own, without an engine around it.

import { readFileSync } from "node:fs";
import { RING_SIZE, SLOT_SHIFT } from "../../src/core/map.js";
import type { Core } from "../../src/engine/shared.js";

export const wasm: WebAssembly.Module = new WebAssembly.Module(
  readFileSync(new URL("../../src/core/core.wasm", import.meta.url)),
);

export function newMemory(pages = 64): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
}

export function coreOn(memory: WebAssembly.Memory, module = wasm): Core {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Core;
}

/** Where the tests put rings and gates: behind the lines of the participants. */
export const RING = 262144;

export function makeRing(core: Core, at: number, capacityLog2: number, ticket: bigint): number {
  core.ringInit(at, at + RING_SIZE, capacityLog2, SLOT_SHIFT, ticket, 2 ** capacityLog2);
  return at;
}
