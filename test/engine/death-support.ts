// What tests of death share: fault points are armed and watched, words of the engine's memory read,
// and nothing of the dead may be left.

import {
  CONTROL_SUBMITTERS,
  CONTROL_WORKERS,
  FAULT_STALL,
  HAND_EMPTY,
  JOB_OWNER,
  JOB_SIZE,
  JOBS,
  LINE_FAULT,
  LINE_FAULT_HIT,
  LINE_FAULT_SKIP,
  LINE_HAND,
  LINE_SIZE,
  LINES,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  POINT_ANNOUNCED,
  POINT_ANSWERED,
  POINT_ARRIVED,
  POINT_CLAIM,
  POINT_CLAIMED,
  POINT_COMPLETE,
  POINT_COPIED,
  POINT_DONE,
  POINT_FILLED,
  POINT_FOLDED,
  POINT_IN_HAND,
  POINT_MERGED,
  POINT_PAIR_CLAIM,
  POINT_PAIR_CLAIMED,
  POINT_PAIR_MERGED,
  POINT_PAIR_PUBLISHED,
  POINT_RELEASED,
  POINT_RESERVE,
  POINT_RESERVED,
  POINT_ROUND,
  POINT_WOKEN,
  RING_HEAD,
  RING_TAIL,
  TASK_RING,
} from "../../src/core/map.js";
import type { Engine } from "../../src/index.js";
import { assert } from "../harness.js";
import { assertArena } from "./arena-words.js";

/** Where workers pass, and submitters that help. */
export const COMMON_POINTS: readonly number[] = [
  POINT_RESERVE,
  POINT_RESERVED,
  POINT_FILLED,
  POINT_CLAIM,
  POINT_CLAIMED,
  POINT_COPIED,
  POINT_IN_HAND,
  POINT_RELEASED,
  POINT_FOLDED,
  POINT_ARRIVED,
  POINT_MERGED,
  POINT_COMPLETE,
  POINT_ANSWERED,
  POINT_ANNOUNCED,
  POINT_WOKEN,
  POINT_PAIR_CLAIM,
  POINT_PAIR_CLAIMED,
  POINT_PAIR_MERGED,
  POINT_PAIR_PUBLISHED,
  POINT_ROUND,
  POINT_DONE,
];

/** A test that waits longer has waited in vain. */
const PATIENCE_MS = 20_000;

export const pause = (ms = 1) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Until it is so; a failure says what never was. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`);
    await pause();
  }
}

/** Resolves to how the call ended: a call that never does is a failure of its own. */
export async function settled<T>(call: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`never settles: ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The engine's memory as words, for those who look behind its back. */
export class Words {
  readonly #memory: WebAssembly.Memory;

  constructor(engine: Engine) {
    this.#memory = engine.handle().memory as WebAssembly.Memory;
  }

  get i32(): Int32Array {
    return new Int32Array(this.#memory.buffer);
  }

  at(address: number): number {
    return Atomics.load(this.i32, address >> 2);
  }

  line(participant: number, field: number): number {
    return this.at(LINES + participant * LINE_SIZE + field);
  }

  /** Has a participant come to an end at a fault point of the checked core; see core/fault.ts. */
  arm(participant: number, point: number, kind = FAULT_STALL, skip = 0): void {
    const line = (LINES + participant * LINE_SIZE) >> 2;
    Atomics.store(this.i32, line + (LINE_FAULT_HIT >> 2), 0);
    Atomics.store(this.i32, line + (LINE_FAULT_SKIP >> 2), skip);
    Atomics.store(this.i32, line + (LINE_FAULT >> 2), (point << 8) | kind);
  }

  disarm(participant: number): void {
    Atomics.store(this.i32, (LINES + participant * LINE_SIZE + LINE_FAULT) >> 2, 0);
  }

  hit(participant: number): number {
    return this.line(participant, LINE_FAULT_HIT);
  }

  /** Participants whose lines of submitters are taken. */
  submitters(): number[] {
    return Array.from({ length: MAX_SUBMITTERS }, (_, s) => s)
      .filter((s) => (this.at(CONTROL_SUBMITTERS + 4 * (s >> 5)) & (1 << (s & 31))) !== 0)
      .map((s) => MAX_WORKERS + s);
  }

  /** Owners of job entries, by participant. */
  owners(): number[] {
    return Array.from({ length: MAX_JOBS }, (_, i) => this.at(JOBS + i * JOB_SIZE + JOB_OWNER))
      .filter((owner) => owner !== 0)
      .map((owner) => owner - 1);
  }

  /** True once nothing lies in the task ring or in a worker's hand. */
  isQuiet(): boolean {
    const workers = Array.from({ length: this.at(CONTROL_WORKERS) }, (_, me) => me);
    return (
      this.at(TASK_RING + RING_HEAD) === this.at(TASK_RING + RING_TAIL) &&
      workers.every((me) => this.line(me, LINE_HAND) === HAND_EMPTY)
    );
  }

  assertArena(usedBytes: number): void {
    assertArena(this.i32, usedBytes);
  }
}

/** Waits until all that died is put right, and looks that nothing of it is left. */
export async function assertClean(
  engine: Engine,
  { usedBytes, submitters }: { usedBytes: number; submitters: readonly number[] },
): Promise<void> {
  const words = new Words(engine);
  await until(() => engine.stats().absent === 0, "replacements join");
  await until(() => engine.stats().pending === 0, "no job of the owner is left");
  await until(() => words.owners().length === 0, `entries of jobs are free`);
  await until(() => words.submitters().length === submitters.length, "lines are given back");
  assert.equal(words.submitters(), [...submitters]);
  await until(() => words.isQuiet(), "nothing is left in the task ring or in a hand");
  await until(() => engine.stats().usedBytes === usedBytes, "no byte is left");
  words.assertArena(usedBytes);
}
