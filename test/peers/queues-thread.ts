// What Node has between two threads: MessageChannel, and the npm package ringbuf.js (one producer,
// one consumer). Two worker threads that stay, one at either end; a batch is 32 numbers in one
// message, or one `push` and one `pop` of 32. Nanoseconds from the first put to the receipt of the last.

import { once } from "node:events";
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { RingBuffer } from "ringbuf.js";

const CAPACITY = 1024;
/** Looks in vain before a thread gives its processor away: there may be fewer than threads. */
const LOOKS = 2000;
const NAP_MS = 0.02;

export type NodeQueue = "MessageChannel" | "ringbuf.js";

interface Order {
  readonly end: "producer" | "consumer";
  readonly by: MessagePort | SharedArrayBuffer;
  readonly items: number;
  readonly batch: number;
}

/** `at`: when a producer began, when a consumer had the last. */
interface Part {
  readonly at: bigint;
  readonly count: number;
  readonly sum: number;
}

export interface Flow {
  readonly nanoseconds: number;
  readonly count: number;
  readonly sum: number;
}

/** The types of ringbuf.js name none. */
interface Ring {
  push(elements: Float64Array, length: number, offset: number): number;
  pop(elements: Float64Array, length: number, offset: number): number;
}
type RingClass = new (storage: SharedArrayBuffer, type: Float64ArrayConstructor) => Ring;
const Rings = RingBuffer as unknown as RingClass & {
  getStorageForCapacity(capacity: number, type: Float64ArrayConstructor): SharedArrayBuffer;
};

export class NodeThreads {
  readonly #workers: readonly [Worker, Worker];

  private constructor(workers: readonly [Worker, Worker]) {
    this.#workers = workers;
  }

  static async start(): Promise<NodeThreads> {
    const start = () =>
      new Worker(new URL(import.meta.url), { workerData: { queues: true }, execArgv: [] });
    const workers = [start(), start()] as const;
    await Promise.all(workers.map((worker) => once(worker, "message")));
    return new NodeThreads(workers);
  }

  /** 0 … items − 1 from one thread to the other. */
  async run(queue: NodeQueue, batch: number, items: number): Promise<Flow> {
    const [from, to] = this.#workers;
    const { port1, port2 } = new MessageChannel();
    const ends =
      queue === "MessageChannel"
        ? [port1, port2]
        : Array<SharedArrayBuffer>(2).fill(Rings.getStorageForCapacity(CAPACITY, Float64Array));
    const [put, taken] = [from, to].map(async (worker, i) => {
      const by = ends[i] as MessagePort | SharedArrayBuffer;
      const order: Order = { end: i === 0 ? "producer" : "consumer", by, items, batch };
      const over = once(worker, "message");
      worker.postMessage(order, by instanceof SharedArrayBuffer ? [] : [by]);
      return ((await over) as [Part])[0];
    }) as [Promise<Part>, Promise<Part>];
    const { at: began } = await put;
    const { at: ended, count, sum } = await taken;
    return { nanoseconds: Number(ended - began), count, sum };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Waits; returns how many looks were in vain. */
function snooze(looks: number): number {
  if (looks < LOOKS) return looks + 1;
  Atomics.wait(nobody, 0, 0, NAP_MS);
  return 0;
}

function post(port: MessagePort, items: number, batch: number): void {
  if (batch === 1) {
    for (let i = 0; i < items; i++) port.postMessage(i);
  } else {
    const part = new Float64Array(batch);
    for (let i = 0; i < items; i += batch) {
      const n = Math.min(batch, items - i);
      for (let k = 0; k < n; k++) part[k] = i + k;
      port.postMessage(n === batch ? part : part.slice(0, n));
    }
  }
  port.close();
}

function push(ring: Ring, items: number, batch: number): void {
  const part = new Float64Array(batch);
  for (let i = 0; i < items; i += batch) {
    const n = Math.min(batch, items - i);
    for (let k = 0; k < n; k++) part[k] = i + k;
    let looks = 0;
    for (let done = 0; done < n; ) {
      const pushed = ring.push(part, n - done, done);
      if (pushed === 0) looks = snooze(looks);
      done += pushed;
    }
  }
}

/** Until all have come. */
function receive(port: MessagePort, items: number): Promise<Part> {
  return new Promise((resolve) => {
    let [count, sum] = [0, 0];
    port.on("message", (message: number | Float64Array) => {
      if (typeof message === "number") {
        count++;
        sum += message;
      } else {
        for (let k = 0; k < message.length; k++) sum += message[k] as number;
        count += message.length;
      }
      if (count >= items) resolve({ at: process.hrtime.bigint(), count, sum });
    });
  });
}

function pop(ring: Ring, items: number, batch: number): Part {
  const part = new Float64Array(batch);
  let [count, sum, looks] = [0, 0, 0];
  while (count < items) {
    const n = ring.pop(part, batch, 0);
    for (let k = 0; k < n; k++) sum += part[k] as number;
    count += n;
    looks = n === 0 ? snooze(looks) : 0;
  }
  return { at: process.hrtime.bigint(), count, sum };
}

async function serve({ end, by, items, batch }: Order): Promise<void> {
  const ring = by instanceof SharedArrayBuffer ? new Rings(by, Float64Array) : undefined;
  if (end === "consumer") {
    const part = ring ? pop(ring, items, batch) : await receive(by as MessagePort, items);
    parentPort?.postMessage(part);
    return;
  }
  const at = process.hrtime.bigint();
  if (ring) push(ring, items, batch);
  else post(by as MessagePort, items, batch);
  parentPort?.postMessage({ at, count: 0, sum: 0 } satisfies Part);
}

if (!isMainThread && (workerData as { queues?: true } | null)?.queues) {
  parentPort?.on("message", serve);
  parentPort?.postMessage("ready");
}
