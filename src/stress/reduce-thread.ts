// A submitter of the `reduce` scenario: works its script off, call by call, and compares. Number 0
// creates the engine and hands it to the others; at the end of a life it closes it. Whatever a
// defective core does to this thread, the board tells the scenario that it makes no progress.

import { once } from "node:events";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { attachEngine, createEngine } from "../engine/create.js";
import type { Engine, EngineHandle } from "../engine/engine.js";
import { Shelf } from "./reduce-arrays.js";
import {
  add,
  CLOSING,
  type Counts,
  EARLY,
  type Farewell,
  LINE,
  LINES,
  type LifeInit,
  type Message,
  NO_COUNTS,
  OUTSTANDING,
  SETTLED,
  STOP,
} from "./reduce-board.js";
import { fault, type Outcome, type Started, start, warmUp } from "./reduce-call.js";
import { type Call, type DataSpec, describe, Script } from "./reduce-script.js";
import { NO_RESCUE } from "./runner.js";

const init = workerData as LifeInit;
const { board, submitter, manner } = init;
const port = parentPort as MessagePort;
const line = LINES + submitter * LINE;
/** Of a worker's staging room for foreign buffers. */
const STAGE_BYTES = 16 * 8192 * 8;

const tell = (message: Message) => port.postMessage(message);
const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code;
const isStopped = () => Atomics.load(board, STOP) !== 0;

function violate(rule: string, detail: string): void {
  tell({ kind: "violation", rule, detail: `${where()}: ${detail}` });
}

function where(): string {
  const role = submitter === 0 ? "the engine's owner" : "attached";
  return (
    `life ${init.life} (${manner}), submitter ${submitter} (${role}), ` +
    `engine of ${init.threads} threads`
  );
}

/** Calls under way, in words. */
const unsettled = new Map<symbol, string>();

// With nothing left that could settle a call the event loop ends, and the thread with it.
process.once("exit", () => {
  if (unsettled.size === 0) return;
  violate(
    "every call settles",
    `the thread's event loop ended with calls under way:\n${[...unsettled.values()].join("\n")}`,
  );
});

/** Says what is under way, as long as `body` takes. */
async function doing<T>(text: string, body: () => Promise<T>): Promise<T> {
  tell({ kind: "doing", text: `${where()}: ${text}` });
  const key = Symbol();
  unsettled.set(key, text);
  Atomics.store(board, line + OUTSTANDING, 1);
  try {
    return await body();
  } finally {
    Atomics.store(board, line + OUTSTANDING, 0);
    unsettled.delete(key);
  }
}

function shown(value: unknown): string {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? "" : `\ncause: ${shown(value.cause)}`;
    return `${String(codeOf(value) ?? "")} ${value.stack}${cause}`;
  }
  if (typeof value !== "number") {
    return typeof value === "bigint" ? `${value}n` : JSON.stringify(value);
  }
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint;
  return `${Object.is(value, -0) ? "-0" : value} (bits ${bits.toString(16).padStart(16, "0")})`;
}

