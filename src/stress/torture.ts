// `torture`: producers × consumers × capacity × batch × spin over one ring, more threads than
// processors included, with tickets next to every wrap. Each round is checked by itself: every
// item exactly once, in its producer's order, as it was put, and nothing left.
//
// A ring's last ticket is 2^63 − 2: `reserve` answers by a ticket or −1. At a thousand million a
// second that is 292 years away, so it is no wrap but an end, and rounds end exactly there.

import { availableParallelism } from "node:os";
import { LINK_RING, NOTE_COUNT } from "../core/drill-map.js";
import { Drill, type Task } from "./drill.js";
import type { Random } from "./random.js";
import type { Run, Scenario, Settings, Summary, Table, Violation } from "./scenario.js";

interface Combination {
  readonly producers: number;
  readonly consumers: number;
  readonly capacity: number;
  readonly batch: number;
  /** Gives its processor away late; else naps after a few looks. */
  readonly spins: boolean;
}

const SHAPES = [
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 2],
  [4, 4],
] as const;
const CAPACITIES = [2, 4, 64, 1024, 16_384];
const BATCHES = [1, 5, 32];
/** Looks in vain before each nap. A spin of some 50 µs was for threads that have no processor. */
const LOOKS = { spins: 20_000, naps: 200 };
const WRAPS = [
  ["0", 0n],
  ["2^31", 2n ** 31n],
  ["2^32", 2n ** 32n],
  ["2^53", 2n ** 53n],
  ["2^63", 2n ** 63n - 1n],
] as const;
const END = 2n ** 63n - 1n;

/** Milliseconds and items that a round takes, about; at most; and the first of a combination. */
const ROUND = 100;
/** The same where fewer, or more, items than this go through in a millisecond. */
const SLOW_ROUND = 20;
const SLOW = 1000;
const FAST_ROUND = 250;
const FAST = 5000;
const ROUND_LIMIT = 1000;
const MOST_ITEMS = 2 ** 24;
const FIRST_ITEMS = 500;

function combinationsOf(settings: Settings): Combination[] {
  const { producers, consumers, capacity, batch } = settings;
  const shapes = new Map(
    SHAPES.map(([p, c]) => [producers ?? p, consumers ?? c] as const).map((s) => [s.join(), s]),
  );
  const all: Combination[] = [];
  for (const [p, c] of shapes.values()) {
    for (const slots of capacity === undefined ? CAPACITIES : [capacity]) {
      for (const most of batch === undefined ? BATCHES : [batch]) {
        for (const spins of [true, false]) {
          all.push({ producers: p, consumers: c, capacity: slots, batch: most, spins });
        }
      }
    }
  }
  return all;
}

/** The first ticket of a round of so many items that goes over a wrap, or ends at the end. */
export function startOf(wrap: bigint, items: number, capacity: number, random: Random): bigint {
  if (wrap === 0n) return 0n;
  if (wrap === END) return END - BigInt(items);
  // Soon after the start: a slow round may be cut short.
  return wrap - BigInt(random.integer(1, Math.min(items >> 1, 4 * capacity + 500)));
}

/** What a round left behind: `puts` are the items of each producer, thread 0 the first of them. */
export interface Trace {
  readonly link: number;
  readonly start: bigint;
  readonly map: number;
  readonly part: number;
  readonly puts: readonly number[];
  readonly consumers: number;
}

