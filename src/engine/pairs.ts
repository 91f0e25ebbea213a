// The pairwise schedule, seen from the host: rings for the results of all rounds; the input is the
// first round's task ring where it lies, or in a copy.

import {
  KIND_EXTERNAL_PAIRWISE,
  KIND_PAIRWISE,
  MOST_NUMBERS,
  NUMBERS_GIVEN,
  NUMBERS_HEAD,
  NUMBERS_SIZE,
  NUMBERS_STATES,
  NUMBERS_WHOLE,
} from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { bytesOf, type Located } from "./input.js";
import type { Task } from "./jobs.js";
import { assertLength } from "./limits.js";
import type { ReduceOptions } from "./options.js";
import type { Plan } from "./plan.js";
import type { Shared } from "./shared.js";

/** Pairs that one claim takes at most: so many bytes of results, or fewer, of code that may be slow. */
const BATCH_BYTES = 65_536;
const USER_BATCH = 16;
/** Bytes that are prepared between two looks at the call's limits. */
const STEP = 4 * 1024 * 1024;

/** Results of rounds 0, 2, … and of rounds 1, 3, …: ⌈n/2⌉ + ⌈n/8⌉ + …, ⌈n/4⌉ + ⌈n/16⌉ + … */
function resultCounts(length: number): [number, number] {
  const counts: [number, number] = [0, 0];
  let n = length;
  for (let round = 0; n > 1; round++) {
    n = Math.ceil(n / 2);
    counts[round % 2]! += n;
  }
  return counts;
}

/** @throws RingfoldError ERR_OPTION, ERR_MEMORY */
export function pairTask(
  shared: Shared,
  me: number,
  threads: number,
  located: Located,
  plan: Plan,
  options: ReduceOptions,
): Task {
  const { length, address, dtype } = located;
  if (length > MOST_NUMBERS) {
    throw new RingfoldError(
      "ERR_OPTION",
      `schedule: "pairwise" takes at most 2^28 numbers, got ${length}; use "blocks"`,
    );
  }
  const { pass, user } = plan;
  const batch = user === undefined ? Math.ceil(BATCH_BYTES / pass.stateBytes) : USER_BATCH;
  const [inA, inB] = resultCounts(length);
  const copied = address < 0 ? length * dtype.size : 0;
  // Bits come first: all of them are cleared by one fill.
  const bits = 3 * NUMBERS_SIZE;
  const [bitsA, bitsB] = [bitBytes(inA), bitBytes(inB)];
  const states = bits + 2 * (bitsA + bitsB);
  const copy = states + (inA + inB) * pass.stateBytes;
  const rings = shared.arena.alloc(copy + copied, me + 1);
  shared.reach(rings + copy + copied);
  setRing(shared, rings, 0, 0, 0);
  setRing(shared, rings + NUMBERS_SIZE, rings + bits, bitsA, rings + states);
  setRing(
    shared,
    rings + 2 * NUMBERS_SIZE,
    rings + bits + 2 * bitsA,
    bitsB,
    rings + states + inA * pass.stateBytes,
  );
  return {
    plan,
    pass,
    kind: user === undefined ? KIND_PAIRWISE : KIND_EXTERNAL_PAIRWISE,
    length,
    input: address < 0 ? rings + copy : address,
    owns: [rings],
    ...(user === undefined ? {} : { extra: { operator: user.url } }),
    pairwise: { rings, batch, participants: threads },
    *beforeStart() {
      for (let from = bits; from < states; from += STEP) {
        const end = Math.min(states, from + STEP);
        shared.i32s.fill(0, (rings + from) >>> 2, (rings + end) >>> 2);
        yield;
      }
      const whole = STEP / dtype.size;
      for (let from = 0; from < length && address < 0; from += whole) {
        // The caller may transfer or resize an array of its own meanwhile.
        assertLength(located.view, length);
        const part = bytesOf(located.view, from, Math.min(whole, length - from));
        shared.bytes.set(part, rings + copy + from * dtype.size);
        yield;
      }
    },
    afterAnswer: (running) => {
      shared.core.pairSettle(running.job);
      reportRounds(length, options);
    },
  };
}

/** A bit a ticket, in whole words of 64. */
function bitBytes(tickets: number): number {
  return Math.ceil(tickets / 64) * 8;
}

function setRing(
  { u32s }: Shared,
  ring: number,
  bits: number,
  bytes: number,
  states: number,
): void {
  u32s[(ring + NUMBERS_HEAD) >>> 2] = 0;
  u32s[(ring + NUMBERS_WHOLE) >>> 2] = bits;
  u32s[(ring + NUMBERS_GIVEN) >>> 2] = bits + bytes;
  u32s[(ring + NUMBERS_STATES) >>> 2] = states;
}

/** A round pushes half of what it finds, which is what the next one finds. */
function reportRounds(length: number, { onRound }: ReduceOptions): void {
  if (onRound === undefined) return;
  let n = length;
  for (let round = 0; ; round++) {
    onRound({ round, length: n });
    if (n <= 1) return;
    n = Math.ceil(n / 2);
  }
}
