// The `kill` scenario: workers of a real engine, on the checked core, die at every named fault
// point in turn and at random times, while jobs run. Each result has to have the bits that it has
// without a death, and afterwards nothing of the dead may be left.

import {
  CONTROL_WORKERS,
  FAULT_STALL,
  FAULT_TRAP,
  HAND_EMPTY,
  JOB_OWNER,
  JOB_SIZE,
  JOBS,
  LINE_FAULT,
  LINE_FAULT_HIT,
  LINE_FAULT_SKIP,
  LINE_HAND,
  LINE_SIZE,
  LINES,
  MAX_JOBS,
  RING_HEAD,
  RING_TAIL,
  TASK_RING,
} from "../core/map.js";
import { createEngine } from "../engine/create.js";
import type { Engine } from "../engine/engine.js";
import { EXIT, THROW } from "./kill-operator.js";
import type { Run, Scenario, Summary } from "./scenario.js";

type Kind = "blocks" | "pairwise" | "stream" | "operator" | "operator pairwise";

/** Named points at which a thread may die, and jobs that pass there. */
const POINTS: readonly (readonly [name: string, point: number, kinds: readonly Kind[]])[] = [
  ["reserve: before the compare-exchange", 1, ["blocks", "stream"]],
  ["reserve: ticket taken", 2, ["blocks", "stream"]],
  ["publish: record filled", 3, ["blocks", "stream"]],
  ["claim: before the compare-exchange", 5, ["blocks", "stream", "pairwise"]],
  ["claim: ticket taken", 6, ["blocks", "stream", "pairwise"]],
  ["claim: record copied", 7, ["blocks", "stream"]],
  ["claim: in hand", 8, ["blocks", "stream"]],
  ["claim: slot released", 9, ["blocks", "stream"]],
  ["task: folded", 10, ["blocks", "stream"]],
  ["tree: arrived last", 11, ["blocks", "pairwise"]],
  ["tree: merged", 12, ["blocks", "pairwise"]],
  ["tree: root whole", 13, ["blocks", "pairwise"]],
  ["answer: published", 14, ["blocks", "stream"]],
  ["wake: epoch moved", 15, ["blocks", "stream"]],
  ["park: announced", 16, ["blocks"]],
  ["park: woken", 17, ["blocks"]],
  ["spin: counted idle", 18, ["blocks"]],
  ["stream: cell done", 19, ["stream"]],
  ["pairs: before the compare-exchange", 20, ["pairwise", "operator pairwise"]],
  ["pairs: claimed", 21, ["pairwise", "operator pairwise"]],
  ["pairs: combined", 22, ["pairwise", "operator pairwise"]],
  ["pairs: published", 23, ["pairwise", "operator pairwise"]],
  ["pairs: round over", 24, ["pairwise"]],
  ["task: done", 25, ["blocks", "stream", "operator"]],
  ["operator: process.exit", EXIT, ["operator", "operator pairwise"]],
  ["operator: uncaught error", THROW, ["operator"]],
];

/** A call that has not settled by then never will. */
const SETTLE_MS = 10_000;
/** A point that no worker passed in that time is left for the next turn. */
const HIT_MS = 300;
const WORKERS = 3;
const OPERATOR = new URL("./kill-operator.js", import.meta.url);

interface Input {
  readonly floats: Float64Array;
  readonly wholes: Float64Array;
  readonly sum: unknown;
  readonly fast: unknown;
  readonly pairs: unknown;
  readonly total: bigint;
}

const bits = (value: unknown): string =>
  typeof value === "number"
    ? new BigUint64Array(Float64Array.of(value).buffer)[0]!.toString(16)
    : String(value);

class Killing {
  readonly #run: Run;
  readonly #hits = new Map<string, number>();
  #jobs = 0;
  #deaths = 0;
  #slowest = 0;
  #isBroken = false;

  constructor(run: Run) {
    this.#run = run;
  }

