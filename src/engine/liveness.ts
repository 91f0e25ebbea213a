// Whether another thread lives, told without its help and without an event loop: a thread that
// waits in `reduceSync` gets no `exit` event, and whoever attached to an engine is nobody's child.
//
// A living thread keeps some waiters (tokens) listed at a word of its own line, by
// `Atomics.waitAsync`. When a thread ends, the runtime takes its waiters off the list, after the
// last of its code has run. So `notify` at that word wakes one, or finds none: the thread is dead.
// A probe uses a token up; the thread lays out another when its event loop turns, or between tasks.

import {
  FEW_TOKENS,
  LINE_ALIVE,
  LINE_TOKENS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  TOKENS,
} from "../core/map.js";
import type { Shared } from "./shared.js";
import { now } from "./timers.js";

/** Between two probes of one thread, as long as it has tokens enough. */
const PROBE_MS = 50;

export class Liveness {
  readonly #shared: Shared;
  readonly #next = new Float64Array(MAX_WORKERS + MAX_SUBMITTERS);
  readonly #pause = new Float64Array(MAX_WORKERS + MAX_SUBMITTERS).fill(PROBE_MS);
  #ended = false;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Lays this thread's tokens out. */
  begin(): void {
    Atomics.store(this.#shared.i32s, this.#word(LINE_TOKENS, this.#shared.me), 0);
    // Without it, in old browsers, nobody is ever found dead.
    if (typeof Atomics.waitAsync !== "function") return;
    this.layOut();
  }

  /** The same again, for those that were used up; also where this thread's event loop gets no turn. */
  layOut(): void {
    if (typeof Atomics.waitAsync !== "function" || this.#ended) return;
    const { i32s, me } = this.#shared;
    const tokens = this.#word(LINE_TOKENS, me);
    while (Atomics.load(i32s, tokens) < TOKENS) {
      const wait = Atomics.waitAsync(i32s, this.#word(LINE_ALIVE, me), 0);
      if (!wait.async) return;
      Atomics.add(i32s, tokens, 1);
      void wait.value.then(() => this.layOut());
    }
  }

  /** Takes them back: nobody may depend on this thread any more. */
  end(): void {
    this.#ended = true;
    const { i32s, me } = this.#shared;
    Atomics.store(i32s, this.#word(LINE_TOKENS, me), 0);
    Atomics.notify(i32s, this.#word(LINE_ALIVE, me));
  }

  #word(field: number, participant: number): number {
    return (this.#shared.line(participant) + field) >> 2;
  }

  /** True if a participant that was ready is dead; false if it lives, or was asked just now. */
  isDead(participant: number): boolean {
    const time = now();
    if (time < (this.#next[participant] as number)) return false;
    const { i32s } = this.#shared;
    const word = this.#word(LINE_TOKENS, participant);
    const tokens = Atomics.load(i32s, word);
    // A worker that is parked comes out of the core to lay out more when it is woken. One that is
    // in user code cannot: what it has left is used ever more slowly.
    const isLow = tokens < FEW_TOKENS;
    const pause = isLow ? 2 * (this.#pause[participant] as number) : PROBE_MS;
    if (isLow && participant < MAX_WORKERS) this.#shared.core.wakeAll();
    this.#pause[participant] = pause;
    this.#next[participant] = time + pause;
    // The last one stays, so that no token and no tokens yet do not look the same.
    if (tokens < 2) return false;
    if (Atomics.compareExchange(i32s, word, tokens, tokens - 1) !== tokens) return false;
    return Atomics.notify(i32s, this.#word(LINE_ALIVE, participant), 1) === 0;
  }
}