/** Which rule a round broke, and what was seen instead. */
export function judge(drill: Drill, trace: Trace): Omit<Violation, "replay"> | undefined {
  const { link, start, map, part, puts, consumers } = trace;
  const complaint = drill.complaint(puts.length + consumers);
  if (complaint !== undefined) return complaint;
  const put = puts.reduce((sum, n) => sum + n, 0);
  for (const [producer, n] of puts.entries()) {
    const item = drill.core.missing(map + producer * part, n);
    if (item >= 0) {
      const detail = `nobody took item ${item} of the ${n} of producer ${producer}`;
      return { rule: "every item exactly once", detail };
    }
  }
  const taken = drill.total(NOTE_COUNT, puts.length + consumers);
  if (taken !== put) {
    return { rule: "every item exactly once", detail: `${put} were put, ${taken} taken` };
  }
  const end = start + BigInt(put);
  const ring = link + LINK_RING;
  const left = drill.core.size(ring) !== 0n || drill.core.isEmpty(ring) === 0;
  if (left || drill.head(link) !== end || drill.tail(link) !== end) {
    return { rule: "nothing is left", detail: `${drill.describe(link)}; both should be ${end}` };
  }
  return undefined;
}

/** Of all rounds of a combination, and of the last one. */
interface Rate {
  readonly items: number;
  readonly ms: number;
  readonly last: { readonly items: number; readonly ms: number };
}

class Torture {
  readonly #run: Run;
  readonly #drill: Drill;
  #operations = 0;
  readonly #rates = new Map<Combination, Rate>();
  readonly #wraps = new Map<string, { rounds: number; items: number }>();
  #failed = false;

  constructor(run: Run) {
    this.#run = run;
    this.#drill = new Drill(run.settings.modules.drill);
  }

