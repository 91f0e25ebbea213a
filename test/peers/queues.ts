// Queues of 1,024 places between threads: the core's ring, one record or 32 at a time, against what
// other languages have and what Node has. Everywhere the same items: 0 … n − 1, shared out among
// producers; their count and sum are checked. Goals are against crossbeam's ArrayQueue, which has no
// batches: 32 single operations are its batch of 32. The others make one table.

import { interleave, type Side, spread, type Times } from "./measure.js";
import { Child, type NativeName, startNative } from "./native.js";
import { type NodeQueue, NodeThreads } from "./queues-thread.js";
import { BATCH, checkFlow, RingThreads, SHAPES, type Shape } from "./ring.js";
import { digits, figureRow, least, type Row, ratioRow } from "./row.js";

export const QUEUE_PEERS = ["crossbeam", "boost", "jctools"] as const satisfies NativeName[];

/** Items of a run, so that it takes about a tenth of a second at most. */
const ITEMS = 1_000_000;
const MESSAGES = 100_000;
const BATCHES = [1, BATCH] as const;
const OURS = "ring";

const shapeName = ([producers, consumers]: Shape) => `${producers}P${consumers}C`;
const sideName = (queue: string, shape: Shape, batch: number) =>
  `${queue}, ${shapeName(shape)}, ${batch === 1 ? "singly" : `${batch} at a time`}`;

/** Nanoseconds an item through a queue in another language. */
export async function askQueue(
  child: Child,
  [producers, consumers]: Shape,
  batch: number,
  items: number,
): Promise<number> {
  const answer = await child.ask("run", producers, consumers, batch, items);
  checkFlow(child.title, items, Number(answer[1]), BigInt(answer[2] as string));
  return Number(answer[0]) / items;
}

/** The same through one of Node's, from one thread to another. */
export async function askNode(
  threads: NodeThreads,
  queue: NodeQueue,
  batch: number,
  items: number,
): Promise<number> {
  const { nanoseconds, count, sum } = await threads.run(queue, batch, items);
  checkFlow(queue, items, count, BigInt(sum));
  return nanoseconds / items;
}

const show = (ns: number) => `${digits(ns)} ns ${digits(1e3 / ns)} M/s`;

/** Ours against crossbeam's single operations. */
function goals(times: Times): Row[] {
  return BATCHES.flatMap((batch) =>
    SHAPES.map((shape) => {
      const name = `queue-${batch}-${shapeName(shape)}`;
      const what =
        batch === 1
          ? `single operations, ${shapeName(shape)}, against crossbeam's, an item`
          : `${batch} at a time, ${shapeName(shape)}, against crossbeam's single operations, an item`;
      const ours = sideName(OURS, shape, batch);
      const theirs = sideName("crossbeam", shape, 1);
      return ratioRow(name, what, times, [ours], [theirs], show, least(batch === 1 ? 0.7 : 3));
    }),
  );
}

/** Million items a second of all, a line a queue. */
function table(times: Times, absent: readonly string[]): Row {
  const columns = SHAPES.flatMap((shape) => BATCHES.map((batch) => ({ shape, batch })));
  const cell = (queue: string, { shape, batch }: (typeof columns)[number]) => {
    const of = times.get(sideName(queue, shape, batch));
    return of === undefined ? "–" : digits(1e3 / spread(of).median);
  };
  const line = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(15)}${cells.map((text) => text.padStart(16)).join("")}`;
  const queues = new Set([...times.keys()].map((name) => name.split(",")[0] as string));
  const heads = columns.map(({ shape, batch }) => `${shapeName(shape)} ${batch}`);
  const best = times.get(sideName(OURS, SHAPES[0] as Shape, BATCH)) ?? [];
  const rates = best.map((ns) => 1e3 / ns);
  const row = figureRow("queues", "ring, 1P1C, 32 at a time", rates, "million items/s");
  row.notes.push(
    "million items a second; –: the queue has no batches, or no place for two at one side",
    line("", heads),
    ...[...queues].map((queue) =>
      line(
        queue,
        columns.map((column) => cell(queue, column)),
      ),
    ),
    ...absent,
  );
  return row;
}

export async function queues(rounds: number): Promise<{ rows: Row[]; times: Times }> {
  const started = await Promise.all(
    QUEUE_PEERS.map(async (name) => [name, await startNative(name)] as const),
  );
  const absent = started.flatMap(([, child]) => (child instanceof Child ? [] : [child]));
  const [ring, threads] = [await RingThreads.start(), await NodeThreads.start()];
  const sides: Side[] = SHAPES.flatMap((shape) =>
    BATCHES.map((batch) => ({
      name: sideName(OURS, shape, batch),
      run: () => ring.rush(shape, batch, ITEMS),
    })),
  );
  for (const [name, child] of started) {
    if (!(child instanceof Child)) continue;
    for (const shape of SHAPES) {
      for (const batch of name === "jctools" ? BATCHES : [1]) {
        const run = () => askQueue(child, shape, batch, ITEMS);
        sides.push({ name: sideName(name, shape, batch), run });
      }
    }
  }
  for (const queue of ["MessageChannel", "ringbuf.js"] as const) {
    for (const batch of BATCHES) {
      const run = () => askNode(threads, queue, batch, batch === 1 ? MESSAGES : ITEMS);
      sides.push({ name: sideName(queue, SHAPES[0] as Shape, batch), run });
    }
  }
  let times: Times;
  try {
    times = await interleave(sides, rounds, 2);
  } finally {
    const children = started.flatMap(([, child]) => (child instanceof Child ? [child] : []));
    await Promise.all([ring, threads, ...children].map((each) => each.close()));
  }
  const isThere = started.some(([name, child]) => name === "crossbeam" && child instanceof Child);
  return { rows: [...(isThere ? goals(times) : []), table(times, absent)], times };
}
