// `park`: hand-overs that make the gate sleep and wake. Every park is timed; one that times out
// with work ready is looked into (audit in core/drill-link.ts) and is a violation if its wake-up
// was lost. Swallowed wake-ups are injected: threads that go back to sleep after one, and threads
// that are terminated with one in hand, after which the host wakes all, as the engine does.

import {
  NOTE_LATE,
  NOTE_NOTIFIES,
  NOTE_PARKS,
  NOTE_STATE,
  NOTE_SWALLOWS,
  NOTE_TIMEOUTS,
  NOTE_VICTIM,
  STATE_PARKED,
  STATE_SWALLOWED,
} from "../core/drill-map.js";
import { Drill, type Outcome, pause, type Task } from "./drill.js";
import type { Run, Scenario, Summary } from "./scenario.js";
import { TIME_COLUMNS, Times, timeCells } from "./times.js";

interface Pattern {
  readonly name: string;
  /** Links, and what each thread does at them. */
  readonly links: number;
  tasks(links: readonly number[], consumers: number, turns: number): Task[];
  /** Items that go round for ever, put into link 0 before. */
  readonly balls: number;
  readonly consumers: number;
  /** A consumer that sleeps on after each wake-up. */
  readonly swallows?: boolean;
  /** A consumer dies with a wake-up in hand. */
  readonly deaths?: boolean;
}

/** Longest random pauses before a publication, in looks of about a nanosecond. */
const PAUSES = [0, 300, 3000, 30_000];
const CAPACITY = 64;
/** Milliseconds of a round: longer than a park, its audit and their start; and at least. */
const ROUND = 600;
const LEAST_ROUND = 20;
/** Milliseconds that a victim has to fall asleep. */
const FALL_ASLEEP = 1000;

const game = (players: number): Omit<Pattern, "name" | "balls"> => ({
  links: players,
  consumers: players,
  tasks: (links, _, turns) =>
    links.map((from, i) => ({
      program: "pass",
      from,
      to: links[(i + 1) % links.length] as number,
      pause: turns,
    })),
});

const feed = (first: "trickle" | "burst", others: "drain" | "hold", consumers: number) => ({
  links: 1,
  balls: 0,
  consumers,
  tasks: ([at]: readonly number[], n: number, turns: number): Task[] => {
    const link = at as number;
    const producer: Task =
      first === "burst"
        ? { program: "burst", link, most: n, pause: turns }
        : { program: "trickle", link, pause: turns };
    return [
      producer,
      ...Array.from({ length: n }, (): Task => ({ program: others, link, pause: 0 })),
    ];
  },
});

const PATTERNS: readonly Pattern[] = [
  { name: "ping-pong", balls: 1, ...game(2) },
  { name: "a ball among 4", balls: 1, ...game(4) },
  { name: "2 balls among 4", balls: 2, ...game(4) },
  { name: "1 feeds 1", ...feed("trickle", "drain", 1) },
  { name: "1 feeds 3", ...feed("trickle", "drain", 3) },
  { name: "bursts, each takes one and holds it", ...feed("burst", "hold", 4) },
  { name: "one swallows every wake-up", ...feed("trickle", "drain", 3), swallows: true },
  { name: "one dies with a wake-up", ...feed("trickle", "drain", 3), deaths: true },
];

interface Seen {
  readonly times: Times;
  items: number;
  parks: number;
  notifies: number;
  timeouts: number;
  late: number;
}

class Park {
  readonly #run: Run;
  readonly #drill: Drill;
  readonly #seen = new Map<string, Seen>();
  readonly #all = new Times();
  #operations = 0;
  #deaths = 0;
  #failed = false;

  constructor(run: Run) {
    this.#run = run;
    this.#drill = new Drill(run.settings.modules.drill);
  }

