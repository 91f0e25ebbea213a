// Threads of death-submitter.ts and death-owner.ts, as the test that starts them sees them.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Engine, EngineHandle } from "../../src/index.js";
import type { Material } from "./death-jobs.js";
import type { Doing, OwnerInit, OwnerTold } from "./death-owner.js";
import { until } from "./death-support.js";

export interface SubmitterInit {
  readonly handle: EngineHandle;
  readonly material: Material;
  readonly board: Int32Array<SharedArrayBuffer>;
}

/** Words of the board: 1 once it may begin; 1 once it shall stop; times all its jobs were right. */
export const BEGIN = 0;
export const STOP = 1;
export const ROUNDS = 2;

export class Submitter {
  participant = -1;
  hasEnded = false;
  readonly worker: Worker;
  readonly #board = new Int32Array(new SharedArrayBuffer(16));
  #failure: unknown;

  constructor(engine: Engine, material: Material) {
    const init: SubmitterInit = { handle: engine.handle(), material, board: this.#board };
    this.worker = new Worker(new URL("./death-submitter.js", import.meta.url), {
      workerData: init,
      execArgv: [],
    });
    this.worker.on("error", (error) => {
      this.#failure = error;
    });
    this.worker.on("message", (participant: number) => {
      this.participant = participant;
    });
    this.worker.once("exit", () => {
      this.hasEnded = true;
    });
  }

  async attached(): Promise<this> {
    await until(() => this.participant >= 0 || this.hasEnded, "a thread attaches");
    this.check();
    return this;
  }

  begin(): void {
    Atomics.store(this.#board, BEGIN, 1);
    Atomics.notify(this.#board, BEGIN);
  }

  get rounds(): number {
    return Atomics.load(this.#board, ROUNDS);
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    Atomics.store(this.#board, STOP, 1);
    await until(() => this.hasEnded, "a thread that was told to stop ends");
    this.check();
  }
}

/** Starts a thread that creates an engine, and then does something once it is told to go on. */
export async function owner(doing: Doing): Promise<OwnerTold & OwnerInit & { worker: Worker }> {
  const init: OwnerInit = { doing, board: new Int32Array(new SharedArrayBuffer(4)) };
  const worker = new Worker(new URL("./death-owner.js", import.meta.url), {
    workerData: init,
    execArgv: [],
  });
  const [told] = (await once(worker, "message")) as [OwnerTold];
  return { worker, ...init, ...told };
}
