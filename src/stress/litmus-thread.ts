// A thread of stress/litmus.ts. The threads of a test go through batches of instances together;
// thread 0 counts outcomes between them.

import { parentPort, workerData } from "node:worker_threads";
import { type Loops, loopsOn } from "./litmus-loops.js";
import { type Counts, type Job, type LitmusThread, PLACE, type Side } from "./litmus-places.js";
import { type Litmus, TESTS, type Variant } from "./litmus-tests.js";
import { Random } from "./random.js";

/** Instances of one batch. */
const MOST_INSTANCES = 1024;
const SEEN_BYTES = 4 * MOST_INSTANCES;
const STRIDES = [4, 16, 64, 128, 256];
/** Turns that the start of a thread is put off by, at most. */
const DELAYS = [0, 4, 30, 300];
/** Looks at the barrier before it naps: less than a batch if there are processors for all. */
const LOOKS = 20_000;

const { memory, module, me, cores } = workerData as LitmusThread;
const words = new Int32Array(memory.buffer);
const longs = new BigInt64Array(memory.buffer);
const sides: Record<Side, Loops> = {
  js: loopsOn(words),
  wasm: new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Loops,
};

class Batches {
  readonly #test: Litmus;
  readonly #job: Job;
  readonly #random: Random;
  readonly #counts: Counts = new Map();
  #arrivals = 0;

  constructor(job: Job) {
    this.#job = job;
    this.#test = TESTS[job.test] as Litmus;
    this.#random = new Random(job.seed, me);
  }

  run(): Counts {
    // At least one batch, however late this thread comes.
    if (me === 0) this.#prepare(1);
    for (;;) {
      this.#meet();
      if (Atomics.load(words, PLACE.more >> 2) === 0) return this.#counts;
      this.#play();
      this.#meet();
      if (me === 0) {
        this.#count();
        this.#prepare(1 - Atomics.load(words, PLACE.stop >> 2));
      }
    }
  }

  #meet(): void {
    const threads = this.#test.threads.length;
    this.#arrivals += threads;
    Atomics.add(words, PLACE.arrived >> 2, 1);
    const looks = threads > cores ? 100 : LOOKS;
    for (let i = 0; Atomics.load(words, PLACE.arrived >> 2) < this.#arrivals; i++) {
      if (i > looks) Atomics.wait(words, PLACE.nap >> 2, 0, 0.02);
    }
  }

  #prepare(more: number): void {
    const stride = this.#random.pick(STRIDES);
    const count = this.#random.pick([64, 256, MOST_INSTANCES]);
    words[PLACE.stride >> 2] = stride;
    words[PLACE.count >> 2] = count;
    for (let i = 0; i < count; i++) {
      words[(PLACE.x + i * stride) >> 2] = 0;
      words[(PLACE.y + i * stride) >> 2] = 0;
    }
    Atomics.store(words, PLACE.more >> 2, more);
  }

  #play(): void {
    const { threads, variants } = this.#test;
    const [first, second] = threads[me] as Litmus["threads"][number];
    const [f, s = 0] = (variants[this.#job.variant] as Variant).atomic[me] as number[];
    if (first === undefined || f === undefined) throw new Error("a thread without accesses");
    const loops = sides[this.#job.side];
    const stride = words[PLACE.stride >> 2] as number;
    const count = words[PLACE.count >> 2] as number;
    const reads = threads
      .slice(0, me)
      .flat()
      .filter((a) => a.kind === "read").length;
    const seen = PLACE.seen + reads * SEEN_BYTES;
    const a = first.at === 0 ? PLACE.x : PLACE.y;
    const b = second?.at === 0 ? PLACE.x : PLACE.y;
    for (let i = this.#random.integer(0, this.#random.pick(DELAYS)); i > 0; i--) {
      Atomics.load(words, PLACE.nap >> 2);
    }
    if (first.kind === "write") {
      if (second === undefined) loops.writeOnly(f, a, stride, count, first.value);
      else if (second.kind === "read") {
        loops.writeRead(f, s, a, b, stride, count, first.value, seen);
      } else loops.writeWrite(f, s, a, b, stride, count, first.value, second.value);
    } else if (second?.kind === "read") {
      loops.readRead(f, s, a, b, stride, count, seen, SEEN_BYTES);
    } else if (second !== undefined) {
      loops.readWrite(f, s, a, b, stride, count, second.value, seen);
    }
  }

  /** Thread 0's, between two meetings: nobody else touches the words. */
  #count(): void {
    const { threads, finals } = this.#test;
    const stride = words[PLACE.stride >> 2] as number;
    const count = words[PLACE.count >> 2] as number;
    const reads = threads.flat().filter((a) => a.kind === "read").length;
    // Digits to base 4, the first read's the highest; values are 0 to 2, so 3 stands for the rest.
    const codes = new Uint32Array(4 ** (reads + finals.length));
    const digit = (value: number) => (value >= 0 && value < 3 ? value : 3);
    for (let i = 0; i < count; i++) {
      let code = 0;
      for (let r = 0; r < reads; r++) {
        code = 4 * code + digit(words[((PLACE.seen + r * SEEN_BYTES) >> 2) + i] as number);
      }
      for (const at of finals) {
        const base = at === 0 ? PLACE.x : PLACE.y;
        code = 4 * code + digit(words[(base + i * stride) >> 2] as number);
      }
      codes[code] = (codes[code] as number) + 1;
    }
    for (const [code, n] of codes.entries()) {
      if (n === 0) continue;
      const digits = code.toString(4).padStart(reads + finals.length, "0");
      const key = [...digits].join(",");
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + n);
    }
    Atomics.add(longs, PLACE.instances >> 3, BigInt(count));
  }
}

parentPort?.on("message", (job: Job) => parentPort?.postMessage(new Batches(job).run()));
