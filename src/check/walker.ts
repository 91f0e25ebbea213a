// The threads of a program, walked by hand: whoever replays, samples or simplifies an order of steps
// decides at each what happens next.

import { Levels } from "./levels.js";
import type { Choice, Finding, Program } from "./program.js";
import type { Broken, Explorable, Position } from "./step.js";

/** `begin`, then `go` as often as one likes. Nobody else may use the machine meanwhile. */
export class Walker {
  readonly #levels: Levels;

  constructor(machine: Explorable, program: Program) {
    this.#levels = new Levels(machine, program);
  }

  /** @throws Broken */
  begin(): void {
    this.#levels.start();
    this.#arrive(0);
  }

  /** Back to where it all begins. */
  rewind(): void {
    this.#levels.back(0);
    this.#levels.arrive(0);
  }

  /** All that may happen next. */
  choices(): Choice[] {
    const { depth, n } = this.#levels;
    const choices: Choice[] = [];
    for (let c = this.#levels.first(depth, 0); c >= 0; c = this.#levels.first(depth, c + 1)) {
      choices.push({ thread: c % n, what: Math.floor(c / n) });
    }
    return choices;
  }

  /** @throws Broken */
  go({ thread, what }: Choice): void {
    const { depth, n } = this.#levels;
    this.#levels.chose(depth, thread + n * what);
    this.#levels.take(depth, thread + n * what);
    this.#arrive(depth + 1);
  }

  #arrive(d: number): void {
    this.#levels.arrive(d);
    if (this.#levels.isOver(d)) this.#levels.end();
  }

  /** Alike in states that are alike. */
  get key(): string {
    const levels = this.#levels;
    levels.hash(levels.depth);
    return `${levels.hashLow},${levels.hashHigh}`;
  }

  /** Where a thread stands, unless it ended. */
  position(thread: number): Position | undefined {
    return this.#levels.position(this.#levels.depth, thread);
  }

  status(thread: number): number {
    return this.#levels.status(this.#levels.depth, thread);
  }

  /** What just broke, and the way there. */
  finding(broken: Broken): Finding {
    return this.#levels.finding(broken);
  }
}
