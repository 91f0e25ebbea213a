// A thread that owns an engine, for tests in which that thread dies or waits: it hands the engine
// out and then does as it is told.

import { once } from "node:events";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { CONTROL_ARENA, CONTROL_OWNER, CONTROL_RECOVERING } from "../../src/core/map.js";
import { createEngine, type EngineHandle } from "../../src/index.js";
import { MODULES } from "../../src/stress/index.js";
import { seeded } from "../harness.js";
import { flight, flightNow, type Material, makeMaterial } from "./death-jobs.js";

/** What it does when it is told to go on. */
export type Doing =
  /** Nothing: its event loop turns. */
  | "rests"
  /** Jobs of all kinds, over and over. */
  | "reduces"
  /** The same in calls that wait: no event ever reaches it. */
  | "waits"
  /** A loop of its own: it sees no event and lays no tokens out. */
  | "is busy"
  /** As if it stood in the midst of the arena. */
  | "holds the arena"
  /** As if it stood in the midst of a recovery. */
  | "recovers";

export interface OwnerTold {
  readonly handle: EngineHandle;
  readonly material: Material;
}

export interface OwnerInit {
  readonly doing: Doing;
  /** Times all its jobs were right. */
  readonly board: Int32Array<SharedArrayBuffer>;
}

async function play({ doing, board }: OwnerInit): Promise<void> {
  const engine = await createEngine({ threads: 2, core: MODULES.checked });
  const material = makeMaterial(engine, seeded("owner"));
  await flight(engine, material);
  const words = new Int32Array((engine.handle().memory as WebAssembly.Memory).buffer);
  const told: OwnerTold = { handle: engine.handle(), material };
  parentPort?.postMessage(told);
  await once(parentPort as MessagePort, "message");
  const me = Atomics.load(words, CONTROL_OWNER >> 2);
  switch (doing) {
    case "rests":
      setInterval(() => {}, 1000);
      return;
    case "reduces":
      for (;;) await flight(engine, material);
    case "waits":
      for (;;) {
        flightNow(engine, material);
        Atomics.add(board, 0, 1);
      }
    case "is busy":
      for (;;);
    case "holds the arena":
      while (Atomics.compareExchange(words, CONTROL_ARENA >> 2, 0, me + 1) !== 0);
      break;
    case "recovers":
      Atomics.store(words, CONTROL_RECOVERING >> 2, 1);
  }
  parentPort?.postMessage(doing);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

if (workerData !== null) void play(workerData as OwnerInit);
