// Threads that are TypeScript functions, for the explorer: a second kind of machine beside that of
// machine.ts. A function cannot be suspended. So each operation on shared memory first looks for
// its result in a recording; the first one that has none is thrown out of, and that is where the
// thread stands. A step does that operation and runs the function again from its start. Steps and
// races are those of step.ts; so is the rule of machine.ts that what a step does is remembered by what it read,
// so that functions are seldom run again.
//
// A function has to do the same if its operations return the same: it keeps nothing from one run
// to the next, and asks nothing but them. What is recorded is compared with what is asked for.
//
// What is forgotten, so that states stay few. Two recordings after which a function goes on alike
// should be one.
// - A call of a primitive (`call`) that has returned is its result and no more. So a function
//   passed to it may not write variables of the thread.
// - A try of `until` that failed leaves nothing. So what it does may write no variables either.
// - A loop within a call: operations that come round with the same results, in a cycle of at most
//   LONGEST, are kept once. That is sound for code whose variables are the same after each cycle: it
//   does not count. Before a cycle is left out the function is run with it ROUNDS times, and once: it has to
//   ask for each of its operations, and then for the same next one. A loop that counts as far as
//   that is found so, and its recording stays long. One that counts further would not be found.

import { ReplayedMemory } from "./replayed-memory.js";
import { Runner } from "./replayed-run.js";
import { type Frame, NOWHERE, type Pending, type Script } from "./replayed-types.js";
import { END, type Explorable, type Outcome, type Position, START } from "./step.js";
import { mixHigh, mixLow } from "./visited.js";

export interface ReplayedPosition extends Position, Pending {
  readonly frames: readonly Frame[];
}

/** Operations of a cycle, and how often it is tried. */
const LONGEST = 8;
const ROUNDS = 100;
const NO_STACK = new Int32Array(0);

export class ReplayedMachine<S> implements Explorable {
  readonly memory: ReplayedMemory;
  readonly #runner: Runner<S>;
  readonly #positions = new Map<string, ReplayedPosition>();
  /** Cycles that were looked into: whether they may be left out. */
  readonly #cycles = new Map<string, boolean>();
  #outcomes = 0;

  constructor(script: Script<S>, shared: Set<number>) {
    this.memory = new ReplayedMemory(shared);
    this.#runner = new Runner(script, this.memory);
  }

  /** A word's name, as the program gave it. */
  name(address: number): string {
    return this.memory.name(address);
  }

  /** "end" looks at what is left; there is no other. */
  call(name: string): void {
    if (name === "end") this.#runner.end();
  }

  begin(thread: number): Position {
    this.memory.begin(thread);
    return this.#keep(thread, [], { access: START, ...NOWHERE, asked: "starts" });
  }

  isStill({ address, expected }: ReplayedPosition): boolean {
    return this.memory.read(address, typeof expected === "bigint") === expected;
  }

  // --- steps ------------------------------------------------------------------------

  take(at: ReplayedPosition, result: number): Outcome {
    const known = at.outcomes.find((outcome) => {
      return outcome.result === result && this.memory.holds(outcome.reads);
    });
    const outcome = known ?? this.#step(at, result);
    this.memory.writeAll(outcome.writes);
    return outcome;
  }

  /** Runs it; memory is as before afterwards. */
  #step(at: ReplayedPosition, result: number): Outcome {
    const { thread } = at;
    this.memory.begin(thread);
    if (at.access === END) return this.#ended(at);
    const granted = at.access === START ? undefined : at.asked;
    const { pending, broken, strayed, frames, texts } = this.#runner.run(
      thread,
      at.frames,
      granted,
      result,
    );
    if (strayed)
      throw new Error(`thread ${thread} asks for something else than when it ran before`);
    const { reads, accesses } = this.memory;
    const writes = this.memory.takeBack();
    let next: Position | undefined;
    if (broken === undefined && pending !== undefined) {
      next = this.#keep(thread, this.#shorten(thread, frames, pending.asked), pending);
    } else if (broken === undefined && this.memory.tail.length > 0) {
      // What it accessed last races with others as long as it has not ended; so that is a step.
      next = this.#keep(thread, [], { access: END, ...NOWHERE, asked: "ends" });
    }
    const outcome: Outcome = {
      id: this.#outcomes++,
      result,
      reads,
      writes,
      posts: [],
      accesses,
      events: [],
      next,
      broken,
      text: texts.join(", ") || at.asked,
    };
    at.outcomes.push(outcome);
    return outcome;
  }

  #ended({ asked, outcomes }: ReplayedPosition): Outcome {
    const outcome: Outcome = {
      id: this.#outcomes++,
      result: 0,
      reads: [],
      writes: [],
      posts: [],
      accesses: [],
      events: [],
      next: undefined,
      broken: undefined,
      text: asked,
    };
    outcomes.push(outcome);
    return outcome;
  }

  /** Leaves cycles at the end of the innermost call out. */
  #shorten(thread: number, frames: readonly Frame[], asked: string): readonly Frame[] {
    const inner = frames.at(-1) as Frame;
    if (!inner.isCall) return frames;
    const { entries } = inner;
    for (let length = 1; length <= LONGEST && 2 * length <= entries.length; length++) {
      const from = entries.length - length;
      if (!entries.slice(from).every((entry, i) => entry === entries[from - length + i])) continue;
      const shorter = [...frames.slice(0, -1), { ...inner, entries: entries.slice(0, from) }];
      if (!this.#mayLeaveOut(thread, shorter, length, asked)) continue;
      return shorter;
    }
    return frames;
  }

  #mayLeaveOut(thread: number, frames: readonly Frame[], length: number, asked: string): boolean {
    const key = `${thread} ${keyOf(frames)} ${length}`;
    const known = this.#cycles.get(key);
    if (known !== undefined) return known;
    const inner = frames.at(-1) as Frame;
    const cycle = inner.entries.slice(-length);
    const entries = [...inner.entries, ...Array.from({ length: ROUNDS }, () => cycle).flat()];
    const longer = [...frames.slice(0, -1), { ...inner, entries }];
    const may = [frames, longer].every((tried) => {
      const { strayed, pending } = this.#runner.run(thread, tried, undefined, 0, true);
      return !strayed && pending?.asked === asked;
    });
    this.#cycles.set(key, may);
    return may;
  }

  #keep(thread: number, frames: readonly Frame[], pending: Pending): ReplayedPosition {
    const tail = [...new Set(this.memory.tail)].sort((a, b) => a - b);
    const key = `${thread} ${keyOf(frames)} ${tail} ${pending.asked}`;
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    const id = this.#positions.size;
    const position: ReplayedPosition = {
      ...pending,
      id,
      thread,
      stack: NO_STACK,
      globals: [],
      tail,
      low: mixLow(id, 1),
      high: mixHigh(id, 1),
      outcomes: [],
      frames: frames.map((frame) => ({ ...frame, entries: [...frame.entries] })),
    };
    this.#positions.set(key, position);
    return position;
  }
}

function keyOf(frames: readonly Frame[]): string {
  return frames.map(({ name, entries }) => `${name}:${entries.map(({ id }) => id)}`).join("/");
}
