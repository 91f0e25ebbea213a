// The threads of sync.ts, and the watch over a round of theirs. A round ends within bounds whatever
// the primitives do: threads that get no further are found, asked about, and terminated.
//
// A lost wake-up: for STALL ms no party got anything done, although in each program somebody always
// can, or is to be woken by who just did. Then the host notifies every word of every primitive. If
// that wakes somebody, they slept with nobody on the way to wake them; if the round then goes on, what
// they slept for was there. If it wakes nobody, the threads run and have no processor, or spin: they
// get HANG ms.

import { Worker } from "node:worker_threads";
import { type BarrierObject, Barrier as StartLine } from "../sync/index.js";
import { pause } from "./drill.js";
import {
  AWAY,
  type Broken,
  CALLS,
  DOING,
  ENDED,
  LINE,
  type LongWords,
  type Order,
  type Shape,
  type Shared,
  STEPS,
  type ThreadInit,
  type Told,
  type Words,
} from "./sync-board.js";
import { callName } from "./sync-hands.js";

export const STALL = 2000;
const STALL_LOOKS = 40;
const HANG = 20_000;
/** Milliseconds that threads have to come to the start line, on a machine that does other things. */
const START = 60_000;
const LOOK = 25;
/** Milliseconds in which a round that was woken by hand shows that it goes on. */
const ROUSED = 300;
/** Of a dump of primitives. */
const MOST_SHOWN = 12;

export interface Round {
  readonly program: string;
  readonly shape: Shape;
  readonly shared: Shared;
  /** A thread each: its parties. */
  readonly threads: readonly { readonly parties: readonly number[]; readonly isAsync: boolean }[];
}

export interface Played {
  readonly counts: readonly (readonly number[])[];
  readonly times: readonly number[];
  /** Milliseconds from the start line to the last end. */
  readonly took: number;
}

export type Outcome = { played: Played } | { broken: Broken } | "aborted";

interface Member {
  readonly worker: Worker;
  settle: { resolve(told: Told): void; reject(error: Error): void } | undefined;
}

type Part = Exclude<Told, { readonly broken: Broken }>;

function together(parts: readonly Part[]): Played {
  const ends = parts.map(({ ended }) => Number(ended));
  return {
    counts: parts.map(({ counts }) => counts),
    times: parts.flatMap(({ times }) => times),
    took: (Math.max(...ends) - Math.min(...parts.map(({ began }) => Number(began)))) / 1e6,
  };
}

/** Views of a primitive, by name. */
function viewsOf(name: string, it: unknown): [string, Words | LongWords][] {
  if (it instanceof Int32Array || it instanceof BigInt64Array) {
    return [[name, it as Words | LongWords]];
  }
  if (typeof it !== "object" || it === null) return [];
  return Object.entries(it).flatMap(([key, value]) =>
    viewsOf(Array.isArray(it) ? `${name}[${key}]` : `${name}.${key}`, value),
  );
}

export class Crew {
  readonly #impl: string;
  readonly #board: Words;
  readonly #members: Member[] = [];

  /** Of at most so many parties. */
  constructor(impl: string, parties: number) {
    this.#impl = impl;
    this.#board = new Int32Array(new SharedArrayBuffer(4 * LINE * parties));
  }

  #member(place: number): Member {
    const init: ThreadInit = { impl: this.#impl, me: place + 1, board: this.#board };
    const worker = new Worker(new URL("./sync-thread.js", import.meta.url), {
      workerData: init,
      execArgv: [],
      name: `sync ${place}`,
    });
    const member: Member = { worker, settle: undefined };
    worker.on("message", (told: Told) => member.settle?.resolve(told));
    worker.on("error", (error) => member.settle?.reject(error));
    worker.on("exit", (code) => member.settle?.reject(new Error(`a thread ended with ${code}`)));
    return member;
  }

