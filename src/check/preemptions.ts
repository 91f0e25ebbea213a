// How often a thread that could go on was overtaken by another, for each state on the way; and who may
// run where that is bounded (M. Musuvathi and S. Qadeer, Iterative Context Bounding for Systematic
// Testing of Multithreaded Programs, 2007).

const NOBODY = -1;

export class Preemptions {
  readonly #bound: number | undefined;
  /** By level: the thread that ran last, and how often it came to that. */
  readonly #last: number[] = [NOBODY];
  readonly #count: number[] = [0];

  /** Undefined: any number of times. */
  constructor(bound: number | undefined) {
    this.#bound = bound;
  }

  /** The thread that ran last; −1 in the first state. */
  last(d: number): number {
    return this.#last[d] as number;
  }

  /** True if only the thread that ran last may run, if it can. */
  isSpent(d: number): boolean {
    return this.#bound !== undefined && (this.#count[d] as number) >= this.#bound;
  }

  /** A racing store takes effect: nobody runs. */
  keep(d: number): void {
    this.#last[d + 1] = this.#last[d] as number;
    this.#count[d + 1] = this.#count[d] as number;
  }

  run(d: number, thread: number, isPreemption: boolean): void {
    this.#last[d + 1] = thread;
    this.#count[d + 1] = (this.#count[d] as number) + (isPreemption ? 1 : 0);
  }

  /** For the hash of a state of n threads: where there is no bound it makes no difference. */
  key(d: number, n: number): number {
    if (this.#bound === undefined) return 0;
    return 1 + (this.#count[d] as number) * (n + 1) + (this.#last[d] as number) + 1;
  }
}
