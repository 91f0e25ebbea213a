// What must be so in an engine that has nothing to do, whoever died before. Reads the shared memory
// itself, at the places of core/map.ts, and asks the engine nothing but its figures.

import {
  CONTROL_HELPERS,
  CONTROL_IDLE,
  CONTROL_OWNER,
  CONTROL_RECOVERING,
  CONTROL_SUBMITTERS,
  CONTROL_WATCHERS,
  CONTROL_WORKERS,
  HAND_EMPTY,
  JOB_OWNER,
  JOB_SIZE,
  JOBS,
  LINE_HAND,
  LINE_RESULTS,
  LINE_SIZE,
  LINE_STATE,
  LINES,
  MAX_JOBS,
  MAX_SUBMITTERS,
  MAX_WORKERS,
  RING_HEAD,
  RING_MASK,
  RING_SHIFT,
  RING_SLOTS,
  RING_TAIL,
  SLOT_SEQ,
  STATE_READY,
  TASK_RING,
} from "../core/map.js";
import type { Engine } from "../engine/engine.js";

export class Places {
  readonly words: Int32Array;

  constructor(engine: Engine) {
    this.words = new Int32Array((engine.handle().memory as WebAssembly.Memory).buffer);
  }

  at(address: number): number {
    return Atomics.load(this.words, address >> 2);
  }

  get workers(): number {
    return this.at(CONTROL_WORKERS);
  }

  /** Participants that submit, this thread's own included. */
  get submitters(): number[] {
    return [...Array(MAX_SUBMITTERS).keys()]
      .filter((s) => (this.at(CONTROL_SUBMITTERS + 4 * (s >> 5)) & (1 << (s & 31))) !== 0)
      .map((s) => MAX_WORKERS + s);
  }
}

export const lineOf = (participant: number): number => LINES + participant * LINE_SIZE;

/** What is left, in words; nothing if all is clean. `usedBytes`: what was in use before. */
export function leftovers(engine: Engine, usedBytes: number): string[] {
  const places = new Places(engine);
  const stats = engine.stats();
  const left: string[] = [];
  const expect = (what: string, got: unknown, wanted: unknown) => {
    if (got !== wanted) left.push(`${what}: ${String(got)}, not ${String(wanted)}`);
  };
  expect("bytes in use", stats.usedBytes, usedBytes);
  expect("jobs pending", stats.pending, 0);
  expect("workers absent", stats.absent, 0);
  expect("a recovery under way", places.at(CONTROL_RECOVERING), 0);
  for (const [name, mask] of [
    ["helpers", CONTROL_HELPERS],
    ["watchers", CONTROL_WATCHERS],
  ] as const) {
    expect(name, places.at(mask) | places.at(mask + 4), 0);
  }
  for (let index = 0; index < MAX_JOBS; index++) {
    expect(`owner of job entry ${index}`, places.at(JOBS + index * JOB_SIZE + JOB_OWNER), 0);
  }
  const owner = places.at(CONTROL_OWNER);
  expect("submitting threads", places.submitters.join(), String(owner));
  for (let me = 0; me < places.workers; me++) {
    expect(`state of worker ${me}`, places.at(lineOf(me) + LINE_STATE), STATE_READY);
    // It lets go of its task, and of its bit, just after the answer that we have.
    expect(`task in the hand of worker ${me}`, places.at(lineOf(me) + LINE_HAND), HAND_EMPTY);
    const idle = places.at(CONTROL_IDLE + 4 * (me >> 5)) & (1 << (me & 31));
    expect(`worker ${me} looks for work`, idle, 0);
  }
  left.push(...inRing(places, "task ring", TASK_RING));
  left.push(...inRing(places, "result ring", places.at(lineOf(owner) + LINE_RESULTS)));
  return left;
}

/** Every slot that was ever used waits for the ticket one lap after its last: no orphan. */
function inRing(places: Places, name: string, ring: number): string[] {
  const end = (field: number) => {
    const words = new BigInt64Array(places.words.buffer);
    return Atomics.load(words, (ring + field) >> 3);
  };
  const [head, tail] = [end(RING_HEAD), end(RING_TAIL)];
  if (head !== tail) return [`${name}: head ${head}, tail ${tail}`];
  const mask = places.at(ring + RING_MASK);
  const shift = places.at(ring + RING_SHIFT);
  const slots = places.at(ring + RING_SLOTS);
  const left: string[] = [];
  for (let i = 1; i <= mask + 1; i++) {
    // The last ticket of this slot, and what `release` made of it.
    const ticket = Number(BigInt.asIntN(32, tail)) - i;
    const seq = places.at(slots + ((ticket & mask) << shift) + SLOT_SEQ);
    const free = (ticket + mask + 1) | 0;
    if (seq !== free) left.push(`${name}: slot of ticket ${ticket} has seq ${seq}, not ${free}`);
  }
  return left;
}
