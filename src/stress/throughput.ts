// `throughput`: items through a ring whose consumers park at a gate. Closed loop: as fast as it
// goes, times counted from the moment of sending. Constant rate: a schedule says when each item is
// due, and its time counts from then, also when the producer came late to it (G. Tene's
// coordinated omission). Beside it, interleaved, the same number of items as messages, in several
// ways: messages.ts.

import {
  NOTE_BEGAN,
  NOTE_COUNT,
  NOTE_ENDED,
  NOTE_FAILED,
  NOTE_FULL,
  NOTE_NOTIFIES,
  NOTE_SUM,
} from "../core/drill-map.js";
import { Drill, type Outcome, type Task } from "./drill.js";
import { type Load, MANY, Messengers } from "./messages.js";
import type { Run, Scenario, Summary, Violation } from "./scenario.js";
import { TIME_COLUMNS, Times, timeCells } from "./times.js";

/**
 * Half a second-level cache of slots. What one side can do while the other has no processor is that
 * much; the queue of a MessageChannel has no bound.
 */
const CAPACITY = 16_384;
const BATCH = 32;
/** Slots are as large as an item: 32 bytes. */
const ITEM_SHIFT = 5;
/** Items a second of the constant rate, if none is given. */
const RATE = 200_000;
/** Looks in vain before a consumer parks, and before a producer naps: some 30 µs. */
const LOOKS = 10_000;
/** Of so many items in the closed loop one is timed: looking at a clock costs as much as 10 items. */
const EVERY = 1024;
/** Nanoseconds that the slowest way takes for a message, about: rounds are sized by it. */
const MESSAGE = 4000;
const MOST_ITEMS = 200_000;
/** So many times as many items go through the ring, which would be through with them in a millisecond. */
const RING_ITEMS = 5;
const RING_ROUNDS = 15;

/** What the ring is measured against. An item of the ring is a record. */
const WAYS: readonly { readonly name: string; readonly load: Load | "post" }[] = [
  { name: "MessageChannel, a record a message", load: "record" },
  { name: "MessageChannel, a bare number a message", load: "number" },
  { name: `MessageChannel, ${MANY} records a message`, load: "records" },
  { name: `MessageChannel, ${MANY} records in one typed array`, load: "packed" },
  { name: "postMessage from the host, a bare number a message", load: "post" },
];

interface Flow {
  readonly times: Times;
  items: number;
  /** Seconds. */
  seconds: number;
  full: number;
  failed: number;
  notifies: number;
  /** Items that each consumer took. */
  shares: number[];
}

const newFlow = (consumers: number): Flow => ({
  times: new Times(),
  items: 0,
  seconds: 0,
  full: 0,
  failed: 0,
  notifies: 0,
  shares: Array<number>(consumers).fill(0),
});

/** Jain's index: 1 if all have the same, 1/n if one has all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  const squares = shares.reduce((a, b) => a + b * b, 0);
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Sum of 0 … n − 1. */
const triangle = (n: number) => (BigInt(n) * BigInt(n - 1)) / 2n;

class Throughput {
  readonly #run: Run;
  readonly #drill: Drill;
  readonly #producers: number;
  readonly #consumers: number;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #closed: Flow;
  readonly #paced: Flow;
  /** Nanoseconds an item, a round. */
  readonly #ring: number[] = [];
  readonly #ways = new Map(WAYS.map(({ load }) => [load, [] as number[]]));
  #operations = 0;
  #failed = false;

  constructor(run: Run) {
    const { settings } = run;
    this.#run = run;
    this.#drill = new Drill(settings.modules.drill);
    this.#producers = settings.producers ?? 1;
    this.#consumers = settings.consumers ?? 1;
    this.#capacity = settings.capacity ?? CAPACITY;
    this.#batch = settings.batch ?? BATCH;
    this.#closed = newFlow(this.#consumers);
    this.#paced = newFlow(this.#consumers);
  }