  /** Has threads play a round from one start line, and watches them. */
  async run(round: Round, signal: AbortSignal, sample: () => void): Promise<Outcome> {
    const { shape, threads } = round;
    this.#board.fill(0);
    for (let party = 0; party < shape.parties; party++) {
      this.#board[party * LINE + DOING] = AWAY;
    }
    const start = StartLine.init(threads.length);
    const all = Promise.all(threads.map((_, place) => this.#send(round, place, start)));
    const outcome = await this.#watch(round, all, signal, sample);
    if (!(typeof outcome === "object" && "played" in outcome)) await this.close();
    return outcome;
  }

  #send({ program, shape, shared, threads }: Round, place: number, start: BarrierObject) {
    this.#members[place] ??= this.#member(place);
    const member = this.#members[place] as Member;
    const { parties, isAsync } = threads[place] as Round["threads"][number];
    const told = new Promise<Told>((resolve, reject) => {
      member.settle = { resolve, reject };
    });
    const order: Order = { program, shape, shared, start, parties, isAsync };
    member.worker.postMessage(order);
    return told.then((it) => {
      if ("broken" in it) throw it;
      return it;
    });
  }

  async #watch(
    round: Round,
    all: Promise<Part[]>,
    signal: AbortSignal,
    sample: () => void,
  ): Promise<Outcome> {
    const { parties } = round.shape;
    let over: Outcome | undefined;
    const ended = all.then(
      (told) => {
        over = { played: together(told) };
      },
      (error) => {
        const isBroken = typeof error === "object" && error !== null && "broken" in error;
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        over = isBroken ? error : { broken: { rule: "no thread fails", detail: text } };
      },
    );
    const arrive = performance.now();
    while (over === undefined && this.#isAnyAway(parties)) {
      await Promise.race([ended, pause(1, signal)]);
      if (signal.aborted) return over ?? "aborted";
      if (performance.now() - arrive > START) {
        throw new Error("stress sync: a thread did not come to the start line within a minute");
      }
    }
    let [since, looks, seen] = [performance.now(), 0, -1];
    while (over === undefined) {
      await Promise.race([ended, pause(LOOK, signal)]);
      if (over !== undefined) break;
      if (signal.aborted) return "aborted";
      sample();
      const steps = this.steps(parties);
      const time = performance.now();
      if (steps !== seen) [since, looks, seen] = [time, 0, steps];
      else if (++looks > STALL_LOOKS && time - since > STALL) {
        // Looks again in a while, if nobody sleeps.
        looks = 0;
        const stuck = await this.#rouse(round, ended, time - since > HANG);
        if (stuck !== undefined) over = { broken: stuck };
      }
    }
    return over;
  }

  #isAnyAway(parties: number): boolean {
    for (let party = 0; party < parties; party++) if (this.#doing(party) === AWAY) return true;
    return false;
  }

  /** Wakes all who sleep; what that tells, or undefined if nobody did and they have time left. */
  async #rouse(round: Round, ended: Promise<void>, isHung: boolean): Promise<Broken | undefined> {
    const { parties } = round.shape;
    // Before they are woken.
    const places = this.#describe(round);
    const steps = this.steps(parties);
    let woken = 0;
    for (const [, view] of viewsOf("", round.shared.sync)) {
      for (let i = 0; i < view.length; i++) woken += Atomics.notify(view as Words, i);
    }
    if (woken === 0) {
      return isHung ? { rule: "threads get on", detail: `nobody sleeps\n${places}` } : undefined;
    }
    // Who was woken may have slept and been woken again.
    const slept = Math.min(woken, parties);
    let isOver = false;
    const over = ended.then(() => {
      isOver = true;
    });
    await Promise.race([over, pause(ROUSED)]);
    const goesOn = isOver || this.steps(parties) !== steps;
    const after = goesOn
      ? "woken by hand it went on: what they slept for was there"
      : "woken by hand it did not go on: they wait for each other, or for what nobody gave back";
    return {
      rule: goesOn ? "no wake-up is lost" : "threads get on",
      detail: `for ${STALL / 1000} s nobody got anything done, ${slept} slept; ${after}\n${places}`,
    };
  }

  #describe({ shape, shared }: Round): string {
    const lines: string[] = [];
    for (let party = 0; party < shape.parties; party++) {
      const doing = this.#doing(party);
      const where = doing === ENDED ? "has ended" : `in ${callName(doing)}`;
      lines.push(`party ${party + 1}: ${where}, after ${this.#board[party * LINE + STEPS]} steps`);
    }
    const views = Object.entries(shared.sync).flatMap(([name, it]) => viewsOf(name, it));
    for (const [name, view] of views.slice(0, MOST_SHOWN)) lines.push(`${name}: ${view.join(" ")}`);
    if (views.length > MOST_SHOWN) lines.push(`and ${views.length - MOST_SHOWN} more`);
    return lines.join("\n");
  }

  #doing(party: number): number {
    return Atomics.load(this.#board, party * LINE + DOING);
  }

  #sum(word: number, parties: number): number {
    let sum = 0;
    for (let party = 0; party < parties; party++) {
      sum += Atomics.load(this.#board, party * LINE + word);
    }
    return sum;
  }

  steps(parties: number): number {
    return this.#sum(STEPS, parties);
  }

  /** Calls of this round that returned. */
  calls(parties: number): number {
    return this.#sum(CALLS, parties);
  }

  async close(): Promise<void> {
    const members = this.#members.splice(0);
    for (const member of members) member.settle = undefined;
    await Promise.all(members.map(({ worker }) => worker.terminate()));
  }
}
