// The `reduce` scenario: random jobs on real engines, each result compared with a naive oracle bit
// by bit. It runs lives: an engine of some threads, submitters in threads of their own with a
// script each (reduce-script.ts), the end. A *calm* life ends no call early, so that its statistics
// can be predicted; in a *rough* one signals and time-outs end calls; one that is *cut* is closed
// under the calls of everyone. All waiting is done by those threads, so this one always sees the
// clock: it gives up what makes no progress, whatever the core does.

import { readdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { Random } from "./random.js";
import {
  add,
  type Counts,
  EARLY,
  type Farewell,
  LINE,
  LINES,
  type LifeInit,
  type Manner,
  type Message,
  NO_COUNTS,
  OUTSTANDING,
  SETTLED,
  STOP,
} from "./reduce-board.js";
import type { Run, Scenario, Summary, Violation } from "./scenario.js";

const TICK_MS = 100;
/** A call has to settle within 10 s, counted in ticks: a machine that stands still counts none. */
const MOST_TICKS = 100;
/** A thread has to be there within a minute. */
const START_TICKS = 600;

interface Plan {
  readonly life: number;
  readonly manner: Manner;
  readonly threads: number;
  readonly submitters: number;
  readonly batches: number;
}

/** Decided by the seed and the life's number alone. */
function planOf({ settings }: Run, life: number): Plan {
  const random = new Random(settings.seed, life * 64);
  const manner = random.pick(["calm", "calm", "rough", "rough", "cut"] as const);
  const threads = random.pick([1, 2, 2, 3, 4, 8]);
  const submitters = random.pick([1, 2, 3, 4]);
  return {
    life,
    manner,
    threads: settings.threads ?? threads,
    submitters: settings.producers ?? submitters,
    batches: random.integer(10, 40),
  };
}

interface Submitter {
  readonly worker: Worker;
  readonly exit: Promise<void>;
  doing: string;
  ticks: number;
  seen: number;
  /** It has said that it is done; the owner: that it waits for the others. */
  isDone: boolean;
  hasEnded: boolean;
}

/** Threads of this process, where the system tells. */
function threadCount(): number | undefined {
  try {
    return readdirSync("/proc/self/task").length;
  } catch {
    return undefined;
  }
}

class Life {
  readonly plan: Plan;
  readonly ways = new Map<string, number>();
  violation: Violation | undefined;
  unable: unknown;
  readonly #run: Run;
  readonly #board: Int32Array<SharedArrayBuffer>;
  readonly #submitters: Submitter[];
  #counted: Counts = NO_COUNTS;
  #needed: Counts = NO_COUNTS;
  #farewellSaid = false;

  constructor(run: Run, plan: Plan) {
    this.#run = run;
    this.plan = plan;
    const words = LINES + plan.submitters * LINE;
    this.#board = new Int32Array(new SharedArrayBuffer(4 * words));
    const pairs = Array.from({ length: plan.submitters - 1 }, () => new MessageChannel());
    const start = (submitter: number, ports: MessagePort[]) => this.#start(run, submitter, ports);
    this.#submitters = [
      start(
        0,
        pairs.map(({ port1 }) => port1),
      ),
      ...pairs.map(({ port2 }, i) => start(i + 1, [port2])),
    ];
  }

  #start({ settings }: Run, number: number, ports: MessagePort[]): Submitter {
    const { life, manner, threads, batches } = this.plan;
    const init: LifeInit = {
      seed: settings.seed,
      life,
      manner,
      threads,
      batches,
      submitter: number,
      board: this.#board,
      core: settings.modules.core,
      ports,
    };
    const worker = new Worker(new URL("./reduce-thread.js", import.meta.url), {
      workerData: init,
      transferList: ports,
      execArgv: [],
      name: `reduce ${number}`,
    });
    const submitter: Submitter = {
      worker,
      exit: new Promise((resolve) => worker.once("exit", () => resolve())),
      doing: "starts",
      ticks: 0,
      seen: -1,
      isDone: false,
      hasEnded: false,
    };
    worker.on("message", (message: Message) => this.#hear(submitter, message));
    worker.on("error", (error) => {
      this.#violate("no thread fails", `${submitter.doing}\n${error.stack ?? String(error)}`);
    });
    worker.once("exit", (code) => {
      submitter.hasEnded = true;
      if (!submitter.isDone) {
        this.#violate("no thread fails", `${submitter.doing}: ended with code ${code}`);
      }
    });
    return submitter;
  }

  #violate(rule: string, detail: string): void {
    this.violation ??= { rule, detail };
  }

  #hear(submitter: Submitter, message: Message): void {
    switch (message.kind) {
      case "doing":
        submitter.doing = message.text;
        return;
      case "violation":
        this.#violate(message.rule, message.detail);
        return;
      case "took":
        this.#run.took(message.milliseconds, message.what);
        return;
      case "unable":
        this.unable ??= message.error;
        return;
      case "waits":
        submitter.isDone = true;
        this.#sayFarewell();
        return;
      case "left":
        this.#counted = add(this.#counted, message.counted);
        this.#needed = add(this.#needed, message.needed);
        break;
      case "closed":
        break;
    }
    submitter.isDone = true;
    for (const [way, n] of Object.entries(message.ways)) {
      this.ways.set(way, (this.ways.get(way) ?? 0) + n);
    }
    this.#sayFarewell();
  }

  /** Lets the owner end once all others have. */
  #sayFarewell(): void {
    if (this.plan.manner === "cut" || this.#farewellSaid) return;
    if (!this.#submitters.every((s) => s.isDone)) return;
    this.#farewellSaid = true;
    const farewell: Farewell = { counted: this.#counted, needed: this.#needed };
    const [owner] = this.#submitters as [Submitter];
    owner.isDone = false;
    owner.worker.postMessage(farewell);
  }

  #word(submitter: number, word: number): number {
    return Atomics.load(this.#board, LINES + submitter * LINE + word);
  }

  total(word: number): number {
    return this.#submitters.reduce((sum, _, i) => sum + this.#word(i, word), 0);
  }

  /** Ends the life at the next batch. */
  stop(): void {
    Atomics.store(this.#board, STOP, 1);
  }

  get isOver(): boolean {
    return (
      this.violation !== undefined ||
      this.unable !== undefined ||
      this.#submitters.every((s) => s.hasEnded)
    );
  }

  /** Called every TICK_MS: counts how long each submitter has made no progress. */
  tick(): void {
    this.#submitters.forEach((submitter, i) => {
      const seen = this.#word(i, SETTLED);
      const isStarting = submitter.doing === "starts";
      const isWaiting = isStarting || this.#word(i, OUTSTANDING) > 0;
      if (seen !== submitter.seen || !isWaiting) submitter.ticks = 0;
      else submitter.ticks++;
      submitter.seen = seen;
      if (isStarting && submitter.ticks > START_TICKS) {
        this.unable ??= new Error("reduce: a thread did not start within a minute");
      } else if (!isStarting && submitter.ticks > MOST_TICKS) {
        this.#violate("every call settles", `for 10 s nothing came of\n${submitter.doing}`);
      }
    });
  }

  /** Ends what is left, however it hangs: the engine's workers end with the thread they are of. */
  async giveUp(): Promise<void> {
    await Promise.all(this.#submitters.map((s) => s.worker.terminate()));
  }

  async ended(): Promise<void> {
    await Promise.all(this.#submitters.map((s) => s.exit));
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Threads end shortly after they said so; undefined once no more are there than before. */
async function leftOver(before: number | undefined): Promise<string | undefined> {
  if (before === undefined) return undefined;
  for (let tick = 0; ; tick++) {
    const now = threadCount() ?? before;
    if (now <= before) return undefined;
    if (tick > MOST_TICKS) return `${before} threads before, ${now} ten seconds after the end`;
    await wait(TICK_MS);
  }
}

class Campaign {
  readonly #run: Run;
  readonly #ways = new Map<string, number>();
  readonly #lives = new Map<Manner, number>();
  #settled = 0;
  #early = 0;
  #count = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Runs one life; false if there shall be no other. */
  async life(end: number): Promise<boolean> {
    const { settings, signal } = this.#run;
    const plan = planOf(this.#run, this.#count++);
    const before = threadCount();
    const life = new Life(this.#run, plan);
    const phase = `${plan.manner}: ${plan.threads} threads, ${plan.submitters} submitters`;
    while (!life.isOver) {
      await wait(TICK_MS);
      if (signal.aborted || performance.now() > end) life.stop();
      life.tick();
      this.#run.sample({ phase, operations: this.#settled + life.total(SETTLED) });
    }
    this.#settled += life.total(SETTLED);
    this.#early += life.total(EARLY);
    this.#lives.set(plan.manner, (this.#lives.get(plan.manner) ?? 0) + 1);
    for (const [way, n] of life.ways) this.#ways.set(way, (this.#ways.get(way) ?? 0) + n);
    if (life.violation !== undefined || life.unable !== undefined) await life.giveUp();
    else await life.ended();
    if (life.unable !== undefined) throw life.unable;
    let violation = life.violation;
    if (violation === undefined) {
      const left = await leftOver(before);
      if (left !== undefined) violation = { rule: "no thread is left", detail: left };
    }
    if (violation === undefined) return true;
    const { threads, producers, duration } = settings;
    const replay = {
      duration,
      ...(threads !== undefined && { threads }),
      ...(producers !== undefined && { producers }),
    };
    this.#run.violation({ ...violation, replay });
    return false;
  }

  summary(): Summary {
    return {
      operations: this.#settled,
      figures: {
        engines: this.#count,
        ...Object.fromEntries([...this.#lives].map(([manner, n]) => [`of them ${manner}`, n])),
        "calls that ended early": this.#early,
      },
      tables: [
        {
          title: "Calls by the way they were made",
          columns: ["way", "calls"],
          rows: [...this.#ways].sort(([a], [b]) => (a < b ? -1 : 1)),
        },
      ],
    };
  }
}

export const reduce: Scenario = {
  name: "reduce",
  describe:
    "random jobs on engines of 1 to 8 threads: operator, dtype, length, place, schedule, aborts",
  asserts: "the bits of a naive oracle; every call settles; statistics add up; nothing is left",
  unit: "jobs",
  takes: ["threads", "producers"],
  async run(run) {
    const end = performance.now() + run.settings.duration;
    // Starts the runtime's own threads for files, which would be taken for ours.
    await stat(".");
    const campaign = new Campaign(run);
    let goesOn = true;
    while (goesOn && !run.signal.aborted && performance.now() < end) {
      goesOn = await campaign.life(end);
    }
    return campaign.summary();
  },
};
