// The core on a memory of a test's own, without an engine around it.

import { readFileSync } from "node:fs";
import { RING_SIZE, SLOT_SHIFT } from "../../src/core/map.js";
import type { Core } from "../../src/engine/shared.js";

/** What only the core itself and its tests call. */
export interface WholeCore extends Core {
  ringReserveMany(me: number, ring: number, max: number): number;
  reservedTicket(): bigint;
  ringPublishMany(ring: number, first: bigint, n: number): void;
  ringReleaseMany(ring: number, first: bigint, n: number): void;
}

export const wasm: WebAssembly.Module = new WebAssembly.Module(
  readFileSync(new URL("../../src/core/core.wasm", import.meta.url)),
);

export function newMemory(pages = 64): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
}

export function coreOn(memory: WebAssembly.Memory, module = wasm): WholeCore {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WholeCore;
}

/** Where the tests put rings and gates: behind the lines of the participants. */
export const RING = 262144;

export function makeRing(core: Core, at: number, capacityLog2: number, ticket: bigint): number {
  core.ringInit(at, at + RING_SIZE, capacityLog2, SLOT_SHIFT, ticket, 2 ** capacityLog2);
  return at;
}
