// The pure read of an array in an engine's memory: threads that load and do nothing else
// (core/read.ts). No reduction can be faster. The calling thread reads in the place of one of them,
// as it does in `reduceSync`.

import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Engine, TypedArray } from "../index.js";
import { Crew, type CrewData } from "./crew.js";
import { type ReadCore, type ReadTask, readerOf, readPart } from "./read-part.js";

/** Threads whose parts are smaller each keep to their own, so that it stays in their caches. */
const SMALL_PART = 4 * 2 ** 20;

/** Bytes that are read in one turn of the loop. */
const LINES = 128;

export class Reader {
  readonly #core: ReadCore;
  readonly #crew: Crew<ReadTask>;
  readonly #counter: Int32Array<SharedArrayBuffer>;
  readonly #free: () => void;

  private constructor(engine: Engine, threads: number) {
    const memory = engine.handle().memory as WebAssembly.Memory;
    const path = new URL("./read.wasm", import.meta.url);
    const module = new WebAssembly.Module(readFileSync(path));
    this.#core = readerOf({ module, memory });
    this.#counter = engine.alloc("int32", 1) as Int32Array<SharedArrayBuffer>;
    this.#free = () => engine.free(this.#counter);
    const start = (data: CrewData<ReadTask>) =>
      new Worker(new URL("./read-thread.js", import.meta.url), { workerData: data, execArgv: [] });
    this.#crew = new Crew(start, threads - 1, { module, memory });
  }

  /** `threads`: the most that will read at once, this one among them. */
  static async start(engine: Engine, threads = 2): Promise<Reader> {
    return new Reader(engine, threads);
  }

  /** Reads an array, whose bytes are a multiple of 128, `passes` times; milliseconds. */
  read({ byteOffset, byteLength }: TypedArray, threads: number, passes = 1): number {
    const isShared = threads > 1 && byteLength / threads >= SMALL_PART;
    const part = Math.ceil(byteLength / threads / LINES) * LINES;
    const counter = isShared ? this.#counter.byteOffset : 0;
    Atomics.store(this.#counter, 0, 0);
    let bits = 0n;
    // Helpers have the parts from the second on, this thread has the first.
    const args = [byteOffset, byteLength, isShared ? byteLength : part, passes, counter];
    const ms = this.#crew.run(threads - 1, args, () => {
      bits = readPart(this.#core, 0, args);
    });
    // Where pieces are shared, others may have read them all.
    if (bits === 0n && !isShared) throw new Error("wrong result: the pure read saw nothing");
    return ms;
  }

  async close(): Promise<void> {
    await this.#crew.close();
    this.#free();
  }
}
