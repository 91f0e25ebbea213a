// Those who wait for something, in the order in which they came.

interface Waiter<T> {
  serve: ((thing: T) => void) | undefined;
}

/** So many that were served stay listed before the list is cut. */
const SERVED = 1024;

export class Waiters<T> {
  #waiters: Waiter<T>[] = [];
  /** Those before this one were served, or have left. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Waits behind all others. Returns what gives the place up: true if it was still waiting. */
  wait(serve: (thing: T) => void): () => boolean {
    const waiter: Waiter<T> = { serve };
    this.#waiters.push(waiter);
    this.#size++;
    return () => {
      if (waiter.serve === undefined) return false;
      waiter.serve = undefined;
      if (--this.#size === 0) this.#cut(this.#waiters.length);
      return true;
    };
  }

  /** Gives the first what all wait for; somebody must be waiting. */
  serve(thing: T): void {
    let serve: Waiter<T>["serve"];
    while (serve === undefined) {
      const waiter = this.#waiters[this.#head++] as Waiter<T>;
      serve = waiter.serve;
      waiter.serve = undefined;
    }
    const isLast = --this.#size === 0;
    if (isLast) this.#cut(this.#waiters.length);
    else if (this.#head > SERVED && 2 * this.#head > this.#waiters.length) this.#cut(this.#head);
    serve(thing);
  }

  #cut(n: number): void {
    this.#waiters.splice(0, n);
    this.#head = 0;
  }
}
