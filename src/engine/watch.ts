// What a thread looks for twice a second besides deaths: wake-ups that were lost. There are none in a
// core and a host that are right. One that is found is made good, and counted (`stats().rescued`), so
// that a defect shows as a number that is not 0 and not as a call that takes seconds.

import { channel } from "node:diagnostics_channel";
import {
  CONTROL_RESCUED,
  GATE_EPOCH,
  LINE_GATE,
  LINE_RESULTS,
  RING_HEAD,
  TASK_RING,
  WORK_GATE,
} from "../core/map.js";
import type { Shared } from "./shared.js";

/** What the channel ringfold:rescued tells. */
export interface RescuedMessage {
  /** Lost wake-ups of the engine so far. */
  readonly rescued: number;
}

const rescued = channel("ringfold:rescued");
/** Tickets from 0 on; none is this. */
const NONE = -1n;

export class Watch {
  readonly #shared: Shared;
  readonly #gate: number;
  readonly #results: number;
  /** Of the last look: the first ticket of the ring, if something lay in it that nobody took. */
  #answer = NONE;
  #task = NONE;
  /** Epoch of the work gate then. */
  #epoch = 0;
  #told = 0;

  constructor(shared: Shared, me: number) {
    this.#shared = shared;
    this.#gate = shared.line(me) + LINE_GATE;
    this.#results = shared.u32(shared.line(me) + LINE_RESULTS);
  }

  /** Lost wake-ups of all threads of the engine so far. */
  get rescued(): number {
    return Atomics.load(this.#shared.i32s, CONTROL_RESCUED >> 2);
  }

  /** Tells subscribers of those that were found since it was called last. */
  tell(): void {
    const count = this.rescued;
    if (count === this.#told) return;
    this.#told = count;
    const message: RescuedMessage = { rescued: count };
    if (rescued.hasSubscribers) rescued.publish(message);
  }

  /**
   * True if an answer lies in this thread's ring that nothing will have it take: whoever published
   * it woke nobody; or it has lain there since the last look, with turns of the event loop between.
   * @param epoch at which the thread listens; undefined: it does not
   */
  isAnswerLeft(epoch: number | undefined): boolean {
    const { core } = this.#shared;
    const before = this.#answer;
    this.#answer = core.ringIsReady(this.#results) ? this.#head(this.#results) : NONE;
    if (this.#answer === NONE) return false;
    const isLost = epoch !== undefined && core.isAnswerLost(this.#gate, this.#results, epoch) !== 0;
    if (!isLost && this.#answer !== before) return false;
    this.#answer = NONE;
    this.#count();
    return true;
  }

  /**
   * Wakes the workers if since the last look one of them sleeps while the same task waits and
   * nobody was woken.
   */
  wakeIdle(): void {
    const { core, i32s } = this.#shared;
    const [task, epoch] = [this.#task, this.#epoch];
    this.#epoch = Atomics.load(i32s, (WORK_GATE + GATE_EPOCH) >> 2);
    this.#task = core.isTaskIdle() ? this.#head(TASK_RING) : NONE;
    if (this.#task === NONE || this.#task !== task || this.#epoch !== epoch) return;
    this.#task = NONE;
    this.#count();
    core.wakeAll();
  }

  #head(ring: number): bigint {
    return Atomics.load(this.#shared.i64s, (ring + RING_HEAD) >> 3);
  }

  #count(): void {
    Atomics.add(this.#shared.i32s, CONTROL_RESCUED >> 2, 1);
  }
}
