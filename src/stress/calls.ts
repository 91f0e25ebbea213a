// The `calls` scenario: an engine's first calls. Most programs make few, and make them while the
// engine measures the machine and its workers still come. So each life is a fresh thread or a fresh
// process with a fresh engine, calls of every kind, and a bound on the slowest of them.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { CallsInit, CallsTold } from "./calls-life.js";
import { NO_RESCUE } from "./runner.js";
import type { Run, Scenario, Summary } from "./scenario.js";

const LIFE = new URL("./calls-life.js", import.meta.url);
/** Of a life. */
const FEW_CALLS = 30;
const MANY_CALLS = 1000;
/** One life in so many has many calls. */
const MANY_EVERY = 6;
/** A call that has not come back by then never will. */
const SETTLE_MS = 15_000;
/** That a process is there, on a busy machine. */
const START_MS = 60_000;

interface Life {
  readonly init: CallsInit;
  readonly inProcess: boolean;
}

interface Ended {
  readonly took: readonly number[];
  readonly slowest: string;
  readonly rescued: number;
}

/** What was told first; undefined: the life was ended from outside. */
type Fate = Ended | { readonly violation: string; readonly rule: string } | undefined;

/** Starts a life, and hears it to its end. */
function live({ init, inProcess }: Life, signal: AbortSignal): Promise<Fate> {
  return new Promise((resolve) => {
    const { core, ...plain } = init;
    const child: ChildProcess | Worker = inProcess
      ? fork(fileURLToPath(LIFE), { execArgv: [] })
      : new Worker(LIFE, { workerData: init, execArgv: [], name: "calls" });
    if (!(child instanceof Worker)) child.send(plain);
    let doing = "the start";
    let timer: NodeJS.Timeout;
    const end = (fate: Fate) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (child instanceof Worker) void child.terminate();
      else child.kill("SIGKILL");
      resolve(fate);
    };
    const onAbort = () => end(undefined);
    const late = () => end({ rule: "every call settles", violation: `nothing came of ${doing}` });
    const wait = (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(late, milliseconds);
    };
    wait(START_MS);
    signal.addEventListener("abort", onAbort);
    let ended: Ended | undefined;
    child.on("message", (told: CallsTold) => {
      wait(SETTLE_MS);
      if (told.kind === "call") doing = told.what;
      else if (told.kind === "end") ended = told;
      else end({ rule: "every call gives its value", violation: `${told.what}: ${told.detail}` });
    });
    child.on("error", (error: Error) => {
      end({ rule: "no thread fails", violation: `${doing}: ${error.stack}` });
    });
    child.once("exit", (code) => {
      if (ended !== undefined && code === 0) end(ended);
      else end({ rule: "no thread fails", violation: `${doing}: ended with code ${code}` });
    });
  });
}

class Calling {
  readonly #run: Run;
  readonly #took: number[] = [];
  readonly #lives = { processes: 0, threads: 0 };
  #calls = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  async play(): Promise<Summary> {
    const { settings, signal } = this.#run;
    const end = performance.now() + settings.duration;
    for (let life = 0; !signal.aborted && (life === 0 || performance.now() < end); life++) {
      if (!(await this.#live(life))) break;
    }
    return {
      operations: this.#calls,
      figures: { "fresh processes": this.#lives.processes, "fresh threads": this.#lives.threads },
      tables: [],
    };
  }

  /** False if there shall be no other. */
  async #live(life: number): Promise<boolean> {
    const { settings, signal, random } = this.#run;
    const inProcess = life % 2 === 0;
    const threads = settings.threads ?? random.pick([1, 2, 2, 3, 4]);
    const calls = life % MANY_EVERY === MANY_EVERY - 1 ? MANY_CALLS : FEW_CALLS;
    const { seed, modules } = settings;
    const init = { seed, life, threads, calls, ...(inProcess ? {} : { core: modules.core }) };
    const fate = await live({ init, inProcess }, signal);
    if (fate === undefined) return false;
    this.#lives[inProcess ? "processes" : "threads"]++;
    const about = `life ${life}, a ${inProcess ? "process" : "thread"}, ${threads} threads`;
    if ("rule" in fate) {
      this.#run.violation({ rule: fate.rule, detail: `${about}: ${fate.violation}` });
      return false;
    }
    const { took, slowest, rescued } = fate;
    this.#calls += took.length;
    this.#took.push(...took);
    const sorted = this.#took.sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] as number;
    const phase = `${calls} calls in a fresh ${inProcess ? "process" : "thread"}`;
    this.#run.sample({ phase, operations: this.#calls, p50: at(0.5), p99: at(0.99) });
    if (rescued > 0) {
      this.#run.violation({ rule: NO_RESCUE, detail: `${about}: ${rescued} were made good` });
    }
    this.#run.took(Math.max(...took), `${about}: ${slowest}`);
    return rescued === 0;
  }
}

export const calls: Scenario = {
  name: "calls",
  describe: "the first calls of fresh engines in fresh threads and processes, of every kind",
  asserts: "every call gives its value within a second; no wake-up is lost",
  unit: "calls",
  takes: ["threads"],
  run: (run) => new Calling(run).play(),
};