  async play(): Promise<Summary> {
    const { settings, signal, random } = this.#run;
    const end = performance.now() + settings.duration;
    while (!this.#isOver(end)) {
      const engine = await createEngine({
        threads: settings.threads ?? WORKERS,
        core: settings.modules.checked,
      });
      try {
        const input = await this.#input(engine);
        const { usedBytes } = engine.stats();
        for (const [name, point, kinds] of random.u32() % 2 ? POINTS : [...POINTS].reverse()) {
          if (this.#isOver(end)) break;
          for (const kind of kinds) await this.#strike(engine, input, name, point, kind);
        }
        for (let i = 0; i < 20 && !this.#isOver(end); i++) await this.#atRandom(engine, input);
        await this.#assertClean(engine, usedBytes);
      } finally {
        this.#deaths += engine.stats().deaths;
        this.#slowest = Math.max(this.#slowest, engine.stats().slowestRecovery);
        await engine.close();
      }
    }
    const missed = POINTS.filter(([name]) => !this.#hits.has(name)).map(([name]) => name);
    return {
      operations: this.#jobs,
      figures: {
        "deaths, those at random times included": this.#deaths,
        "slowest recovery (ms)": Number(this.#slowest.toFixed(1)),
        "fault points hit": `${this.#hits.size} of ${POINTS.length}`,
        ...(missed.length > 0 ? { "not hit": missed.join(", ") } : {}),
        ...(signal.aborted ? { ended: "early" } : {}),
      },
      tables: [
        {
          title: "Deaths by fault point",
          columns: ["point", "deaths"],
          rows: [...this.#hits].map(([name, n]) => [name, n]),
        },
      ],
    };
  }

  #isOver(end: number): boolean {
    return this.#isBroken || this.#run.signal.aborted || performance.now() > end;
  }

  async #input(engine: Engine): Promise<Input> {
    const { random } = this.#run;
    const n = 400_000 + random.integer(0, 8192);
    const floats = engine.alloc("float64", n);
    for (let i = 0; i < n; i++) floats[i] = (random.float() - 0.5) * 2 ** random.integer(-30, 30);
    const wholes = engine.alloc("float64", 100_000);
    let total = 0n;
    for (let i = 0; i < wholes.length; i++) {
      wholes[i] = random.integer(0, 2 ** 20);
      total += BigInt(wholes[i] as number);
    }
    // This thread takes its staging room once, and keeps it.
    await engine.reduce(new Float64Array(10), "sum");
    // The same jobs before any death: their bits are compared with other oracles in `reduce`.
    const sum = await engine.reduce(floats, "sum");
    const fast = await engine.reduce(floats, "sum", { accuracy: "fast" });
    const pairs = await engine.reduce(floats, "sum", { schedule: "pairwise" });
    return { floats, wholes, sum, fast, pairs, total };
  }

  /** One job and what it has to give. */
  #job(engine: Engine, input: Input, kind: Kind): [Promise<unknown>, unknown] {
    this.#jobs++;
    const schedule = "pairwise" as const;
    if (kind === "blocks") {
      return [engine.reduce(input.floats, "sum", { accuracy: "fast" }), input.fast];
    }
    if (kind === "pairwise") return [engine.reduce(input.floats, "sum", { schedule }), input.pairs];
    if (kind === "operator") return [engine.reduce(input.wholes, OPERATOR), input.total];
    if (kind === "operator pairwise") {
      return [engine.reduce(input.wholes, OPERATOR, { schedule }), input.total];
    }
    return [engine.reduce(Float64Array.from(input.floats), "sum"), input.sum];
  }

  async #expect(engine: Engine, input: Input, kind: Kind, what: string): Promise<void> {
    const [call, wanted] = this.#job(engine, input, kind);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("nothing"), SETTLE_MS);
    });
    const got = await Promise.race([call.catch((error: unknown) => String(error)), late]);
    clearTimeout(timer);
    if (bits(got) === bits(wanted)) return;
    this.#violate(
      "a job has the same bits as without the death",
      `${kind}, ${what}: expected ${String(wanted)} (${bits(wanted)}), got ${String(got)} (${bits(got)})`,
    );
  }

  #violate(rule: string, detail: string): void {
    this.#isBroken = true;
    this.#run.violation({ rule, detail });
  }

  #words(engine: Engine): Int32Array {
    return new Int32Array((engine.handle().memory as WebAssembly.Memory).buffer);
  }

  /** Has a worker die at a point while jobs of a kind run. */
  async #strike(engine: Engine, input: Input, name: string, point: number, kind: Kind) {
    if (this.#isBroken) return;
    const { random } = this.#run;
    const words = this.#words(engine);
    const me = random.integer(0, (words[CONTROL_WORKERS >> 2] as number) - 1);
    const line = (LINES + me * LINE_SIZE) >> 2;
    const mode = random.pick([FAULT_TRAP, FAULT_STALL]);
    const before = engine.stats().deaths;
    Atomics.store(words, line + (LINE_FAULT_HIT >> 2), 0);
    Atomics.store(words, line + (LINE_FAULT_SKIP >> 2), random.pick([0, 0, 1, 3, 10]));
    Atomics.store(words, line + (LINE_FAULT >> 2), (point << 8) | mode);
    const isHit = () => Atomics.load(words, line + (LINE_FAULT_HIT >> 2)) === point;
    const reaper = setInterval(() => {
      if (!isHit()) return;
      clearInterval(reaper);
      if (mode === FAULT_STALL && point < EXIT) void engine.terminate(me);
    }, 1);
    const what = `a worker dies at "${name}"`;
    const start = performance.now();
    while (!isHit() && !this.#isBroken && performance.now() - start < HIT_MS) {
      await this.#expect(engine, input, kind, what);
    }
    Atomics.store(words, line + (LINE_FAULT >> 2), 0);
    if (isHit()) {
      this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
      this.#run.event({ kind: "death", text: name });
      await this.#recovered(engine, before);
      this.#run.event({ kind: "recovery", text: name, took: performance.now() - start });
    }
    clearInterval(reaper);
    await this.#expect(engine, input, kind, `after ${what}`);
    this.#run.sample({ phase: name, operations: this.#jobs });
  }

  /** Waits until the death was noticed and another worker has joined. */
  async #recovered(engine: Engine, deaths: number): Promise<void> {
    const end = performance.now() + SETTLE_MS;
    while (engine.stats().deaths === deaths || engine.stats().absent > 0) {
      if (performance.now() > end) {
        this.#violate("a replacement joins", `${engine.stats().absent} workers are absent`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Terminates a worker at no particular place. */
  async #atRandom(engine: Engine, input: Input): Promise<void> {
    const { random } = this.#run;
    const kind = random.pick(["blocks", "pairwise", "stream", "operator"] as const);
    const me = random.integer(0, (this.#words(engine)[CONTROL_WORKERS >> 2] as number) - 1);
    const before = engine.stats().deaths;
    const job = this.#expect(engine, input, kind, "a worker is terminated at a random time");
    for (let turns = random.integer(0, 50); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await engine.terminate(me);
    await job;
    await this.#recovered(engine, before);
    this.#run.sample({ phase: "at random times", operations: this.#jobs });
  }

  /** Nothing that a dead thread had is left anywhere. */
  async #assertClean(engine: Engine, usedBytes: number): Promise<void> {
    if (this.#isBroken) return;
    const stats = engine.stats();
    if (stats.usedBytes !== usedBytes) {
      this.#violate("no byte is left", `${stats.usedBytes - usedBytes} bytes more than before`);
    }
    if (stats.pending !== 0) this.#violate("no job is left", `${stats.pending} pending`);
    const words = this.#words(engine);
    const at = (address: number) => Atomics.load(words, address >> 2);
    const workers = at(CONTROL_WORKERS);
    // A worker lets go of its task just after the answer that we have.
    const isIdle = () =>
      [...Array(workers).keys()].every(
        (me) => at(LINES + me * LINE_SIZE + LINE_HAND) === HAND_EMPTY,
      );
    const end = performance.now() + SETTLE_MS;
    while (!isIdle() && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!isIdle()) this.#violate("no task is left in hand", "a worker still holds one");
    for (let index = 0; index < MAX_JOBS; index++) {
      const owner = at(JOBS + index * JOB_SIZE + JOB_OWNER);
      if (owner !== 0) this.#violate("no job is left", `entry ${index} of ${owner - 1}`);
    }
    if (at(TASK_RING + RING_HEAD) !== at(TASK_RING + RING_TAIL)) {
      this.#violate("nothing is left in the task ring", "head and tail differ");
    }
  }
}

export const kill: Scenario = {
  name: "kill",
  describe: "terminate, trap, process.exit and out of memory, at named points and random times",
  asserts: "the same bits; no slot, no intent, no thread, no byte left of the dead",
  unit: "jobs",
  takes: ["threads"],
  run: (run) => new Killing(run).play(),
};
