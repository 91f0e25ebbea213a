// Who waits, for each state on the way: threads in the order of their coming, whichever address they
// wait at. `notify` wakes those at its address in that order, as the specification has it.

export class WaitLists {
  readonly #n: number;
  /** By level: how many wait. */
  readonly #sizes: number[] = [];
  /** Room for n threads a level: first come first. */
  readonly #waiting: number[] = [];

  constructor(threads: number) {
    this.#n = threads;
  }

  /** Nobody waits in the first state. */
  begin(): void {
    this.#sizes[0] = 0;
  }

  /** The state behind that of depth d begins alike. */
  copy(d: number): void {
    const size = this.#sizes[d] as number;
    this.#sizes[d + 1] = size;
    for (let i = 0; i < size; i++) this.#waiting[(d + 1) * this.#n + i] = this.at(d, i);
  }

  size(d: number): number {
    return this.#sizes[d] as number;
  }

  /** Of those who wait, the thread that came as the i-th. */
  at(d: number, i: number): number {
    return this.#waiting[d * this.#n + i] as number;
  }

  lieDown(d: number, thread: number): void {
    const size = this.#sizes[d] as number;
    this.#waiting[d * this.#n + size] = thread;
    this.#sizes[d] = size + 1;
  }

  /** The thread waits no more, if it did. */
  leave(d: number, thread: number): void {
    const size = this.#sizes[d] as number;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const waits = this.at(d, i);
      if (waits !== thread) this.#waiting[d * this.#n + kept++] = waits;
    }
    this.#sizes[d] = kept;
  }
}
