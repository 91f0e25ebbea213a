// Runs a counter-example step by step on a core that tells source lines (traced.wasm), and writes
// down what every step does.

import { Machine } from "./machine.js";
import {
  callInWords,
  inWords,
  isReady,
  type Place,
  placesOf,
  resultInWords,
  waitsOf,
} from "./names.js";
import { type Choice, DIE, FLUSH, type Program, TIMEOUT } from "./program.js";
import type { Replay } from "./replay.js";
import { rerun } from "./rerun.js";
import {
  END,
  type Event,
  JOIN,
  NOTIFY,
  PLAIN,
  RACES,
  READS,
  START,
  WAIT,
  WAITING,
  type Watcher,
  WIDE,
  WOKEN,
  WRITES,
} from "./step.js";
import { Walker } from "./walker.js";
import { type Lines, whereIs } from "./where.js";

export interface TraceLine {
  /** From 1; undefined for what belongs to the step before: plain accesses, calls and returns. */
  readonly step: number | undefined;
  readonly thread: string;
  /** Function, file and line. */
  readonly where: string;
  readonly operation: string;
  readonly address: string;
  /** What the address held, and what it holds afterwards if it was written. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface Trace {
  /** Undefined: nothing breaks any more. */
  readonly verdict: string | undefined;
  readonly detail: string;
  readonly lines: readonly TraceLine[];
  /** Who waits in the end, and where. */
  readonly stuck: readonly string[];
  readonly steps: number;
  readonly preemptions: number;
  /** The step at which what goes round begins. */
  readonly loop: number | undefined;
}

export interface Traced {
  readonly module: WebAssembly.Module;
  readonly lines: Lines;
}

type Draft = { -readonly [K in keyof TraceLine]: TraceLine[K] } & {
  word?: number;
  plain?: boolean;
};

const DEEP = 64;

