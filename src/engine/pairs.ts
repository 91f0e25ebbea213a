// The pairwise schedule, seen from the host: two rings for n numbers, one
// number a slot, filled before the job starts.

import { KIND_EXTERNAL_PAIRWISE, KIND_PAIRWISE, RING_SIZE, SLOT_PAYLOAD } from "../core/map.js";
import { RingfoldError } from "../errors.js";
import { encodeState, foldValues, type UserOperator } from "../operators/user.js";
import { userError } from "./failure.js";
import type { Located } from "./input.js";
import type { Task } from "./jobs.js";
import { assertLength } from "./limits.js";
import type { Local } from "./local.js";
import type { ReduceOptions } from "./options.js";
import type { Plan } from "./plan.js";
import type { Shared } from "./shared.js";

/** Pairs that one claim takes at most. */
const PAIR_BATCH = 16;
const MOST_NUMBERS = 2 ** 28;
/** Numbers that are put into the first ring between two looks at the call's limits. */
const FILL_STEP = 65_536;

const log2 = (n: number) => Math.ceil(Math.log2(n));

/** Numbers that pass through each of the two rings: n + ⌈n/4⌉ + …, ⌈n/2⌉ + ⌈n/8⌉ + … */
function slotCounts(length: number): [number, number] {
  const used: [number, number] = [0, 0];
  let n = length;
  for (let round = 0; ; round++) {
    used[round % 2]! += n;
    if (n <= 1) return used;
    n = Math.ceil(n / 2);
  }
}

/** @throws RingfoldError ERR_OPTION, ERR_MEMORY */
export function pairTask(
  shared: Shared,
  local: Local,
  me: number,
  threads: number,
  located: Located,
  plan: Plan,
  options: ReduceOptions,
): Task {
  const { length } = located;
  if (length > MOST_NUMBERS) {
    throw new RingfoldError(
      "ERR_OPTION",
      `schedule: "pairwise" takes at most 2^28 numbers, got ${length}; use "blocks"`,
    );
  }
  const { pass, user } = plan;
  const shift = Math.max(4, log2(SLOT_PAYLOAD + pass.stateBytes));
  const used = slotCounts(length);
  const bytes = 2 * RING_SIZE + (used[0] + used[1]) * 2 ** shift;
  const a = shared.arena.alloc(bytes, me + 1);
  shared.reach(a + bytes);
  const b = a + RING_SIZE;
  const slots = b + RING_SIZE;
  shared.core.ringInit(a, slots, Math.max(1, log2(used[0])), shift, 0n, used[0]);
  const slotsB = slots + used[0] * 2 ** shift;
  shared.core.ringInit(b, slotsB, Math.max(1, log2(used[1])), shift, 0n, used[1]);
  return {
    plan,
    pass,
    kind: user === undefined ? KIND_PAIRWISE : KIND_EXTERNAL_PAIRWISE,
    length,
    input: 0,
    owns: [a],
    ...(user === undefined ? {} : { extra: { operator: user.url } }),
    pairwise: { a, b, batch: PAIR_BATCH, participants: threads },
    *beforeStart(running) {
      for (let from = 0; from < length; from += FILL_STEP) {
        // The caller may transfer or resize an array of its own meanwhile.
        assertLength(located.view, length);
        const to = Math.min(length, from + FILL_STEP);
        if (user === undefined) fill(shared, local, me, running.job, located, from, to);
        else fillUser(shared, a, located, user, pass.skipNaN, from, to);
        yield;
      }
    },
    afterAnswer: (running) => {
      shared.core.pairSettle(running.job);
      reportRounds(length, options);
    },
  };
}

function fill(
  shared: Shared,
  local: Local,
  me: number,
  job: number,
  { view, address, dtype }: Located,
  from: number,
  to: number,
): void {
  const { core } = shared;
  const shift = Math.log2(dtype.size);
  if (address >= 0) {
    core.pairFill(me, job, address + from * dtype.size, shift, from, to);
    return;
  }
  const part = { view: view.subarray(from, to), address, dtype, length: to - from };
  local.copyIn(part, (at, first, n) => {
    core.pairFill(me, job, at, shift, from + first, from + first + n);
  });
}

function fillUser(
  shared: Shared,
  ring: number,
  { view }: Located,
  user: UserOperator,
  skipNaN: boolean,
  from: number,
  to: number,
): void {
  const { core } = shared;
  for (let i = from; i < to; i++) {
    const ticket = BigInt(i);
    const cell = core.ringPayload(ring, ticket) >>> 0;
    try {
      const state = foldValues(user, view.subarray(i, i + 1), skipNaN);
      encodeState(user, state, shared.bytes, cell);
    } catch (error) {
      throw userError(error);
    }
    core.ringPublish(ring, ticket);
  }
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
