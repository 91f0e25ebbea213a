// One engine of the `kill` scenario, and the ways in which its threads are killed while it works.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  FAULT_PAUSE,
  FAULT_STALL,
  FAULT_TRAP,
  LINE_FAULT,
  LINE_FAULT_HIT,
  LINE_FAULT_SKIP,
  POINT_LOOKED,
  POINT_RESERVE,
  POINT_RESERVED,
} from "../core/map.js";
import { createEngine } from "../engine/create.js";
import type { Engine } from "../engine/engine.js";
import { leftovers, lineOf, Places } from "./kill-clean.js";
import { begin, bits, type Input, type Kind, makeInput } from "./kill-jobs.js";
import { EXIT, HEAP } from "./kill-operator.js";
import type { Point } from "./kill-points.js";
import type { SubmitterInit, Told } from "./kill-submitter.js";
import type { Run } from "./scenario.js";

/** A call that has not settled by then never will. */
const SETTLE_MS = 10_000;
/** A point that nobody passed in that time is left for another strike. */
const HIT_MS = 300;
/** How long threads stand still so that others overtake them; the last one longest. */
const PAUSES_MS = [40, 40, 100] as const;
const SUBMITTER = new URL("./kill-submitter.js", import.meta.url);

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

async function until(isSo: () => boolean, milliseconds = SETTLE_MS): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await tick();
  }
  return true;
}

export class Bout {
  readonly engine: Engine;
  /** Jobs of this thread that were answered. */
  jobs = 0;
  isBroken = false;
  readonly #run: Run;
  readonly #input: Input;
  readonly #places: Places;
  readonly #usedBytes: number;

  private constructor(run: Run, engine: Engine, input: Input) {
    this.#run = run;
    this.engine = engine;
    this.#input = input;
    this.#places = new Places(engine);
    this.#usedBytes = engine.stats().usedBytes;
  }