  async run(): Promise<Summary> {
    const { settings, random, signal } = this.#run;
    const began = performance.now();
    const left = () => settings.duration - (performance.now() - began);
    // In a short run all patterns have a turn, and as much time again for threads to start.
    const share = settings.duration / (2 * PATTERNS.length);
    try {
      const isOver = () => signal.aborted || this.#failed;
      // Each pattern once, however long threads take to start.
      for (let turn = 0; (turn === 0 || left() > 0) && !isOver(); turn++) {
        for (const pattern of PATTERNS) {
          if (isOver() || (turn > 0 && left() <= 0)) break;
          const limit = Math.max(LEAST_ROUND, Math.min(ROUND, share, turn === 0 ? share : left()));
          // A round may be over before a thread of it had a processor.
          do await this.#round(pattern, random.pick(PAUSES), limit);
          while (turn === 0 && this.#seen.get(pattern.name)?.items === 0 && !isOver());
        }
      }
    } finally {
      await this.#drill.close();
    }
    return this.#summary();
  }

  async #round(pattern: Pattern, turns: number, limit: number): Promise<void> {
    const { random, settings, signal } = this.#run;
    const drill = this.#drill;
    const consumers =
      pattern.links === 1 ? (settings.consumers ?? pattern.consumers) : pattern.consumers;
    const start = BigInt(random.u32());
    const links = drill.link(pattern.links, CAPACITY, start);
    const tasks = pattern.tasks(links, consumers, turns);
    const seed = random.u32();
    const phase = pattern.name;
    const moved = () => Number(links.reduce((sum, link) => sum + drill.head(link) - start, 0n));
    const round = drill.run(
      tasks,
      seed,
      {
        signal,
        limit,
        progress: () => drill.progress(),
        sample: () =>
          this.#run.sample({ phase, operations: this.#operations + moved(), ...this.#latency() }),
      },
      () => {
        for (let i = 0; i < pattern.balls; i++)
          drill.core.give(tasks.length, links[0] as number, 0);
        if (pattern.swallows) drill.setNote(1, NOTE_SWALLOWS, 1);
      },
    );
    const murder = pattern.deaths ? this.#kill(tasks, seed) : undefined;
    const outcome = await round;
    await murder;
    if (outcome === "aborted") return;
    this.#judge(pattern, links, tasks.length, consumers, outcome);
    if (this.#failed) return;
    this.#operations += moved();
    this.#count(pattern, moved(), tasks.length);
    this.#run.sample({ phase, operations: this.#operations, ...this.#latency() });
  }

  /** Terminates a consumer that sleeps, or that has just been woken and has taken nothing. */
  async #kill(tasks: readonly Task[], seed: number): Promise<void> {
    const { random, signal } = this.#run;
    const drill = this.#drill;
    const victim = random.integer(1, tasks.length - 1);
    await pause(random.integer(5, 60), signal);
    drill.setNote(victim, NOTE_VICTIM, 1);
    const patience = performance.now() + FALL_ASLEEP;
    // Half of them asleep, half of them with a wake-up in hand.
    const asleep = random.integer(0, 1) === 0;
    for (;;) {
      const state = drill.note(victim, NOTE_STATE);
      if (state === STATE_SWALLOWED || (asleep && state === STATE_PARKED)) break;
      if (signal.aborted || drill.stopped || performance.now() > patience) break;
      await pause(1);
    }
    if (signal.aborted) return;
    // Stopped: it may have ended, or it stands there for ever.
    if (drill.stopped && drill.note(victim, NOTE_STATE) !== STATE_SWALLOWED) {
      drill.setNote(victim, NOTE_VICTIM, 0);
      await pause(5);
      if (drill.note(victim, NOTE_STATE) !== STATE_SWALLOWED) return;
    }
    if (drill.note(victim, NOTE_STATE) === 0) return;
    const began = performance.now();
    await drill.replace(victim, tasks[victim] as Task, seed, () => {
      drill.setNote(victim, NOTE_VICTIM, 0);
      drill.setNote(victim, NOTE_STATE, 0);
    });
    this.#deaths++;
    const text = `thread ${victim} died ${asleep ? "asleep" : "with a wake-up in hand"}`;
    this.#run.event({ kind: "death", text });
    const took = performance.now() - began;
    this.#run.event({
      kind: "recovery",
      text: "all were woken, another thread took its place",
      took,
    });
  }

  #judge(
    pattern: Pattern,
    links: readonly number[],
    threads: number,
    consumers: number,
    outcome: Outcome,
  ): void {
    const drill = this.#drill;
    const where = links.map((link) => drill.describe(link)).join("\n");
    let broken = drill.complaint(threads);
    if (broken === undefined && outcome === "stalled")
      broken = { rule: "threads get on", detail: where };
    if (broken === undefined && typeof outcome === "object") {
      broken = { rule: "no thread fails", detail: String(outcome.error) };
    }
    if (broken === undefined) {
      const left = links.reduce(
        (sum, link) => sum + Number(drill.tail(link) - drill.head(link)),
        0,
      );
      const waiting = links.some((link) => drill.waiting(link) !== 0n);
      if (pattern.balls > 0 && left !== pattern.balls) {
        broken = {
          rule: "no ball is lost, none is made",
          detail: `${left} of ${pattern.balls}\n${where}`,
        };
      } else if (waiting) {
        broken = {
          rule: "nobody waits at the end",
          detail: "a gate has bits of threads that ended",
        };
      }
    }
    if (broken === undefined) return;
    this.#failed = true;
    const detail = `${pattern.name}: ${broken.detail}`;
    this.#run.violation({
      rule: broken.rule,
      detail,
      replay: links.length === 1 ? { consumers } : {},
    });
  }

  #count(pattern: Pattern, items: number, threads: number): void {
    const drill = this.#drill;
    const seen = this.#seen.get(pattern.name) ?? {
      times: new Times(),
      items: 0,
      parks: 0,
      notifies: 0,
      timeouts: 0,
      late: 0,
    };
    const times = drill.times(threads);
    seen.times.merge(times);
    this.#all.merge(times);
    seen.items += items;
    seen.parks += drill.total(NOTE_PARKS, threads);
    seen.notifies += drill.total(NOTE_NOTIFIES, threads);
    seen.timeouts += drill.total(NOTE_TIMEOUTS, threads);
    seen.late += drill.total(NOTE_LATE, threads);
    this.#seen.set(pattern.name, seen);
  }

  #latency(): { p50?: number; p99?: number } {
    if (this.#all.count === 0) return {};
    return { p50: this.#all.percentile(50) / 1e6, p99: this.#all.percentile(99) / 1e6 };
  }

  #summary(): Summary {
    const all = [...this.#seen.values()];
    const sum = (of: (seen: Seen) => number) => all.reduce((total, seen) => total + of(seen), 0);
    return {
      operations: this.#operations,
      figures: {
        parks: sum((s) => s.parks),
        "parks that timed out": sum((s) => s.timeouts),
        "of these, work came late": sum((s) => s.late),
        deaths: this.#deaths,
        "wake to run, p50 (µs)": timeCells(this.#all)[0] ?? "–",
        "wake to run, p99 (µs)": timeCells(this.#all)[2] ?? "–",
      },
      tables: [
        {
          title: "from publication to a woken thread that has the item",
          columns: ["pattern", "items", "parks", "notifies", ...TIME_COLUMNS],
          rows: [...this.#seen].map(([name, seen]) => [
            name,
            seen.items,
            seen.parks,
            seen.notifies,
            ...timeCells(seen.times),
          ]),
        },
      ],
    };
  }
}

export const park: Scenario = {
  name: "park",
  describe: "hand-overs that make the gate sleep and wake, with swallowed wake-ups",
  asserts: "no wait timed out with work ready; nothing lost, nobody left asleep",
  unit: "hand-overs",
  takes: ["consumers"],
  run: (run) => new Park(run).run(),
};