/** @throws Error if the path is not one of this core */
export function trace(traced: Traced, program: Program, replay: Replay): Trace {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEEP;
  try {
    return new Tracer(traced, program, replay).run();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

class Tracer implements Watcher {
  readonly #program: Program;
  readonly #replay: Replay;
  readonly #source: Lines;
  readonly #machine: Machine;
  readonly #walker: Walker;
  readonly #placeOf: (address: number) => Place;
  readonly #lines: Draft[] = [];
  /** By thread: where it is suspended. */
  readonly #stopped: string[] = [];
  /** By thread: the operation before which it is suspended. */
  readonly #operations: string[] = [];
  /** By thread: what it called last. */
  readonly #called: number[] = [];
  /** The access under way, to be finished with what its word holds then. */
  #open: { line: Draft; access: number; address: number; value: bigint } | undefined;
  /** The line of the step under way, until its access comes. */
  #step: Draft | undefined;

  constructor({ module, lines }: Traced, program: Program, replay: Replay) {
    this.#program = program;
    this.#replay = replay;
    this.#source = lines;
    this.#placeOf = placesOf(program);
    // Copied: words that were not known then must not change what a step is.
    this.#machine = new Machine(module, program.threads, new Set(replay.shared), this);
    this.#walker = new Walker(this.#machine, program);
  }

  run(): Trace {
    const { path, loop } = this.#replay;
    const { broken, preemptions } = rerun(this.#walker, this.#program, this.#replay, {
      before: (step, choice) => this.#begin(step, choice),
      after: () => this.#close(),
    });
    const rule = broken?.rule;
    const stuck = rule === "deadlock" ? this.#stuck() : [];
    return {
      verdict: rule === "deadlock" && this.#isLostWakeUp() ? "lost wake-up" : rule,
      detail: inWords(broken?.message ?? "", this.#placeOf),
      lines: this.#shown(),
      stuck: stuck.map(({ text }) => text),
      steps: path.length,
      preemptions,
      loop: loop === undefined ? undefined : loop + 1,
    };
  }

  #name(thread: number): string {
    return this.#program.threads[thread]?.name ?? `thread ${thread}`;
  }

  /** Plain accesses only where threads share what they write. */
  #shown(): TraceLine[] {
    const written = new Set(
      this.#lines.filter(({ after }) => after !== undefined).map(({ word }) => word),
    );
    return this.#lines
      .filter(({ word, plain }) => plain !== true || written.has(word))
      .map(({ word: _, plain: __, ...line }) => line);
  }

  #line(thread: number, operation: string, more: Partial<Draft> = {}): Draft {
    const line = {
      step: undefined,
      thread: this.#name(thread),
      where: "",
      operation,
      address: "",
      before: undefined,
      after: undefined,
      ...more,
    };
    this.#lines.push(line);
    return line;
  }

  /** What a step is, as far as it shows before it is taken. */
  #begin(step: number, { thread, what }: Choice): void {
    // That of a thread that fell asleep made no access.
    this.#step = undefined;
    const where = this.#stopped[thread] ?? "";
    const at = this.#walker.position(thread);
    const address = at === undefined ? 0 : at.address;
    if (what >= FLUSH) {
      const to = this.#machine.memory.postedAt(thread, what - FLUSH);
      const line = this.#line(thread, "racing store takes effect", { step, word: to >> 2 });
      this.#watch(line, WRITES, to);
      return;
    }
    const name = this.#placeOf(address).name;
    if (at === undefined || what === DIE) this.#line(thread, "dies", { step, where });
    else if (what === TIMEOUT) this.#step = this.#line(thread, "times out", { step, where });
    else if (at.access === START) {
      this.#line(thread, "starts", { step, where: this.#program.threads[thread]?.entry ?? "" });
    } else if (at.access === END) this.#line(thread, "ends", { step, where });
    else if (at.access === JOIN) {
      const operation = `${at.timed ? "asks after" : "has waited for"} ${this.#name(at.argument)}`;
      this.#line(thread, operation, { step, where });
    } else if ((at.access & WAIT) !== 0) {
      const held = this.#machine.memory.words[address >> 2] as number;
      const isWoken = this.#walker.status(thread) === WOKEN;
      const sleeps = held === at.argument ? "sleeps" : "moved on";
      const operation = isWoken ? "is woken" : `wait while ${at.argument}: ${sleeps}`;
      this.#step = this.#line(thread, operation, { step, where, address: name });
      this.#step.before = String(held);
    } else this.#step = this.#line(thread, "", { step, where, address: name });
  }

  #watch(line: Draft, access: number, address: number): void {
    const value = this.#read(access, address);
    line.address = this.#placeOf(address).name;
    line.before = this.#show(address, value);
    this.#open = { line, access, address, value };
  }

  #read(access: number, address: number): bigint {
    const { words } = this.#machine.memory;
    const low = BigInt(words[address >> 2] as number);
    if ((access & WIDE) === 0) return low;
    return (BigInt(words[(address >> 2) + 1] as number) << 32n) | BigInt.asUintN(32, low);
  }

  #show(address: number, value: bigint): string {
    return this.#placeOf(address).show?.(value) ?? String(value);
  }

  /** The access under way is done. */
  #close(): void {
    if (this.#open !== undefined) {
      const { line, access, address, value } = this.#open;
      const now = this.#read(access, address);
      const isFailed = line.operation.startsWith("compare-exchange") && now === value;
      if (isFailed) line.operation += ": fails";
      else if ((access & WRITES) !== 0) line.after = this.#show(address, now);
    }
    this.#open = undefined;
  }

  // --- told by the machine ------------------------------------------------------------

  stops(thread: number, access: number): void {
    this.#close();
    const { operation, where } = whereIs(new Error().stack ?? "", this.#source);
    this.#stopped[thread] = where;
    this.#operations[thread] = nameOf(operation, access);
  }

  accessed(thread: number, access: number, address: number): void {
    this.#close();
    const step = this.#step;
    this.#step = undefined;
    const word = address >> 2;
    if (step !== undefined) {
      step.word = word;
      if ((access & WAIT) !== 0) return;
      step.operation = this.#operations[thread] ?? "";
      if ((access & NOTIFY) === 0) this.#watch(step, access, address);
      return;
    }
    if (!this.#replay.shared.has(word)) return;
    const { operation, where } = whereIs(new Error().stack ?? "", this.#source);
    const name = nameOf(operation, access);
    const plain = (access & PLAIN) !== 0;
    this.#watch(this.#line(thread, name, { where, word, plain }), access, address);
  }

  told(thread: number, { what, value }: Event): void {
    this.#close();
    if (what !== undefined) this.#called[thread] = what;
    const operation =
      what === undefined
        ? resultInWords(this.#called[thread] ?? 0, value)
        : `called ${callInWords(what, value)}`;
    this.#line(thread, operation);
  }

  left(): void {
    this.#close();
  }

  // --- in the end ---------------------------------------------------------------------

  #stuck() {
    return this.#program.threads.flatMap(({ name }, thread) => {
      const at = this.#walker.position(thread);
      if (at === undefined) return [];
      const where = this.#stopped[thread] ?? "";
      const isAsleep = this.#walker.status(thread) === WAITING;
      const what =
        at.access === JOIN
          ? `for ${this.#name(at.argument)} to end`
          : `at ${this.#placeOf(at.address).name}`;
      const text = `${name} ${isAsleep ? "sleeps" : "waits"} ${what}, in ${where}`;
      return [{ text, address: at.address, isAsleep }];
    });
  }

  /** Somebody sleeps though there is what it waits for. */
  #isLostWakeUp(): boolean {
    const { words } = this.#machine.memory;
    const waits = waitsOf(this.#program, words);
    return this.#stuck().some(({ address, isAsleep }) => {
      const wait = waits.find(({ gate }) => gate === address);
      if (!isAsleep || wait === undefined) return false;
      const isClosed = wait.closed !== undefined && words[wait.closed >> 2] !== 0;
      return isClosed || isReady(words, wait.ring);
    });
  }
}

function nameOf(operation: string, access: number): string {
  if ((access & RACES) !== 0) return "racing store, under way";
  if (operation !== "") return operation;
  return (access & READS) !== 0 ? "load" : "store";
}