class Submissions {
  needed: Counts = NO_COUNTS;
  begun = 0;
  readonly ways = new Map<string, number>();
  #slowest = 0;
  readonly #engine: Engine;
  readonly #shelf: Shelf;
  readonly #script = new Script(init.seed, init.life, submitter, manner === "rough");

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#shelf = new Shelf(engine);
  }

  /** `close`: called with the last batch's calls under way. */
  async run(close?: () => Promise<void>): Promise<void> {
    for (let batch = 0; batch < init.batches && !isStopped(); batch++) {
      const { data, calls } = this.#script.next();
      if (this.#shelf.isFull(data)) await this.settle();
      const isLast = close !== undefined && batch === init.batches - 1;
      // Made here, since what is told to be under way is timed.
      const arrays = this.#shelf.find(data);
      for (const call of calls) {
        arrays.answers(call);
        arrays.input(call);
      }
      const text = `batch ${batch}: ${[...new Set(calls)].map((c) => describe(data, c)).join("; ")}`;
      await doing(text, () => this.#batch(batch, data, calls, isLast ? close : undefined));
    }
    if (close === undefined) await this.settle();
  }

  async #batch(
    batch: number,
    data: DataSpec,
    calls: readonly Call[],
    close: (() => Promise<void>) | undefined,
  ): Promise<void> {
    const arrays = this.#shelf.find(data);
    const pending = calls.map((call) => {
      const key = Symbol();
      unsettled.set(key, `batch ${batch}: ${describe(data, call)}`);
      const from = performance.now();
      const started = start(this.#engine, call, data.dtype, arrays);
      this.begun += started.begun;
      this.needed = add(this.needed, started.needed);
      return started.outcome.then((outcome) => {
        unsettled.delete(key);
        Atomics.add(board, line + SETTLED, 1);
        this.#time(performance.now() - from, describe(data, call));
        this.#judge(batch, data, call, started, outcome);
      });
    });
    await close?.();
    await Promise.all(pending);
  }

  #time(milliseconds: number, what: string): void {
    if (milliseconds <= this.#slowest) return;
    this.#slowest = milliseconds;
    tell({ kind: "took", milliseconds, what: `${where()}: ${what}` });
  }

  #judge(batch: number, data: DataSpec, call: Call, started: Started, outcome: Outcome): void {
    const way = call.pairwise ? `${call.how} pairwise` : call.how;
    this.ways.set(way, (this.ways.get(way) ?? 0) + 1);
    const { error } = outcome;
    const isEarly =
      (call.abort !== undefined && error === started.reason) ||
      (call.timeout !== undefined && codeOf(error) === "ERR_TIMEOUT");
    const isClosed = codeOf(error) === "ERR_CLOSED" && Atomics.load(board, CLOSING) !== 0;
    if (isEarly || isClosed) {
      Atomics.add(board, line + EARLY, 1);
      return;
    }
    const arrays = this.#shelf.find(data);
    const wrong = fault(call, arrays, outcome);
    if (wrong === undefined) return;
    const { name, got, want } = wrong;
    const rule =
      error === undefined
        ? "every job has the bits of the naive oracle"
        : "no call fails that should not";
    violate(
      rule,
      `batch ${batch}: ${describe(data, call)}\n${name}: expected ${shown(want)}\n` +
        `${" ".repeat(name.length)}       got ${shown(got)}`,
    );
  }

  /** Waits until no worker looks at any input of this thread, also of calls that have ended. */
  async settle(): Promise<void> {
    await doing("waits for the jobs of calls that ended early", async () => {
      while (this.#engine.stats().pending > 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  }

  clear(): void {
    this.#shelf.clear();
  }
}

/** What this thread's own line counted since `from`. */
function own(engine: Engine, from = NO_COUNTS): Counts {
  const { blocks, combines } = engine.stats().lines.at(-1) as Counts;
  return { blocks: blocks - from.blocks, combines: combines - from.combines };
}

function all(engine: Engine): Counts {
  return engine.stats().lines.reduce<Counts>(add, NO_COUNTS);
}

function checkJobs(engine: Engine, begun: number): void {
  const { jobs } = engine.stats();
  if (jobs !== begun) violate("stats add up", `${begun} calls were made, stats say ${jobs} jobs`);
}

async function attached(): Promise<void> {
  const fromOwner = init.ports[0] as MessagePort;
  const [handle] = (await once(fromOwner, "message")) as [EngineHandle | undefined];
  fromOwner.close();
  const none = { kind: "left", counted: NO_COUNTS, needed: NO_COUNTS, ways: {} } as const;
  if (handle === undefined) return tell(none);
  try {
    const engine = attachEngine(handle);
    const before = own(engine);
    const jobs = engine.stats().jobs;
    await doing("the first call", () => warmUp(engine));
    const submissions = new Submissions(engine);
    submissions.begun = jobs + 2;
    await submissions.run();
    submissions.clear();
    checkJobs(engine, submissions.begun);
    const counted = own(engine, before);
    await doing("engine.close()", () => engine.close());
    const { needed, ways } = submissions;
    tell({ kind: "left", counted, needed, ways: Object.fromEntries(ways) });
  } catch (error) {
    if (codeOf(error) !== "ERR_CLOSED" || Atomics.load(board, CLOSING) === 0) throw error;
    // What of its line is lost does not matter: a life that is cut is not counted.
    tell(none);
  }
}

async function create(): Promise<Engine> {
  const options = { threads: init.threads, core: init.core };
  try {
    return await doing("createEngine", () => createEngine(options));
  } catch (error) {
    if (codeOf(error) === "ERR_MEMORY") tell({ kind: "unable", error });
    throw error;
  }
}

async function owner(): Promise<void> {
  const engine = await create();
  await doing("the first call", () => warmUp(engine));
  const stage = stageOf(engine);
  const before = { used: engine.stats().usedBytes, counts: all(engine) };
  for (const to of init.ports) {
    to.postMessage(engine.handle());
    to.close();
  }
  const submissions = new Submissions(engine);
  submissions.begun = engine.stats().jobs;
  const close = async () => {
    Atomics.store(board, CLOSING, 1);
    await engine.close();
  };
  await submissions.run(manner === "cut" ? close : undefined);
  if (manner !== "cut") {
    tell({ kind: "waits" });
    const [farewell] = (await once(port, "message")) as [Farewell];
    submissions.clear();
    checkJobs(engine, submissions.begun);
    checkCounts(engine, before.counts, submissions.needed, farewell);
    checkMemory(engine, before.used, stage);
  }
  checkDeaths(engine);
  checkRescued(engine);
  await doing("engine.close()", close);
  tell({ kind: "closed", ways: Object.fromEntries(submissions.ways) });
}

/** What the arena takes for a staging room. */
function stageOf(engine: Engine): number {
  const { usedBytes } = engine.stats();
  const room = engine.alloc("uint8", STAGE_BYTES);
  const taken = engine.stats().usedBytes - usedBytes;
  engine.free(room);
  return taken;
}

function checkCounts(engine: Engine, before: Counts, mine: Counts, others: Farewell): void {
  const needed = add(mine, others.needed);
  const now = add(all(engine), others.counted);
  for (const name of ["blocks", "combines"] as const) {
    const counted = now[name] - before[name];
    // A call that ended early needed less, nobody knows how much.
    const fits = manner === "calm" ? counted === needed[name] : counted <= needed[name];
    if (!fits) {
      violate("stats add up", `jobs needed ${needed[name]} ${name}, lines counted ${counted}`);
    }
  }
}

function checkMemory(engine: Engine, before: number, stage: number): void {
  const { pending, usedBytes, workers } = engine.stats();
  // Each thread that computes keeps room to stage foreign buffers in, once it has met one.
  const rooms = (usedBytes - before) / stage;
  if (pending !== 0 || !Number.isInteger(rooms) || rooms < 0 || rooms > workers + 1) {
    violate(
      "nothing is left of a job",
      `${pending} jobs pending; ${before} bytes were in use before, now ${usedBytes}, of which ` +
        `${workers + 1} staging rooms of ${stage} bytes may stay`,
    );
  }
}

function checkRescued(engine: Engine): void {
  const { rescued } = engine.stats();
  if (rescued > 0) violate(NO_RESCUE, `${rescued} lost wake-ups were made good`);
}

function checkDeaths(engine: Engine): void {
  const { deaths = 0 } = engine.stats() as { deaths?: number };
  if (deaths > 0) violate("no thread dies that nobody killed", `${deaths} threads died`);
}

await (submitter === 0 ? owner() : attached());
// Nothing of the engine may keep the thread: it ends by itself now.
port.unref();