  async run(): Promise<Summary> {
    const { settings, random, signal } = this.#run;
    const combinations = combinationsOf(settings);
    const began = performance.now();
    const left = () => settings.duration - (performance.now() - began);
    try {
      for (let turn = 0; left() > 0 && !signal.aborted && !this.#failed; turn++) {
        for (const [i, combination] of random.shuffle(combinations).entries()) {
          if (left() <= 0 || signal.aborted || this.#failed) break;
          await this.#round(combination, WRAPS[(i + turn) % WRAPS.length] ?? WRAPS[0], left());
        }
      }
    } finally {
      await this.#drill.close();
    }
    return this.#summary(combinations);
  }

  /** So many items that the round takes about as long as it shall. */
  #itemsOf(combination: Combination): number {
    const seen = this.#rates.get(combination);
    if (seen === undefined) return FIRST_ITEMS;
    const rate = seen.items / seen.ms;
    const longest = rate < SLOW ? SLOW_ROUND : rate > FAST ? FAST_ROUND : ROUND;
    const target = Math.min(longest, Math.max(5, this.#run.settings.duration / 100));
    // What is spent on beginning is no sign of a low rate: more items may take no longer.
    const more = seen.last.ms < 1.2 * target ? Math.floor(1.5 * seen.last.items) : 0;
    return Math.min(MOST_ITEMS, Math.max(FIRST_ITEMS, more, Math.floor(rate * target)));
  }

  async #round(combination: Combination, [name, wrap]: readonly [string, bigint], left: number) {
    const { producers, consumers, capacity, batch, spins } = combination;
    const drill = this.#drill;
    const random = this.#run.random;
    const part = Math.ceil(this.#itemsOf(combination) / producers);
    const items = part * producers;
    const start = startOf(wrap, items, capacity, random);
    const looks = spins ? LOOKS.spins : LOOKS.naps;
    const link = drill.link(1, capacity, start)[0] as number;
    const map = drill.map(capacity, items);
    const at = link + LINK_RING;
    const tasks: Task[] = [];
    for (let producer = 0; producer < producers; producer++) {
      tasks.push({ program: "produce", at, producer, items: part, batch, looks });
    }
    for (let c = 0; c < consumers; c++) {
      tasks.push({ program: "consume", at, map, part, producers, batch, looks });
    }
    const phase = `${labelOf(combination)}, tickets from ${start}`;
    const began = performance.now();
    const outcome = await drill.run(tasks, random.u32(), {
      signal: this.#run.signal,
      limit: Math.min(left, ROUND_LIMIT),
      progress: () => drill.progress(),
      sample: () =>
        this.#run.sample({
          phase,
          operations: this.#operations + Number(drill.head(link) - start),
        }),
    });
    const ms = performance.now() - began;
    if (outcome === "aborted") return;
    const trace = { link, start, map, part, puts: drill.results.slice(0, producers), consumers };
    let broken: Omit<Violation, "replay"> | undefined;
    if (outcome === "done") broken = judge(drill, trace);
    else if (outcome === "stalled")
      broken = { rule: "threads get on", detail: drill.describe(link) };
    else broken = { rule: "no thread fails", detail: String(outcome.error) };
    if (broken !== undefined) {
      this.#failed = true;
      this.#run.violation({
        rule: broken.rule,
        detail: `${phase}: ${broken.detail}`,
        replay: { producers, consumers, capacity, batch },
      });
      return;
    }
    this.#count(
      combination,
      name,
      trace.puts.reduce((a, b) => a + b, 0),
      ms,
    );
    this.#run.sample({ phase, operations: this.#operations });
  }

  #count(combination: Combination, wrap: string, items: number, ms: number): void {
    this.#operations += items;
    const rate = this.#rates.get(combination) ?? { items: 0, ms: 0 };
    const all = { items: rate.items + items, ms: rate.ms + ms };
    this.#rates.set(combination, { ...all, last: { items, ms } });
    const seen = this.#wraps.get(wrap) ?? { rounds: 0, items: 0 };
    this.#wraps.set(wrap, { rounds: seen.rounds + 1, items: seen.items + items });
  }

  #summary(combinations: readonly Combination[]): Summary {
    const wraps = [...this.#wraps].map(([name, { rounds, items }]) => [name, rounds, items]);
    const ms = [...this.#rates.values()].reduce((sum, rate) => sum + rate.ms, 0);
    return {
      operations: this.#operations,
      figures: {
        "items a second": Math.round((this.#operations / ms) * 1000) || 0,
        combinations: `${this.#rates.size} of ${combinations.length}`,
        processors: availableParallelism(),
      },
      tables: [
        this.#rateTable(combinations),
        { title: "tickets next to", columns: ["wrap", "rounds", "items"], rows: wraps },
      ],
    };
  }

  #rateTable(combinations: readonly Combination[]): Table {
    const variants = new Map<string, Pick<Combination, "batch" | "spins">>();
    const shapes = new Map<string, Combination>();
    for (const c of combinations) {
      variants.set(`batch ${c.batch}, ${c.spins ? "spins" : "naps"}`, c);
      shapes.set(`${c.producers}×${c.consumers} ${c.capacity}`, c);
    }
    const rows = [...shapes.values()].map((shape) => [
      `${shape.producers}×${shape.consumers}`,
      shape.capacity,
      ...[...variants.values()].map((variant) => {
        const rate = this.#rates.get(
          combinations.find(
            (c) =>
              c.producers === shape.producers &&
              c.consumers === shape.consumers &&
              c.capacity === shape.capacity &&
              c.batch === variant.batch &&
              c.spins === variant.spins,
          ) as Combination,
        );
        return rate === undefined ? "–" : Number((rate.items / rate.ms / 1000).toPrecision(3));
      }),
    ]);
    return {
      title: "million items a second",
      columns: ["producers × consumers", "capacity", ...variants.keys()],
      rows,
    };
  }
}

function labelOf({ producers, consumers, capacity, batch, spins }: Combination): string {
  return `${producers}×${consumers}, capacity ${capacity}, batch ${batch}, ${spins ? "spins" : "naps"}`;
}

export const torture: Scenario = {
  name: "torture",
  describe: "producers × consumers × capacity × batch × spin over one ring, next to every wrap",
  asserts: "every item exactly once, in order per producer, as it was put, and nothing left",
  unit: "items",
  takes: ["producers", "consumers", "capacity", "batch"],
  run: (run) => new Torture(run).run(),
};