  static async open(run: Run, threads: number): Promise<Bout> {
    const core = run.settings.modules.checked;
    const engine = await createEngine({ threads, core, resourceLimits: HEAP });
    try {
      return new Bout(run, engine, await makeInput(engine, run.random));
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Nothing of the dead is left anywhere; then ends the engine. */
  async close(): Promise<void> {
    let left: string[] = [];
    const isClean = () => {
      left = leftovers(this.engine, this.#usedBytes);
      return left.length === 0;
    };
    if (!this.isBroken && !(await until(isClean))) {
      this.#violate("nothing is left of the dead", left.slice(0, 10).join("\n"));
    }
    await this.engine.close();
  }

  #violate(rule: string, detail: string): void {
    this.isBroken = true;
    this.#run.violation({ rule, detail, replay: { threads: this.engine.threads } });
  }

  /** A job of this thread has the bits that it has without a death. */
  async #expect(kind: Kind, what: string): Promise<void> {
    const wanted = this.#input.expected[kind];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`nothing in ${SETTLE_MS / 1000} s`), SETTLE_MS);
    });
    const start = performance.now();
    const call = begin(this.engine, this.#input, kind).catch((error: unknown) => String(error));
    const got = await Promise.race([call, late]);
    clearTimeout(timer);
    this.jobs++;
    this.#run.took(performance.now() - start, `${kind}, ${what}`);
    if (bits(got) === bits(wanted)) return;
    this.#violate(
      "a job has the same bits as without the death",
      `${kind}, ${what}: expected ${wanted} (${bits(wanted)}), got ${String(got)} (${bits(got)})`,
    );
  }

  // --- fault points -----------------------------------------------------------------

  #arm(participant: number, point: number, fault: number, skip = 0, milliseconds = 0): void {
    const { words } = this.#places;
    const at = (field: number) => (lineOf(participant) + field) >> 2;
    Atomics.store(words, at(LINE_FAULT_HIT), 0);
    Atomics.store(words, at(LINE_FAULT_SKIP), skip);
    Atomics.store(words, at(LINE_FAULT), (milliseconds << 16) | (point << 8) | fault);
  }

  #disarm(participant: number): void {
    Atomics.store(this.#places.words, (lineOf(participant) + LINE_FAULT) >> 2, 0);
  }

  #isHit(participant: number, point: number): boolean {
    return this.#places.at(lineOf(participant) + LINE_FAULT_HIT) === point;
  }

  /** Runs jobs until the armed point is hit, and `reap` then; false if it is not hit soon. */
  async #runInto(
    participant: number,
    point: number,
    kind: Kind,
    what: string,
    reap: () => void,
  ): Promise<boolean> {
    const isHit = () => this.#isHit(participant, point);
    // While a job of this thread waits for what the victim holds.
    const reaper = setInterval(() => {
      if (!isHit()) return;
      clearInterval(reaper);
      reap();
    }, 1);
    const start = performance.now();
    while (!isHit() && !this.isBroken && performance.now() - start < HIT_MS) {
      await this.#expect(kind, what);
    }
    this.#disarm(participant);
    const hit = isHit();
    if (!hit || this.isBroken) clearInterval(reaper);
    return hit;
  }

  // --- strikes ----------------------------------------------------------------------

  #anyWorker(): number {
    return this.#run.random.integer(0, this.#places.workers - 1);
  }

  /** A worker dies at a point while jobs of a kind run; true if it did. */
  async worker({ name, id }: Point, kind: Kind): Promise<boolean> {
    const { random } = this.#run;
    const me = this.#anyWorker();
    const fault = random.pick([FAULT_TRAP, FAULT_STALL]);
    const before = this.engine.stats().deaths;
    this.#arm(me, id, fault, random.pick([0, 0, 1, 3, 10]));
    const what = `a worker dies at "${name}"`;
    const hit = await this.#runInto(me, id, kind, what, () => {
      if (fault === FAULT_STALL && id < EXIT) void this.engine.terminate(me);
    });
    if (hit) await this.#replaced(before);
    await this.#expect(kind, `after ${what}`);
    return hit;
  }

  /** Waits until the death was noticed and another worker has joined. */
  async #replaced(deaths: number): Promise<void> {
    const isOver = () => {
      const stats = this.engine.stats();
      return stats.deaths > deaths && stats.absent === 0;
    };
    if (this.isBroken || (await until(isOver))) return;
    const { deaths: now, absent } = this.engine.stats();
    this.#violate("a replacement joins", `${now - deaths} deaths, ${absent} workers absent`);
  }

  /** A worker is terminated at no particular place. */
  async atRandom(kind: Kind): Promise<boolean> {
    const { random } = this.#run;
    const me = this.#anyWorker();
    const before = this.engine.stats().deaths;
    const job = this.#expect(kind, "a worker is terminated at a random time");
    for (let turns = random.integer(0, 50); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.engine.terminate(me);
    await job;
    await this.#replaced(before);
    return true;
  }

  /** Another thread that submits dies at a point with jobs under way, or at no particular one. */
  async submitter({ name, id }: Point, kind: Kind): Promise<boolean> {
    const { random } = this.#run;
    const before = this.#places.submitters;
    const data: SubmitterInit = { handle: this.engine.handle(), input: this.#input, kind };
    const thread = new Worker(SUBMITTER, { workerData: data, execArgv: [] });
    try {
      const [first] = (await once(thread, "message")) as [Told];
      const rule = "the jobs of a thread that dies later have the same bits";
      const check = (told: Told) => told !== "ready" && this.#violate(rule, told);
      check(first);
      thread.on("message", check);
      const me = this.#places.submitters.find((s) => !before.includes(s)) as number;
      this.#arm(me, id, FAULT_STALL, random.pick([0, 1, 5, 20]));
      const what = `a submitting thread dies at "${name}"`;
      const hit = await this.#runInto(me, id, kind, what, () => void thread.terminate());
      await thread.terminate();
      const isGone = () => !this.#places.submitters.includes(me);
      if (!this.isBroken && !(await until(isGone))) {
        this.#violate("the line of a dead thread is free again", `participant ${me}, ${what}`);
      }
      await this.#expect(kind, `after ${what}`);
      return hit;
    } finally {
      await thread.terminate();
    }
  }

  /**
   * A worker dies that was about to take a ticket, which another took just before; and while this
   * thread looks at whose it is, the other is done with it. True if it came to that.
   */
  async overtaken(): Promise<boolean> {
    const { workers } = this.#places;
    if (workers < 2) return false;
    const dies = this.#anyWorker();
    const takes = (dies + this.#run.random.integer(1, workers - 1)) % workers;
    const [owner] = this.#places.submitters as [number];
    const before = this.engine.stats().deaths;
    const [first, second, third] = PAUSES_MS;
    this.#arm(takes, POINT_RESERVE, FAULT_PAUSE, 0, first);
    this.#arm(dies, POINT_RESERVE, FAULT_STALL);
    const job = this.#expect("stream", "a worker dies that another one has overtaken");
    const pauses = () => this.#isHit(takes, POINT_RESERVE);
    const stands = () => this.#isHit(dies, POINT_RESERVE);
    if (await until(() => pauses() && stands(), HIT_MS)) {
      this.#arm(takes, POINT_RESERVED, FAULT_PAUSE, 0, second);
      if (await until(() => this.#isHit(takes, POINT_RESERVED), HIT_MS)) {
        this.#arm(owner, POINT_LOOKED, FAULT_PAUSE, 0, third);
      }
    }
    for (const participant of [takes, dies]) this.#disarm(participant);
    const hit = stands();
    if (hit) await this.engine.terminate(dies);
    await job;
    if (hit) await this.#replaced(before);
    this.#disarm(owner);
    await this.#expect("stream", "after a worker died that another one has overtaken");
    return this.#isHit(owner, POINT_LOOKED);
  }
}