  get #goesOn(): boolean {
    return !this.#failed && !this.#run.signal.aborted;
  }

  async run(): Promise<Summary> {
    const { duration } = this.#run.settings;
    const began = performance.now();
    const left = () => duration - (performance.now() - began);
    // Five rounds at least, in two thirds of the time: all ways together take 2 · MESSAGE an item.
    const items = Math.max(
      1000,
      Math.min(MOST_ITEMS, Math.floor((duration * 1e6 * 0.6) / 5 / (2 * MESSAGE))),
    );
    const messengers = await Messengers.start();
    try {
      // The first round runs code that is not optimised yet: it is not counted.
      await this.#compare(messengers, items, false);
      while (this.#goesOn && (left() > duration * 0.35 || this.#ring.length === 0)) {
        await this.#compare(messengers, items, true);
      }
      if (this.#goesOn) await this.#pace(Math.max(left(), duration * 0.1));
    } finally {
      await Promise.all([messengers.close(), this.#drill.close()]);
    }
    return this.#summary(items);
  }

  /** One round of each, in turn. */
  async #compare(messengers: Messengers, items: number, counts: boolean): Promise<void> {
    // Repeated, so that all see the same noise.
    for (let i = 0; i < RING_ROUNDS && this.#goesOn; i++) {
      const ns = await this.#close(items * RING_ITEMS);
      if (ns !== undefined && counts) this.#ring.push(ns);
    }
    for (const [load, times] of this.#ways) {
      const measured =
        load === "post" ? messengers.byPostMessage(items) : messengers.byChannel(load, items);
      const ns = await this.#unlessAborted(measured);
      this.#sample("messages");
      if (!this.#goesOn || ns === undefined) return;
      if (counts) times.push(ns);
    }
  }

  #unlessAborted(measured: Promise<number>): Promise<number | undefined> {
    const { signal } = this.#run;
    // It never settles once its threads are terminated.
    return new Promise((resolve, reject) => {
      const end = () => resolve(undefined);
      signal.addEventListener("abort", end, { once: true });
      measured.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }

  #sample(phase: string, more = 0): void {
    const { times } = this.#paced.items > 0 ? this.#paced : this.#closed;
    this.#run.sample({
      phase,
      operations: this.#operations + more,
      ...(times.count > 0 && { p50: times.percentile(50) / 1e6, p99: times.percentile(99) / 1e6 }),
    });
  }

  /** Closed loop: nanoseconds an item. */
  async #close(items: number): Promise<number | undefined> {
    const part = Math.ceil(items / this.#producers);
    return this.#flow("closed loop", this.#closed, Number.POSITIVE_INFINITY, (link, p) => ({
      program: "send",
      link,
      first: p * part,
      items: part,
      every: EVERY,
      batch: this.#batch,
      looks: LOOKS,
    }));
  }

  async #pace(ms: number): Promise<void> {
    const rate = (this.#run.settings.rate ?? RATE) / this.#producers;
    await this.#flow("constant rate", this.#paced, ms, (link) => ({
      program: "sendPaced",
      link,
      items: Math.max(1, Math.min(2 ** 31 - 1024, Math.floor((rate * ms) / 1000))),
      period: 1e9 / rate,
      looks: LOOKS,
    }));
  }

  async #flow(
    phase: string,
    flow: Flow,
    ms: number,
    sender: (link: number, p: number) => Task,
  ): Promise<number | undefined> {
    const drill = this.#drill;
    const [producers, consumers] = [this.#producers, this.#consumers];
    const threads = producers + consumers;
    const link = drill.link(1, this.#capacity, 0n, ITEM_SHIFT)[0] as number;
    const tasks = Array.from({ length: producers }, (_, p) => sender(link, p));
    for (let c = 0; c < consumers; c++) {
      tasks.push({ program: "receive", link, batch: this.#batch, producers, looks: LOOKS });
    }
    const outcome = await drill.run(tasks, this.#run.random.u32(), {
      signal: this.#run.signal,
      // A schedule that cannot be kept is cut off.
      limit: ms * 1.2,
      // With an empty ring, consumers wait for an item that is not due yet.
      progress: () => drill.progress() + (drill.idle(link) ? BigInt(Date.now()) : 0n),
      sample: () => this.#sample(phase, Number(drill.head(link))),
    });
    if (outcome === "aborted") return undefined;
    const broken = this.#judge(link, tasks, outcome);
    if (broken !== undefined) {
      this.#failed = true;
      const replay = { producers, consumers, capacity: this.#capacity, batch: this.#batch };
      this.#run.violation({ ...broken, detail: `${phase}: ${broken.detail}`, replay });
      return undefined;
    }
    const over = Array.from({ length: threads }, (_, me) => me);
    const began = Math.min(...over.map((me) => Number(drill.note64(me, NOTE_BEGAN))));
    const ended = Math.max(...over.map((me) => Number(drill.note64(me, NOTE_ENDED))));
    const items = Number(drill.head(link));
    flow.times.merge(drill.times(threads));
    flow.items += items;
    flow.seconds += (ended - began) / 1e9;
    flow.full += drill.total(NOTE_FULL, threads);
    flow.failed += drill.total(NOTE_FAILED, threads);
    flow.notifies += drill.total(NOTE_NOTIFIES, threads);
    for (let c = 0; c < consumers; c++) {
      flow.shares[c] = (flow.shares[c] ?? 0) + Number(drill.note64(producers + c, NOTE_COUNT));
    }
    this.#operations += items;
    this.#sample(phase);
    return (ended - began) / items;
  }

  /** All that was sent came out, once each as far as their sum tells. */
  #judge(link: number, tasks: readonly Task[], outcome: Outcome): Violation | undefined {
    const drill = this.#drill;
    const complaint = drill.complaint(tasks.length);
    if (complaint !== undefined) return complaint;
    if (outcome === "stalled") return { rule: "threads get on", detail: drill.describe(link) };
    if (typeof outcome === "object")
      return { rule: "no thread fails", detail: String(outcome.error) };
    let sent = 0;
    let sum = 0n;
    let taken = 0;
    for (const [me, task] of tasks.entries()) {
      if (task.program === "receive") {
        taken += Number(drill.note64(me, NOTE_COUNT));
        sum -= drill.note64(me, NOTE_SUM);
        continue;
      }
      const n = drill.results[me] ?? 0;
      const first = task.program === "send" ? task.first : 0;
      sent += n - Number(drill.note64(me, NOTE_FAILED));
      sum += triangle(first + n) - triangle(first) - drill.note64(me, NOTE_SUM);
    }
    if (taken === sent && sum === 0n) return undefined;
    const detail = `${sent} were put, ${taken} taken; their sums differ by ${sum}`;
    return { rule: "every item exactly once", detail };
  }

  #summary(items: number): Summary {
    const ring = median(this.#ring);
    const ways = WAYS.map(({ name, load }) => ({ name, ns: median(this.#ways.get(load) ?? []) }));
    const digits = (x: number) => (Number.isFinite(x) ? Number(x.toPrecision(3)) : "–");
    const shape = `${this.#producers}×${this.#consumers}, batch ${this.#batch}, capacity ${this.#capacity}`;
    const flows: [string, Flow][] = [
      ["closed loop, from sending (not corrected)", this.#closed],
      [`${this.#run.settings.rate ?? RATE} a second, from when due`, this.#paced],
    ];
    return {
      operations: this.#operations,
      figures: {
        "ring (ns an item)": digits(ring),
        ...Object.fromEntries(
          ways.map(({ name, ns }) => [`times as fast as ${name}`, digits(ns / ring)]),
        ),
      },
      tables: [
        {
          title: "time of an item that got through",
          columns: ["load", "timed", ...TIME_COLUMNS],
          rows: flows.map(([name, flow]) => [name, flow.times.count, ...timeCells(flow.times)]),
        },
        {
          title: `flow, ${shape}`,
          columns: [
            "load",
            "items a second",
            "failed (full for 100 ms)",
            "found it full",
            "notifies an item",
            "least share / greatest",
            "Jain's index",
          ],
          rows: flows.map(([name, flow]) => [
            name,
            Math.round(flow.items / flow.seconds) || 0,
            flow.failed,
            flow.full,
            digits(flow.notifies / flow.items),
            digits(Math.min(...flow.shares) / Math.max(...flow.shares)),
            digits(jain(flow.shares)),
          ]),
        },
        {
          title: `medians of ${this.#ways.get("record")?.length ?? 0} interleaved rounds of ${items} items, of the ring ${items * RING_ITEMS}`,
          columns: ["way", "ns an item", "times the ring"],
          rows: [
            [`ring, ${this.#batch} records at a time`, digits(ring), 1],
            ...ways.map(({ name, ns }) => [name, digits(ns), digits(ns / ring)]),
          ],
        },
      ],
    };
  }
}

export const throughput: Scenario = {
  name: "throughput",
  describe: "items through a ring, as fast as it goes and at a constant rate, beside messages",
  asserts: "all items arrive; latencies of successes only, corrected for coordinated omission",
  unit: "items",
  takes: ["producers", "consumers", "capacity", "batch", "rate"],
  run: (run) => new Throughput(run).run(),
};
