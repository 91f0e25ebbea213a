// The worker threads of an engine: starting them, noticing that one ended, and
// ending them. Messages carry foreign buffers only; work goes through the rings.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  Worker,
  type WorkerOptions,
} from "node:worker_threads";
import {
  CONTROL_CLOSED,
  CONTROL_WORKERS,
  GATE_EPOCH,
  LINE_GATE,
  LINE_SCRATCH,
  LINE_STATE,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  SCRATCH_SIZE,
  STATE_READY,
  WORK_GATE,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import type { Shared } from "./shared.js";
import { clearTimeout, setTimeout } from "./timers.js";

/** What a worker gets when it starts. */
export interface WorkerInit {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly me: number;
  readonly port: MessagePort;
}

/** A worker that goes on so long after its job was stopped is ended, unless an option says otherwise. */
export const STUCK_AFTER_MS = 1000;
/** A worker that has not ended by itself this long after `close` is stuck in user code. */
const GRACE_MS = 1000;
/** Until a thread that could not be made counts as a death: those that are missing may come back. */
const REFUSED_MS = 20;

/** Where this module is, in a form that no tool rewrites. */
const HERE = import.meta.url;

function makeWorker(options: WorkerOptions & { workerData: WorkerInit }): Worker {
  const { workerData, transferList, execArgv, resourceLimits, name } = options as Required<
    typeof options
  >;
  try {
    // Both literal, so that bundlers find the file and can read the options.
    return new Worker(new URL("./worker.js", import.meta.url), {
      workerData,
      transferList,
      execArgv,
      resourceLimits,
      name,
    });
  } catch (error) {
    // Vite makes an address of its server of it, for tests that run as in a page (jsdom); and there
    // `URL` may be another than the runtime's.
    const { code } = error as { code?: unknown };
    const isOfPage = code === "ERR_INVALID_URL_SCHEME" || code === "ERR_INVALID_ARG_TYPE";
    if (!isOfPage || !HERE.startsWith("file:")) throw error;
    return new Worker(join(dirname(fileURLToPath(HERE)), "worker.js"), options);
  }
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly ended: Promise<void>;
  /** What it threw last. */
  failure: unknown;
}

export class Threads {
  readonly #shared: Shared;
  readonly #limits: ResourceLimits;
  readonly stuckAfter: number;
  /** By participant. A dead one stays until another takes its place. */
  readonly #threads = new Map<number, Thread>();
  /** Foreign buffers by number: weak, since their users hold them. */
  readonly #buffers = new Map<number, WeakRef<SharedArrayBuffer>>();
  readonly #ids = new WeakMap<SharedArrayBuffer, number>();
  readonly #gone: FinalizationRegistry<number>;
  #nextId = 1;
  #closing = false;
  /** Called once a foreign buffer was collected that `numberOf` had numbered. */
  onGone: (id: number) => void = () => {};
  /** Called once a worker ended that was not asked to. May be called again for the same death. */
  onDeath: (me: number, cause: unknown) => void = () => {};

  /** @param stuckAfter milliseconds that a worker may go on for once its job was stopped */
  constructor(shared: Shared, limits: ResourceLimits = {}, stuckAfter = STUCK_AFTER_MS) {
    this.stuckAfter = stuckAfter;
    this.#shared = shared;
    this.#limits = limits;
    this.#gone = new FinalizationRegistry((id) => {
      this.#buffers.delete(id);
      this.onGone(id);
      for (const { port } of this.#threads.values()) port.postMessage({ id });
    });
  }

  /**
   * Starts `count` workers; settles once all are ready. One that ends before is a death like others.
   * Nothing of this keeps the process alive.
   * @throws RingfoldError ERR_MEMORY, before a thread was started; (rejects) ERR_START
   */
  start(count: number): Promise<unknown> {
    // Growing the memory once, before the threads exist, is cheaper than once a thread.
    for (let me = 0; me < count; me++) {
      const scratch = this.#shared.arena.alloc(SCRATCH_SIZE);
      this.#shared.clearScratch(scratch);
      this.#shared.i32s[(this.#shared.line(me) + LINE_SCRATCH) >> 2] = scratch;
    }
    return Promise.all(Array.from({ length: count }, (_, me) => this.startOne(me)));
  }

  get areReady(): boolean {
    const workers = this.#shared.i32(CONTROL_WORKERS);
    for (let me = 0; me < workers; me++) if (!this.isReady(me)) return false;
    return true;
  }

  /**
   * Starts worker `me`, in place of a dead one if there was one; its line must be in order.
   * @throws (rejects) RingfoldError ERR_START; it is a death too
   */
  startOne(me: number): Promise<void> {
    try {
      return this.#startOne(me);
    } catch (cause) {
      // The system or the runtime has no thread to give.
      setTimeout(() => {
        if (!this.#closing) this.onDeath(me, cause);
      }, REFUSED_MS).unref();
      const what = `worker thread ${me} could not be started`;
      return Promise.reject(new RingfoldError("ERR_START", what, { cause }));
    }
  }

  #startOne(me: number): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const init: WorkerInit = {
      memory: this.#shared.memory,
      module: this.#shared.module,
      me,
      port: port2,
    };
    const worker = makeWorker({
      workerData: init,
      transferList: [port2],
      // An inherited --input-type would keep it from starting.
      execArgv: [],
      resourceLimits: this.#limits,
      name: `ringfold ${me}`,
    });
    worker.unref();
    port1.unref();
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const thread: Thread = { worker, port: port1, ended, failure: undefined };
    this.#threads.get(me)?.port.close();
    this.#threads.set(me, thread);
    for (const [id, buffer] of this.#buffers) port1.postMessage({ id, buffer: buffer.deref() });
    return new Promise((resolve, reject) => {
      worker.on("error", (error) => {
        thread.failure = error;
      });
      worker.once("exit", (code) => {
        const what = `worker thread ${me} ended with code ${code}`;
        const cause = thread.failure ?? new Error(what);
        reject(new RingfoldError("ERR_START", `${what} before it was ready`, { cause }));
        // If it is another's line by now, this death was noticed before.
        if (!this.#closing && this.#threads.get(me) === thread) this.onDeath(me, cause);
      });
      const word = (this.#shared.line(me) + LINE_STATE) >> 2;
      const wait = Atomics.waitAsync(this.#shared.i32s, word, 0);
      if (wait.async) void wait.value.then(() => resolve());
      else resolve();
    });
  }

  /** True if worker `me` has told that it is there. */
  isReady(me: number): boolean {
    const word = (this.#shared.line(me) + LINE_STATE) >> 2;
    return Atomics.load(this.#shared.i32s, word) === STATE_READY;
  }

  /** Ends worker `me` wherever it stands, as whoever holds it could; `cause` is told of its death. */
  async terminate(me: number, cause?: unknown): Promise<void> {
    const thread = this.#threads.get(me);
    if (thread === undefined) return;
    thread.failure ??= cause;
    await thread.worker.terminate();
  }

  /** The number under which every worker knows this buffer; they learn of a new one here. */
  numberOf(buffer: SharedArrayBuffer): number {
    let id = this.#ids.get(buffer);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(buffer, id);
      this.#buffers.set(id, new WeakRef(buffer));
      this.#gone.register(buffer, id);
      for (const { port } of this.#threads.values()) port.postMessage({ id, buffer });
    }
    return id;
  }

  /** Asks all to end and waits until they have. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const { i32s } = this.#shared;
      Atomics.store(i32s, CONTROL_CLOSED >> 2, 1);
      this.#wakeAll(WORK_GATE);
      for (let s = 0; s < MAX_SUBMITTERS; s++) {
        this.#wakeAll(this.#shared.line(MAX_WORKERS + s) + LINE_GATE);
      }
    }
    const threads = [...this.#threads.values()];
    const all = Promise.all(threads.map((t) => t.ended));
    // Also keeps the event loop alive until they have ended.
    const stuck = setTimeout(() => {
      for (const { worker } of threads) void worker.terminate();
    }, GRACE_MS);
    await all;
    clearTimeout(stuck);
    for (const { port } of threads) port.close();
  }

  #wakeAll(gate: number): void {
    const { i32s } = this.#shared;
    Atomics.add(i32s, (gate + GATE_EPOCH) >> 2, 1);
    Atomics.notify(i32s, (gate + GATE_EPOCH) >> 2);
  }
}
