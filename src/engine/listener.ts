// How a thread that may not block waits for its answers: a state machine of three states over its
// gate. Called by the gate's own thread only. `ringfold check host` explores it, as it is compiled,
// against threads that answer (check/host.ts); so it gets at shared memory through `Gate` alone.
//
// idle       nothing is announced
// looking    `listen` or `woken` is on the stack: whatever is called meanwhile leaves all to it
// listening  announced, and a promise is out that is kept once the epoch has moved
//
// No wake-up is lost. Listening is entered by: announce, read the epoch, look for answers, enlist at
// that epoch. An answer that the look misses is published after it, so its thread sees the
// announcement and moves the epoch (core/README.md, The gate): the promise is kept, or was refused. The
// announcement stands until `woken` or `close`. The same thread may wait at the gate itself in
// between (`help`): that has a bit of its own (`listenBegin` in core/worker.ts), since a bit that two
// waits share is taken back by the first to end, and the other is never woken.

/** Of one thread, as its event loop uses it. */
export interface Gate {
  /** Says that the event loop is about to wait; returns the epoch to wait at. */
  announce(): number;
  /** Takes that back. */
  cancel(): void;
  /** A promise that is kept when the epoch is not `epoch` any more; undefined if it is not now. */
  enlist(epoch: number): PromiseLike<unknown> | undefined;
  /** Hands on every answer that is there; true if there was one. */
  drain(): boolean;
  /** False if no answer is awaited. */
  isAwaited(): boolean;
}

const IDLE = 0;
const LOOKING = 1;
const LISTENING = 2;
const CLOSED = 3;

export class Listener {
  readonly #gate: Gate;
  #state = IDLE;
  #epoch = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** The epoch that it listens at; undefined if it does not. */
  get epoch(): number | undefined {
    return this.#state === LISTENING ? this.#epoch : undefined;
  }

  /**
   * Hands on the answers that are there, and has those that come announced: `woken` is to be called
   * when the promise that it returns is kept. Undefined: none is awaited, or it listens already.
   */
  listen(): PromiseLike<unknown> | undefined {
    if (this.#state !== IDLE) return undefined;
    this.#state = LOOKING;
    let promise: PromiseLike<unknown> | undefined;
    try {
      promise = this.#look();
    } finally {
      if (this.#state === LOOKING) this.#state = promise === undefined ? IDLE : LISTENING;
    }
    return promise;
  }

  #look(): PromiseLike<unknown> | undefined {
    for (;;) {
      this.#gate.drain();
      if (this.#state !== LOOKING || !this.#gate.isAwaited()) return undefined;
      this.#epoch = this.#gate.announce();
      const found = this.#gate.drain();
      const promise = found ? undefined : this.#gate.enlist(this.#epoch);
      if (promise !== undefined) return promise;
      this.#gate.cancel();
    }
  }

  /** The promise was kept. */
  woken(): PromiseLike<unknown> | undefined {
    if (this.#state !== LISTENING) return undefined;
    this.#state = IDLE;
    this.#gate.cancel();
    return this.listen();
  }

  /** For good. */
  close(): void {
    if (this.#state === LISTENING) this.#gate.cancel();
    this.#state = CLOSED;
  }
}
