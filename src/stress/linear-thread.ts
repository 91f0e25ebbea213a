// A thread of stress/linear.ts: plays the histories of a batch whenever the host begins one.

import { workerData } from "node:worker_threads";
import { RECORD_BEGUN, RECORD_DONE } from "../core/record-map.js";

export interface Recorder {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly me: number;
  /** Batches begun before this thread came. */
  readonly begun: number;
  readonly histories: number;
}

/** What the module exports: core/record.ts. */
export interface RecordModule {
  recordInit(index: number, capacityLog2: number, ticket: bigint): void;
  record(me: number, index: number): void;
}

const { memory, module, me, begun, histories } = workerData as Recorder;
const words = new Int32Array(memory.buffer);
const instance = new WebAssembly.Instance(module, { env: { memory } });
const { record } = instance.exports as unknown as RecordModule;

for (let batch = begun; ; batch++) {
  Atomics.wait(words, RECORD_BEGUN >> 2, batch);
  for (let i = 0; i < histories; i++) record(me, i);
  Atomics.add(words, RECORD_DONE >> 2, 1);
  Atomics.notify(words, RECORD_DONE >> 2);
}
