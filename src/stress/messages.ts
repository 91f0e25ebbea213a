// What rings are measured against: the same number of items as messages, one a message, from the
// host to a thread by `postMessage`, and between two threads over a MessageChannel. Nanoseconds an
// item, from the first post to the receipt of the last.

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

type Order =
  | { readonly kind: "post"; readonly port: MessagePort; readonly items: number }
  | { readonly kind: "receive"; readonly port: MessagePort | undefined; readonly items: number };

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
    for (let i = 0; i < items; i++) to.postMessage(i);
    const [ended] = (await over) as [bigint];
    return Number(ended - began) / items;
  }

  /** Thread to thread. */
  async byChannel(items: number): Promise<number> {
    const [from, to] = this.#pair;
    const { port1, port2 } = new MessageChannel();
    const ready = once(to, "message");
    to.postMessage({ kind: "receive", port: port2, items } satisfies Order, [port2]);
    await ready;
    const over = once(to, "message");
    const began = once(from, "message");
    from.postMessage({ kind: "post", port: port1, items } satisfies Order, [port1]);
    const [[start], [end]] = (await Promise.all([began, over])) as [[bigint], [bigint]];
    port1.close();
    return Number(end - start) / items;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function serve(host: MessagePort): void {
  let count = 0;
  let items = 0;
  let sum = 0;
  const take = (item: number) => {
    sum += item;
    if (++count < items) return;
    const ended = now();
    if (sum !== (items * (items - 1)) / 2) throw new Error("a message was lost");
    items = 0;
    host.postMessage(ended);
  };
  host.on("message", (order: Order | number) => {
    if (typeof order === "number") return take(order);
    if (order.kind === "post") {
      const began = now();
      for (let i = 0; i < order.items; i++) order.port.postMessage(i);
      host.postMessage(began);
      return;
    }
    ({ items } = order);
    count = 0;
    sum = 0;
    order.port?.on("message", take);
    host.postMessage(0n);
  });
  host.postMessage(0n);
}

if (!isMainThread && (workerData as { messenger?: true } | null)?.messenger && parentPort) {
  serve(parentPort);
}
