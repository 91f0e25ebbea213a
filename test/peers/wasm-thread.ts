// A worker thread that calls exports of one module on one shared memory, when told to: the
// roofline's and the ring's threads. Commands and answers go through a few shared words, so that
// starting a measurement costs a wake-up and no message.

import { isMainThread, Worker, workerData } from "node:worker_threads";

const TURN = 0;
const DONE = 1;
const FUNCTION = 2;
const ARGUMENTS = 3;
const MOST_ARGUMENTS = 4;
const RESULT = 8;
const WORDS = 16;

interface Data {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly words: Int32Array<SharedArrayBuffer>;
}

export interface Command {
  /** Called again and again until it is negative if `repeat`, else once. */
  readonly call: string;
  readonly repeat: boolean;
  readonly arguments: readonly number[];
}

type Exports = { readonly [name: string]: (...args: number[]) => number | bigint };

export class WasmThread {
  readonly #worker: Worker;
  readonly #words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  readonly #names: readonly string[];

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.#names = functionsOf(module);
    const data: Data = { module, memory, words: this.#words };
    this.#worker = new Worker(new URL(import.meta.url), { workerData: data, execArgv: [] });
  }

  start({ call, repeat, arguments: args }: Command): void {
    const words = this.#words;
    words[FUNCTION] = this.#names.indexOf(call) * 2 + (repeat ? 1 : 0);
    for (let i = 0; i < MOST_ARGUMENTS; i++) words[ARGUMENTS + i] = args[i] ?? 0;
    Atomics.add(words, TURN, 1);
    Atomics.notify(words, TURN);
  }

  /** The result of the last call that was started, and how many records it says it consumed. */
  wait(): { result: bigint; consumed: number } {
    const words = this.#words;
    const turn = Atomics.load(words, TURN);
    for (let done = Atomics.load(words, DONE); done !== turn; done = Atomics.load(words, DONE)) {
      if (Atomics.wait(words, DONE, done, 60_000) === "timed-out")
        throw new Error("a thread hangs");
    }
    const result = new BigInt64Array(words.buffer)[RESULT >> 1] as bigint;
    return { result, consumed: words[RESULT + 2] as number };
  }

  /** Until the last call that was started is over; this thread stays awake. */
  spin(): void {
    const turn = Atomics.load(this.#words, TURN);
    while (Atomics.load(this.#words, DONE) !== turn);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function functionsOf(module: WebAssembly.Module): string[] {
  const all = WebAssembly.Module.exports(module).filter((e) => e.kind === "function");
  return all.map((e) => e.name);
}

function serve({ module, memory, words }: Data): void {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  const names = functionsOf(module);
  const results = new BigInt64Array(words.buffer);
  for (let turn = 0; ; turn++) {
    Atomics.wait(words, TURN, turn);
    const code = words[FUNCTION] as number;
    const call = exports[names[code >> 1] as string] as Exports[string];
    const args = Array.from(words.subarray(ARGUMENTS, ARGUMENTS + MOST_ARGUMENTS));
    let result = 0n;
    if ((code & 1) === 1) {
      for (let part = BigInt(call(...args)); part >= 0n; part = BigInt(call(...args)))
        result |= part;
    } else {
      result = BigInt(call(...args) ?? 0);
    }
    results[RESULT >> 1] = result;
    words[RESULT + 2] = Number(exports["consumed"]?.() ?? 0);
    Atomics.store(words, DONE, turn + 1);
    Atomics.notify(words, DONE);
  }
}

if (!isMainThread) serve(workerData as Data);
