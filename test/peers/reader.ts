// The pure read of an array in an engine's memory: threads that load and do nothing else. No
// reduction can be faster.

import type { Engine, TypedArray } from "../../src/index.js";
import { compile } from "./wasm.js";
import { WasmThread } from "./wasm-thread.js";

/** Bytes that a thread takes at once; arrays are a multiple of it. */
const PIECE = 2 ** 20;

export class Reader {
  readonly #threads: readonly WasmThread[];
  readonly #counter: Int32Array;

  private constructor(threads: readonly WasmThread[], counter: Int32Array) {
    this.#threads = threads;
    this.#counter = counter;
  }

  static async start(engine: Engine): Promise<Reader> {
    const module = await compile("read");
    const memory = engine.handle().memory as WebAssembly.Memory;
    const threads = [0, 1].map(() => new WasmThread(module, memory));
    return new Reader(threads, engine.alloc("int32", 1));
  }

  read({ byteOffset, byteLength }: TypedArray, threads: number): void {
    Atomics.store(this.#counter, 0, 0);
    const used = this.#threads.slice(0, threads);
    const args = [byteOffset, byteLength / PIECE, this.#counter.byteOffset];
    for (const thread of used) thread.start({ call: "read", repeat: true, arguments: args });
    const bits = used.reduce((all, thread) => all | thread.wait().result, 0n);
    if (bits === 0n) throw new Error("wrong result: the pure read saw nothing");
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) await thread.close();
  }
}
