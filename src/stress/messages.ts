// What rings are measured against: the same number of items as messages, between two threads over a
// MessageChannel and from the host to a thread by `postMessage`. Nanoseconds an item, from the first
// post to the receipt of the last.
//
// What a message carries: a bare number; a record with the fields of an item of the ring, as a
// program would post it; 32 such records in an array; the same in one typed array. Receivers check
// what the ring's consumers check: each checksum, and the sum of all indices. A checksum here is of
// 32 bits, since BigInt arithmetic would slow the messages down.

import { once } from "node:events";
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from "node:worker_threads";
import { now } from "./drill-core.js";

export type Load = "number" | "record" | "records" | "packed";

type Order =
  | {
      readonly kind: "post";
      readonly port: MessagePort;
      readonly load: Load;
      readonly items: number;
    }
  | { readonly kind: "receive"; readonly port: MessagePort | undefined; readonly items: number };

interface Item {
  readonly producer: number;
  readonly index: number;
  readonly check: number;
  /** Nanoseconds; 0: not timed. */
  readonly stamp: number;
}

type Message = number | Item | readonly Item[] | Float64Array;

/** Items of a message that has several. */
export const MANY = 32;
const FIELDS = 4;
const PRODUCER = 1;

function checkOf(producer: number, index: number): number {
  const mixed = Math.imul(index ^ (producer << 20), 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
}

const itemOf = (index: number): Item => ({
  producer: PRODUCER,
  index,
  check: checkOf(PRODUCER, index),
  stamp: 0,
});

function messageOf(load: Load, first: number, n: number): Message {
  if (load === "number") return first;
  if (load === "record") return itemOf(first);
  if (load === "records") return Array.from({ length: n }, (_, i) => itemOf(first + i));
  const packed = new Float64Array(n * FIELDS);
  for (let i = 0; i < n; i++) {
    packed[i * FIELDS] = PRODUCER;
    packed[i * FIELDS + 1] = first + i;
    packed[i * FIELDS + 2] = checkOf(PRODUCER, first + i);
  }
  return packed;
}

function post(port: { postMessage(message: Message): void }, load: Load, items: number): void {
  const step = load === "number" || load === "record" ? 1 : MANY;
  for (let i = 0; i < items; i += step) {
    port.postMessage(messageOf(load, i, Math.min(step, items - i)));
  }
}

/** Items and the sum of their indices. */
class Receipt {
  count = 0;
  sum = 0;

  take(message: Message): void {
    if (typeof message === "number") {
      this.count++;
      this.sum += message;
    } else if (message instanceof Float64Array) {
      for (let i = 0; i < message.length; i += FIELDS) {
        const [producer, index, check] = [message[i], message[i + 1], message[i + 2]];
        this.#check(producer as number, index as number, check as number);
      }
    } else if (Array.isArray(message)) {
      for (const { producer, index, check } of message as Item[]) {
        this.#check(producer, index, check);
      }
    } else {
      const { producer, index, check } = message as Item;
      this.#check(producer, index, check);
    }
  }

  #check(producer: number, index: number, check: number): void {
    if (check !== checkOf(producer, index)) throw new Error("a message is not what was posted");
    this.count++;
    this.sum += index;
  }
}

export class Messengers {
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  static async start(): Promise<Messengers> {
    const url = new URL(import.meta.url);
    const start = () => new Worker(url, { workerData: { messenger: true }, execArgv: [] });
    const workers = [start(), start()];
    await Promise.all(workers.map((worker) => once(worker, "message")));
    return new Messengers(workers);
  }

  get #pair(): readonly [Worker, Worker] {
    return this.#workers as [Worker, Worker];
  }

  /** Host to thread, as a program would post tasks. */
  async byPostMessage(items: number): Promise<number> {
    const [to] = this.#pair;
    const ready = once(to, "message");
    to.postMessage({ kind: "receive", port: undefined, items } satisfies Order);
    await ready;
    const began = now();
    const over = once(to, "message");
    post(to, "number", items);
    const [ended] = (await over) as [bigint];
    return Number(ended - began) / items;
  }

  /** Thread to thread. */
  async byChannel(load: Load, items: number): Promise<number> {
    const [from, to] = this.#pair;
    const { port1, port2 } = new MessageChannel();
    const ready = once(to, "message");
    to.postMessage({ kind: "receive", port: port2, items } satisfies Order, [port2]);
    await ready;
    const over = once(to, "message");
    const began = once(from, "message");
    from.postMessage({ kind: "post", port: port1, load, items } satisfies Order, [port1]);
    const [[start], [end]] = (await Promise.all([began, over])) as [[bigint], [bigint]];
    port1.close();
    return Number(end - start) / items;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function serve(host: MessagePort): void {
  let receipt = new Receipt();
  let items = 0;
  const take = (message: Message) => {
    receipt.take(message);
    if (receipt.count < items) return;
    const ended = now();
    if (receipt.sum !== (items * (items - 1)) / 2) throw new Error("a message was lost");
    host.postMessage(ended);
  };
  host.on("message", (order: Order | number) => {
    if (typeof order === "number") return take(order);
    if (order.kind === "post") {
      const began = now();
      post(order.port, order.load, order.items);
      host.postMessage(began);
      return;
    }
    ({ items } = order);
    receipt = new Receipt();
    order.port?.on("message", take);
    host.postMessage(0n);
  });
  host.postMessage(0n);
}

if (!isMainThread && (workerData as { messenger?: true } | null)?.messenger && parentPort) {
  serve(parentPort);
}
